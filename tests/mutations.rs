//! Decodes golden messages that are truncated, changed or nested too deeply.

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use common::{all, sample};
use ctnetlink::error::ErrorKind;
use ctnetlink::wire::{AttrSet as _, Endian, NLA_HDRLEN, RawAttr};
use ctnetlink::{Conntrack, Message, MsgType};
use oracle::{Errors, survives};

#[test]
fn every_prefix_leads_to_an_error_or_identical_bytes() {
    for golden in all().iter().step_by(sample()) {
        for len in 0..golden.bytes.len() {
            let prefix = &golden.bytes[..len];
            // The length in the header is larger than the prefix.
            let error = Message::parse_with(prefix, golden.endian).unwrap_err();
            let expected = match len {
                0..16 => ErrorKind::MessageHeader { found: len },
                _ => ErrorKind::MessageLength {
                    nlmsg_len: golden.bytes.len() as u32,
                    available: len,
                },
            };
            assert_eq!((error.offset, error.kind), (0, expected));
            // The length in the header is that of the prefix.
            if len >= 16 {
                let mut message = prefix.to_vec();
                message[..4].copy_from_slice(&golden.endian.u32_bytes(len as u32));
                survives(&message, golden.endian, len % 7 == 0).unwrap();
            }
        }
    }
}

#[test]
fn every_length_leads_to_an_error_or_identical_bytes() {
    let mut tried = 0_u64;
    for (n, golden) in all().iter().enumerate().step_by(sample()) {
        let mut fields = Errors::default();
        golden.message().visit(&mut fields).unwrap();
        let mut message = golden.bytes.clone();
        for at in fields.lengths {
            let field = [message[at], message[at + 1]];
            let own = golden.endian.u16(field);
            let near = (own.saturating_sub(5)..=own + 5).chain([message.len() as u16]);
            let special = [0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffb, 0xfffc, 0xffff];
            for len in (0..=24).chain(near).chain(special) {
                message[at..at + 2].copy_from_slice(&golden.endian.u16_bytes(len));
                tried += 1;
                survives(&message, golden.endian, (n as u64 + tried) % 16 == 0).unwrap();
            }
            message[at..at + 2].copy_from_slice(&field);
        }
        for len in
            (0..=40).chain([message.len() as u32 + 1, 0xffff, 0x1_0000, 0x8000_0000, u32::MAX])
        {
            message[..4].copy_from_slice(&golden.endian.u32_bytes(len));
            survives(&message, golden.endian, true);
            survives(&message, golden.endian.swapped(), true);
        }
    }
    assert!(tried > 1_000_000 / sample() as u64, "{tried}");
}

#[test]
fn every_changed_byte_leads_to_an_error_or_identical_bytes() {
    for (n, golden) in all().iter().enumerate().step_by(5 * sample()) {
        let mut message = golden.bytes.clone();
        for at in 4..message.len() {
            for flip in [0x01, 0x80, 0xff] {
                message[at] ^= flip;
                survives(&message, golden.endian, (n + at) % 8 == 0).unwrap();
                message[at] ^= flip;
            }
        }
    }
}

/// Returns a message with these attributes.
fn message_of(attrs: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    bytes[..4].copy_from_slice(&(20 + attrs.len() as u32).to_le_bytes());
    bytes[4..6].copy_from_slice(&MsgType::CT_NEW.0.to_le_bytes());
    bytes[16] = 2;
    bytes.extend_from_slice(attrs);
    bytes
}

#[test]
fn nests_a_thousand_levels_deep_are_decoded() {
    // The numbers are those of nests in any set, and one that is never a nest.
    for number in [1_u16, 2, 3, 4, 5, 10, 20, 99] {
        let mut attrs = Vec::new();
        for _ in 0..1000 {
            let mut outer = Vec::new();
            outer.extend_from_slice(&(attrs.len() as u16 + 4).to_le_bytes());
            outer.extend_from_slice(&(number | 0x8000).to_le_bytes());
            outer.extend_from_slice(&attrs);
            attrs = outer;
        }
        assert_eq!(attrs.len(), 4000);
        survives(&message_of(&attrs), Endian::Little, true).unwrap();
    }
}

#[test]
fn attributes_of_the_maximum_length_are_decoded() {
    for number in 0..=28_u16 {
        for nested in [0, 0x8000] {
            let mut attrs = vec![0xa5; 0x1_0000];
            attrs[..2].copy_from_slice(&0xffff_u16.to_le_bytes());
            attrs[2..4].copy_from_slice(&(number | nested).to_le_bytes());
            attrs.extend_from_slice(&[8, 0, 8, 0, 0x12, 0x34, 0x56, 0x78]);
            let message = message_of(&attrs);
            survives(&message, Endian::Little, true).unwrap();
            // The attribute after the long one is decoded.
            let message = Message::parse_with(&message, Endian::Little).unwrap();
            if number != 8 {
                let ct = message.conntrack().unwrap();
                assert_eq!(ct.mark, Some(0x1234_5678), "{number}");
            }
        }
    }
}

#[test]
fn an_error_names_its_attribute_and_does_not_affect_others() {
    // Each attribute of each golden message in turn loses the last byte of its payload.
    let mut named = 0;
    for golden in all().iter().filter(|golden| golden.is_from_kernel()).step_by(3) {
        let Ok(attrs) = golden.message().conntrack_attrs() else { continue };
        let raw: Vec<RawAttr<'_>> = attrs.raw().map(Result::unwrap).collect();
        let whole = Conntrack::try_from(golden.message()).unwrap();
        for (n, attr) in raw.iter().enumerate() {
            if attr.is_nested() || attr.payload.is_empty() || attr.number() == 22 {
                continue;
            }
            // The payload and its padding are unchanged, but the length is one less.
            let mut bytes = golden.bytes.clone();
            let nla_len = (NLA_HDRLEN + attr.payload.len() - 1) as u16;
            bytes[attr.offset..attr.offset + 2].copy_from_slice(&golden.endian.u16_bytes(nla_len));
            let message = Message::parse_with(&bytes, golden.endian).unwrap();
            if attr.payload.len() % 4 == 1 {
                continue;
            }
            let mut errors = Vec::new();
            let mut ct = Conntrack::default();
            ct.read_message(&message, |error| errors.push(error)).unwrap();
            let [error] = errors[..] else { panic!("{}: {errors:?}", golden.place) };
            assert_eq!(error.offset, attr.offset);
            let spec = ctnetlink::attrs::CtattrType::SPEC.get(attr.number()).unwrap();
            assert_eq!(error.attr, Some(spec));
            let (expected, found) = (attr.payload.len(), attr.payload.len() - 1);
            assert_eq!(error.kind, ErrorKind::PayloadLength { expected, found });
            // All other attributes are decoded.
            let again = message.conntrack_attrs().unwrap().iter().filter_map(Result::ok).count();
            assert_eq!(again, raw.len() - 1, "{} attribute {n}", golden.place);
            assert_eq!((&ct.orig, &ct.reply), (&whole.orig, &whole.reply));
            named += 1;
        }
    }
    assert!(named > 1000, "{named}");
}
