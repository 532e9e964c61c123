//! The fields of flow records, each declared once for templates and for data.

use super::element::Element;
use super::shape::Shape;
use super::time::{ntp_time, unix_ms};
use crate::flow::layer4;
use crate::{Flow, Layer4};
use ctnetlink::flat::Endpoint;
use ctnetlink::{Conntrack, Counters, Kind, Tuple};
use std::net::IpAddr;

/// At least the length of the longest record: one of IPv6 with every field.
pub(super) const LONGEST: usize = 160;

/// Receives the fields of a record in their order.
pub(super) trait Fields {
    fn put<const N: usize>(&mut self, element: Element, value: [u8; N]);
}

/// The fields of a template.
#[derive(Default)]
pub(super) struct Template(pub(super) Vec<Element>);

impl Fields for Template {
    fn put<const N: usize>(&mut self, element: Element, _: [u8; N]) {
        debug_assert_eq!(usize::from(element.length), N, "{element}");
        self.0.push(element);
    }
}

/// The place where a data record is written.
pub(super) struct Data<'a> {
    place: &'a mut [u8; LONGEST],
    length: usize,
}

impl<'a> Data<'a> {
    pub(super) fn new(place: &'a mut [u8; LONGEST]) -> Self {
        Self { place, length: 0 }
    }

    /// Returns the number of bytes that were put.
    pub(super) fn length(&self) -> usize {
        self.length
    }
}

impl Fields for Data<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, _: Element, value: [u8; N]) {
        let end = self.length + N;
        if let Some(place) = self.place.get_mut(self.length..end) {
            place.copy_from_slice(&value);
            self.length = end;
        }
    }
}

/// Puts the fields of a biflow, with the counters of both directions.
#[inline(always)]
pub(super) fn biflow(shape: Shape, flow: &Flow<'_>, out: &mut impl Fields) {
    let entry = flow.entry;
    keys(shape, &entry.orig, out);
    times(shape, flow, out);
    if shape.has_counters() {
        counters(&entry.counters_orig, |element| element, out);
        counters(&entry.counters_reply, Element::reverse, out);
    }
    nat(shape, || after_nat(entry), out);
    zone_and_mark(shape, flow.zone(), flow.entry.mark, out);
    out.put(Element::FLOW_END_REASON, [flow.end_reason() as u8]);
    out.put(Element::BIFLOW_DIRECTION, [1]);
    out.put(Element::FLOW_ID, flow_id(flow));
}

/// Puts the fields of one direction: the original one, or the reply.
#[inline(always)]
pub(super) fn uniflow(shape: Shape, flow: &Flow<'_>, is_reply: bool, out: &mut impl Fields) {
    let entry = flow.entry;
    let (tuple, counted) = if is_reply {
        (&entry.reply, &entry.counters_reply)
    } else {
        (&entry.orig, &entry.counters_orig)
    };
    keys(shape, tuple, out);
    times(shape, flow, out);
    if shape.has_counters() {
        counters(counted, |element| element, out);
    }
    nat(shape, || if is_reply { before_nat(entry) } else { after_nat(entry) }, out);
    let zone = if is_reply { flow.reply_zone() } else { flow.zone() };
    zone_and_mark(shape, zone, entry.mark, out);
    out.put(Element::FLOW_END_REASON, [flow.end_reason() as u8]);
    out.put(Element::FLOW_ID, flow_id(flow));
}

/// Puts the fields of a NAT event, as RFC 8158 defines it.
#[inline(always)]
pub(super) fn nat_event(shape: Shape, flow: &Flow<'_>, out: &mut impl Fields) {
    let time = flow.nat_event_time().unwrap_or_default();
    out.put(Element::OBSERVATION_TIME_MILLISECONDS, unix_ms(time).to_be_bytes());
    out.put(Element::NAT_EVENT, [if flow.message.kind() == Kind::New { 4 } else { 5 }]);
    keys(shape, &flow.entry.orig, out);
    nat(shape, || after_nat(flow.entry), out);
    zone_and_mark(shape, flow.zone(), flow.entry.mark, out);
}

#[inline(always)]
fn keys(shape: Shape, tuple: &Tuple, out: &mut impl Fields) {
    if shape.is_ipv6() {
        out.put(Element::SOURCE_IPV6_ADDRESS, ipv6(tuple.src));
        out.put(Element::DESTINATION_IPV6_ADDRESS, ipv6(tuple.dst));
    } else {
        out.put(Element::SOURCE_IPV4_ADDRESS, ipv4(tuple.src));
        out.put(Element::DESTINATION_IPV4_ADDRESS, ipv4(tuple.dst));
    }
    if shape.has_ports() {
        out.put(Element::SOURCE_TRANSPORT_PORT, port(tuple.src_port));
        out.put(Element::DESTINATION_TRANSPORT_PORT, port(tuple.dst_port));
    } else if shape.has_icmp() {
        let (ty, code) = match layer4(tuple) {
            Layer4::Icmp { icmp_type, icmp_code } => (icmp_type, icmp_code),
            _ => (0, 0),
        };
        if shape.is_ipv6() {
            out.put(Element::ICMP_TYPE_CODE_IPV6, [ty, code]);
            out.put(Element::ICMP_TYPE_IPV6, [ty]);
            out.put(Element::ICMP_CODE_IPV6, [code]);
        } else {
            out.put(Element::ICMP_TYPE_CODE_IPV4, [ty, code]);
            out.put(Element::ICMP_TYPE_IPV4, [ty]);
            out.put(Element::ICMP_CODE_IPV4, [code]);
        }
    }
    out.put(Element::PROTOCOL_IDENTIFIER, [tuple.proto.map_or(0, |proto| proto.0)]);
}

/// Puts the milliseconds first: some collectors use the last time of a record.
#[inline(always)]
fn times(shape: Shape, flow: &Flow<'_>, out: &mut impl Fields) {
    if shape.has_times() {
        let timestamp = &flow.entry.timestamp;
        let start = timestamp.start.unwrap_or_default();
        let stop = timestamp.stop.unwrap_or_default();
        out.put(Element::FLOW_START_MILLISECONDS, unix_ms(start).to_be_bytes());
        out.put(Element::FLOW_END_MILLISECONDS, unix_ms(stop).to_be_bytes());
        out.put(Element::FLOW_START_NANOSECONDS, ntp_time(start).to_be_bytes());
        out.put(Element::FLOW_END_NANOSECONDS, ntp_time(stop).to_be_bytes());
    }
}

#[inline(always)]
fn counters(counters: &Counters, direction: fn(Element) -> Element, out: &mut impl Fields) {
    let (bytes, packets) = (counters.bytes, counters.packets);
    out.put(direction(Element::OCTET_DELTA_COUNT), bytes.unwrap_or_default().to_be_bytes());
    out.put(direction(Element::PACKET_DELTA_COUNT), packets.unwrap_or_default().to_be_bytes());
}

/// A source and a destination.
type Ends = ((Option<IpAddr>, Option<u16>), (Option<IpAddr>, Option<u16>));

/// Returns where the packets of the original direction come from and go to after NAT.
fn after_nat(entry: &Conntrack) -> Ends {
    let Tuple { src, src_port, dst, dst_port, .. } = entry.orig;
    let ends = |end: Endpoint| (Some(end.addr), end.port);
    (entry.snat().map_or((src, src_port), ends), entry.dnat().map_or((dst, dst_port), ends))
}

/// Returns where the packets of the reply come from and go to after NAT, which is undone for them.
fn before_nat(entry: &Conntrack) -> Ends {
    let Tuple { src, src_port, dst, dst_port, .. } = entry.orig;
    ((dst, dst_port), (src, src_port))
}

/// Puts the source and destination after NAT; a side that is not translated is repeated.
#[inline(always)]
fn nat(shape: Shape, ends: impl FnOnce() -> Ends, out: &mut impl Fields) {
    if shape.has_nat() {
        let ((src, src_port), (dst, dst_port)) = ends();
        if shape.is_ipv6() {
            out.put(Element::POST_NAT_SOURCE_IPV6_ADDRESS, ipv6(src));
            out.put(Element::POST_NAT_DESTINATION_IPV6_ADDRESS, ipv6(dst));
        } else {
            out.put(Element::POST_NAT_SOURCE_IPV4_ADDRESS, ipv4(src));
            out.put(Element::POST_NAT_DESTINATION_IPV4_ADDRESS, ipv4(dst));
        }
        if shape.has_ports() {
            out.put(Element::POST_NAPT_SOURCE_TRANSPORT_PORT, port(src_port));
            out.put(Element::POST_NAPT_DESTINATION_TRANSPORT_PORT, port(dst_port));
        }
    }
}

#[inline(always)]
fn zone_and_mark(shape: Shape, zone: Option<u16>, mark: Option<u32>, out: &mut impl Fields) {
    if shape.has_zone() {
        out.put(Element::INGRESS_VRFID, u32::from(zone.unwrap_or_default()).to_be_bytes());
    }
    if shape.has_mark() {
        out.put(Element::MARK, mark.unwrap_or_default().to_be_bytes());
    }
}

fn flow_id(flow: &Flow<'_>) -> [u8; 8] {
    u64::from(flow.entry.id.unwrap_or_default()).to_be_bytes()
}

fn ipv4(addr: Option<IpAddr>) -> [u8; 4] {
    match addr {
        Some(IpAddr::V4(addr)) => addr.octets(),
        _ => [0; 4],
    }
}

fn ipv6(addr: Option<IpAddr>) -> [u8; 16] {
    match addr {
        Some(IpAddr::V6(addr)) => addr.octets(),
        _ => [0; 16],
    }
}

fn port(port: Option<u16>) -> [u8; 2] {
    port.unwrap_or_default().to_be_bytes()
}
