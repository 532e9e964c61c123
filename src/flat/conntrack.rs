//! Conntrack entries.

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
use alloc::boxed::Box;
use core::net::IpAddr;

/// Declares the fields of an entry with their attributes.
///
/// The fields of `RequestOnly` are behind a pointer, which is null in messages from a kernel. The order
/// is that of JSON and of requests, with these fields in parentheses.
macro_rules! conntrack {
    (
        $(#[$meta:meta])*
        pub struct Conntrack {
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty = $($how:ident)+; )+
        }
        $(#[$request_meta:meta])*
        pub struct RequestOnly {
            $( $(#[$only_meta:meta])+ $only:ident: $OnlyType:ty = $($only_how:ident)+; )+
        }
        order { $($item:tt)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct Conntrack {
            /// The layer 3 protocol, from `nfgenmsg`.
            pub family: Family,
            $( $(#[$field_meta])+ pub $field: $Type, )+
            /// What only requests say; `None` in entries from a kernel.
            pub request_only: Option<Box<RequestOnly>>,
        }

        fields! {
            $(#[$request_meta])*
            pub struct RequestOnly {
                $( $(#[$only_meta])+ $only: $OnlyType; )+
            }
        }

        impl Absent for Conntrack {
            const ABSENT: Self = Self {
                family: Family::ABSENT,
                $( $field: <$Type as Absent>::ABSENT, )+
                request_only: None,
            };

            #[inline(always)]
            fn is_absent(&self) -> bool {
                self.family.is_absent()
                    $(& Absent::is_absent(&self.$field))+
                    & self.request_only.is_none()
            }
        }

        /// Every field is absent.
        impl Default for Conntrack {
            fn default() -> Self {
                Self::ABSENT
            }
        }

        #[allow(non_camel_case_types, reason = "the names of the fields")]
        #[derive(Clone, Copy)]
        pub(super) enum Field {
            $($field,)+
            $($only,)+
        }

        impl Conntrack {
            #[inline]
            fn set_attr(&mut self, attr: CtAttr<'_>, report: &mut dyn FnMut(Error)) {
                match attr {
                    $( arm!(CtAttr, value, $($how)+) => set_field!(self.$field, value, report, $($how)+), )+
                    $( arm!(CtAttr, value, $($only_how)+) => self.set_request_only(|only| {
                        set_field!(only.$only, value, report, $($only_how)+);
                    }), )+
                    _ => {}
                }
            }

            /// Not inlined: most entries are written in place.
            #[inline(never)]
            fn write_field(&self, field: Field, out: &mut Writer<'_, CtattrType>) {
                match field {
                    $( Field::$field => write_field!(self.$field, out, CtAttr, $($how)+), )+
                    $( Field::$only => if let Some(only) = &self.request_only {
                        write_field!(only.$only, out, CtAttr, $($only_how)+);
                    }, )+
                }
            }

            #[inline]
            fn write_by_number(&self, out: &mut Writer<'_, CtattrType>) {
                by_number!(self, out, $($item)+);
            }
        }

        #[cfg(feature = "format")]
        impl crate::line::Value for Conntrack {
            const OPENING: &'static str = "{";

            #[inline]
            fn is_absent(&self) -> bool {
                Absent::is_absent(self)
            }

            #[inline]
            fn write<'l>(&self, line: crate::line::Line<'l>) -> crate::line::Line<'l> {
                line.items("},", |line| {
                    let line = crate::line::field(line, "\"family\":", &self.family);
                    $( let line = json_item!(self, line, $item); )+
                    line
                })
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for Conntrack {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use crate::flat::record::is_default;
                use serde::ser::SerializeStruct as _;
                let length = usize::from(!is_default(&self.family))
                    $( + usize::from(!is_default(item!(self, $item))) )+;
                let mut out = serializer.serialize_struct("Conntrack", length)?;
                if !is_default(&self.family) {
                    out.serialize_field("family", &self.family)?;
                }
                $(
                    if !is_default(item!(self, $item)) {
                        out.serialize_field(item_name!($item), item!(self, $item))?;
                    }
                )+
                out.end()
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for Conntrack {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// All keys of the object.
                #[derive(Default, serde::Deserialize)]
                #[serde(default, rename = "Conntrack")]
                struct Keys {
                    family: Family,
                    $( $field: $Type, )+
                    $( $only: $OnlyType, )+
                }
                let keys = Keys::deserialize(deserializer)?;
                let only = RequestOnly { $( $only: keys.$only, )+ };
                Ok(Self {
                    family: keys.family,
                    $( $field: keys.$field, )+
                    request_only: (!Absent::is_absent(&only)).then(|| Box::new(only)),
                })
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

/// Writes the fields of a list whose items may stand in parentheses.
macro_rules! by_number {
    (@ $self:ident, $out:ident, [$($field:ident)+]) => {
        write_fields!($self, $out, $($field)+);
    };
    (@ $self:ident, $out:ident, [$($done:ident)*] ($only:ident) $($rest:tt)*) => {
        by_number!(@ $self, $out, [$($done)* $only] $($rest)*);
    };
    (@ $self:ident, $out:ident, [$($done:ident)*] $field:ident $($rest:tt)*) => {
        by_number!(@ $self, $out, [$($done)* $field] $($rest)*);
    };
    ($self:ident, $out:ident, $($item:tt)+) => {
        by_number!(@ $self, $out, [] $($item)+);
    };
}

#[cfg(feature = "serde")]
macro_rules! item {
    ($self:ident, ($only:ident)) => {
        &$self.request_only().$only
    };
    ($self:ident, $field:ident) => {
        &$self.$field
    };
}

#[cfg(feature = "serde")]
macro_rules! item_name {
    (($only:ident)) => {
        stringify!($only)
    };
    ($field:ident) => {
        stringify!($field)
    };
}

#[cfg(feature = "format")]
macro_rules! json_item {
    ($self:ident, $line:ident, ($only:ident)) => {
        match &$self.request_only {
            Some(only) => {
                crate::line::field($line, concat!("\"", stringify!($only), "\":"), &only.$only)
            }
            None => $line,
        }
    };
    ($self:ident, $line:ident, $field:ident) => {
        crate::line::field($line, concat!("\"", stringify!($field), "\":"), &$self.$field)
    };
}

conntrack! {
    /// A conntrack entry, as a dump or an event describes it or as a request asks for it.
    ///
    /// Absent attributes are `None` or, in nested structs, a struct whose fields are all `None`.
    /// `timestamp` needs the sysctl `net.netfilter.nf_conntrack_timestamp`, and the counters need
    /// `net.netfilter.nf_conntrack_acct`; both must be on when the flow starts.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event that is reduced to its times.
    /// let bytes = [
    ///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, nested
    ///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
    ///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
    /// ];
    /// let entry = Message::parse_with(&bytes, Endian::Little)?.conntrack()?;
    /// assert_eq!(entry.timestamp.start, Some(0x18ea_51eb_993c_3cab));
    /// assert_eq!(entry.timestamp.duration_ns(), Some(0x244b_9281));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct Conntrack {
        /// The original direction: the addresses and ports of the flow's first packet.
        orig: Tuple = nest TupleOrig;
        /// The reply direction: the addresses and ports of packets in return.
        reply: Tuple = nest TupleReply;
        /// The status flags.
        status: Option<Status> = Status;
        /// The state of TCP, SCTP or DCCP.
        protoinfo: Option<ProtoInfo> = nest ProtoInfo;
        /// The helper.
        help: Help = nest Help;
        /// The seconds until the entry expires.
        timeout: Option<u32> = Timeout;
        /// The connection mark.
        mark: Option<u32> = Mark;
        /// The packets and bytes in the original direction.
        counters_orig: Counters = nest CountersOrig;
        /// The packets and bytes in the reply direction.
        counters_reply: Counters = nest CountersReply;
        /// The reference count.
        use_count: Option<u32> = Use;
        /// An opaque number, which the kernel may reuse.
        id: Option<u32> = Id;
        /// The original tuple of the flow that expected this one.
        master: Tuple = nest TupleMaster;
        /// The adjustment of sequence numbers in the original direction.
        seq_adj_orig: SeqAdj = nest SeqAdjOrig;
        /// The adjustment of sequence numbers in the reply direction.
        seq_adj_reply: SeqAdj = nest SeqAdjReply;
        /// The security mark, from old kernels.
        secmark: Option<u32> = Secmark;
        /// The zone of both directions.
        zone: Option<u16> = Zone;
        /// The security context.
        secctx: SecCtx = nest SecCtx;
        /// The start and stop of the flow.
        timestamp: Timestamp = nest Timestamp;
        /// The labels.
        labels: Option<Labels> = Labels;
        /// What the SYN proxy remembers of the handshake.
        synproxy: SynProxy = nest SynProxy;
        /// The time of the event, in nanoseconds since the Unix epoch.
        timestamp_event: Option<u64> = TimestampEvent;
    }
    /// The parts of an entry that only requests contain.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{NatRange, RequestOnly};
    /// use ctnetlink::{Conntrack, Tuple};
    ///
    /// let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:80".parse()?);
    /// let nat_src = NatRange { min_ip: Some("203.0.113.9".parse()?), ..NatRange::default() };
    /// let entry = Conntrack {
    ///     timeout: Some(120),
    ///     request_only: RequestOnly { nat_src, ..RequestOnly::default() }.into(),
    ///     ..Conntrack::new(orig)
    /// };
    /// assert_eq!(entry.request_only().nat_src, nat_src);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct RequestOnly {
        /// The range for source NAT.
        nat_src: NatRange = nest NatSrc;
        /// The range for destination NAT.
        nat_dst: NatRange = nest NatDst;
        /// The bits of the mark to compare or change.
        mark_mask: Option<u32> = MarkMask;
        /// The labels to change.
        labels_mask: Option<Labels> = LabelsMask;
        /// The fields of the tuples to compare.
        filter: Filter = nest Filter;
        /// The bits of the status to compare.
        status_mask: Option<Status> = StatusMask;
    }
    order {
        orig reply status protoinfo help (nat_src) timeout mark counters_orig counters_reply
        use_count id (nat_dst) master seq_adj_orig seq_adj_reply secmark zone secctx timestamp
        (mark_mask) labels (labels_mask) synproxy (filter) (status_mask) timestamp_event
    }
}

impl Conntrack {
    /// Returns what only requests say.
    ///
    /// Every field is absent in entries from a kernel.
    #[must_use]
    pub fn request_only(&self) -> &RequestOnly {
        self.request_only.as_deref().unwrap_or(&RequestOnly::ABSENT)
    }

    /// Returns what only requests say, to change it.
    pub fn request_only_mut(&mut self) -> &mut RequestOnly {
        self.request_only.get_or_insert_with(Box::default)
    }

    /// Changes what only requests say.
    ///
    /// Allocates only if a field is present then.
    #[cold]
    fn set_request_only(&mut self, set: impl FnOnce(&mut RequestOnly)) {
        let mut only = *self.request_only();
        set(&mut only);
        self.request_only = (!Absent::is_absent(&only)).then(|| Box::new(only));
    }
}

impl From<RequestOnly> for Option<Box<RequestOnly>> {
    fn from(only: RequestOnly) -> Self {
        Some(Box::new(only))
    }
}

/// The order in which the attributes of an entry are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// The order of replies to a dump or a GET, since Linux 5.5 (`ctnetlink_fill_info`).
    Dump,
    /// The order of events, since Linux 3.9 (`ctnetlink_conntrack_event`).
    Event,
    /// The order of attribute numbers, with every attribute that a request can contain.
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
    /// Creates an entry of a flow without NAT.
    ///
    /// It has the original tuple, the reply tuple that follows from it, and their family. All other
    /// fields are absent.
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

    /// Decodes attributes into an entry without any.
    ///
    /// Returns `true` if each had a known shape, so that none of them is unknown.
    pub(crate) fn read_attrs(
        &mut self,
        attrs: Attrs<'_, CtattrType>,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        self.read_in_line(attrs, report)
    }

    /// The inlined body of [`read_attrs`](Self::read_attrs).
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

    /// Decodes one attribute of any shape.
    ///
    /// Returns `false` if there was none. Not inlined, because it is rarely called.
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

    /// Writes the fields that a message of this layout can contain, in its order.
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

    /// Creates a message with the entry.
    ///
    /// The family of the entry replaces that of `builder`.
    ///
    /// # Errors
    /// Returns [`TooLong`](crate::error::ErrorKind::TooLong) if a name or the data of a helper does not
    /// fit an attribute.
    pub fn to_message(
        &self,
        builder: &MessageBuilder,
        layout: Layout,
    ) -> Result<MessageBuf, Error> {
        let mut builder = *builder;
        builder.nfgenmsg.nfgen_family = self.family;
        builder.build(|out| self.write_as(layout, out))
    }

    /// Returns the address and port that source NAT translates the original source to.
    ///
    /// This is the destination of the reply direction if it differs from the original source.
    #[must_use]
    pub fn snat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.src, self.orig.src_port)?;
        let after = Endpoint::new(self.reply.dst, self.reply.dst_port)?;
        self.translated(before, after, Status::SRC_NAT)
    }

    /// Returns the address and port that destination NAT translates the original destination to.
    ///
    /// This is the source of the reply direction if it differs from the original destination.
    #[must_use]
    pub fn dnat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.dst, self.orig.dst_port)?;
        let after = Endpoint::new(self.reply.src, self.reply.src_port)?;
        self.translated(before, after, Status::DST_NAT)
    }

    /// Returns `after` if NAT changed `before`.
    ///
    /// The status decides whether it is NAT, because the tuples of an entry that was created over
    /// netlink may also differ without NAT.
    fn translated(&self, before: Endpoint, after: Endpoint, flag: Status) -> Option<Endpoint> {
        let is_nat = self.status.is_none_or(|status| status.contains(flag));
        (is_nat && before != after).then_some(after)
    }
}

/// An address and an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Endpoint {
    /// The address.
    pub addr: IpAddr,
    /// The port, if the protocol has ports.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub port: Option<u16>,
}

impl Endpoint {
    fn new(addr: Option<IpAddr>, port: Option<u16>) -> Option<Self> {
        Some(Self { addr: addr?, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_entry_has_at_most_560_bytes() {
        assert!(size_of::<Conntrack>() <= 560, "{}", size_of::<Conntrack>());
    }

    #[test]
    fn empty_parts_of_requests_allocate_nothing() {
        let mut entry = Conntrack::default();
        entry.set_request_only(|only| only.mark_mask = Some(0xf0));
        assert_eq!(entry.request_only().mark_mask, Some(0xf0));
        entry.set_request_only(|only| only.mark_mask = None);
        assert_eq!(entry.request_only, None);
    }
}
