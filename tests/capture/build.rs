//! Builds captures field by field, and reads them whole.

use std::io::Read;

use ctnetlink::capture::{CaptureError, Format, Reader, Skipped};
use ctnetlink::wire::Endian;

/// A netlink message with an nfgenmsg-less body; the rest of the header is all different bytes.
pub(crate) fn message(order: Endian, seq: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = order.u32_bytes(16 + body.len() as u32).to_vec();
    bytes.extend(order.u16_bytes(0x0102));
    bytes.extend(order.u16_bytes(0x0605));
    bytes.extend(order.u32_bytes(seq));
    bytes.extend(order.u32_bytes(0xa1a2_a3a4));
    bytes.extend(body);
    bytes
}

/// A LINKTYPE_NETLINK packet: packet type 4, ARPHRD 824, no address, protocol.
pub(crate) fn cooked(family: u16, datagram: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 4, 0x03, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(family.to_be_bytes());
    bytes.extend(datagram);
    bytes
}

pub(crate) fn pcap_header(order: Endian, magic: u32, link: u32) -> Vec<u8> {
    let mut bytes = order.u32_bytes(magic).to_vec();
    bytes.extend(order.u16_bytes(2));
    bytes.extend(order.u16_bytes(4));
    bytes.extend([0; 8]);
    bytes.extend(order.u32_bytes(262_144));
    bytes.extend(order.u32_bytes(link));
    bytes
}

pub(crate) fn pcap_packet(order: Endian, time: [u32; 2], packet: &[u8], cut: u32) -> Vec<u8> {
    let captured = packet.len() as u32;
    let mut bytes: Vec<u8> = [time[0], time[1], captured, captured + cut]
        .iter()
        .flat_map(|v| order.u32_bytes(*v))
        .collect();
    bytes.extend(packet);
    bytes
}

/// A pcapng block with its two lengths.
pub(crate) fn block(order: Endian, block_type: u32, contents: &[u8]) -> Vec<u8> {
    let mut padded = contents.to_vec();
    padded.resize(contents.len().next_multiple_of(4), 0);
    let length = order.u32_bytes(padded.len() as u32 + 12);
    let mut bytes = order.u32_bytes(block_type).to_vec();
    bytes.extend(length);
    bytes.extend(padded);
    bytes.extend(length);
    bytes
}

pub(crate) fn section(order: Endian) -> Vec<u8> {
    let mut bytes = order.u32_bytes(0x1a2b_3c4d).to_vec();
    bytes.extend(order.u16_bytes(1));
    bytes.extend(order.u16_bytes(0));
    bytes.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &bytes)
}

pub(crate) fn interface(order: Endian, link: u16, snap: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = order.u16_bytes(link).to_vec();
    bytes.extend([0; 2]);
    bytes.extend(order.u32_bytes(snap));
    for (code, value) in options {
        bytes.extend(order.u16_bytes(*code));
        bytes.extend(order.u16_bytes(value.len() as u16));
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    block(order, 1, &bytes)
}

pub(crate) fn enhanced(
    order: Endian,
    interface: u32,
    ticks: u64,
    packet: &[u8],
    cut: u32,
) -> Vec<u8> {
    let captured = packet.len() as u32;
    let (high, low) = ((ticks >> 32) as u32, ticks as u32);
    let fields = [interface, high, low, captured, captured + cut];
    let mut bytes: Vec<u8> = fields.iter().flat_map(|v| order.u32_bytes(*v)).collect();
    bytes.extend(packet);
    block(order, 6, &bytes)
}

pub(crate) fn simple(order: Endian, original: u32, packet: &[u8]) -> Vec<u8> {
    let mut bytes = order.u32_bytes(original).to_vec();
    bytes.extend(packet);
    block(order, 3, &bytes)
}

/// What `Packet` says, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read1 {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    pub(crate) time: Option<u64>,
    pub(crate) interface: Option<u32>,
    pub(crate) packet_type: Option<u16>,
    pub(crate) endian: Endian,
    pub(crate) missing: u32,
    pub(crate) data: Vec<u8>,
}

/// All that a reader gave.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) format: Format,
    pub(crate) items: Vec<Result<Read1, CaptureError>>,
    pub(crate) skipped: Skipped,
}

impl Whole {
    pub(crate) fn packets(&self) -> Vec<&Read1> {
        self.items.iter().filter_map(|item| item.as_ref().ok()).collect()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.items.iter().filter_map(|item| Some(item.as_ref().err()?.to_string())).collect()
    }

    /// The data of the packets, where nothing went wrong.
    pub(crate) fn data(&self) -> Vec<&[u8]> {
        self.items.iter().map(|item| &*item.as_ref().expect("packet").data).collect()
    }
}

/// Reads an input at once and byte by byte; both must give the same.
pub(crate) fn read(bytes: &[u8]) -> Option<Whole> {
    let at_once = read_all(bytes);
    let in_bytes = read_all(Trickle { bytes, panics: false });
    assert_eq!(format!("{at_once:?}"), format!("{in_bytes:?}"));
    at_once.ok()
}

fn read_all(input: impl Read) -> Result<Whole, CaptureError> {
    let mut reader = Reader::new(input)?;
    let mut items = Vec::new();
    while let Some(item) = reader.next_packet() {
        items.push(item.map(|packet| {
            assert_eq!(packet.family, 12);
            Read1 {
                number: packet.number,
                offset: packet.offset,
                time: packet.time,
                interface: packet.interface,
                packet_type: packet.packet_type,
                endian: packet.endian,
                missing: packet.missing,
                data: packet.data.to_vec(),
            }
        }));
    }
    assert!(reader.next_packet().is_none());
    Ok(Whole { format: reader.format(), items, skipped: reader.skipped() })
}

/// Gives one byte at a time.
pub(crate) struct Trickle<'a> {
    bytes: &'a [u8],
    panics: bool,
}

impl<'a> Trickle<'a> {
    /// An input that must not be read beyond its end.
    pub(crate) fn until_panic(bytes: &'a [u8]) -> Self {
        Self { bytes, panics: true }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        assert!(!self.panics || !self.bytes.is_empty(), "read too far");
        let count = to.len().min(1);
        self.bytes.read(&mut to[..count])
    }
}
