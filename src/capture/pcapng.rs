//! Reads pcapng files, which consist of blocks: a type, a length, contents and the length again.
//!
//! Source: <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>. Only the block types that
//! lead to packets are read; the others are skipped by their length.

use std::io::Read;

use super::error::{CaptureError, CaptureErrorKind, Place};
use super::record::{Record, u16_at, u32_at};
use super::window::{LIMIT, Window};
use crate::wire::Endian;

/// The type of a Section Header Block, which is the same in both byte orders.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
/// The type of an Interface Description Block.
pub(super) const INTERFACE: u32 = 1;
/// The type of a Packet Block, which is obsolete.
const PACKET: u32 = 2;
/// The type of a Simple Packet Block.
const SIMPLE_PACKET: u32 = 3;
/// The type of an Enhanced Packet Block.
pub(super) const ENHANCED_PACKET: u32 = 6;
/// The byte-order magic of a section header.
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// The length of a block without contents: type, length and length again.
const FRAME: u32 = 12;
/// The option that ends a list of options.
const END_OF_OPTIONS: u16 = 0;
/// `if_tsresol`, an option of an interface.
pub(super) const RESOLUTION: u16 = 9;
/// `if_tsoffset`, an option of an interface.
const TIME_OFFSET: u16 = 14;

/// A pcapng file.
pub(super) struct Pcapng {
    /// The byte order of the section.
    order: Endian,
    /// The interfaces of the section; `None` stands for a malformed description.
    interfaces: Vec<Option<Interface>>,
    packets: u64,
}

struct Interface {
    link_type: u16,
    /// The number of bytes that are kept of a packet; 0 means all.
    snap_length: u32,
    /// The unit of time, `if_tsresol`: 10^-n seconds, or 2^-n seconds if bit 7 is set.
    resolution: u8,
    /// The seconds to add to a time, `if_tsoffset`.
    time_offset: i64,
}

/// A packet in its block.
struct Found {
    interface: u32,
    ticks: Option<u64>,
    /// The offset in the block.
    start: usize,
    captured: u32,
    original: u32,
}

impl Pcapng {
    pub(super) const fn new() -> Self {
        Self { order: Endian::NATIVE, interfaces: Vec::new(), packets: 0 }
    }

    /// Reads up to the next packet, and returns `None` at the end of the file.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        loop {
            let offset = input.offset();
            let Some((block_type, length)) = self.header(input)? else {
                return Ok(None);
            };
            let place = match block_type {
                SECTION | INTERFACE => Place::Block,
                PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {
                    self.packets += 1;
                    Place::Packet(self.packets)
                }
                _ => {
                    self.skip(input, Place::Block, length)?;
                    continue;
                }
            };
            let size = length as usize;
            if size > LIMIT {
                if block_type == INTERFACE {
                    self.interfaces.push(None);
                }
                self.skip(input, place, length)?;
                let (limit, found) = (LIMIT as u64, u64::from(length));
                return Err(place.error(offset, CaptureErrorKind::TooLong { limit, found }));
            }
            let have = input.fill(size)?;
            if have < size {
                return Err(truncated(input, place, offset, length, have as u64));
            }
            let block = input.take(size);
            match self.block(block_type, length, input.taken(block.clone())) {
                Ok(None) => {}
                Ok(Some(found)) => match self.record(&found) {
                    Ok(mut record) => {
                        let start = block.start + found.start;
                        record.bytes = start..start + found.captured as usize;
                        record.offset = offset + found.start as u64;
                        return Ok(Some(record));
                    }
                    Err(kind) => return Err(place.error(offset, kind)),
                },
                Err(kind) => {
                    if matches!(kind, CaptureErrorKind::Version { .. }) {
                        input.close();
                    }
                    return Err(place.error(offset, kind));
                }
            }
        }
    }

    /// Reads the type and the length of a block, and the byte order of a new section.
    ///
    /// The bytes stay unread. Returns `None` at the end of the file.
    fn header<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<(u32, u32)>, CaptureError> {
        let offset = input.offset();
        let have = input.fill(FRAME as usize)?;
        if have == 0 {
            return Ok(None);
        }
        let Some(header) = input.unread().first_chunk() else {
            return Err(truncated(input, Place::Block, offset, FRAME, have as u64));
        };
        self.type_and_length(*header).map(Some).map_err(|kind| {
            input.close();
            Place::Block.error(offset, kind)
        })
    }

    #[inline]
    fn type_and_length(&mut self, header: [u8; 12]) -> Result<(u32, u32), CaptureErrorKind> {
        let [t0, t1, t2, t3, l0, l1, l2, l3, magic @ ..] = header;
        if [t0, t1, t2, t3] == SECTION.to_be_bytes() {
            self.order = match Endian::Big.u32(magic) {
                BYTE_ORDER => Endian::Big,
                swapped if swapped.swap_bytes() == BYTE_ORDER => Endian::Little,
                _ => return Err(CaptureErrorKind::ByteOrder { found: magic }),
            };
            self.interfaces.clear();
        }
        let length = self.order.u32([l0, l1, l2, l3]);
        if length < FRAME {
            let (expected, found) = (u64::from(FRAME), u64::from(length));
            return Err(CaptureErrorKind::TooShort { expected, found });
        }
        if length % 4 != 0 {
            return Err(CaptureErrorKind::Unaligned { found: length });
        }
        Ok((self.order.u32([t0, t1, t2, t3]), length))
    }

    /// Skips a block without keeping it in memory.
    fn skip<R: Read>(
        &self,
        input: &mut Window<R>,
        place: Place,
        length: u32,
    ) -> Result<(), CaptureError> {
        let offset = input.offset();
        let contents = u64::from(length) - 4;
        let found = input.skip(contents)?;
        if found < contents || input.fill(4)? < 4 {
            let found = found + input.unread().len() as u64;
            return Err(truncated(input, place, offset, length, found));
        }
        let last = input.unread().first_chunk().map_or(0, |bytes| self.order.u32(*bytes));
        input.take(4);
        if last != length {
            return Err(place.error(offset, CaptureErrorKind::BlockLengths { first: length, last }));
        }
        Ok(())
    }

    /// Decodes a whole block of a known type, which contains its two lengths.
    #[inline]
    fn block(
        &mut self,
        block_type: u32,
        length: u32,
        block: &[u8],
    ) -> Result<Option<Found>, CaptureErrorKind> {
        let contents = CaptureErrorKind::BlockContents { block_type };
        if block_type == INTERFACE {
            // A malformed description counts, too, because packets refer to descriptions by number.
            self.interfaces.push(self.interface(block));
        }
        let last = block.last_chunk().map_or(0, |bytes| self.order.u32(*bytes));
        if last != length {
            return Err(CaptureErrorKind::BlockLengths { first: length, last });
        }
        match block_type {
            SECTION => match block.first_chunk::<24>().map(|block| u16_at(self.order, block, 12)) {
                Some(1) => Ok(None),
                Some(found) => Err(CaptureErrorKind::Version { found }),
                None => Err(contents),
            },
            INTERFACE => match self.interfaces.last() {
                Some(Some(_)) => Ok(None),
                _ => Err(contents),
            },
            SIMPLE_PACKET => self.simple_packet(block).map(Some).ok_or(contents),
            _ => self.packet(block_type, block).map(Some).ok_or(contents),
        }
    }

    fn interface(&self, block: &[u8]) -> Option<Interface> {
        let (header, rest) = block.split_first_chunk::<16>()?;
        let options = Options { order: self.order, rest: rest.split_last_chunk::<4>()?.0 };
        let mut interface = Interface {
            link_type: u16_at(self.order, header, 8),
            snap_length: u32_at(self.order, header, 12),
            resolution: 6, // microseconds
            time_offset: 0,
        };
        for (code, value) in options {
            match (code, value) {
                (RESOLUTION, &[resolution]) => interface.resolution = resolution,
                (TIME_OFFSET, value) => {
                    let offset = value.try_into().map(|bytes| self.order.u64(bytes) as i64);
                    interface.time_offset = offset.unwrap_or(interface.time_offset);
                }
                _ => {}
            }
        }
        Some(interface)
    }

    fn simple_packet(&self, block: &[u8]) -> Option<Found> {
        let (header, rest) = block.split_first_chunk::<12>()?;
        let original = u32_at(self.order, header, 8);
        // The block does not contain the captured length: the interface limits it.
        let snap_length = match self.interfaces.first() {
            Some(Some(interface)) if interface.snap_length != 0 => interface.snap_length,
            _ => u32::MAX,
        };
        let captured = original.min(snap_length);
        rest.split_last_chunk::<4>()?.0.get(..captured as usize)?;
        Some(Found { interface: 0, ticks: None, start: 12, captured, original })
    }

    /// Decodes an Enhanced Packet Block or an obsolete Packet Block.
    ///
    /// The latter has 16 bits for the interface and 16 for the number of dropped packets.
    fn packet(&self, block_type: u32, block: &[u8]) -> Option<Found> {
        let (header, rest) = block.split_first_chunk::<28>()?;
        let [interface, high, low, captured, original] =
            [8, 12, 16, 20, 24].map(|at| u32_at(self.order, header, at));
        rest.split_last_chunk::<4>()?.0.get(..captured as usize)?;
        Some(Found {
            interface: match block_type {
                PACKET => u16_at(self.order, header, 8).into(),
                _ => interface,
            },
            ticks: Some(u64::from(high) << 32 | u64::from(low)),
            start: 28,
            captured,
            original,
        })
    }

    /// Returns the record of a packet, to which the caller adds the offset and the bytes.
    #[inline]
    fn record(&self, found: &Found) -> Result<Record, CaptureErrorKind> {
        let at = usize::try_from(found.interface).unwrap_or(usize::MAX);
        let Some(Some(interface)) = self.interfaces.get(at) else {
            let (found, known) = (found.interface, self.interfaces.len());
            return Err(CaptureErrorKind::UnknownInterface { found, known });
        };
        Ok(Record {
            number: self.packets,
            offset: 0,
            bytes: 0..0,
            link_type: Some(interface.link_type),
            time: found.ticks.and_then(|ticks| interface.nanoseconds(ticks)),
            interface: Some(found.interface),
            missing: found.original.saturating_sub(found.captured),
            order: self.order,
        })
    }
}

impl Interface {
    /// Returns nanoseconds since the Unix epoch, or `None` before 1970 and after 2554.
    fn nanoseconds(&self, ticks: u64) -> Option<u64> {
        let ticks = u128::from(ticks);
        let since_offset = match self.resolution {
            decimal @ 0..=9 => ticks * u128::from(10_u64.pow(9 - u32::from(decimal))),
            // 10^39 does not fit, and a time in such small units is below a nanosecond.
            decimal @ 10..=127 => {
                10_u128.checked_pow(u32::from(decimal) - 9).map_or(0, |unit| ticks / unit)
            }
            binary @ 128.. => (ticks * 1_000_000_000) >> (binary & 0x7f),
        };
        let offset = i128::from(self.time_offset) * 1_000_000_000;
        u64::try_from(i128::try_from(since_offset).ok()? + offset).ok()
    }
}

/// An iterator over the options of a block, each of which is a code and a value.
///
/// It ends at the end-of-options mark, or at an option that does not fit into the block.
struct Options<'a> {
    order: Endian,
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, rest) = self.rest.split_first_chunk::<4>()?;
        let (code, length) = (u16_at(self.order, header, 0), u16_at(self.order, header, 2).into());
        let value = rest.get(..length)?;
        self.rest = rest.get(length.next_multiple_of(4)..)?;
        (code != END_OF_OPTIONS).then_some((code, value))
    }
}

fn truncated<R: Read>(
    input: &mut Window<R>,
    place: Place,
    offset: u64,
    expected: u32,
    found: u64,
) -> CaptureError {
    input.close();
    place.error(offset, CaptureErrorKind::Truncated { expected: u64::from(expected), found })
}
