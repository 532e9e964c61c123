//! The state of an entry: `struct nf_conn` and its extensions.

use crate::Family;
use crate::attrs::Status;
use crate::flat::tuple::reversed_icmp_type;
use crate::flat::{Labels, Name};
use crate::kernel::Kernel;
use crate::msg_size::CtShape;
use crate::nested::{DccpRole, DccpState, IpProto, SctpState, TcpFlags, TcpState};
use bitflags::bitflags;
use core::net::{IpAddr, Ipv4Addr};

/// A tuple: one direction of a flow (`struct nf_conntrack_tuple`).
///
/// # Examples
/// ```
/// use ctnetlink::IpProto;
/// use ctnetlink::sim::NfConntrackTuple;
///
/// let orig = NfConntrackTuple::ports(
///     IpProto::TCP,
///     ("192.0.2.1".parse()?, 40_000),
///     ("198.51.100.7".parse()?, 443),
/// );
/// let reply = orig.inverted();
/// assert_eq!((reply.src, reply.src_id), (orig.dst, 443));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NfConntrackTuple {
    /// `src.u3`: the source address, of the same family as the destination.
    pub src: IpAddr,
    /// `dst.u3`: the destination address.
    pub dst: IpAddr,
    /// `dst.protonum`: the transport protocol.
    pub protonum: IpProto,
    /// `src.u`: the source port, GRE key or ICMP id.
    pub src_id: u16,
    /// `dst.u`: the destination port or GRE key, or the ICMP type (high byte) and code (low byte).
    pub dst_id: u16,
}

impl NfConntrackTuple {
    /// Creates a tuple of a protocol with ports or keys.
    #[must_use]
    pub const fn ports(protonum: IpProto, src: (IpAddr, u16), dst: (IpAddr, u16)) -> Self {
        Self { src: src.0, dst: dst.0, protonum, src_id: src.1, dst_id: dst.1 }
    }

    /// Returns the family of the addresses (`src.l3num`).
    #[must_use]
    pub const fn l3num(&self) -> Family {
        match self.src {
            IpAddr::V4(_) => Family::IPV4,
            IpAddr::V6(_) => Family::IPV6,
        }
    }

    /// Returns the tuple of the reply direction, without NAT.
    #[must_use]
    pub const fn inverted(&self) -> Self {
        match self.protonum {
            IpProto::ICMP | IpProto::ICMPV6 => {
                let [icmp_type, code] = self.dst_id.to_be_bytes();
                let icmp_type = reversed_icmp_type(self.protonum, icmp_type);
                let dst_id = u16::from_be_bytes([icmp_type, code]);
                Self { src: self.dst, dst: self.src, dst_id, ..*self }
            }
            _ => Self {
                src: self.dst,
                dst: self.src,
                protonum: self.protonum,
                src_id: self.dst_id,
                dst_id: self.src_id,
            },
        }
    }
}

impl Default for NfConntrackTuple {
    fn default() -> Self {
        let any = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self::ports(IpProto(0), any, any)
    }
}

/// A direction of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dir {
    /// The direction of the first packet.
    #[default]
    Original,
    /// The direction of the replies.
    Reply,
}

/// The zone of an entry (`struct nf_conntrack_zone`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConntrackZone {
    /// The number of the zone; 0 is the default zone.
    pub id: u16,
    /// The directions that are in the zone.
    pub dir: ZoneDir,
}

impl NfConntrackZone {
    /// Returns the zone that counts in a direction (`nf_ct_zone_id`).
    #[must_use]
    pub const fn id_in(self, dir: Dir) -> u16 {
        match (self.dir, dir) {
            (ZoneDir::Both, _) | (ZoneDir::Orig, Dir::Original) | (ZoneDir::Reply, Dir::Reply) => {
                self.id
            }
            _ => 0,
        }
    }
}

/// The directions of a flow that are in its zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ZoneDir {
    /// Both directions.
    #[default]
    Both,
    /// The original direction, since Linux 4.3; the reply direction is in the default zone.
    Orig,
    /// The reply direction, since Linux 4.3; the original direction is in the default zone.
    Reply,
}

/// The state of a protocol (`union nf_conntrack_proto`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum L4State {
    /// No state, for most protocols.
    #[default]
    None,
    /// The parts of `struct ip_ct_tcp` that are sent, for the original and the reply side.
    Tcp {
        /// The TCP state.
        state: TcpState,
        /// The window scale of each side.
        scale: [u8; 2],
        /// The flags of each side.
        flags: [TcpFlags; 2],
    },
    /// `struct ip_ct_sctp`.
    Sctp {
        /// The SCTP state.
        state: SctpState,
        /// The verification tag of each side.
        vtag: [u32; 2],
    },
    /// `struct nf_ct_dccp`, up to Linux 6.15.
    Dccp {
        /// The DCCP state.
        state: DccpState,
        /// The role of the sender of the original direction.
        role: DccpRole,
        /// The sequence number of the handshake, which has 48 bits.
        handshake_seq: u64,
    },
    /// `struct nf_ct_gre`, which only `/proc/net/nf_conntrack` shows.
    Gre {
        /// The timeout of a flow without replies, in seconds.
        timeout: u32,
        /// The timeout of a flow with replies, in seconds.
        stream_timeout: u32,
    },
}

impl L4State {
    /// Returns the initial state of a protocol.
    #[must_use]
    pub const fn new(protonum: IpProto) -> Self {
        match protonum {
            IpProto::TCP => {
                Self::Tcp { state: TcpState::NONE, scale: [0; 2], flags: [TcpFlags::empty(); 2] }
            }
            IpProto::SCTP => Self::Sctp { state: SctpState::NONE, vtag: [0; 2] },
            IpProto::DCCP => {
                Self::Dccp { state: DccpState::NONE, role: DccpRole::CLIENT, handshake_seq: 0 }
            }
            IpProto::GRE => Self::Gre { timeout: 0, stream_timeout: 0 },
            _ => Self::None,
        }
    }
}

/// The counters of one direction (`struct nf_conn_counter`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnCounter {
    /// The number of packets.
    pub packets: u64,
    /// The number of bytes, IP headers included.
    pub bytes: u64,
}

/// The timestamps of an entry, in nanoseconds since the Unix epoch (`struct nf_conn_tstamp`).
///
/// # Examples
/// See [`NfConn`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnTstamp {
    /// The time of confirmation, or 0.
    pub start: u64,
    /// The time of destruction, or 0.
    pub stop: u64,
}

/// The labels extension of an entry (`struct nf_conn_labels`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnLabels {
    /// The labels that are set.
    pub bits: Labels,
    /// The capacity in words of `unsigned long`, up to Linux 4.8.
    ///
    /// It is always 16 bytes since Linux 4.9.
    pub words: u8,
}

/// The helper extension of an entry (`struct nf_conn_help`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnHelp {
    /// The name of the helper, if one is set.
    pub helper: Option<Name>,
    /// The data of a helper in user space, since Linux 3.6 (`to_nlattr`).
    pub info: Option<alloc::boxed::Box<[u8]>>,
}

/// The sequence adjustment of one direction (`struct nf_ct_seqadj`).
///
/// It is a part of the NAT extension up to Linux 3.12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfCtSeqadj {
    /// The sequence number from which `offset_after` holds.
    pub correction_pos: u32,
    /// The offset before that position, in two's complement.
    pub offset_before: u32,
    /// The offset from that position on, in two's complement.
    pub offset_after: u32,
}

/// The SYN proxy extension of an entry (`struct nf_conn_synproxy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnSynproxy {
    /// The initial sequence number.
    pub isn: u32,
    /// The initial TCP timestamp.
    pub its: u32,
    /// The offset that is added to TCP timestamps.
    pub tsoff: u32,
}

/// The NAT extension of an entry (`struct nf_conn_nat`).
///
/// It is not sent. NAT shows in the status and in the reply tuple.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnNat {}

/// The event extension of an entry, without which it has no events (`struct nf_conntrack_ecache`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConntrackEcache {
    /// Changes that have not been reported.
    pub cache: IpctEvents,
    /// Changes whose event was dropped, which the next event reports.
    pub missed: IpctEvents,
    /// The time of the first change, or of the event that is sent, in nanoseconds since the Unix epoch.
    ///
    /// It exists since Linux 6.14, and is 0 unless the entry has timestamps.
    pub timestamp: u64,
    /// Whether the DESTROY event was dropped and is to be sent again.
    pub destroy_failed: bool,
    /// The `nlmsg_pid` of that event.
    pub portid: u32,
}

/// The security context of a security mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SecurityContext {
    /// The text of the context.
    pub name: Name,
    /// The length from the security module: SELinux counts the NUL, Smack and `AppArmor` do not.
    pub len: usize,
}

/// An entry (`struct nf_conn`).
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{IpctEvents, NfConn, NfConnTstamp, NfConntrackTuple, ctnetlink_conntrack_event};
/// use ctnetlink::{IpProto, Message};
///
/// let (client, server) = ("192.0.2.1".parse()?, "198.51.100.7".parse()?);
/// let orig = NfConntrackTuple::ports(IpProto::UDP, (client, 40_000), (server, 53));
/// let entry = NfConn {
///     tstamp: Some(NfConnTstamp { start: 1_700_000_000_123_456_789, stop: 1_700_000_031_000_000_000 }),
///     tuple: [orig, orig.inverted()],
///     ..NfConn::default()
/// };
/// let kernel = Kernel::new("5.10".parse()?);
/// let event = ctnetlink_conntrack_event(&kernel, IpctEvents::DESTROY, &entry, 0, 0)?.unwrap();
/// let flow = Message::parse_with(&event.bytes, kernel.arch.endian())?.conntrack()?;
/// assert_eq!(flow.orig.to_string(), "udp 192.0.2.1:40000 -> 198.51.100.7:53");
/// assert_eq!(flow.timestamp.duration_ns(), Some(30_876_543_211));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NfConn {
    /// The tuples of the original and the reply direction (`tuplehash`).
    pub tuple: [NfConntrackTuple; 2],
    /// The zone of the entry.
    pub zone: NfConntrackZone,
    /// The status (`IPS_*`).
    pub status: Status,
    /// The time of expiry in jiffies, which is relative until the entry is confirmed.
    pub timeout: u64,
    /// The connection mark.
    pub mark: u32,
    /// The security mark.
    pub secmark: u32,
    /// The security context of the mark, if a security module has one.
    pub secctx: Option<SecurityContext>,
    /// The state of the protocol.
    pub proto: L4State,
    /// The reference count (`ct_general.use`).
    pub use_count: u32,
    /// The id, an opaque number (`nf_ct_get_id`).
    pub id: u32,
    /// The original tuple of the master: the flow that expected this one.
    pub master: Option<NfConntrackTuple>,
    /// The id of the master, if it is known.
    pub master_id: u32,
    /// The counters of both directions, if `nf_conntrack_acct` was on at creation.
    pub acct: Option<[NfConnCounter; 2]>,
    /// The timestamps, if `nf_conntrack_timestamp` was on at creation.
    pub tstamp: Option<NfConnTstamp>,
    /// The labels, if a rule in the namespace used labels at creation.
    pub labels: Option<NfConnLabels>,
    /// The helper, if the entry has the extension.
    pub help: Option<NfConnHelp>,
    /// The sequence adjustments of both directions.
    pub seqadj: Option<[NfCtSeqadj; 2]>,
    /// The state of the SYN proxy.
    pub synproxy: Option<NfConnSynproxy>,
    /// The NAT extension.
    pub nat: Option<NfConnNat>,
    /// The event extension.
    pub ecache: Option<NfConntrackEcache>,
}

impl NfConn {
    /// Returns the layer 3 protocol (`nf_ct_l3num`).
    #[must_use]
    pub fn l3num(&self) -> Family {
        let [orig, _] = &self.tuple;
        orig.l3num()
    }

    /// Returns the transport protocol (`nf_ct_protonum`).
    #[must_use]
    pub fn protonum(&self) -> IpProto {
        let [orig, _] = &self.tuple;
        orig.protonum
    }

    /// Returns the timestamps, or `None` without the extension (`nf_conn_tstamp_find`).
    #[must_use]
    pub const fn nf_conn_tstamp_find(&self) -> Option<&NfConnTstamp> {
        self.tstamp.as_ref()
    }

    /// Returns the properties that decide the size of the entry's events.
    #[must_use]
    pub fn shape(&self, kernel: &Kernel) -> CtShape {
        CtShape {
            acct: self.acct.is_some(),
            timestamp: self.tstamp.is_some(),
            labels: self.labels.map(|labels| labels.len(kernel)),
            secctx: self.secctx.as_ref().map(|context| context.len),
            ..CtShape::new(self.l3num(), self.protonum())
        }
    }
}

impl NfConnLabels {
    /// Returns labels of which none is set, with room for 128.
    #[must_use]
    pub const fn empty(kernel: &Kernel) -> Self {
        let words = if kernel.arch.word == 4 { 4 } else { 2 };
        Self { bits: Labels::from_bits(0), words }
    }

    /// Returns the size in memory and in messages, in bytes.
    #[must_use]
    pub fn len(&self, kernel: &Kernel) -> usize {
        if kernel.release.labels_are_128_bits() {
            16
        } else {
            usize::from(self.words) * kernel.arch.word
        }
    }
}

bitflags! {
    /// The changes that an event reports, `1 << IPCT_*` (`enum ip_conntrack_events`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct IpctEvents: u32 {
        /// The entry was confirmed.
        const NEW = 1 << 0;
        /// An entry that was expected was confirmed.
        const RELATED = 1 << 1;
        /// The entry was destroyed.
        const DESTROY = 1 << 2;
        /// A packet of the reply direction was seen.
        const REPLY = 1 << 3;
        /// The entry became assured.
        const ASSURED = 1 << 4;
        /// The protocol's state changed.
        const PROTOINFO = 1 << 5;
        /// A helper was set.
        const HELPER = 1 << 6;
        /// The mark was set.
        const MARK = 1 << 7;
        /// A sequence adjustment was set.
        const SEQADJ = 1 << 8;
        /// The security mark was set.
        const SECMARK = 1 << 9;
        /// A label was set, since Linux 3.9.
        const LABEL = 1 << 10;
        /// The SYN proxy changed its state, since Linux 4.18.
        const SYNPROXY = 1 << 11;
    }
}

impl IpctEvents {
    /// The changes of an entry that a request creates, besides NEW or RELATED.
    pub const CREATED: Self = Self::CHANGED.difference(Self::LABEL);
    /// The changes of an entry that a request changes, also if it has no effect.
    pub const CHANGED: Self = Self::REPLY
        .union(Self::ASSURED)
        .union(Self::HELPER)
        .union(Self::LABEL)
        .union(Self::PROTOINFO)
        .union(Self::SEQADJ)
        .union(Self::MARK)
        .union(Self::SYNPROXY);
}
