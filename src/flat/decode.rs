//! Structs from messages: [`Message::conntrack`] and its siblings, and the strict conversions.

use super::{ExpectStats, FlowTimes, Record as _, StatsCpu, StatsGlobal};
use crate::error::Error;
use crate::wire::{AttrSet, Attrs, Visitor};
use crate::{Body, Conntrack, Expectation, Message};

/// Decoding to structs.
///
/// An attribute that does not decode is `None`; [`errors`](Self::errors) lists what did not.
/// `Conntrack::try_from(message)` and its siblings are strict: they return the first decoding
/// error.
impl Message<'_> {
    /// Decodes the conntrack entry in the message.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event that is reduced to its mark.
    /// let bytes = [
    ///     0x1c, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     8, 0, 8, 0, 0, 0, 0x12, 0x34, // CTA_MARK
    /// ];
    /// let entry = Message::parse_with(&bytes, Endian::Little)?.conntrack()?;
    /// assert_eq!(entry.mark, Some(0x1234));
    /// assert_eq!(entry.timeout, None);
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the message is not about a conntrack entry or is too short for an
    /// `nfgenmsg`.
    #[inline]
    pub fn conntrack(&self) -> Result<Conntrack, Error> {
        let mut entry = Conntrack::default();
        entry.read_from(self, &mut |_| ())?;
        Ok(entry)
    }

    /// Decodes only the original tuple and the times of the entry in the message, skipping the rest.
    ///
    /// # Errors
    /// Returns an error if the message is not about a conntrack entry or is too short for an
    /// `nfgenmsg`.
    #[inline]
    pub fn flow_times(&self) -> Result<FlowTimes, Error> {
        let mut flow = FlowTimes::default();
        flow.read_from(self, &mut |_| ())?;
        Ok(flow)
    }

    /// Decodes the expectation in the message.
    ///
    /// # Errors
    /// Returns an error if the message is not about an expectation or is too short for an
    /// `nfgenmsg`.
    pub fn expectation(&self) -> Result<Expectation, Error> {
        Expectation::from_message(self, &mut |_| ())
    }

    /// Decodes the statistics of one CPU in the message.
    ///
    /// # Errors
    /// Returns an error if the message has another type or is too short for an `nfgenmsg`.
    pub fn stats_cpu(&self) -> Result<StatsCpu, Error> {
        StatsCpu::from_message(self, &mut |_| ())
    }

    /// Decodes the size of the table in the message.
    ///
    /// # Errors
    /// Returns an error if the message has another type or is too short for an `nfgenmsg`.
    pub fn stats_global(&self) -> Result<StatsGlobal, Error> {
        StatsGlobal::from_message(self, &mut |_| ())
    }

    /// Decodes the expectation statistics of one CPU in the message.
    ///
    /// # Errors
    /// Returns an error if the message has another type or is too short for an `nfgenmsg`.
    pub fn expect_stats(&self) -> Result<ExpectStats, Error> {
        ExpectStats::from_message(self, &mut |_| ())
    }

    /// Returns `true` if every attribute has a name in [`spec`](crate::spec) and decodes.
    ///
    /// The decoded struct then contains every value in the message.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event with CTA_ZONE 513, or with an attribute that no kernel sends.
    /// let mut bytes = [
    ///     28, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 6, 0, 18, 0, 2, 1, 0, 0,
    /// ];
    /// assert!(Message::parse_with(&bytes, Endian::Little)?.is_fully_decoded());
    /// bytes[22] = 99;
    /// assert!(!Message::parse_with(&bytes, Endian::Little)?.is_fully_decoded());
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[must_use]
    pub fn is_fully_decoded(&self) -> bool {
        let is_plain = self.conntrack_parts().is_ok_and(|(_, attrs)| {
            // The layouts that are known at compile time are the fastest check.
            Conntrack::default().read_attrs(attrs, &mut |_| ())
        });
        let mut walk = Complete(true);
        is_plain || (self.visit(&mut walk).is_ok() && walk.0)
    }
}

/// Becomes `false` at an attribute that has no name or does not decode.
struct Complete(bool);

impl<'a> Visitor<'a> for Complete {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for raw in attrs.raw() {
            let attr = raw.ok().filter(|raw| S::SPEC.get(raw.number()).is_some());
            match attr.and_then(|raw| S::decode(raw).ok()) {
                Some(attr) => S::visit_nest(&attr, self),
                None => self.0 = false,
            }
        }
    }
}

trait FromMessage: Sized {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error>;
}

impl FromMessage for Conntrack {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error> {
        let mut entry = Self::default();
        entry.read_from(message, report)?;
        Ok(entry)
    }
}

impl FromMessage for Expectation {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error> {
        match message.body()? {
            Body::Expect(nfgen, attrs) => {
                Ok(Self { family: nfgen.nfgen_family, ..Self::decode(attrs, report) })
            }
            _ => Err(message.wrong_type()),
        }
    }
}

impl FromMessage for StatsCpu {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error> {
        match message.body()? {
            Body::StatsCpu(nfgen, attrs) => {
                Ok(Self { cpu: nfgen.res_id, ..Self::decode(attrs, report) })
            }
            _ => Err(message.wrong_type()),
        }
    }
}

impl FromMessage for StatsGlobal {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error> {
        match message.body()? {
            Body::StatsGlobal(_, attrs) => Ok(Self::decode(attrs, report)),
            _ => Err(message.wrong_type()),
        }
    }
}

impl FromMessage for ExpectStats {
    fn from_message(message: &Message<'_>, report: &mut dyn FnMut(Error)) -> Result<Self, Error> {
        match message.body()? {
            Body::ExpectStats(nfgen, attrs) => {
                Ok(Self { cpu: nfgen.res_id, ..Self::decode(attrs, report) })
            }
            _ => Err(message.wrong_type()),
        }
    }
}

macro_rules! strict {
    ($($Struct:ident)+) => {
        $(
            /// Decodes strictly: the first attribute that does not decode is returned as an error.
            impl TryFrom<&Message<'_>> for $Struct {
                type Error = Error;

                fn try_from(message: &Message<'_>) -> Result<Self, Error> {
                    let mut first = None;
                    let decoded = Self::from_message(message, &mut |error| {
                        first.get_or_insert(error);
                    })?;
                    first.map_or(Ok(decoded), Err)
                }
            }

            /// Decodes strictly: the first attribute that does not decode is returned as an error.
            impl TryFrom<Message<'_>> for $Struct {
                type Error = Error;

                fn try_from(message: Message<'_>) -> Result<Self, Error> {
                    Self::try_from(&message)
                }
            }
        )+
    };
}

strict! { Conntrack Expectation StatsCpu StatsGlobal ExpectStats }
