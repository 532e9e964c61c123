//! What a flow record reads of a message.

use ctnetlink::nested::SctpState;
use ctnetlink::{Conntrack, Counters, IpProto, Kind, Message, ProtoInfo, Status, TcpState, Tuple};

/// A message about a conntrack entry, with what is known about its reception.
///
/// # Examples
/// ```
/// use ctnetlink::Kind;
/// use ctnetlink::capture::Reader;
/// use ctnetlink_flow::{EndReason, Flow};
///
/// let mut capture = Reader::open("../tests/golden/linux-6.18/flows.pcapng")?;
/// let mut reasons = Vec::new();
/// while let Some(packet) = capture.next_packet() {
///     let packet = packet?;
///     for message in packet.messages() {
///         let message = message?;
///         if message.kind() == Kind::Destroy {
///             let entry = message.conntrack()?;
///             let flow = Flow { event_time: packet.time, ..Flow::new(message, &entry) };
///             reasons.push(flow.end_reason());
///         }
///     }
/// }
/// assert_eq!(reasons.len(), 10);
/// assert_eq!(reasons[0], EndReason::EndDetected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    /// The message.
    pub message: Message<'a>,
    /// The entry that `message` contains.
    pub entry: &'a Conntrack,
    /// The time at which the message was captured or received, in nanoseconds since the Unix epoch.
    pub event_time: Option<u64>,
    /// The name of the host whose kernel sent the message.
    pub host: Option<&'a str>,
    /// The number of events that the kernel dropped between the previous message and this one.
    ///
    /// `None` means that the number is not known, as in captures.
    pub lost_before: Option<u64>,
}

/// The part of the five-tuple that depends on the protocol of layer 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer4 {
    /// The ports of TCP, UDP, UDP-Lite, SCTP or DCCP.
    Ports {
        /// The source port.
        src: u16,
        /// The destination port.
        dst: u16,
    },
    /// The type and code of ICMP or ICMPv6.
    Icmp {
        /// The ICMP type.
        icmp_type: u8,
        /// The ICMP code.
        icmp_code: u8,
    },
    /// A protocol with neither, such as GRE, whose keys are not ports.
    Other,
}

/// Why a flow ended, with the numbers of the information element flowEndReason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EndReason {
    /// The timer of the entry ran out.
    IdleTimeout = 1,
    /// The protocol ended the connection: a TCP reset or FIN, or an SCTP shutdown.
    EndDetected = 3,
    /// The entry was deleted before its timer ran out.
    ///
    /// Either a program deleted it, or the kernel did: early drop in a full table, or an interface
    /// or network namespace that is gone.
    ForcedEnd = 4,
}

impl<'a> Flow<'a> {
    /// Creates a flow of which nothing is known besides the message.
    #[must_use]
    pub const fn new(message: Message<'a>, entry: &'a Conntrack) -> Self {
        Self { message, entry, event_time: None, host: None, lost_before: None }
    }

    /// Returns why the flow ended.
    ///
    /// Events of kernels before Linux 5.11 contain neither the state of the protocol nor the
    /// timeout. Of these kernels, only a deletion by a program can be told from a timer that ran out.
    #[must_use]
    #[inline]
    pub fn end_reason(&self) -> EndReason {
        let has_ended = match self.entry.protoinfo {
            Some(ProtoInfo::Tcp(tcp)) => {
                matches!(
                    tcp.state,
                    Some(TcpState::LAST_ACK | TcpState::TIME_WAIT | TcpState::CLOSE)
                )
            }
            Some(ProtoInfo::Sctp(sctp)) => {
                matches!(sctp.state, Some(SctpState::CLOSED | SctpState::SHUTDOWN_ACK_SENT))
            }
            _ => false,
        };
        if has_ended {
            EndReason::EndDetected
        } else if self.message.header().nlmsg_pid != 0 || self.entry.timeout.is_some() {
            EndReason::ForcedEnd
        } else {
            EndReason::IdleTimeout
        }
    }
}

impl Flow<'_> {
    /// Returns the ports or the ICMP type and code of the original direction.
    #[must_use]
    #[inline]
    pub fn layer4(&self) -> Layer4 {
        layer4(&self.entry.orig)
    }

    /// Returns `true` if NAT translates the source or the destination.
    #[must_use]
    #[inline]
    pub fn is_translated(&self) -> bool {
        let nat = Status::SRC_NAT.union(Status::DST_NAT);
        let may_be = self.entry.status.is_none_or(|status| status.intersects(nat));
        may_be && (self.entry.snat().is_some() || self.entry.dnat().is_some())
    }

    /// Returns the zone of both directions, or else that of the original direction.
    #[must_use]
    #[inline]
    pub fn zone(&self) -> Option<u16> {
        self.entry.zone.or(self.entry.orig.zone)
    }

    /// Returns the zone of both directions, or else that of the reply direction.
    #[must_use]
    #[inline]
    pub fn reply_zone(&self) -> Option<u16> {
        self.entry.zone.or(self.entry.reply.zone)
    }

    /// Returns `true` if the packets and bytes of both directions are known.
    #[must_use]
    #[inline]
    pub fn has_counters(&self) -> bool {
        let is_known = |counters: &Counters| counters.packets.is_some() & counters.bytes.is_some();
        is_known(&self.entry.counters_orig) & is_known(&self.entry.counters_reply)
    }

    /// Returns the time at which a translation began or ended, in nanoseconds since the Unix epoch.
    ///
    /// This is the time of the event if the kernel sends it (since Linux 6.14), or else the start or
    /// stop of the flow, or else the time at which the message was received.
    #[must_use]
    pub fn nat_event_time(&self) -> Option<u64> {
        let timestamp = &self.entry.timestamp;
        let of_flow = match self.message.kind() {
            Kind::Destroy => timestamp.stop,
            _ => timestamp.start,
        };
        self.entry.timestamp_event.or(of_flow).or(self.event_time)
    }
}

/// Returns the ports or the ICMP type and code of a tuple.
#[inline]
pub(crate) fn layer4(tuple: &Tuple) -> Layer4 {
    match (tuple.proto, tuple) {
        (
            Some(IpProto::TCP | IpProto::UDP | IpProto::UDPLITE | IpProto::SCTP | IpProto::DCCP),
            &Tuple { src_port: Some(src), dst_port: Some(dst), .. },
        ) => Layer4::Ports { src, dst },
        (
            Some(IpProto::ICMP | IpProto::ICMPV6),
            &Tuple { icmp_type: Some(icmp_type), icmp_code: Some(icmp_code), .. },
        ) => Layer4::Icmp { icmp_type, icmp_code },
        _ => Layer4::Other,
    }
}
