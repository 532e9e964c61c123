//! `enum ctattr_protoinfo` and its three nests.

use crate::wire::Attrs;
use crate::wire::attr_set;
use crate::wire::values::{flags_value, open_enum};
use bitflags::bitflags;
use core::fmt;

attr_set! {
    /// The state of a protocol that has one. A DESTROY event carries the state alone (since 5.11;
    /// before, nothing); dumps and other events all of it.
    CtattrProtoinfo, "ctattr_protoinfo" => ProtoInfoAttr {
        /// TCP.
        1 "CTA_PROTOINFO_TCP" = Tcp(Attrs<'a, CtattrProtoinfoTcp> as Nest), since "2.6.14";
        /// DCCP; no longer sent since 6.16.
        2 "CTA_PROTOINFO_DCCP" = Dccp(Attrs<'a, CtattrProtoinfoDccp> as Nest), since "2.6.26";
        /// SCTP.
        3 "CTA_PROTOINFO_SCTP" = Sctp(Attrs<'a, CtattrProtoinfoSctp> as Nest), since "2.6.31";
    }
}

attr_set! {
    /// The state of a TCP connection.
    CtattrProtoinfoTcp, "ctattr_protoinfo_tcp" => ProtoInfoTcpAttr {
        /// The state; requests may set 0 to 9.
        1 "CTA_PROTOINFO_TCP_STATE" = State(TcpState as U8), since "2.6.14";
        /// The window scale of the original direction, a power of two, at most 14.
        2 "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL" = WscaleOriginal(u8 as U8), since "2.6.23";
        /// The window scale of the reply direction.
        3 "CTA_PROTOINFO_TCP_WSCALE_REPLY" = WscaleReply(u8 as U8), since "2.6.23";
        /// The flags of the original direction; the kernel sends a mask of 0, requests set the
        /// flags that their mask names.
        4 "CTA_PROTOINFO_TCP_FLAGS_ORIGINAL" = FlagsOriginal(TcpFlagsMask as TcpFlags), since "2.6.23";
        /// The flags of the reply direction.
        5 "CTA_PROTOINFO_TCP_FLAGS_REPLY" = FlagsReply(TcpFlagsMask as TcpFlags), since "2.6.23";
    }
}

attr_set! {
    /// The state of a DCCP connection (up to Linux 6.15).
    CtattrProtoinfoDccp, "ctattr_protoinfo_dccp" => ProtoInfoDccpAttr {
        /// The state.
        1 "CTA_PROTOINFO_DCCP_STATE" = State(DccpState as U8), since "2.6.26";
        /// The role of the original direction's sender.
        2 "CTA_PROTOINFO_DCCP_ROLE" = Role(DccpRole as U8), since "2.6.30";
        /// The sequence number of the handshake, 48 bits.
        3 "CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ" = HandshakeSeq(u64 as Be64), since "2.6.30";
        /// Empty; stands before a 64-bit value on machines that need it aligned.
        4 "CTA_PROTOINFO_DCCP_PAD" = Pad(() as Pad), since "4.7";
    }
}

attr_set! {
    /// The state of an SCTP association.
    CtattrProtoinfoSctp, "ctattr_protoinfo_sctp" => ProtoInfoSctpAttr {
        /// The state; requests may set 0 to 8.
        1 "CTA_PROTOINFO_SCTP_STATE" = State(SctpState as U8), since "2.6.31";
        /// The verification tag of the original direction.
        2 "CTA_PROTOINFO_SCTP_VTAG_ORIGINAL" = VtagOriginal(u32 as Be32), since "2.6.31";
        /// The verification tag of the reply direction.
        3 "CTA_PROTOINFO_SCTP_VTAG_REPLY" = VtagReply(u32 as Be32), since "2.6.31";
    }
}

open_enum! {
    /// A TCP state, `enum tcp_conntrack`: as the tracker in the middle sees it.
    TcpState(u8) {
        /// Nothing seen.
        NONE = 0 "NONE";
        /// SYN seen.
        SYN_SENT = 1 "SYN_SENT";
        /// SYN and ACK seen.
        SYN_RECV = 2 "SYN_RECV";
        /// Handshake complete.
        ESTABLISHED = 3 "ESTABLISHED";
        /// FIN seen.
        FIN_WAIT = 4 "FIN_WAIT";
        /// The FIN was acknowledged.
        CLOSE_WAIT = 5 "CLOSE_WAIT";
        /// FINs of both directions seen.
        LAST_ACK = 6 "LAST_ACK";
        /// The last acknowledgement seen.
        TIME_WAIT = 7 "TIME_WAIT";
        /// Reset, or closed.
        CLOSE = 8 "CLOSE";
        /// Simultaneous open: SYNs of both directions seen (`LISTEN` in the header).
        SYN_SENT2 = 9 "SYN_SENT2";
    }
}

open_enum! {
    /// An SCTP state, `enum sctp_conntrack`.
    SctpState(u8) {
        /// Nothing seen.
        NONE = 0 "NONE";
        /// No association.
        CLOSED = 1 "CLOSED";
        /// INIT seen.
        COOKIE_WAIT = 2 "COOKIE_WAIT";
        /// INIT ACK answered.
        COOKIE_ECHOED = 3 "COOKIE_ECHOED";
        /// Handshake complete.
        ESTABLISHED = 4 "ESTABLISHED";
        /// SHUTDOWN seen in the original direction.
        SHUTDOWN_SENT = 5 "SHUTDOWN_SENT";
        /// SHUTDOWN seen in the reply direction.
        SHUTDOWN_RECD = 6 "SHUTDOWN_RECD";
        /// SHUTDOWN ACK seen.
        SHUTDOWN_ACK_SENT = 7 "SHUTDOWN_ACK_SENT";
        /// HEARTBEAT seen on a path without association.
        HEARTBEAT_SENT = 8 "HEARTBEAT_SENT";
        /// The heartbeat was acknowledged; no longer used.
        HEARTBEAT_ACKED = 9 "HEARTBEAT_ACKED";
    }
}

open_enum! {
    /// A DCCP state, `enum ct_dccp_states`.
    DccpState(u8) {
        /// Nothing seen.
        NONE = 0 "NONE";
        /// Request seen.
        REQUEST = 1 "REQUEST";
        /// Response seen.
        RESPOND = 2 "RESPOND";
        /// The response was acknowledged.
        PARTOPEN = 3 "PARTOPEN";
        /// Data flows.
        OPEN = 4 "OPEN";
        /// `CloseReq` seen.
        CLOSEREQ = 5 "CLOSEREQ";
        /// Close seen.
        CLOSING = 6 "CLOSING";
        /// Reset after close.
        TIMEWAIT = 7 "TIMEWAIT";
        /// A packet that the tracker lets pass without a change.
        IGNORE = 8 "IGNORE";
        /// A packet that does not fit.
        INVALID = 9 "INVALID";
    }
}

open_enum! {
    /// Which side of a DCCP connection the original direction's sender is.
    DccpRole(u8) {
        /// It opened the connection.
        CLIENT = 0 "client";
        /// It answers.
        SERVER = 1 "server";
    }
}

bitflags! {
    /// What the tracker knows of one direction of a TCP connection, `IP_CT_TCP_FLAG_*` and, for the
    /// two highest, `IP_CT_EXP_CHALLENGE_ACK` and `IP_CT_TCP_SIMULTANEOUS_OPEN`.
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
        /// Data of this direction is not acknowledged yet.
        const DATA_UNACKNOWLEDGED = 0x10;
        /// The highest acknowledgement is known.
        const MAXACK_SET = 0x20;
        /// A challenge ACK is expected.
        const CHALLENGE_ACK = 0x40;
        /// Both sides opened at once.
        const SIMULTANEOUS_OPEN = 0x80;
    }
}

flags_value!(TcpFlags(u8));

/// `struct nf_ct_tcp_flags`: flags, and which of them a request sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TcpFlagsMask {
    /// The flags.
    pub flags: TcpFlags,
    /// In a request, the flags to change; the kernel always sends 0.
    pub mask: TcpFlags,
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
