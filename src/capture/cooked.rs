//! The header that Linux puts before a captured netlink datagram.
//!
//! Packets of an nlmon device are [LINKTYPE_NETLINK]. A capture on all devices (`tcpdump -i any`)
//! contains them among packets of other devices, as [LINKTYPE_LINUX_SLL] (the same 16 bytes) or
//! [LINKTYPE_LINUX_SLL2]. All fields are big-endian:
//!
//! | field | 253, 113: offset | 276: offset |
//! |---|---|---|
//! | packet type (4 = outgoing) | 0, 2 bytes | 10, 1 byte |
//! | `ARPHRD_*` type of the device (824 = netlink) | 2, 2 bytes | 8, 2 bytes |
//! | protocol: the netlink family | 14, 2 bytes | 0, 2 bytes |
//! | length of the header | 16 | 20 |
//!
//! [LINKTYPE_NETLINK]: https://www.tcpdump.org/linktypes/LINKTYPE_NETLINK.html
//! [LINKTYPE_LINUX_SLL]: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
//! [LINKTYPE_LINUX_SLL2]: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html

use crate::wire::Endian;

/// The link type LINKTYPE_NETLINK.
pub(super) const NETLINK: u16 = 253;
/// The link type LINKTYPE_LINUX_SLL.
pub(super) const LINUX_SLL: u16 = 113;
/// The link type LINKTYPE_LINUX_SLL2.
const LINUX_SLL2: u16 = 276;
/// The `ARPHRD_*` type of netlink devices.
const ARPHRD_NETLINK: u16 = 824;

/// A decoded cooked header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cooked {
    /// The length of the header, which the datagram follows.
    pub(super) length: usize,
    pub(super) packet_type: u16,
    pub(super) family: u16,
}

/// Decodes the cooked header of a packet.
///
/// Returns `None` if the packet is not from a netlink device. The error is the length of the header,
/// if the packet is shorter.
#[inline]
pub(super) fn read(link_type: u16, packet: &[u8]) -> Result<Option<Cooked>, usize> {
    let header = match link_type {
        NETLINK | LINUX_SLL => {
            let Some(&[t0, t1, a0, a1, _, _, _, _, _, _, _, _, _, _, f0, f1]) =
                packet.first_chunk::<16>()
            else {
                return Err(16);
            };
            (16, [t0, t1], [a0, a1], [f0, f1])
        }
        LINUX_SLL2 => {
            let Some(&[f0, f1, _, _, _, _, _, _, a0, a1, t, ..]) = packet.first_chunk::<20>()
            else {
                return Err(20);
            };
            (20, [0, t], [a0, a1], [f0, f1])
        }
        _ => return Ok(None),
    };
    let (length, packet_type, device, family) = header;
    if link_type != NETLINK && Endian::Big.u16(device) != ARPHRD_NETLINK {
        return Ok(None);
    }
    let (packet_type, family) = (Endian::Big.u16(packet_type), Endian::Big.u16(family));
    Ok(Some(Cooked { length, packet_type, family }))
}

/// Appends a LINKTYPE_NETLINK header.
pub(super) fn write(out: &mut Vec<u8>, packet_type: u16, family: u16) {
    out.extend(packet_type.to_be_bytes());
    out.extend(ARPHRD_NETLINK.to_be_bytes());
    out.extend([0; 10]); // length of the address, address
    out.extend(family.to_be_bytes());
}
