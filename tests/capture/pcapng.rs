use super::build::{block, cooked, enhanced, interface, message, read, section, simple};
use ctnetlink::capture::{CaptureErrorKind, Format, Place, Reader};
use ctnetlink::wire::Endian::{self, Big, Little};

/// A section, an interface in microseconds, an unknown block, and three datagrams in packets 1, 3
/// and 4; packet 2 is of NETLINK_ROUTE.
pub(crate) fn small(order: Endian) -> Vec<u8> {
    let packet = |family, seq, body: &[u8]| cooked(family, &message(order, seq, body));
    let mut file = section(order);
    file.extend(interface(order, 253, 262_144, &[(2, b"nlmon0")]));
    file.extend(enhanced(order, 0, 0x0006_5a4b_3c2d_1e0f, &packet(12, 1, &[]), 0));
    file.extend(block(order, 0x0bad_cafe, &[1, 2, 3, 4, 5]));
    file.extend(enhanced(order, 0, 2, &packet(0, 2, &[]), 0));
    file.extend(enhanced(order, 0, 3, &packet(12, 3, &[9; 5]), 0));
    file.extend(simple(order, 40, &packet(12, 4, &[8; 8])));
    file
}

fn start(order: Endian) -> Vec<u8> {
    [section(order), interface(order, 253, 0, &[])].concat()
}

/// Byte for byte, so that nothing depends on the functions that build the other files.
#[test]
fn a_literal_file() {
    #[rustfmt::skip]
    let file = [
        0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28,
        0, 0, 0, 1, 0, 0, 0, 44, 0, 253, 0, 0, 0, 4, 0, 0,
        0, 9, 0, 1, 9, 0, 0, 0, 0, 14, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
        0, 0, 0, 0, 0, 0, 0, 44,
        0, 0, 0, 6, 0, 0, 0, 72, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1,
        0, 0, 0, 37, 0, 0, 0, 42,
        0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,
        0, 0, 0, 26, 1, 2, 6, 5, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 10, 0, 0x33, 0x34,
        7, 0, 0, 0, 0, 0, 0, 72,
    ];
    let mut reader = Reader::new(&file[..]).expect("pcapng");
    assert_eq!(reader.format(), Format::Pcapng);
    let packet = reader.next_packet().expect("packet").expect("good");
    assert_eq!((packet.number, packet.offset), (1, 72 + 28 + 16));
    assert_eq!(packet.time, Some(0x1234_5678_9abc_def1 - 2_000_000_000));
    assert_eq!((packet.interface, packet.packet_type, packet.family), (Some(0), Some(4), 12));
    assert_eq!((packet.endian, packet.missing), (Big, 5));
    assert_eq!(packet.data, &file[116..137]);
    assert!(reader.next_packet().is_none());
}

#[test]
fn both_byte_orders() {
    for order in [Little, Big] {
        let whole = read(&small(order)).expect("pcapng");
        let packets = whole.packets();
        assert_eq!(packets.len(), 3);
        assert_eq!(packets.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(packets[0].time, Some(0x0006_5a4b_3c2d_1e0f * 1000));
        assert_eq!((packets[2].time, packets[2].interface), (None, Some(0)));
        assert_eq!(packets[1].data, message(order, 3, &[9; 5]));
        assert_eq!(packets[2].data, message(order, 4, &[8; 8]));
        assert!(packets.iter().all(|p| p.endian == order && p.missing == 0));
        assert_eq!((whole.skipped.other_families, whole.skipped.other_link_types), (1, 0));
    }
}

fn time(order: Endian, options: &[(u16, &[u8])], ticks: u64) -> Option<u64> {
    let mut file = section(order);
    file.extend(interface(order, 253, 0, options));
    file.extend(enhanced(order, 0, ticks, &cooked(12, &message(order, 1, &[])), 0));
    read(&file).expect("pcapng").packets()[0].time
}

#[test]
fn all_resolutions_of_time() {
    let ticks = 0x0102_0304_0506_0708_u64;
    for order in [Little, Big] {
        let time = |resolution, ticks| time(order, &[(9, &[resolution])], ticks);
        assert_eq!(time(0, 0x6a5b_4c3d), Some(0x6a5b_4c3d * 1_000_000_000));
        assert_eq!(time(3, 0x0102_0304_0506), Some(0x0102_0304_0506 * 1_000_000));
        assert_eq!(time(6, 0x0006_0102_0304_0506), Some(0x0006_0102_0304_0506 * 1000));
        assert_eq!(time(9, ticks), Some(ticks));
        assert_eq!(time(10, ticks), Some(ticks / 10));
        assert_eq!(time(19, ticks), Some(ticks / 10_000_000_000));
        assert_eq!(time(28, u64::MAX), Some(1));
        assert_eq!(time(127, u64::MAX), Some(0));
        // 2^-10 seconds: 1.5 seconds are 1536 of them.
        assert_eq!(time(0x8a, 1536), Some(1_500_000_000));
        assert_eq!(time(0x80, 7), Some(7_000_000_000));
        // 2^-32: the high word is seconds; 0x40000000 is a quarter, and a last unit 0.23 ns.
        assert_eq!(
            time(0xa0, 0x6a5b_4c3d_4000_0001),
            Some(0x6a5b_4c3d * 1_000_000_000 + 250_000_000)
        );
        assert_eq!(time(0xff, u64::MAX), Some(0));
        // Beyond 2554.
        assert_eq!(time(0, u64::MAX), None);
        assert_eq!(time(6, u64::MAX / 1000), Some(u64::MAX / 1000 * 1000));
        assert_eq!(time(6, u64::MAX / 1000 + 1), None);
    }
}

#[test]
fn the_offset_of_time_is_signed_and_in_the_byte_order_of_the_section() {
    for order in [Little, Big] {
        let time = |resolution, offset: i64, ticks| {
            time(order, &[(9, &[resolution]), (14, &order.u64_bytes(offset as u64))], ticks)
        };
        assert_eq!(time(6, 0x0102_0304, 5), Some(0x0102_0304 * 1_000_000_000 + 5000));
        assert_eq!(time(0x8a, 0x0102_0304, 1536), Some(0x0102_0305 * 1_000_000_000 + 500_000_000));
        assert_eq!(time(9, -2, 2_000_000_001), Some(1));
        assert_eq!(time(9, -2, 1_999_999_999), None);
        assert_eq!(time(9, i64::MAX, 0), None);
        assert_eq!(time(9, i64::MIN, u64::MAX), None);
    }
}

#[test]
fn options_of_other_lengths_or_behind_the_end_do_not_count() {
    assert_eq!(time(Little, &[(9, &[])], 5), Some(5000));
    assert_eq!(time(Little, &[(9, &[9, 9])], 5), Some(5000));
    assert_eq!(time(Little, &[(14, &[1, 0, 0, 0])], 5), Some(5000));
    assert_eq!(time(Little, &[(0, &[]), (9, &[9])], 5), Some(5000));
}

#[test]
fn each_interface_and_each_section_counts_for_itself() {
    let datagram = |order, seq| cooked(12, &message(order, seq, &[]));
    let mut file = section(Little);
    file.extend(interface(Little, 1, 0, &[(9, &[0])]));
    file.extend(interface(Little, 253, 0, &[(9, &[9])]));
    file.extend(enhanced(Little, 1, 0x0102_0304_0506, &datagram(Little, 1), 0));
    file.extend(enhanced(Little, 0, 7, &[0xee; 60], 0));
    file.extend(interface(Little, 253, 0, &[(9, &[3])]));
    file.extend(enhanced(Little, 2, 0x0102_0304_0506, &datagram(Little, 2), 0));
    file.extend(section(Big));
    file.extend(interface(Big, 253, 0, &[]));
    file.extend(enhanced(Big, 0, 0x0102_0304_0506, &datagram(Big, 3), 0));
    file.extend(enhanced(Big, 1, 1, &datagram(Big, 4), 0));
    file.extend(section(Little));
    file.extend(enhanced(Little, 0, 1, &datagram(Little, 5), 0));
    let whole = read(&file).expect("pcapng");
    let packets = whole.packets();
    let times: Vec<_> = packets.iter().map(|p| (p.number, p.interface, p.time, p.endian)).collect();
    let ticks = 0x0102_0304_0506;
    assert_eq!(
        times,
        [
            (1, Some(1), Some(ticks), Little),
            (3, Some(2), Some(ticks * 1_000_000), Little),
            (4, Some(0), Some(ticks * 1000), Big),
        ]
    );
    assert_eq!((whole.skipped.other_link_types, whole.skipped.first_link_type), (1, Some(1)));
    let errors = whole.errors();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].ends_with(
        "expected the description of interface 1 before its packets, found 1 interfaces"
    ));
    assert!(errors[1].starts_with("packet 6 at byte "));
    assert!(errors[1].ends_with(
        "expected the description of interface 0 before its packets, found 0 interfaces"
    ));
}

#[test]
fn the_snap_length_cuts() {
    let packet = cooked(12, &message(Little, 1, &[3; 60]));
    let mut file = section(Little);
    file.extend(interface(Little, 253, 50, &[]));
    file.extend(enhanced(Little, 0, 1, &packet[..50], 42));
    file.extend(simple(Little, 92, &packet[..50]));
    file.extend(simple(Little, 40, &packet[..40]));
    let whole = read(&file).expect("pcapng");
    let packets: Vec<_> = whole.packets().iter().map(|p| (p.missing, p.data.len())).collect();
    assert_eq!(packets, [(42, 34), (42, 34), (0, 24)]);
}

#[test]
fn simple_packets_need_an_interface() {
    let packet = cooked(12, &message(Little, 1, &[]));
    let file = [section(Little), simple(Little, 32, &packet)].concat();
    assert!(
        read(&file).expect("pcapng").errors()[0]
            .starts_with("packet 1 at byte 28: expected the description of interface 0")
    );
    let file = [start(Little), simple(Little, 37, &packet)].concat();
    let errors = read(&file).expect("pcapng").errors();
    assert!(errors[0].ends_with("block of type 0x3 is too short for its contents"));
}

#[test]
fn obsolete_packet_blocks_are_read() {
    for order in [Little, Big] {
        let datagram = message(order, 1, &[7; 3]);
        let mut contents = order.u16_bytes(1).to_vec();
        contents.extend(order.u16_bytes(0xfffe)); // dropped packets
        for word in [0x0001_0203, 0x0405_0607, 35, 39] {
            contents.extend(order.u32_bytes(word));
        }
        contents.extend(cooked(12, &datagram));
        let file = [start(order), interface(order, 253, 0, &[(9, &[9])])].concat();
        let head = file.len() as u64;
        let whole = read(&[file.clone(), block(order, 2, &contents)].concat()).expect("pcapng");
        let packet = whole.packets()[0];
        assert_eq!((packet.number, packet.offset, packet.interface), (1, head + 44, Some(1)));
        assert_eq!((packet.time, packet.missing), (Some(0x0001_0203_0405_0607), 4));
        assert_eq!(packet.data, datagram);
        // A packet that claims a byte more than the block has, and ones without all the fields.
        contents[if order == Little { 12 } else { 15 }] = 37;
        for cut in [contents.len(), 20, 19, 3, 0] {
            let whole = read(&[file.clone(), block(order, 2, &contents[..cut])].concat());
            assert_eq!(whole.expect("pcapng").errors().len(), 1, "cut at {cut}");
        }
    }
}

#[test]
fn options_behind_a_packet_are_passed_over() {
    for order in [Little, Big] {
        let packet = cooked(12, &message(order, 1, &[7; 4]));
        let mut contents: Vec<u8> = [0, 0, 5, packet.len() as u32, packet.len() as u32]
            .iter()
            .flat_map(|word| order.u32_bytes(*word))
            .collect();
        contents.extend(&packet);
        // A comment, and one that claims more than there is.
        for length in [4, 0xffff] {
            let mut contents = contents.clone();
            contents.extend([&order.u16_bytes(1)[..], &order.u16_bytes(length), b"some"].concat());
            let whole = read(&[start(order), block(order, 6, &contents)].concat()).expect("pcapng");
            assert_eq!(whole.packets()[0].data, &packet[16..]);
        }
    }
}

#[test]
fn a_broken_block_does_not_stop_the_reading() {
    for order in [Little, Big] {
        let good = enhanced(order, 0, 1, &cooked(12, &message(order, 1, &[])), 0);
        let file = start(order);
        let at = file.len();
        // The captured length, the length at the end, both of an Enhanced Packet Block.
        for (from, length) in [(20, 33_u32), (20, u32::MAX), (20, u32::MAX - 3), (60, 68), (60, 0)]
        {
            let mut bad = good.clone();
            bad[from..from + 4].copy_from_slice(&order.u32_bytes(length));
            let whole = read(&[file.clone(), bad, good.clone()].concat()).expect("pcapng");
            assert_eq!(whole.packets().len(), 1);
            assert_eq!(whole.packets()[0].number, 2);
            let errors = whole.errors();
            assert!(errors[0].starts_with(&format!("packet 1 at byte {at}: ")), "{errors:?}");
        }
        // An unknown block whose lengths differ; one too short for its fields.
        let mut unknown = block(order, 0x1234, &[1; 8]);
        unknown[16..].copy_from_slice(&order.u32_bytes(24));
        let short = block(order, 6, &[0; 16]);
        let whole = read(&[file, unknown, short, good].concat()).expect("pcapng");
        let errors = whole.errors();
        assert_eq!(
            errors[0],
            format!(
                "block at byte {at}: length at the end of the block is 24 bytes, expected 20 as at its start"
            )
        );
        assert!(errors[1].starts_with(&format!("packet 1 at byte {}", at + 20)));
        assert_eq!((errors.len(), whole.packets().len()), (2, 1));
    }
}

#[test]
fn a_broken_interface_keeps_its_number() {
    let mut file = section(Little);
    file.extend(block(Little, 1, &[253, 0]));
    file.extend(interface(Little, 253, 0, &[]));
    file.extend(enhanced(Little, 1, 1, &cooked(12, &message(Little, 1, &[])), 0));
    file.extend(enhanced(Little, 0, 1, &cooked(12, &message(Little, 1, &[])), 0));
    let whole = read(&file).expect("pcapng");
    assert!(whole.items[0].is_err());
    assert_eq!(whole.packets()[0].interface, Some(1));
    assert!(whole.errors()[1].starts_with("packet 2"));
}

#[test]
fn a_length_that_leads_nowhere_ends_the_reading() {
    for order in [Little, Big] {
        let good = enhanced(order, 0, 1, &cooked(12, &message(order, 1, &[])), 0);
        let file = [start(order), good.clone()].concat();
        let at = file.len();
        for (length, words) in [
            (0, "length is 0 bytes, expected at least 12"),
            (8, "length is 8 bytes, expected at least 12"),
            (66, "block length is 66 bytes, expected a multiple of 4"),
            (132, "input ends early: expected 132 bytes, found 128"),
            (u32::MAX - 3, "input ends early: expected 4294967292 bytes, found 128"),
        ] {
            for block_type in [6, 0x1234] {
                let mut bad = good.clone();
                bad[..4].copy_from_slice(&order.u32_bytes(block_type));
                bad[4..8].copy_from_slice(&order.u32_bytes(length));
                let whole = read(&[&file[..], &bad, &good].concat()).expect("pcapng");
                assert_eq!(whole.packets().len(), 1);
                let errors = whole.errors();
                assert_eq!(errors.len(), 1);
                assert!(errors[0].ends_with(words), "{errors:?}");
                assert!(errors[0].contains(&format!(" at byte {at}: ")), "{errors:?}");
            }
        }
    }
}

#[test]
fn a_section_must_tell_its_byte_order_and_its_version() {
    let mut file = small(Big);
    file[8] = 0x1b;
    let whole = read(&file).expect("pcapng");
    let error = whole.items[0].as_ref().expect_err("magic");
    assert_eq!((error.offset, error.place, whole.items.len()), (0, Place::Block, 1));
    assert!(matches!(error.kind, CaptureErrorKind::ByteOrder { found: [0x1b, 0x2b, 0x3c, 0x4d] }));
    let mut file = small(Big);
    file[13] = 2;
    let whole = read(&file).expect("pcapng");
    assert_eq!(
        whole.errors(),
        ["block at byte 0: expected a known version of the format, found version 2"]
    );
    assert_eq!(whole.items.len(), 1);
}

#[test]
fn a_block_too_long_to_be_read_is_stepped_over() {
    let good = enhanced(Big, 0, 1, &cooked(12, &message(Big, 1, &[])), 0);
    let mut file = start(Big);
    file.extend(enhanced(Big, 0, 1, &vec![0; 16 << 20], 0));
    file.extend(block(Big, 0x1234, &vec![0; 17 << 20]));
    file.extend(good);
    // Not byte by byte: it is long.
    let mut reader = Reader::new(&file[..]).expect("pcapng");
    let error = reader.next_packet().expect("error").expect_err("too long");
    assert!(matches!(
        error.kind,
        CaptureErrorKind::TooLong { limit: 0x0100_0000, found: 0x0100_0020 }
    ));
    assert_eq!(reader.next_packet().expect("packet").expect("good").number, 2);
    assert!(reader.next_packet().is_none());
}

#[test]
fn every_cut_keeps_what_lies_before_it() {
    for order in [Little, Big] {
        let file = small(order);
        let whole = read(&file).expect("pcapng");
        // The blocks end here.
        let lengths = [28, 32, 64, 20, 64, 72, 56];
        let ends: Vec<usize> = (0..lengths.len()).map(|n| lengths[..=n].iter().sum()).collect();
        assert_eq!(ends.last(), Some(&file.len()));
        for cut in 4..file.len() {
            let part = read(&file[..cut]).expect("pcapng");
            let before = [ends[2], ends[5], ends[6]].iter().filter(|end| **end <= cut).count();
            assert_eq!(part.packets().len(), before, "cut at {cut}");
            for (left, right) in part.packets().iter().zip(whole.packets()) {
                assert_eq!(*left, right);
            }
            assert_eq!(part.errors().len(), usize::from(!ends.contains(&cut)), "cut at {cut}");
        }
    }
}
