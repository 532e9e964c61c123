//! The entry: `struct nf_conn` and its extensions.

use crate::Family;
use crate::attrs::Status;
use crate::flat::tuple::reversed_icmp_type;
use crate::flat::{Labels, Name};
use crate::kernel::Kernel;
use crate::msg_size::CtShape;
use crate::nested::{DccpRole, DccpState, IpProto, SctpState, TcpFlags, TcpState};
use bitflags::bitflags;
use core::net::{IpAddr, Ipv4Addr};

/// One direction of a flow, `struct nf_conntrack_tuple`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NfConntrackTuple {
    /// `src.u3`: the source address. Both addresses are of one family.
    pub src: IpAddr,
    /// `dst.u3`: the destination address.
    pub dst: IpAddr,
    /// `dst.protonum`: the transport protocol.
    pub protonum: IpProto,
    /// `src.u`: the source port, GRE key or ICMP id.
    pub src_id: u16,
    /// `dst.u`: the destination port or GRE key; for ICMP the type in the high byte, the code in the
    /// low one.
    pub dst_id: u16,
}

impl NfConntrackTuple {
    /// A tuple of a protocol with ports or keys.
    #[must_use]
    pub const fn ports(protonum: IpProto, src: (IpAddr, u16), dst: (IpAddr, u16)) -> Self {
        Self { src: src.0, dst: dst.0, protonum, src_id: src.1, dst_id: dst.1 }
    }

    /// `src.l3num`: the family of the addresses.
    #[must_use]
    pub const fn l3num(&self) -> Family {
        match self.src {
            IpAddr::V4(_) => Family::IPV4,
            IpAddr::V6(_) => Family::IPV6,
        }
    }

    /// The tuple of the answers, without NAT.
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

/// The zone of an entry, `struct nf_conntrack_zone`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConntrackZone {
    /// 0 is the default zone.
    pub id: u16,
    /// The directions for which it holds.
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

/// For which directions a zone holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ZoneDir {
    /// Both.
    #[default]
    Both,
    /// The original one; the answers are in the default zone. Since 4.3.
    Orig,
    /// The reply one. Since 4.3.
    Reply,
}

/// `union nf_conntrack_proto`: the state of a protocol that has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum L4State {
    /// Protocols without one.
    #[default]
    None,
    /// `struct ip_ct_tcp`, as far as it is sent. The two sides are original and reply.
    Tcp {
        /// The state.
        state: TcpState,
        /// The window scale of each side.
        scale: [u8; 2],
        /// The flags of each side.
        flags: [TcpFlags; 2],
    },
    /// `struct ip_ct_sctp`.
    Sctp {
        /// The state.
        state: SctpState,
        /// The verification tag of each side.
        vtag: [u32; 2],
    },
    /// `struct nf_ct_dccp`, up to 6.15.
    Dccp {
        /// The state.
        state: DccpState,
        /// Which side opened the connection.
        role: DccpRole,
        /// 48 bits.
        handshake_seq: u64,
    },
    /// `struct nf_ct_gre`: sent nowhere, but in `/proc/net/nf_conntrack`.
    Gre {
        /// Seconds for a flow without answer.
        timeout: u32,
        /// Seconds for a flow of both directions.
        stream_timeout: u32,
    },
}

impl L4State {
    /// The state in which a protocol begins.
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

/// `struct nf_conn_counter` of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnCounter {
    /// Packets.
    pub packets: u64,
    /// Bytes, IP headers included.
    pub bytes: u64,
}

/// `struct nf_conn_tstamp`: nanoseconds since the Unix epoch, 0 while not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnTstamp {
    /// When it was confirmed.
    pub start: u64,
    /// When it was destroyed.
    pub stop: u64,
}

/// `struct nf_conn_labels`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnLabels {
    /// The labels.
    pub bits: Labels,
    /// Words of `unsigned long` that it has room for; it counts up to 4.8, after which there are
    /// always 16 bytes.
    pub words: u8,
}

/// `struct nf_conn_help`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnHelp {
    /// The name of the helper, if one is set.
    pub helper: Option<Name>,
    /// `to_nlattr` of a helper in user space: its data. Since 3.6.
    pub info: Option<alloc::boxed::Box<[u8]>>,
}

/// `struct nf_ct_seqadj` of one direction; up to 3.12 a part of the NAT extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfCtSeqadj {
    /// The sequence number from which `offset_after` holds.
    pub correction_pos: u32,
    /// Two's complement.
    pub offset_before: u32,
    /// Two's complement.
    pub offset_after: u32,
}

/// `struct nf_conn_synproxy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnSynproxy {
    /// The initial sequence number.
    pub isn: u32,
    /// The initial TCP timestamp.
    pub its: u32,
    /// What is added to TCP timestamps.
    pub tsoff: u32,
}

/// `struct nf_conn_nat`. Nothing of it is sent; NAT shows in the status and in the reply tuple.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConnNat {}

/// `struct nf_conntrack_ecache`: an entry without it has no events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NfConntrackEcache {
    /// Changes that were not announced yet.
    pub cache: IpctEvents,
    /// Changes whose announcement was lost: they go with the next one.
    pub missed: IpctEvents,
    /// When the first of them, or the event being sent, happened: nanoseconds since the Unix epoch.
    /// Since 6.14, and 0 unless the entry has timestamps.
    pub timestamp: u64,
    /// DESTROY could not be delivered and is to be sent again.
    pub destroy_failed: bool,
    /// `nlmsg_pid` for that.
    pub portid: u32,
}

/// What the security module makes of `secmark`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SecurityContext {
    /// The context.
    pub name: Name,
    /// The length that the module gives: SELinux counts the NUL, Smack and `AppArmor` do not.
    pub len: usize,
}

/// `struct nf_conn`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NfConn {
    /// `tuplehash`: original and reply direction.
    pub tuple: [NfConntrackTuple; 2],
    /// The zone.
    pub zone: NfConntrackZone,
    /// `IPS_*`.
    pub status: Status,
    /// When it expires, in jiffies; while it is not confirmed, how many it will have.
    pub timeout: u64,
    /// The connection mark.
    pub mark: u32,
    /// The security mark.
    pub secmark: u32,
    /// The context that a security module knows for it; `None` without such a module.
    pub secctx: Option<SecurityContext>,
    /// The state of its protocol.
    pub proto: L4State,
    /// `ct_general.use`: the reference count.
    pub use_count: u32,
    /// `nf_ct_get_id`: opaque.
    pub id: u32,
    /// The original tuple of the flow that expected this one.
    pub master: Option<NfConntrackTuple>,
    /// The id of that flow, if it is known.
    pub master_id: u32,
    /// Counters of both directions, if `nf_conntrack_acct` was on when it was born.
    pub acct: Option<[NfConnCounter; 2]>,
    /// Times, if `nf_conntrack_timestamp` was.
    pub tstamp: Option<NfConnTstamp>,
    /// Labels, if a rule in the namespace used any.
    pub labels: Option<NfConnLabels>,
    /// The helper.
    pub help: Option<NfConnHelp>,
    /// Sequence number adjustments of both directions.
    pub seqadj: Option<[NfCtSeqadj; 2]>,
    /// What the SYN proxy remembers.
    pub synproxy: Option<NfConnSynproxy>,
    /// NAT.
    pub nat: Option<NfConnNat>,
    /// Events.
    pub ecache: Option<NfConntrackEcache>,
}

impl NfConn {
    /// `nf_ct_l3num`.
    #[must_use]
    pub fn l3num(&self) -> Family {
        let [orig, _] = &self.tuple;
        orig.l3num()
    }

    /// `nf_ct_protonum`.
    #[must_use]
    pub fn protonum(&self) -> IpProto {
        let [orig, _] = &self.tuple;
        orig.protonum
    }

    /// `nf_conn_tstamp_find`: the times, `None` if it was born without.
    #[must_use]
    pub const fn nf_conn_tstamp_find(&self) -> Option<&NfConnTstamp> {
        self.tstamp.as_ref()
    }

    /// What the size of its events depends on.
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
    /// `enum ip_conntrack_events`: what an event reports, `1 << IPCT_*`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct IpctEvents: u32 {
        /// The entry was confirmed.
        const NEW = 1 << 0;
        /// The same of a flow that was expected.
        const RELATED = 1 << 1;
        /// It was destroyed.
        const DESTROY = 1 << 2;
        /// A packet of the other direction came.
        const REPLY = 1 << 3;
        /// It became assured.
        const ASSURED = 1 << 4;
        /// The protocol's state changed.
        const PROTOINFO = 1 << 5;
        /// A helper was set.
        const HELPER = 1 << 6;
        /// The mark was set.
        const MARK = 1 << 7;
        /// Sequence numbers are adjusted.
        const SEQADJ = 1 << 8;
        /// The security mark was set.
        const SECMARK = 1 << 9;
        /// A label was set; since 3.9.
        const LABEL = 1 << 10;
        /// The SYN proxy set something; since 4.18.
        const SYNPROXY = 1 << 11;
    }
}

impl IpctEvents {
    /// What ctnetlink raises when it creates an entry, beside NEW or RELATED.
    pub const CREATED: Self = Self::CHANGED.difference(Self::LABEL);
    /// What ctnetlink raises when it changes one, whether or not anything changed.
    pub const CHANGED: Self = Self::REPLY
        .union(Self::ASSURED)
        .union(Self::HELPER)
        .union(Self::LABEL)
        .union(Self::PROTOINFO)
        .union(Self::SEQADJ)
        .union(Self::MARK)
        .union(Self::SYNPROXY);
}
