//! Tests of the files that `record` writes.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use namespace::{enter, flow, skipped, socket, wait_for_listener};
use run::{command, create, other, start, stderr, stdout, success};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The group of NEW events.
const NEW: u32 = 1;

/// A directory for one test, which is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ctnetlink-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().into()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the marks in a recording, which must be exact and complete.
fn marks(path: &str) -> Vec<u64> {
    let check = success(&["check", path]);
    let decoded = success(&["decode", "--format", "json", path]);
    let mark = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        message["conntrack"]["mark"].as_u64().unwrap()
    };
    let marks: Vec<_> = stdout(&decoded).lines().map(mark).collect();
    let expected = format!("messages={0} exact={0} errors=0\n", marks.len());
    assert_eq!(stdout(&check), expected, "{path}");
    if let Some(frames) = other("tshark", &["-n", "-r", path, "-T", "fields", "-e", "frame.number"])
    {
        assert_eq!(frames.lines().count(), marks.len(), "{path}");
    }
    marks
}

/// Starts to record NEW events, and waits until it receives them.
fn start_record(output: &str, options: &[&str]) -> Child {
    let record = start(&[&["record", "-o", output, "-e", "new", "--for", "20"], options].concat());
    wait_for_listener(NEW);
    record
}

#[test]
fn a_recording_rotates_by_size() {
    const TEST: &str = "a_recording_rotates_by_size";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let scratch = Scratch::new("size");
    let output = scratch.file("flows.new.pcapng");
    let record = start_record(&output, &["--rotate-size", "1500", "--count", "30"]);
    create(&mut socket, (0x100..0x100 + 30).map(flow));
    let record = record.wait_with_output().unwrap();
    assert!(record.status.success(), "{}", stderr(&record));
    let last = stderr(&record).lines().last().unwrap();
    assert_eq!(last, "packets=30 messages=30 losses=0 dropped=0");
    let files = std::fs::read_dir(&scratch.0).unwrap().count();
    assert!(files > 3, "{files}");
    let mut all = Vec::new();
    for number in 1..=files {
        let path = scratch.file(&format!("flows.new-{number:05}.pcapng"));
        let size = std::fs::metadata(&path).unwrap().len();
        // Every packet of this recording is shorter than 400 bytes.
        let expected = if number == files { 1..1900 } else { 1500..1900 };
        assert!(expected.contains(&size), "{path}: {size}");
        all.extend(marks(&path));
    }
    assert_eq!(all, (0x100..0x100 + 30).collect::<Vec<_>>());
}

#[test]
fn a_recording_rotates_by_time() {
    const TEST: &str = "a_recording_rotates_by_time";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let scratch = Scratch::new("time");
    let output = scratch.file("flows");
    let record = start_record(&output, &["--rotate-seconds", "0.4", "--count", "4"]);
    for pair in [[0x121, 0x122], [0x131, 0x132]] {
        // The time is later than the maximum age of the first file, and of the second one.
        std::thread::sleep(Duration::from_millis(600));
        create(&mut socket, pair.map(flow));
    }
    let record = record.wait_with_output().unwrap();
    assert!(record.status.success(), "{}", stderr(&record));
    assert!(marks(&scratch.file("flows-00001")).is_empty());
    assert_eq!(marks(&scratch.file("flows-00002")), [0x121, 0x122]);
    assert_eq!(marks(&scratch.file("flows-00003")), [0x131, 0x132]);
    let refused = command(&["record", "-o", "-", "--rotate-seconds", "1"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("cannot be rotated"), "{}", stderr(&refused));
}

/// A shell script that records to a file system of 16 KiB, and copies the file to another one.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=16k none \"$1\" || exit 77
    \"$0\" record -o \"$1/flows.pcapng\" -e new --for 20
    code=$?
    cat \"$1/flows.pcapng\" > \"$2\"
    exit $code";

#[test]
fn a_full_disk_leaves_a_complete_file() {
    const TEST: &str = "a_full_disk_leaves_a_complete_file";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let scratch = Scratch::new("full");
    let disk = scratch.file("disk");
    std::fs::create_dir(&disk).unwrap();
    let copy = scratch.file("copy.pcapng");
    let record = Command::new("unshare")
        .args(["-m", "sh", "-c", ON_A_SMALL_DISK, env!("CARGO_BIN_EXE_ctnetlink"), &disk, &copy])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(record) = record else {
        skipped(TEST, "no unshare");
        return;
    };
    wait_for_listener(NEW);
    create(&mut socket, (0x1000..0x1400).map(flow));
    let record = record.wait_with_output().unwrap();
    let said = stderr(&record);
    if record.status.code() == Some(77) {
        skipped(TEST, said.trim());
        return;
    }
    assert_eq!(record.status.code(), Some(1), "{said}");
    let error = format!("ctnetlink: error: {disk}/flows.pcapng: No space left on device");
    assert!(said.lines().any(|line| line.starts_with(&error)), "{said}");
    let marks = marks(&copy);
    assert!(marks.len() > 20 && marks.len() < 0x400, "{}", marks.len());
    assert_eq!(marks, (0x1000..).take(marks.len()).collect::<Vec<_>>());
    let last = said.lines().last().unwrap();
    let expected = format!("packets={0} messages={0} losses=0 dropped=0", marks.len());
    assert_eq!(last, expected);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    const TEST: &str = "a_file_that_cannot_be_written_is_an_error";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    let output = command(&["record", "-o", "/dev/full", "--for", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let last = stderr(&output).lines().last().unwrap();
    assert!(last.starts_with("ctnetlink: error: /dev/full: No space left on device"), "{last}");
}

#[test]
fn a_smaller_buffer_is_reported() {
    const TEST: &str = "a_smaller_buffer_is_reported";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    // Only the initial user namespace may exceed this limit.
    let Ok(limit) = std::fs::read_to_string("/proc/sys/net/core/rmem_max") else {
        skipped(TEST, "no net.core.rmem_max in this namespace");
        return;
    };
    let limit: usize = limit.trim().parse().unwrap();
    let watch = |buffer: usize| {
        let output = success(&["watch", "--for", "0.1", "--buffer", &buffer.to_string()]);
        stderr(&output).to_owned()
    };
    let wanted = limit + 12_345;
    let expected = format!(
        "ctnetlink: warning: the receive buffer has {limit} bytes instead of {wanted}: raise"
    );
    let said = watch(wanted);
    assert!(said.contains(&expected), "{said}");
    let said = watch(limit - 12_345);
    assert!(!said.contains("receive buffer"), "{said}");
}
