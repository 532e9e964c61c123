//! The demands of the kernel on the attributes of requests.

use super::nla::{Check, Policy};
use crate::attrs::{CtattrExpect, CtattrType};
use crate::kernel::Kernel;
use crate::nested::{
    CtattrExpectNat, CtattrFilter, CtattrHelp, CtattrIp, CtattrL4proto, CtattrNat, CtattrProtoinfo,
    CtattrProtoinfoDccp, CtattrProtoinfoSctp, CtattrProtoinfoTcp, CtattrProtonat, CtattrSeqadj,
    CtattrSynproxy, CtattrTuple, IpProto,
};

/// `NF_CT_HELPER_NAME_LEN` without the NUL.
const HELPER_NAME: usize = 15;

/// `ct_nla_policy`.
pub(crate) const fn conntrack(kernel: &Kernel) -> &'static Policy {
    let release = kernel.release;
    if release.timestamp_event_in_events() {
        &CONNTRACK_6_14
    } else if release.filters_status() {
        &CONNTRACK_5_15
    } else if release.has_filter() {
        &CONNTRACK_5_8
    } else {
        &CONNTRACK
    }
}

macro_rules! conntrack_policy {
    ($maxtype:expr $(, $more:expr)?) => {
        Policy {
            maxtype: $maxtype,
            checks: &[
                (CtattrType::TupleOrig, Check::Nest),
                (CtattrType::TupleReply, Check::Nest),
                (CtattrType::Status, Check::Int(4)),
                (CtattrType::ProtoInfo, Check::Nest),
                (CtattrType::Help, Check::Nest),
                (CtattrType::NatSrc, Check::Nest),
                (CtattrType::Timeout, Check::Int(4)),
                (CtattrType::Mark, Check::Int(4)),
                (CtattrType::Id, Check::Int(4)),
                (CtattrType::NatDst, Check::Nest),
                (CtattrType::TupleMaster, Check::Nest),
                (CtattrType::SeqAdjOrig, Check::Nest),
                (CtattrType::SeqAdjReply, Check::Nest),
                (CtattrType::Zone, Check::Int(2)),
                (CtattrType::MarkMask, Check::Int(4)),
                (CtattrType::Labels, Check::Binary(16)),
                (CtattrType::LabelsMask, Check::Binary(16)),
                (CtattrType::Filter, Check::Nest),
                (CtattrType::StatusMask, Check::Int(4)),
                $($more,)?
            ],
        }
    };
}

static CONNTRACK: Policy = conntrack_policy!(CtattrType::SynProxy);
static CONNTRACK_5_8: Policy = conntrack_policy!(CtattrType::Filter);
static CONNTRACK_5_15: Policy = conntrack_policy!(CtattrType::StatusMask);
static CONNTRACK_6_14: Policy =
    conntrack_policy!(CtattrType::TimestampEvent, (CtattrType::TimestampEvent, Check::Reject));

/// `exp_nla_policy`.
pub(crate) const fn expect(kernel: &Kernel) -> &'static Policy {
    if kernel.release.protoinfo_has_ranges() { &EXPECT_RANGES } else { &EXPECT }
}

macro_rules! expect_policy {
    ($flags:expr) => {
        Policy {
            maxtype: CtattrExpect::Fn,
            checks: &[
                (CtattrExpect::Master, Check::Nest),
                (CtattrExpect::Tuple, Check::Nest),
                (CtattrExpect::Mask, Check::Nest),
                (CtattrExpect::Timeout, Check::Int(4)),
                (CtattrExpect::Id, Check::Int(4)),
                (CtattrExpect::HelpName, Check::NulString(HELPER_NAME)),
                (CtattrExpect::Zone, Check::Int(2)),
                (CtattrExpect::Flags, $flags),
                (CtattrExpect::Class, Check::Int(4)),
                (CtattrExpect::Nat, Check::Nest),
                (CtattrExpect::Fn, Check::NulString(usize::MAX)),
            ],
        }
    };
}

static EXPECT: Policy = expect_policy!(Check::Int(4));
static EXPECT_RANGES: Policy = expect_policy!(Check::MaskBe32(7));

/// `tuple_nla_policy`.
pub(crate) static TUPLE: Policy = Policy {
    maxtype: CtattrTuple::Zone,
    checks: &[
        (CtattrTuple::Ip, Check::Nest),
        (CtattrTuple::Proto, Check::Nest),
        (CtattrTuple::Zone, Check::Int(2)),
    ],
};

/// `cta_ip_nla_policy`.
pub(crate) static IP: Policy = Policy {
    maxtype: CtattrIp::V6Dst,
    checks: &[
        (CtattrIp::V4Src, Check::Int(4)),
        (CtattrIp::V4Dst, Check::Int(4)),
        (CtattrIp::V6Src, Check::MinLen(16)),
        (CtattrIp::V6Dst, Check::MinLen(16)),
    ],
};

/// `proto_nla_policy`.
pub(crate) static PROTO: Policy =
    Policy { maxtype: CtattrL4proto::Icmpv6Code, checks: &[(CtattrL4proto::Num, Check::Int(1))] };

/// `nf_ct_port_nla_policy`.
pub(crate) static PORTS: Policy = Policy {
    maxtype: CtattrL4proto::Icmpv6Code,
    checks: &[(CtattrL4proto::SrcPort, Check::Int(2)), (CtattrL4proto::DstPort, Check::Int(2))],
};

/// `icmp_nla_policy` and `icmpv6_nla_policy`.
pub(crate) const fn icmp(protonum: IpProto) -> &'static Policy {
    if protonum.0 == IpProto::ICMP.0 { &ICMP } else { &ICMPV6 }
}

static ICMP: Policy = Policy {
    maxtype: CtattrL4proto::Icmpv6Code,
    checks: &[
        (CtattrL4proto::IcmpType, Check::Int(1)),
        (CtattrL4proto::IcmpCode, Check::Int(1)),
        (CtattrL4proto::IcmpId, Check::Int(2)),
    ],
};

static ICMPV6: Policy = Policy {
    maxtype: CtattrL4proto::Icmpv6Code,
    checks: &[
        (CtattrL4proto::Icmpv6Type, Check::Int(1)),
        (CtattrL4proto::Icmpv6Code, Check::Int(1)),
        (CtattrL4proto::Icmpv6Id, Check::Int(2)),
    ],
};

/// `help_nla_policy`.
pub(crate) static HELP: Policy = Policy {
    maxtype: CtattrHelp::Info,
    checks: &[(CtattrHelp::Name, Check::NulString(HELPER_NAME))],
};

/// `nat_nla_policy`.
pub(crate) static NAT: Policy = Policy {
    maxtype: CtattrNat::V6MaxIp,
    checks: &[
        (CtattrNat::V4MinIp, Check::Int(4)),
        (CtattrNat::V4MaxIp, Check::Int(4)),
        (CtattrNat::V6MinIp, Check::MinLen(16)),
        (CtattrNat::V6MaxIp, Check::MinLen(16)),
        (CtattrNat::Proto, Check::Nest),
    ],
};

/// `protonat_nla_policy`.
pub(crate) static PROTONAT: Policy = Policy {
    maxtype: CtattrProtonat::PortMax,
    checks: &[(CtattrProtonat::PortMin, Check::Int(2)), (CtattrProtonat::PortMax, Check::Int(2))],
};

/// `protoinfo_policy`.
pub(crate) static PROTOINFO: Policy = Policy {
    maxtype: CtattrProtoinfo::Sctp,
    checks: &[
        (CtattrProtoinfo::Tcp, Check::Nest),
        (CtattrProtoinfo::Dccp, Check::Nest),
        (CtattrProtoinfo::Sctp, Check::Nest),
    ],
};

/// `tcp_nla_policy`.
pub(crate) const fn tcp(kernel: &Kernel) -> &'static Policy {
    if kernel.release.protoinfo_has_ranges() { &TCP_RANGES } else { &TCP }
}

macro_rules! tcp_policy {
    ($state:expr, $scale:expr) => {
        Policy {
            maxtype: CtattrProtoinfoTcp::FlagsReply,
            checks: &[
                (CtattrProtoinfoTcp::State, $state),
                (CtattrProtoinfoTcp::WscaleOriginal, $scale),
                (CtattrProtoinfoTcp::WscaleReply, $scale),
                (CtattrProtoinfoTcp::FlagsOriginal, Check::MinLen(2)),
                (CtattrProtoinfoTcp::FlagsReply, Check::MinLen(2)),
            ],
        }
    };
}

static TCP: Policy = tcp_policy!(Check::Int(1), Check::Int(1));
static TCP_RANGES: Policy = tcp_policy!(Check::MaxU8(9), Check::MaxU8(14));

/// `sctp_nla_policy`.
pub(crate) const fn sctp(kernel: &Kernel) -> &'static Policy {
    if kernel.release.protoinfo_has_ranges() { &SCTP_RANGES } else { &SCTP }
}

macro_rules! sctp_policy {
    ($state:expr) => {
        Policy {
            maxtype: CtattrProtoinfoSctp::VtagReply,
            checks: &[
                (CtattrProtoinfoSctp::State, $state),
                (CtattrProtoinfoSctp::VtagOriginal, Check::Int(4)),
                (CtattrProtoinfoSctp::VtagReply, Check::Int(4)),
            ],
        }
    };
}

static SCTP: Policy = sctp_policy!(Check::Int(1));
static SCTP_RANGES: Policy = sctp_policy!(Check::MaxU8(8));

/// `dccp_nla_policy`.
pub(crate) static DCCP: Policy = Policy {
    maxtype: CtattrProtoinfoDccp::HandshakeSeq,
    checks: &[
        (CtattrProtoinfoDccp::State, Check::Int(1)),
        (CtattrProtoinfoDccp::Role, Check::Int(1)),
        (CtattrProtoinfoDccp::HandshakeSeq, Check::Int(8)),
    ],
};

/// `seqadj_policy`.
pub(crate) static SEQADJ: Policy = Policy {
    maxtype: CtattrSeqadj::OffsetAfter,
    checks: &[
        (CtattrSeqadj::CorrectionPos, Check::Int(4)),
        (CtattrSeqadj::OffsetBefore, Check::Int(4)),
        (CtattrSeqadj::OffsetAfter, Check::Int(4)),
    ],
};

/// `synproxy_policy`.
pub(crate) static SYNPROXY: Policy = Policy {
    maxtype: CtattrSynproxy::Tsoff,
    checks: &[
        (CtattrSynproxy::Isn, Check::Int(4)),
        (CtattrSynproxy::Its, Check::Int(4)),
        (CtattrSynproxy::Tsoff, Check::Int(4)),
    ],
};

/// `cta_filter_nla_policy`, whose mask of flags is checked in any case.
pub(crate) static FILTER: Policy = Policy {
    maxtype: CtattrFilter::ReplyFlags,
    checks: &[(CtattrFilter::OrigFlags, Check::Int(4)), (CtattrFilter::ReplyFlags, Check::Int(4))],
};

/// `exp_nat_nla_policy`.
pub(crate) const fn expect_nat(kernel: &Kernel) -> &'static Policy {
    if kernel.release.protoinfo_has_ranges() { &EXPECT_NAT_RANGES } else { &EXPECT_NAT }
}

static EXPECT_NAT: Policy = Policy {
    maxtype: CtattrExpectNat::Tuple,
    checks: &[(CtattrExpectNat::Dir, Check::Int(4)), (CtattrExpectNat::Tuple, Check::Nest)],
};
static EXPECT_NAT_RANGES: Policy = Policy {
    maxtype: CtattrExpectNat::Tuple,
    checks: &[(CtattrExpectNat::Dir, Check::MaxBe32(1)), (CtattrExpectNat::Tuple, Check::Nest)],
};
