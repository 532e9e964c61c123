//! Runs `ctnetlink flows --to` with files and collectors.
#![cfg(target_os = "linux")]

mod run;

use run::{golden, other, run, stderr, stdout, success};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;
use std::thread;
use std::time::Duration;

/// The last line on standard error for the capture of ten flows.
const TEN: &str = "messages=45 flows=10 without_row=35 errors=0\n";

fn flows() -> String {
    golden("linux-6.18/flows.pcapng")
}

/// A file that is removed at the end.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str) -> Self {
        let name = format!("ctnetlink-to-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn read(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// An IPFIX message: its domain, its sequence number, and the bytes after the time of export.
type Message = (u32, u32, Vec<u8>);

/// Splits IPFIX messages (RFC 7011, section 3.1).
fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let number = |at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(bytes[..2], [0, 10]);
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        messages.push((number(12), number(8), bytes[8..length].to_vec()));
        bytes = &bytes[length..];
    }
    messages
}

/// Returns the number of flow records in the last statistics, as `exportedFlowRecordTotalCount`.
fn last_sequence(messages: &[Message]) -> u32 {
    messages
        .iter()
        .filter(|(domain, ..)| *domain == 1)
        .map(|(_, sequence, _)| *sequence)
        .max()
        .unwrap()
}

#[test]
fn files_have_what_standard_output_has() {
    for format in ["csv", "json"] {
        let file = TempFile::new(&format!("rows.{format}"));
        let printed = success(&["flows", "--format", format, &flows()]);
        let to = format!("{format}:{}", file.path());
        // The second run begins anew.
        for _ in 0..2 {
            let output = success(&["flows", "--to", &to, &flows()]);
            assert_eq!((stdout(&output), stderr(&output)), ("", TEN));
            assert_eq!(file.read(), printed.stdout);
        }
        let to = format!("{format}:-");
        assert_eq!(success(&["flows", "--to", &to, &flows()]).stdout, printed.stdout);
    }
}

#[test]
fn several_destinations_and_a_table_go_together() {
    let (csv, json) = (TempFile::new("both.csv"), TempFile::new("both.json"));
    let (to_csv, to_json) = (format!("csv:{}", csv.path()), format!("json:{}", json.path()));
    let args = ["flows", "--format", "table", "--to", &to_csv, "--to", &to_json, &flows()];
    let output = success(&args);
    assert!(stdout(&output).starts_with("START "));
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((lines(&output.stdout), lines(&csv.read()), lines(&json.read())), (11, 11, 10));
}

#[test]
fn tshark_reads_the_ipfix_file() {
    let file = TempFile::new("flows.ipfix");
    success(&["flows", "--to", &format!("ipfix:{}", file.path()), &flows()]);
    let fields = ["-e", "cflow.srcport", "-e", "cflow.octets", "-E", "aggregator=,"];
    let args = [&["-r", file.path(), "-T", "fields"], &fields[..]].concat();
    let Some(text) = other("tshark", &args) else {
        println!("SKIPPED ipfix: no tshark");
        return;
    };
    let numbers = |column: usize| -> Vec<u64> {
        let fields = text.lines().filter_map(|line| line.split('\t').nth(column));
        let numbers = fields.flat_map(|field| field.split(',')).filter(|number| !number.is_empty());
        numbers.map(|number| number.parse().unwrap()).collect()
    };
    let rows = success(&["flows", "--format", "json", &flows()]);
    let rows = stdout(&rows).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let rows: Vec<_> = rows.collect();
    let columns = |names: &[&str]| -> Vec<u64> {
        let values = rows.iter().flat_map(|row| names.iter().filter_map(|name| row.get(name)));
        values.map(|value| value.as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(0), columns(&["src_port"]));
    // tshark has one name for both directions.
    assert_eq!(numbers(1), columns(&["orig_bytes", "reply_bytes"]));
}

#[test]
fn nat_events_need_no_option_for_new_events() {
    let file = TempFile::new("nat.ipfix");
    let to = format!("ipfix:{}?nat-events&domain=4711", file.path());
    let output = success(&["flows", "-g", "192.0.2.2", "--to", &to, &flows()]);
    // Two flows with destination NAT, each of which begins and ends.
    assert_eq!(stderr(&output), "messages=45 flows=4 without_row=41 errors=0\n");
    let messages = messages(&file.read());
    assert!(messages.iter().any(|(domain, ..)| *domain == 4711));
}

/// Runs the command with a collector, which waits before it reads; returns what it received.
fn collect(input: &str, delay: Duration) -> (Output, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("ipfix+tcp://{}", listener.local_addr().unwrap());
    let collector = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        thread::sleep(delay);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let output = success(&["flows", "--to", &to, input]);
    (output, collector.join().unwrap())
}

#[test]
fn a_collector_gets_what_a_file_gets() {
    let file = TempFile::new("same.ipfix");
    success(&["flows", "--to", &format!("ipfix:{}", file.path()), &flows()]);
    let (output, bytes) = collect(&flows(), Duration::ZERO);
    assert_eq!(stderr(&output), TEN);
    let records = |bytes: &[u8]| -> Vec<Message> {
        messages(bytes).into_iter().filter(|(domain, ..)| *domain == 1).collect()
    };
    assert_eq!(records(&bytes), records(&file.read()));
    assert!(!records(&bytes).is_empty());
}

#[test]
fn a_slow_collector_is_waited_for() {
    // More than the buffers of both sides hold.
    const COPIES: u32 = 12_000;
    let decoded = success(&["decode", "--format", "json", "-o", "hex", &flows()]);
    let destroyed = stdout(&decoded).lines().filter(|line| line.contains(r#""kind":"destroy""#));
    let mut datagrams = Vec::new();
    for line in destroyed {
        let message: Value = serde_json::from_str(line).unwrap();
        let hex = message["hex"].as_str().unwrap().as_bytes().chunks(2);
        datagrams.extend(
            hex.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 16).unwrap()),
        );
    }
    let file = TempFile::new("many.bin");
    let mut writer = fs::File::create(&file.0).unwrap();
    (0..COPIES).for_each(|_| writer.write_all(&datagrams).unwrap());
    let (output, bytes) = collect(file.path(), Duration::from_secs(1));
    let flows = 10 * COPIES;
    assert_eq!(stderr(&output), format!("messages={flows} flows={flows} without_row=0 errors=0\n"));
    assert!(bytes.len() > 10_000_000, "{}", bytes.len());
    let messages = messages(&bytes);
    // The sequence number is the number of records before a message, so that the last message is left.
    let before_last = last_sequence(&messages);
    assert!(before_last < flows && before_last > flows - 1000, "{before_last} of {flows}");
}

#[test]
fn what_cannot_be_written_or_sent_is_one_sentence() {
    // A port that nobody listens at.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = format!("ipfix+tcp://{address}");
    for (to, expected) in [
        (
            "csv:/dev/full",
            "ctnetlink: error: csv:/dev/full: No space left on device (os error 28); 10 records are \
             missing\n"
                .to_owned(),
        ),
        (
            "ipfix:/dev/full",
            "ctnetlink: error: ipfix:/dev/full: No space left on device (os error 28); 10 records are \
             missing\n"
                .to_owned(),
        ),
        (
            &refused,
            format!("ctnetlink: error: {refused}: 10 records were not sent\n"),
        ),
    ] {
        let output = run(&["flows", "--to", to, &flows()]);
        assert_eq!(output.status.code(), Some(2), "{to}");
        let text = stderr(&output);
        assert!(text.ends_with(&format!("{expected}{TEN}")), "{text}");
    }
    let output = run(&["flows", "--to", "json:/nonexistent/file", &flows()]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "ctnetlink: error: /nonexistent/file: No such file or directory (os error 2)\n";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn standard_output_is_used_once() {
    for to in [["--format", "json", "--to", "csv:-"], ["--to", "csv:-", "--to", "ipfix:-"]] {
        let output = run(&[&["flows"], &to[..], &[&flows()]].concat());
        assert_eq!(output.status.code(), Some(2), "{to:?}");
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).contains("only one of --format and the destinations"));
    }
}
