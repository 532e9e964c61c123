//! Structs for the nested attributes of an entry.

use super::name::Name;
use super::record::{Owned, record};
use crate::nested::{
    CountersAttr, CtattrCounters, CtattrFilter, CtattrHelp, CtattrSecctx, CtattrSeqadj,
    CtattrSynproxy, CtattrTstamp, FilterAttr, FilterFlags, HelpAttr, SecCtxAttr, SeqAdjAttr,
    SynProxyAttr, TimestampAttr,
};
use alloc::boxed::Box;
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
