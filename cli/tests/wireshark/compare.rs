//! Compares fields of tshark with values in JSON.

use crate::json_keys::json_keys;
use crate::pdml::{Dissected, Shown};
use crate::time::rfc3339_of;
use ctnetlink::MsgType;
use ctnetlink::format::rfc3339;
use ctnetlink::spec::{AttrSpec, Form, Meaning, MsgSpec, SetSpec, ValueKind, Values};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::Deref;

/// The attributes by the path of their keys in JSON, with that of entries first.
pub(crate) struct Attributes(Vec<(String, &'static AttrSpec)>);

impl Attributes {
    pub(crate) fn new() -> Self {
        let mut found = Vec::new();
        for spec in MsgType::SPECS.iter().filter(|spec| MsgType(spec.number).is_ctnetlink()) {
            if let Some(set) = spec.set {
                collect(spec, set, &mut Vec::new(), &mut found);
            }
        }
        Self(found)
    }

    fn get(&self, path: &str) -> Option<&'static AttrSpec> {
        self.iter().find(|(other, _)| other == path).map(|(_, attr)| *attr)
    }
}

impl Deref for Attributes {
    type Target = [(String, &'static AttrSpec)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn collect(
    spec: &MsgSpec,
    set: &'static SetSpec,
    path: &mut Vec<&'static AttrSpec>,
    found: &mut Vec<(String, &'static AttrSpec)>,
) {
    for attr in set.attrs.iter().filter(|attr| attr.form != Form::Pad) {
        path.push(attr);
        if let Form::Nest(inner) = attr.form {
            collect(spec, inner, path, found);
        } else {
            let keys = json_keys(spec, path);
            let keys = keys.strip_prefix(&["conntrack".to_owned()][..]).unwrap_or(&keys).join(".");
            if !found.contains(&(keys.clone(), attr)) {
                found.push((keys, attr));
            }
        }
        path.pop();
    }
}

/// The result of a comparison.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) messages: usize,
    pub(crate) compared: usize,
    pub(crate) unequal: Vec<String>,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.compared += other.compared;
        self.unequal.extend(other.unequal);
    }
}

impl Tally {
    /// Compares the messages of a capture.
    pub(crate) fn compare_all(
        &mut self,
        attributes: &Attributes,
        json: &[Value],
        shown: &[Dissected],
    ) {
        // Wireshark shows the messages of other subsystems without us.
        let ours = json
            .iter()
            .filter(|message| !matches!(message["kind"].as_str(), Some("control" | "foreign")));
        let ours: Vec<_> = ours.collect();
        assert_eq!(ours.len(), shown.len());
        for (json, shown) in ours.into_iter().zip(shown) {
            assert_eq!(json["packet"], shown.packet);
            self.messages += 1;
            let mut message = Comparison {
                attributes,
                fields: &shown.fields,
                known: BTreeSet::new(),
                tally: self,
            };
            message.compare(json.as_object().unwrap());
        }
    }
}

struct Comparison<'a> {
    attributes: &'a Attributes,
    fields: &'a [Shown],
    /// The names of fields that have been compared.
    known: BTreeSet<String>,
    tally: &'a mut Tally,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, json: &Map<String, Value>) {
        for (key, value) in json {
            match &key[..] {
                // Wireshark shows these itself, or they are not in the message.
                "packet" | "time" | "flags" | "seq" | "portid" | "byte_order" | "body" => {}
                "kind" | "type" | "family" => self.check(key, value, |shown| named(shown, value)),
                "cpu" => self.check(key, value, |shown| number(shown) == value.as_u64()),
                "conntrack" => self.object("", value),
                "expectation" | "stats_cpu" | "stats_global" | "expect_stats" | "snat" | "dnat" => {
                    self.object(key, value);
                }
                "duration" => self.check(key, value, |shown| {
                    let ns = value.as_u64().unwrap();
                    shown.show == format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
                }),
                "unknown" => self.unknown(value),
                "errors" => {
                    let count = self.all("malformed").len();
                    let errors = value.as_array().unwrap().len();
                    self.result("malformed", value, count == errors);
                }
                other => panic!("{other} is not compared"),
            }
        }
        let names =
            self.fields.iter().filter(|field| !field.is_container()).map(|field| &field.name);
        let more: BTreeSet<_> = names.filter(|name| !self.known.contains(*name)).cloned().collect();
        for name in more {
            self.result(&name, &Value::Null, false);
        }
    }

    fn object(&mut self, path: &str, value: &Value) {
        for (key, value) in value.as_object().unwrap() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                // The family is that of the message.
                _ if path == "family" => {}
                Value::Object(_) => self.object(&path, value),
                _ => self.attribute(&path, value),
            }
        }
    }

    fn attribute(&mut self, path: &str, value: &Value) {
        // The flags and the mask of TCP are two fields of one attribute.
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let attr = self.attributes.get(path).or_else(|| self.attributes.get(parent));
        let (form, values) = attr.map_or((Form::Be16, None), |attr| (attr.form, attr.values));
        match (form, value) {
            (Form::HostWords, Value::Array(bits)) => {
                let shown: BTreeSet<_> = self.all(path).into_iter().map(number).collect();
                self.result(path, value, shown == bits.iter().map(Value::as_u64).collect());
            }
            (Form::Bytes | Form::Str, Value::Array(bytes)) => {
                let hex = |byte: &Value| format!("{:02x}", byte.as_u64().unwrap());
                let hex: String = bytes.iter().map(hex).collect();
                self.check(path, value, |shown| {
                    shown.bytes == hex
                        || form == Form::Str && shown.bytes.starts_with(&(hex.clone() + "00"))
                });
            }
            (_, Value::Array(flags)) => self.flags(path, value, flags, values.unwrap()),
            (_, Value::Number(ns)) if attr.is_some_and(|a| a.meaning == Meaning::UnixNanos) => {
                let time = rfc3339(ns.as_u64().unwrap());
                self.check(path, value, |shown| {
                    shown.show == time || rfc3339_of(&shown.show).as_ref() == Some(&time)
                });
            }
            (_, Value::Number(expected)) => {
                self.check(path, value, |shown| number(shown) == expected.as_u64());
            }
            _ => self.check(path, value, |shown| named(shown, value)),
        }
    }

    /// Compares the number of flags, and the field of each flag.
    fn flags(&mut self, path: &str, value: &Value, flags: &[Value], values: &Values) {
        assert_eq!(values.kind, ValueKind::Flags);
        let bits = |flag: &Value| match flag {
            Value::String(name) => values.named.iter().find(|v| v.name == name).unwrap().number,
            other => other.as_u64().unwrap(),
        };
        let all = flags.iter().map(bits).fold(0, |all, bits| all | bits);
        self.check(path, value, |shown| number(shown) == Some(all));
        for named in values.named {
            let path = format!("{path}.{}", named.name.to_lowercase());
            let is_set = all & named.number == named.number;
            self.check(&path, value, |shown| {
                matches!((&shown.show[..], is_set), ("1" | "True", true) | ("0" | "False", false))
            });
        }
    }

    fn unknown(&mut self, value: &Value) {
        let expected =
            value.as_array().unwrap().iter().map(|unknown| unknown["hex"].as_str().unwrap());
        let shown = self.all("unknown");
        let is_equal = expected.eq(shown.iter().map(|shown| &shown.bytes[..]));
        self.result("unknown", value, is_equal);
    }

    /// Returns the fields of that name, in the order of the bytes; IPv6 addresses have another name.
    fn all(&mut self, name: &str) -> Vec<&'a Shown> {
        let ipv6 = format!("{name}6");
        self.known.extend([name.to_owned(), ipv6.clone()]);
        let is_wanted = |field: &&Shown| field.name == name || field.name == ipv6;
        self.fields.iter().filter(is_wanted).collect()
    }

    /// Compares the last field of that name, which is the one that the JSON has.
    fn check(&mut self, name: &str, value: &Value, is_equal: impl FnOnce(&Shown) -> bool) {
        let is_equal = self.all(name).last().is_some_and(|shown| is_equal(shown));
        self.result(name, value, is_equal);
    }

    fn result(&mut self, name: &str, value: &Value, is_equal: bool) {
        self.tally.compared += 1;
        if !is_equal {
            let shown = self.all(name);
            self.tally.unequal.push(format!("{name}: JSON {value}, tshark {shown:?}"));
        }
    }
}

impl Shown {
    /// Returns `true` for nested attributes, and for what Wireshark adds to malformed ones.
    fn is_container(&self) -> bool {
        self.show.is_empty() && self.bytes.is_empty() || self.name.starts_with("malformed.expert")
    }
}

fn number(shown: &Shown) -> Option<u64> {
    match shown.show.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => shown.show.parse().ok(),
    }
}

/// Returns `true` if the value, or its name in the tree, is that of the JSON.
fn named(shown: &Shown, value: &Value) -> bool {
    let Value::String(text) = value else {
        return number(shown) == value.as_u64();
    };
    let name = shown.line.split_once(": ").and_then(|(_, value)| value.rsplit_once(" ("));
    shown.show == *text || name.is_some_and(|(name, _)| name == text)
}
