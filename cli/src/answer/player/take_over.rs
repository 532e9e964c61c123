//! What a simulation cannot know, taken over from a recorded datagram.

use ctnetlink::attrs::{CtAttr, ExpectAttr};
use ctnetlink::error::Error;
use ctnetlink::sim::Net;
use ctnetlink::wire::{AttrSet, Attrs, Endian, NLA_HDRLEN, RawAttr};
use ctnetlink::{Message, MsgType};
use std::collections::HashMap;
use std::marker::PhantomData;

/// Bytes that replace others, and their offset.
type Patch = (usize, Vec<u8>);

/// The difference between two clocks that read a timeout, in seconds.
const TIMEOUT_SLACK: u32 = 1;

/// The ids that were taken over, by those of the simulation.
#[derive(Debug, Default)]
pub(crate) struct TakenOver {
    ids: HashMap<u32, u32>,
}

impl TakenOver {
    /// Copies unknowable values from a recorded datagram to a simulated one, and to the namespace.
    ///
    /// `now` is the latest time of the recording.
    pub(crate) fn apply(
        &mut self,
        recorded: &[u8],
        simulated: &mut [u8],
        net: &mut Net,
        endian: Endian,
        now: u64,
    ) {
        let mut at = 0;
        while let (Some(theirs), Some(ours)) =
            (message(recorded, at, endian), message(simulated, at, endian))
        {
            let len = theirs.len();
            if len != ours.len() {
                return;
            }
            let patches = self.patches(theirs, ours, net, endian, now);
            for (offset, bytes) in patches {
                let offset = at + offset;
                if let Some(place) = simulated.get_mut(offset..offset + bytes.len()) {
                    place.copy_from_slice(&bytes);
                }
            }
            at += len.next_multiple_of(4);
        }
    }

    /// Returns the bytes to replace in a simulated message, with their offsets.
    fn patches(
        &mut self,
        theirs: &[u8],
        ours: &[u8],
        net: &mut Net,
        endian: Endian,
        now: u64,
    ) -> Vec<Patch> {
        let parse = |bytes| Message::parse_with(bytes, endian).ok();
        let (Some(theirs), Some(ours)) = (parse(theirs), parse(ours)) else { return Vec::new() };
        if theirs.msg_type() != ours.msg_type() {
            return Vec::new();
        }
        match theirs.msg_type() {
            MsgType::CT_NEW | MsgType::CT_DELETE => self.entry_patches(&theirs, &ours, net, now),
            MsgType::EXP_NEW | MsgType::EXP_DELETE => self.expect_patches(&theirs, &ours, net),
            // Nobody knows which CPU has counted. A reply about expectations has the type of GET_CTRZERO.
            MsgType::CT_GET_STATS_CPU | MsgType::CT_GET_CTRZERO => {
                let bytes = theirs.as_bytes();
                (24..bytes.len()).step_by(8).map(|at| (at, bytes[at..at + 4].to_vec())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn entry_patches(
        &mut self,
        theirs: &Message<'_>,
        ours: &Message<'_>,
        net: &mut Net,
        now: u64,
    ) -> Vec<Patch> {
        let mut patches = Vec::new();
        let pairs = pairs(theirs.conntrack_attrs(), ours.conntrack_attrs());
        let ids = pairs.iter().find_map(|pair| match pair.decode()? {
            [CtAttr::Id(recorded), CtAttr::Id(own)] => Some((recorded, own)),
            _ => None,
        });
        let Some((recorded_id, own_id)) = ids else { return patches };
        let is_known = self.take_over_id(recorded_id, own_id);
        if is_known && recorded_id != own_id {
            net.set_entry_id(own_id, recorded_id);
        }
        for pair in &pairs {
            let is_taken = match pair.decode() {
                Some([CtAttr::Id(_), _]) => is_known,
                Some([CtAttr::Timeout(recorded), CtAttr::Timeout(own)]) => is_near(recorded, own),
                Some([CtAttr::Timestamp(_), CtAttr::Timestamp(_)]) => {
                    let time =
                        |attr: &RawAttr<'_>| Some(u64::from_be_bytes(*attr.payload.last_chunk()?));
                    let start = pair.theirs.payload.get(4..12).and_then(|b| b.try_into().ok());
                    let start = start.map(u64::from_be_bytes);
                    let ct = net.entry_mut(recorded_id);
                    if let Some(tstamp) = ct.and_then(|ct| ct.tstamp.as_mut()) {
                        tstamp.start = start.unwrap_or_default();
                    }
                    start <= Some(now) && time(&pair.theirs) <= Some(now)
                }
                Some([CtAttr::TimestampEvent(recorded), _]) => recorded <= now,
                _ => false,
            };
            patches.extend(is_taken.then(|| pair.patch()));
        }
        patches
    }

    fn expect_patches(
        &mut self,
        theirs: &Message<'_>,
        ours: &Message<'_>,
        net: &mut Net,
    ) -> Vec<Patch> {
        let mut patches = Vec::new();
        for pair in &pairs(theirs.expectation_attrs(), ours.expectation_attrs()) {
            let is_taken = match pair.decode() {
                Some([ExpectAttr::Id(recorded), ExpectAttr::Id(own)]) => {
                    let is_known = self.take_over_id(recorded, own);
                    let mut all = net.expectations_mut().iter_mut();
                    if let Some(exp) = all.find(|exp| is_known && exp.id == own) {
                        exp.id = recorded;
                    }
                    is_known
                }
                Some([ExpectAttr::Timeout(recorded), ExpectAttr::Timeout(own)]) => {
                    is_near(recorded, own)
                }
                _ => false,
            };
            patches.extend(is_taken.then(|| pair.patch()));
        }
        patches
    }

    /// Notes the recorded id of an entry, and returns `false` if another one was recorded before.
    fn take_over_id(&mut self, recorded: u32, own: u32) -> bool {
        recorded == own || *self.ids.entry(own).or_insert(recorded) == recorded
    }
}

/// Returns the bytes of the message at an offset.
fn message(datagram: &[u8], at: usize, endian: Endian) -> Option<&[u8]> {
    let rest = datagram.get(at..)?;
    let len = endian.u32(*rest.first_chunk()?);
    rest.get(..usize::try_from(len).ok()?).filter(|bytes| bytes.len() >= 16)
}

/// An attribute at the same place of two messages.
struct Pair<'a, S> {
    theirs: RawAttr<'a>,
    ours: RawAttr<'a>,
    set: PhantomData<S>,
}

impl<'a, S: AttrSet> Pair<'a, S> {
    fn decode(&self) -> Option<[S::Attr<'a>; 2]> {
        Some([S::decode(self.theirs).ok()?, S::decode(self.ours).ok()?])
    }

    fn patch(&self) -> Patch {
        (self.theirs.offset + NLA_HDRLEN, self.theirs.payload.to_vec())
    }
}

/// Returns the attributes that are at the same place and of the same length.
fn pairs<'a, S: AttrSet>(
    theirs: Result<Attrs<'a, S>, Error>,
    ours: Result<Attrs<'a, S>, Error>,
) -> Vec<Pair<'a, S>> {
    let (Ok(theirs), Ok(ours)) = (theirs, ours) else { return Vec::new() };
    let pairs = theirs.raw().map_while(Result::ok).zip(ours.raw().map_while(Result::ok));
    let place = |attr: &RawAttr<'_>| (attr.offset, attr.number(), attr.payload.len());
    let alike = pairs.filter(|(theirs, ours)| place(theirs) == place(ours));
    alike.map(|(theirs, ours)| Pair { theirs, ours, set: PhantomData }).collect()
}

fn is_near(recorded: u32, own: u32) -> bool {
    recorded.abs_diff(own) <= TIMEOUT_SLACK
}
