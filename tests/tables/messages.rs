//! Empty, truncated and malformed messages.

use crate::bytes::{ORDERS, attrs, header, leaf, message, u16_bytes, u32_bytes, unhex, written};
use ctnetlink::attrs::{CtAttr, CtattrType, ExpectFlags, Status};
use ctnetlink::error::{Error, ErrorKind};
use ctnetlink::flat::Record;
use ctnetlink::nested::CtattrTuple;
use ctnetlink::wire::control::NlMsgErr;
use ctnetlink::wire::{AttrSet, AttrsBuf, Datagram, Endian, NlmFlags, RawMessage};
use ctnetlink::{Body, Conntrack, Expectation, Family, Kind, Message};

#[test]
fn the_last_of_two_equal_attributes_counts() {
    for endian in ORDERS {
        let marks = ["11223344", "55667788"].map(|digits| leaf(8, 8, digits)(endian));
        let bytes = message(&marks.concat(), endian);
        let message = Message::parse_with(&bytes, endian).unwrap();
        let values: Vec<_> =
            message.conntrack_attrs().unwrap().iter().map(Result::unwrap).collect();
        assert_eq!(values, [CtAttr::Mark(0x1122_3344), CtAttr::Mark(0x5566_7788)]);
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        // The kernel's nla_parse() uses the last one, too.
        assert_eq!(Conntrack::try_from(message).unwrap().mark, Some(0x5566_7788));
        let first = message.conntrack_attrs().unwrap().find(|attr| match attr {
            CtAttr::Mark(mark) => Some(mark),
            _ => None,
        });
        assert_eq!(first, Some(0x1122_3344));
    }
}

#[test]
fn empty_messages_and_nests_decode_and_re_encode() {
    for endian in ORDERS {
        let bytes = message(&[], endian);
        let message = Message::parse_with(&bytes, endian).unwrap();
        assert_eq!(message.conntrack_attrs().unwrap().iter().count(), 0);
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        let ct = Conntrack::try_from(message).unwrap();
        assert_eq!(ct, Conntrack { family: Family::IPV4, ..Conntrack::default() });
        assert_eq!(written::<CtattrType>(endian, |out| ct.write(out)).unwrap(), [0_u8; 0]);
        assert_eq!(AttrsBuf::<CtattrType>::build(endian, |_| ()).unwrap().into_bytes(), [0_u8; 0]);

        // An empty nested attribute has no value, but is re-encoded.
        let bytes = [1, 2, 4, 5, 6, 9, 10, 13, 14, 15, 16, 19, 20, 24, 25]
            .map(|number| header(4, number | 0x8000, endian))
            .concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        assert_eq!(Conntrack::try_decode(run).unwrap(), Conntrack::default());
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let nests: Vec<_> = run.iter().map(Result::unwrap).collect();
        let put = written::<CtattrType>(endian, |out| nests.iter().for_each(|nest| out.put(*nest)));
        assert_eq!(put.unwrap(), bytes);
    }
}

#[test]
fn a_message_truncated_at_every_byte() {
    for endian in ORDERS {
        let zone = leaf(6, 18, "1234 | 0000")(endian);
        let whole = message(&[leaf(8, 8, "12345678")(endian), zone].concat(), endian);
        assert_eq!(whole.len(), 36);
        for len in 0..whole.len() {
            let cut = &whole[..len];
            let expected = if len < 16 {
                ErrorKind::MessageHeader { found: len }
            } else {
                ErrorKind::MessageLength { nlmsg_len: 36, available: len }
            };
            let error = Message::parse_with(cut, endian).unwrap_err();
            assert_eq!((error.offset, error.set, error.attr), (0, None, None));
            assert_eq!(error.kind, expected);
            // In a datagram, after a complete message.
            let bytes = [&whole, cut].concat();
            let items: Vec<_> = Datagram::new(&bytes, endian).collect();
            assert_eq!(items.len(), 1 + usize::from(len > 0));
            assert_eq!(items[0].unwrap().bytes, whole);
            if let Some(error) = items.get(1) {
                let error = error.unwrap_err();
                assert_eq!((error.offset, error.kind), (36, expected));
            }
        }
        // Lengths that the header must not have.
        for nlmsg_len in (0..16).chain([37, 0xffff_ffff]) {
            let mut bytes = whole.clone();
            bytes[..4].copy_from_slice(&u32_bytes(nlmsg_len, endian));
            let error = Message::parse_with(&bytes, endian).unwrap_err();
            assert_eq!(error.kind, ErrorKind::MessageLength { nlmsg_len, available: 36 });
            assert_eq!(Datagram::new(&bytes, endian).count(), 1, "{nlmsg_len}: no endless walk");
        }
        // With the truncated length in the header, complete attributes decode.
        for len in 16..whole.len() {
            let mut bytes = whole[..len].to_vec();
            bytes[..4].copy_from_slice(&u32_bytes(len as u32, endian));
            let message = Message::parse_with(&bytes, endian).unwrap();
            assert_eq!(message.kind(), Kind::Update);
            let run = match message.conntrack_attrs() {
                Ok(run) => run,
                Err(error) => {
                    assert!(len < 20);
                    assert_eq!(error.offset, 16);
                    assert_eq!(error.kind, ErrorKind::Body { expected: 4, found: len - 16 });
                    assert_eq!(message.rebuild().unwrap_err(), error);
                    assert_eq!(message.nfgenmsg(), None);
                    continue;
                }
            };
            assert!(len >= 20);
            let items: Vec<_> = run.iter().collect();
            let error = |offset, kind| {
                let mut error = attr_error();
                (error.offset, error.kind) = (offset, kind);
                Err(error)
            };
            let mark = Ok(CtAttr::Mark(0x1234_5678));
            let expected = match len {
                20 => vec![],
                21..24 => vec![error(20, ErrorKind::AttrHeader { found: len - 20 })],
                24..28 => {
                    vec![error(20, ErrorKind::AttrLength { nla_len: 8, available: len - 20 })]
                }
                28 => vec![mark],
                29..32 => vec![mark, error(28, ErrorKind::AttrHeader { found: len - 28 })],
                32..34 => {
                    let kind = ErrorKind::AttrLength { nla_len: 6, available: len - 28 };
                    vec![mark, error(28, kind)]
                }
                // Only the padding is missing.
                _ => vec![mark, Ok(CtAttr::Zone(0x1234))],
            };
            assert_eq!(items, expected, "{len}");
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes, "{len}");
        }
    }
}

/// Returns an error in the header of a top-level attribute, whose offset and kind do not matter.
fn attr_error() -> Error {
    let bytes = message(&[0], Endian::Little);
    let message = Message::parse_with(&bytes, Endian::Little).unwrap();
    let error = message.conntrack_attrs().unwrap().iter().next().unwrap().unwrap_err();
    assert_eq!((error.offset, error.attr), (20, None));
    assert_eq!(error.set, Some(CtattrType::SPEC));
    assert_eq!(
        error.to_string(),
        "in ctattr_type at byte 20: expected an attribute header of 4 bytes, found 1"
    );
    error
}

#[test]
fn a_malformed_header_ends_only_its_nest() {
    for endian in ORDERS {
        // The `nla_len` of the second attribute in CTA_TUPLE_ORIG, which has 8 bytes.
        for nla_len in (0..4).chain([9, 0xffff]) {
            let bytes = [
                header(20, 0x8001, endian),
                leaf(6, 3, "1234 | 0000")(endian),
                header(nla_len, 2, endian),
                unhex("a1b2c3d4"),
                leaf(8, 8, "12345678")(endian),
            ]
            .concat();
            let bytes = message(&bytes, endian);
            let message = Message::parse_with(&bytes, endian).unwrap();
            let mut errors = Vec::new();
            let mut ct = Conntrack::default();
            ct.read_message(&message, |error| errors.push(error)).unwrap();
            assert_eq!((ct.orig.zone, ct.mark), (Some(0x1234), Some(0x1234_5678)));
            let [error] = errors[..] else { panic!("{errors:?}") };
            assert_eq!((error.offset, error.set, error.attr), (32, Some(CtattrTuple::SPEC), None));
            assert_eq!(error.kind, ErrorKind::AttrLength { nla_len, available: 8 });
            assert_eq!(Conntrack::try_from(message), Err(error));
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
        }
    }
}

#[test]
fn a_malformed_payload_loses_only_its_attribute() {
    for endian in ORDERS {
        let bytes = [
            leaf(8, 3, "00000008")(endian),
            [header(12, 0x8014, endian), header(7, 1, endian), unhex("112233 00")].concat(),
            leaf(6, 8, "1234 | 0000")(endian),
            leaf(8, 12, "e269d811")(endian),
            leaf(7, 22, "010203 | 00")(endian),
            leaf(6, 18, "1234 | 0000")(endian),
        ]
        .concat();
        let bytes = message(&bytes, endian);
        let message = Message::parse_with(&bytes, endian).unwrap();
        let mut errors = Vec::new();
        let mut ct = Conntrack::default();
        ct.read_message(&message, |error| errors.push(error.to_string())).unwrap();
        let expected = Conntrack {
            family: Family::IPV4,
            status: Some(Status::CONFIRMED),
            id: Some(0xe269_d811),
            zone: Some(0x1234),
            ..Conntrack::default()
        };
        assert_eq!(ct, expected);
        assert_eq!(
            errors,
            [
                "CTA_TIMESTAMP_START at byte 32: payload is 3 bytes, expected 8",
                "CTA_MARK at byte 40: payload is 2 bytes, expected 4",
                "CTA_LABELS at byte 56: payload is 3 bytes, expected a multiple of 4",
            ]
        );
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
    }
}

/// The integers of `struct nlmsgerr` are in the byte order of the machine.
#[test]
fn errors_of_the_kernel() {
    for endian in ORDERS {
        // A request of 27 bytes, which the kernel pads when it returns it.
        let request = [
            u32_bytes(27, endian).to_vec(),
            u16_bytes(0x0101, endian).to_vec(),
            u16_bytes(0x0005, endian).to_vec(),
            u32_bytes(0x0102_0304, endian).to_vec(),
            u32_bytes(0x0506_0708, endian).to_vec(),
        ]
        .concat();
        let payload = [unhex("02000000"), leaf(7, 8, "aabbcc | 00")(endian)].concat();
        let tlvs =
            [leaf(7, 1, "6e6f00 | 00")(endian), leaf(8, 2, ["14000000", "00000014"])(endian)];
        let body =
            [u32_bytes((-34_i32) as u32, endian).to_vec(), request, payload.clone()].concat();
        let answer = |flags: u16, body: &[u8]| {
            let mut bytes = u32_bytes(body.len() as u32 + 16, endian).to_vec();
            bytes.extend(u16_bytes(2, endian));
            bytes.extend(u16_bytes(flags, endian));
            bytes.extend([0; 8]);
            bytes.extend(body);
            bytes
        };
        let cases = [
            // The flags ACK_TLVS; CAPPED and ACK_TLVS; CAPPED; none.
            (0x200, [body.clone(), tlvs.concat()].concat(), payload.len(), true),
            (0x300, [body[..20].to_vec(), tlvs.concat()].concat(), 0, true),
            (0x100, body[..20].to_vec(), 0, false),
            (0x000, body.clone(), payload.len(), false),
        ];
        for (flags, body, echoed, has_details) in cases {
            let bytes = answer(flags, &body);
            let raw = RawMessage::parse(&bytes, endian).unwrap();
            let error = NlMsgErr::parse(&raw).unwrap();
            assert_eq!((error.error, error.is_ack()), (-34, false));
            let request = error.request;
            assert_eq!((request.nlmsg_len, request.nlmsg_type), (27, 0x0101));
            assert_eq!(request.nlmsg_flags, NlmFlags::REQUEST | NlmFlags::ACK);
            assert_eq!((request.nlmsg_seq, request.nlmsg_pid), (0x0102_0304, 0x0506_0708));
            assert_eq!(error.payload, &payload[..echoed]);
            assert_eq!(
                error.message().map(|text| text.to_string()),
                has_details.then(|| "no".into())
            );
            assert_eq!(error.offset(), has_details.then_some(20));
            let message = Message::parse_with(&bytes, endian).unwrap();
            assert!(matches!(message.body(), Ok(Body::Error(_))));
            assert_eq!(message.rebuild().unwrap().as_bytes(), bytes);
            // The body is too short for its fixed part.
            for len in 0..20 {
                let bytes = answer(flags, &body[..len]);
                let error = Message::parse_with(&bytes, endian).unwrap().body().unwrap_err();
                assert_eq!(error.offset, 16);
                assert_eq!(error.kind, ErrorKind::Body { expected: 20, found: len });
            }
        }
    }
}

/// Decoded structs contain every known attribute, except pad attributes.
#[test]
fn an_expectation_decodes_and_encodes() {
    for endian in ORDERS {
        let bytes = [
            [header(12, 0x8002, endian), leaf(6, 3, "1122 | 0000")(endian)].concat(),
            [header(12, 0x8003, endian), leaf(6, 3, "3344 | 0000")(endian)].concat(),
            [header(12, 0x8001, endian), leaf(6, 3, "5566 | 0000")(endian)].concat(),
            [
                header(24, 0x800a, endian),
                leaf(8, 1, "01020304")(endian),
                header(12, 0x8002, endian),
                leaf(6, 3, "7788 | 0000")(endian),
            ]
            .concat(),
            leaf(8, 4, "01020304")(endian),
            leaf(8, 5, "05060708")(endian),
            leaf(8, 8, "00000003")(endian),
            leaf(8, 9, "090a0b0c")(endian),
            leaf(8, 6, "66747000")(endian),
            leaf(22, 11, "6e61742d666f6c6c6f772d6d617374657200 | 0000")(endian),
        ]
        .concat();
        let expectation = Expectation::try_decode(attrs(&bytes, endian)).unwrap();
        assert_eq!(expectation.tuple.zone, Some(0x1122));
        assert_eq!(expectation.mask.zone, Some(0x3344));
        assert_eq!(expectation.master.zone, Some(0x5566));
        assert_eq!(expectation.nat.dir, Some(0x0102_0304));
        assert_eq!(expectation.nat.tuple.zone, Some(0x7788));
        assert_eq!(expectation.timeout, Some(0x0102_0304));
        assert_eq!(expectation.id, Some(0x0506_0708));
        assert_eq!(expectation.flags, Some(ExpectFlags::PERMANENT | ExpectFlags::INACTIVE));
        assert_eq!(expectation.class, Some(0x090a_0b0c));
        assert_eq!(expectation.help_name, Some("ftp".into()));
        assert_eq!(expectation.function, Some("nat-follow-master".into()));
        assert_eq!(written(endian, |out| expectation.write(out)).unwrap(), bytes);
    }
}
