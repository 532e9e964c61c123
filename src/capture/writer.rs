//! A writer for pcapng files of netlink datagrams.

use std::io::{self, Write};

use super::cooked;
use super::pcapng::{BYTE_ORDER, ENHANCED_PACKET, INTERFACE, RESOLUTION, SECTION};
use super::window::LIMIT;
use crate::wire::Endian;

/// A writer of netlink datagrams to a pcapng file that this crate, Wireshark and libpcap read.
///
/// The file has one section, in the byte order of this machine or in a chosen one, and one interface
/// of [LINKTYPE_NETLINK](https://www.tcpdump.org/linktypes/LINKTYPE_NETLINK.html), whose times are in
/// nanoseconds. Each packet is written to the output in one call, without a buffer.
///
/// # Examples
/// ```
/// use ctnetlink::capture::{PcapngWriter, Reader};
/// use ctnetlink::request;
///
/// let datagram = request::stats().into_bytes();
/// let mut writer = PcapngWriter::new(Vec::new())?;
/// writer.write_packet(1_795_335_637_011_746_123, 4, 12, &datagram)?;
///
/// let file = writer.into_inner();
/// let mut reader = Reader::new(&file[..])?;
/// let packet = reader.next_packet().unwrap()?;
/// assert_eq!((packet.time, packet.data), (Some(1_795_335_637_011_746_123), &datagram[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PcapngWriter<W: Write> {
    output: W,
    endian: Endian,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Creates a writer and writes the section header and the description of the interface.
    ///
    /// # Errors
    /// Returns an error if the output does.
    pub fn new(output: W) -> io::Result<Self> {
        Self::with_endian(output, Endian::NATIVE)
    }

    /// Creates a writer for a file of a chosen byte order.
    ///
    /// Use the byte order of the machine that sent the datagrams.
    ///
    /// # Errors
    /// Returns an error if the output does.
    pub fn with_endian(output: W, endian: Endian) -> io::Result<Self> {
        let mut writer = Self { output, endian, block: Vec::new() };
        let (u16, u32) = (|n| endian.u16_bytes(n), |n| endian.u32_bytes(n));
        writer.write_block(SECTION, |block| {
            block.extend(u32(BYTE_ORDER));
            block.extend(u16(1)); // major version
            block.extend(u16(0)); // minor version
            block.extend([0xff; 8]); // length of the section: not known
        })?;
        writer.write_block(INTERFACE, |block| {
            block.extend(u16(cooked::NETLINK));
            block.extend([0; 2]); // reserved
            block.extend(u32(0)); // snap length: none
            block.extend(u16(RESOLUTION));
            block.extend(u16(1)); // its length
            block.extend([9, 0, 0, 0]); // 10^-9 seconds; padding
            block.extend([0; 4]); // opt_endofopt
        })?;
        Ok(writer)
    }

    /// Writes a datagram of one or more netlink messages.
    ///
    /// `time` is in nanoseconds since the Unix epoch. `packet_type` is that of `struct sockaddr_ll`;
    /// packets of nlmon devices have 4, `PACKET_OUTGOING`. `family` is the netlink protocol, 12 for
    /// `NETLINK_NETFILTER`.
    ///
    /// # Errors
    /// Returns an error if the output does, and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a datagram of almost 16 MiB or more, which
    /// [`Reader`](super::Reader) would not read.
    pub fn write_packet(
        &mut self,
        time: u64,
        packet_type: u16,
        family: u16,
        datagram: &[u8],
    ) -> io::Result<()> {
        if datagram.len() > LIMIT - 64 {
            let reason = "datagram too long for a capture";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let endian = self.endian;
        self.write_block(ENHANCED_PACKET, |block| {
            block.extend(endian.u32_bytes(0)); // interface
            block.extend(endian.u32_bytes((time >> 32) as u32));
            block.extend(endian.u32_bytes(time as u32));
            let length = datagram.len() as u32 + 16; // with the cooked header
            block.extend(endian.u32_bytes(length)); // captured
            block.extend(endian.u32_bytes(length)); // original
            cooked::write(block, packet_type, family);
            block.extend(datagram);
            block.resize(block.len().next_multiple_of(4), 0);
        })
    }

    /// Flushes the output.
    ///
    /// # Errors
    /// Returns an error if the output does.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Returns a reference to the output.
    #[must_use]
    pub const fn get_ref(&self) -> &W {
        &self.output
    }

    /// Consumes the writer and returns the output, to which all packets have been written.
    pub fn into_inner(self) -> W {
        self.output
    }

    fn write_block(&mut self, block_type: u32, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.block.clear();
        self.block.extend(self.endian.u32_bytes(block_type));
        self.block.extend([0; 4]);
        fill(&mut self.block);
        let length = self.endian.u32_bytes(self.block.len() as u32 + 4);
        self.block.extend(length);
        if let Some(first) = self.block.get_mut(4..8) {
            first.copy_from_slice(&length);
        }
        self.output.write_all(&self.block)
    }
}
