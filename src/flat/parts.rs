//! Structs for the nested attributes of an entry.

use super::name::Name;
use super::record::sealed::Fields;
use super::record::{Owned, Record, fields, record};
use crate::error::Error;
use crate::nested::{
    CountersAttr, CtattrCounters, CtattrFilter, CtattrHelp, CtattrNat, CtattrProtoinfo,
    CtattrProtoinfoDccp, CtattrProtoinfoSctp, CtattrProtoinfoTcp, CtattrProtonat, CtattrSecctx,
    CtattrSeqadj, CtattrSynproxy, CtattrTstamp, DccpRole, DccpState, FilterAttr, FilterFlags,
    HelpAttr, NatAttr, ProtoInfoAttr, ProtoInfoDccpAttr, ProtoInfoSctpAttr, ProtoInfoTcpAttr,
    ProtoNatAttr, SctpState, SecCtxAttr, SeqAdjAttr, SynProxyAttr, TcpFlagsMask, TcpState,
    TimestampAttr,
};
use crate::wire::Writer;
use alloc::boxed::Box;
use core::net::IpAddr;
use core::time::Duration;

record! {
    /// The start and stop times of a flow, in nanoseconds since the Unix epoch.
    ///
    /// The kernel records them if the sysctl `net.netfilter.nf_conntrack_timestamp` is on when the
    /// flow starts. Dumps and DESTROY events contain them, since Linux 2.6.39.
    ///
    /// # Examples
    /// See [`duration_ns`](Self::duration_ns).
    #[derive(Copy)]
    pub struct Timestamp(CtattrTstamp => TimestampAttr) {
        /// The time at which the entry was confirmed, [`TimestampAttr::Start`].
        start: Option<u64> = Start;
        /// The time at which the entry was destroyed, [`TimestampAttr::Stop`]; `None` before that.
        stop: Option<u64> = Stop;
    }
}

impl Timestamp {
    /// Returns the nanoseconds from start to stop.
    ///
    /// It returns `None` if one of them is absent, or if the clock was set back in between so that
    /// the stop is before the start.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::Timestamp;
    ///
    /// let times = Timestamp { start: Some(1_795_336_918_309_385_864), stop: Some(1_795_336_919_309_385_865) };
    /// assert_eq!(times.duration_ns(), Some(1_000_000_001));
    /// assert_eq!(Timestamp { stop: None, ..times }.duration_ns(), None);
    /// ```
    #[must_use]
    pub fn duration_ns(&self) -> Option<u64> {
        self.stop?.checked_sub(self.start?)
    }

    /// Returns the time from start to stop as a [`Duration`].
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.duration_ns().map(Duration::from_nanos)
    }

    /// Returns the nanoseconds from start to stop or, if there is no stop, to `as_of`.
    ///
    /// It returns `None` if there is no start, or if the end is before it.
    #[must_use]
    pub fn age_ns(&self, as_of: u64) -> Option<u64> {
        self.stop.unwrap_or(as_of).checked_sub(self.start?)
    }

    /// Returns the start as a [`SystemTime`](std::time::SystemTime).
    #[cfg(feature = "std")]
    #[must_use]
    pub fn start_time(&self) -> Option<std::time::SystemTime> {
        self.start.and_then(system_time)
    }

    /// Returns the stop as a [`SystemTime`](std::time::SystemTime).
    #[cfg(feature = "std")]
    #[must_use]
    pub fn stop_time(&self) -> Option<std::time::SystemTime> {
        self.stop.and_then(system_time)
    }
}

#[cfg(feature = "std")]
fn system_time(ns: u64) -> Option<std::time::SystemTime> {
    std::time::SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(ns))
}

record! {
    /// The packets and bytes of one direction.
    ///
    /// The kernel counts them if the sysctl `net.netfilter.nf_conntrack_acct` is on when the flow
    /// starts.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Counters, Record as _};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// let bytes = [
    ///     0x0c, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, // CTA_COUNTERS_PACKETS
    ///     0x0c, 0, 2, 0, 0, 0, 0, 0, 0, 0x56, 0x78, 0x9a, // CTA_COUNTERS_BYTES
    /// ];
    /// let counters = Counters::try_decode(Attrs::new(&bytes, Endian::Little))?;
    /// assert_eq!((counters.packets, counters.bytes), (Some(0x1234), Some(0x56_789a)));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct Counters(CtattrCounters => CountersAttr) {
        /// The number of packets, [`CountersAttr::Packets`].
        packets: Option<u64> = Packets;
        /// The number of bytes, IP headers included, [`CountersAttr::Bytes`].
        bytes: Option<u64> = Bytes;
    }
}

record! {
    /// The packets and bytes of one direction in 32 bits, from early kernels.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Counters32, Record as _};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_COUNTERS32_PACKETS
    /// let counters = Counters32::try_decode(Attrs::new(&[8, 0, 3, 0, 0, 0, 0x12, 0x34], Endian::Little))?;
    /// assert_eq!((counters.packets32, counters.bytes32), (Some(0x1234), None));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct Counters32(CtattrCounters => CountersAttr) {
        /// The number of packets, [`CountersAttr::Packets32`].
        packets32: Option<u32> = Packets32;
        /// The number of bytes, IP headers included, [`CountersAttr::Bytes32`].
        bytes32: Option<u32> = Bytes32;
    }
}

record! {
    /// [`Counters`] and [`Counters32`], as one nest of attributes and one object of JSON have them.
    #[derive(Copy)]
    pub(super) struct BothCounters(CtattrCounters => CountersAttr) {
        /// [`Counters::packets`].
        packets: Option<u64> = Packets;
        /// [`Counters::bytes`].
        bytes: Option<u64> = Bytes;
        /// [`Counters32::packets32`].
        packets32: Option<u32> = Packets32;
        /// [`Counters32::bytes32`].
        bytes32: Option<u32> = Bytes32;
    }
}

impl BothCounters {
    #[inline]
    pub(super) fn new(counters: Counters, counters32: Counters32) -> Self {
        let (Counters { packets, bytes }, Counters32 { packets32, bytes32 }) =
            (counters, counters32);
        Self { packets, bytes, packets32, bytes32 }
    }

    #[inline]
    pub(super) fn split(self) -> (Counters, Counters32) {
        let Self { packets, bytes, packets32, bytes32 } = self;
        (Counters { packets, bytes }, Counters32 { packets32, bytes32 })
    }
}

record! {
    /// The adjustment of TCP sequence numbers in one direction.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Record as _, SeqAdj};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_SEQADJ_OFFSET_AFTER: a helper has removed two bytes.
    /// let bytes = [8, 0, 3, 0, 0xff, 0xff, 0xff, 0xfe];
    /// let adjustment = SeqAdj::try_decode(Attrs::new(&bytes, Endian::Little))?;
    /// assert_eq!(adjustment.offset_after.map(|offset| offset as i32), Some(-2));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct SeqAdj(CtattrSeqadj => SeqAdjAttr) {
        /// The sequence number from which `offset_after` applies, [`SeqAdjAttr::CorrectionPos`].
        correction_pos: Option<u32> = CorrectionPos;
        /// The two's complement offset before that position, [`SeqAdjAttr::OffsetBefore`].
        offset_before: Option<u32> = OffsetBefore;
        /// The two's complement offset from that position on, [`SeqAdjAttr::OffsetAfter`].
        offset_after: Option<u32> = OffsetAfter;
    }
}

record! {
    /// The values that the SYN proxy keeps from a handshake.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Record as _, SynProxy};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_SYNPROXY_ISN
    /// let synproxy = SynProxy::try_decode(Attrs::new(&[8, 0, 1, 0, 0x12, 0x34, 0x56, 0x78], Endian::Little))?;
    /// assert_eq!(synproxy.isn, Some(0x1234_5678));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct SynProxy(CtattrSynproxy => SynProxyAttr) {
        /// The initial sequence number, [`SynProxyAttr::Isn`].
        isn: Option<u32> = Isn;
        /// The initial TCP timestamp, [`SynProxyAttr::Its`].
        its: Option<u32> = Its;
        /// The offset that is added to TCP timestamps, [`SynProxyAttr::Tsoff`].
        tsoff: Option<u32> = Tsoff;
    }
}

record! {
    /// The security context of an entry.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Record as _, SecCtx};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_SECCTX_NAME
    /// let bytes = [9, 0, 1, 0, b's', b'y', b's', b't', 0, 0, 0, 0];
    /// let context = SecCtx::try_decode(Attrs::new(&bytes, Endian::Little))?;
    /// assert_eq!(context.name.unwrap(), "syst");
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct SecCtx(CtattrSecctx => SecCtxAttr) {
        /// The context's name, [`SecCtxAttr::Name`].
        name: Option<Name> = Name;
    }
}

record! {
    /// The helper of an entry.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Help, Record as _};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_HELP_NAME
    /// let bytes = [8, 0, 1, 0, b'f', b't', b'p', 0];
    /// let help = Help::try_decode(Attrs::new(&bytes, Endian::Little))?;
    /// assert_eq!((help.name.unwrap().to_str(), help.info), (Ok("ftp"), None));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct Help(CtattrHelp => HelpAttr) {
        /// The name of the helper, [`HelpAttr::Name`].
        name: Option<Name> = Name;
        /// The data of a helper in user space, [`HelpAttr::Info`].
        info: Option<Box<[u8]>> = Info;
    }
}

impl<'a> Owned<'a, &'a [u8]> for Box<[u8]> {
    fn from_borrowed(value: &'a [u8]) -> Self {
        value.into()
    }

    fn as_borrowed(&'a self) -> &'a [u8] {
        self
    }
}

record! {
    /// The fields of the tuples that a dump or flush request compares.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{Filter, Rare};
    /// use ctnetlink::nested::FilterFlags;
    /// use ctnetlink::{Conntrack, Tuple};
    ///
    /// // A dump of the entries from one address.
    /// let orig = Tuple { src: Some("192.0.2.1".parse()?), ..Tuple::default() };
    /// let flags = FilterFlags::IP_SRC;
    /// let filter = Filter { orig_flags: Some(flags), reply_flags: Some(FilterFlags::empty()) };
    /// let rare = Rare { filter, ..Rare::default() }.into();
    /// let entry = Conntrack { family: orig.family(), orig, rare, ..Conntrack::default() };
    /// assert_eq!(entry.rare().filter.orig_flags, Some(flags));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct Filter(CtattrFilter => FilterAttr) {
        /// The fields of the original tuple, [`FilterAttr::OrigFlags`].
        orig_flags: Option<FilterFlags> = OrigFlags;
        /// The fields of the reply tuple, [`FilterAttr::ReplyFlags`].
        reply_flags: Option<FilterFlags> = ReplyFlags;
    }
}

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

record! {
    /// A range of ports for NAT.
    ///
    /// # Examples
    /// See [`NatRange`].
    #[derive(Copy)]
    pub struct PortRange(CtattrProtonat => ProtoNatAttr) {
        /// The lowest port, [`ProtoNatAttr::PortMin`].
        min: Option<u16> = PortMin;
        /// The highest port, [`ProtoNatAttr::PortMax`]; if absent, the lowest is the only one.
        max: Option<u16> = PortMax;
    }
}

fields! {
    /// A range of addresses and ports for NAT.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{NatRange, PortRange};
    /// use ctnetlink::{Conntrack, Tuple};
    ///
    /// let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:80".parse()?);
    /// let mut entry = Conntrack { timeout: Some(120), ..Conntrack::new(orig) };
    /// // If `max_ip` is absent, the range has one address.
    /// entry.rare_mut().nat_src = NatRange {
    ///     min_ip: Some("203.0.113.9".parse()?),
    ///     ports: PortRange { min: Some(50_000), max: Some(50_999) },
    ///     ..NatRange::default()
    /// };
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct NatRange {
        /// The lowest address, [`NatAttr::V4MinIp`] or [`NatAttr::V6MinIp`].
        min_ip: Option<IpAddr>;
        /// The highest address, [`NatAttr::V4MaxIp`] or [`NatAttr::V6MaxIp`].
        ///
        /// If it is absent, the lowest address is the only one.
        max_ip: Option<IpAddr>;
        /// The range of ports, [`NatAttr::Proto`].
        ports: PortRange;
    }
}

impl Fields<CtattrNat> for NatRange {
    fn apply_with(&mut self, attr: NatAttr<'_>, report: &mut dyn FnMut(Error)) {
        match attr {
            NatAttr::V4MinIp(addr) => self.min_ip = Some(addr.into()),
            NatAttr::V4MaxIp(addr) => self.max_ip = Some(addr.into()),
            NatAttr::V6MinIp(addr) => self.min_ip = Some(addr.into()),
            NatAttr::V6MaxIp(addr) => self.max_ip = Some(addr.into()),
            NatAttr::Proto(attrs) => self.ports = Fields::decode_with(attrs, report),
            NatAttr::Unknown(_) => {}
        }
    }
}

impl Record for NatRange {
    type Set = CtattrNat;

    fn write(&self, out: &mut Writer<'_, CtattrNat>) {
        match self.min_ip {
            Some(IpAddr::V4(addr)) => out.put(NatAttr::V4MinIp(addr)),
            Some(IpAddr::V6(addr)) => out.put(NatAttr::V6MinIp(addr)),
            None => {}
        }
        match self.max_ip {
            Some(IpAddr::V4(addr)) => out.put(NatAttr::V4MaxIp(addr)),
            Some(IpAddr::V6(addr)) => out.put(NatAttr::V6MaxIp(addr)),
            None => {}
        }
        if !self.ports.is_empty() {
            out.nest(NatAttr::Proto, |out| self.ports.write(out));
        }
    }
}
