//! The tests of each version of netlink-packet-core, whose names are in `stack`.

use super::stack::{
    EMPTY_DONE, Emitable, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable, Nla, NlaBuffer, NlasIterator, Parseable,
};
#[cfg(feature = "capture")]
use crate::common::{KERNELS, golden_dir};
use crate::common::{all, native};
use ctnetlink::attrs::{CtAttr, CtattrType};
#[cfg(feature = "capture")]
use ctnetlink::capture::Reader;
use ctnetlink::error::ErrorKind;
use ctnetlink::nested::TimestampAttr;
use ctnetlink::packet::{AdapterError, CtNetlinkMessage, NlaAttr};
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Endian, NlmFlags, RawAttr, Visitor};
use ctnetlink::{Body, Conntrack, Family, Kind, MessageBuf, MessageBuilder, MsgType, request};

type Netlink = NetlinkMessage<CtNetlinkMessage>;

fn serialized(message: &Netlink) -> Vec<u8> {
    // The initial bytes show which bytes are not written.
    let mut bytes = vec![0xee; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Returns a message in the byte order of this machine.
fn message(msg_type: MsgType, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(Endian::NATIVE.u32_bytes(16 + body.len() as u32));
    bytes.extend(Endian::NATIVE.u16_bytes(msg_type.0));
    bytes.extend([0; 10]);
    bytes.extend(body);
    bytes
}

fn attr(nla_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(Endian::NATIVE.u16_bytes(u16::try_from(4 + payload.len()).unwrap()));
    bytes.extend(Endian::NATIVE.u16_bytes(nla_type));
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn golden_messages_keep_their_bytes() {
    let mut inner = 0;
    for golden in native() {
        let place = &golden.place;
        let received = Netlink::deserialize(&golden.bytes).unwrap();
        assert_eq!(serialized(&received), golden.bytes, "{place}");
        let buf = MessageBuf::from(&received);
        assert_eq!(buf.as_bytes(), golden.bytes, "{place}");
        assert_eq!(buf.as_message(), golden.message(), "{place}");

        let mut finalized = received.clone();
        finalized.finalize();
        assert_eq!(finalized, received, "{place}");

        match received.payload {
            NetlinkPayload::InnerMessage(ref message) => {
                assert_eq!(message.as_message(), golden.message(), "{place}");
                assert_eq!(message.as_message().kind(), golden.message().kind(), "{place}");
                assert_eq!(Netlink::from(message.clone()), received, "{place}");
                inner += 1;
            }
            NetlinkPayload::Error(_) => assert!(golden.is_error(), "{place}"),
            ref other => panic!("{place}: {other:?}"),
        }
    }
    assert!(inner > 1000 || cfg!(target_endian = "big"), "{inner}");
}

/// Captures contain acknowledgements, errors and ends of dumps, which the golden messages lack.
#[cfg(feature = "capture")]
#[test]
fn captured_messages_keep_their_bytes() {
    let (mut inner, mut errors, mut dones) = (0, 0, 0);
    for kernel in KERNELS {
        let Ok(file) = std::fs::File::open(golden_dir().join(kernel).join("nlmon.pcapng")) else {
            continue;
        };
        let mut reader = Reader::new(file).unwrap();
        while let Some(packet) = reader.next_packet() {
            let packet = packet.unwrap();
            if packet.endian != Endian::NATIVE {
                continue;
            }
            for message in packet.messages() {
                let message = message.unwrap();
                let received = Netlink::deserialize(message.as_bytes()).unwrap();
                assert_eq!(serialized(&received), message.as_bytes());
                assert_eq!(MessageBuf::from(&received).as_message(), message);
                match received.payload {
                    NetlinkPayload::InnerMessage(_) => inner += 1,
                    NetlinkPayload::Error(_) => errors += 1,
                    NetlinkPayload::Done(_) => dones += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    let is_enough = inner > 1000 && errors > 10 && dones > 10;
    assert!(is_enough || cfg!(target_endian = "big"), "{inner} {errors} {dones}");
}

#[test]
fn messages_of_the_other_byte_order_are_rejected() {
    let mut refused = 0;
    for golden in all().iter().filter(|golden| golden.endian != Endian::NATIVE) {
        let message = golden.message();
        assert_eq!(CtNetlinkMessage::try_from(message), Err(AdapterError::ByteOrder));
        assert_eq!(Netlink::try_from(message.to_buf()).unwrap_err(), AdapterError::ByteOrder);
        refused += 1;
    }
    assert!(refused > 100, "{refused}");
}

/// Passes every attribute of every golden message through `NlasIterator` and `NlaAttr`.
#[test]
fn golden_attributes_keep_their_bytes() {
    struct Check(usize);

    impl<'a> Visitor<'a> for Check {
        fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
            let mut parsed = Vec::new();
            for (nla, raw) in NlasIterator::new(attrs.as_bytes()).zip(attrs.raw()) {
                let (Ok(nla), Ok(raw)) = (nla, raw) else { return };
                let attr = NlaAttr::<S>::parse(&nla).unwrap();
                assert_eq!(attr.kind(), raw.nla_type);
                assert_eq!(attr.raw(), raw);
                assert_eq!(attr.decode().ok(), S::decode(raw).ok());
                if let Ok(typed) = S::decode(raw) {
                    let written = NlaAttr::<S>::new(typed).unwrap();
                    assert_eq!(written.payload(), attr.payload());
                    S::visit_nest(&typed, self);
                }
                parsed.push(attr);
                self.0 += 1;
            }
            let parsed = parsed.as_slice();
            let mut bytes = vec![0xee; parsed.buffer_len()];
            parsed.emit(&mut bytes);
            assert_eq!(bytes, attrs.as_bytes());
        }
    }

    let mut check = Check(0);
    for golden in native().iter().filter(|golden| !golden.is_mutated()) {
        golden.message().visit(&mut check).unwrap();
    }
    assert!(check.0 > 10_000 || cfg!(target_endian = "big"), "{}", check.0);
}

/// netlink-proto drops messages that do not deserialize.
#[test]
fn damaged_messages_deserialize() {
    let mut tried = 0;
    for golden in native().iter().filter(|golden| golden.msg_type().is_ctnetlink()).step_by(7) {
        let body = &golden.bytes[16..];
        let mut check = |body: &[u8]| {
            let bytes = message(golden.msg_type(), body);
            let received = Netlink::deserialize(&bytes).unwrap();
            assert_eq!(serialized(&received), bytes, "{}", golden.place);
            let NetlinkPayload::InnerMessage(inner) = &received.payload else { panic!() };
            let _ = format!("{inner:?}");
            tried += 1;
        };
        for len in 0..body.len() {
            check(&body[..len]);
        }
        let mut damaged = body.to_vec();
        for at in 0..body.len() {
            for junk in [0, 0xff, body[at] ^ 0x80] {
                damaged[at] = junk;
                check(&damaged);
            }
            damaged[at] = body[at];
        }
    }
    assert!(tried > 10_000 || cfg!(target_endian = "big"), "{tried}");

    // Messages of other subsystems, and types below 16 that netlink-packet-core does not know.
    for msg_type in [0, 5, 15, 16, 0x00ff, 0x0108, 0x0204, 0x0a00, 0xffff] {
        for body in [&[][..], &[1, 2, 3], &[0xff; 40]] {
            let bytes = message(MsgType(msg_type), body);
            let received = Netlink::deserialize(&bytes).unwrap();
            assert_eq!(serialized(&received), bytes);
            assert_eq!(received.header.message_type, msg_type);
        }
    }
}

#[test]
fn a_malformed_attribute_is_one_error() {
    let mut body = vec![2, 0, 0, 0];
    body.extend(attr(8, &[0, 0, 0x12, 0x34])); // CTA_MARK
    body.extend(attr(3, &[1, 2])); // CTA_STATUS, too short
    body.extend(attr(18, &[2, 1])); // CTA_ZONE
    body.extend(attr(0x4000 | 99, &[1, 2, 3])); // unknown, with a flag
    body.extend([1, 0, 1, 0]); // nla_len 1 in either byte order, which is too short
    let bytes = message(MsgType::CT_NEW, &body);
    let received = Netlink::deserialize(&bytes).unwrap();
    assert_eq!(serialized(&received), bytes);
    let NetlinkPayload::InnerMessage(inner) = received.payload else { panic!() };
    let mut errors = Vec::new();
    let mut ct = Conntrack::default();
    ct.read_message(&inner.as_message(), |error| errors.push(error)).unwrap();
    assert_eq!((ct.mark, ct.status, ct.zone), (Some(0x1234), None, Some(513)));
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].to_string(), "CTA_STATUS at byte 28: payload is 2 bytes, expected 4");
    assert!(matches!(errors[1].kind, ErrorKind::AttrLength { .. }));

    // A body too short for an nfgenmsg deserializes, and is an error when it is decoded.
    let received = Netlink::deserialize(&message(MsgType::CT_NEW, &[2, 0])).unwrap();
    let NetlinkPayload::InnerMessage(inner) = received.payload else { panic!() };
    assert_eq!(inner.as_message().kind(), Kind::Update);
    let error = inner.as_message().conntrack_attrs().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Body { expected: 4, found: 2 });

    // The malformed attribute can be passed on, and is an error when it is decoded.
    let bytes = attr(3, &[1, 2]);
    let status = NlaAttr::<CtattrType>::parse(&NlaBuffer::new(&bytes)).unwrap();
    assert_eq!(status.decode().unwrap_err().to_string(), errors[0].to_string().replace("28", "0"));
    let mut out = vec![0xee; status.buffer_len()];
    status.emit(&mut out);
    assert_eq!(out, bytes);
}

#[test]
fn values_that_are_too_long_are_rejected() {
    let bytes = vec![0x5a; 70_000];
    let raw = |len: usize| RawAttr {
        offset: 0,
        nla_type: 99,
        endian: Endian::NATIVE,
        payload: &bytes[..len],
        padding: &[],
    };
    // netlink-packet-core panics from 65,532 on: "attempt to add with overflow" or in slicing.
    for len in [0, 1, 65_528, 65_529, 65_530, 65_531] {
        for nla in
            [NlaAttr::<CtattrType>::from_raw(raw(len)), NlaAttr::new(CtAttr::Unknown(raw(len)))]
        {
            let nla = nla.unwrap();
            assert_eq!(nla.value_len(), len);
            let mut out = vec![0xee; nla.buffer_len()];
            nla.emit(&mut out);
            assert_eq!(out, attr(99, &bytes[..len]));
            let parsed = NlaAttr::parse(&NlaBuffer::new(&out)).unwrap();
            assert_eq!(nla, parsed);
        }
    }
    for len in [65_532, 65_533, 65_535, 65_536, 70_000] {
        let too_long = ErrorKind::TooLong { limit: 65_535, needed: len + 4 };
        let nest = Attrs::new(&bytes[..len], Endian::NATIVE);
        for nla in [
            NlaAttr::<CtattrType>::from_raw(raw(len)),
            NlaAttr::new(CtAttr::Unknown(raw(len))),
            NlaAttr::new(CtAttr::TupleOrig(nest)),
        ] {
            let Err(AdapterError::Attr(error)) = nla else { panic!("{len}: {nla:?}") };
            assert_eq!(error.kind, too_long);
        }
    }

    // A message that other crates deserialize and panic on when they serialize it: CTA_TUPLE_ORIG of
    // 65,535 bytes whose last nested attribute is not aligned.
    let mut nest = attr(99, &bytes[..65_000]);
    nest.extend(Endian::NATIVE.u16_bytes(65_531 - 65_004));
    nest.extend(Endian::NATIVE.u16_bytes(98));
    nest.resize(65_531, 0);
    let mut body = vec![2, 0, 0, 0];
    body.extend(attr(0x8001, &nest));
    let bytes = message(MsgType::CT_NEW, &body);
    let received = Netlink::deserialize(&bytes).unwrap();
    assert_eq!(serialized(&received), bytes);
    let nla = NlaAttr::<CtattrType>::parse(&NlaBuffer::new(&body[4..])).unwrap();
    assert!(nla.is_nested());
    let mut out = vec![0xee; nla.buffer_len()];
    nla.emit(&mut out);
    assert_eq!(out, body[4..]);
}

#[test]
fn flags_are_kept_or_rejected() {
    for number in [1_u16, 8, 20, 99, 0x3fff] {
        for (flags, is_nested, is_net) in
            [(0, false, false), (0x8000, true, false), (0x4000, false, true)]
        {
            let bytes = attr(number | flags, &[1, 2, 3]);
            let nla = NlaAttr::<CtattrType>::parse(&NlaBuffer::new(&bytes)).unwrap();
            assert_eq!(nla.kind(), number | flags);
            assert_eq!((nla.is_nested(), nla.is_network_byteorder()), (is_nested, is_net));
            let mut out = vec![0xee; nla.buffer_len()];
            nla.emit(&mut out);
            assert_eq!(out, bytes);
        }
        // It would be emitted as another attribute, so it is rejected.
        let nla_type = number | 0xc000;
        let both = attr(nla_type, &[1, 2, 3]);
        let error = NlaAttr::<CtattrType>::parse(&NlaBuffer::new(&both)).unwrap_err();
        let refused = AdapterError::BothFlags { nla_type };
        assert!(error.to_string().contains(&refused.to_string()), "{error}");
        let raw = Attrs::<CtattrType>::new(&both, Endian::NATIVE).raw().next().unwrap().unwrap();
        assert_eq!(NlaAttr::<CtattrType>::from_raw(raw).unwrap_err(), refused);
        // A message with such an attribute still deserializes.
        let body = [&[2, 0, 0, 0][..], &both].concat();
        let bytes = message(MsgType::CT_NEW, &body);
        assert_eq!(serialized(&Netlink::deserialize(&bytes).unwrap()), bytes);
    }
    assert!(NlaAttr::<CtattrType>::new(CtAttr::Timestamp(Attrs::empty())).unwrap().is_nested());
    assert!(!NlaAttr::<CtattrType>::new(CtAttr::Mark(1)).unwrap().is_network_byteorder());
}

#[test]
fn attributes_of_the_other_byte_order_are_rejected() {
    let swapped = Endian::NATIVE.swapped();
    let times = AttrsBuf::build(swapped, |out| out.put(TimestampAttr::Start(1))).unwrap();
    let nest = CtAttr::Timestamp(times.as_attrs());
    assert_eq!(NlaAttr::<CtattrType>::new(nest), Err(AdapterError::ByteOrder));
    let raw = RawAttr { offset: 0, nla_type: 8, endian: swapped, payload: &[0; 4], padding: &[] };
    assert_eq!(NlaAttr::<CtattrType>::from_raw(raw), Err(AdapterError::ByteOrder));
}

#[test]
fn incomplete_headers_are_errors() {
    for bytes in
        [&[][..], &[8], &[8, 0, 8], &[3, 3, 8, 0], &[0, 0, 0, 0], &[9, 9, 8, 0, 1, 2, 3, 4]]
    {
        // `NlaBuffer::new` does not check the length.
        assert!(NlaAttr::<CtattrType>::parse(&NlaBuffer::new(bytes)).is_err(), "{bytes:?}");
    }
}

/// The length field is public, and netlink-packet-core slices the buffer with it.
#[test]
fn a_buffer_of_another_length_causes_no_panic() {
    let entry = MessageBuilder::new(MsgType::CT_NEW, Family::IPV4)
        .build::<CtattrType>(|out| out.put(CtAttr::Mark(7)))
        .unwrap();
    let sent = Netlink::try_from(entry.clone()).unwrap();
    assert_eq!(serialized(&sent), entry.as_bytes());
    for length in 16..40 {
        let mut sent = sent.clone();
        sent.header.length = length;
        let mut bytes = vec![0xee; 40];
        sent.serialize(&mut bytes);
        let written = (length as usize).min(entry.as_bytes().len());
        assert_eq!(bytes[16..written], entry.as_bytes()[16..written]);
    }
    let NetlinkPayload::InnerMessage(inner) = &sent.payload else { panic!() };
    NetlinkSerializable::serialize(inner, &mut []);
    let nla = NlaAttr::<CtattrType>::new(CtAttr::Mark(7)).unwrap();
    nla.emit_value(&mut []);
    nla.emit_value(&mut [0; 9]);
}

#[test]
fn requests_keep_their_header() {
    let dump = request::dump(&request::Selector::default()).with_seq(77);
    let sent = Netlink::try_from(dump.clone()).unwrap();
    assert_eq!(sent.header.length, 20);
    assert_eq!(sent.header.message_type, MsgType::CT_GET.0);
    assert_eq!(sent.header.flags, (NlmFlags::REQUEST | NlmFlags::DUMP).bits());
    assert_eq!(sent.header.sequence_number, 77);
    assert_eq!(serialized(&sent), dump.as_bytes());

    // The steps of netlink-proto: set the number, finalize, serialize.
    let mut sent = sent;
    sent.header.sequence_number = 5;
    sent.finalize();
    let received = Netlink::deserialize(&serialized(&sent)).unwrap();
    assert_eq!(received, sent);
    assert_eq!(MessageBuf::from(&received).as_message().header().nlmsg_seq, 5);

    // The length in the header differs from that of the payload.
    let mut header = NetlinkHeader::default();
    header.message_type = MsgType::CT_DELETE.0;
    header.length = 3;
    let inner = CtNetlinkMessage::deserialize(&header, &[2, 0, 0, 0]).unwrap();
    assert_eq!(inner.as_message().as_bytes().len(), 20);
    assert_eq!(inner.as_message().header().nlmsg_len, 20);
    assert_eq!(MessageBuf::from(inner.clone()).as_message(), inner.as_message());
}

/// Control messages, which netlink-packet-core decodes itself, convert back to messages.
#[test]
fn control_messages_become_messages() {
    let mut body = (-22_i32).to_ne_bytes().to_vec();
    let mut request = message(MsgType::CT_NEW, &[2, 0, 0, 0]);
    body.append(&mut request);
    body.extend(attr(1, b"no tuple\0"));
    let mut bytes = message(MsgType::ERROR, &body);
    bytes[6..8].copy_from_slice(&Endian::NATIVE.u16_bytes(NlmFlags::ACK_TLVS.bits()));
    let received = Netlink::deserialize(&bytes).unwrap();
    assert!(matches!(received.payload, NetlinkPayload::Error(_)));
    let buf = MessageBuf::from(&received);
    assert_eq!(buf.as_bytes(), bytes);
    let Body::Error(error) = buf.as_message().body().unwrap() else { panic!() };
    assert_eq!((error.error, error.request.nlmsg_type), (-22, MsgType::CT_NEW.0));
    assert_eq!(error.message().unwrap().as_bytes(), b"no tuple");

    let overrun = message(MsgType::OVERRUN, &[1, 2, 3]);
    let received = Netlink::deserialize(&overrun).unwrap();
    assert_eq!(MessageBuf::from(&received).as_bytes(), overrun);

    let noop = Netlink::deserialize(&message(MsgType::NOOP, &[1, 2, 3, 4])).unwrap();
    assert_eq!(MessageBuf::from(&noop).as_bytes(), message(MsgType::NOOP, &[]));

    let done = Netlink::deserialize(&message(MsgType::DONE, &[]));
    assert_eq!(done.is_ok(), EMPTY_DONE);
    if let Ok(done) = done {
        assert_eq!(MessageBuf::from(&done).as_bytes(), message(MsgType::DONE, &[0; 4]));
    }
}
