use super::build::{message, read};
use ctnetlink::capture::Format;
use ctnetlink::wire::Endian::{Big, Little};

#[test]
fn a_message_after_another_in_either_byte_order() {
    for order in [Little, Big] {
        let messages = [
            message(order, 0x0102_0304, &[1; 5]),
            message(order, 2, &[]),
            message(order, 3, &[6; 6]),
        ];
        let mut stream = messages[0].clone();
        stream.extend([0xaa; 3]); // padding, whatever it holds
        stream.extend(&messages[1]);
        stream.extend(&messages[2]); // without padding at the end
        let whole = read(&stream).expect("netlink");
        assert_eq!(whole.format, Format::Netlink);
        assert_eq!(whole.data(), messages);
        let packets = whole.packets();
        assert!(packets.iter().all(|p| p.endian == order && p.packet_type.is_none()));
        let places: Vec<_> = packets.iter().map(|p| (p.number, p.offset)).collect();
        assert_eq!(places, [(1, 0), (2, 24), (3, 40)]);
        assert!(
            packets.iter().all(|p| p.time.is_none() && p.interface.is_none() && p.missing == 0)
        );
        // The padding of the last message may be there, or a part of it.
        for padding in 1..=2 {
            stream.push(0);
            assert_eq!(read(&stream).expect("netlink").items.len(), 3, "padding {padding}");
        }
    }
}

#[test]
fn a_first_length_that_both_byte_orders_allow_is_the_smaller_one() {
    // 256 or 65,536; the other way round.
    for order in [Little, Big] {
        let stream = message(order, 1, &[0; 240]);
        let whole = read(&stream).expect("netlink");
        assert_eq!((whole.data(), whole.packets()[0].endian), (vec![&stream[..]], order));
    }
}

#[test]
fn text_like_lengths_are_still_lengths() {
    // 48 is '0', 35 is '#', 123 is '{', 32 is white space.
    for length in [48, 35, 123, 32] {
        let stream = message(Little, 1, &vec![b'0'; length - 16]);
        assert_eq!(read(&stream).expect("netlink").format, Format::Netlink);
    }
}

#[test]
fn a_bad_length_ends_the_reading() {
    for order in [Little, Big] {
        for (length, words) in [
            (0, "length is 0 bytes, expected at least 16"),
            (15, "length is 15 bytes, expected at least 16"),
            (u32::MAX, "length is 4294967295 bytes, expected at most 16777216"),
            (0x0100_0000, "input ends early: expected 16777216 bytes, found 32"),
            (33, "input ends early: expected 33 bytes, found 32"),
        ] {
            let mut stream = message(order, 1, &[0; 4]);
            let at = stream.len();
            stream.extend(message(order, 2, &[]));
            stream.extend(message(order, 3, &[]));
            stream[at..at + 4].copy_from_slice(&order.u32_bytes(length));
            let whole = read(&stream).expect("netlink");
            assert_eq!(whole.packets().len(), 1);
            assert_eq!(whole.errors(), [format!("message 2 at byte 20: {words}")]);
        }
    }
}

#[test]
fn every_cut_keeps_what_lies_before_it() {
    for order in [Little, Big] {
        let stream = [message(order, 1, &[2; 4]), message(order, 3, &[])].concat();
        for cut in 4..stream.len() {
            let whole = read(&stream[..cut]).expect("netlink");
            assert_eq!(whole.packets().len(), usize::from(cut >= 20));
            assert_eq!(whole.errors().len(), usize::from(cut != 20));
        }
    }
}
