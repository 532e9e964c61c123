//! Flow records as a table for people.

use ctnetlink::flat::Endpoint;
use ctnetlink::format::rfc3339;
use ctnetlink_flow::Flow;
use ctnetlink_flow::column::Column;
use std::fmt::Write as _;

/// The headings, and the width of each column; longer values move the rest of their line.
const COLUMNS: [(&str, usize); 9] = [
    ("START", 30),
    ("DURATION", 18),
    ("PROTO", 7),
    ("SOURCE", 21),
    ("DESTINATION", 21),
    ("NAT", 25),
    ("PACKETS", 13),
    ("BYTES", 19),
    ("EVENT", 0),
];

/// Appends the headings.
pub(super) fn write_header(out: &mut Vec<u8>) {
    write_line(COLUMNS.map(|(heading, _)| heading.to_owned()), out);
}

/// Appends the line of a flow.
pub(super) fn write_row(flow: &Flow<'_>, out: &mut Vec<u8>) {
    let entry = flow.entry;
    let timestamp = &entry.timestamp;
    let endpoint = |addr, port| or_dash(addr, |addr| with_port(Endpoint { addr, port }));
    let both = |orig: Option<u64>, reply: Option<u64>| match (orig, reply) {
        (None, None) => "-".to_owned(),
        (orig, reply) => {
            let [orig, reply] = [orig, reply].map(|count| or_dash(count, |n| n.to_string()));
            format!("{orig} / {reply}")
        }
    };
    let (orig, reply) = (&entry.counters_orig, &entry.counters_reply);
    let mut event = text("event", flow).unwrap_or_default();
    if let Some(state) = text("state", flow) {
        // Writing to a string does not fail.
        let _ = write!(event, ", {state}");
    }
    let line = [
        or_dash(timestamp.start, rfc3339),
        or_dash(timestamp.duration_ns(), seconds),
        or_dash(text("proto", flow), |proto| proto),
        endpoint(entry.orig.src, entry.orig.src_port),
        endpoint(entry.orig.dst, entry.orig.dst_port),
        nat(flow),
        both(orig.packets, reply.packets),
        both(orig.bytes, reply.bytes),
        event,
    ];
    write_line(line, out);
}

fn write_line(values: [String; COLUMNS.len()], out: &mut Vec<u8>) {
    let mut line = String::new();
    for (value, (_, width)) in values.into_iter().zip(COLUMNS) {
        let _ = write!(line, "{value:width$}  ");
    }
    out.extend_from_slice(line.trim_end().as_bytes());
    out.push(b'\n');
}

fn or_dash<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), text)
}

/// Returns the value of a column as text.
fn text(column: &str, flow: &Flow<'_>) -> Option<String> {
    Column::by_name(column).and_then(|column| column.read(flow)).map(|value| value.to_string())
}

fn seconds(ns: u64) -> String {
    format!("{:>6}.{:09} s", ns / 1_000_000_000, ns % 1_000_000_000)
}

fn with_port(endpoint: Endpoint) -> String {
    match endpoint.port {
        Some(port) if endpoint.addr.is_ipv6() => format!("[{}]:{port}", endpoint.addr),
        Some(port) => format!("{}:{port}", endpoint.addr),
        None => endpoint.addr.to_string(),
    }
}

/// Returns what source and destination are translated to.
fn nat(flow: &Flow<'_>) -> String {
    let part = |what, to: Option<Endpoint>| to.map(|to| format!("{what} {}", with_port(to)));
    let parts = [part("src", flow.entry.snat()), part("dst", flow.entry.dnat())];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(" ") }
}
