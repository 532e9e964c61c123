//! Tests of `ctnetlink vectors`, which must reproduce the committed sample byte for byte.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [&str; 3] = ["vectors.jsonl", "vectors.pcapng", "malformed.jsonl"];

/// Runs `ctnetlink`, and returns its last line and its exit status.
fn ctnetlink(args: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_ctnetlink")).args(args).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    (stdout.lines().last().unwrap_or_default().to_owned(), output.status.code())
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// A temporary directory, which is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("ctnetlink-vectors-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The arguments that create the sample, as in its README.md.
const SAMPLE: [&str; 10] =
    ["--kernel", "7.2", "--arch", "riscv64", "--seed", "1", "--count", "32", "--malformed", "34"];

#[test]
fn the_sample_is_reproduced_exactly() {
    let readme = fs::read_to_string(sample().join("README.md")).unwrap();
    assert!(readme.contains(&SAMPLE.join(" ")));
    let scratch = Scratch::new("sample");
    let (line, code) = ctnetlink(&[&["vectors", "-o", scratch.path()][..], &SAMPLE[..]].concat());
    assert_eq!(code, Some(0), "{line}");
    for file in FILES {
        let made = fs::read(scratch.0.join(file)).unwrap();
        assert!(made == fs::read(sample().join(file)).unwrap(), "{file} differs");
        assert!(made.len() < 150_000);
    }
}

#[test]
fn the_sample_is_verified() {
    let (line, code) = ctnetlink(&["vectors", "--verify", sample().to_str().unwrap()]);
    assert_eq!(line, "vectors=32 exact=32 datagrams=27 malformed=34 as_expected=34");
    assert_eq!(code, Some(0));
}

#[test]
fn enough_vectors_cover_everything() {
    for (kernel, arch, wanted) in [("7.2", "s390x", 532), ("4.18", "x86_64", 542)] {
        let scratch = Scratch::new(arch);
        let args = ["vectors", "--kernel", kernel, "--arch", arch, "--seed", "4711", "-o"];
        let (line, code) = ctnetlink(&[&args[..], &[scratch.path()]].concat());
        let covered = format!("covered={wanted} of={wanted}");
        assert!(line.starts_with("vectors=2000 ") && line.ends_with(&covered), "{line}");
        assert_eq!(code, Some(0));
        let (line, code) = ctnetlink(&["vectors", "--verify", scratch.path()]);
        assert!(line.starts_with("vectors=2000 exact=2000 "), "{line}");
        assert_eq!(code, Some(0));
        // `ctnetlink sim` rebuilds the same messages from their contents.
        let vectors = scratch.0.join("vectors.jsonl");
        let args = ["sim", vectors.to_str().unwrap(), "--kernel", kernel, "--arch", arch];
        let (line, _) = ctnetlink(&args);
        let words: Vec<&str> = line.split([' ', '=']).collect();
        assert_eq!(words[1], words[3], "{line}");
        tshark(&scratch.0);
    }
}

#[test]
fn changes_of_vectors_are_detected() {
    let scratch = Scratch::new("changed");
    fs::create_dir(&scratch.0).unwrap();
    for (file, from, to) in [
        ("vectors.jsonl", "\"value\":6", "\"value\":7"),
        ("vectors.jsonl", "\"nlmsg_size\":", "\"nlmsg_size\":1"),
        ("vectors.jsonl", "\"packets\":", "\"packets\":1"),
        ("vectors.jsonl", "\"offset\":0", "\"offset\":4"),
        ("malformed.jsonl", "\"found\":", "\"found\":1"),
        ("malformed.jsonl", "\"problem\":\"", "\"problem\":\"not "),
    ] {
        for name in FILES {
            fs::copy(sample().join(name), scratch.0.join(name)).unwrap();
        }
        let text = fs::read_to_string(sample().join(file)).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{from}");
        fs::write(scratch.0.join(file), changed).unwrap();
        let (line, code) = ctnetlink(&["vectors", "--verify", scratch.path()]);
        assert_eq!(code, Some(1), "{from}: {line}");
    }
    fs::copy(sample().join("vectors.jsonl"), scratch.0.join("vectors.jsonl")).unwrap();
    fs::copy(sample().join("malformed.jsonl"), scratch.0.join("malformed.jsonl")).unwrap();
    let mut capture = fs::read(sample().join("vectors.pcapng")).unwrap();
    let middle = capture.len() / 2;
    capture[middle] ^= 1;
    fs::write(scratch.0.join("vectors.pcapng"), capture).unwrap();
    assert_eq!(ctnetlink(&["vectors", "--verify", scratch.path()]).1, Some(1));
}

#[test]
fn wrong_arguments_are_rejected() {
    assert_eq!(ctnetlink(&["vectors", "--kernel", "7.2"]).1, Some(2));
    assert_eq!(ctnetlink(&["vectors", "-o", "x"]).1, Some(2));
    assert_eq!(ctnetlink(&["vectors", "--verify", "/nonexistent"]).1, Some(2));
}

/// Checks the capture with tshark, which must count the same datagrams and find none malformed.
fn tshark(dir: &Path) {
    let capture = dir.join("vectors.pcapng");
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "_ws.malformed"];
    let mut command = Command::new("tshark");
    let Ok(output) = command.arg("-r").arg(&capture).args(fields).output() else {
        let line = "SKIPPED vectors: tshark is not installed\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<&str> = stdout.lines().map(str::trim_end).collect();
    let text = fs::read_to_string(dir.join("vectors.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let datagrams = last["datagram"].as_u64().unwrap() + 1;
    let expected: Vec<String> = (1..=datagrams).map(|n| n.to_string()).collect();
    assert_eq!(numbers, expected);
}
