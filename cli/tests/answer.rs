//! Runs `ctnetlink answer` on the golden conversation.
#![cfg(feature = "compression")]

mod run;

use run::{golden, run_on, stderr};
use std::process::Output;

const CONVERSATION: &str = "linux-6.18/conversation.jsonl.xz";

fn answer(file: &str, kernel: &str, input: &str) -> Output {
    run_on(&["answer", file, "--kernel", kernel], input.as_bytes())
}

fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn every_datagram_of_linux_6_18_is_exact() {
    let output = answer(&golden(CONVERSATION), "6.18.44", "");
    eprintln!("{}", stderr(&output));
    assert_eq!(last_line(&output), "requests=1090 datagrams=2578 exact=2578");
    assert!(output.status.success());
}

/// Linux 4.11 has no extended acks, and its acknowledgements have no flags.
#[test]
fn another_release_replies_otherwise() {
    let output = answer(&golden(CONVERSATION), "4.11", "");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    let exact = line.rsplit_once('=').and_then(|(_, exact)| exact.parse::<u32>().ok());
    assert!(exact.is_some_and(|exact| exact < 2000), "{line}");
}

const BEGINNING: &str = r#"{"dir":"kernel","release":"6.18.44","realtime_at_t0":1795557741329208806,"hz":250,"t_ns":1}
{"dir":"open","sock":3,"portid":77,"groups":[],"opts":[],"buf":4096,"rcvbuf":212992,"t_ns":2}
{"dir":"to_kernel","sock":3,"hex":"14000000010105010b000000000000000200000a","note":"GET without a tuple","t_ns":3}
"#;

/// The reply to a GET without a tuple is EINVAL with the request in it.
#[test]
fn a_changed_byte_is_found() {
    let reply = |errno: &str| {
        let hex = format!(
            "28000000020000000b0000004d000000{errno}14000000010105010b000000000000000200000a"
        );
        format!(r#"{{"dir":"from_kernel","sock":3,"hex":"{hex}","buf":4096,"t_ns":4}}"#)
    };
    let found = answer("-", "6.18.44", &[BEGINNING, &reply("eaffffff")].concat());
    assert_eq!(last_line(&found), "requests=1 datagrams=1 exact=0", "the request is a dump");
    let beginning = BEGINNING.replace("0501", "0500");
    let reply = |errno| reply(errno).replace("0501", "0500");
    let same = answer("-", "6.18.44", &[&beginning, &reply("eaffffff")[..]].concat());
    assert_eq!(
        (last_line(&same).as_str(), same.status.code()),
        ("requests=1 datagrams=1 exact=1", Some(0))
    );
    let other = answer("-", "6.18.44", &[&beginning, &reply("fdffffff")[..]].concat());
    assert_eq!(
        (last_line(&other).as_str(), other.status.code()),
        ("requests=1 datagrams=1 exact=0", Some(1))
    );
    let stderr = stderr(&other);
    assert!(stderr.contains("-: line 4: differs from byte 16 on: 40 bytes recorded"), "{stderr}");
}

/// A datagram that the recording lacks is a difference, too.
#[test]
fn a_missing_datagram_is_found() {
    let hex = "14000000030002000b0000004d00000000000000";
    let done = format!(r#"{{"dir":"from_kernel","sock":3,"hex":"{hex}","buf":4096,"t_ns":4}}"#);
    let dump = [BEGINNING, &done, "\n"].concat();
    let whole = answer("-", "6.18.44", &dump);
    assert_eq!(
        (last_line(&whole).as_str(), whole.status.code()),
        ("requests=1 datagrams=1 exact=1", Some(0))
    );
    let stats =
        r#"{"dir":"to_kernel","sock":3,"hex":"14000000050101000c000000000000000200000a","t_ns":5}"#;
    let twice = [BEGINNING, stats, "\n", &done, "\n"].concat();
    let missing = answer("-", "6.18.44", &twice);
    assert_eq!(missing.status.code(), Some(1));
    let stderr = stderr(&missing);
    assert!(stderr.contains("socket 3: the recording lacks its last datagram"), "{stderr}");
}

#[test]
fn an_unreadable_line_is_unusable() {
    let output = answer("-", "6.18.44", "{\"dir\":\"to_kernel\",\"hex\":\"0\"}\n");
    assert_eq!(output.status.code(), Some(2));
    let stderr = stderr(&output);
    assert!(stderr.contains("line 1: hex: expected pairs of digits"), "{stderr}");
}
