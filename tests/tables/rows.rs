//! Every attribute set, in the order of the header, with one line per attribute.

use crate::bytes::{attrs, leaf};
use crate::row::Table;
use ctnetlink::attrs::{
    CtAttr, CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
    ExpectAttr, ExpectFlags, ExpectStatsAttr, StatsCpuAttr, StatsGlobalAttr, Status,
};
use ctnetlink::nested::*;
use ctnetlink::spec::{Form, SetSpec};
use ctnetlink::wire::control::{ExtAck, NetlinkPolicyTypeAttr, NlmsgerrAttrs, PolicyAttr};
use ctnetlink::wire::{AttrSet, Attrs, Endian, HostBits, NlmFlags, Visitor};
use ctnetlink::{Family, MessageBuilder, MsgType};
use std::collections::BTreeSet;

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
fn every_attribute_of_every_set() {
    let tested: BTreeSet<_> = TABLES.iter().map(|table| table().name).collect();
    assert_eq!(tested.len(), TABLES.len(), "a table twice");
    let mut sets = BTreeSet::new();
    for root in roots() {
        walk(root, &mut sets);
    }
    assert_eq!(tested, sets, "sets without a table of lines here");
}

/// Returns the top-level sets, through which all others can be reached.
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
            let builder = MessageBuilder {
                flags,
                ..MessageBuilder::new(MsgType(nlmsg_type), Family::UNSPEC)
            };
            let message = builder.build::<CtattrType>(|_| ()).unwrap();
            // The message is too short for an NLMSG_ERROR, whose set is added below.
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

/// Returns the numbers of the bits that are set, as text.
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
