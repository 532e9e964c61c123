//! The golden messages about entries that a kernel sent: events, dumps and replies to GET requests.

use ctnetlink::wire::Endian;
use ctnetlink::{Body, Message};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The recordings of little-endian machines; `tests/golden/README.md` describes them.
const LITTLE: [(&str, &str, &str); 6] = [
    ("linux-5.10", "5.10", "x86_64"),
    ("linux-6.1", "6.1", "x86_64"),
    ("linux-6.12", "6.12.111", "x86_64"),
    ("linux-6.18", "6.18.44", "x86_64"),
    ("linux-7.2", "7.2.13", "x86_64"),
    ("linux-7.2-riscv64", "7.2.13", "riscv64"),
];
const BIG: [(&str, &str, &str); 1] = [("linux-7.2-s390x", "7.2.13", "s390x")];

/// A golden message.
#[derive(Clone)]
pub struct Golden {
    pub bytes: Vec<u8>,
    /// The time of receipt, in nanoseconds since the Unix epoch.
    pub received: u64,
    /// The release of the kernel that sent it.
    pub release: &'static str,
    pub arch: &'static str,
}

impl Golden {
    pub fn message(&self) -> Message<'_> {
        Message::parse(&self.bytes).expect("a kernel wrote it")
    }
}

pub fn dir() -> PathBuf {
    // The package that runs may be in a subdirectory of the repository, with golden data of its own.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut directories = above.map(|dir| dir.join("tests/golden"));
    let found = directories.find(|dir| dir.join("linux-6.18/messages.jsonl").is_file());
    found.expect("the repository's golden data")
}

/// Returns the messages of this machine's byte order, as a socket would deliver them.
pub fn entries() -> Vec<Golden> {
    let little: &[_] = &LITTLE;
    let big: &[_] = &BIG;
    let recordings = if Endian::NATIVE == Endian::Little { little } else { big };
    recordings
        .iter()
        .flat_map(|&(folder, release, arch)| recording(folder, release, arch))
        .collect()
}

fn recording(folder: &str, release: &'static str, arch: &'static str) -> Vec<Golden> {
    #[derive(Deserialize)]
    struct Line {
        kind: String,
        hex: String,
        now: Option<u64>,
    }
    let path = dir().join(folder).join("messages.jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text.lines().map(|line| serde_json::from_str::<Line>(line).expect("a golden line"));
    let golden = lines.filter(|line| line.kind != "request").map(|line| Golden {
        bytes: unhex(&line.hex),
        received: line.now.unwrap_or_default() * 1_000_000_000,
        release,
        arch,
    });
    golden.filter(|golden| matches!(golden.message().body(), Ok(Body::Conntrack(..)))).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(pair).collect()
}
