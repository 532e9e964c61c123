//! Compares what tshark shows with the plugin of `ctnetlink wireshark-plugin` with our JSON.
//!
//! Both come from the constants of the library, but tshark takes the bytes apart in Lua, and its
//! fields have types and values of their own: it is a second decoder.
#![cfg(target_os = "linux")]

mod compare;
#[path = "../../src/wireshark_plugin/json_keys.rs"]
#[allow(dead_code, reason = "the command uses all of it")]
mod json_keys;
#[path = "../../../tests/namespace/mod.rs"]
mod namespace;
mod pdml;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../flow/tests/readers/time.rs"]
mod time;
mod tshark;

use compare::{Attributes, Tally};
use ctnetlink::capture::PcapngWriter;
use ctnetlink::spec::Form;
use ctnetlink::wire::Endian;
use namespace::say;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tshark::Tshark;

/// A capture, and the size of the words in it if it matters.
struct Capture {
    name: String,
    pcapng: Vec<u8>,
    word_size: &'static str,
}

impl Capture {
    /// Reads a capture, or writes one with the messages of a file of JSON lines.
    fn read(path: &Path) -> Self {
        let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
        let name = parts[parts.len() - 2..].join("/");
        let is_big = name.contains("s390x") || name.contains("mips");
        let mut pcapng = fs::read(path).unwrap();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let endian = if is_big { Endian::Big } else { Endian::Little };
            let mut writer = PcapngWriter::with_endian(Vec::new(), endian).unwrap();
            for (n, line) in std::str::from_utf8(&pcapng).unwrap().lines().enumerate() {
                let line: Value = serde_json::from_str(line).unwrap();
                let message = unhex(line["hex"].as_str().unwrap());
                writer.write_packet(1_795_338_480_000_000_000 + n as u64, 4, 12, &message).unwrap();
            }
            pcapng = writer.into_inner();
        }
        Self { word_size: if name.contains("mips") { "4" } else { "8" }, name, pcapng }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// Returns all recordings and the sample of the test vectors.
fn recordings() -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(run::golden("")).unwrap().map(|e| e.unwrap().path()).collect();
    folders.retain(|folder| folder.file_name().unwrap().to_str().unwrap().starts_with("linux-"));
    folders.push(run::golden("../vectors").into());
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "pcapng" || e == "jsonl"));
    files.sort();
    files
}

#[test]
fn tshark_shows_every_field_of_every_recorded_message() {
    let Some(tshark) = Tshark::new("tshark_shows_every_field_of_every_recorded_message") else {
        return;
    };
    let attributes = Attributes::new();
    let mut total = Tally::default();
    let recordings = recordings();
    assert!(recordings.len() > 30, "{recordings:?}");
    for path in recordings {
        let capture = Capture::read(&path);
        let json = run::run_on(
            &["decode", "--format", "json", "--word-size", capture.word_size, "-"],
            &capture.pcapng,
        );
        let word_size = format!("ctnetlink.word_size:{}", capture.word_size);
        let pdml =
            tshark.run(&["-o", &word_size, "-T", "pdml", "-J", "ctnetlink"], &capture.pcapng);
        let shown = pdml::messages(&pdml);
        let messages: Vec<Value> =
            run::stdout(&json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut tally = Tally::default();
        tally.compare_all(&attributes, &messages, &shown);
        let Tally { messages, compared, unequal } = &tally;
        let equal = compared - unequal.len();
        say(&format!(
            "{}: messages = {messages} fields compared = {compared} equal = {equal}",
            capture.name
        ));
        unequal.iter().take(10).for_each(|problem| say(&format!("{}: {problem}", capture.name)));
        total += tally;
    }
    let equal = total.compared - total.unequal.len();
    say(&format!("fields compared = {} equal = {equal}", total.compared));
    assert_eq!(total.compared, equal);
    assert!(total.messages > 12_000, "{}", total.messages);
}

#[test]
fn a_filter_selects_the_packets_that_the_json_says() {
    const TEST: &str = "a_filter_selects_the_packets_that_the_json_says";
    let Some(tshark) = Tshark::new(TEST) else { return };
    let path = run::golden("linux-7.2-s390x/nlmon.pcapng");
    let json = run::run(&["decode", "--format", "json", &path]);
    let messages: Vec<Value> =
        run::stdout(&json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let capture = fs::read(path).unwrap();
    type Wanted = fn(&Value) -> bool;
    let filters: [(&str, Wanted); 4] = [
        ("ctnetlink.duration > 1", |m| m["duration"].as_u64() > Some(1_000_000_000)),
        ("ctnetlink.kind == \"destroy\"", |m| m["kind"] == "destroy"),
        ("ctnetlink.snat.addr", |m| m["snat"]["addr"].as_str().is_some_and(|a| a.contains('.'))),
        ("ctnetlink.protoinfo.tcp.state == \"ESTABLISHED\"", |m| {
            m["conntrack"]["protoinfo"]["tcp"]["state"] == "ESTABLISHED"
        }),
    ];
    for (filter, is_wanted) in filters {
        let shown = tshark.run(&["-Y", filter, "-T", "fields", "-e", "frame.number"], &capture);
        let shown: Vec<u64> = shown.lines().map(|line| line.parse().unwrap()).collect();
        let wanted = messages.iter().filter(|message| is_wanted(message));
        let mut expected: Vec<u64> = wanted.map(|m| m["packet"].as_u64().unwrap()).collect();
        expected.dedup();
        assert!(!expected.is_empty(), "{filter}");
        assert_eq!(shown, expected, "{filter}");
    }
}

#[test]
fn every_attribute_has_a_field_with_the_name_of_the_json() {
    let Some(tshark) = Tshark::new("every_attribute_has_a_field_with_the_name_of_the_json") else {
        return;
    };
    let list = tshark.fields();
    let fields: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("F\t"))
        .filter_map(|line| line.split('\t').nth(2)?.strip_prefix("ctnetlink."))
        .collect();
    let attributes = Attributes::new();
    assert!(attributes.len() > 100);
    for (path, attr) in attributes.iter() {
        let name = match attr.form {
            Form::Ipv6 => format!("{path}6"),
            Form::TcpFlags => format!("{path}.mask"),
            _ => path.clone(),
        };
        assert!(fields.contains(&&*name), "{name}");
    }
}
