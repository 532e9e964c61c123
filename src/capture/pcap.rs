//! Classic pcap files: a header of 24 bytes, then packets behind headers of 16.
//!
//! Source: <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>.

use std::io::Read;

use pcap_parser::nom::{Err as Nom, Needed};
use pcap_parser::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header};

use super::error::{CaptureError, CaptureErrorKind, Place};
use super::window::{LIMIT, Window};
use super::{Record, link_type};
use crate::wire::Endian;

/// The length of the file header.
const FILE_HEADER: usize = 24;
/// The length of a packet's header.
const PACKET_HEADER: usize = 16;

/// A classic pcap file, behind its header.
pub(super) struct Pcap {
    order: Endian,
    link_type: u16,
    /// Nanoseconds in a unit of the second word of a time.
    unit: u64,
    packets: u64,
}

impl Pcap {
    pub(super) fn open<R: Read>(input: &mut Window<R>) -> Result<Self, CaptureError> {
        let have = input.fill(FILE_HEADER)?;
        let Ok((_, header)) = parse_pcap_header(input.unread()) else {
            let (expected, found) = (FILE_HEADER as u64, have as u64);
            return Err(Place::File.error(0, CaptureErrorKind::Truncated { expected, found }));
        };
        if header.version_major != 2 {
            let found = header.version_major;
            return Err(Place::File.error(0, CaptureErrorKind::Version { found }));
        }
        input.take(FILE_HEADER);
        Ok(Self {
            order: if header.is_bigendian() { Endian::Big } else { Endian::Little },
            link_type: link_type(header.network),
            unit: if header.is_nanosecond_precision() { 1 } else { 1000 },
            packets: 0,
        })
    }

    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        let mut have = input.fill(PACKET_HEADER)?;
        if have == 0 {
            return Ok(None);
        }
        self.packets += 1;
        let parse = match self.order {
            Endian::Little => parse_pcap_frame,
            Endian::Big => parse_pcap_frame_be,
        };
        loop {
            // The parser says how much it lacks: first of the header, then of the packet.
            let lacks = match parse(input.unread()) {
                Ok((_, frame)) => {
                    let time = u64::from(frame.ts_sec) * 1_000_000_000
                        + u64::from(frame.ts_usec) * self.unit;
                    let missing = frame.origlen.saturating_sub(frame.caplen);
                    let length = frame.data.len();
                    input.take(PACKET_HEADER);
                    return Ok(Some(Record {
                        number: self.packets,
                        offset: input.offset(),
                        bytes: input.take(length),
                        link_type: Some(self.link_type),
                        time: Some(time),
                        interface: None,
                        missing,
                        order: self.order,
                    }));
                }
                Err(Nom::Incomplete(Needed::Size(count))) => count.get(),
                Err(_) => 1,
            };
            let expected = have.saturating_add(lacks);
            let kind = if expected > PACKET_HEADER + LIMIT {
                let found = (expected - PACKET_HEADER) as u64;
                Some(CaptureErrorKind::TooLong { limit: LIMIT as u64, found })
            } else {
                have = input.fill(expected)?;
                let (expected, found) = (expected as u64, have as u64);
                (found < expected).then_some(CaptureErrorKind::Truncated { expected, found })
            };
            if let Some(kind) = kind {
                let error = Place::Packet(self.packets).error(input.offset(), kind);
                input.close();
                return Err(error);
            }
        }
    }
}
