//! The bytes of messages, as tests/golden/messages.txt annotates them.
//!
//! tests/readers holds them against other programs: what these read does not depend on this file. With
//! `CTNETLINK_WRITE_DOCS=1` in the environment, the test writes the file instead.

mod common;

use common::*;
use ctnetlink::{Conntrack, Counters, Timestamp};
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Encoder, Mode};
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/messages.txt");

/// Appends the annotated messages of an encoder.
fn annotate(title: &str, encoder: &mut Encoder, out: &mut String) {
    for message in take(encoder) {
        let _ = writeln!(out, "# {title}");
        let mut rest = &message[..];
        Reader::default().decode_and_note(&message, &mut |length, what| {
            let (piece, after) = rest.split_at(length);
            rest = after;
            let bytes: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(out, "{bytes:<32} {what}");
        });
        out.push('\n');
    }
}

fn text() -> String {
    let mut out = String::new();
    let mut one = |title: &str, config: Config, entry: Conntrack| {
        let mut encoder = Encoder::new(config);
        push(&mut encoder, &entry);
        annotate(title, &mut encoder, &mut out);
    };
    let plain = Config::default();
    let marked = Config { mark: true, ..plain };
    let bare = Conntrack {
        timestamp: Timestamp::default(),
        counters_orig: Counters::default(),
        counters_reply: Counters::default(),
        ..tcp4()
    };
    one("TCP over IPv4", plain, tcp4());
    one("TCP over IPv4 with SNAT and DNAT", plain, with_nat(tcp4()));
    one("TCP over IPv6", plain, tcp6());
    one("TCP over IPv6 with SNAT and DNAT", plain, with_nat(tcp6()));
    one("ICMP", plain, icmp4());
    one("ICMPv6", plain, icmp6());
    one("GRE", plain, gre());
    one("without times and counters", plain, bare);
    let zoned = Conntrack { zone: Some(0x3a3b), mark: Some(0x4c4d_4e4f), ..tcp4() };
    one("with a zone and a mark", marked, zoned);
    one("two uniflows", Config { mode: Mode::Uniflow, ..plain }, with_nat(tcp4()));
    one("the end of a translation", Config { mode: Mode::NatEvents, ..plain }, with_nat(tcp4()));

    let mut begun = Encoder::new(Config { mode: Mode::NatEvents, ..plain });
    let entry = with_nat(tcp4());
    let message = new_event(&entry);
    begun.push(&Flow::new(message.as_message(), &entry), NOW);
    annotate("the beginning of a translation", &mut begun, &mut out);

    let mut statistics = Encoder::new(Config { domain: 0x0a0b_0c0d, ..plain });
    statistics.push_statistics(&STATISTICS, NOW);
    annotate("statistics", &mut statistics, &mut out);
    out
}

#[test]
fn messages_have_the_annotated_bytes() {
    let text = text();
    if std::env::var_os("CTNETLINK_WRITE_DOCS").is_some() {
        std::fs::write(PATH, &text).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(PATH).expect("the golden messages");
    for (line, (ours, golden)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(ours, golden, "line {}", line + 1);
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}

#[test]
fn no_two_fields_of_a_record_have_the_same_bytes() {
    let records = records(Config::default(), &[with_nat(tcp4()), with_nat(tcp6())]);
    for record in &records {
        for (n, one) in record.fields.iter().enumerate() {
            let reversed: Vec<u8> = one.2.iter().rev().copied().collect();
            assert!(one.2.len() == 1 || reversed != one.2, "{one:?}");
            let others = record.fields.iter().skip(n + 1);
            assert!(others.clone().all(|other| other.2 != one.2), "{one:?}");
        }
    }
}
