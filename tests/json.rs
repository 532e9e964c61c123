//! JSON, compared with serde's and with its documentation.

mod common;

use common::all;
use ctnetlink::flat::{Layout, Name};
use ctnetlink::format::{Json, MessageRecord};
use ctnetlink::{Conntrack, Family, Message, MessageBuilder, MsgType};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A complete object, which serde writes.
#[derive(Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    #[serde(flatten)]
    message: MessageRecord,
}

fn same_as_serde(message: &Message<'_>, file: Option<&'static str>, number: Option<u64>) {
    let line = Line { file, packet: number, time: number, message: MessageRecord::new(message) };
    let json = Json { file, packet: number, time: number, hex: false };
    let expected = "before ".to_owned() + &serde_json::to_string(&line).unwrap();
    let mut written = "before ".to_owned();
    json.write(message, &mut written);
    assert_eq!(written, expected);
    let mut written = b"before ".to_vec();
    json.write(message, &mut written);
    assert_eq!(written, expected.as_bytes());
}

#[test]
fn messages_equal_their_serialized_records() {
    for (n, golden) in all().iter().enumerate() {
        let file = ["a.pcapng", "C:\\\"\n\u{1}\u{1f}\u{7f}é"][n % 2];
        same_as_serde(&golden.message(), None, None);
        same_as_serde(&golden.message(), Some(file), Some(u64::MAX >> (n % 64)));
    }
}

/// The kernel has 128 labels, and rejects requests with 20 bytes of them (ERANGE).
#[test]
fn labels_above_127_are_a_problem() {
    let mut found = 0;
    for golden in all().iter().filter(|golden| golden.place.contains("/wide.jsonl")) {
        let message = golden.message();
        let too_long = |raw: ctnetlink::wire::RawAttr<'_>| {
            matches!(raw.number(), 22 | 23) && raw.payload.len() > 16
        };
        let Ok(attrs) = message.conntrack_attrs() else { continue };
        if !attrs.raw().any(|raw| too_long(raw.unwrap())) {
            continue;
        }
        let mut line = String::new();
        Json::default().write(&message, &mut line);
        let json: Value = serde_json::from_str(&line).unwrap();
        let [error] = &json["errors"].as_array().unwrap()[..] else { panic!("{line}") };
        assert_eq!(error["attribute"], "CTA_LABELS");
        let problem = error["problem"].as_str().unwrap();
        assert!(problem.ends_with("bytes, expected at most 16"), "{problem}");
        assert_eq!(golden.errno, Some(34));
        found += 1;
    }
    assert_eq!(found, 12);
}

#[test]
fn every_field_equals_its_serialized_form() {
    let tuple = json!({
        "src": "2001:db8::1", "dst": "::ffff:192.0.2.1", "proto": "icmpv6", "src_port": 0x1234,
        "dst_port": 0x5678, "icmp_id": 0x9abc, "icmp_type": 128, "icmp_code": 7, "zone": 0x3456,
    });
    let counters = json!({
        "packets": 1_234_567_890_123_u64, "bytes": u64::MAX, "packets32": 1000, "bytes32": 999,
    });
    let nat = json!({
        "min_ip": "192.0.2.9", "max_ip": "198.51.100.255", "ports": {"min": 0x1122, "max": 65535},
    });
    let seq_adj = json!({"correction_pos": 1, "offset_before": 12, "offset_after": u32::MAX});
    let flags = json!({"flags": ["SACK_PERM", "SIMULTANEOUS_OPEN"], "mask": []});
    let all = json!({
        "orig": tuple, "reply": tuple, "status": ["ASSURED", "DYING", 0x8001_0000_u32],
        "protoinfo": {"tcp": {
            "state": 77, "wscale_original": 7, "wscale_reply": 14, "flags_original": flags,
            "flags_reply": flags,
        }},
        "help": {"name": "\"a\\b\u{7}\"é", "info": [1, 2, 255]},
        "nat_src": nat, "nat_dst": nat, "timeout": 0x1234_5678, "mark": 10, "mark_mask": 100,
        "counters_orig": counters, "counters_reply": counters, "use_count": 2, "id": 0xfedc_ba98_u32,
        "master": tuple, "seq_adj_orig": seq_adj, "seq_adj_reply": seq_adj, "secmark": 77,
        "zone": 0x4321, "secctx": {"name": "system_u:object_r:http_client_packet_t:s0"},
        "timestamp": {"start": 1_795_337_473_790_590_123_u64, "stop": 1_795_337_474_000_000_000_u64},
        "labels": [0, 1, 63, 64, 127], "labels_mask": (0..128).collect::<Vec<u8>>(),
        "synproxy": {"isn": 1, "its": 22, "tsoff": 333},
        "filter": {"orig_flags": ["IP_SRC"], "reply_flags": ["IP_DST", 0x4000_0000]},
        "status_mask": [], "timestamp_event": 1_795_337_474_000_000_001_u64,
    });
    let fields = all.as_object().unwrap();
    let ct: Conntrack = serde_json::from_value(all.clone()).unwrap();
    let back = serde_json::to_value(&ct).unwrap();
    for key in serde_json::to_value(&ct).unwrap().as_object().unwrap().keys() {
        assert_eq!(back[key], fields[key], "{key}");
    }
    let not_text = Name::new(b"helper\xff");
    let other = [
        json!({"protoinfo": {"sctp": {"state": "CLOSED", "vtag_original": 1, "vtag_reply": 2}}}),
        json!({"protoinfo": {"dccp": {"state": "OPEN", "role": "server", "handshake_seq": 1}}}),
        json!({"protoinfo": {"tcp": {}}, "zone": 0}),
    ];
    let other = other.map(|value| serde_json::from_value(value).unwrap());
    let named = Conntrack {
        help: ctnetlink::flat::Help { name: Some(not_text), ..ct.help.clone() },
        ..ct.clone()
    };
    for ct in [ct, named, Conntrack::default()].iter().chain(&other) {
        for family in [Family::IPV4, Family::IPV6, Family::UNSPEC, Family(77)] {
            for msg_type in [MsgType::CT_NEW, MsgType::CT_DELETE, MsgType(0x0108), MsgType(0x0300)]
            {
                let ct = Conntrack { family, ..ct.clone() };
                let message =
                    ct.to_message(&MessageBuilder::new(msg_type, family), Layout::Request);
                same_as_serde(&message.unwrap().as_message(), None, Some(1));
            }
        }
    }
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn every_key_is_documented() {
    let mut seen = BTreeSet::new();
    for golden in all() {
        keys(&serde_json::to_value(MessageRecord::new(&golden.message())).unwrap(), &mut seen);
    }
    assert!(seen.len() > 80, "{}", seen.len());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");
    let documentation = std::fs::read_to_string(path).unwrap();
    for key in seen {
        let written = [format!("`{key}`"), format!("`{key}."), format!(".{key}`")];
        assert!(written.iter().any(|written| documentation.contains(written)), "{key}");
    }
}

#[test]
fn times_are_integers() {
    for golden in all().iter().filter(|golden| golden.is_from_kernel()) {
        let json = serde_json::to_value(MessageRecord::new(&golden.message())).unwrap();
        let timestamp = &json["conntrack"]["timestamp"];
        for key in ["start", "stop"] {
            assert!(timestamp.get(key).is_none_or(Value::is_u64), "{}", golden.place);
        }
        // An absent value is neither zero nor null.
        assert!(!json.to_string().contains("null"), "{}", golden.place);
    }
}
