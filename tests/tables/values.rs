//! Numbers, names, flags, padding and strings that no row covers.

use crate::bytes::{ATTRS, ORDERS, attrs, header, leaf, text_of, unhex, written};
use crate::row::{every_direction, payload_of};
use ctnetlink::Conntrack;
use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::{Labels, Record};
use ctnetlink::nested::*;
use ctnetlink::wire::{AttrSet, Endian, HostBits, NulStr, RawAttr};

/// Number 3 without a payload, at the top level, is the pad attribute before `CTA_TIMESTAMP_EVENT`.
#[test]
fn an_empty_status_is_a_pad_attribute() {
    for endian in ORDERS {
        let bytes = leaf(4, 3, "")(endian).leak();
        every_direction::<CtattrType>("pad", bytes, endian, CtAttr::TimestampEventPad);
        assert_eq!(CtattrType::payload_len(&CtAttr::TimestampEventPad), 0);
        assert_eq!(text_of::<CtattrType>(&CtAttr::TimestampEventPad), "");
        assert_eq!(CtattrType::SPEC.get_for(3, &[]).unwrap().name, "CTA_TIMESTAMP_PAD");
        assert_eq!(CtattrType::SPEC.get_for(3, &[0; 4]).unwrap().name, "CTA_STATUS");

        // It does not remove an earlier status.
        let bytes = [leaf(8, 3, "0000018e")(endian), bytes.to_vec()].concat();
        let ct = Conntrack::try_decode(attrs(&bytes, endian)).unwrap();
        assert_eq!(ct.status, Some(Status::from_bits_retain(0x18e)));
        let ct = Conntrack::try_decode(attrs(&bytes[8..], endian)).unwrap();
        assert_eq!(ct.status, None);
    }
}

#[test]
fn numbers_without_a_name_are_kept() {
    let values: [(&str, CtAttr<'static>); 3] = [
        ("0000018e", CtAttr::Status(Status::from_bits_retain(0x18e))),
        ("ffffffff", CtAttr::Status(Status::from_bits_retain(0xffff_ffff))),
        ("00000000", CtAttr::Status(Status::empty())),
    ];
    for (digits, value) in values {
        for endian in ORDERS {
            let bytes = [header(8, 3, endian), unhex(digits)].concat().leak();
            every_direction::<CtattrType>(digits, bytes, endian, value);
        }
    }
    for number in 0..=255_u8 {
        for endian in ORDERS {
            let bytes = [header(5, 1, endian), vec![number, 0, 0, 0]].concat().leak();
            let tcp = ProtoInfoTcpAttr::State(TcpState(number));
            every_direction::<CtattrProtoinfoTcp>("state", bytes, endian, tcp);
            let sctp = ProtoInfoSctpAttr::State(SctpState(number));
            every_direction::<CtattrProtoinfoSctp>("state", bytes, endian, sctp);
            let proto = L4ProtoAttr::Num(IpProto(number));
            every_direction::<CtattrL4proto>("proto", bytes, endian, proto);
        }
    }
    assert_eq!(TcpState(200).to_string(), "200");
    assert_eq!(IpProto(253).to_string(), "253");
}

#[test]
fn attributes_without_a_name_are_kept() {
    for endian in ORDERS {
        // 0 is CTA_UNSPEC, 28 the first number without a name, 0x3fff the highest number.
        for number in [0, 28, 99, 0x3fff] {
            for len in 0..=9_u16 {
                let mut bytes = header(len + 4, number, endian);
                bytes.extend((1..=len).map(|n| n as u8 | 0xc0));
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                let bytes = &*bytes.leak();
                let raw = RawAttr {
                    offset: ATTRS,
                    nla_type: number,
                    endian,
                    payload: payload_of(bytes, endian),
                    padding: &bytes[usize::from(len) + 4..],
                };
                every_direction::<CtattrType>("unknown", bytes, endian, CtAttr::Unknown(raw));
                assert_eq!(CtattrType::payload_len(&CtAttr::Unknown(raw)), usize::from(len));
            }
        }
        let bytes = leaf(7, 99, "f1e2d3 | 00")(endian).leak();
        let Some(Ok(attr)) = attrs::<CtattrType>(bytes, endian).iter().next() else { panic!() };
        assert_eq!(text_of::<CtattrType>(&attr), "f1e2d3");
    }
}

/// Flags and padding that no kernel writes, but that requests may contain.
#[test]
fn unusual_flags_and_padding_re_encode() {
    for endian in ORDERS {
        // CTA_TUPLE_ORIG { CTA_TUPLE_ZONE } without NLA_F_NESTED, as old libraries send it. The zone has
        // NLA_F_NET_BYTEORDER, and its padding is not zero.
        let zone = [header(6, 0x4003, endian), unhex("1234 dead")].concat();
        let bytes = [header(12, 0x0001, endian), zone.clone()].concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        let Some(Ok(CtAttr::TupleOrig(tuple))) = run.iter().next() else { panic!("{run:?}") };
        assert_eq!(tuple.offset(), ATTRS + 4);
        assert_eq!(tuple.iter().collect::<Vec<_>>(), [Ok(TupleAttr::Zone(0x1234))]);
        let raw = tuple.raw().next().unwrap().unwrap();
        assert_eq!((raw.number(), raw.is_nested(), raw.offset), (3, false, ATTRS + 4));
        assert!(raw.framing().is_net_byteorder());
        assert_eq!(raw.padding, [0xde, 0xad]);
        assert_eq!(Conntrack::try_decode(run).unwrap().orig.zone, Some(0x1234));

        // `rebuild` keeps all of it; `put` sets NLA_F_NESTED and copies the inner attributes.
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let put = written::<CtattrType>(endian, |out| out.put(CtAttr::TupleOrig(tuple)));
        assert_eq!(put.unwrap(), [header(12, 0x8001, endian), zone].concat());

        // Both flags, on an attribute without nested ones and on a number without a name.
        let bytes = [
            [header(8, 0xc008, endian), unhex("12345678")].concat(),
            [header(5, 0xc063, endian), unhex("77 99887766")[..4].to_vec()].concat(),
        ]
        .concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        assert_eq!(run.iter().next(), Some(Ok(CtAttr::Mark(0x1234_5678))));
        assert!(matches!(run.iter().nth(1), Some(Ok(CtAttr::Unknown(raw))) if raw.number() == 99));
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        let put = written::<CtattrType>(endian, |out| out.put(CtAttr::Mark(0x1234_5678)));
        assert_eq!(put.unwrap(), leaf(8, 8, "12345678")(endian));
    }
}

/// The last attribute of a message or nest may lack its padding or a part of it.
#[test]
fn missing_padding_is_not_added() {
    for endian in ORDERS {
        for padding in 0..=2 {
            let zone = [header(6, 18, endian), unhex("1234 0000")[..2 + padding].to_vec()].concat();
            let run = attrs::<CtattrType>(&zone, endian);
            assert_eq!(run.iter().collect::<Vec<_>>(), [Ok(CtAttr::Zone(0x1234))]);
            assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), zone);

            // In a nest that another attribute follows, at its aligned offset.
            let inner = [header(6, 3, endian), unhex("1234 0000")[..2 + padding].to_vec()].concat();
            let mut bytes = [header(inner.len() as u16 + 4, 0x8001, endian), inner].concat();
            bytes.resize(12, 0x5a);
            bytes.extend(leaf(8, 8, "12345678")(endian));
            let run = attrs::<CtattrType>(&bytes, endian);
            let ct = Conntrack::try_decode(run).unwrap();
            assert_eq!((ct.orig.zone, ct.mark), (Some(0x1234), Some(0x1234_5678)));
            assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
        }
    }
}

#[test]
fn strings_keep_the_bytes_from_their_nul_on() {
    for endian in ORDERS {
        // Linux 2.6.24 sent no NUL; a sender of a whole buffer of 16 bytes sends several.
        let tails = ["667470", "66747000", "6674700000", "66747000 78797a", "00", ""];
        for digits in tails {
            let payload = unhex(digits);
            let mut bytes = header(payload.len() as u16 + 4, 1, endian);
            bytes.extend(&payload);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            let bytes = &*bytes.leak();
            let value = HelpAttr::Name(NulStr::from_payload(payload.leak()));
            every_direction::<CtattrHelp>(digits, bytes, endian, value);
            let HelpAttr::Name(name) = value else { panic!() };
            let expected: &[u8] = if digits.starts_with('6') { b"ftp" } else { b"" };
            assert_eq!(name.as_bytes(), expected);
        }
        // Bytes that are not UTF-8, and a NUL in the argument of the constructor.
        let bytes = leaf(8, 1, "61ff6200")(endian).leak();
        let value = HelpAttr::Name(NulStr::new(b"a\xffb\0c"));
        every_direction::<CtattrHelp>("a\\xffb", bytes, endian, value);
        assert_eq!(text_of::<CtattrHelp>(&value), r#""a\xffb""#);
    }
}

#[test]
fn labels_of_other_lengths_and_machines() {
    // Labels 3 and 64, in the memory of machines of both byte orders.
    let little = unhex("0800000000000000 0100000000000000").leak();
    let big = unhex("0000000000000008 0000000000000001").leak();
    for (endian, memory) in [(Endian::Little, &*little), (Endian::Big, &*big)] {
        for (from, bits) in [(Endian::Little, &*little), (Endian::Big, &*big)] {
            let value = CtAttr::Labels(HostBits::new(bits, from).unwrap());
            assert_eq!(text_of::<CtattrType>(&value), "3,64");
            // A value from one machine, encoded for another one.
            let bytes = [header(20, 22, endian), memory.to_vec()].concat();
            assert_eq!(written::<CtattrType>(endian, |out| out.put(value)).unwrap(), bytes);
            let ct = Conntrack::try_decode(attrs(&bytes, endian)).unwrap();
            assert_eq!(ct.labels, Some(Labels::from_bits(1 << 64 | 1 << 3)));
            let again = written(endian, |out| ct.write(out)).unwrap();
            assert_eq!(again, bytes);
        }
    }
    // Kernels before Linux 4.9 send 8 bytes, those of 32-bit machines 4. Requests of 4 bytes set the upper half of a
    // big-endian word of 8 bytes.
    let short = [
        (Endian::Little, "0800000000000000", 3),
        (Endian::Big, "0000000000000008", 3),
        (Endian::Little, "00000080", 31),
        (Endian::Big32, "80000000", 31),
        (Endian::Big, "80000000", 63),
    ];
    for (endian, digits, label) in short {
        let payload = unhex(digits);
        let bytes = [header(payload.len() as u16 + 4, 22, endian), payload].concat();
        let run = attrs::<CtattrType>(&bytes, endian);
        let ct = Conntrack::try_decode(run).unwrap();
        assert_eq!(ct.labels.unwrap().iter().collect::<Vec<_>>(), [label], "{digits}");
        assert_eq!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap(), bytes);
    }
}
