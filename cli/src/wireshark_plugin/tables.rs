//! The tables of the plugin, from the constants of the library.

use super::json_keys::{has_key, json_keys};
use ctnetlink::spec::{AttrSpec, Direction, Form, Meaning, MsgSpec, SetSpec, ValueKind, Values};
use ctnetlink::wire::HostBits;
use ctnetlink::{Family, MsgType, Status};
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

/// Returns the first part of the plugin: tables in Lua.
pub(super) fn tables() -> String {
    let mut sets = Sets::default();
    let mut messages: BTreeMap<u16, Vec<(&MsgSpec, String)>> = BTreeMap::new();
    let mut contents = String::new();
    for spec in MsgType::SPECS.iter().filter(|spec| MsgType(spec.number).is_ctnetlink()) {
        let Some(set) = spec.set else { continue };
        let content = json_keys(spec, &leaf(set)).swap_remove(0);
        if !sets.has(set) {
            sets.add(spec, set, &mut Vec::new(), 1);
            let has_cpu = has_key(spec, "cpu");
            let set = quoted(set.name);
            let _ = writeln!(contents, "  {content} = {{ set = {set}, has_cpu = {has_cpu} }},");
        }
        messages.entry(spec.number).or_default().push((spec, content));
    }
    let mut out = format!(
        "-- A dissector of Linux connection tracking over netlink, for Wireshark 4.0 and later.\n\
         -- Made by `ctnetlink wireshark-plugin`, version {}. License: MIT OR Apache-2.0.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(out, "local families = {}", named(Family::VALUES));
    let (source, destination) = (Status::SRC_NAT.bits(), Status::DST_NAT.bits());
    let _ = writeln!(out, "local status_flags = {{ SRC_NAT = {source}, DST_NAT = {destination} }}");
    let _ = writeln!(out, "local longest_bit_set = {}", HostBits::MAX_LEN);
    out += "local values = {\n";
    for values in &sets.values {
        let _ = writeln!(out, "  {} = {},", values.name, named(values));
    }
    let _ = write!(out, "}}\nlocal sets = {{\n{}}}\n", sets.text);
    let _ = write!(out, "local contents = {{\n{contents}}}\nlocal messages = {{\n");
    for (number, specs) in messages {
        let name = specs.first().map_or("", |(spec, _)| spec.name);
        let _ = write!(out, "  [{number:#06x}] = {{ name = {}", quoted(name));
        for (spec, content) in specs {
            let sender = match spec.direction {
                Direction::ToKernel => "request",
                _ => "kernel",
            };
            let _ = write!(out, ", {sender} = {}", quoted(&content));
        }
        out += " },\n";
    }
    out += "}\n";
    out
}

/// The attribute sets as tables in Lua, and the values that they refer to.
#[derive(Default)]
struct Sets {
    known: Vec<&'static SetSpec>,
    values: Vec<&'static Values>,
    text: String,
}

impl Sets {
    fn has(&self, set: &SetSpec) -> bool {
        self.known.contains(&set)
    }

    /// Adds a set and the sets nested in it.
    ///
    /// `path` leads to the set, whose object in JSON is at the depth `depth`.
    fn add(
        &mut self,
        spec: &MsgSpec,
        set: &'static SetSpec,
        path: &mut Vec<&'static AttrSpec>,
        depth: usize,
    ) {
        self.known.push(set);
        let mut text = format!("  {} = {{\n", set.name);
        for attr in set.attrs {
            path.push(attr);
            let keys = object_keys(spec, path);
            text += &format!("    {},\n", row(attr, keys.get(depth..).unwrap_or_default()));
            match attr.form {
                Form::Nest(inner) if !self.has(inner) => self.add(spec, inner, path, keys.len()),
                _ => {}
            }
            path.pop();
            match attr.values {
                Some(values) if !self.values.contains(&values) => self.values.push(values),
                _ => {}
            }
        }
        if let Some(empty) = set.empty {
            text += &format!("    empty = {},\n", row(empty, &[]));
        }
        self.text += &text;
        self.text += "  },\n";
    }
}

/// Returns the keys in JSON of an attribute, which may be nested.
///
/// The keys of a nested attribute are those that all attributes in it share, without their own.
fn object_keys(spec: &MsgSpec, path: &mut Vec<&'static AttrSpec>) -> Vec<String> {
    let Some(Form::Nest(set)) = path.last().map(|attr| attr.form) else {
        return json_keys(spec, path);
    };
    let mut shared: Option<Vec<String>> = None;
    for attr in set.attrs.iter().filter(|attr| attr.form != Form::Pad) {
        path.push(attr);
        let mut keys = object_keys(spec, path);
        path.pop();
        if !matches!(attr.form, Form::Nest(_)) {
            keys.pop();
        }
        shared = Some(match shared {
            None => keys,
            Some(shared) => {
                let both = shared.into_iter().zip(keys).take_while(|(one, other)| one == other);
                both.map(|(one, _)| one).collect()
            }
        });
    }
    shared.unwrap_or_default()
}

/// Returns the path to the first attribute of a set that contains no others.
fn leaf(set: &'static SetSpec) -> Vec<&'static AttrSpec> {
    let mut path: Vec<&AttrSpec> = set.attrs.first().into_iter().collect();
    while let Some(Form::Nest(inner)) = path.last().map(|attr| attr.form) {
        path.extend(inner.attrs.first());
    }
    path
}

/// Returns an attribute as a table in Lua.
fn row(attr: &AttrSpec, keys: &[String]) -> String {
    let (form, set) = match attr.form {
        Form::U8 => ("u8", None),
        Form::Be16 => ("be16", None),
        Form::Be32 => ("be32", None),
        Form::Be64 => ("be64", None),
        Form::Host32 => ("host32", None),
        Form::Host64 => ("host64", None),
        Form::Ipv4 => ("ipv4", None),
        Form::Ipv6 => ("ipv6", None),
        Form::TcpFlags => ("tcp_flags", None),
        Form::HostWords => ("host_words", None),
        Form::Str => ("str", None),
        Form::Pad => ("pad", None),
        Form::Nest(set) => ("nest", Some(set)),
        _ => ("bytes", None),
    };
    let mut row = format!("{{ number = {}, name = {}", attr.number, quoted(attr.name));
    let mut add = |key: &str, value: &dyn Display| {
        let _ = write!(row, ", {key} = {value}");
    };
    add("form", &quoted(form));
    if let Some(set) = set {
        add("set", &quoted(set.name));
    }
    if !keys.is_empty() {
        add("key", &quoted(&keys.join(".")));
    }
    let meaning = match attr.meaning {
        Meaning::Plain => Some("plain"),
        Meaning::UnixNanos => Some("unix_nanos"),
        Meaning::Seconds => Some("seconds"),
        _ => None,
    };
    if let Some(meaning) = meaning.filter(|_| attr.form.is_integer()) {
        add("meaning", &quoted(meaning));
    }
    if let Some(values) = attr.values {
        add("values", &format_args!("values.{}", values.name));
    }
    if !keys.is_empty() {
        let summary = attr.doc.split("\n\n").next().unwrap_or_default().replace('\n', "");
        add("doc", &quoted(summary.trim().trim_end_matches('.')));
    }
    row + " }"
}

/// Returns the names of values as a table in Lua.
fn named(values: &Values) -> String {
    let is_flags = values.kind == ValueKind::Flags;
    let mut table = String::from(if is_flags { "{ is_flags = true" } else { "{ is_flags = false" });
    for value in values.named {
        let _ = write!(table, ", {{ {}, {} }}", value.number, quoted(value.name));
    }
    table + " }"
}

/// Returns text as a string in Lua.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
