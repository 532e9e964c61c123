//! The elements of IPFIX templates against the columns.
#![cfg(feature = "columns")]

mod golden;

use ctnetlink::Messages;
use ctnetlink_flow::Flow;
use ctnetlink_flow::column::COLUMNS;
use ctnetlink_flow::ipfix::{Config, Element, Encoder, Mode};
use golden::{kernels, packets};
use std::collections::BTreeMap;

/// A time of export.
const TIME: u64 = 1_795_335_637_123_456_789;

/// The elements of flow records that belong to no column.
const NO_COLUMN: [Element; 5] = [
    // A constant.
    Element::BIFLOW_DIRECTION,
    // It follows from `state`, `timeout_s` and the port id in `rest`.
    Element::FLOW_END_REASON,
    // `icmp_type` and `icmp_code` in one number.
    Element::ICMP_TYPE_CODE_IPV4,
    Element::ICMP_TYPE_CODE_IPV6,
    // The time of a NAT event, which is the first that is known of several.
    Element::OBSERVATION_TIME_MILLISECONDS,
];

#[test]
fn every_element_of_a_template_belongs_to_one_column() {
    let elements = COLUMNS.iter().flat_map(|column| column.elements).chain(&NO_COLUMN);
    let mut columns = BTreeMap::new();
    for element in elements {
        *columns.entry((element.number, element.enterprise)).or_insert(0) += 1;
    }
    let several: Vec<_> = columns.iter().filter(|(_, count)| **count != 1).collect();
    assert!(several.is_empty(), "{several:?}");
    for mode in [Mode::Biflow, Mode::Uniflow, Mode::NatEvents] {
        let mut encoder = Encoder::new(Config { mode, mark: true, ..Config::default() });
        for packet in kernels().iter().flat_map(|kernel| packets(kernel)) {
            for message in Messages::with_endian(&packet.bytes, packet.endian) {
                let message = message.unwrap();
                if let Ok(entry) = message.conntrack() {
                    encoder.push(&Flow::new(message, &entry), TIME);
                }
            }
        }
        encoder.flush(TIME);
        let mut used = 0;
        while let Some(message) = encoder.next_message() {
            for element in template_fields(message.bytes) {
                used += 1;
                assert!(columns.contains_key(&element), "{mode:?}: {element:?}");
            }
        }
        assert!(used > 30, "{mode:?}: {used} fields");
    }
}

/// Returns the elements in the template sets of an IPFIX message, by RFC 7011.
fn template_fields(message: &[u8]) -> Vec<(u16, Option<u32>)> {
    let number = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    let mut fields = Vec::new();
    let mut set = 16;
    while set < message.len() {
        let end = set + usize::from(number(set + 2));
        let mut at = set + 4;
        while number(set) == 2 && at < end {
            let count = number(at + 2);
            at += 4;
            for _ in 0..count {
                let has_enterprise = number(at) & 0x8000 != 0;
                let enterprise = has_enterprise
                    .then(|| u32::from(number(at + 4)) << 16 | u32::from(number(at + 6)));
                fields.push((number(at) & 0x7fff, enterprise));
                at += if has_enterprise { 8 } else { 4 };
            }
        }
        set = end;
    }
    fields
}
