//! The table of columns.

use super::field::{self, named};
use super::rest::rest;
use super::{Column, ColumnType, Value};
use crate::Flow;
use crate::ipfix::Element;
use ctnetlink::flat::Endpoint;
use ctnetlink::{Conntrack, Family, IpProto, Kind, ProtoInfo};

/// Declares the columns in their order.
///
/// A column is read from a `field` of the entry, which it then holds, or `by` a function, with the path in
/// JSON. Brackets contain the information elements.
macro_rules! columns {
    (
        $(
            $(#[doc = $meaning:literal])+
            $name:ident: $Type:ident $(in $unit:literal)?, $how:ident($($source:tt)+),
            $([$($element:expr),+],)? absent: $absent:literal;
        )+
    ) => {
        /// All columns, in the order of a row.
        pub const COLUMNS: &[Column] = &[
            $(
                Column {
                    name: stringify!($name),
                    value_type: ColumnType::$Type,
                    unit: unit!($($unit)?),
                    meaning: concat!($($meaning),+).trim_ascii(),
                    absent: $absent,
                    json: path!($how($($source)+)),
                    elements: &[$($($element),+)?],
                    read: reader!($how($($source)+)),
                },
            )+
        ];

        /// Makes every field absent that a column holds.
        #[inline]
        pub(super) fn erase_fields(entry: &mut Conntrack) {
            $( erase!(entry, $how($($source)+)); )+
        }
    };
}

macro_rules! unit {
    () => {
        None
    };
    ($unit:literal) => {
        Some($unit)
    };
}

macro_rules! path {
    (field($($field:ident).+)) => {
        Some(concat!("conntrack" $(, ".", stringify!($field))+))
    };
    (by($read:expr)) => {
        None
    };
    (by($read:expr, $path:literal)) => {
        Some($path)
    };
}

macro_rules! reader {
    (field($($field:ident).+)) => {
        |flow| field::read(&flow.entry.$($field).+)
    };
    (by($read:expr $(, $path:literal)?)) => {
        $read
    };
}

macro_rules! erase {
    ($entry:ident, field($($field:ident).+)) => {
        field::erase(&mut $entry.$($field).+)
    };
    ($entry:ident, by($($source:tt)+)) => {};
}

columns! {
    /// The kind of the message: `new`, `update`, `destroy`, `reply` (a dump) or `request`.
    event: Name, by(event, "kind"), [Element::NAT_EVENT], absent: "never";
    /// The time of `event_ns`, rounded down.
    event_time: Time, by(|flow| micros(flow.event_time), "time"), absent: "as in `event_ns`";
    /// The time at which the message was captured or received.
    event_ns: Int64 in "ns since 1970", by(|flow| fitting(flow.event_time), "time"),
        absent: "the input does not contain it";
    /// The time of `start_ns`, rounded down.
    start_time: Time, by(|flow| micros(flow.entry.timestamp.start), "conntrack.timestamp.start"),
        [Element::FLOW_START_MILLISECONDS], absent: "as in `start_ns`";
    /// The time at which the flow began: the kernel confirmed its first packet.
    start_ns: Int64 in "ns since 1970", field(timestamp.start), [Element::FLOW_START_NANOSECONDS],
        absent: "the kernel recorded no times when the flow began";
    /// The time of `end_ns`, rounded down.
    end_time: Time, by(|flow| micros(flow.entry.timestamp.stop), "conntrack.timestamp.stop"),
        [Element::FLOW_END_MILLISECONDS], absent: "as in `end_ns`";
    /// The time at which the entry was destroyed: the last packet plus the timeout, if it ran out.
    end_ns: Int64 in "ns since 1970", field(timestamp.stop), [Element::FLOW_END_NANOSECONDS],
        absent: "the flow is active, or as in `start_ns`";
    /// The time from start to end.
    duration_ns: Int64 in "ns", by(duration, "duration"),
        absent: "one of the times is absent, or the clock was set back in between";
    /// The version of IP: 4 or 6.
    ip_version: Int32, by(|flow| ip_version(flow.entry), "family"),
        absent: "another protocol of layer 3";
    /// The transport protocol: the kernel's name, or the number of a protocol without a name.
    proto: Name, field(orig.proto), absent: "the message does not contain it";
    /// The number of the transport protocol.
    proto_number: Int32, by(proto_number, "conntrack.orig.proto"), [Element::PROTOCOL_IDENTIFIER],
        absent: "as in `proto`";
    /// The source address of the first packet.
    src_addr: Address, field(orig.src),
        [Element::SOURCE_IPV4_ADDRESS, Element::SOURCE_IPV6_ADDRESS],
        absent: "the message does not contain it";
    /// The source port of the first packet; for GRE, the source key.
    src_port: Int32, field(orig.src_port), [Element::SOURCE_TRANSPORT_PORT],
        absent: "the protocol has no ports";
    /// The destination address of the first packet.
    dst_addr: Address, field(orig.dst),
        [Element::DESTINATION_IPV4_ADDRESS, Element::DESTINATION_IPV6_ADDRESS],
        absent: "the message does not contain it";
    /// The destination port of the first packet; for GRE, the destination key.
    dst_port: Int32, field(orig.dst_port), [Element::DESTINATION_TRANSPORT_PORT],
        absent: "the protocol has no ports";
    /// The source address of replies: the destination after NAT.
    reply_src_addr: Address, field(reply.src),
        [Element::POST_NAT_DESTINATION_IPV4_ADDRESS, Element::POST_NAT_DESTINATION_IPV6_ADDRESS],
        absent: "the message does not contain it";
    /// The source port of replies: the destination port after NAT.
    reply_src_port: Int32, field(reply.src_port), [Element::POST_NAPT_DESTINATION_TRANSPORT_PORT],
        absent: "the protocol has no ports";
    /// The destination address of replies: the source after NAT.
    reply_dst_addr: Address, field(reply.dst),
        [Element::POST_NAT_SOURCE_IPV4_ADDRESS, Element::POST_NAT_SOURCE_IPV6_ADDRESS],
        absent: "the message does not contain it";
    /// The destination port of replies: the source port after NAT.
    reply_dst_port: Int32, field(reply.dst_port), [Element::POST_NAPT_SOURCE_TRANSPORT_PORT],
        absent: "the protocol has no ports";
    /// The address to which source NAT translates the source.
    snat_addr: Address, by(|flow| address(snat(flow)), "snat.addr"),
        absent: "the source is not translated";
    /// The port to which source NAT translates the source port.
    snat_port: Int32, by(|flow| port(snat(flow)), "snat.port"),
        absent: "the source is not translated, or the protocol has no ports";
    /// The address to which destination NAT translates the destination.
    dnat_addr: Address, by(|flow| address(dnat(flow)), "dnat.addr"),
        absent: "the destination is not translated";
    /// The port to which destination NAT translates the destination port.
    dnat_port: Int32, by(|flow| port(dnat(flow)), "dnat.port"),
        absent: "the destination is not translated, or the protocol has no ports";
    /// The type of the first ICMP or ICMPv6 packet.
    icmp_type: Int32, field(orig.icmp_type), [Element::ICMP_TYPE_IPV4, Element::ICMP_TYPE_IPV6],
        absent: "another protocol";
    /// The code of the first ICMP or ICMPv6 packet.
    icmp_code: Int32, field(orig.icmp_code), [Element::ICMP_CODE_IPV4, Element::ICMP_CODE_IPV6],
        absent: "another protocol";
    /// The identifier of the first ICMP or ICMPv6 packet.
    icmp_id: Int32, field(orig.icmp_id), absent: "another protocol";
    /// The packets of the original direction.
    orig_packets: Int64 in "packets", field(counters_orig.packets), [Element::PACKET_DELTA_COUNT],
        absent: "the kernel did not count when the flow began";
    /// The bytes of the original direction, IP headers included.
    orig_bytes: Int64 in "bytes", field(counters_orig.bytes), [Element::OCTET_DELTA_COUNT],
        absent: "the kernel did not count when the flow began";
    /// The packets of the reply direction.
    reply_packets: Int64 in "packets", field(counters_reply.packets),
        [Element::PACKET_DELTA_COUNT.reverse()],
        absent: "the kernel did not count when the flow began";
    /// The bytes of the reply direction, IP headers included.
    reply_bytes: Int64 in "bytes", field(counters_reply.bytes),
        [Element::OCTET_DELTA_COUNT.reverse()],
        absent: "the kernel did not count when the flow began";
    /// The status flags, as the bits of `enum ip_conntrack_status`.
    status: Int64, field(status), absent: "the message does not contain them";
    /// The state of TCP, SCTP or DCCP: the kernel's name, or the number of a state without a name.
    state: Name, by(|flow| state(flow.entry), "conntrack.protoinfo.*.state"),
        absent: "the protocol has no states, or the kernel did not send it";
    /// The time until the entry expires.
    timeout_s: Int64 in "s", field(timeout),
        absent: "the kernel did not send it";
    /// The connection mark.
    mark: Int64, field(mark), [Element::MARK],
        absent: "the kernel did not send it, as usual for the mark 0";
    /// The number of the entry, which the kernel may reuse.
    id: Int64, field(id), [Element::FLOW_ID], absent: "the message does not contain it";
    /// The reference count.
    use_count: Int64, field(use_count), absent: "the message is an event";
    /// The zone of both directions.
    zone: Int32, field(zone), [Element::INGRESS_VRFID], absent: "no zone, or one per direction";
    /// The zone of the original direction alone.
    orig_zone: Int32, field(orig.zone), absent: "no such zone";
    /// The zone of the reply direction alone.
    reply_zone: Int32, field(reply.zone), absent: "no such zone";
    /// The labels 0 to 63, as the bits of a number in two's complement.
    labels_lo: Int64, by(|flow| labels(flow.entry, 0), "conntrack.labels"),
        absent: "the kernel did not send labels";
    /// The labels 64 to 127, as the bits of a number in two's complement.
    labels_hi: Int64, by(|flow| labels(flow.entry, 64), "conntrack.labels"),
        absent: "the kernel did not send labels";
    /// The name of the helper.
    helper: Name, field(help.name), absent: "no helper, or its name is not UTF-8";
    /// The security context.
    secctx: Name, field(secctx.name), absent: "no context, or it is not UTF-8";
    /// The host whose kernel sent the message.
    host: Name, by(|flow| flow.host.map(|host| Value::Text(host.into()))), absent: "not known";
    /// The number of events that the kernel dropped between the previous row and this one.
    lost_before: Int64 in "events", by(|flow| fitting(flow.lost_before)),
        absent: "not known, as in captures; 0 is none";
    /// What no other column holds, as a JSON object.
    rest: Text, by(|flow| rest(flow).map(|text| Value::Text(text.into()))), absent: "nothing";
}

fn event(flow: &Flow<'_>) -> Option<Value<'static>> {
    let name = match flow.message.kind() {
        Kind::New => "new",
        Kind::Update => "update",
        Kind::Destroy => "destroy",
        Kind::Reply => "reply",
        Kind::Request => "request",
        _ => return None,
    };
    Some(Value::Text(name.into()))
}

/// Returns a number if it fits.
pub(super) fn fitting(number: Option<u64>) -> Option<Value<'static>> {
    number.and_then(|number| i64::try_from(number).ok()).map(Value::Int)
}

/// Returns the microseconds of a number of nanoseconds that fits.
fn micros(ns: Option<u64>) -> Option<Value<'static>> {
    ns.and_then(|ns| i64::try_from(ns).ok()).map(|ns| Value::Time(ns / 1000))
}

pub(super) fn duration(flow: &Flow<'_>) -> Option<Value<'static>> {
    fitting(flow.entry.timestamp.duration_ns().filter(|_| is_from_kernel(flow)))
}

/// Returns `false` for a request, whose tuples and times describe no flow.
pub(super) fn is_from_kernel(flow: &Flow<'_>) -> bool {
    flow.message.kind() != Kind::Request
}

pub(super) fn ip_version(entry: &Conntrack) -> Option<Value<'static>> {
    match entry.family {
        Family::IPV4 => Some(Value::Int(4)),
        Family::IPV6 => Some(Value::Int(6)),
        _ => None,
    }
}

fn proto_number(flow: &Flow<'_>) -> Option<Value<'static>> {
    flow.entry.orig.proto.map(|proto| Value::Int(proto.0.into()))
}

fn snat(flow: &Flow<'_>) -> Option<Endpoint> {
    if is_from_kernel(flow) { flow.entry.snat() } else { None }
}

fn dnat(flow: &Flow<'_>) -> Option<Endpoint> {
    if is_from_kernel(flow) { flow.entry.dnat() } else { None }
}

fn address(endpoint: Option<Endpoint>) -> Option<Value<'static>> {
    endpoint.map(|endpoint| Value::Address(endpoint.addr))
}

fn port(endpoint: Option<Endpoint>) -> Option<Value<'static>> {
    endpoint.and_then(|endpoint| endpoint.port).map(|port| Value::Int(port.into()))
}

/// Returns the state if it is that of the original direction's protocol.
pub(super) fn state(entry: &Conntrack) -> Option<Value<'static>> {
    match (entry.orig.proto?, entry.protoinfo?) {
        (IpProto::TCP, ProtoInfo::Tcp(tcp)) => tcp.state.map(|s| named(s.name(), s.0)),
        (IpProto::SCTP, ProtoInfo::Sctp(sctp)) => sctp.state.map(|s| named(s.name(), s.0)),
        (IpProto::DCCP, ProtoInfo::Dccp(dccp)) => dccp.state.map(|s| named(s.name(), s.0)),
        _ => None,
    }
}

/// Returns the 64 labels from `first` on.
fn labels(entry: &Conntrack, first: u32) -> Option<Value<'static>> {
    entry.labels.map(|labels| Value::Int((labels.bits() >> first) as i64))
}
