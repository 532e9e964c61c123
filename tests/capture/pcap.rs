use super::build::{cooked, message, pcap_header, pcap_packet, read};
use ctnetlink::capture::{CaptureErrorKind, Format, Place, Reader};
use ctnetlink::wire::Endian::{self, Big, Little};

pub(crate) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(crate) const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Three datagrams in packets 1, 3 and 4; packet 2 is of NETLINK_ROUTE.
pub(crate) fn small(order: Endian, magic: u32) -> Vec<u8> {
    let mut file = pcap_header(order, magic, 253);
    let time = |frac| [0x6a5b_4c3d, frac];
    file.extend(pcap_packet(order, time(0x0001_0203), &cooked(12, &message(order, 1, &[])), 0));
    file.extend(pcap_packet(order, time(4), &cooked(0, &message(order, 2, &[])), 0));
    file.extend(pcap_packet(order, time(5), &cooked(12, &message(order, 3, &[9; 5])), 0));
    file.extend(pcap_packet(order, time(6), &cooked(12, &message(order, 4, &[8; 3]).repeat(2)), 0));
    file
}

/// Byte for byte, so that nothing depends on the functions that build the other files.
#[test]
fn a_literal_file() {
    #[rustfmt::skip]
    let file = [
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 253, 0, 0, 0,
        0x78, 0x56, 0x34, 0x12, 0x03, 0x02, 0x01, 0x00, 36, 0, 0, 0, 36, 0, 0, 0,
        0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,
        20, 0, 0, 0, 2, 1, 5, 6, 0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21, 10, 0, 0x34, 0x33,
    ];
    let mut reader = Reader::new(&file[..]).expect("pcap");
    assert_eq!(reader.format(), Format::Pcap);
    let packet = reader.next_packet().expect("packet").expect("good");
    assert_eq!((packet.number, packet.offset), (1, 56));
    assert_eq!(packet.time, Some(0x1234_5678 * 1_000_000_000 + 0x0001_0203 * 1000));
    assert_eq!((packet.interface, packet.packet_type, packet.family), (None, Some(4), 12));
    assert_eq!((packet.endian, packet.missing), (Little, 0));
    assert_eq!(packet.data, &file[56..]);
    assert!(reader.next_packet().is_none());
}

#[test]
fn both_byte_orders_and_both_units() {
    for order in [Little, Big] {
        for (magic, unit) in [(MICROSECONDS, 1000), (NANOSECONDS, 1)] {
            let whole = read(&small(order, magic)).expect("pcap");
            let packets = whole.packets();
            assert_eq!(packets.len(), 3);
            assert_eq!(packets.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 3, 4]);
            assert_eq!(packets[0].offset, 24 + 16 + 16);
            let second = 0x6a5b_4c3d * 1_000_000_000;
            assert_eq!(packets[0].time, Some(second + 0x0001_0203 * unit));
            assert_eq!(packets[2].time, Some(second + 6 * unit));
            assert!(packets.iter().all(|p| p.endian == order && p.packet_type == Some(4)));
            assert_eq!(packets[1].data, message(order, 3, &[9; 5]));
            assert_eq!(packets[2].data.len(), 38);
            assert_eq!((whole.skipped.other_families, whole.skipped.other_link_types), (1, 0));
        }
    }
}

#[test]
fn the_messages_may_be_of_another_byte_order_than_the_file() {
    let mut file = pcap_header(Little, MICROSECONDS, 253);
    file.extend(pcap_packet(Little, [1, 2], &cooked(12, &message(Big, 1, &[1; 8])), 0));
    assert_eq!(read(&file).expect("pcap").packets()[0].endian, Big);
}

#[test]
fn the_snap_length_cuts() {
    let whole_message = message(Big, 1, &[1; 100]);
    let mut file = pcap_header(Little, MICROSECONDS, 253);
    file.extend(pcap_packet(Little, [1, 2], &cooked(12, &whole_message[..40]), 76));
    let read = read(&file).expect("pcap");
    let packet = read.packets()[0];
    assert_eq!((packet.missing, packet.data.len()), (76, 40));
    // The length of the message fits into the datagram as it was, not into what is left of it.
    assert_eq!(packet.endian, Big);
}

#[test]
fn a_packet_cut_inside_the_cooked_header_is_an_error_of_its_own() {
    let mut file = pcap_header(Big, MICROSECONDS, 253);
    file.extend(pcap_packet(Big, [1, 2], &cooked(12, &[])[..15], 30));
    file.extend(pcap_packet(Big, [1, 2], &cooked(12, &[]), 30));
    let whole = read(&file).expect("pcap");
    assert_eq!(whole.errors(), ["packet 1 at byte 40: length is 15 bytes, expected at least 16"]);
    let packet = whole.packets()[0];
    assert_eq!((packet.number, packet.missing, packet.data.len()), (2, 30, 0));
}

#[test]
fn other_link_types_are_counted() {
    let mut file = pcap_header(Little, MICROSECONDS, 1);
    file.extend(pcap_packet(Little, [1, 2], &[0xee; 60], 0));
    file.extend(pcap_packet(Little, [1, 2], &[], 0));
    let whole = read(&file).expect("pcap");
    assert!(whole.items.is_empty());
    assert_eq!((whole.skipped.other_families, whole.skipped.other_link_types), (0, 2));
    assert_eq!(whole.skipped.first_link_type, Some(1));
}

#[test]
fn the_bits_above_the_link_type_do_not_count() {
    let mut file = pcap_header(Big, MICROSECONDS, 0x1400_00fd);
    file.extend(pcap_packet(Big, [1, 2], &cooked(12, &message(Big, 1, &[])), 0));
    assert_eq!(read(&file).expect("pcap").data().len(), 1);
}

#[test]
fn captures_of_all_devices_hold_netlink_among_others() {
    let datagram = message(Little, 1, &[5; 4]);
    let mut file = pcap_header(Little, MICROSECONDS, 113);
    file.extend(pcap_packet(Little, [1, 2], &cooked(12, &datagram), 0));
    let mut ethernet = cooked(0x0800, &[0x45; 20]);
    (ethernet[2], ethernet[3]) = (0, 1);
    file.extend(pcap_packet(Little, [1, 2], &ethernet, 0));
    let whole = read(&file).expect("pcap");
    assert_eq!(whole.data(), [&datagram[..]]);
    assert_eq!(whole.skipped.first_link_type, Some(113));

    let mut sll2 = vec![0, 12, 0, 0, 0, 0, 0, 7, 0x03, 0x38, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    sll2.extend(&datagram);
    let mut file = pcap_header(Little, MICROSECONDS, 276);
    file.extend(pcap_packet(Little, [1, 2], &sll2, 0));
    sll2[1] = 16;
    file.extend(pcap_packet(Little, [1, 2], &sll2, 0));
    sll2[9] = 0x39;
    file.extend(pcap_packet(Little, [1, 2], &sll2, 0));
    file.extend(pcap_packet(Little, [1, 2], &sll2[..19], 0));
    let whole = read(&file).expect("pcap");
    let packet = whole.packets()[0];
    assert_eq!((packet.packet_type, &packet.data), (Some(4), &datagram));
    assert_eq!((whole.skipped.other_families, whole.skipped.other_link_types), (1, 1));
    assert_eq!(whole.errors().len(), 1);
}

#[test]
fn every_cut_keeps_what_lies_before_it() {
    for order in [Little, Big] {
        let file = small(order, NANOSECONDS);
        let whole = read(&file).expect("pcap");
        let ends = [24 + 32 + 16, 24 + 64 + 32 + 21, file.len()];
        // Where nothing of a next packet is there, the file looks complete.
        let complete = [24, 24 + 48, 24 + 96, ends[0] + 48 + 53, file.len()];
        for cut in 0..file.len() {
            let Some(part) = read(&file[..cut]) else {
                assert!(cut < 24);
                continue;
            };
            if cut < 24 {
                continue;
            }
            let before = (0..3).filter(|n| {
                whole.packets()[*n].offset as usize + whole.packets()[*n].data.len() <= cut
            });
            assert_eq!(part.packets().len(), before.count(), "cut at {cut}");
            for (left, right) in part.packets().iter().zip(whole.packets()) {
                assert_eq!(*left, right);
            }
            assert_eq!(part.errors().is_empty(), complete.contains(&cut), "cut at {cut}");
        }
    }
}

#[test]
fn a_cut_header_is_an_error() {
    let error = Reader::new(&small(Little, MICROSECONDS)[..23]).expect_err("cut");
    assert_eq!(error.place, Place::File);
    assert!(matches!(error.kind, CaptureErrorKind::Truncated { expected: 24, found: 23 }));
}

#[test]
fn another_version_is_an_error() {
    let mut file = small(Big, MICROSECONDS);
    file[5] = 3;
    let error = Reader::new(&file[..]).expect_err("version");
    assert!(matches!(error.kind, CaptureErrorKind::Version { found: 3 }));
}

#[test]
fn a_length_beyond_the_end_or_reason_ends_the_reading() {
    for order in [Little, Big] {
        let file = small(order, MICROSECONDS);
        for (length, message) in [
            (u32::MAX, "length is 4294967295 bytes, expected at most 16777216"),
            (0x0100_0001, "length is 16777217 bytes, expected at most 16777216"),
            (0x0100_0000, "input ends early: expected 16777232 bytes, found 171"),
        ] {
            let mut file = file.clone();
            file[72 + 8..72 + 12].copy_from_slice(&order.u32_bytes(length));
            let whole = read(&file).expect("pcap");
            assert_eq!(whole.packets().len(), 1);
            assert_eq!(whole.errors(), [format!("packet 2 at byte 72: {message}")]);
        }
    }
}

#[test]
fn a_packet_larger_than_the_buffer_is_read() {
    let datagrams: Vec<Vec<u8>> = [100, 65_000, 3, 70_001, 400_000, 12]
        .iter()
        .map(|n| message(Little, *n as u32, &vec![*n as u8; *n]))
        .collect();
    let mut file = pcap_header(Little, MICROSECONDS, 253);
    for datagram in &datagrams {
        file.extend(pcap_packet(Little, [1, 2], &cooked(12, datagram), 0));
    }
    assert_eq!(read(&file).expect("pcap").data(), datagrams);
}
