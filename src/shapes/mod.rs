//! Known layouts of nested attributes, read and written in one piece.
//!
//! The general path decodes one attribute at a time: header, attribute set, value. But a kernel always
//! fills a tuple, the counters or the times with the same attributes in the same order, so that the
//! offset and content of each header are known at compile time. Here such a nest is compared with what
//! is expected, and its values are read from known offsets. Top-level attributes are tried in the order
//! in which kernels send them, so that branches are predictable for similar messages. Writing copies a
//! nest that was laid out at compile time and fills in the values.
//!
//! Everything else takes the general path: another order, another length, an attribute without
//! `NLA_F_NESTED`, the byte order of another machine. `tests/shapes.rs` and `tests/common/oracle.rs`
//! compare the two paths.

mod put;

pub(crate) use put::*;

use crate::attrs::CtattrType;
use crate::nested::{
    CtattrCounters, CtattrIp, CtattrL4proto, CtattrProtoinfo, CtattrProtoinfoDccp,
    CtattrProtoinfoSctp, CtattrProtoinfoTcp, CtattrSeqadj, CtattrSynproxy, CtattrTstamp,
    CtattrTuple,
};
use crate::wire::{Endian, NLA_F_NESTED, NLA_HDRLEN, nla_align, nla_attr_size};

/// Returns an attribute header as this machine has it in memory.
pub(crate) const fn header(nla_len: usize, nla_type: u16) -> u32 {
    let [len0, len1] = (nla_len as u16).to_ne_bytes();
    let [type0, type1] = nla_type.to_ne_bytes();
    u32::from_ne_bytes([len0, len1, type0, type1])
}

/// The type of an attribute and the length of its payload.
pub(crate) type Child = (u16, usize);

/// A nest of `LEN` bytes with `N` attributes at any depth, or a sequence of attributes.
pub(crate) struct Shape<const LEN: usize, const N: usize> {
    /// The offset and content of each header.
    pub(crate) headers: [(usize, u32); N],
    /// The bytes, with a type of 0 and all values 0.
    blank: [u8; LEN],
}

impl<const LEN: usize, const N: usize> Shape<LEN, N> {
    /// Creates a nest of these attributes.
    ///
    /// After a nest come its own attributes, as in a message.
    pub(crate) const fn new(children: [Child; N]) -> Self {
        let Self { headers, mut blank } = Self::lay_out(NLA_HDRLEN, children);
        [blank[0], blank[1], blank[2], blank[3]] = header(LEN, NLA_F_NESTED).to_ne_bytes();
        Self { headers, blank }
    }

    /// Creates a sequence of these attributes.
    pub(crate) const fn run(attributes: [Child; N]) -> Self {
        Self::lay_out(0, attributes)
    }

    pub(crate) const fn lay_out(start: usize, children: [Child; N]) -> Self {
        let mut headers = [(0, 0); N];
        let mut blank = [0; LEN];
        let mut at = start;
        let mut n = 0;
        while n < N {
            let (nla_type, payload) = children[n];
            let word = header(nla_attr_size(payload), nla_type);
            headers[n] = (at, word);
            [blank[at], blank[at + 1], blank[at + 2], blank[at + 3]] = word.to_ne_bytes();
            at += NLA_HDRLEN;
            if nla_type & NLA_F_NESTED == 0 {
                at += nla_align(payload);
            }
            n += 1;
        }
        assert!(at == LEN);
        Self { headers, blank }
    }

    /// Takes the next attribute if it is a nest of this type and shape.
    #[inline(always)]
    pub(crate) fn take<'a>(
        &self,
        at: &mut Cursor<'a>,
        nla_type: u16,
    ) -> Option<Values<'a, '_, LEN, N>> {
        if at.head != header(LEN, nla_type | NLA_F_NESTED) {
            return None;
        }
        self.take_all(at)
    }

    /// Takes the next attributes if they are this sequence.
    #[inline(always)]
    pub(crate) fn take_run<'a>(&self, at: &mut Cursor<'a>) -> Option<Values<'a, '_, LEN, N>> {
        // The first header most often decides.
        if self.headers.first().is_some_and(|&(_, first)| at.head != first) {
            return None;
        }
        self.take_all(at)
    }

    #[inline(always)]
    pub(crate) fn take_all<'a>(&self, at: &mut Cursor<'a>) -> Option<Values<'a, '_, LEN, N>> {
        let (bytes, after) = at.rest.split_first_chunk::<LEN>()?;
        let differ = |differ, &(at, expected)| differ | (word(bytes, at) ^ expected);
        if self.headers.iter().fold(0, differ) != 0 {
            return None;
        }
        *at = Cursor::new(after);
        Some(Values { bytes, shape: self })
    }

    /// Writes a nest of this type with values of 0 at the start of `room`.
    ///
    /// Returns it, to be filled in, and the rest of `room`; `None` if it does not fit.
    #[inline(always)]
    pub(crate) fn put<'b>(
        &self,
        room: &'b mut [u8],
        nla_type: u16,
    ) -> Option<(Blank<'b, '_, LEN, N>, &'b mut [u8])> {
        let (bytes, after) = room.split_first_chunk_mut::<LEN>()?;
        *bytes = self.blank;
        fill(bytes, 0, header(LEN, nla_type | NLA_F_NESTED).to_ne_bytes());
        Some((Blank { bytes, shape: self }, after))
    }

    /// Writes a nest of this type with values for the attributes of these indices.
    #[inline(always)]
    pub(crate) fn put_all<'b, const COUNT: usize, const K: usize>(
        &self,
        room: &'b mut [u8],
        nla_type: u16,
        indices: [usize; COUNT],
        values: [[u8; K]; COUNT],
    ) -> Option<&'b mut [u8]> {
        let (mut nest, after) = self.put(room, nla_type)?;
        for (&n, &value) in indices.iter().zip(&values) {
            nest.set(n, value);
        }
        Some(after)
    }
}

/// A position in the bytes that are read.
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a [u8],
    /// The first four bytes of `rest`, a header; 0, which is not a header, if there are fewer.
    head: u32,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest, head: word(rest, 0) }
    }

    #[inline(always)]
    pub(crate) fn nla_len(&self) -> usize {
        let [len0, len1, ..] = self.head.to_ne_bytes();
        u16::from_ne_bytes([len0, len1]).into()
    }

    #[inline(always)]
    pub(crate) fn nla_type(&self) -> u16 {
        let [.., type0, type1] = self.head.to_ne_bytes();
        u16::from_ne_bytes([type0, type1])
    }

    /// Returns `true` if the next attribute is a nest of this type.
    #[inline(always)]
    pub(crate) fn is_nest(&self, nla_type: u16) -> bool {
        self.nla_type() == nla_type | NLA_F_NESTED
    }

    /// Takes the payload of the next attribute if it has this type and `SIZE` bytes with header and
    /// padding.
    #[inline(always)]
    pub(crate) fn take<const SIZE: usize, const K: usize>(
        &mut self,
        nla_type: u16,
    ) -> Option<[u8; K]> {
        if self.head != header(nla_attr_size(K), nla_type) {
            return None;
        }
        let (bytes, after) = self.rest.split_first_chunk::<SIZE>()?;
        *self = Self::new(after);
        Some(piece(bytes, NLA_HDRLEN))
    }

    /// Skips an attribute of any type.
    ///
    /// Returns `false` if there is none.
    #[inline(always)]
    pub(crate) fn skip_any(&mut self) -> bool {
        let len = self.nla_len();
        match self.rest.get(nla_align(len)..) {
            Some(after) if len >= NLA_HDRLEN => {
                *self = Self::new(after);
                true
            }
            _ => false,
        }
    }

    /// Skips an attribute of this type, which most often has `USUAL` bytes.
    ///
    /// Comparing its header with the expected one is faster than adding its length: what follows
    /// can be read before the comparison is done.
    #[inline(always)]
    pub(crate) fn skip<const USUAL: usize>(&mut self, nla_type: u16) {
        if self.head == header(USUAL, nla_type) {
            if let Some(after) = self.rest.get(USUAL..) {
                *self = Self::new(after);
            }
        } else if self.nla_type() == nla_type {
            self.skip_any();
        }
    }
}

/// The values of a nest whose shape is known.
pub(crate) struct Values<'a, 's, const LEN: usize, const N: usize> {
    bytes: &'a [u8; LEN],
    shape: &'s Shape<LEN, N>,
}

impl<const LEN: usize, const N: usize> Values<'_, '_, LEN, N> {
    /// Returns the payload of the `n`th attribute.
    #[inline(always)]
    pub(crate) fn get<const K: usize>(&self, n: usize) -> [u8; K] {
        self.shape.headers.get(n).map_or([0; K], |&(at, _)| piece(self.bytes, at + NLA_HDRLEN))
    }
}

/// A nest of a known shape that is being written.
pub(crate) struct Blank<'w, 's, const LEN: usize, const N: usize> {
    bytes: &'w mut [u8; LEN],
    shape: &'s Shape<LEN, N>,
}

impl<const LEN: usize, const N: usize> Blank<'_, '_, LEN, N> {
    /// Sets the payload of the `n`th attribute.
    #[inline(always)]
    pub(crate) fn set<const K: usize>(&mut self, n: usize, payload: [u8; K]) {
        if let Some(&(at, _)) = self.shape.headers.get(n) {
            fill(self.bytes, at + NLA_HDRLEN, payload);
        }
    }
}

#[inline(always)]
pub(crate) fn fill<const K: usize>(bytes: &mut [u8], at: usize, payload: [u8; K]) {
    if let Some(place) = bytes.get_mut(at..).and_then(|bytes| bytes.first_chunk_mut()) {
        *place = payload;
    }
}

/// Returns the bytes at an offset that is known at compile time.
#[inline(always)]
pub(crate) fn piece<const K: usize>(bytes: &[u8], at: usize) -> [u8; K] {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; K])
}

#[inline(always)]
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(piece(bytes, at))
}

pub(crate) const fn tuple<const LEN: usize, const N: usize, const IDS: usize>(
    src: Child,
    dst: Child,
    ids: [Child; IDS],
) -> Shape<LEN, N> {
    let ip = 2 * (NLA_HDRLEN + src.1);
    let proto = 8 * (1 + IDS);
    let mut children = [(0, 0); N];
    children[0] = (CtattrTuple::Ip | NLA_F_NESTED, ip);
    children[1] = src;
    children[2] = dst;
    children[3] = (CtattrTuple::Proto | NLA_F_NESTED, proto);
    children[4] = (CtattrL4proto::Num, 1);
    let mut n = 0;
    while n < IDS {
        children[5 + n] = ids[n];
        n += 1;
    }
    Shape::new(children)
}

pub(crate) const V4_SRC: Child = (CtattrIp::V4Src, 4);
pub(crate) const V4_DST: Child = (CtattrIp::V4Dst, 4);
pub(crate) const V6_SRC: Child = (CtattrIp::V6Src, 16);
pub(crate) const V6_DST: Child = (CtattrIp::V6Dst, 16);
pub(crate) const PORTS: [Child; 2] = [(CtattrL4proto::SrcPort, 2), (CtattrL4proto::DstPort, 2)];
pub(crate) const ICMP: [Child; 3] =
    [(CtattrL4proto::IcmpId, 2), (CtattrL4proto::IcmpType, 1), (CtattrL4proto::IcmpCode, 1)];
pub(crate) const ICMPV6: [Child; 3] =
    [(CtattrL4proto::Icmpv6Id, 2), (CtattrL4proto::Icmpv6Type, 1), (CtattrL4proto::Icmpv6Code, 1)];

pub(crate) const V4_PORTS: Shape<52, 7> = tuple(V4_SRC, V4_DST, PORTS);
pub(crate) const V6_PORTS: Shape<76, 7> = tuple(V6_SRC, V6_DST, PORTS);
pub(crate) const V4_ICMP: Shape<60, 8> = tuple(V4_SRC, V4_DST, ICMP);
pub(crate) const V6_ICMPV6: Shape<84, 8> = tuple(V6_SRC, V6_DST, ICMPV6);
pub(crate) const V4_OTHER: Shape<36, 5> = tuple(V4_SRC, V4_DST, []);
pub(crate) const V6_OTHER: Shape<60, 5> = tuple(V6_SRC, V6_DST, []);
// Machines that align 64-bit values need a pad attribute before both or only before the second,
// depending on the offset of the nest in the datagram.
pub(crate) const COUNTERS: Shape<28, 2> = Shape::new([PACKETS, BYTES]);
pub(crate) const COUNTERS_PAD: Shape<32, 3> = Shape::new([PACKETS, COUNTERS_ALIGN, BYTES]);
pub(crate) const COUNTERS_PADS: Shape<36, 4> =
    Shape::new([COUNTERS_ALIGN, PACKETS, COUNTERS_ALIGN, BYTES]);
pub(crate) const PACKETS: Child = (CtattrCounters::Packets, 8);
pub(crate) const BYTES: Child = (CtattrCounters::Bytes, 8);
pub(crate) const COUNTERS_ALIGN: Child = (CtattrCounters::Pad, 0);

pub(crate) const BEGUN: Shape<16, 1> = Shape::new([START]);
pub(crate) const BEGUN_PAD: Shape<20, 2> = Shape::new([TIMES_ALIGN, START]);
pub(crate) const ENDED: Shape<28, 2> = Shape::new([START, STOP]);
pub(crate) const ENDED_PAD: Shape<32, 3> = Shape::new([START, TIMES_ALIGN, STOP]);
pub(crate) const ENDED_PADS: Shape<36, 4> = Shape::new([TIMES_ALIGN, START, TIMES_ALIGN, STOP]);
pub(crate) const START: Child = (CtattrTstamp::Start, 8);
pub(crate) const STOP: Child = (CtattrTstamp::Stop, 8);
pub(crate) const TIMES_ALIGN: Child = (CtattrTstamp::Pad, 0);

pub(crate) const SEQ_ADJ: Shape<28, 3> = Shape::new([
    (CtattrSeqadj::CorrectionPos, 4),
    (CtattrSeqadj::OffsetBefore, 4),
    (CtattrSeqadj::OffsetAfter, 4),
]);
pub(crate) const SYNPROXY: Shape<28, 3> =
    Shape::new([(CtattrSynproxy::Isn, 4), (CtattrSynproxy::Its, 4), (CtattrSynproxy::Tsoff, 4)]);
pub(crate) const SCTP: Shape<32, 4> = Shape::new([
    (CtattrProtoinfo::Sctp | NLA_F_NESTED, 24),
    (CtattrProtoinfoSctp::State, 1),
    (CtattrProtoinfoSctp::VtagOriginal, 4),
    (CtattrProtoinfoSctp::VtagReply, 4),
]);
pub(crate) const SCTP_STATE: Shape<16, 2> =
    Shape::new([(CtattrProtoinfo::Sctp | NLA_F_NESTED, 8), (CtattrProtoinfoSctp::State, 1)]);
pub(crate) const TCP: Shape<48, 6> = Shape::new([
    (CtattrProtoinfo::Tcp | NLA_F_NESTED, 40),
    (CtattrProtoinfoTcp::State, 1),
    (CtattrProtoinfoTcp::WscaleOriginal, 1),
    (CtattrProtoinfoTcp::WscaleReply, 1),
    (CtattrProtoinfoTcp::FlagsOriginal, 2),
    (CtattrProtoinfoTcp::FlagsReply, 2),
]);
pub(crate) const TCP_STATE: Shape<16, 2> =
    Shape::new([(CtattrProtoinfo::Tcp | NLA_F_NESTED, 8), (CtattrProtoinfoTcp::State, 1)]);

pub(crate) const DCCP: Shape<36, 4> = Shape::new([
    (CtattrProtoinfo::Dccp | NLA_F_NESTED, 28),
    (CtattrProtoinfoDccp::State, 1),
    (CtattrProtoinfoDccp::Role, 1),
    (CtattrProtoinfoDccp::HandshakeSeq, 8),
]);
pub(crate) const DCCP_STATE: Shape<16, 2> =
    Shape::new([(CtattrProtoinfo::Dccp | NLA_F_NESTED, 8), (CtattrProtoinfoDccp::State, 1)]);

/// The time of an event after a pad attribute, which has the number of `CTA_STATUS`.
pub(crate) const TIMESTAMP_EVENT_PAD: Shape<16, 2> =
    Shape::run([(CtattrType::Status, 0), (CtattrType::TimestampEvent, 8)]);

/// The attributes of events after the tuples.
pub(crate) const EVENT: Shape<24, 3> =
    Shape::run([(CtattrType::Id, 4), (CtattrType::Status, 4), (CtattrType::Timeout, 4)]);
/// The attributes of replies after the tuples.
pub(crate) const REPLY: Shape<40, 5> = Shape::run([
    (CtattrType::Status, 4),
    (CtattrType::Mark, 4),
    (CtattrType::Id, 4),
    (CtattrType::Use, 4),
    (CtattrType::Timeout, 4),
]);
/// The counters of both directions.
pub(crate) const BOTH_COUNTERS: Shape<56, 6> = Shape::run([
    (CtattrType::CountersOrig | NLA_F_NESTED, 24),
    PACKETS,
    BYTES,
    (CtattrType::CountersReply | NLA_F_NESTED, 24),
    PACKETS,
    BYTES,
]);
