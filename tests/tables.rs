//! Every attribute of every table, by bytes written by hand from the kernel's header.

use ctnetlink::attrs::{
    CtAttr, CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
    ExpectAttr, ExpectFlags, ExpectStatsAttr, StatsCpuAttr, StatsGlobalAttr, Status,
};
use ctnetlink::error::{Error, ErrorKind};
use ctnetlink::flat::{Labels, Record};
use ctnetlink::nested::*;
use ctnetlink::spec::{Form, SetSpec};
use ctnetlink::wire::control::{
    ExtAck, NetlinkPolicyTypeAttr, NlMsgErr, NlmsgerrAttrs, PolicyAttr,
};
use ctnetlink::wire::{
    AttrSet, Attrs, AttrsBuf, Datagram, Endian, HostBits, NlmFlags, NulStr, RawAttr, RawMessage,
    Visitor, Writer,
};
use ctnetlink::{Body, Conntrack, Envelope, Expectation, Family, Kind, Message, MsgType};
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

const ORDERS: [Endian; 2] = [Endian::Little, Endian::Big];

/// Bytes from the start of a message to its first attribute: `nlmsghdr` and `nfgenmsg`.
const ATTRS: usize = 20;

// ---------------------------------------------------------------------------------------------
// Bytes, without help from the crate.

/// Hexadecimal digits of a payload, `|` before the padding: the same on every machine, or
/// `[little-endian, big-endian]`.
trait Digits: Copy {
    fn of(self, endian: Endian) -> &'static str;
}

impl Digits for &'static str {
    fn of(self, _: Endian) -> &'static str {
        self
    }
}

impl Digits for [&'static str; 2] {
    fn of(self, endian: Endian) -> &'static str {
        if endian == Endian::Little { self[0] } else { self[1] }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    assert_eq!(digits.len() % 2, 0, "an odd number of digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn u16_bytes(number: u16, endian: Endian) -> [u8; 2] {
    if endian == Endian::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

fn u32_bytes(number: u32, endian: Endian) -> [u8; 4] {
    if endian == Endian::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

/// `struct nlattr`.
fn header(nla_len: u16, nla_type: u16, endian: Endian) -> Vec<u8> {
    [u16_bytes(nla_len, endian), u16_bytes(nla_type, endian)].concat()
}

/// An attribute: `nla_len`, `nla_type`, payload and padding.
fn leaf(nla_len: u16, nla_type: u16, digits: impl Digits) -> impl Fn(Endian) -> Vec<u8> {
    move |endian| {
        let (payload, padding) =
            digits.of(endian).split_once('|').unwrap_or((digits.of(endian), ""));
        let bytes = [header(nla_len, nla_type, endian), unhex(payload), unhex(padding)].concat();
        assert_eq!(unhex(payload).len() + 4, usize::from(nla_len), "nla_len by hand");
        assert_eq!(bytes.len() % 4, 0, "padding by hand");
        bytes
    }
}

/// A whole message, type `0x0100` (NEW) and family 2.
fn message(attrs: &[u8], endian: Endian) -> Vec<u8> {
    let mut bytes = u32_bytes(attrs.len() as u32 + 20, endian).to_vec();
    bytes.extend(u16_bytes(0x0100, endian));
    bytes.extend([0; 10]);
    bytes.extend([2, 0, 0, 0]);
    bytes.extend(attrs);
    bytes
}

/// What the writer makes of `body`, at the end of a buffer that begins and is filled with junk.
fn written<S: AttrSet>(
    endian: Endian,
    body: impl FnOnce(&mut Writer<'_, S>),
) -> Result<Vec<u8>, Error> {
    // 7: nothing in the message is aligned by itself.
    let mut buf = vec![0xa5; 4096];
    buf.truncate(7);
    let envelope = Envelope { endian, ..Envelope::new(MsgType::CT_NEW, Family::IPV4) };
    let result = envelope.write(&mut buf, body);
    assert_eq!(buf[..7], [0xa5; 7], "what was there before");
    let header = match result {
        Ok(header) => header,
        Err(error) => {
            assert_eq!(buf.len(), 7, "as before");
            return Err(error);
        }
    };
    let attrs = buf.split_off(7 + ATTRS);
    assert_eq!(buf[7..], message(&attrs, endian)[..ATTRS]);
    assert_eq!(header.nlmsg_len as usize, ATTRS + attrs.len());
    Ok(attrs)
}

fn attrs<S: AttrSet>(bytes: &[u8], endian: Endian) -> Attrs<'_, S> {
    Attrs::at(bytes, ATTRS, endian)
}

struct Describe<'a, S: AttrSet>(&'a S::Attr<'static>);

impl<S: AttrSet> fmt::Display for Describe<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        S::describe(self.0, f)
    }
}

// ---------------------------------------------------------------------------------------------
// One row, in every direction.

/// The rows of one set; at the end none may have been left out.
struct Table<S> {
    rows: BTreeSet<&'static str>,
    set: PhantomData<S>,
}

impl<S: AttrSet> Table<S> {
    fn new() -> Self {
        Self { rows: BTreeSet::new(), set: PhantomData }
    }

    /// An attribute whose value does not depend on the machine.
    fn row(
        &mut self,
        name: &'static str,
        bytes: impl Fn(Endian) -> Vec<u8>,
        value: S::Attr<'static>,
        text: &str,
    ) {
        self.row_by(name, bytes, |_, _| value, text);
    }

    /// A nest: what is in it, and how that is wrapped.
    fn nest<T: AttrSet>(
        &mut self,
        name: &'static str,
        [nla_len, nla_type]: [u16; 2],
        variant: fn(Attrs<'static, T>) -> S::Attr<'static>,
        child: impl Fn(Endian) -> Vec<u8>,
        child_value: impl Fn(Endian) -> T::Attr<'static>,
    ) {
        let form = S::SPEC.attrs.iter().find(|attr| attr.name == name).map(|attr| attr.form);
        assert_eq!(form, Some(Form::Nest(T::SPEC)), "{name}");
        for endian in ORDERS {
            let inner = child(endian).leak();
            let children: Vec<_> = attrs::<T>(inner, endian).iter().collect();
            assert_eq!(children, [Ok(child_value(endian))], "{name} {endian:?}");
            let built = written::<S>(endian, |out| {
                out.nest(variant, |out| {
                    assert_eq!(out.offset(), ATTRS + 4);
                    out.put(child_value(endian));
                });
            });
            let expected = [header(nla_len, nla_type, endian), inner.to_vec()].concat();
            assert_eq!(built.unwrap(), expected, "{name} {endian:?} by closure");
        }
        let bytes = |endian| [header(nla_len, nla_type, endian), child(endian)].concat();
        let value = |payload, endian| variant(attrs(payload, endian));
        self.row_by(name, bytes, value, "");
    }

    fn row_by(
        &mut self,
        name: &'static str,
        bytes: impl Fn(Endian) -> Vec<u8>,
        value: impl Fn(&'static [u8], Endian) -> S::Attr<'static>,
        text: &str,
    ) {
        assert!(self.rows.insert(name), "{name} twice");
        for endian in ORDERS {
            let place = format!("{name} {endian:?}");
            let bytes: &'static [u8] = bytes(endian).leak();
            let payload = payload_of(bytes, endian);
            let value = value(payload, endian);
            every_direction::<S>(&place, bytes, endian, value);
            assert_eq!(S::payload_len(&value), payload.len(), "{place}");
            assert_eq!(Describe::<S>(&value).to_string(), text, "{place}");
            every_length::<S>(name, bytes, endian, value);
        }
    }

    /// The spec, after a check that every row of it was there, by number and name.
    fn done(self) -> &'static SetSpec {
        let names: BTreeSet<_> = S::SPEC.attrs.iter().map(|attr| attr.name).collect();
        assert_eq!(self.rows, names, "rows of {:?} without a line", S::SPEC);
        let numbers: Vec<_> = S::SPEC.attrs.iter().map(|attr| attr.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", S::SPEC);
        S::SPEC
    }
}

/// The payload of the one attribute in `bytes`, by its length field.
fn payload_of(bytes: &'static [u8], endian: Endian) -> &'static [u8] {
    let field = [bytes[0], bytes[1]];
    let len = if endian == Endian::Little {
        u16::from_le_bytes(field)
    } else {
        u16::from_be_bytes(field)
    };
    &bytes[4..usize::from(len)]
}

fn every_direction<S: AttrSet>(
    place: &str,
    bytes: &'static [u8],
    endian: Endian,
    value: S::Attr<'static>,
) {
    let run = attrs::<S>(bytes, endian);
    let raw: Vec<_> = run.raw().map(Result::unwrap).collect();
    let [raw] = raw[..] else { panic!("{place}: {raw:?}") };
    assert_eq!((raw.offset, raw.endian), (ATTRS, endian), "{place}");
    assert_eq!([&[0; 4], raw.payload, raw.padding].concat().len(), bytes.len(), "{place}");
    assert_eq!(run.iter().collect::<Vec<_>>(), [Ok(value)], "{place}");
    // Canonical framing with zeros as padding, whatever was in the buffer.
    assert_eq!(written::<S>(endian, |out| out.put(value)).unwrap(), bytes, "{place}");
    assert_eq!(written::<S>(endian, |out| out.put_raw(&raw)).unwrap(), bytes, "{place}");
    assert_eq!(written::<S>(endian, |out| run.rebuild(out)).unwrap(), bytes, "{place}");
    assert_eq!(run.to_buf().into_bytes(), bytes, "{place}");
}

/// What a form demands of its payload's length.
fn is_fit(form: Form, len: usize) -> Result<(), ErrorKind> {
    let exactly = |expected| match len {
        found if found == expected => Ok(()),
        found => Err(ErrorKind::PayloadLength { expected, found }),
    };
    match form {
        Form::Pad => exactly(0),
        Form::U8 => exactly(1),
        Form::Be16 | Form::TcpFlags => exactly(2),
        Form::Be32 | Form::Host32 | Form::Ipv4 => exactly(4),
        Form::Be64 | Form::BeNanos | Form::Host64 => exactly(8),
        Form::Ipv6 => exactly(16),
        Form::HostWords if len % 4 != 0 => Err(ErrorKind::PayloadUnit { unit: 4, found: len }),
        Form::HostWords | Form::Str | Form::Bytes | Form::Nest(_) => Ok(()),
        other => panic!("a new form, {other:?}: say here what it demands"),
    }
}

/// The attribute with payloads of 0 to 20 bytes, each time followed by a good one.
fn every_length<S: AttrSet>(name: &str, good: &[u8], endian: Endian, value: S::Attr<'static>) {
    let spec = S::SPEC.attrs.iter().find(|attr| attr.name == name).unwrap();
    for len in 0..=20_u8 {
        // The kernel's own ambiguity: see `the_empty_status`.
        if name == "CTA_STATUS" && len == 0 {
            continue;
        }
        let mut bytes = header(u16::from(len) + 4, spec.number, endian);
        bytes.extend(0x81..0x81 + len);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let second = ATTRS + bytes.len();
        bytes.extend(good);
        let bytes = &*bytes.leak();

        let run = attrs::<S>(bytes, endian);
        let items: Vec<_> = run.iter().collect();
        let place = format!("{name} {endian:?} with {len} bytes");
        let [first, after] = &items[..] else { panic!("{place}: {items:?}") };
        match (is_fit(spec.form, len.into()), first) {
            (Ok(()), Ok(_)) => {}
            (Err(kind), Err(error)) => {
                let expected = (ATTRS, Some(S::SPEC), Some(spec), kind);
                assert_eq!((error.offset, error.set, error.attr, error.kind), expected, "{place}");
                assert_eq!(error.attr.map(|attr| attr.number), Some(spec.number), "{place}");
                let start = format!("{name} at byte 20: payload is {len} bytes, expected ");
                assert!(error.to_string().starts_with(&start), "{place}: {error}");
            }
            (expected, found) => panic!("{place}: {found:?}, expected {expected:?}"),
        }
        assert_eq!(*after, Ok(value), "{place}: what follows");
        assert_eq!(run.raw().nth(1).unwrap().unwrap().offset, second, "{place}");
        assert_eq!(written::<S>(endian, |out| run.rebuild(out)).unwrap(), bytes, "{place}");
    }
}

// ---------------------------------------------------------------------------------------------
// The tables, in the order of the header.

const TABLES: &[fn() -> &'static SetSpec] = &[
    ctattr_type,
    ctattr_tuple,
    ctattr_ip,
    ctattr_l4proto,
    ctattr_protoinfo,
    ctattr_protoinfo_tcp,
    ctattr_protoinfo_dccp,
    ctattr_protoinfo_sctp,
    ctattr_counters,
    ctattr_tstamp,
    ctattr_nat,
    ctattr_protonat,
    ctattr_seqadj,
    ctattr_synproxy,
    ctattr_expect,
    ctattr_expect_nat,
    ctattr_help,
    ctattr_secctx,
    ctattr_stats_cpu,
    ctattr_stats_global,
    ctattr_expect_stats,
    ctattr_filter,
    nlmsgerr_attrs,
    netlink_policy_type_attr,
];

#[test]
fn every_row_of_every_table() {
    let tested: BTreeSet<_> = TABLES.iter().map(|table| table().name).collect();
    assert_eq!(tested.len(), TABLES.len(), "a table twice");
    let mut sets = BTreeSet::new();
    for root in roots() {
        walk(root, &mut sets);
    }
    assert_eq!(tested, sets, "sets without a table of lines here");
}

/// The sets that messages hold, and through them all others.
fn roots() -> Vec<&'static SetSpec> {
    #[derive(Default)]
    struct Sets(Vec<&'static SetSpec>);
    impl<'a> Visitor<'a> for Sets {
        fn visit<S: AttrSet>(&mut self, _: Attrs<'a, S>) {
            self.0.push(S::SPEC);
        }
    }
    let mut sets = Sets::default();
    for nlmsg_type in 0..=0x0fff {
        for flags in [NlmFlags::empty(), NlmFlags::REQUEST] {
            let envelope = Envelope { flags, ..Envelope::new(MsgType(nlmsg_type), Family::UNSPEC) };
            let message = envelope.build::<CtattrType>(|_| ()).unwrap();
            // An NLMSG_ERROR is longer: no roots of a message that is too short.
            let _ = message.as_message().visit(&mut sets);
        }
    }
    sets.0.push(NlmsgerrAttrs::SPEC);
    sets.0
}

fn walk(set: &'static SetSpec, seen: &mut BTreeSet<&'static str>) {
    if !seen.insert(set.name) {
        return;
    }
    for attr in set.attrs {
        if let Form::Nest(inner) = attr.form {
            walk(inner, seen);
        }
    }
}

fn empty<S: AttrSet>(endian: Endian) -> Attrs<'static, S> {
    attrs(&[], endian)
}

/// The numbers of the bits of `bits`, as text.
fn bit_list(bits: u128) -> String {
    let numbers: Vec<_> =
        (0..128).filter(|n| bits >> n & 1 == 1).map(|n: u32| n.to_string()).collect();
    numbers.join(",")
}

#[rustfmt::skip]
fn ctattr_type() -> &'static SetSpec {
    let mut t = Table::<CtattrType>::new();
    t.nest("CTA_TUPLE_ORIG", [12, 0x8001], CtAttr::TupleOrig, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.nest("CTA_TUPLE_REPLY", [12, 0x8002], CtAttr::TupleReply, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.row("CTA_STATUS", leaf(8, 3, "0000018e"), CtAttr::Status(Status::SEEN_REPLY | Status::ASSURED | Status::CONFIRMED | Status::NAT_DONE), "SEEN_REPLY|ASSURED|CONFIRMED|SRC_NAT_DONE|DST_NAT_DONE");
    t.nest("CTA_PROTOINFO", [8, 0x8004], CtAttr::ProtoInfo, leaf(4, 0x8003, ""), |e| ProtoInfoAttr::Sctp(empty(e)));
    t.nest("CTA_HELP", [12, 0x8005], CtAttr::Help, leaf(8, 1, "66747000"), |_| HelpAttr::Name("ftp".into()));
    t.nest("CTA_NAT_SRC", [12, 0x8006], CtAttr::NatSrc, leaf(8, 1, "c0000201"), |_| NatAttr::V4MinIp([192, 0, 2, 1].into()));
    t.row("CTA_TIMEOUT", leaf(8, 7, "00069780"), CtAttr::Timeout(432_000), "432000");
    t.row("CTA_MARK", leaf(8, 8, "12345678"), CtAttr::Mark(0x1234_5678), "305419896");
    t.nest("CTA_COUNTERS_ORIG", [16, 0x8009], CtAttr::CountersOrig, leaf(12, 1, "0123456789abcdef"), |_| CountersAttr::Packets(0x0123_4567_89ab_cdef));
    t.nest("CTA_COUNTERS_REPLY", [16, 0x800a], CtAttr::CountersReply, leaf(12, 1, "0123456789abcdef"), |_| CountersAttr::Packets(0x0123_4567_89ab_cdef));
    t.row("CTA_USE", leaf(8, 11, "01020304"), CtAttr::Use(0x0102_0304), "16909060");
    t.row("CTA_ID", leaf(8, 12, "e269d811"), CtAttr::Id(0xe269_d811), "3798587409");
    t.nest("CTA_NAT_DST", [12, 0x800d], CtAttr::NatDst, leaf(8, 1, "c0000201"), |_| NatAttr::V4MinIp([192, 0, 2, 1].into()));
    t.nest("CTA_TUPLE_MASTER", [12, 0x800e], CtAttr::TupleMaster, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.nest("CTA_SEQ_ADJ_ORIG", [12, 0x800f], CtAttr::SeqAdjOrig, leaf(8, 2, "12345678"), |_| SeqAdjAttr::OffsetBefore(0x1234_5678));
    t.nest("CTA_SEQ_ADJ_REPLY", [12, 0x8010], CtAttr::SeqAdjReply, leaf(8, 2, "12345678"), |_| SeqAdjAttr::OffsetBefore(0x1234_5678));
    t.row("CTA_SECMARK", leaf(8, 17, "01020304"), CtAttr::Secmark(0x0102_0304), "16909060");
    t.row("CTA_ZONE", leaf(6, 18, "1234 | 0000"), CtAttr::Zone(0x1234), "4660");
    t.nest("CTA_SECCTX", [12, 0x8013], CtAttr::SecCtx, leaf(8, 1, "61626300"), |_| SecCtxAttr::Name("abc".into()));
    t.nest("CTA_TIMESTAMP", [16, 0x8014], CtAttr::Timestamp, leaf(12, 1, "18ea51eb993c3cab"), |_| TimestampAttr::Start(0x18ea_51eb_993c_3cab));
    t.row("CTA_MARK_MASK", leaf(8, 21, "12345678"), CtAttr::MarkMask(0x1234_5678), "305419896");
    let labels = ["efcdab8967452301 fedcba9876543210", "0123456789abcdef 1032547698badcfe"];
    let bits = bit_list(0x1032_5476_98ba_dcfe_0123_4567_89ab_cdef);
    t.row_by("CTA_LABELS", leaf(20, 22, labels), |p, e| CtAttr::Labels(HostBits::new(p, e).unwrap()), &bits);
    t.row_by("CTA_LABELS_MASK", leaf(20, 23, labels), |p, e| CtAttr::LabelsMask(HostBits::new(p, e).unwrap()), &bits);
    t.nest("CTA_SYNPROXY", [12, 0x8018], CtAttr::SynProxy, leaf(8, 3, "12345678"), |_| SynProxyAttr::Tsoff(0x1234_5678));
    t.nest("CTA_FILTER", [12, 0x8019], CtAttr::Filter, leaf(8, 2, ["08000000", "00000008"]), |_| FilterAttr::ReplyFlags(FilterFlags::PROTO_NUM));
    t.row("CTA_STATUS_MASK", leaf(8, 26, "12345678"), CtAttr::StatusMask(Status::from_bits_retain(0x1234_5678)), "CONFIRMED|SRC_NAT|DST_NAT|SEQ_ADJUST|DYING|FIXED_TIMEOUT|UNTRACKED|OFFLOAD|0x12340000");
    t.row("CTA_TIMESTAMP_EVENT", leaf(12, 27, "18ea51ebbd87d0b3"), CtAttr::TimestampEvent(0x18ea_51eb_bd87_d0b3), "1795337474399522995");
    t.done()
}

#[rustfmt::skip]
fn ctattr_tuple() -> &'static SetSpec {
    let mut t = Table::<CtattrTuple>::new();
    t.nest("CTA_TUPLE_IP", [12, 0x8001], TupleAttr::Ip, leaf(8, 2, "c0000202"), |_| IpAttr::V4Dst([192, 0, 2, 2].into()));
    t.nest("CTA_TUPLE_PROTO", [12, 0x8002], TupleAttr::Proto, leaf(5, 1, "84 | 000000"), |_| L4ProtoAttr::Num(IpProto::SCTP));
    t.row("CTA_TUPLE_ZONE", leaf(6, 3, "1234 | 0000"), TupleAttr::Zone(0x1234), "4660");
    t.done()
}

#[rustfmt::skip]
fn ctattr_ip() -> &'static SetSpec {
    let v6 = [0x20, 0x01, 0x0d, 0xb8, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc];
    let mut t = Table::<CtattrIp>::new();
    t.row("CTA_IP_V4_SRC", leaf(8, 1, "c0a80102"), IpAttr::V4Src([192, 168, 1, 2].into()), "192.168.1.2");
    t.row("CTA_IP_V4_DST", leaf(8, 2, "c0a80102"), IpAttr::V4Dst([192, 168, 1, 2].into()), "192.168.1.2");
    t.row("CTA_IP_V6_SRC", leaf(20, 3, "20010db8112233445566778899aabbcc"), IpAttr::V6Src(v6.into()), "2001:db8:1122:3344:5566:7788:99aa:bbcc");
    t.row("CTA_IP_V6_DST", leaf(20, 4, "20010db8112233445566778899aabbcc"), IpAttr::V6Dst(v6.into()), "2001:db8:1122:3344:5566:7788:99aa:bbcc");
    t.done()
}

#[rustfmt::skip]
fn ctattr_l4proto() -> &'static SetSpec {
    let mut t = Table::<CtattrL4proto>::new();
    t.row("CTA_PROTO_NUM", leaf(5, 1, "3a | 000000"), L4ProtoAttr::Num(IpProto::ICMPV6), "icmpv6");
    t.row("CTA_PROTO_SRC_PORT", leaf(6, 2, "0457 | 0000"), L4ProtoAttr::SrcPort(1111), "1111");
    t.row("CTA_PROTO_DST_PORT", leaf(6, 3, "0457 | 0000"), L4ProtoAttr::DstPort(1111), "1111");
    t.row("CTA_PROTO_ICMP_ID", leaf(6, 4, "abcd | 0000"), L4ProtoAttr::IcmpId(0xabcd), "43981");
    t.row("CTA_PROTO_ICMP_TYPE", leaf(5, 5, "0d | 000000"), L4ProtoAttr::IcmpType(13), "13");
    t.row("CTA_PROTO_ICMP_CODE", leaf(5, 6, "0e | 000000"), L4ProtoAttr::IcmpCode(14), "14");
    t.row("CTA_PROTO_ICMPV6_ID", leaf(6, 7, "abcd | 0000"), L4ProtoAttr::Icmpv6Id(0xabcd), "43981");
    t.row("CTA_PROTO_ICMPV6_TYPE", leaf(5, 8, "81 | 000000"), L4ProtoAttr::Icmpv6Type(129), "129");
    t.row("CTA_PROTO_ICMPV6_CODE", leaf(5, 9, "82 | 000000"), L4ProtoAttr::Icmpv6Code(130), "130");
    t.done()
}

#[rustfmt::skip]
fn ctattr_protoinfo() -> &'static SetSpec {
    let mut t = Table::<CtattrProtoinfo>::new();
    t.nest("CTA_PROTOINFO_TCP", [12, 0x8001], ProtoInfoAttr::Tcp, leaf(5, 1, "07 | 000000"), |_| ProtoInfoTcpAttr::State(TcpState::TIME_WAIT));
    t.nest("CTA_PROTOINFO_DCCP", [12, 0x8002], ProtoInfoAttr::Dccp, leaf(5, 2, "01 | 000000"), |_| ProtoInfoDccpAttr::Role(DccpRole::SERVER));
    t.nest("CTA_PROTOINFO_SCTP", [12, 0x8003], ProtoInfoAttr::Sctp, leaf(8, 3, "12345678"), |_| ProtoInfoSctpAttr::VtagReply(0x1234_5678));
    t.done()
}

#[rustfmt::skip]
fn ctattr_protoinfo_tcp() -> &'static SetSpec {
    let flags = TcpFlagsMask { flags: TcpFlags::WINDOW_SCALE | TcpFlags::SACK_PERM | TcpFlags::MAXACK_SET, mask: TcpFlags::SACK_PERM | TcpFlags::BE_LIBERAL };
    let mut t = Table::<CtattrProtoinfoTcp>::new();
    t.row("CTA_PROTOINFO_TCP_STATE", leaf(5, 1, "09 | 000000"), ProtoInfoTcpAttr::State(TcpState::SYN_SENT2), "SYN_SENT2");
    t.row("CTA_PROTOINFO_TCP_WSCALE_ORIGINAL", leaf(5, 2, "0e | 000000"), ProtoInfoTcpAttr::WscaleOriginal(14), "14");
    t.row("CTA_PROTOINFO_TCP_WSCALE_REPLY", leaf(5, 3, "0e | 000000"), ProtoInfoTcpAttr::WscaleReply(14), "14");
    t.row("CTA_PROTOINFO_TCP_FLAGS_ORIGINAL", leaf(6, 4, "230a | 0000"), ProtoInfoTcpAttr::FlagsOriginal(flags), "WINDOW_SCALE|SACK_PERM|MAXACK_SET mask SACK_PERM|BE_LIBERAL");
    t.row("CTA_PROTOINFO_TCP_FLAGS_REPLY", leaf(6, 5, "230a | 0000"), ProtoInfoTcpAttr::FlagsReply(flags), "WINDOW_SCALE|SACK_PERM|MAXACK_SET mask SACK_PERM|BE_LIBERAL");
    t.done()
}

#[rustfmt::skip]
fn ctattr_protoinfo_dccp() -> &'static SetSpec {
    let mut t = Table::<CtattrProtoinfoDccp>::new();
    t.row("CTA_PROTOINFO_DCCP_STATE", leaf(5, 1, "03 | 000000"), ProtoInfoDccpAttr::State(DccpState::PARTOPEN), "PARTOPEN");
    t.row("CTA_PROTOINFO_DCCP_ROLE", leaf(5, 2, "01 | 000000"), ProtoInfoDccpAttr::Role(DccpRole::SERVER), "server");
    t.row("CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ", leaf(12, 3, "0123456789abcdef"), ProtoInfoDccpAttr::HandshakeSeq(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("CTA_PROTOINFO_DCCP_PAD", leaf(4, 4, ""), ProtoInfoDccpAttr::Pad(()), "");
    t.done()
}

#[rustfmt::skip]
fn ctattr_protoinfo_sctp() -> &'static SetSpec {
    let mut t = Table::<CtattrProtoinfoSctp>::new();
    t.row("CTA_PROTOINFO_SCTP_STATE", leaf(5, 1, "08 | 000000"), ProtoInfoSctpAttr::State(SctpState::HEARTBEAT_SENT), "HEARTBEAT_SENT");
    t.row("CTA_PROTOINFO_SCTP_VTAG_ORIGINAL", leaf(8, 2, "12345678"), ProtoInfoSctpAttr::VtagOriginal(0x1234_5678), "305419896");
    t.row("CTA_PROTOINFO_SCTP_VTAG_REPLY", leaf(8, 3, "12345678"), ProtoInfoSctpAttr::VtagReply(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn ctattr_counters() -> &'static SetSpec {
    let mut t = Table::<CtattrCounters>::new();
    t.row("CTA_COUNTERS_PACKETS", leaf(12, 1, "0123456789abcdef"), CountersAttr::Packets(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("CTA_COUNTERS_BYTES", leaf(12, 2, "0123456789abcdef"), CountersAttr::Bytes(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("CTA_COUNTERS32_PACKETS", leaf(8, 3, "12345678"), CountersAttr::Packets32(0x1234_5678), "305419896");
    t.row("CTA_COUNTERS32_BYTES", leaf(8, 4, "12345678"), CountersAttr::Bytes32(0x1234_5678), "305419896");
    t.row("CTA_COUNTERS_PAD", leaf(4, 5, ""), CountersAttr::Pad(()), "");
    t.done()
}

#[rustfmt::skip]
fn ctattr_tstamp() -> &'static SetSpec {
    let mut t = Table::<CtattrTstamp>::new();
    t.row("CTA_TIMESTAMP_START", leaf(12, 1, "18ea51eb993c3cab"), TimestampAttr::Start(0x18ea_51eb_993c_3cab), "1795337473790590123");
    t.row("CTA_TIMESTAMP_STOP", leaf(12, 2, "18ea51ebbd87cf2c"), TimestampAttr::Stop(0x18ea_51eb_bd87_cf2c), "1795337474399522604");
    t.row("CTA_TIMESTAMP_PAD", leaf(4, 3, ""), TimestampAttr::Pad(()), "");
    t.done()
}

#[rustfmt::skip]
fn ctattr_nat() -> &'static SetSpec {
    let v6 = [0x20, 0x01, 0x0d, 0xb8, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc];
    let mut t = Table::<CtattrNat>::new();
    t.row("CTA_NAT_V4_MINIP", leaf(8, 1, "c0a80102"), NatAttr::V4MinIp([192, 168, 1, 2].into()), "192.168.1.2");
    t.row("CTA_NAT_V4_MAXIP", leaf(8, 2, "c0a80102"), NatAttr::V4MaxIp([192, 168, 1, 2].into()), "192.168.1.2");
    t.nest("CTA_NAT_PROTO", [12, 0x8003], NatAttr::Proto, leaf(6, 2, "0457 | 0000"), |_| ProtoNatAttr::PortMax(1111));
    t.row("CTA_NAT_V6_MINIP", leaf(20, 4, "20010db8112233445566778899aabbcc"), NatAttr::V6MinIp(v6.into()), "2001:db8:1122:3344:5566:7788:99aa:bbcc");
    t.row("CTA_NAT_V6_MAXIP", leaf(20, 5, "20010db8112233445566778899aabbcc"), NatAttr::V6MaxIp(v6.into()), "2001:db8:1122:3344:5566:7788:99aa:bbcc");
    t.done()
}

#[rustfmt::skip]
fn ctattr_protonat() -> &'static SetSpec {
    let mut t = Table::<CtattrProtonat>::new();
    t.row("CTA_PROTONAT_PORT_MIN", leaf(6, 1, "0457 | 0000"), ProtoNatAttr::PortMin(1111), "1111");
    t.row("CTA_PROTONAT_PORT_MAX", leaf(6, 2, "0457 | 0000"), ProtoNatAttr::PortMax(1111), "1111");
    t.done()
}

#[rustfmt::skip]
fn ctattr_seqadj() -> &'static SetSpec {
    let mut t = Table::<CtattrSeqadj>::new();
    t.row("CTA_SEQADJ_CORRECTION_POS", leaf(8, 1, "12345678"), SeqAdjAttr::CorrectionPos(0x1234_5678), "305419896");
    t.row("CTA_SEQADJ_OFFSET_BEFORE", leaf(8, 2, "12345678"), SeqAdjAttr::OffsetBefore(0x1234_5678), "305419896");
    t.row("CTA_SEQADJ_OFFSET_AFTER", leaf(8, 3, "fedcba98"), SeqAdjAttr::OffsetAfter(0xfedc_ba98), "4275878552");
    t.done()
}

#[rustfmt::skip]
fn ctattr_synproxy() -> &'static SetSpec {
    let mut t = Table::<CtattrSynproxy>::new();
    t.row("CTA_SYNPROXY_ISN", leaf(8, 1, "12345678"), SynProxyAttr::Isn(0x1234_5678), "305419896");
    t.row("CTA_SYNPROXY_ITS", leaf(8, 2, "12345678"), SynProxyAttr::Its(0x1234_5678), "305419896");
    t.row("CTA_SYNPROXY_TSOFF", leaf(8, 3, "12345678"), SynProxyAttr::Tsoff(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn ctattr_expect() -> &'static SetSpec {
    let mut t = Table::<CtattrExpect>::new();
    t.nest("CTA_EXPECT_MASTER", [12, 0x8001], ExpectAttr::Master, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.nest("CTA_EXPECT_TUPLE", [12, 0x8002], ExpectAttr::Tuple, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.nest("CTA_EXPECT_MASK", [12, 0x8003], ExpectAttr::Mask, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.row("CTA_EXPECT_TIMEOUT", leaf(8, 4, "12345678"), ExpectAttr::Timeout(0x1234_5678), "305419896");
    t.row("CTA_EXPECT_ID", leaf(8, 5, "e269d811"), ExpectAttr::Id(0xe269_d811), "3798587409");
    t.row("CTA_EXPECT_HELP_NAME", leaf(9, 6, "73616e6500 | 000000"), ExpectAttr::HelpName("sane".into()), "\"sane\"");
    t.row("CTA_EXPECT_ZONE", leaf(6, 7, "1234 | 0000"), ExpectAttr::Zone(0x1234), "4660");
    t.row("CTA_EXPECT_FLAGS", leaf(8, 8, "01020305"), ExpectAttr::Flags(ExpectFlags::from_bits_retain(0x0102_0305)), "PERMANENT|USERSPACE|0x1020300");
    t.row("CTA_EXPECT_CLASS", leaf(8, 9, "01020304"), ExpectAttr::Class(0x0102_0304), "16909060");
    t.nest("CTA_EXPECT_NAT", [12, 0x800a], ExpectAttr::Nat, leaf(8, 1, "01020304"), |_| ExpectNatAttr::Dir(0x0102_0304));
    t.row("CTA_EXPECT_FN", leaf(22, 11, "6e61742d666f6c6c6f772d6d617374657200 | 0000"), ExpectAttr::Fn("nat-follow-master".into()), "\"nat-follow-master\"");
    t.done()
}

#[rustfmt::skip]
fn ctattr_expect_nat() -> &'static SetSpec {
    let mut t = Table::<CtattrExpectNat>::new();
    t.row("CTA_EXPECT_NAT_DIR", leaf(8, 1, "01020304"), ExpectNatAttr::Dir(0x0102_0304), "16909060");
    t.nest("CTA_EXPECT_NAT_TUPLE", [12, 0x8002], ExpectNatAttr::Tuple, leaf(6, 3, "1234 | 0000"), |_| TupleAttr::Zone(0x1234));
    t.done()
}

#[rustfmt::skip]
fn ctattr_help() -> &'static SetSpec {
    let mut t = Table::<CtattrHelp>::new();
    t.row("CTA_HELP_NAME", leaf(8, 1, "66747000"), HelpAttr::Name("ftp".into()), "\"ftp\"");
    t.row("CTA_HELP_INFO", leaf(9, 2, "f10203e4a5 | 000000"), HelpAttr::Info(&[0xf1, 2, 3, 0xe4, 0xa5]), "f10203e4a5");
    t.done()
}

#[rustfmt::skip]
fn ctattr_secctx() -> &'static SetSpec {
    let mut t = Table::<CtattrSecctx>::new();
    t.row("CTA_SECCTX_NAME", leaf(10, 1, "613a623a6300 | 0000"), SecCtxAttr::Name("a:b:c".into()), "\"a:b:c\"");
    t.done()
}

#[rustfmt::skip]
fn ctattr_stats_cpu() -> &'static SetSpec {
    let mut t = Table::<CtattrStatsCpu>::new();
    t.row("CTA_STATS_SEARCHED", leaf(8, 1, "12345678"), StatsCpuAttr::Searched(0x1234_5678), "305419896");
    t.row("CTA_STATS_FOUND", leaf(8, 2, "12345678"), StatsCpuAttr::Found(0x1234_5678), "305419896");
    t.row("CTA_STATS_NEW", leaf(8, 3, "12345678"), StatsCpuAttr::New(0x1234_5678), "305419896");
    t.row("CTA_STATS_INVALID", leaf(8, 4, "12345678"), StatsCpuAttr::Invalid(0x1234_5678), "305419896");
    t.row("CTA_STATS_IGNORE", leaf(8, 5, "12345678"), StatsCpuAttr::Ignore(0x1234_5678), "305419896");
    t.row("CTA_STATS_DELETE", leaf(8, 6, "12345678"), StatsCpuAttr::Delete(0x1234_5678), "305419896");
    t.row("CTA_STATS_DELETE_LIST", leaf(8, 7, "12345678"), StatsCpuAttr::DeleteList(0x1234_5678), "305419896");
    t.row("CTA_STATS_INSERT", leaf(8, 8, "12345678"), StatsCpuAttr::Insert(0x1234_5678), "305419896");
    t.row("CTA_STATS_INSERT_FAILED", leaf(8, 9, "12345678"), StatsCpuAttr::InsertFailed(0x1234_5678), "305419896");
    t.row("CTA_STATS_DROP", leaf(8, 10, "12345678"), StatsCpuAttr::Drop(0x1234_5678), "305419896");
    t.row("CTA_STATS_EARLY_DROP", leaf(8, 11, "12345678"), StatsCpuAttr::EarlyDrop(0x1234_5678), "305419896");
    t.row("CTA_STATS_ERROR", leaf(8, 12, "12345678"), StatsCpuAttr::Error(0x1234_5678), "305419896");
    t.row("CTA_STATS_SEARCH_RESTART", leaf(8, 13, "12345678"), StatsCpuAttr::SearchRestart(0x1234_5678), "305419896");
    t.row("CTA_STATS_CLASH_RESOLVE", leaf(8, 14, "12345678"), StatsCpuAttr::ClashResolve(0x1234_5678), "305419896");
    t.row("CTA_STATS_CHAIN_TOOLONG", leaf(8, 15, "12345678"), StatsCpuAttr::ChainToolong(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn ctattr_stats_global() -> &'static SetSpec {
    let mut t = Table::<CtattrStatsGlobal>::new();
    t.row("CTA_STATS_GLOBAL_ENTRIES", leaf(8, 1, "12345678"), StatsGlobalAttr::Entries(0x1234_5678), "305419896");
    t.row("CTA_STATS_GLOBAL_MAX_ENTRIES", leaf(8, 2, "12345678"), StatsGlobalAttr::MaxEntries(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn ctattr_expect_stats() -> &'static SetSpec {
    let mut t = Table::<CtattrExpectStats>::new();
    t.row("CTA_STATS_EXP_NEW", leaf(8, 1, "12345678"), ExpectStatsAttr::New(0x1234_5678), "305419896");
    t.row("CTA_STATS_EXP_CREATE", leaf(8, 2, "12345678"), ExpectStatsAttr::Create(0x1234_5678), "305419896");
    t.row("CTA_STATS_EXP_DELETE", leaf(8, 3, "12345678"), ExpectStatsAttr::Delete(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn ctattr_filter() -> &'static SetSpec {
    let flags = FilterFlags::from_bits_retain(0x1234_0856);
    let text = "IP_DST|TUPLE_ZONE|PROTO_SRC_PORT|PROTO_ICMP_TYPE|PROTO_ICMPV6_ID|0x12340000";
    let mut t = Table::<CtattrFilter>::new();
    t.row("CTA_FILTER_ORIG_FLAGS", leaf(8, 1, ["56083412", "12340856"]), FilterAttr::OrigFlags(flags), text);
    t.row("CTA_FILTER_REPLY_FLAGS", leaf(8, 2, ["56083412", "12340856"]), FilterAttr::ReplyFlags(flags), text);
    t.done()
}

#[rustfmt::skip]
fn nlmsgerr_attrs() -> &'static SetSpec {
    let mut t = Table::<NlmsgerrAttrs>::new();
    t.row("NLMSGERR_ATTR_MSG", leaf(7, 1, "6e6f00 | 00"), ExtAck::Message("no".into()), "\"no\"");
    t.row("NLMSGERR_ATTR_OFFS", leaf(8, 2, ["78563412", "12345678"]), ExtAck::Offset(0x1234_5678), "305419896");
    t.row("NLMSGERR_ATTR_COOKIE", leaf(7, 3, "010203 | 00"), ExtAck::Cookie(&[1, 2, 3]), "010203");
    t.nest("NLMSGERR_ATTR_POLICY", [12, 0x8004], ExtAck::Policy, leaf(8, 1, ["04000000", "00000004"]), |_| PolicyAttr::Type(4));
    t.row("NLMSGERR_ATTR_MISS_TYPE", leaf(8, 5, ["78563412", "12345678"]), ExtAck::MissType(0x1234_5678), "305419896");
    t.row("NLMSGERR_ATTR_MISS_NEST", leaf(8, 6, ["78563412", "12345678"]), ExtAck::MissNest(0x1234_5678), "305419896");
    t.done()
}

#[rustfmt::skip]
fn netlink_policy_type_attr() -> &'static SetSpec {
    let mut t = Table::<NetlinkPolicyTypeAttr>::new();
    t.row("NL_POLICY_TYPE_ATTR_TYPE", leaf(8, 1, ["78563412", "12345678"]), PolicyAttr::Type(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_MIN_VALUE_S", leaf(12, 2, ["efcdab8967452301", "0123456789abcdef"]), PolicyAttr::MinValueS(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("NL_POLICY_TYPE_ATTR_MAX_VALUE_S", leaf(12, 3, ["efcdab8967452301", "0123456789abcdef"]), PolicyAttr::MaxValueS(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("NL_POLICY_TYPE_ATTR_MIN_VALUE_U", leaf(12, 4, ["efcdab8967452301", "0123456789abcdef"]), PolicyAttr::MinValueU(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("NL_POLICY_TYPE_ATTR_MAX_VALUE_U", leaf(12, 5, ["efcdab8967452301", "0123456789abcdef"]), PolicyAttr::MaxValueU(0x0123_4567_89ab_cdef), "81985529216486895");
    t.row("NL_POLICY_TYPE_ATTR_MIN_LENGTH", leaf(8, 6, ["78563412", "12345678"]), PolicyAttr::MinLength(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_MAX_LENGTH", leaf(8, 7, ["78563412", "12345678"]), PolicyAttr::MaxLength(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_POLICY_IDX", leaf(8, 8, ["78563412", "12345678"]), PolicyAttr::PolicyIdx(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE", leaf(8, 9, ["78563412", "12345678"]), PolicyAttr::PolicyMaxtype(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_BITFIELD32_MASK", leaf(8, 10, ["78563412", "12345678"]), PolicyAttr::Bitfield32Mask(0x1234_5678), "305419896");
    t.row("NL_POLICY_TYPE_ATTR_PAD", leaf(4, 11, ""), PolicyAttr::Pad(()), "");
    t.row("NL_POLICY_TYPE_ATTR_MASK", leaf(12, 12, ["efcdab8967452301", "0123456789abcdef"]), PolicyAttr::Mask(0x0123_4567_89ab_cdef), "81985529216486895");
    t.done()
}

// ---------------------------------------------------------------------------------------------
// What is not a row.

/// Number 3 without payload at the top is the pad before `CTA_TIMESTAMP_EVENT`.
#[test]
fn the_empty_status() {
    for endian in ORDERS {
        let bytes = leaf(4, 3, "")(endian).leak();
        every_direction::<CtattrType>("pad", bytes, endian, CtAttr::TimestampEventPad);
        assert_eq!(CtattrType::payload_len(&CtAttr::TimestampEventPad), 0);
        let text = Describe::<CtattrType>(&CtAttr::TimestampEventPad).to_string();
        assert_eq!(text, "CTA_TIMESTAMP_PAD");

        // It takes no status away.
        let bytes = [leaf(8, 3, "0000018e")(endian), bytes.to_vec()].concat();
        let ct = Conntrack::try_read(attrs(&bytes, endian)).unwrap();
        assert_eq!(ct.status, Some(Status::from_bits_retain(0x18e)));
        let ct = Conntrack::try_read(attrs(&bytes[8..], endian)).unwrap();
        assert_eq!(ct.status, None);
    }
}

#[test]
fn numbers_without_a_name_are_kept() {
    let values: [(&str, CtAttr<'static>); 3] = [
        ("0000018e", CtAttr::Status(Status::from_bits_retain(0x18e))),
        ("ffffffff", CtAttr::Status(Status::from_bits_retain(0xffff_ffff))),
        ("00000000", CtAttr::Status(Status::empty())),
    ];
    for (digits, value) in values {
        for endian in ORDERS {
            let bytes = [header(8, 3, endian), unhex(digits)].concat().leak();
            every_direction::<CtattrType>(digits, bytes, endian, value);
        }
    }
    for number in 0..=255_u8 {
        for endian in ORDERS {
            let bytes = [header(5, 1, endian), vec![number, 0, 0, 0]].concat().leak();
            let tcp = ProtoInfoTcpAttr::State(TcpState(number));
            every_direction::<CtattrProtoinfoTcp>("state", bytes, endian, tcp);
            let sctp = ProtoInfoSctpAttr::State(SctpState(number));
            every_direction::<CtattrProtoinfoSctp>("state", bytes, endian, sctp);
            let proto = L4ProtoAttr::Num(IpProto(number));
            every_direction::<CtattrL4proto>("proto", bytes, endian, proto);
        }
    }
    assert_eq!(TcpState(200).to_string(), "200");
    assert_eq!(IpProto(253).to_string(), "253");
}

#[test]
fn attributes_without_a_name_are_kept() {
    for endian in ORDERS {
        // 0 is CTA_UNSPEC; then the first that the table does not name, and the highest.
        for number in [0, 28, 99, 0x3fff] {
            for len in 0..=9_u16 {
                let mut bytes = header(len + 4, number, endian);
                bytes.extend((1..=len).map(|n| n as u8 | 0xc0));
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                let bytes = &*bytes.leak();
                let raw = RawAttr {
                    offset: ATTRS,
                    nla_type: number,
                    endian,
                    payload: payload_of(bytes, endian),
                    padding: &bytes[usize::from(len) + 4..],
                };
                every_direction::<CtattrType>("unknown", bytes, endian, CtAttr::Unknown(raw));
                assert_eq!(CtattrType::payload_len(&CtAttr::Unknown(raw)), usize::from(len));
            }
        }
        let bytes = leaf(7, 99, "f1e2d3 | 00")(endian).leak();
        let Some(Ok(attr)) = attrs::<CtattrType>(bytes, endian).iter().next() else { panic!() };
        assert_eq!(Describe::<CtattrType>(&attr).to_string(), "f1e2d3");
    }
}

/// `(nla_type, payload and padding)` of attributes that no kernel writes but that any may read.
#[test]
fn foreign_framing_survives() {
    for endian in ORDERS {
        // CTA_TUPLE_ORIG { CTA_TUPLE_ZONE } without NLA_F_NESTED, as old libraries send it, with
        // NLA_F_NET_BYTEORDER and padding of a stack's leftovers on the zone.
        let zone = [header(6, 0x4003, endian), unhex("1234 dead")].concat();
        let bytes = [header(12, 0x0001, endian), zone.clone()].concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        let Some(Ok(CtAttr::TupleOrig(tuple))) = run.iter().next() else { panic!("{run:?}") };
        assert_eq!(tuple.offset(), ATTRS + 4);
        assert_eq!(tuple.iter().collect::<Vec<_>>(), [Ok(TupleAttr::Zone(0x1234))]);
        let raw = tuple.raw().next().unwrap().unwrap();
        assert_eq!((raw.number(), raw.is_nested(), raw.offset), (3, false, ATTRS + 4));
        assert!(raw.framing().is_net_byteorder());
        assert_eq!(raw.padding, [0xde, 0xad]);
        assert_eq!(Conntrack::try_read(run).unwrap().orig.zone, Some(0x1234));

        // Rebuilt as it was; put as the kernel would: the nest flagged, its inside as it lies.
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let put = written::<CtattrType>(endian, |out| out.put(CtAttr::TupleOrig(tuple)));
        assert_eq!(put.unwrap(), [header(12, 0x8001, endian), zone].concat());

        // Both flags, on a leaf and on a number that the table does not name.
        let bytes = [
            [header(8, 0xc008, endian), unhex("12345678")].concat(),
            [header(5, 0xc063, endian), unhex("77 99887766")[..4].to_vec()].concat(),
        ]
        .concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        assert_eq!(run.iter().next(), Some(Ok(CtAttr::Mark(0x1234_5678))));
        assert!(matches!(run.iter().nth(1), Some(Ok(CtAttr::Unknown(raw))) if raw.number() == 99));
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let put = written::<CtattrType>(endian, |out| out.put(CtAttr::Mark(0x1234_5678)));
        assert_eq!(put.unwrap(), leaf(8, 8, "12345678")(endian));
    }
}

/// The last attribute of a message or nest may lack its padding, or a part of it.
#[test]
fn padding_that_is_missing_stays_missing() {
    for endian in ORDERS {
        for padding in 0..=2 {
            let zone = [header(6, 18, endian), unhex("1234 0000")[..2 + padding].to_vec()].concat();
            let run = attrs::<CtattrType>(&zone, endian);
            assert_eq!(run.iter().collect::<Vec<_>>(), [Ok(CtAttr::Zone(0x1234))]);
            assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), zone);

            // In a nest that is followed by another attribute, at its aligned place.
            let inner = [header(6, 3, endian), unhex("1234 0000")[..2 + padding].to_vec()].concat();
            let mut bytes = [header(inner.len() as u16 + 4, 0x8001, endian), inner].concat();
            bytes.resize(12, 0x5a);
            bytes.extend(leaf(8, 8, "12345678")(endian));
            let run = attrs::<CtattrType>(&bytes, endian);
            let ct = Conntrack::try_read(run).unwrap();
            assert_eq!((ct.orig.zone, ct.mark), (Some(0x1234), Some(0x1234_5678)));
            assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        }
    }
}

#[test]
fn strings_end_as_they_did() {
    for endian in ORDERS {
        // Linux 2.6.24 sent no NUL; a buffer of 16 sent whole has many.
        let tails = ["667470", "66747000", "6674700000", "66747000 78797a", "00", ""];
        for digits in tails {
            let payload = unhex(digits);
            let mut bytes = header(payload.len() as u16 + 4, 1, endian);
            bytes.extend(&payload);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            let bytes = &*bytes.leak();
            let value = HelpAttr::Name(NulStr::from_payload(payload.leak()));
            every_direction::<CtattrHelp>(digits, bytes, endian, value);
            let HelpAttr::Name(name) = value else { panic!() };
            let expected: &[u8] = if digits.starts_with('6') { b"ftp" } else { b"" };
            assert_eq!(name.as_bytes(), expected);
        }
        // Bytes that are no UTF-8, and a NUL given to the constructor.
        let bytes = leaf(8, 1, "61ff6200")(endian).leak();
        let value = HelpAttr::Name(NulStr::new(b"a\xffb\0c"));
        every_direction::<CtattrHelp>("a\\xffb", bytes, endian, value);
        assert_eq!(Describe::<CtattrHelp>(&value).to_string(), r#""a\xffb""#);
    }
}

#[test]
fn labels_of_other_lengths_and_machines() {
    // Label 3 and label 64, as machines of both byte orders have them in memory.
    let little = unhex("0800000000000000 0100000000000000").leak();
    let big = unhex("0000000000000008 0000000000000001").leak();
    for (endian, memory) in [(Endian::Little, &*little), (Endian::Big, &*big)] {
        for (from, bits) in [(Endian::Little, &*little), (Endian::Big, &*big)] {
            let value = CtAttr::Labels(HostBits::new(bits, from).unwrap());
            assert_eq!(Describe::<CtattrType>(&value).to_string(), "3,64");
            // A value from one machine written for another.
            let bytes = [header(20, 22, endian), memory.to_vec()].concat();
            assert_eq!(written::<CtattrType>(endian, |out| out.put(value)).unwrap(), bytes);
            let ct = Conntrack::try_read(attrs(&bytes, endian)).unwrap();
            assert_eq!(ct.labels, Some(Labels::new(1 << 64 | 1 << 3)));
            let again = written(endian, |out| ct.write(out)).unwrap();
            assert_eq!(again, bytes);
        }
    }
    // Kernels before 4.9 send 8 bytes, 32-bit ones 4.
    let short = [
        (Endian::Little, "0800000000000000", 3),
        (Endian::Big, "0000000000000008", 3),
        (Endian::Little, "00000080", 31),
        (Endian::Big, "80000000", 31),
    ];
    for (endian, digits, label) in short {
        let payload = unhex(digits);
        let bytes = [header(payload.len() as u16 + 4, 22, endian), payload].concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        let ct = Conntrack::try_read(run).unwrap();
        assert_eq!(ct.labels.unwrap().iter().collect::<Vec<_>>(), [label], "{digits}");
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
    }
}

// ---------------------------------------------------------------------------------------------
// Lengths.

fn too_long(error: Error) -> (usize, Option<&'static str>, usize) {
    let ErrorKind::TooLong { limit: 65_535, needed } = error.kind else { panic!("{error}") };
    (error.offset, error.attr.map(|attr| attr.name), needed)
}

#[test]
fn the_longest_attribute() {
    let data: Vec<u8> = (0..=u16::MAX).map(|n| (n % 251) as u8).collect();
    for endian in ORDERS {
        for (len, padding) in [(65_528, 0), (65_529, 3), (65_530, 2), (65_531, 1)] {
            let bytes = written::<CtattrHelp>(endian, |out| {
                out.put(HelpAttr::Name("ftp".into()));
                out.put(HelpAttr::Info(&data[..len]));
                out.put(HelpAttr::Name("end".into()));
            });
            let expected = [
                leaf(8, 1, "66747000")(endian),
                header(len as u16 + 4, 2, endian),
                data[..len].to_vec(),
                vec![0; padding],
                leaf(8, 1, "656e6400")(endian),
            ];
            let bytes = bytes.unwrap();
            assert!(bytes == expected.concat(), "{len}");
            let run = attrs::<CtattrHelp>(&bytes, endian);
            let values: Vec<_> = run.iter().map(Result::unwrap).collect();
            assert!(
                matches!(values[..], [HelpAttr::Name(_), HelpAttr::Info(info), HelpAttr::Name(_)] if info == &data[..len])
            );
            assert!(written::<CtattrHelp>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        }

        // One byte more is left out, and said; the first such error is the one that comes back.
        let error = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name("ftp".into()));
            let before = out.offset();
            out.put(HelpAttr::Info(&data[..65_532]));
            assert_eq!(out.offset(), before, "left out, whole");
            out.put(HelpAttr::Name("end".into()));
            assert_eq!(out.offset(), before + 8, "the rest is written");
            out.put(HelpAttr::Info(&data[..65_535]));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS + 8, Some("CTA_HELP_INFO"), 65_536));
        let error = AttrsBuf::<CtattrHelp>::build(endian, |out| {
            out.put(HelpAttr::Info(&data[..65_535]));
        });
        assert_eq!(too_long(error.unwrap_err()), (0, Some("CTA_HELP_INFO"), 65_539));

        // A string is longer by its NUL.
        let text = "x".repeat(65_531);
        let longest = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name(NulStr::from(&text[1..])));
        });
        assert_eq!(longest.unwrap().len(), 65_536);
        let error = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name(NulStr::from(&*text)));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS, Some("CTA_HELP_NAME"), 65_536));

        // Raw attributes too.
        let raw =
            RawAttr { offset: 0, nla_type: 99, endian, payload: &data[..65_532], padding: &[] };
        let error = written::<CtattrType>(endian, |out| {
            out.put(CtAttr::Mark(1));
            out.put(CtAttr::Unknown(raw));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS + 8, None, 65_536));
    }
}

#[test]
fn the_longest_nest() {
    let data: Vec<u8> = (0..=u16::MAX).map(|n| (n % 251) as u8).collect();
    for endian in ORDERS {
        let nest = |lens: &[usize]| {
            written::<CtattrType>(endian, |out| {
                out.put(CtAttr::Mark(0x1234_5678));
                out.nest(CtAttr::Help, |out| {
                    for &len in lens {
                        out.put(HelpAttr::Info(&data[..len]));
                    }
                });
                out.put(CtAttr::Zone(0x1234));
            })
        };
        // A nest counts its children's padding: 65,532 is the longest that is a multiple of 4.
        for lens in [&[65_524][..], &[65_523], &[32_756, 32_764], &[0; 16_382]] {
            let bytes = nest(lens).unwrap();
            assert_eq!(bytes.len(), 8 + 65_532 + 8, "{:?}", &lens[..lens.len().min(3)]);
            assert_eq!(bytes[8..12], header(65_532, 0x8005, endian));
            let run = attrs::<CtattrType>(&bytes, endian);
            assert_eq!(run.iter().filter_map(Result::ok).count(), 3);
            assert!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        }
        // Each child fits, the sum does not; a child that is too long is named before its nest.
        let sums =
            [(&[32_757, 32_764][..], 65_536), (&[65_525], 65_536), (&[40_000, 40_000], 80_012)];
        for (lens, needed) in sums {
            let error = nest(lens).unwrap_err();
            assert_eq!(too_long(error), (ATTRS + 8, Some("CTA_HELP"), needed));
        }
        let error = nest(&[65_532]).unwrap_err();
        assert_eq!(too_long(error), (ATTRS + 12, Some("CTA_HELP_INFO"), 65_536));

        // A nest of 65,535 bytes, whose child lacks the padding, is not the kernel's but is read.
        let mut bytes = header(65_535, 0x8005, endian);
        bytes.extend(header(65_531, 2, endian));
        bytes.extend(&data[..65_527]);
        bytes.push(0x5a);
        bytes.extend(leaf(8, 8, "12345678")(endian));
        let run = attrs::<CtattrType>(&bytes, endian);
        let ct = Conntrack::try_read(run).unwrap();
        assert_eq!(ct.help.info.as_deref(), Some(&data[..65_527]));
        assert_eq!(ct.mark, Some(0x1234_5678));
        assert!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        // The flat value would have to pad it, which does not fit.
        let error = written(endian, |out| ct.write(out)).unwrap_err();
        assert_eq!(too_long(error), (ATTRS, Some("CTA_HELP"), 65_536));
    }
}

#[test]
fn a_message_may_be_longer_than_an_attribute() {
    let data = vec![0x77; 60_000];
    let envelope = Envelope::new(MsgType::CT_NEW, Family::IPV4);
    let message = envelope.build::<CtattrType>(|out| {
        for _ in 0..20 {
            out.nest(CtAttr::Help, |out| out.put(HelpAttr::Info(&data)));
        }
    });
    let message = message.unwrap();
    assert_eq!(message.as_bytes().len(), 20 + 20 * (4 + 4 + 60_000));
    let parsed = Message::parse(message.as_bytes(), Endian::NATIVE).unwrap();
    assert_eq!(parsed.conntrack().unwrap().iter().filter_map(Result::ok).count(), 20);
    assert!(parsed.rebuild().unwrap().as_bytes() == message.as_bytes());
}

// ---------------------------------------------------------------------------------------------
// Messages.

#[test]
fn an_attribute_twice() {
    for endian in ORDERS {
        let marks = ["11223344", "55667788"].map(|digits| leaf(8, 8, digits)(endian));
        let bytes = message(&marks.concat(), endian);
        let message = Message::parse(&bytes, endian).unwrap();
        let values: Vec<_> = message.conntrack().unwrap().iter().map(Result::unwrap).collect();
        assert_eq!(values, [CtAttr::Mark(0x1122_3344), CtAttr::Mark(0x5566_7788)]);
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        // The last one counts, as for nla_parse.
        assert_eq!(Conntrack::try_from(message).unwrap().mark, Some(0x5566_7788));
        let first = message.conntrack().unwrap().find(|attr| match attr {
            CtAttr::Mark(mark) => Some(mark),
            _ => None,
        });
        assert_eq!(first, Some(0x1122_3344));
    }
}

#[test]
fn nothing_in_it() {
    for endian in ORDERS {
        let bytes = message(&[], endian);
        let message = Message::parse(&bytes, endian).unwrap();
        assert_eq!(message.conntrack().unwrap().iter().count(), 0);
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        let ct = Conntrack::try_from(message).unwrap();
        assert_eq!(ct, Conntrack { family: Family::IPV4, ..Conntrack::default() });
        assert_eq!(written::<CtattrType>(endian, |out| ct.write(out)).unwrap(), [0_u8; 0]);
        assert_eq!(AttrsBuf::<CtattrType>::build(endian, |_| ()).unwrap().into_bytes(), [0_u8; 0]);

        // An empty nest of each kind is no value, and stays.
        let bytes = [1, 2, 4, 5, 6, 9, 10, 13, 14, 15, 16, 19, 20, 24, 25]
            .map(|number| header(4, number | 0x8000, endian))
            .concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        assert_eq!(Conntrack::try_read(run).unwrap(), Conntrack::default());
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let nests: Vec<_> = run.iter().map(Result::unwrap).collect();
        let put = written::<CtattrType>(endian, |out| nests.iter().for_each(|nest| out.put(*nest)));
        assert_eq!(put.unwrap(), bytes);
    }
}

#[test]
fn a_message_cut_at_every_byte() {
    for endian in ORDERS {
        let zone = leaf(6, 18, "1234 | 0000")(endian);
        let whole = message(&[leaf(8, 8, "12345678")(endian), zone].concat(), endian);
        assert_eq!(whole.len(), 36);
        for len in 0..whole.len() {
            let cut = &whole[..len];
            let expected = if len < 16 {
                ErrorKind::MessageHeader { found: len }
            } else {
                ErrorKind::MessageLength { nlmsg_len: 36, available: len }
            };
            let error = Message::parse(cut, endian).unwrap_err();
            assert_eq!((error.offset, error.set, error.attr), (0, None, None));
            assert_eq!(error.kind, expected);
            // In a datagram behind a whole one.
            let bytes = [&whole, cut].concat();
            let items: Vec<_> = Datagram::new(&bytes, endian).collect();
            assert_eq!(items.len(), 1 + usize::from(len > 0));
            assert_eq!(items[0].unwrap().bytes, whole);
            if let Some(error) = items.get(1) {
                let error = error.unwrap_err();
                assert_eq!((error.offset, error.kind), (36, expected));
            }
        }
        // Lengths that the header must not claim.
        for nlmsg_len in (0..16).chain([37, 0xffff_ffff]) {
            let mut bytes = whole.clone();
            bytes[..4].copy_from_slice(&u32_bytes(nlmsg_len, endian));
            let error = Message::parse(&bytes, endian).unwrap_err();
            assert_eq!(error.kind, ErrorKind::MessageLength { nlmsg_len, available: 36 });
            assert_eq!(Datagram::new(&bytes, endian).count(), 1, "{nlmsg_len}: no endless walk");
        }
        // The same cuts, with a header that says so: what is whole is read.
        for len in 16..whole.len() {
            let mut bytes = whole[..len].to_vec();
            bytes[..4].copy_from_slice(&u32_bytes(len as u32, endian));
            let message = Message::parse(&bytes, endian).unwrap();
            assert_eq!(message.kind(), Kind::Update);
            let run = match message.conntrack() {
                Ok(run) => run,
                Err(error) => {
                    assert!(len < 20);
                    assert_eq!(error.offset, 16);
                    assert_eq!(error.kind, ErrorKind::Body { expected: 4, found: len - 16 });
                    assert_eq!(message.rebuild().unwrap_err(), error);
                    assert_eq!(message.nfgenmsg(), None);
                    continue;
                }
            };
            assert!(len >= 20);
            let items: Vec<_> = run.iter().collect();
            let error = |offset, kind| {
                let mut error = attr_error();
                (error.offset, error.kind) = (offset, kind);
                Err(error)
            };
            let mark = Ok(CtAttr::Mark(0x1234_5678));
            let expected = match len {
                20 => vec![],
                21..24 => vec![error(20, ErrorKind::AttrHeader { found: len - 20 })],
                24..28 => {
                    vec![error(20, ErrorKind::AttrLength { nla_len: 8, available: len - 20 })]
                }
                28 => vec![mark],
                29..32 => vec![mark, error(28, ErrorKind::AttrHeader { found: len - 28 })],
                32..34 => {
                    let kind = ErrorKind::AttrLength { nla_len: 6, available: len - 28 };
                    vec![mark, error(28, kind)]
                }
                // Only padding is missing.
                _ => vec![mark, Ok(CtAttr::Zone(0x1234))],
            };
            assert_eq!(items, expected, "{len}");
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes, "{len}");
        }
    }
}

/// A framing error at the top of a conntrack message, of which offset and kind do not count.
fn attr_error() -> Error {
    let bytes = message(&[0], Endian::Little);
    let message = Message::parse(&bytes, Endian::Little).unwrap();
    let error = message.conntrack().unwrap().iter().next().unwrap().unwrap_err();
    assert_eq!((error.offset, error.attr), (20, None));
    assert_eq!(error.set, Some(CtattrType::SPEC));
    assert_eq!(
        error.to_string(),
        "in ctattr_type at byte 20: an attribute header needs 4 bytes, 1 left"
    );
    error
}

#[test]
fn a_broken_nest_ends_alone() {
    for endian in ORDERS {
        // `nla_len` of the second attribute in CTA_TUPLE_ORIG, of whose 8 bytes 4 are the header.
        for nla_len in (0..4).chain([9, 0xffff]) {
            let bytes = [
                header(20, 0x8001, endian),
                leaf(6, 3, "1234 | 0000")(endian),
                header(nla_len, 2, endian),
                unhex("a1b2c3d4"),
                leaf(8, 8, "12345678")(endian),
            ]
            .concat();
            let bytes = message(&bytes, endian);
            let message = Message::parse(&bytes, endian).unwrap();
            let mut errors = Vec::new();
            let ct = Conntrack::from_message(&message, &mut |error| errors.push(error)).unwrap();
            assert_eq!((ct.orig.zone, ct.mark), (Some(0x1234), Some(0x1234_5678)));
            let [error] = errors[..] else { panic!("{errors:?}") };
            assert_eq!((error.offset, error.set, error.attr), (32, Some(CtattrTuple::SPEC), None));
            assert_eq!(error.kind, ErrorKind::AttrLength { nla_len, available: 8 });
            assert_eq!(Conntrack::try_from(message), Err(error));
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        }
    }
}

#[test]
fn errors_cost_nothing_but_their_attribute() {
    for endian in ORDERS {
        let bytes = [
            leaf(8, 3, "00000008")(endian),
            [header(12, 0x8014, endian), header(7, 1, endian), unhex("112233 00")].concat(),
            leaf(6, 8, "1234 | 0000")(endian),
            leaf(8, 12, "e269d811")(endian),
            leaf(7, 22, "010203 | 00")(endian),
            leaf(6, 18, "1234 | 0000")(endian),
        ]
        .concat();
        let bytes = message(&bytes, endian);
        let message = Message::parse(&bytes, endian).unwrap();
        let mut errors = Vec::new();
        let ct = Conntrack::from_message(&message, &mut |error| errors.push(error.to_string()));
        let expected = Conntrack {
            family: Family::IPV4,
            status: Some(Status::CONFIRMED),
            id: Some(0xe269_d811),
            zone: Some(0x1234),
            ..Conntrack::default()
        };
        assert_eq!(ct.unwrap(), expected);
        assert_eq!(
            errors,
            [
                "CTA_TIMESTAMP_START at byte 32: payload is 3 bytes, expected 8",
                "CTA_MARK at byte 40: payload is 2 bytes, expected 4",
                "CTA_LABELS at byte 56: payload is 3 bytes, expected a multiple of 4",
            ]
        );
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
    }
}

/// `struct nlmsgerr`, all of it in the machine's order.
#[test]
fn errors_of_the_kernel() {
    for endian in ORDERS {
        // A request of 27 bytes, which the kernel aligns when it echoes it.
        let request = [
            u32_bytes(27, endian).to_vec(),
            u16_bytes(0x0101, endian).to_vec(),
            u16_bytes(0x0005, endian).to_vec(),
            u32_bytes(0x0102_0304, endian).to_vec(),
            u32_bytes(0x0506_0708, endian).to_vec(),
        ]
        .concat();
        let payload = [unhex("02000000"), leaf(7, 8, "aabbcc | 00")(endian)].concat();
        let tlvs =
            [leaf(7, 1, "6e6f00 | 00")(endian), leaf(8, 2, ["14000000", "00000014"])(endian)];
        let body =
            [u32_bytes((-34_i32) as u32, endian).to_vec(), request, payload.clone()].concat();
        let answer = |flags: u16, body: &[u8]| {
            let mut bytes = u32_bytes(body.len() as u32 + 16, endian).to_vec();
            bytes.extend(u16_bytes(2, endian));
            bytes.extend(u16_bytes(flags, endian));
            bytes.extend([0; 8]);
            bytes.extend(body);
            bytes
        };
        let cases = [
            // ACK_TLVS; CAPPED and ACK_TLVS; CAPPED; neither.
            (0x200, [body.clone(), tlvs.concat()].concat(), payload.len(), true),
            (0x300, [body[..20].to_vec(), tlvs.concat()].concat(), 0, true),
            (0x100, body[..20].to_vec(), 0, false),
            (0x000, body.clone(), payload.len(), false),
        ];
        for (flags, body, echoed, has_details) in cases {
            let bytes = answer(flags, &body);
            let raw = RawMessage::parse(&bytes, endian).unwrap();
            let error = NlMsgErr::parse(&raw).unwrap();
            assert_eq!((error.error, error.is_ack()), (-34, false));
            let request = error.request;
            assert_eq!((request.nlmsg_len, request.nlmsg_type), (27, 0x0101));
            assert_eq!(request.nlmsg_flags, NlmFlags::REQUEST | NlmFlags::ACK);
            assert_eq!((request.nlmsg_seq, request.nlmsg_pid), (0x0102_0304, 0x0506_0708));
            assert_eq!(error.payload, &payload[..echoed]);
            assert_eq!(
                error.message().map(|text| text.to_string()),
                has_details.then(|| "no".into())
            );
            assert_eq!(error.offset(), has_details.then_some(20));
            let message = Message::parse(&bytes, endian).unwrap();
            assert!(matches!(message.body(), Ok(Body::Error(_))));
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
            // Too short for its fixed part.
            for len in 0..20 {
                let bytes = answer(flags, &body[..len]);
                let error = Message::parse(&bytes, endian).unwrap().body().unwrap_err();
                assert_eq!(error.offset, 16);
                assert_eq!(error.kind, ErrorKind::Body { expected: 20, found: len });
            }
        }
    }
}

/// Flat values hold what the tables name, but for the pads.
#[test]
fn a_flat_expectation() {
    for endian in ORDERS {
        let bytes = [
            [header(12, 0x8002, endian), leaf(6, 3, "1122 | 0000")(endian)].concat(),
            [header(12, 0x8003, endian), leaf(6, 3, "3344 | 0000")(endian)].concat(),
            [header(12, 0x8001, endian), leaf(6, 3, "5566 | 0000")(endian)].concat(),
            [
                header(24, 0x800a, endian),
                leaf(8, 1, "01020304")(endian),
                header(12, 0x8002, endian),
                leaf(6, 3, "7788 | 0000")(endian),
            ]
            .concat(),
            leaf(8, 4, "01020304")(endian),
            leaf(8, 5, "05060708")(endian),
            leaf(8, 8, "00000003")(endian),
            leaf(8, 9, "090a0b0c")(endian),
            leaf(8, 6, "66747000")(endian),
            leaf(22, 11, "6e61742d666f6c6c6f772d6d617374657200 | 0000")(endian),
        ]
        .concat();
        let expectation = Expectation::try_read(attrs(&bytes, endian)).unwrap();
        assert_eq!(expectation.tuple.zone, Some(0x1122));
        assert_eq!(expectation.mask.zone, Some(0x3344));
        assert_eq!(expectation.master.zone, Some(0x5566));
        assert_eq!(expectation.nat.dir, Some(0x0102_0304));
        assert_eq!(expectation.nat.tuple.zone, Some(0x7788));
        assert_eq!(expectation.timeout, Some(0x0102_0304));
        assert_eq!(expectation.id, Some(0x0506_0708));
        assert_eq!(expectation.flags, Some(ExpectFlags::PERMANENT | ExpectFlags::INACTIVE));
        assert_eq!(expectation.class, Some(0x090a_0b0c));
        assert_eq!(expectation.help_name, Some("ftp".into()));
        assert_eq!(expectation.function, Some("nat-follow-master".into()));
        assert_eq!(written(endian, |out| expectation.write(out)).unwrap(), bytes);
    }
}
