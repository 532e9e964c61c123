//! The nested sets of `linux/netfilter/nfnetlink_conntrack.h`, one file a nest.
//!
//! | nest | in | what |
//! |---|---|---|
//! | [`CtattrTuple`], [`CtattrIp`], [`CtattrL4proto`] | `CTA_TUPLE_ORIG` … | addresses, ports, zone of one direction |
//! | [`CtattrProtoinfo`] | `CTA_PROTOINFO` | TCP, DCCP or SCTP state |
//! | [`CtattrCounters`] | `CTA_COUNTERS_ORIG` … | packets and bytes |
//! | [`CtattrTstamp`] | `CTA_TIMESTAMP` | start and stop |
//! | [`CtattrNat`], [`CtattrProtonat`] | `CTA_NAT_SRC` … | ranges in requests |
//! | [`CtattrSeqadj`] | `CTA_SEQ_ADJ_ORIG` … | TCP sequence adjustment |
//! | [`CtattrSynproxy`] | `CTA_SYNPROXY` | SYN proxy |
//! | [`CtattrSecctx`] | `CTA_SECCTX` | security context |
//! | [`CtattrHelp`] | `CTA_HELP` | helper |
//! | [`CtattrFilter`] | `CTA_FILTER` | which tuple fields a dump matches |
//! | [`CtattrExpectNat`] | `CTA_EXPECT_NAT` | NAT of an expected flow |

mod counters;
mod expect_nat;
mod filter;
mod help;
mod ip;
mod l4proto;
mod nat;
mod protoinfo;
mod secctx;
mod seqadj;
mod synproxy;
mod timestamp;
mod tuple;

pub use counters::{CountersAttr, CtattrCounters};
pub use expect_nat::{CtattrExpectNat, ExpectNatAttr};
pub use filter::{CtattrFilter, FilterAttr, FilterFlags};
pub use help::{CtattrHelp, HelpAttr};
pub use ip::{CtattrIp, IpAttr};
pub use l4proto::{CtattrL4proto, IpProto, L4ProtoAttr};
pub use nat::{CtattrNat, CtattrProtonat, NatAttr, ProtoNatAttr};
pub use protoinfo::{
    CtattrProtoinfo, CtattrProtoinfoDccp, CtattrProtoinfoSctp, CtattrProtoinfoTcp, DccpRole,
    DccpState, ProtoInfoAttr, ProtoInfoDccpAttr, ProtoInfoSctpAttr, ProtoInfoTcpAttr, SctpState,
    TcpFlags, TcpFlagsMask, TcpState,
};
pub use secctx::{CtattrSecctx, SecCtxAttr};
pub use seqadj::{CtattrSeqadj, SeqAdjAttr};
pub use synproxy::{CtattrSynproxy, SynProxyAttr};
pub use timestamp::{CtattrTstamp, TimestampAttr};
pub use tuple::{CtattrTuple, TupleAttr};
