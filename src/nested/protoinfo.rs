//! The state of TCP, DCCP or SCTP: `enum ctattr_protoinfo` and its three nested sets.

use crate::spec::Values;
use crate::wire::Attrs;
use crate::wire::attr_set;
use crate::wire::values::{Named, flags_value, open_enum};
use bitflags::bitflags;
use core::fmt;

attr_set! {
    /// An attribute of the protocol state of a flow.
    ///
    /// Dumps and events contain all of it, except that DESTROY events contain only the state itself
    /// since Linux 5.11 and nothing before.
    CtattrProtoinfo, "ctattr_protoinfo" => ProtoInfoAttr {
        /// The state of TCP.
        1 "CTA_PROTOINFO_TCP" = Tcp(Attrs<'a, CtattrProtoinfoTcp> as Nest), since "2.6.14";
        /// The state of DCCP, which the kernel no longer sends since Linux 6.16.
        2 "CTA_PROTOINFO_DCCP" = Dccp(Attrs<'a, CtattrProtoinfoDccp> as Nest), since "2.6.26";
        /// The state of SCTP.
        3 "CTA_PROTOINFO_SCTP" = Sctp(Attrs<'a, CtattrProtoinfoSctp> as Nest), since "2.6.31";
    }
}

attr_set! {
    /// An attribute of the state of a TCP connection.
    CtattrProtoinfoTcp, "ctattr_protoinfo_tcp" => ProtoInfoTcpAttr {
        /// The state, which requests may set to 0 to 9.
        1 "CTA_PROTOINFO_TCP_STATE" = State(TcpState as U8), since "2.6.14";
        /// The window scale of the original direction, a power of two, at most 14.
        2 "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL" = WscaleOriginal(u8 as U8), since "2.6.23";
        /// The window scale of the reply direction.
        3 "CTA_PROTOINFO_TCP_WSCALE_REPLY" = WscaleReply(u8 as U8), since "2.6.23";
        /// The flags of the original direction.
        ///
        /// The kernel sends a mask of 0. Requests set the flags that are in their mask.
        4 "CTA_PROTOINFO_TCP_FLAGS_ORIGINAL" = FlagsOriginal(TcpFlagsMask as TcpFlags), since "2.6.23";
        /// The flags of the reply direction.
        5 "CTA_PROTOINFO_TCP_FLAGS_REPLY" = FlagsReply(TcpFlagsMask as TcpFlags), since "2.6.23";
    }
}

attr_set! {
    /// An attribute of the state of a DCCP connection (up to Linux 6.15).
    CtattrProtoinfoDccp, "ctattr_protoinfo_dccp" => ProtoInfoDccpAttr {
        /// The state.
        1 "CTA_PROTOINFO_DCCP_STATE" = State(DccpState as U8), since "2.6.26";
        /// The role of the sender of the original direction.
        2 "CTA_PROTOINFO_DCCP_ROLE" = Role(DccpRole as U8), since "2.6.30";
        /// The sequence number of the handshake, which has 48 bits.
        3 "CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ" = HandshakeSeq(u64 as Be64), since "2.6.30";
        /// A pad attribute, which aligns the 64-bit value after it on machines that need it.
        4 "CTA_PROTOINFO_DCCP_PAD" = Pad(() as Pad), since "4.7";
    }
}

attr_set! {
    /// An attribute of the state of an SCTP association.
    CtattrProtoinfoSctp, "ctattr_protoinfo_sctp" => ProtoInfoSctpAttr {
        /// The state, which requests may set to 0 to 8.
        1 "CTA_PROTOINFO_SCTP_STATE" = State(SctpState as U8), since "2.6.31";
        /// The verification tag of the original direction.
        2 "CTA_PROTOINFO_SCTP_VTAG_ORIGINAL" = VtagOriginal(u32 as Be32), since "2.6.31";
        /// The verification tag of the reply direction.
        3 "CTA_PROTOINFO_SCTP_VTAG_REPLY" = VtagReply(u32 as Be32), since "2.6.31";
    }
}

open_enum! {
    /// A state of TCP, as a machine between the two ends sees it (`enum tcp_conntrack`).
    TcpState(u8), "tcp_conntrack", "TCP_CONNTRACK_" {
        /// No packet was seen.
        NONE = 0 "NONE";
        /// A SYN was seen.
        SYN_SENT = 1 "SYN_SENT";
        /// A SYN with ACK was seen.
        SYN_RECV = 2 "SYN_RECV";
        /// The handshake is complete.
        ESTABLISHED = 3 "ESTABLISHED";
        /// A FIN was seen.
        FIN_WAIT = 4 "FIN_WAIT";
        /// The FIN was acknowledged.
        CLOSE_WAIT = 5 "CLOSE_WAIT";
        /// FINs of both directions were seen.
        LAST_ACK = 6 "LAST_ACK";
        /// The last acknowledgement was seen.
        TIME_WAIT = 7 "TIME_WAIT";
        /// The connection was reset or closed.
        CLOSE = 8 "CLOSE";
        /// SYNs of both directions were seen: a simultaneous open (`LISTEN` in the header).
        SYN_SENT2 = 9 "SYN_SENT2";
    }
}

open_enum! {
    /// A state of SCTP (`enum sctp_conntrack`).
    SctpState(u8), "sctp_conntrack", "SCTP_CONNTRACK_" {
        /// No packet was seen.
        NONE = 0 "NONE";
        /// There is no association.
        CLOSED = 1 "CLOSED";
        /// An INIT was seen.
        COOKIE_WAIT = 2 "COOKIE_WAIT";
        /// An INIT ACK was answered.
        COOKIE_ECHOED = 3 "COOKIE_ECHOED";
        /// The handshake is complete.
        ESTABLISHED = 4 "ESTABLISHED";
        /// A SHUTDOWN was seen in the original direction.
        SHUTDOWN_SENT = 5 "SHUTDOWN_SENT";
        /// A SHUTDOWN was seen in the reply direction.
        SHUTDOWN_RECD = 6 "SHUTDOWN_RECD";
        /// A SHUTDOWN ACK was seen.
        SHUTDOWN_ACK_SENT = 7 "SHUTDOWN_ACK_SENT";
        /// A HEARTBEAT was seen on a path without an association.
        HEARTBEAT_SENT = 8 "HEARTBEAT_SENT";
        /// The HEARTBEAT was acknowledged; kernels no longer use this state.
        HEARTBEAT_ACKED = 9 "HEARTBEAT_ACKED";
    }
}

open_enum! {
    /// A state of DCCP (`enum ct_dccp_states`).
    DccpState(u8), "ct_dccp_states", "" {
        /// No packet was seen.
        NONE = 0 "NONE";
        /// A Request was seen.
        REQUEST = 1 "REQUEST";
        /// A Response was seen.
        RESPOND = 2 "RESPOND";
        /// The Response was acknowledged.
        PARTOPEN = 3 "PARTOPEN";
        /// Data is transferred.
        OPEN = 4 "OPEN";
        /// A `CloseReq` was seen.
        CLOSEREQ = 5 "CLOSEREQ";
        /// A Close was seen.
        CLOSING = 6 "CLOSING";
        /// A Reset was seen after the Close.
        TIMEWAIT = 7 "TIMEWAIT";
        /// A packet that the tracker lets pass without a change.
        IGNORE = 8 "IGNORE";
        /// A packet that does not fit.
        INVALID = 9 "INVALID";
    }
}

open_enum! {
    /// The side of a DCCP connection that sends in the original direction.
    DccpRole(u8), "ct_dccp_roles", "" {
        /// The side that opened the connection.
        CLIENT = 0 "client";
        /// The side that accepted the connection.
        SERVER = 1 "server";
    }
}

bitflags! {
    /// Flags of one direction of a TCP connection.
    ///
    /// The kernel's names are `IP_CT_TCP_FLAG_*` and, for the two highest flags,
    /// `IP_CT_EXP_CHALLENGE_ACK` and `IP_CT_TCP_SIMULTANEOUS_OPEN`.
    ///
    /// # Examples
    /// See [`TcpFlagsMask`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TcpFlags: u8 {
        /// The sender offered window scaling.
        const WINDOW_SCALE = 0x01;
        /// The sender permits selective acknowledgement.
        const SACK_PERM = 0x02;
        /// This direction sent the first FIN.
        const CLOSE_INIT = 0x04;
        /// Sequence numbers are not checked.
        const BE_LIBERAL = 0x08;
        /// Data of this direction has not been acknowledged yet.
        const DATA_UNACKNOWLEDGED = 0x10;
        /// The highest acknowledgement is known.
        const MAXACK_SET = 0x20;
        /// A challenge ACK is expected.
        const CHALLENGE_ACK = 0x40;
        /// Both sides opened the connection at the same time.
        const SIMULTANEOUS_OPEN = 0x80;
    }
}

flags_value!(TcpFlags(u8), "ip_ct_tcp_flags", "IP_CT_TCP_FLAG_");

/// Flags of TCP, and a mask of the flags that a request sets (`struct nf_ct_tcp_flags`).
///
/// # Examples
/// ```
/// use ctnetlink::nested::{CtattrProtoinfoTcp, ProtoInfoTcpAttr, TcpFlags, TcpFlagsMask};
/// use ctnetlink::wire::{Attrs, Endian};
///
/// // CTA_PROTOINFO_TCP_FLAGS_ORIGINAL
/// let attrs = Attrs::<CtattrProtoinfoTcp>::new(&[6, 0, 4, 0, 0x0a, 0, 0, 0], Endian::Little);
/// let flags = TcpFlags::SACK_PERM | TcpFlags::BE_LIBERAL;
/// let expected = TcpFlagsMask { flags, mask: TcpFlags::empty() };
/// assert_eq!(attrs.iter().next(), Some(Ok(ProtoInfoTcpAttr::FlagsOriginal(expected))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TcpFlagsMask {
    /// The flags.
    pub flags: TcpFlags,
    /// The flags to change, in a request; the kernel always sends 0.
    pub mask: TcpFlags,
}

impl Named for TcpFlagsMask {
    const VALUES: Option<&'static Values> = Some(TcpFlags::VALUES);
}

impl From<[u8; 2]> for TcpFlagsMask {
    fn from([flags, mask]: [u8; 2]) -> Self {
        Self { flags: flags.into(), mask: mask.into() }
    }
}

impl crate::wire::payload::FromValue<TcpFlagsMask> for [u8; 2] {
    fn from_value(value: TcpFlagsMask) -> Self {
        [value.flags.bits(), value.mask.bits()]
    }
}

impl fmt::Display for TcpFlagsMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mask {}", self.flags, self.mask)
    }
}
