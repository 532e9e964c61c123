//! Reads the golden messages.
#![allow(dead_code, reason = "each test program uses a part")]

use ctnetlink::wire::Endian;
use ctnetlink::{Message, MsgType};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The folders of the first recordings.
pub(crate) const KERNELS: [&str; 10] = [
    "linux-5.10",
    "linux-6.1",
    "linux-6.1-i386",
    "linux-6.12",
    "linux-6.18",
    "linux-7.2",
    "linux-7.2-arm64-16k",
    "linux-7.2-mips",
    "linux-7.2-riscv64",
    "linux-7.2-s390x",
];

/// The folders with labels that the kernel set.
pub(crate) const LABELLED: [&str; 5] = [
    "linux-6.1-i386",
    "linux-7.2-arm64-16k",
    "linux-7.2-mips",
    "linux-7.2-riscv64",
    "linux-7.2-s390x",
];

/// The folders with long timeouts, and labels of every length.
pub(crate) const WIDE: [&str; 3] = ["linux-6.1-i386", "linux-7.2-arm64-16k", "linux-7.2-mips"];

/// The folders with a second, richer recording.
pub(crate) const RICHER: [&str; 6] =
    ["linux-5.10", "linux-6.1", "linux-6.12", "linux-6.18", "linux-7.2", "linux-7.2-armhf"];

/// A line of a recording; `tests/golden/README.md` explains the keys.
#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) kind: String,
    pub(crate) hex: String,
    pub(crate) errno: Option<u32>,
    pub(crate) op: Option<String>,
    pub(crate) now: Option<u64>,
    pub(crate) text: Option<String>,
    pub(crate) text_all: Option<String>,
    #[serde(skip)]
    pub(crate) place: String,
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
    #[serde(skip, default = "this_machine")]
    pub(crate) endian: Endian,
}

fn this_machine() -> Endian {
    Endian::NATIVE
}

/// Returns `n` if tests with very many inputs try only one of `n` inputs.
///
/// The environment variable `CTNETLINK_SAMPLE` sets `n` on emulated machines.
pub(crate) fn sample() -> usize {
    std::env::var("CTNETLINK_SAMPLE").map_or(1, |text| text.parse().unwrap())
}

impl Golden {
    pub(crate) fn message(&self) -> Message<'_> {
        Message::parse_with(&self.bytes, self.endian)
            .unwrap_or_else(|e| panic!("{}: {e}", self.place))
    }

    /// Returns `true` if the kernel sent the message.
    pub(crate) fn is_from_kernel(&self) -> bool {
        self.kind != "request"
    }

    /// Returns `true` if the message is a mutated or deliberately invalid request.
    pub(crate) fn is_mutated(&self) -> bool {
        matches!(self.op.as_deref(), Some("mutated" | "refused"))
    }

    /// Returns `true` if the message is the error with which the kernel rejects a request.
    pub(crate) fn is_error(&self) -> bool {
        self.kind == "error"
    }

    pub(crate) fn msg_type(&self) -> MsgType {
        self.message().msg_type()
    }
}

pub(crate) fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Returns the messages of one file.
pub(crate) fn read(kernel: &str, file: &str) -> Vec<Golden> {
    let endian = match kernel {
        "linux-7.2-s390x" => Endian::Big,
        "linux-7.2-mips" => Endian::Big32,
        _ => Endian::Little,
    };
    let path = golden_dir().join(kernel).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text.lines().enumerate();
    let messages = lines.map(|(n, line)| {
        let place = format!("{kernel}/{file}:{}", n + 1);
        let golden: Golden = serde_json::from_str(line).unwrap_or_else(|e| panic!("{place}: {e}"));
        let bytes = unhex(&golden.hex);
        Golden { place, bytes, endian, ..golden }
    });
    messages.collect()
}

/// Returns the messages of one kernel, without the file of labels and filters.
pub(crate) fn of(kernel: &str) -> Vec<Golden> {
    let files: [(&str, &[&str]); 3] =
        [("messages.jsonl", &KERNELS), ("richer.jsonl", &RICHER), ("wide.jsonl", &WIDE)];
    let files = files.iter().filter(|(_, kernels)| kernels.contains(&kernel));
    files.flat_map(|(file, _)| read(kernel, file)).collect()
}

/// Returns all golden messages of all kernels.
pub(crate) fn all() -> Vec<Golden> {
    let only_richer = RICHER.into_iter().filter(|kernel| !KERNELS.contains(kernel));
    let mut messages: Vec<_> = KERNELS.into_iter().chain(only_richer).flat_map(of).collect();
    for kernel in LABELLED {
        messages.extend(read(kernel, "labels_and_filters.jsonl"));
    }
    messages
}

/// Returns the golden messages in this machine's byte order.
pub(crate) fn native() -> Vec<Golden> {
    let mut messages = all();
    messages.retain(|golden| golden.endian == Endian::NATIVE);
    messages
}

pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().map(|c| (c as char).to_digit(16).expect("hex digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
