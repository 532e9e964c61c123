//! What tshark reads: every field, and nanoseconds.

use super::common::NOW;
use super::time::rfc3339_of;
use super::{flows, is_installed, messages, network};
use ctnetlink::format::rfc3339;
use ctnetlink_flow::ipfix::{Config, Encoder, Statistics};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// The fields of tshark, and the values that it shows of a flow.
///
/// A field with two values shows that of the forward direction first, and milliseconds before
/// nanoseconds.
type Row = Vec<String>;

const FIELDS: [&str; 25] = [
    "cflow.srcaddr",
    "cflow.dstaddr",
    "cflow.srcaddrv6",
    "cflow.dstaddrv6",
    "cflow.srcport",
    "cflow.dstport",
    "cflow.protocol",
    "cflow.icmp_type_code_ipv4",
    "cflow.icmp_ipv4_type",
    "cflow.icmp_ipv4_code",
    "cflow.icmp_ipv6_type",
    "cflow.icmp_ipv6_code",
    "cflow.abstimestart",
    "cflow.abstimeend",
    "cflow.octets",
    "cflow.packets",
    "cflow.post_natsource_ipv4_address",
    "cflow.post_natdestination_ipv4_address",
    "cflow.post_nat_source_ipv6_address",
    "cflow.post_nat_destination_ipv6_address",
    "cflow.post_naptsource_transport_port",
    "cflow.post_naptdestination_transport_port",
    "cflow.ingress_vrfid",
    "cflow.enterprise_private_entry",
    "cflow.flow_id",
];

/// Returns the row that follows from the JSON of a message.
fn expected(json: &Value) -> Row {
    let at = |path: &str| json.pointer(path).filter(|value| !value.is_null());
    let text = |path: &str| {
        at(path).map_or(String::new(), |value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let is_v6 = text("/family") == "ipv6";
    let of = |is_wanted: bool, value: String| if is_wanted { value } else { String::new() };
    let proto = match text("/conntrack/orig/proto").as_str() {
        "icmp" => "1".into(),
        "tcp" => "6".into(),
        "udp" => "17".into(),
        "dccp" => "33".into(),
        "gre" => "47".into(),
        "icmpv6" => "58".into(),
        "sctp" => "132".into(),
        "udplite" => "136".into(),
        number => number.to_string(),
    };
    let has_ports = matches!(proto.as_str(), "6" | "17" | "33" | "132" | "136");
    let has_times = at("/conntrack/timestamp/stop").is_some();
    let time = |path: &str| {
        let ns = at(path).and_then(Value::as_u64).filter(|_| has_times);
        let both = |ns| format!("{},{}", rfc3339(ns / 1_000_000 * 1_000_000), rfc3339(ns));
        ns.map_or(String::new(), both)
    };
    let both = |name: &str| {
        let of = |direction| text(&format!("/conntrack/counters_{direction}/{name}"));
        of_pair(&of("orig"), &of("reply"))
    };
    let is_nat = at("/snat").is_some() || at("/dnat").is_some();
    let either = |first: &str, second: &str| match at(first) {
        Some(_) => text(first),
        None => text(second),
    };
    let source = either("/snat/addr", "/conntrack/orig/src");
    let destination = either("/dnat/addr", "/conntrack/orig/dst");
    let (ty, code) = (text("/conntrack/orig/icmp_type"), text("/conntrack/orig/icmp_code"));
    let type_and_code = |(ty, code): (&u64, &u64)| format!("0x{ty:02x}{code:02x}");
    let numbers: (Option<u64>, Option<u64>) = (ty.parse().ok(), code.parse().ok());
    let icmp = match (numbers, is_v6) {
        ((Some(ty), Some(code)), false) => type_and_code((&ty, &code)),
        _ => String::new(),
    };
    vec![
        of(!is_v6, text("/conntrack/orig/src")),
        of(!is_v6, text("/conntrack/orig/dst")),
        of(is_v6, text("/conntrack/orig/src")),
        of(is_v6, text("/conntrack/orig/dst")),
        of(has_ports, text("/conntrack/orig/src_port")),
        of(has_ports, text("/conntrack/orig/dst_port")),
        proto,
        icmp,
        of(!is_v6, ty.clone()),
        of(!is_v6, code.clone()),
        // Elements 139 and 178 have one name.
        of(is_v6, of_pair(&ty, &ty)),
        of(is_v6, of_pair(&code, &code)),
        time("/conntrack/timestamp/start"),
        time("/conntrack/timestamp/stop"),
        both("bytes"),
        both("packets"),
        of(is_nat && !is_v6, source.clone()),
        of(is_nat && !is_v6, destination.clone()),
        of(is_nat && is_v6, source),
        of(is_nat && is_v6, destination),
        of(is_nat && has_ports, either("/snat/port", "/conntrack/orig/src_port")),
        of(is_nat && has_ports, either("/dnat/port", "/conntrack/orig/dst_port")),
        either("/conntrack/zone", "/conntrack/orig/zone"),
        at("/conntrack/mark")
            .and_then(Value::as_u64)
            .map_or(String::new(), |mark| format!("{mark:08x}")),
        text("/conntrack/id"),
    ]
}

fn of_pair(first: &str, second: &str) -> String {
    if first.is_empty() { String::new() } else { format!("{first},{second}") }
}

/// Returns the rows that tshark shows of the packets with data records.
fn rows(name: &str, contents: &[u8], fields: &[&str]) -> Vec<Row> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, contents).expect("a temporary file");
    let mut tshark = Command::new("tshark");
    tshark.env("TZ", "UTC").args(["-d", "udp.port==4739,cflow", "-d", "tcp.port==4739,cflow"]);
    tshark.arg("-r").arg(&path).args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    // Addresses and times contain no `|`, but times contain a comma.
    tshark.args(["-E", "aggregator=|"]);
    for field in fields {
        tshark.args(["-e", field]);
    }
    let output = tshark.output().expect("tshark runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let rows = text.lines().filter(|line| !line.trim().is_empty());
    rows.map(|row| row.split('\t').map(shown).collect()).collect()
}

/// Returns values as `expected` writes them.
fn shown(values: &str) -> String {
    values
        .split('|')
        .map(|value| rfc3339_of(value).unwrap_or(value.into()))
        .collect::<Vec<_>>()
        .join(",")
}

#[test]
fn tshark_shows_every_field_over_udp_over_tcp_and_in_a_file() {
    if !is_installed("tshark") {
        return;
    }
    let mut ended = flows::of_each_shape();
    ended.extend(flows::recorded());
    let messages = messages(Config { mark: true, ..Config::default() }, &ended);
    let expected: Vec<_> = ended.iter().map(|flow| expected(&flow.json())).collect();
    for (name, contents) in [
        ("flows.ipfix", messages.concat()),
        ("udp.pcap", network::udp(&messages)),
        ("tcp.pcap", network::tcp(&messages)),
    ] {
        let shown = rows(name, &contents, &FIELDS);
        assert_eq!(shown.len(), expected.len(), "{name}");
        for ((shown, expected), flow) in shown.iter().zip(&expected).zip(&ended) {
            for ((field, shown), expected) in FIELDS.iter().zip(shown).zip(expected) {
                assert_eq!(shown, expected, "{name}: {field} of {}", flow.json());
            }
        }
    }
}

#[test]
fn tshark_shows_the_statistics() {
    if !is_installed("tshark") {
        return;
    }
    let mut encoder = Encoder::new(Config { domain: 77, ..Config::default() });
    let statistics = Statistics {
        messages: 4_321,
        bytes: 987_654_321,
        records: 54_321,
        observed: 65_432,
        not_sent: 11_111,
        first_loss: 1_795_552_001_123_000_000,
        last_loss: 1_795_552_002_456_000_000,
        process: 4_242,
    };
    encoder.push_statistics(&statistics, NOW);
    let message = encoder.next_message().expect("a message").bytes.to_vec();
    let fields = [
        "cflow.od_id",
        "cflow.packetsexp",
        "cflow.flowsexp",
        "cflow.octetsexp",
        "cflow.notsent_flows",
        "cflow.abstimestart",
        "cflow.abstimeend",
    ];
    let rows = rows("statistics.ipfix", &message, &fields);
    let expected = [
        "0,77",
        "4321",
        "54321",
        "987654321",
        "11111",
        "2026-11-24T20:26:41.123000000Z",
        "2026-11-24T20:26:42.456000000Z",
    ];
    assert_eq!(rows, [expected.map(String::from).to_vec()]);
}
