//! The JSON against its documentation.

mod common;

use common::all;
use ctnetlink::show::MessageRecord;
use serde_json::Value;
use std::collections::BTreeSet;

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
        assert!(documentation.contains(&format!("`{key}`")), "{key}");
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
        // Absent is not zero, and not null.
        assert!(!json.to_string().contains("null"), "{}", golden.place);
    }
}
