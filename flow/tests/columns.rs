//! Rows of columns against the JSON of messages.
#![cfg(feature = "columns")]

mod golden;

use ctnetlink::flat::{Help, Name, Tcp, Timestamp};
use ctnetlink::format::Json;
use ctnetlink::{
    Conntrack, Counters, Endian, Family, Message, MessageBuilder, Messages, MsgType, ProtoInfo,
    TcpState, Tuple,
};
use ctnetlink_flow::column::{COLUMNS, ColumnType, Value};
use ctnetlink_flow::{Flow, csv, json};
use golden::{kernels, name, packets};
use serde_json::{Map, Value as Any, json};
use std::collections::BTreeMap;

/// The time of a packet whose recording has none.
const TIME: u64 = 1_795_335_637_123_456_789;

type Row = Map<String, Any>;

/// Returns the row of a flow in JSON.
fn row(flow: &Flow<'_>) -> Row {
    let mut line = Vec::new();
    json::write_row(flow, &mut line);
    assert_eq!(line.last(), Some(&b'\n'));
    serde_json::from_slice(&line).unwrap()
}

/// Makes the JSON of a message out of a row, by the rules of docs/columns.md.
fn rebuild(row: &Row) -> Any {
    let event = row["event"].as_str().unwrap();
    let mut message = json!({"kind": event, "seq": 0, "portid": 0, "byte_order": "little"});
    let usual = match event {
        "new" => Some(("IPCTNL_MSG_CT_NEW", json!(["EXCL", "CREATE"]))),
        "update" => Some(("IPCTNL_MSG_CT_NEW", json!([]))),
        "destroy" => Some(("IPCTNL_MSG_CT_DELETE", json!([]))),
        "reply" => Some(("IPCTNL_MSG_CT_NEW", json!(["MULTI"]))),
        _ => None,
    };
    if let Some((msg_type, flags)) = usual {
        message["type"] = json!(msg_type);
        message["flags"] = flags;
    }
    let mut entry = json!({});
    for column in COLUMNS {
        let (Some(path), Some(value)) = (column.json, row.get(column.name)) else { continue };
        let value = match column.name {
            "event" | "event_time" | "start_time" | "end_time" | "proto_number" | "labels_hi" => {
                continue;
            }
            "ip_version" => {
                let family = json!(if *value == json!(4) { "ipv4" } else { "ipv6" });
                entry["family"] = family.clone();
                family
            }
            "proto" | "state" => match value.as_str().unwrap().parse::<u8>() {
                Ok(number) => json!(number),
                Err(_) => value.clone(),
            },
            "status" => status(value.as_u64().unwrap()),
            "labels_lo" => labels(row),
            _ => value.clone(),
        };
        let proto = row.get("proto").and_then(Any::as_str).unwrap_or_default();
        let path = path.replace('*', proto);
        let mut place = match path.strip_prefix("conntrack.") {
            Some(_) => &mut entry,
            None => &mut message,
        };
        for key in path.trim_start_matches("conntrack.").split('.') {
            place = &mut place[key];
        }
        *place = value;
    }
    let is_reply = |name: &String| name.starts_with("reply_src") || name.starts_with("reply_dst");
    if row.keys().any(is_reply) && entry["orig"].get("proto").is_some() {
        entry["reply"]["proto"] = entry["orig"]["proto"].clone();
    }
    // Reading an absent key made it null.
    if let Some(entry) = entry.as_object_mut() {
        entry.retain(|_, value| !value.is_null());
    }
    message["conntrack"] = entry;
    if let Some(rest) = row.get("rest") {
        merge(&mut message, serde_json::from_str(rest.as_str().unwrap()).unwrap());
    }
    message
}

/// Applies a merge patch, as RFC 7396 defines it.
fn merge(target: &mut Any, patch: Any) {
    let Any::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        match value {
            Any::Null => drop(target.remove(&key)),
            value => merge(target.entry(key).or_insert(Any::Null), value),
        }
    }
}

fn status(bits: u64) -> Any {
    // `enum ip_conntrack_status`.
    const NAMES: [&str; 16] = [
        "EXPECTED",
        "SEEN_REPLY",
        "ASSURED",
        "CONFIRMED",
        "SRC_NAT",
        "DST_NAT",
        "SEQ_ADJUST",
        "SRC_NAT_DONE",
        "DST_NAT_DONE",
        "DYING",
        "FIXED_TIMEOUT",
        "TEMPLATE",
        "UNTRACKED",
        "HELPER",
        "OFFLOAD",
        "HW_OFFLOAD",
    ];
    let set = |(n, name): (usize, &&str)| (bits >> n & 1 == 1).then(|| json!(name));
    let mut list: Vec<_> = NAMES.iter().enumerate().filter_map(set).collect();
    let unknown = bits >> NAMES.len() << NAMES.len();
    list.extend((unknown != 0).then_some(json!(unknown)));
    json!(list)
}

fn labels(row: &Row) -> Any {
    let half = |name: &str| row[name].as_i64().unwrap() as u64;
    let bits = u128::from(half("labels_hi")) << 64 | u128::from(half("labels_lo"));
    json!((0..128).filter(|n| bits >> n & 1 == 1).collect::<Vec<u8>>())
}

/// Checks the row of a message, if it has one, and returns it.
fn check(message: &Message<'_>, time: Option<u64>, place: &str) -> Option<Row> {
    let entry = message.conntrack().ok()?;
    let flow = Flow { event_time: time, ..Flow::new(*message, &entry) };
    let row = row(&flow);
    let expected = Json { time, ..Json::default() }.line(message);
    let expected: Any = serde_json::from_str(&expected).unwrap();
    assert_eq!(rebuild(&row), expected, "{place}: {row:?}");
    if let Some(rest) = row.get("rest") {
        let rest: Any = serde_json::from_str(rest.as_str().unwrap()).unwrap();
        assert!(rest.as_object().is_some_and(|rest| !rest.is_empty()), "{place}");
    }
    Some(row)
}

#[test]
fn every_recorded_message_is_its_row_and_rest() {
    for kernel in kernels() {
        let mut kinds = BTreeMap::new();
        for packet in packets(&kernel) {
            for message in Messages::with_endian(&packet.bytes, packet.endian) {
                let message = message.unwrap();
                if let Some(row) = check(&message, packet.time.or(Some(TIME)), &packet.place) {
                    let event = row["event"].as_str().unwrap().to_owned();
                    let with_times = kinds.entry(event).or_insert(0);
                    *with_times += usize::from(row.contains_key("duration_ns"));
                }
            }
        }
        let with_times = kinds["destroy"];
        assert!(with_times >= 3, "{}: {with_times} rows with both times", name(&kernel));
        let kinds: Vec<_> = kinds.keys().collect();
        assert_eq!(kinds, ["destroy", "new", "reply", "request", "update"], "{}", name(&kernel));
    }
}

#[test]
fn every_changed_message_is_its_row_and_rest() {
    // A linear congruential generator; its numbers are the same in every run.
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut rows, mut with_errors) = (0, 0);
    for kernel in kernels() {
        for packet in packets(&kernel) {
            for message in Messages::with_endian(&packet.bytes, packet.endian) {
                let mut bytes = message.unwrap().as_bytes().to_vec();
                if bytes.len() <= 20 {
                    continue;
                }
                for _ in 0..4 {
                    // Not the length, which says where the message ends.
                    let at = 4 + random(bytes.len() - 4);
                    bytes[at] ^= 1 << random(8);
                    let message = Message::parse_with(&bytes, packet.endian).unwrap();
                    if let Some(row) = check(&message, packet.time, &packet.place) {
                        rows += 1;
                        let rest = row.get("rest").and_then(Any::as_str).unwrap_or_default();
                        with_errors += usize::from(rest.contains("\"errors\""));
                    }
                }
            }
        }
    }
    assert!(rows > 1000 && with_errors > 100, "{rows} rows, {with_errors} with errors");
}

/// Returns a DESTROY event with this entry.
fn destroy(entry: &Conntrack) -> ctnetlink::MessageBuf {
    let builder = MessageBuilder::new(MsgType::CT_DELETE, Family::IPV4);
    let builder = MessageBuilder { endian: Endian::Little, ..builder };
    entry.to_message(&builder, ctnetlink::flat::Layout::Event).unwrap()
}

fn udp() -> Conntrack {
    Conntrack::new(Tuple::udp(
        "192.0.2.1:40000".parse().unwrap(),
        "198.51.100.7:53".parse().unwrap(),
    ))
}

#[test]
fn a_number_that_does_not_fit_is_absent_and_in_rest() {
    const TOO_LARGE: u64 = 1 << 63;
    let counters = |packets, bytes| Counters { packets: Some(packets), bytes: Some(bytes) };
    let entry = Conntrack {
        counters_orig: counters(TOO_LARGE, TOO_LARGE - 1),
        timestamp: Timestamp { start: Some(123_456_789), stop: Some(TOO_LARGE + 987) },
        ..udp()
    };
    let message = destroy(&entry);
    let row = check(&message.as_message(), Some(u64::MAX - 5), "large numbers").unwrap();
    for absent in ["orig_packets", "end_ns", "end_time", "event_ns", "event_time"] {
        assert_eq!(row.get(absent), None, "{absent}");
    }
    assert_eq!(row["orig_bytes"], json!(i64::MAX));
    assert_eq!(row["start_time"], json!("1970-01-01T00:00:00.123456Z"));
    // This one fits, although the end does not.
    assert_eq!(row["duration_ns"], json!(TOO_LARGE + 987 - 123_456_789));
    let rest: Any = serde_json::from_str(row["rest"].as_str().unwrap()).unwrap();
    assert_eq!(rest["conntrack"]["counters_orig"], json!({"packets": TOO_LARGE}));
    assert_eq!(rest["conntrack"]["timestamp"], json!({"stop": TOO_LARGE + 987}));
    assert_eq!(rest["time"], json!(u64::MAX - 5));
}

#[test]
fn a_plain_event_has_no_rest() {
    let entry = Conntrack { id: Some(0x9abc_def0), timeout: Some(0), mark: Some(0), ..udp() };
    let row = check(&destroy(&entry).as_message(), None, "plain").unwrap();
    assert_eq!(row.get("rest"), None);
    assert_eq!((&row["timeout_s"], &row["mark"]), (&json!(0), &json!(0)));
    assert_eq!((row.get("zone"), row.get("orig_bytes")), (None, None));
    // The kernel's own time of the event has no column.
    let entry = Conntrack { timestamp_event: Some(TIME), ..entry };
    let row = check(&destroy(&entry).as_message(), None, "event time").unwrap();
    assert_eq!(row["rest"], json!(r#"{"conntrack":{"timestamp_event":1795335637123456789}}"#));
}

#[test]
fn what_the_columns_imply_wrongly_is_in_rest() {
    let entry = udp();
    let entry = Conntrack { reply: Tuple { proto: None, ..entry.reply }, ..entry };
    let row = check(&destroy(&entry).as_message(), None, "no protocol").unwrap();
    assert_eq!(row["rest"], json!(r#"{"conntrack":{"reply":{"proto":null}}}"#));
    // The state of another protocol than that of the tuples.
    let tcp = Tcp { state: Some(TcpState::FIN_WAIT), ..Tcp::default() };
    let entry = Conntrack { protoinfo: Some(ProtoInfo::Tcp(tcp)), ..udp() };
    let row = check(&destroy(&entry).as_message(), None, "another state").unwrap();
    assert_eq!(row.get("state"), None);
    assert_eq!(row["rest"], json!(r#"{"conntrack":{"protoinfo":{"tcp":{"state":"FIN_WAIT"}}}}"#));
}

#[test]
fn a_stop_before_the_start_has_no_duration() {
    let timestamp = Timestamp { start: Some(TIME), stop: Some(TIME - 1) };
    let row = check(&destroy(&Conntrack { timestamp, ..udp() }).as_message(), None, "set back");
    let row = row.unwrap();
    assert_eq!(row.get("duration_ns"), None);
    assert_eq!((&row["start_ns"], &row["end_ns"]), (&json!(TIME), &json!(TIME - 1)));
}

#[test]
fn csv_has_the_values_of_json() {
    let help = Help { name: Some(Name::from("a \"b\", c")), ..Help::default() };
    let mut flows = vec![destroy(&Conntrack { help, ..udp() }).into_bytes()];
    for packet in packets(&kernels()[0]) {
        let messages = Messages::with_endian(&packet.bytes, packet.endian);
        flows.extend(messages.map(|message| message.unwrap().as_bytes().to_vec()));
    }
    let (mut expected, mut text) = (Vec::new(), Vec::new());
    csv::write_header(&mut text);
    for bytes in &flows {
        let message = Message::parse_with(bytes, Endian::Little).unwrap();
        let Ok(entry) = message.conntrack() else { continue };
        let flow =
            Flow { host: Some("gateway"), lost_before: Some(3), ..Flow::new(message, &entry) };
        csv::write_row(&flow, &mut text);
        expected.push(row(&flow));
    }
    let text = String::from_utf8(text).unwrap();
    let mut lines = fields(&text).into_iter();
    let header = lines.next().unwrap();
    assert!(header.iter().eq(COLUMNS.iter().map(|column| column.name)), "{header:?}");
    let rows: Vec<Row> = lines.map(|line| parse(&header, &line)).collect();
    assert!(rows.len() > 100, "{}", rows.len());
    assert_eq!(rows, expected);
}

/// Splits CSV into rows of fields, with the quotation marks of a field that has them.
fn fields(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        match c {
            ',' if !quoted => rows.last_mut().unwrap().push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            c => rows.last_mut().unwrap().last_mut().unwrap().push(c),
        }
    }
    assert_eq!(rows.pop(), Some(vec![String::new()]));
    rows
}

fn parse(header: &[String], fields: &[String]) -> Row {
    assert_eq!(header.len(), fields.len(), "{fields:?}");
    let mut row = Row::new();
    for (column, field) in COLUMNS.iter().zip(fields).filter(|(_, field)| !field.is_empty()) {
        let value = match column.value_type {
            ColumnType::Int32 => json!(field.parse::<i32>().unwrap()),
            ColumnType::Int64 => json!(field.parse::<i64>().unwrap()),
            _ => match field.strip_prefix('"') {
                Some(text) => json!(text.strip_suffix('"').unwrap().replace("\"\"", "\"")),
                None => json!(field),
            },
        };
        row.insert(column.name.to_owned(), value);
    }
    row
}

#[test]
fn values_have_the_type_of_their_column() {
    for packet in kernels().iter().flat_map(|kernel| packets(kernel)) {
        for message in Messages::with_endian(&packet.bytes, packet.endian) {
            let message = message.unwrap();
            let Ok(entry) = message.conntrack() else { continue };
            let flow = Flow { event_time: packet.time, ..Flow::new(message, &entry) };
            for column in COLUMNS {
                let Some(value) = column.read(&flow) else { continue };
                let fits = match (column.value_type, &value) {
                    (ColumnType::Int32, Value::Int(number)) => i32::try_from(*number).is_ok(),
                    (ColumnType::Int64, Value::Int(_))
                    | (ColumnType::Time, Value::Time(_))
                    | (ColumnType::Address, Value::Address(_))
                    | (ColumnType::Name | ColumnType::Text, Value::Text(_)) => true,
                    _ => false,
                };
                assert!(fits, "{}: {}: {value:?}", packet.place, column.name);
            }
        }
    }
}
