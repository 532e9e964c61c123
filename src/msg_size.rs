//! The size that the kernel allocates for an event: `ctnetlink_nlmsg_size`.
//!
//! Before it builds an event, the kernel computes the largest payload from the entry and allocates
//! [`nlmsg_total_size`](crate::wire::nlmsg_total_size) of it. The functions of this module have the
//! kernel's names and return the kernel's numbers, mistakes included:
//!
//! | mistake | since | effect |
//! |---|---|---|
//! | `CTA_SYNPROXY` is not counted | 4.18 | 28 bytes short |
//! | `CTA_HELP_INFO` is not counted | 3.6 | short by the helper's data |
//! | `CTA_ZONE` is not counted | until 3.18 | 8 bytes short |
//! | sequence adjustments are counted only with `NF_NAT` | 3.13 | 56 bytes short without |
//! | TCP's state is counted one attribute and one header short | 4.19 | 12 bytes short |
//! | `sizeof(sizeof(…))` in TCP's and SCTP's state | 4.17 to 4.18 | TCP 4 short, SCTP 4 short |
//! | addresses of both families are counted | 4.19 | IPv4 120 bytes, IPv6 48 bytes too much |
//! | master, helper, adjustments, stop time are always counted | always | too much |
//! | counters and times are counted for NEW and UPDATE, which lack them | always | 84 bytes too much |
//! | `CTA_TIMESTAMP_EVENT` is counted with the sysctl off, and without its pad | 6.14 | 12 too much |
//!
//! Since Linux 4.19 the excess hides the shortage. The worst case (IPv6 TCP with everything) has 8
//! bytes to spare, unless a helper has data, NAT is off, or the length from a security module omits
//! the NUL that is sent. In Linux 4.18, 32 bytes can be missing. An event that does not fit is
//! dropped, and its listeners get `ENOBUFS`. This is rare, because allocations are rounded up.
//!
//! # Examples
//!
//! ```
//! use ctnetlink::msg_size::{CtShape, ctnetlink_nlmsg_size, ctnetlink_nlmsg_size_terms};
//! use ctnetlink::nested::IpProto;
//! use ctnetlink::kernel::{Kernel, Release};
//! use ctnetlink::{Family, wire::nlmsg_total_size};
//!
//! let kernel = Kernel::new(Release::series(6, 12));
//! let shape = CtShape { acct: true, timestamp: true, ..CtShape::new(Family::IPV4, IpProto::TCP) };
//! let size = ctnetlink_nlmsg_size(&kernel, &shape);
//! assert_eq!((size, nlmsg_total_size(size)), (520, 536));
//! let terms = ctnetlink_nlmsg_size_terms(&kernel, &shape);
//! let times = terms.iter().find(|term| term.what == "ctnetlink_timestamp_size").unwrap();
//! assert_eq!(times.bytes, 28);
//! ```

use crate::kernel::{Kernel, L4Proto, ProtoinfoSize};
use crate::nested::IpProto;
use crate::wire::{nla_total_size, nla_total_size_64bit, nlmsg_align};
use crate::{Conntrack, Family};

/// `NF_CT_HELPER_NAME_LEN`.
const NF_CT_HELPER_NAME_LEN: usize = 16;
/// `sizeof(struct nf_ct_tcp_flags)`.
const TCP_FLAGS_LEN: usize = 2;
/// `sizeof(struct nfgenmsg)`.
const NFGENMSG_LEN: usize = 4;

/// The properties of an entry that decide the size of its events.
///
/// # Examples
/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtShape {
    /// The layer 3 protocol.
    pub family: Family,
    /// The transport protocol.
    pub proto: IpProto,
    /// The entry has the counters extension.
    pub acct: bool,
    /// The entry has the timestamp extension.
    pub timestamp: bool,
    /// The size of the labels extension in bytes: 16 since Linux 4.9.
    pub labels: Option<usize>,
    /// The length that the security module returns for the security context.
    pub secctx: Option<usize>,
}

impl CtShape {
    /// Creates the properties of an entry without extensions.
    #[must_use]
    pub const fn new(family: Family, proto: IpProto) -> Self {
        Self { family, proto, acct: false, timestamp: false, labels: None, secctx: None }
    }
}

/// Returns the extensions that a decoded entry shows.
///
/// DESTROY events and dumps show counters and times; NEW and UPDATE events do not. No message shows
/// labels that are all 0, though the entry may have them.
impl From<&Conntrack> for CtShape {
    fn from(ct: &Conntrack) -> Self {
        use crate::flat::Record as _;
        Self {
            family: ct.family,
            proto: ct.orig.proto.unwrap_or(IpProto(0)),
            acct: !ct.counters_orig.is_empty(),
            timestamp: !ct.timestamp.is_empty(),
            labels: ct.labels.map(|_| 16),
            secctx: ct.secctx.name.as_ref().map(|name| name.as_bytes().len() + 1),
        }
    }
}

/// One term of the sum in [`ctnetlink_nlmsg_size`].
///
/// # Examples
/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The kernel's function, or the names of the attributes.
    pub what: &'static str,
    /// The size in bytes, or 0 if the entry, the release or the configuration lacks it.
    pub bytes: usize,
}

/// Returns the terms of [`ctnetlink_nlmsg_size`], in the kernel's order.
#[must_use]
pub fn ctnetlink_nlmsg_size_terms(kernel: &Kernel, ct: &CtShape) -> [Term; 19] {
    let config = &kernel.config;
    let release = kernel.release;
    let only_if = |condition: bool, bytes: usize| if condition { bytes } else { 0 };
    let term = |what, bytes| Term { what, bytes };
    let has_zone = config.zones && release.nlmsg_size_counts_zone();
    // The kernel does not count the pad attribute before it.
    let has_event_time = kernel.has_timestamp() && release.timestamp_event_in_events();
    [
        term("nfgenmsg", nlmsg_align(NFGENMSG_LEN)),
        term("CTA_TUPLE_ORIG, REPLY, MASTER", 3 * nla_total_size(0)),
        term("CTA_TUPLE_IP", 3 * nla_total_size(0)),
        term("CTA_TUPLE_PROTO", 3 * nla_total_size(0)),
        term("CTA_PROTO_NUM", 3 * nla_total_size(1)),
        term("CTA_ID", nla_total_size(4)),
        term("CTA_STATUS", nla_total_size(4)),
        term("ctnetlink_acct_size", ctnetlink_acct_size(kernel, ct)),
        term("ctnetlink_timestamp_size", ctnetlink_timestamp_size(kernel, ct)),
        term("CTA_TIMEOUT", nla_total_size(4)),
        term("CTA_PROTOINFO", nla_total_size(0)),
        term("CTA_HELP", nla_total_size(0) + nla_total_size(NF_CT_HELPER_NAME_LEN)),
        term("ctnetlink_secctx_size", ctnetlink_secctx_size(kernel, ct)),
        term("CTA_SEQ_ADJ_ORIG, REPLY", only_if(config.nat, seq_adj_size())),
        term("CTA_MARK", only_if(config.mark, nla_total_size(4))),
        term("CTA_ZONE", only_if(has_zone, nla_total_size(2))),
        term("ctnetlink_proto_size", ctnetlink_proto_size(kernel, ct)),
        term("ctnetlink_label_size", ctnetlink_label_size(kernel, ct)),
        term("CTA_TIMESTAMP_EVENT", only_if(has_event_time, nla_total_size(8))),
    ]
}

/// Returns the payload, in bytes, for which the kernel allocates an event.
///
/// The allocation is [`nlmsg_total_size`](crate::wire::nlmsg_total_size) of it.
#[must_use]
pub fn ctnetlink_nlmsg_size(kernel: &Kernel, ct: &CtShape) -> usize {
    ctnetlink_nlmsg_size_terms(kernel, ct).iter().map(|term| term.bytes).sum()
}

fn seq_adj_size() -> usize {
    2 * nla_total_size(0) + 6 * nla_total_size(4)
}

/// Returns the size of the addresses and ports of three tuples, and of the protocol's state.
#[must_use]
pub fn ctnetlink_proto_size(kernel: &Kernel, ct: &CtShape) -> usize {
    let v4 = 2 * nla_total_size(4);
    let v6 = 2 * nla_total_size(16);
    let addresses = if kernel.release.nlmsg_size_counts_both_families() {
        v4 + v6
    } else if ct.family == Family::IPV6 {
        v6
    } else {
        v4
    };
    let identifiers = match kernel.l4proto(ct.proto) {
        L4Proto::Ports => 2 * nla_total_size(2),
        L4Proto::Icmp | L4Proto::Icmpv6 => nla_total_size(2) + 2 * nla_total_size(1),
        L4Proto::Generic => 0,
    };
    3 * addresses + 3 * identifiers + protoinfo_size(kernel, ct.proto)
}

/// Returns `nlattr_size` of a protocol that has a state, otherwise 0.
fn protoinfo_size(kernel: &Kernel, proto: IpProto) -> usize {
    let nest = nla_total_size(0);
    let byte = nla_total_size(1);
    let flags = nla_total_size(TCP_FLAGS_LEN);
    if kernel.l4proto(proto) != L4Proto::Ports {
        return 0;
    }
    match (proto, kernel.release.nlmsg_size_of_protoinfo()) {
        (IpProto::TCP, ProtoinfoSize::Policy) => nest + 3 * byte + 2 * flags,
        (IpProto::TCP, ProtoinfoSize::SizeofSizeof) => 2 * byte + 2 * nla_total_size(8),
        (IpProto::TCP, ProtoinfoSize::Constant) => 2 * byte + 2 * flags,
        (IpProto::SCTP, ProtoinfoSize::Policy) => nest + byte + 2 * nla_total_size(4),
        (IpProto::SCTP, _) => byte + 2 * nla_total_size(4),
        (IpProto::DCCP, ProtoinfoSize::Policy) => nest + 2 * byte + nla_total_size(8),
        (IpProto::DCCP, _) => 2 * byte + nla_total_size(8) + nla_total_size(0),
        _ => 0,
    }
}

/// Returns the size of the counters of both directions (`ctnetlink_counters_size` in old kernels).
#[must_use]
pub fn ctnetlink_acct_size(kernel: &Kernel, ct: &CtShape) -> usize {
    if ct.acct { 2 * nla_total_size(0) + 4 * nla_total_size_64bit(8, kernel.pads()) } else { 0 }
}

/// Returns the size of both timestamps, though an active entry has no stop time, since Linux 2.6.39.
#[must_use]
pub fn ctnetlink_timestamp_size(kernel: &Kernel, ct: &CtShape) -> usize {
    if ct.timestamp && kernel.has_timestamp() {
        nla_total_size(0) + 2 * nla_total_size_64bit(8, kernel.pads())
    } else {
        0
    }
}

/// Returns the size of the security context.
#[must_use]
pub fn ctnetlink_secctx_size(kernel: &Kernel, ct: &CtShape) -> usize {
    match ct.secctx {
        Some(len) if kernel.config.secmark => nla_total_size(0) + nla_total_size(len),
        _ => 0,
    }
}

/// Returns the size of the labels extension, even if no label is set.
#[must_use]
pub fn ctnetlink_label_size(kernel: &Kernel, ct: &CtShape) -> usize {
    match ct.labels {
        Some(len) if kernel.has_labels() => nla_total_size(len),
        _ => 0,
    }
}
