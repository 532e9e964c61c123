//! Lines of text, compared with those of libnetfilter_conntrack 1.1.1.

mod common;

use common::{Golden, all, golden_dir, unhex};
use ctnetlink::attrs::CtAttr;
use ctnetlink::format::text::{LabelMap, Text};
use ctnetlink::wire::Endian;
use ctnetlink::{Kind, Message};
use serde::Deserialize;

const NANOS: u64 = 1_000_000_000;

/// The options `-o extended,id,ktimestamp,labels`.
fn all_words(now: u64, labels: LabelMap) -> Text {
    Text {
        extended: true,
        id: true,
        ktimestamp: true,
        labels: Some(labels),
        as_of: Some(now * NANOS),
        ..Text::default()
    }
}

fn label_map() -> LabelMap {
    LabelMap::parse(&std::fs::read_to_string(golden_dir().join("connlabel.conf")).unwrap())
}

/// Removes what the command conntrack(8) adds to the line of the library.
fn without_portid(line: &str) -> &str {
    line.split(" [USERSPACE]").next().unwrap()
}

#[test]
fn golden_messages_print_the_line_of_the_library() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for golden in all().iter().filter(|golden| golden.text.is_some()) {
        let now = golden.now.unwrap();
        let plain = Text { as_of: Some(now * NANOS), ..Text::default() };
        let pairs = [(&golden.text, plain), (&golden.text_all, all_words(now, label_map()))];
        for (expected, text) in pairs {
            let line = text.line(&golden.message(), None).unwrap();
            let mut bytes = Vec::new();
            assert!(text.write(&golden.message(), None, &mut bytes));
            assert_eq!(bytes, line.as_bytes());
            if without_portid(&line) != expected.as_deref().unwrap() {
                wrong.push(format!("{}\n  {line}\n  {}", golden.place, expected.as_ref().unwrap()));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 2000, "{compared}");
}

#[test]
fn events_caused_by_user_space_have_its_port_id() {
    let messages = all();
    let events: Vec<&Golden> = messages.iter().filter(|m| m.kind == "event").collect();
    let (caused, other): (Vec<_>, Vec<_>) = events.iter().partition::<Vec<&Golden>, _>(|m| {
        m.message().header().nlmsg_pid != 0 && m.message().conntrack_attrs().is_ok()
    });
    assert!(caused.len() > 100 && other.len() > 100);
    for golden in caused {
        let line = Text::default().line(&golden.message(), None).unwrap();
        let portid = golden.message().header().nlmsg_pid;
        assert!(line.ends_with(&format!(" [USERSPACE] portid={portid}")), "{line}");
    }
    for golden in other {
        let line = Text::default().line(&golden.message(), None).unwrap();
        assert!(!line.contains("USERSPACE"), "{line}");
    }
}

#[derive(Deserialize)]
struct Pair {
    source: String,
    hex: String,
    rendered_at: Option<u64>,
    text: Option<String>,
    text_extended_id_ktimestamp_labels: Option<String>,
}

#[test]
fn recorded_pairs_print_the_recorded_text() {
    let path = golden_dir().join("conntrack-text/pairs-lnfct-1.1.1.jsonl");
    let lines = std::fs::read_to_string(path).unwrap();
    let mut with_text = 0;
    for (n, line) in lines.lines().enumerate() {
        let pair: Pair = serde_json::from_str(line).unwrap();
        let bytes = unhex(&pair.hex);
        let message = Message::parse_with(&bytes, Endian::Little).unwrap();
        let now = pair.rendered_at.unwrap_or_default();
        let plain = Text { as_of: Some(now * NANOS), ..Text::default() };
        let extended = all_words(now, LabelMap::parse("3 suspicious\n"));
        let pairs = [(pair.text, plain), (pair.text_extended_id_ktimestamp_labels, extended)];
        for (expected, text) in pairs {
            let Some(expected) = expected else { continue };
            let line = text.line(&message, None).unwrap();
            assert_eq!(without_portid(&line), expected, "line {} ({})", n + 1, pair.source);
            with_text += 1;
        }
    }
    assert_eq!(with_text, 2 * 61 + 9);
}

#[test]
fn events_start_with_their_time() {
    let text = Text { timestamp: true, ..Text::default() };
    let mut with_time = 0;
    for golden in all().iter().filter(|golden| golden.kind == "event") {
        let message = golden.message();
        let received = 1_795_335_637_011_746_999;
        let line = text.line(&message, Some(received)).unwrap();
        assert_ne!(message.kind(), Kind::Reply);
        let expected = match message.conntrack_attrs() {
            Ok(attrs) => {
                let sent = attrs.find(|attr| match attr {
                    CtAttr::TimestampEvent(ns) => Some(ns),
                    _ => None,
                });
                let ns = sent.unwrap_or(received);
                with_time += usize::from(sent.is_some());
                format!("[{}.{:06}]\t", ns / NANOS, ns % NANOS / 1000)
            }
            // conntrack(8) pads the microseconds of expectations with spaces, at the end.
            Err(_) => "[1795335637.11746 ]\t".into(),
        };
        assert!(line.starts_with(&expected), "{}: {line}", golden.place);
    }
    assert!(with_time > 300, "{with_time}");
}
