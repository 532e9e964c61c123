//! The original tuple and the times of an entry.

use super::read_shapes::{take_timestamp, take_tuple};
use super::record::sealed::Fields as _;
use super::record::{Absent as _, fields};
use super::{Timestamp, Tuple};
use crate::attrs::{CtAttr, CtattrType};
use crate::error::Error;
use crate::shapes::{BOTH_COUNTERS, Cursor, EVENT, REPLY};
use crate::wire::{AttrSet as _, Endian, NLA_F_NESTED, NLA_TYPE_MASK, RawAttrs};
use crate::{Family, Message};

fields! {
    /// The original tuple and the times of an entry: the minimum that a flow log needs.
    ///
    /// It is decoded in about half the time of a whole [`Conntrack`](super::Conntrack). Use
    /// [`Message::flow_times`], or [`read_message`](Self::read_message) in loops.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event, reduced to its times.
    /// let bytes = [
    ///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, a nest
    ///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
    ///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
    /// ];
    /// let flow = Message::parse_with(&bytes, Endian::Little)?.flow_times()?;
    /// assert_eq!(flow.timestamp.start, Some(0x18ea_51eb_993c_3cab));
    /// assert_eq!(flow.timestamp.duration_ns(), Some(0x244b_9281));
    /// # Ok::<(), ctnetlink::error::Error>(())
    /// ```
    pub struct FlowTimes {
        /// The layer 3 protocol, from `nfgenmsg`.
        family: Family;
        /// The original direction.
        orig: Tuple;
        /// The start and stop of the flow.
        timestamp: Timestamp;
    }
}

impl FlowTimes {
    /// Replaces `self` by the tuple and times of the entry in `message`.
    ///
    /// It calls `report` for each decoding error.
    /// Errors inside attributes other than these two are not found, because those are skipped.
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
        self.family = nfgen.nfgen_family;
        self.orig = Tuple::ABSENT;
        self.timestamp = Timestamp::ABSENT;
        let mut walk = attrs.raw();
        self.read_shapes(&mut walk, attrs.endian());
        if !walk.rest().is_empty() {
            self.read_others(walk, attrs.endian(), report);
        }
        Ok(())
    }

    #[inline(always)]
    fn read_shapes(&mut self, walk: &mut RawAttrs<'_>, endian: Endian) {
        if endian == Endian::NATIVE {
            walk.skip_bytes(read_times(self, walk.rest()));
        }
    }

    /// Decodes the attributes that have no known shape.
    ///
    /// Not inlined, because it is rarely called.
    #[inline(never)]
    fn read_others(
        &mut self,
        mut walk: RawAttrs<'_>,
        endian: Endian,
        report: &mut dyn FnMut(Error),
    ) {
        while let Some(raw) = walk.next() {
            let attr = match raw {
                Ok(raw) => match raw.number() {
                    CtattrType::TupleOrig | CtattrType::Timestamp => CtattrType::decode(raw),
                    _ => Ok(CtAttr::Unknown(raw)),
                },
                Err(error) => Err(Error { set: Some(CtattrType::SPEC), ..error }),
            };
            match attr {
                Ok(CtAttr::TupleOrig(attrs)) => self.orig = Tuple::decode_with(attrs, report),
                Ok(CtAttr::Timestamp(attrs)) => {
                    self.timestamp = Timestamp::decode_with(attrs, report)
                }
                Ok(_) => {}
                Err(error) => report(error),
            }
            self.read_shapes(&mut walk, endian);
        }
    }
}

/// Reads the original tuple and the times, in known shapes, and skips other attributes.
///
/// Stops at one of these two that has no known shape or is repeated.
fn read_times(flow: &mut FlowTimes, bytes: &[u8]) -> usize {
    type A = CtattrType;
    let at = &mut Cursor::new(bytes);
    take_tuple(at, A::TupleOrig, &mut flow.orig);
    at.skip::<52>(A::TupleReply | NLA_F_NESTED);
    // To skip an attribute, its length must have been read; the length of a sequence is known.
    if EVENT.take_run(at).is_some() || REPLY.take_run(at).is_some() {
        BOTH_COUNTERS.take_run(at);
    }
    take_timestamp(at, &mut flow.timestamp);
    while !matches!(at.nla_type() & NLA_TYPE_MASK, A::TupleOrig | A::Timestamp) && at.skip_any() {
        take_timestamp(at, &mut flow.timestamp);
    }
    bytes.len() - at.rest.len()
}
