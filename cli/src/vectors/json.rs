//! Vectors as JSON, with the keys that docs/vectors.md describes.

use ctnetlink::Message;
use ctnetlink::error::{Error, ErrorKind};
use ctnetlink::format::MessageRecord;
use ctnetlink::kernel::Kernel;
use ctnetlink::sim::vectors::{Field, Malformed, Source, Vector};
use ctnetlink::spec::Form;
use ctnetlink::wire::{Endian, HostBits};
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns an object with the kernel and with the pairs that have a value.
fn object(kernel: &Kernel, pairs: Vec<(&str, Option<Value>)>) -> Value {
    let mut object = Map::new();
    for (key, value) in pairs {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    }
    object.insert("kernel".into(), kernel.release.to_string().into());
    object.insert("arch".into(), kernel.arch.to_string().into());
    Value::Object(object)
}

pub(super) fn vector(kernel: &Kernel, number: usize, vector: &Vector) -> Value {
    let endian = kernel.arch.endian();
    let message = Message::parse_with(&vector.bytes, endian).ok();
    let Vector { kind, bytes, datagram, offset, source, events, nlmsg_size, alloc, .. } = vector;
    let is_event = message.is_some_and(|message| message.kind().is_event());
    let ext = match source {
        Source::Entry(ct) => Some(
            [
                ("acct", ct.acct.is_some()),
                ("timestamp", ct.tstamp.is_some()),
                ("labels", ct.labels.is_some()),
                ("secctx", ct.secctx.is_some()),
            ]
            .into_iter()
            .filter_map(|(name, is_there)| is_there.then_some(name))
            .collect::<Vec<_>>(),
        ),
        _ => None,
    };
    let secctx_len = match source {
        Source::Entry(ct) => ct.secctx.as_ref().map(|context| context.len),
        _ => None,
    };
    object(
        kernel,
        vec![
            ("n", Some(number.into())),
            ("kind", Some(kind.name().into())),
            ("hex", Some(hex(bytes).into())),
            ("datagram", Some((*datagram).into())),
            ("offset", Some((*offset).into())),
            ("dgram_off8", Some((offset % 8).into()).filter(|_| !is_event)),
            ("ipct_events", events.map(|events| events.bits().into())),
            ("ext", ext.map(Value::from)),
            ("secctx_len", secctx_len.map(Value::from)),
            ("nlmsg_size", nlmsg_size.map(Value::from)),
            // The allocation for an expectation does not depend on `nlmsg_size`.
            ("alloc", alloc.filter(|_| events.is_some()).map(Value::from)),
            ("alloc_exp", alloc.filter(|_| events.is_none()).map(Value::from)),
            ("message", message.map(|message| record(&message))),
            ("fields", message.map(|message| fields(&Field::of(&message), endian))),
            ("config", Some(config(kernel))),
        ],
    )
}

pub(super) fn malformed(kernel: &Kernel, number: usize, bad: &Malformed) -> Value {
    let endian = kernel.arch.endian();
    let message = Message::parse_with(&bad.bytes, endian).ok();
    let fields_of = |message: Message<'_>| fields(&Field::of(&message), endian);
    object(
        kernel,
        vec![
            ("n", Some(number.into())),
            ("mutation", Some(bad.mutation.into())),
            ("attribute", Some(bad.path.as_str().into()).filter(|_| !bad.path.is_empty())),
            ("of", Some(bad.vector.into())),
            ("hex", Some(hex(&bad.bytes).into())),
            ("errors", Some(bad.errors.iter().map(error).collect())),
            ("message", message.map(|message| record(&message))),
            ("fields", message.map(fields_of)),
        ],
    )
}

/// Returns the message as `ctnetlink decode --format json` prints it.
pub(super) fn record(message: &Message<'_>) -> Value {
    serde_json::to_value(MessageRecord::new(message)).unwrap_or_default()
}

pub(super) fn error(error: &Error) -> Value {
    let (kind, details) = match error.kind {
        ErrorKind::MessageHeader { found } => ("message_header", json!({"found": found})),
        ErrorKind::MessageLength { nlmsg_len, available } => {
            ("message_length", json!({"nlmsg_len": nlmsg_len, "available": available}))
        }
        ErrorKind::Body { expected, found } => {
            ("body", json!({"expected": expected, "found": found}))
        }
        ErrorKind::AttrHeader { found } => ("attr_header", json!({"found": found})),
        ErrorKind::AttrLength { nla_len, available } => {
            ("attr_length", json!({"nla_len": nla_len, "available": available}))
        }
        ErrorKind::PayloadLength { expected, found } => {
            ("payload_length", json!({"expected": expected, "found": found}))
        }
        ErrorKind::PayloadUnit { unit, found } => {
            ("payload_unit", json!({"unit": unit, "found": found}))
        }
        ErrorKind::PayloadLimit { limit, found } => {
            ("payload_limit", json!({"limit": limit, "found": found}))
        }
        _ => ("other", json!({})),
    };
    let mut object = Map::new();
    object.insert("offset".into(), error.offset.into());
    let set = error.set.map(|set| set.name);
    let attribute = error.attr.map(|attr| attr.name);
    for (key, name) in [("set", set), ("attribute", attribute)] {
        if let Some(name) = name {
            object.insert(key.into(), name.into());
        }
    }
    object.insert("kind".into(), kind.into());
    if let Value::Object(details) = details {
        object.extend(details);
    }
    object.insert("problem".into(), error.to_string().into());
    Value::Object(object)
}

/// Returns the attributes in the order of the bytes, a nested attribute before its contents.
fn fields(tree: &[Field], endian: Endian) -> Value {
    let mut list = Vec::new();
    tree.iter().for_each(|field| field.walk(&mut |field| list.push(one_field(field, endian))));
    Value::Array(list)
}

fn one_field(field: &Field, endian: Endian) -> Value {
    let payload = &field.payload[..];
    let number = || {
        payload
            .iter()
            .try_fold(0_u64, |number, &byte| Some(number.checked_mul(256)? | u64::from(byte)))
    };
    let form = field.spec.map(|spec| spec.form);
    let (name, value) = match form {
        Some(Form::Nest(_)) => ("nest", None),
        Some(Form::U8) => ("u8", number().map(Value::from)),
        Some(Form::Be16) => ("be16", number().map(Value::from)),
        Some(Form::Be32) => ("be32", number().map(Value::from)),
        Some(Form::Be64) => ("be64", number().map(Value::from)),
        Some(Form::Ipv4) => {
            let bytes: Option<[u8; 4]> = payload.try_into().ok();
            ("ipv4", bytes.map(|bytes| Ipv4Addr::from(bytes).to_string().into()))
        }
        Some(Form::Ipv6) => {
            let bytes: Option<[u8; 16]> = payload.try_into().ok();
            ("ipv6", bytes.map(|bytes| Ipv6Addr::from(bytes).to_string().into()))
        }
        Some(Form::TcpFlags) => match *payload {
            [flags, mask] => ("tcp_flags", Some(json!({"flags": flags, "mask": mask}))),
            _ => ("tcp_flags", None),
        },
        Some(Form::HostWords) => {
            let bits = HostBits::new(payload, endian);
            ("bits", bits.map(|bits| bits.iter().collect::<Vec<_>>().into()))
        }
        Some(Form::Str) => match std::str::from_utf8(payload).map(|text| text.strip_suffix('\0')) {
            Ok(Some(text)) if !text.contains('\0') => ("str", Some(text.into())),
            _ => ("bytes", Some(hex(payload).into())),
        },
        None if payload.is_empty() => ("pad", None),
        Some(Form::Pad) => ("pad", None),
        _ => ("bytes", Some(hex(payload).into())),
    };
    let mut object = Map::new();
    object.insert("path".into(), field.path.as_str().into());
    object.insert("offset".into(), field.offset.into());
    let nla_len = 4 + payload.len();
    object.insert("nla_len".into(), nla_len.into());
    object.insert("nla_type".into(), field.nla_type.into());
    object.insert("form".into(), name.into());
    if let Some(value) = value {
        let is_named = matches!(name, "u8" | "be32" | "tcp_flags")
            && field.text.chars().any(|c| c.is_ascii_alphabetic());
        object.insert("value".into(), value);
        if is_named {
            object.insert("text".into(), field.text.as_str().into());
        }
    }
    Value::Object(object)
}

/// Returns the names of the kernel's options that are on.
fn config(kernel: &Kernel) -> Value {
    let config = &kernel.config;
    let options = [
        ("NF_CONNTRACK_TIMESTAMP", config.timestamp),
        ("NF_CONNTRACK_MARK", config.mark),
        ("NF_CONNTRACK_ZONES", config.zones),
        ("NF_CONNTRACK_LABELS", config.labels),
        ("NF_CONNTRACK_SECMARK", config.secmark),
        ("NF_NAT", config.nat),
        ("NETFILTER_SYNPROXY", config.synproxy),
        ("NF_CONNTRACK_EVENTS", config.events),
        ("NF_CT_PROTO_SCTP", config.proto_sctp),
        ("NF_CT_PROTO_DCCP", config.proto_dccp),
        ("NF_CT_PROTO_UDPLITE", config.proto_udplite),
        ("NF_CT_PROTO_GRE", config.proto_gre),
    ];
    let on = options.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name);
    json!({"on": on.collect::<Vec<_>>(), "HZ": kernel.arch.hz})
}
