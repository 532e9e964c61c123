//! The nested attribute sets of `linux/netfilter/nfnetlink_conntrack.h`, and the values in them.
//!
//! Each set is a type without values, such as [`CtattrTstamp`]: the parameter of
//! [`Attrs`](crate::wire::Attrs) and [`Writer`](crate::wire::Writer). Its attributes are an enum, such
//! as [`TimestampAttr`]. Every page of an attribute says since which release the kernel has it.
//!
//! | set | attributes | in | content |
//! |---|---|---|---|
//! | [`CtattrTuple`] | [`TupleAttr`] | `CTA_TUPLE_ORIG` and others | one direction of a flow |
//! | [`CtattrIp`] | [`IpAttr`] | a tuple | addresses |
//! | [`CtattrL4proto`] | [`L4ProtoAttr`] | a tuple | protocol, ports, ICMP fields |
//! | [`CtattrProtoinfo`] | [`ProtoInfoAttr`] | `CTA_PROTOINFO` | state of TCP, DCCP or SCTP |
//! | [`CtattrCounters`] | [`CountersAttr`] | `CTA_COUNTERS_ORIG`, `_REPLY` | packets and bytes |
//! | [`CtattrTstamp`] | [`TimestampAttr`] | `CTA_TIMESTAMP` | start and stop |
//! | [`CtattrNat`], [`CtattrProtonat`] | [`NatAttr`], [`ProtoNatAttr`] | `CTA_NAT_SRC`, `_DST` | ranges in requests |
//! | [`CtattrSeqadj`] | [`SeqAdjAttr`] | `CTA_SEQ_ADJ_ORIG`, `_REPLY` | TCP sequence adjustment |
//! | [`CtattrSynproxy`] | [`SynProxyAttr`] | `CTA_SYNPROXY` | SYN proxy |
//! | [`CtattrSecctx`] | [`SecCtxAttr`] | `CTA_SECCTX` | security context |
//! | [`CtattrHelp`] | [`HelpAttr`] | `CTA_HELP` | helper |
//! | [`CtattrFilter`] | [`FilterAttr`] | `CTA_FILTER` | tuple fields that a dump must match |
//! | [`CtattrExpectNat`] | [`ExpectNatAttr`] | `CTA_EXPECT_NAT` | NAT of an expected flow |
//!
//! # Examples
//! ```
//! use ctnetlink::nested::{CtattrTstamp, TimestampAttr};
//! use ctnetlink::wire::{Attrs, Endian};
//!
//! // The payload of a CTA_TIMESTAMP, with a start only.
//! let bytes = [12, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab];
//! let times = Attrs::<CtattrTstamp>::new(&bytes, Endian::Little);
//! let times: Vec<_> = times.iter().collect::<Result<_, _>>()?;
//! assert_eq!(times, [TimestampAttr::Start(1_795_337_473_790_590_123)]);
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```

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
