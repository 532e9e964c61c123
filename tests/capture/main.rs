//! The capture reader and writer on files built by hand.
#![cfg(feature = "capture")]

mod build;
#[path = "../common/mod.rs"]
mod common;
mod dump;
mod pcap;
mod pcapng;
mod raw;
mod text;
mod writer;

use build::{Trickle, message, read};
use ctnetlink::capture::{CaptureErrorKind, Place, Reader, guess_endian};
use ctnetlink::wire::Endian::{Big, Little};

fn refused(bytes: &[u8]) -> CaptureErrorKind {
    let error = Reader::new(bytes).expect_err("no format");
    assert_eq!((error.offset, error.place), (0, Place::File));
    error.kind
}

#[test]
fn nothing_is_no_capture() {
    assert!(matches!(refused(b""), CaptureErrorKind::Empty));
}

#[test]
fn other_files_are_refused_by_their_first_bytes() {
    let others: [(&[u8], [u8; 4]); 6] = [
        (b"\x1f\x8b\x08\x00\x9a\xbc\xde\xf0\x02\x03", [0x1f, 0x8b, 8, 0]), // gzip
        (b"\x7fELF\x02\x01\x01\0", *b"\x7fELF"),
        (b"PK\x03\x04", *b"PK\x03\x04"),
        (b"Hello", *b"Hell"),
        (b"\xa1\xb2\xc3", [0xa1, 0xb2, 0xc3, 0]), // a pcap file, cut
        (b"\0\0\0\0\0\0\0\0", [0; 4]),
    ];
    for (bytes, first) in others {
        let UnknownFormat { found } = refused(bytes) else { panic!("{bytes:02x?}") };
        assert_eq!(found, first);
    }
}
use CaptureErrorKind::UnknownFormat;

#[test]
fn the_byte_order_is_that_of_a_possible_length() {
    for order in [Little, Big] {
        let one = message(order, 0x0102_0304, &[7; 20]);
        assert_eq!(guess_endian(&one, order), order);
        assert_eq!(guess_endian(&one, order.swapped()), order);
        // Several messages: the length of the first is enough.
        let many = one.repeat(50);
        assert_eq!(guess_endian(&many, order.swapped()), order);
    }
}

#[test]
fn the_byte_order_of_a_long_datagram_is_the_nearer_one() {
    // 256 little-endian, 65,536 big-endian.
    let mut datagram = vec![0; 65_536];
    datagram[1] = 1;
    assert_eq!(guess_endian(&datagram, Little), Big);
    assert_eq!(guess_endian(&datagram, Big), Big);
    datagram.truncate(65_535);
    assert_eq!(guess_endian(&datagram, Big), Little);
}

#[test]
fn where_the_length_decides_nothing_the_container_does() {
    for order in [Little, Big] {
        assert_eq!(guess_endian(&[], order), order);
        assert_eq!(guess_endian(&[20, 0, 0], order), order);
        assert_eq!(guess_endian(&[0; 16], order), order);
        assert_eq!(guess_endian(&[15, 0, 0, 0], order), order);
        assert_eq!(guess_endian(&[0xff; 16], order), order);
        // 65,792 in both.
        let mut datagram = vec![0; 70_000];
        (datagram[1], datagram[2]) = (1, 1);
        assert_eq!(guess_endian(&datagram, order), order);
    }
}

#[test]
fn a_failing_input_gives_its_error_once() {
    struct Broken(&'static [u8]);
    impl std::io::Read for Broken {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                Err(std::io::Error::other("unplugged"))
            } else {
                self.0.read(to)
            }
        }
    }
    let mut reader = Reader::new(Broken(b"0a0b\n0c")).expect("hex");
    assert_eq!(reader.next_packet().expect("line").expect("good").data, [10, 11]);
    let error = reader.next_packet().expect("error").expect_err("broken");
    assert_eq!(error.to_string(), "byte 7: cannot read the input: unplugged");
    assert!(std::error::Error::source(&error).is_none());
    assert!(reader.next_packet().is_none());
    let error = Reader::new(Broken(b"")).expect_err("broken");
    assert!(matches!(error.kind, CaptureErrorKind::Io(_)));
}

/// A packet that is complete is given without waiting for what follows it.
#[test]
fn a_live_stream_is_read_without_delay() {
    let message = message(Little, 1, &[1; 5]);
    let mut reader = Reader::new(Trickle::until_panic(&message)).expect("netlink");
    assert_eq!(reader.next_packet().expect("message").expect("good").data, message);
    let mut reader = Reader::new(Trickle::until_panic(b"01 02\n")).expect("hex");
    assert_eq!(reader.next_packet().expect("line").expect("good").data, [1, 2]);
    let pcap = pcap::small(Little, pcap::MICROSECONDS);
    let mut reader = Reader::new(Trickle::until_panic(&pcap)).expect("pcap");
    assert_eq!((0..3).filter(|_| matches!(reader.next_packet(), Some(Ok(_)))).count(), 3);
    let pcapng = pcapng::small(Big);
    let mut reader = Reader::new(Trickle::until_panic(&pcapng)).expect("pcapng");
    assert_eq!((0..3).filter(|_| matches!(reader.next_packet(), Some(Ok(_)))).count(), 3);
}

/// Every one-byte change of small files: no panic, no endless loop. (`read` also compares reading
/// at once with reading byte by byte.)
#[test]
fn no_changed_byte_makes_it_panic() {
    let mut raw = message(Little, 9, &[1, 2, 3]);
    raw.push(0);
    raw.extend(message(Little, 10, &[]));
    let files: [Vec<u8>; 6] = [
        pcap::small(Big, pcap::NANOSECONDS),
        pcapng::small(Little),
        pcapng::small(Big),
        raw,
        b"# x\r\n0x01 02:03\n\n0A0b".to_vec(),
        b"{\"hex\":\"0102\"}\n{\"a\":[1,{}],\"hex\":\"\"}\n".to_vec(),
    ];
    for file in files {
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, file[at] ^ 4, file[at].wrapping_add(1)] {
                let mut changed = file.clone();
                changed[at] = value;
                read(&changed);
            }
        }
    }
}
