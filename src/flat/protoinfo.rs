//! The state of the transport protocol.

use super::record::sealed::Fields;
use super::record::{Record, record};
use crate::error::Error;
use crate::nested::{
    CtattrProtoinfo, CtattrProtoinfoDccp, CtattrProtoinfoSctp, CtattrProtoinfoTcp, DccpRole,
    DccpState, ProtoInfoAttr, ProtoInfoDccpAttr, ProtoInfoSctpAttr, ProtoInfoTcpAttr, SctpState,
    TcpFlagsMask, TcpState,
};
use crate::wire::Writer;

record! {
    /// The state of a TCP connection.
    ///
    /// # Examples
    /// See [`Record`].
    #[derive(Copy)]
    pub struct Tcp(CtattrProtoinfoTcp => ProtoInfoTcpAttr) {
        /// The state, [`ProtoInfoTcpAttr::State`].
        state: Option<TcpState> = State;
        /// The window scale of the original direction, a power of two,
        /// [`ProtoInfoTcpAttr::WscaleOriginal`].
        wscale_original: Option<u8> = WscaleOriginal;
        /// The window scale of the reply direction, [`ProtoInfoTcpAttr::WscaleReply`].
        wscale_reply: Option<u8> = WscaleReply;
        /// The flags of the original direction, [`ProtoInfoTcpAttr::FlagsOriginal`].
        flags_original: Option<TcpFlagsMask> = FlagsOriginal;
        /// The flags of the reply direction, [`ProtoInfoTcpAttr::FlagsReply`].
        flags_reply: Option<TcpFlagsMask> = FlagsReply;
    }
}

record! {
    /// The state of a DCCP connection.
    ///
    /// # Examples
    /// See [`ProtoInfo`].
    #[derive(Copy)]
    pub struct Dccp(CtattrProtoinfoDccp => ProtoInfoDccpAttr) {
        /// The state, [`ProtoInfoDccpAttr::State`].
        state: Option<DccpState> = State;
        /// The role of the sender in the original direction, [`ProtoInfoDccpAttr::Role`].
        role: Option<DccpRole> = Role;
        /// The sequence number of the handshake, [`ProtoInfoDccpAttr::HandshakeSeq`].
        handshake_seq: Option<u64> = HandshakeSeq;
    }
}

record! {
    /// The state of an SCTP association.
    ///
    /// # Examples
    /// See [`ProtoInfo`].
    #[derive(Copy)]
    pub struct Sctp(CtattrProtoinfoSctp => ProtoInfoSctpAttr) {
        /// The state, [`ProtoInfoSctpAttr::State`].
        state: Option<SctpState> = State;
        /// The verification tag of the original direction, [`ProtoInfoSctpAttr::VtagOriginal`].
        vtag_original: Option<u32> = VtagOriginal;
        /// The verification tag of the reply direction, [`ProtoInfoSctpAttr::VtagReply`].
        vtag_reply: Option<u32> = VtagReply;
    }
}

/// The state of TCP, DCCP or SCTP.
///
/// # Examples
/// ```
/// use ctnetlink::nested::SctpState;
/// use ctnetlink::{Endian, Message, ProtoInfo};
///
/// // A DESTROY event of an SCTP association, reduced to the state.
/// let bytes = [
///     0x24, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
///     2, 0, 0, 0, // nfgenmsg: AF_INET
///     0x10, 0, 4, 0x80, 0x0c, 0, 3, 0x80, // CTA_PROTOINFO, CTA_PROTOINFO_SCTP
///     5, 0, 1, 0, 7, 0, 0, 0, // CTA_PROTOINFO_SCTP_STATE
/// ];
/// let entry = Message::parse_with(&bytes, Endian::Little)?.conntrack()?;
/// let Some(ProtoInfo::Sctp(sctp)) = entry.protoinfo else { panic!("{entry:?}") };
/// assert_eq!(sctp.state, Some(SctpState::SHUTDOWN_ACK_SENT));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ProtoInfo {
    /// The state of a TCP connection.
    Tcp(Tcp),
    /// The state of a DCCP connection.
    Dccp(Dccp),
    /// The state of an SCTP association.
    Sctp(Sctp),
}

impl Fields<CtattrProtoinfo> for Option<ProtoInfo> {
    #[inline]
    fn apply_with(&mut self, attr: ProtoInfoAttr<'_>, report: &mut dyn FnMut(Error)) {
        *self = Some(match attr {
            ProtoInfoAttr::Tcp(attrs) => ProtoInfo::Tcp(Tcp::decode_with(attrs, report)),
            ProtoInfoAttr::Dccp(attrs) => ProtoInfo::Dccp(Dccp::decode_with(attrs, report)),
            ProtoInfoAttr::Sctp(attrs) => ProtoInfo::Sctp(Sctp::decode_with(attrs, report)),
            ProtoInfoAttr::Unknown(_) => return,
        });
    }
}

impl Record for Option<ProtoInfo> {
    type Set = CtattrProtoinfo;

    fn write(&self, out: &mut Writer<'_, CtattrProtoinfo>) {
        match self {
            Some(ProtoInfo::Tcp(tcp)) => out.nest(ProtoInfoAttr::Tcp, |out| tcp.write(out)),
            Some(ProtoInfo::Dccp(dccp)) => out.nest(ProtoInfoAttr::Dccp, |out| dccp.write(out)),
            Some(ProtoInfo::Sctp(sctp)) => out.nest(ProtoInfoAttr::Sctp, |out| sctp.write(out)),
            None => {}
        }
    }
}
