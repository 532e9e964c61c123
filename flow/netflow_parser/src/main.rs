//! Reads our IPFIX with the crate `netflow_parser`, an independent reader and writer.
//!
//! Each message of each shape and of each recorded flow is parsed, its times, counters and addresses
//! are compared with the JSON of the event, and it is written again: the bytes are the same, but for
//! the padding that it adds to sets.

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/readers/flows.rs"]
mod flows;

use ctnetlink_flow::ipfix::{Config, Encoder, Mode};
use netflow_parser::variable_versions::field_value::{DurationValue, FieldValue};
use netflow_parser::variable_versions::ipfix::{FlowSetBody, IPFix};
use netflow_parser::{NetflowPacket, NetflowParser};
use serde_json::Value;

fn main() {
    let mut ended = flows::of_each_shape();
    ended.extend(flows::recorded());
    let mut messages = 0;
    for mode in [Mode::Biflow, Mode::Uniflow, Mode::NatEvents] {
        let mut encoder = Encoder::new(Config { mode, mark: true, ..Config::default() });
        let mut parser = NetflowParser::default();
        for flow in &ended {
            let records = flow.push(&mut encoder, common::NOW);
            assert!(records > 0 || mode == Mode::NatEvents, "no record of {}", flow.json());
            encoder.flush(common::NOW);
            while let Some(message) = encoder.next_message() {
                let parsed = parser.parse_bytes(message.bytes);
                assert!(parsed.error.is_none(), "{:?} of {}", parsed.error, flow.json());
                let [NetflowPacket::IPFix(packet)] = &parsed.packets[..] else {
                    panic!("not one message: {}", flow.json());
                };
                let written = packet.to_be_bytes().expect("it can be written");
                assert_same(message.bytes, &written);
                let values = values(packet);
                assert_eq!(values.len(), records as usize);
                if mode == Mode::Biflow {
                    compare(&values[0], &flow.json());
                }
                messages += 1;
            }
        }
    }
    println!("messages={messages} equal={messages}");
}

/// Compares two messages, the second of which may have up to three bytes of padding after a set.
fn assert_same(ours: &[u8], written: &[u8]) {
    assert_eq!((&ours[..2], &ours[4..16]), (&written[..2], &written[4..16]), "the headers");
    let (mut ours, mut written) = (&ours[16..], &written[16..]);
    while !ours.is_empty() {
        let (our_set, our_rest) = ours.split_at(set_length(ours));
        let (set, rest) = written.split_at(set_length(written));
        assert_eq!((&our_set[..2], &our_set[4..]), (&set[..2], &set[4..our_set.len()]), "a set");
        let padding = &set[our_set.len()..];
        assert!(padding.len() < 4 && padding.iter().all(|byte| *byte == 0), "{padding:?}");
        (ours, written) = (our_rest, rest);
    }
    assert!(written.is_empty(), "another set");
}

fn set_length(set: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([set[2], set[3]]))
}

/// Returns the values of each record.
fn values(packet: &IPFix) -> Vec<Vec<FieldValue>> {
    let sets = packet.flowsets.iter().filter_map(|set| match &set.body {
        FlowSetBody::Data(data) => Some(data),
        _ => None,
    });
    let records = sets.flat_map(|data| &data.fields);
    records.map(|record| record.iter().map(|(_, value)| value.clone()).collect()).collect()
}

/// Compares the addresses, times and counters.
fn compare(values: &[FieldValue], json: &Value) {
    let text = |path: &str| json.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let number = |path: &str| json.pointer(path).and_then(Value::as_u64);
    let addr = |value: &FieldValue| match value {
        FieldValue::Ip4Addr(addr) => addr.to_string(),
        FieldValue::Ip6Addr(addr) => addr.to_string(),
        other => panic!("{other:?} is not an address"),
    };
    assert_eq!(addr(&values[0]), text("/conntrack/orig/src"), "{json}");
    assert_eq!(addr(&values[1]), text("/conntrack/orig/dst"), "{json}");
    let times: Vec<u64> = values.iter().filter_map(nanoseconds).collect();
    let expected = [number("/conntrack/timestamp/start"), number("/conntrack/timestamp/stop")];
    match expected {
        [Some(start), Some(stop)] => assert_eq!(times, [start, stop], "{json}"),
        _ => assert!(times.is_empty(), "{json}"),
    }
    let counters: Vec<_> = ["orig/bytes", "orig/packets", "reply/bytes", "reply/packets"]
        .iter()
        .filter_map(|path| number(&format!("/conntrack/counters_{path}")))
        .collect();
    let has_all = |counter: &u64| values.iter().any(|value| number_of(value) == Some(*counter));
    assert!(counters.iter().all(has_all), "{values:?} of {json}");
}

/// Returns a time in the format of NTP in nanoseconds since the Unix epoch.
fn nanoseconds(value: &FieldValue) -> Option<u64> {
    match value {
        FieldValue::Duration(DurationValue::NanosNtp { seconds, fraction }) => {
            let ns = (u64::from(*fraction) * 1_000_000_000) >> 32;
            Some((u64::from(*seconds) - 2_208_988_800) * 1_000_000_000 + ns)
        }
        _ => None,
    }
}

fn number_of(value: &FieldValue) -> Option<u64> {
    match value {
        FieldValue::DataNumber(number) => u64::try_from(number).ok(),
        _ => None,
    }
}
