//! Reads classic pcap files: a header of 24 bytes, then packets, each after a header of 16 bytes.
//!
//! Source: <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>.

use std::io::Read;

use super::error::{CaptureError, CaptureErrorKind, Place};
use super::record::{Record, u16_at, u32_at};
use super::window::{LIMIT, Window};
use crate::wire::Endian;

/// The length of the file header.
const FILE_HEADER: usize = 24;
/// The length of a packet's header.
const PACKET_HEADER: usize = 16;
/// The magic number of files whose times are in microseconds.
pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
/// The magic number of files whose times are in nanoseconds.
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// A classic pcap file whose header has been read.
pub(super) struct Pcap {
    order: Endian,
    link_type: u16,
    /// The nanoseconds in one unit of the second word of a time.
    unit: u64,
    packets: u64,
}

impl Pcap {
    /// Reads the file header, whose magic number has been checked before.
    pub(super) fn open<R: Read>(input: &mut Window<R>) -> Result<Self, CaptureError> {
        let have = input.fill(FILE_HEADER)?;
        let Some(header) = input.unread().first_chunk::<FILE_HEADER>() else {
            let (expected, found) = (FILE_HEADER as u64, have as u64);
            return Err(Place::File.error(0, CaptureErrorKind::Truncated { expected, found }));
        };
        let magic = |order| u32_at(order, header, 0);
        let order = match magic(Endian::Big) {
            MICROSECONDS | NANOSECONDS => Endian::Big,
            _ => Endian::Little,
        };
        let found = u16_at(order, header, 4);
        if found != 2 {
            return Err(Place::File.error(0, CaptureErrorKind::Version { found }));
        }
        let pcap = Self {
            order,
            // The upper 16 bits describe frame check sequences.
            link_type: u32_at(order, header, 20) as u16,
            unit: if magic(order) == NANOSECONDS { 1 } else { 1000 },
            packets: 0,
        };
        input.take(FILE_HEADER);
        Ok(pcap)
    }

    /// Reads the next packet, and returns `None` at the end of the file.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        if input.fill(PACKET_HEADER)? == 0 {
            return Ok(None);
        }
        self.packets += 1;
        self.packet(input).map(Some).inspect_err(|_| input.close())
    }

    fn packet<R: Read>(&self, input: &mut Window<R>) -> Result<Record, CaptureError> {
        let (place, offset) = (Place::Packet(self.packets), input.offset());
        let truncated = |expected: usize, found: usize| {
            let (expected, found) = (expected as u64, found as u64);
            place.error(offset, CaptureErrorKind::Truncated { expected, found })
        };
        let Some(header) = input.unread().first_chunk::<PACKET_HEADER>() else {
            return Err(truncated(PACKET_HEADER, input.unread().len()));
        };
        let [seconds, fraction, captured, original] =
            [0, 4, 8, 12].map(|at| u32_at(self.order, header, at));
        let length = captured as usize;
        if length > LIMIT {
            let (limit, found) = (LIMIT as u64, u64::from(captured));
            return Err(place.error(offset, CaptureErrorKind::TooLong { limit, found }));
        }
        let have = input.fill(PACKET_HEADER + length)?;
        if have < PACKET_HEADER + length {
            return Err(truncated(PACKET_HEADER + length, have));
        }
        input.take(PACKET_HEADER);
        Ok(Record {
            number: self.packets,
            offset: input.offset(),
            bytes: input.take(length),
            link_type: Some(self.link_type),
            time: Some(u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit),
            interface: None,
            missing: original.saturating_sub(captured),
            order: self.order,
        })
    }
}
