//! Reads and writes entries: in known shapes where possible, attribute by attribute otherwise.

use super::conntrack::{Conntrack, Field};
use super::record::sealed::Fields;
use super::record::{Absent as _, Record};
use super::{read_shapes, write_shapes};
use crate::attrs::{CtAttr, CtattrType};
use crate::error::Error;
use crate::shapes;
use crate::wire::{Attrs, Endian, Iter, Writer};
use crate::{Message, MessageBuf, MessageBuilder};

/// The order in which the attributes of an entry are written.
///
/// # Examples
/// ```
/// use ctnetlink::flat::Layout;
/// use ctnetlink::{Conntrack, Family, MessageBuilder, MsgType};
///
/// let entry = Conntrack { id: Some(0x0102_0304), use_count: Some(2), ..Conntrack::default() };
/// let builder = MessageBuilder::new(MsgType::CT_NEW, Family::UNSPEC);
/// let dump = entry.to_message(&builder, Layout::Dump)?;
/// // Events do not contain the reference count.
/// let event = entry.to_message(&builder, Layout::Event)?;
/// assert_eq!((dump.as_bytes().len(), event.as_bytes().len()), (36, 28));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
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

impl Fields<CtattrType> for Conntrack {
    #[inline]
    fn apply_with(&mut self, attr: CtAttr<'_>, report: &mut dyn FnMut(Error)) {
        self.set_attr(attr, report);
    }

    fn decode_with(attrs: Attrs<'_, CtattrType>, report: &mut dyn FnMut(Error)) -> Self {
        let mut ct = Self::default();
        ct.read_attrs(attrs, report);
        ct
    }
}

impl Record for Conntrack {
    type Set = CtattrType;

    /// Writes every field, by attribute number.
    fn write(&self, out: &mut Writer<'_, CtattrType>) {
        self.write_as(Layout::Request, out);
    }
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

impl Conntrack {
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
        // Counters in a shape do not replace those in 32 bits of an earlier attribute.
        let mut has_shapes = attrs.endian() == Endian::NATIVE;
        loop {
            if has_shapes {
                walk.skip_bytes(read_shapes::read(self, walk.rest()));
            }
            if walk.rest().is_empty() {
                return plain;
            }
            plain = false;
            if !self.read_next(&mut walk, report) {
                return plain;
            }
            has_shapes &= self.rare.is_none();
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
            Layout::Request => {
                write_fields!(
                    self, out,
                    orig reply status protoinfo help nat_src timeout mark counters_orig
                    counters_reply use_count id nat_dst master seq_adj_orig seq_adj_reply secmark
                    zone secctx timestamp mark_mask labels labels_mask synproxy filter status_mask
                    timestamp_event
                );
            }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat::{Counters, Counters32};
    use crate::wire::AttrsBuf;

    /// `CTA_COUNTERS_ORIG` of an early kernel, and of a current one.
    const BYTES32: [u8; 20] =
        [0x14, 0, 9, 0x80, 8, 0, 3, 0, 0, 0, 0x12, 0x34, 8, 0, 4, 0, 0, 0x56, 0x78, 0x9a];
    const BYTES64: [u8; 28] = [
        0x1c, 0, 9, 0x80, 0x0c, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0x0c, 0, 2, 0, 0, 0, 0, 0,
        0, 0, 0xef, 0x01,
    ];

    fn decoded(bytes: &[u8]) -> Conntrack {
        Conntrack::try_decode(Attrs::new(bytes, Endian::Little)).unwrap()
    }

    #[test]
    fn counters_in_32_bits_are_decoded_and_encoded() {
        let entry = decoded(&BYTES32);
        let expected = Counters32 { packets32: Some(0x1234), bytes32: Some(0x56_789a) };
        assert_eq!(entry.rare().counters32_orig, expected);
        assert_eq!(entry.counters_orig, Counters::default());
        for layout in [Layout::Dump, Layout::Event, Layout::Request] {
            let attrs = AttrsBuf::build(Endian::Little, |out| entry.write_as(layout, out)).unwrap();
            assert_eq!(attrs.as_attrs().as_bytes(), BYTES32, "{layout:?}");
        }
    }

    #[test]
    fn the_last_counters_replace_those_in_32_bits() {
        let entry = decoded(&[&BYTES32[..], &BYTES64].concat());
        let expected = Counters { packets: Some(0xabcd), bytes: Some(0xef01) };
        assert_eq!(entry, Conntrack { counters_orig: expected, ..Conntrack::default() });
    }
}
