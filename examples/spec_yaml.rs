//! Prints a YNL specification of ctnetlink, made from the constants of [`ctnetlink::spec`].
//!
//! The kernel's tools (`tools/net/ynl`) and generators of bindings read it. It is of the schema
//! `netlink-raw`. YNL has no words for two things: labels, which are words in the byte order of the
//! machine (`binary` here), and the empty pad attribute 3 of entries (left out).
//!
//! ```sh
//! cargo run --example spec_yaml > conntrack.yaml
//! ```

use ctnetlink::MsgType;
use ctnetlink::spec::{AttrSpec, Direction, Form, MsgSpec, SetSpec, ValueKind, Values};
use std::fmt::{self, Write as _};

#[allow(dead_code, reason = "a test includes this file as a module")]
fn main() {
    print!("{}", specification().expect("writing to a string does not fail"));
}

/// Returns the specification as YAML.
pub(crate) fn specification() -> Result<String, fmt::Error> {
    let mut sets: Vec<&SetSpec> = Vec::new();
    let ctnetlink = || MsgType::SPECS.iter().filter(|message| message.number > 0xff);
    ctnetlink().filter_map(|message| message.set).for_each(|set| set.collect_into(&mut sets));
    let mut values: Vec<&Values> = Vec::new();
    for named in sets.iter().flat_map(|set| set.attrs).filter_map(|attr| attr.values) {
        if !values.contains(&named) {
            values.push(named);
        }
    }
    let mut out = String::from(
        "# SPDX-License-Identifier: MIT OR Apache-2.0\n---\n\
         name: conntrack\nprotocol: netlink-raw\nprotonum: 12\n\
         doc: Connection tracking over netlink.\n\n\
         definitions:\n  - name: nfgenmsg\n    type: struct\n    members:\n\
         \x20     - {name: nfgen-family, type: u8}\n      - {name: version, type: u8}\n\
         \x20     - {name: res-id, type: u16, byte-order: big-endian}\n\
         \x20 - name: nf-ct-tcp-flags\n    type: struct\n    members:\n\
         \x20     - {name: flags, type: u8, enum: ip-ct-tcp-flags}\n\
         \x20     - {name: mask, type: u8, enum: ip-ct-tcp-flags}\n",
    );
    values.iter().try_for_each(|values| definition(values, &mut out))?;
    out.push_str("\nattribute-sets:\n");
    for set in &sets {
        write!(out, "  - name: {}\n    attributes:\n", kebab(set.name))?;
        set.attrs.iter().try_for_each(|attr| attribute(attr, &mut out))?;
    }
    out.push_str("\noperations:\n  enum-model: directional\n  list:\n");
    for message in ctnetlink().filter(|message| message.direction == Direction::ToKernel) {
        operation(message, &mut out)?;
    }
    Ok(out)
}

/// Returns a kernel name as YNL writes names: without the common prefix, in lower case, with hyphens.
fn kebab(name: &str) -> String {
    let name = name.strip_prefix("CTA_").or(name.strip_prefix("IPCTNL_MSG_")).unwrap_or(name);
    name.to_lowercase().replace('_', "-")
}

fn definition(values: &Values, out: &mut String) -> fmt::Result {
    let is_flags = values.kind == ValueKind::Flags;
    let kind = if is_flags { "flags" } else { "enum" };
    write!(out, "  - name: {}\n    type: {kind}\n    entries:\n", kebab(values.name))?;
    for value in values.named {
        // YNL counts flags by their bits.
        let number = if is_flags { value.number.trailing_zeros().into() } else { value.number };
        writeln!(out, "      - {{name: {}, value: {number}}}", kebab(value.name))?;
    }
    Ok(())
}

fn attribute(attr: &AttrSpec, out: &mut String) -> fmt::Result {
    let form = match attr.form {
        Form::U8 => "u8",
        Form::Be16 => "u16\n        byte-order: big-endian",
        Form::Be32 => "u32\n        byte-order: big-endian",
        Form::Be64 => "u64\n        byte-order: big-endian",
        Form::Host32 => "u32",
        Form::Host64 => "u64",
        Form::Ipv4 => "u32\n        byte-order: big-endian\n        display-hint: ipv4",
        Form::Ipv6 => "binary\n        checks: {min-len: 16}\n        display-hint: ipv6",
        Form::TcpFlags => "binary\n        struct: nf-ct-tcp-flags",
        Form::Str => "string",
        Form::Pad => "pad",
        Form::Nest(_) => "nest",
        _ => "binary",
    };
    let doc = attr.doc.split("\n\n").next().unwrap_or_default().replace(['\n', '"'], "");
    write!(out, "      -\n        name: {}\n        value: {}\n", kebab(attr.name), attr.number)?;
    write!(out, "        doc: \"{}\"\n        type: {form}\n", doc.trim())?;
    match (attr.form, attr.values) {
        (Form::Nest(set), _) => writeln!(out, "        nested-attributes: {}", kebab(set.name)),
        (form, Some(values)) if form.is_integer() => {
            writeln!(out, "        enum: {}", kebab(values.name))
        }
        _ => Ok(()),
    }
}

/// Writes one message of an operation, with all attributes of the set.
fn message(key: &str, number: u16, set: &SetSpec, out: &mut String) -> fmt::Result {
    let names = set.attrs.iter().filter(|attr| attr.form != Form::Pad).map(|attr| kebab(attr.name));
    let names = names.collect::<Vec<_>>().join(", ");
    write!(out, "        {key}:\n          value: {number:#x}\n          attributes: [{names}]\n")
}

fn operation(request: &MsgSpec, out: &mut String) -> fmt::Result {
    let Some(set) = request.set else { return Ok(()) };
    let name = kebab(request.name);
    write!(out, "    -\n      name: {name}\n      doc: Requests of type {}.\n", request.name)?;
    write!(out, "      attribute-set: {}\n      fixed-header: nfgenmsg\n", kebab(set.name))?;
    // A reply has the type of the message that creates its object. Statistics keep their type,
    // except those of expectations.
    let reply = match MsgType::from(request.number) {
        MsgType::CT_NEW | MsgType::CT_DELETE | MsgType::EXP_NEW | MsgType::EXP_DELETE => None,
        MsgType::EXP_GET => Some(MsgType::EXP_NEW),
        MsgType::EXP_GET_STATS_CPU => Some(MsgType::CT_GET_CTRZERO),
        stats @ (MsgType::CT_GET_STATS | MsgType::CT_GET_STATS_CPU) => Some(stats),
        _ => Some(MsgType::CT_NEW),
    };
    for mode in if reply.is_some() { &["do", "dump"][..] } else { &["do"] } {
        writeln!(out, "      {mode}:")?;
        message("request", request.number, set, out)?;
        if let Some(reply) = reply {
            message("reply", reply.into(), set, out)?;
        }
    }
    Ok(())
}
