//! A conntrack entry.

use super::labels::Labels;
use super::parts::{
    Counters, Filter, Help, NatRange, ProtoInfo, SecCtx, SeqAdj, SynProxy, Timestamp,
};
use super::record::sealed::Sealed;
use super::record::{Absent, Record, arm, fields, set_field, write_field};
use super::tuple::Tuple;
use super::{read_shapes, write_shapes};
use crate::attrs::{CtAttr, CtattrType, Status};
use crate::error::Error;
use crate::shapes;
use crate::wire::{Attrs, Endian, Iter, Writer};
use crate::{Family, Message, MessageBuf, MessageBuilder};
use core::net::IpAddr;

/// Declares the fields with the variants that they stand for, and a function that writes one field,
/// so that the order can be chosen.
macro_rules! conntrack {
    (
        $(#[$meta:meta])*
        pub struct Conntrack {
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty = $($how:ident)+; )+
        }
    ) => {
        fields! {
            $(#[$meta])*
            pub struct Conntrack {
                /// The layer 3 protocol, from `nfgenmsg`.
                family: Family;
                $( $(#[$field_meta])+ $field: $Type; )+
            }
        }

        #[allow(non_camel_case_types, reason = "the names of the fields")]
        #[derive(Clone, Copy)]
        pub(crate) enum Field {
            $($field,)+
        }

        impl Conntrack {
            #[inline]
            fn set_attr(&mut self, attr: CtAttr<'_>, report: &mut dyn FnMut(Error)) {
                match attr {
                    $( arm!(CtAttr, value, $($how)+) => set_field!(self.$field, value, report, $($how)+), )+
                    _ => {}
                }
            }

            /// Not inlined: most entries are written in place.
            #[inline(never)]
            fn write_field(&self, field: Field, out: &mut Writer<'_, CtattrType>) {
                match field {
                    $( Field::$field => write_field!(self.$field, out, CtAttr, $($how)+), )+
                }
            }

            #[inline]
            fn write_by_number(&self, out: &mut Writer<'_, CtattrType>) {
                write_fields!(self, out, $($field)+);
            }
        }
    };
}

/// Writes fields in that order.
macro_rules! write_fields {
    ($self:ident, $out:ident, $($field:ident)+) => {
        let in_place = $out.in_place::<{ shapes::MOST }>(|at, _| {
            $( let at = write_shapes::write($self, Field::$field, at)?; )+
            Some(at)
        });
        if !in_place {
            $( $self.write_field(Field::$field, $out); )+
        }
    };
}

conntrack! {
    /// A conntrack entry: what a dump or an event says of it, or what a request asks.
    ///
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event, cut down to its times.
    /// let bytes = [
    ///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, a nest
    ///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
    ///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
    /// ];
    /// let ct = Message::parse_with(&bytes, Endian::Little)?.conntrack()?;
    /// assert_eq!(ct.timestamp.start, Some(0x18ea_51eb_993c_3cab));
    /// assert_eq!(ct.timestamp.duration_ns(), Some(0x244b_9281));
    /// # Ok::<(), ctnetlink::error::Error>(())
    /// ```
    pub struct Conntrack {
        /// The flow as its first packet went.
        orig: Tuple = nest TupleOrig;
        /// The flow as its answers come.
        reply: Tuple = nest TupleReply;
        /// What has become of it.
        status: Option<Status> = Status;
        /// The state of TCP, SCTP or DCCP.
        protoinfo: Option<ProtoInfo> = nest ProtoInfo;
        /// The helper.
        help: Help = nest Help;
        /// The range for source NAT, in requests.
        nat_src: NatRange = nest NatSrc;
        /// Seconds until it expires.
        timeout: Option<u32> = Timeout;
        /// The connection mark.
        mark: Option<u32> = Mark;
        /// What the original direction has sent.
        counters_orig: Counters = nest CountersOrig;
        /// What the reply direction has sent.
        counters_reply: Counters = nest CountersReply;
        /// The reference count.
        use_count: Option<u32> = Use;
        /// An opaque number.
        id: Option<u32> = Id;
        /// The range for destination NAT, in requests.
        nat_dst: NatRange = nest NatDst;
        /// The original tuple of the flow that expected this one.
        master: Tuple = nest TupleMaster;
        /// The adjustment of sequence numbers, original direction.
        seq_adj_orig: SeqAdj = nest SeqAdjOrig;
        /// The adjustment of sequence numbers, reply direction.
        seq_adj_reply: SeqAdj = nest SeqAdjReply;
        /// The security mark, from old kernels.
        secmark: Option<u32> = Secmark;
        /// The zone of both directions.
        zone: Option<u16> = Zone;
        /// The security context.
        secctx: SecCtx = nest SecCtx;
        /// When it began and when it ended.
        timestamp: Timestamp = nest Timestamp;
        /// Which bits of the mark to compare or change, in requests.
        mark_mask: Option<u32> = MarkMask;
        /// The labels.
        labels: Option<Labels> = Labels;
        /// Which labels to change, in requests.
        labels_mask: Option<Labels> = LabelsMask;
        /// What the SYN proxy remembers.
        synproxy: SynProxy = nest SynProxy;
        /// Which fields of the tuples to compare, in requests.
        filter: Filter = nest Filter;
        /// Which bits of the status to compare, in requests.
        status_mask: Option<Status> = StatusMask;
        /// When the event happened: nanoseconds since the Unix epoch.
        timestamp_event: Option<u64> = TimestampEvent;
    }
}

/// The order in which the attributes of an entry are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// As the kernel answers a dump or a GET, since Linux 5.5 (`ctnetlink_fill_info`).
    Dump,
    /// As the kernel announces an event, since Linux 3.9 (`ctnetlink_conntrack_event`).
    Event,
    /// By attribute number, every attribute that a request can have.
    Request,
}

impl Sealed for Conntrack {}

impl Record for Conntrack {
    type Set = CtattrType;

    #[inline]
    fn apply(&mut self, attr: CtAttr<'_>, report: &mut dyn FnMut(Error)) {
        self.set_attr(attr, report);
    }

    fn decode_with(attrs: Attrs<'_, CtattrType>, report: &mut dyn FnMut(Error)) -> Self {
        let mut ct = Self::default();
        ct.read_attrs(attrs, report);
        ct
    }

    /// Writes every field, by attribute number.
    fn write(&self, out: &mut Writer<'_, CtattrType>) {
        self.write_as(Layout::Request, out);
    }
}

impl Conntrack {
    /// Creates an entry of a flow without NAT: with the original tuple, the reply tuple that follows
    /// from it, and their family. All other fields are absent.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Conntrack, Family, Status, Tuple};
    ///
    /// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    /// let entry = Conntrack {
    ///     timeout: Some(120),
    ///     status: Some(Status::CONFIRMED),
    ///     ..Conntrack::new(orig)
    /// };
    /// assert_eq!(entry.family, Family::IPV4);
    /// assert_eq!(entry.reply.to_string(), "udp 198.51.100.7:53 -> 192.0.2.1:40000");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn new(orig: Tuple) -> Self {
        Self { family: orig.family(), orig, reply: orig.reversed(), ..Self::default() }
    }

    /// Replaces `self` by the entry in `message`, calling `report` for each decoding error.
    ///
    /// This is the fast path for loops that keep no entry from one message to the next; elsewhere
    /// use [`Message::conntrack`]. An attribute that does not decode is left `None`.
    ///
    /// # Errors
    /// Returns an error if the message is not about a conntrack entry or is too short for an
    /// `nfgenmsg`. `self` is then unchanged.
    #[inline]
    pub fn read_message(
        &mut self,
        message: &Message<'_>,
        mut report: impl FnMut(Error),
    ) -> Result<(), Error> {
        self.read_from(message, &mut report)
    }

    pub(super) fn read_from(
        &mut self,
        message: &Message<'_>,
        report: &mut dyn FnMut(Error),
    ) -> Result<(), Error> {
        let (nfgen, attrs) = message.conntrack_parts()?;
        *self = Self::ABSENT;
        self.family = nfgen.nfgen_family;
        self.read_in_line(attrs, report);
        Ok(())
    }

    /// Reads attributes into a value that has none. Whether each of them had a known shape, so that
    /// there is none among them that the tables do not name.
    pub(crate) fn read_attrs(
        &mut self,
        attrs: Attrs<'_, CtattrType>,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        self.read_in_line(attrs, report)
    }

    /// [`read_attrs`](Self::read_attrs), but without the call.
    #[inline(always)]
    fn read_in_line(
        &mut self,
        attrs: Attrs<'_, CtattrType>,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        let mut walk = attrs.iter();
        let mut plain = true;
        loop {
            if attrs.endian() == Endian::NATIVE {
                walk.skip_bytes(read_shapes::read(self, walk.rest()));
            }
            if walk.rest().is_empty() {
                return plain;
            }
            plain = false;
            if !self.read_next(&mut walk, report) {
                return plain;
            }
        }
    }

    /// Reads one attribute, of whatever shape; whether there was one. Not inlined, so that it costs
    /// nothing where it is not needed.
    #[inline(never)]
    fn read_next(
        &mut self,
        walk: &mut Iter<'_, CtattrType>,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        match walk.next() {
            Some(Ok(attr)) => self.set_attr(attr, report),
            Some(Err(error)) => report(error),
            None => return false,
        }
        true
    }

    /// Writes the fields that such a message can have, in its order.
    pub fn write_as(&self, layout: Layout, out: &mut Writer<'_, CtattrType>) {
        match layout {
            Layout::Dump => {
                write_fields!(
                    self, out,
                    orig reply zone status mark secmark secctx id use_count master timeout
                    protoinfo counters_orig counters_reply timestamp help labels seq_adj_orig
                    seq_adj_reply synproxy
                );
            }
            Layout::Event => {
                write_fields!(
                    self, out,
                    orig reply zone id status timeout counters_orig counters_reply timestamp
                    protoinfo help secmark secctx labels master seq_adj_orig seq_adj_reply
                    synproxy mark timestamp_event
                );
            }
            Layout::Request => self.write_by_number(out),
        }
    }

    /// Makes a message of it. The family in `builder` is replaced by the entry's.
    ///
    /// # Errors
    /// [`TooLong`](crate::error::ErrorKind::TooLong): a name or a helper's data exceed what an
    /// attribute can hold.
    pub fn to_message(
        &self,
        builder: &MessageBuilder,
        layout: Layout,
    ) -> Result<MessageBuf, Error> {
        let mut builder = *builder;
        builder.nfgenmsg.nfgen_family = self.family;
        builder.build(|out| self.write_as(layout, out))
    }

    /// Where the original direction's source is translated to, if source NAT is in force: the
    /// destination of the answers, where it differs from the source of the flow.
    #[must_use]
    pub fn snat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.src, self.orig.src_port)?;
        let after = Endpoint::new(self.reply.dst, self.reply.dst_port)?;
        self.translated(before, after, Status::SRC_NAT)
    }

    /// Where the original direction's destination is translated to, if destination NAT is in force:
    /// the source of the answers, where it differs from the destination of the flow.
    #[must_use]
    pub fn dnat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.dst, self.orig.dst_port)?;
        let after = Endpoint::new(self.reply.src, self.reply.src_port)?;
        self.translated(before, after, Status::DST_NAT)
    }

    /// The tuples show what is translated, the status that it is NAT: without NAT they may differ
    /// too, when an entry was so made over netlink.
    fn translated(&self, before: Endpoint, after: Endpoint, flag: Status) -> Option<Endpoint> {
        let is_nat = self.status.is_none_or(|status| status.contains(flag));
        (is_nat && before != after).then_some(after)
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Endpoint {
    /// The address.
    pub addr: IpAddr,
    /// The port, where the protocol has ports.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub port: Option<u16>,
}

impl Endpoint {
    fn new(addr: Option<IpAddr>, port: Option<u16>) -> Option<Self> {
        Some(Self { addr: addr?, port })
    }
}
