//! The longest attributes and nested attributes.

use crate::bytes::{ATTRS, ORDERS, attrs, header, leaf, written};
use ctnetlink::attrs::{CtAttr, CtattrType};
use ctnetlink::error::{Error, ErrorKind};
use ctnetlink::flat::Record;
use ctnetlink::nested::{CtattrHelp, HelpAttr};
use ctnetlink::wire::{AttrsBuf, NulStr, RawAttr};
use ctnetlink::{Conntrack, Family, Message, MessageBuilder, MsgType};

fn too_long(error: Error) -> (usize, Option<&'static str>, usize) {
    let ErrorKind::TooLong { limit: 65_535, needed } = error.kind else { panic!("{error}") };
    (error.offset, error.attr.map(|attr| attr.name), needed)
}

#[test]
fn the_longest_attribute() {
    let data: Vec<u8> = (0..=u16::MAX).map(|n| (n % 251) as u8).collect();
    for endian in ORDERS {
        for (len, padding) in [(65_528, 0), (65_529, 3), (65_530, 2), (65_531, 1)] {
            let bytes = written::<CtattrHelp>(endian, |out| {
                out.put(HelpAttr::Name("ftp".into()));
                out.put(HelpAttr::Info(&data[..len]));
                out.put(HelpAttr::Name("end".into()));
            });
            let expected = [
                leaf(8, 1, "66747000")(endian),
                header(len as u16 + 4, 2, endian),
                data[..len].to_vec(),
                vec![0; padding],
                leaf(8, 1, "656e6400")(endian),
            ];
            let bytes = bytes.unwrap();
            assert!(bytes == expected.concat(), "{len}");
            let run = attrs::<CtattrHelp>(&bytes, endian);
            let values: Vec<_> = run.iter().map(Result::unwrap).collect();
            assert!(
                matches!(values[..], [HelpAttr::Name(_), HelpAttr::Info(info), HelpAttr::Name(_)] if info == &data[..len])
            );
            assert!(written::<CtattrHelp>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        }

        // An attribute with one more byte is left out, and the first such error is returned.
        let error = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name("ftp".into()));
            let before = out.offset();
            out.put(HelpAttr::Info(&data[..65_532]));
            assert_eq!(out.offset(), before, "left out completely");
            out.put(HelpAttr::Name("end".into()));
            assert_eq!(out.offset(), before + 8, "the rest is written");
            out.put(HelpAttr::Info(&data[..65_535]));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS + 8, Some("CTA_HELP_INFO"), 65_536));
        let error = AttrsBuf::<CtattrHelp>::build(endian, |out| {
            out.put(HelpAttr::Info(&data[..65_535]));
        });
        assert_eq!(too_long(error.unwrap_err()), (0, Some("CTA_HELP_INFO"), 65_539));

        // The NUL adds one byte to a string.
        let text = "x".repeat(65_531);
        let longest = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name(NulStr::from(&text[1..])));
        });
        assert_eq!(longest.unwrap().len(), 65_536);
        let error = written::<CtattrHelp>(endian, |out| {
            out.put(HelpAttr::Name(NulStr::from(&*text)));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS, Some("CTA_HELP_NAME"), 65_536));

        // Undecoded attributes have the same limit.
        let raw =
            RawAttr { offset: 0, nla_type: 99, endian, payload: &data[..65_532], padding: &[] };
        let error = written::<CtattrType>(endian, |out| {
            out.put(CtAttr::Mark(1));
            out.put(CtAttr::Unknown(raw));
        });
        assert_eq!(too_long(error.unwrap_err()), (ATTRS + 8, None, 65_536));
    }
}

#[test]
fn the_longest_nest() {
    let data: Vec<u8> = (0..=u16::MAX).map(|n| (n % 251) as u8).collect();
    for endian in ORDERS {
        let nest = |lens: &[usize]| {
            written::<CtattrType>(endian, |out| {
                out.put(CtAttr::Mark(0x1234_5678));
                out.nest(CtAttr::Help, |out| {
                    for &len in lens {
                        out.put(HelpAttr::Info(&data[..len]));
                    }
                });
                out.put(CtAttr::Zone(0x1234));
            })
        };
        // The length includes the padding inside: 65,532 is the largest multiple of 4.
        for lens in [&[65_524][..], &[65_523], &[32_756, 32_764], &[0; 16_382]] {
            let bytes = nest(lens).unwrap();
            assert_eq!(bytes.len(), 8 + 65_532 + 8, "{:?}", &lens[..lens.len().min(3)]);
            assert_eq!(bytes[8..12], header(65_532, 0x8005, endian));
            let run = attrs::<CtattrType>(&bytes, endian);
            assert_eq!(run.iter().filter_map(Result::ok).count(), 3);
            assert!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        }
        // Each inner attribute fits, but their sum does not. The error of an inner attribute that is
        // too long comes before that of its nest.
        let sums =
            [(&[32_757, 32_764][..], 65_536), (&[65_525], 65_536), (&[40_000, 40_000], 80_012)];
        for (lens, needed) in sums {
            let error = nest(lens).unwrap_err();
            assert_eq!(too_long(error), (ATTRS + 8, Some("CTA_HELP"), needed));
        }
        let error = nest(&[65_532]).unwrap_err();
        assert_eq!(too_long(error), (ATTRS + 12, Some("CTA_HELP_INFO"), 65_536));

        // The kernel sends no nest of 65,535 bytes, whose last attribute lacks padding; it decodes.
        let mut bytes = header(65_535, 0x8005, endian);
        bytes.extend(header(65_531, 2, endian));
        bytes.extend(&data[..65_527]);
        bytes.push(0x5a);
        bytes.extend(leaf(8, 8, "12345678")(endian));
        let run = attrs::<CtattrType>(&bytes, endian);
        let ct = Conntrack::try_decode(run).unwrap();
        assert_eq!(ct.help.info.as_deref(), Some(&data[..65_527]));
        assert_eq!(ct.mark, Some(0x1234_5678));
        assert!(written::<CtattrType>(endian, |out| run.rebuild(out)).unwrap() == bytes);
        // Re-encoding the decoded struct would add the padding, which does not fit.
        let error = written(endian, |out| ct.write(out)).unwrap_err();
        assert_eq!(too_long(error), (ATTRS, Some("CTA_HELP"), 65_536));
    }
}

#[test]
fn a_message_may_be_longer_than_an_attribute() {
    let data = vec![0x77; 60_000];
    let builder = MessageBuilder::new(MsgType::CT_NEW, Family::IPV4);
    let message = builder.build::<CtattrType>(|out| {
        for _ in 0..20 {
            out.nest(CtAttr::Help, |out| out.put(HelpAttr::Info(&data)));
        }
    });
    let message = message.unwrap();
    assert_eq!(message.as_bytes().len(), 20 + 20 * (4 + 4 + 60_000));
    let parsed = Message::parse(message.as_bytes()).unwrap();
    assert_eq!(parsed.conntrack_attrs().unwrap().iter().filter_map(Result::ok).count(), 20);
    assert!(parsed.rebuild().unwrap().as_bytes() == message.as_bytes());
}
