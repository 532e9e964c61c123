//! Checks of one attribute: decoding, encoding, re-encoding, text, wrong lengths.

use crate::bytes::{ATTRS, ORDERS, attrs, header, text_of, written};
use ctnetlink::error::ErrorKind;
use ctnetlink::spec::{Form, SetSpec};
use ctnetlink::wire::{AttrSet, Attrs, Endian};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// The checked attributes of one set, none of which may be missing at the end.
pub(crate) struct Table<S> {
    rows: BTreeSet<&'static str>,
    set: PhantomData<S>,
}

impl<S: AttrSet> Table<S> {
    pub(crate) fn new() -> Self {
        Self { rows: BTreeSet::new(), set: PhantomData }
    }

    /// Checks an attribute whose value does not depend on the machine.
    pub(crate) fn row(
        &mut self,
        name: &'static str,
        bytes: impl Fn(Endian) -> Vec<u8>,
        value: S::Attr<'static>,
        text: &str,
    ) {
        self.row_by(name, bytes, |_, _| value, text);
    }

    /// Checks a nested attribute, by an attribute inside it.
    pub(crate) fn nest<T: AttrSet>(
        &mut self,
        name: &'static str,
        [nla_len, nla_type]: [u16; 2],
        variant: fn(Attrs<'static, T>) -> S::Attr<'static>,
        child: impl Fn(Endian) -> Vec<u8>,
        child_value: impl Fn(Endian) -> T::Attr<'static>,
    ) {
        let form = S::SPEC.attrs.iter().find(|attr| attr.name == name).map(|attr| attr.form);
        assert_eq!(form, Some(Form::Nest(T::SPEC)), "{name}");
        for endian in ORDERS {
            let inner = child(endian).leak();
            let children: Vec<_> = attrs::<T>(inner, endian).iter().collect();
            assert_eq!(children, [Ok(child_value(endian))], "{name} {endian:?}");
            let built = written::<S>(endian, |out| {
                out.nest(variant, |out| {
                    assert_eq!(out.offset(), ATTRS + 4);
                    out.put(child_value(endian));
                });
            });
            let expected = [header(nla_len, nla_type, endian), inner.to_vec()].concat();
            assert_eq!(built.unwrap(), expected, "{name} {endian:?} by closure");
        }
        let bytes = |endian| [header(nla_len, nla_type, endian), child(endian)].concat();
        let value = |payload, endian| variant(attrs(payload, endian));
        self.row_by(name, bytes, value, "");
    }

    pub(crate) fn row_by(
        &mut self,
        name: &'static str,
        bytes: impl Fn(Endian) -> Vec<u8>,
        value: impl Fn(&'static [u8], Endian) -> S::Attr<'static>,
        text: &str,
    ) {
        assert!(self.rows.insert(name), "{name} twice");
        for endian in ORDERS {
            let place = format!("{name} {endian:?}");
            let bytes: &'static [u8] = bytes(endian).leak();
            let payload = payload_of(bytes, endian);
            let value = value(payload, endian);
            every_direction::<S>(&place, bytes, endian, value);
            assert_eq!(S::payload_len(&value), payload.len(), "{place}");
            assert_eq!(text_of::<S>(&value), text, "{place}");
            every_length::<S>(name, bytes, endian, value);
        }
    }

    /// Returns the set, after a check that every attribute of it was checked.
    pub(crate) fn done(self) -> &'static SetSpec {
        let names: BTreeSet<_> = S::SPEC.attrs.iter().map(|attr| attr.name).collect();
        assert_eq!(self.rows, names, "attributes of {:?} without a check", S::SPEC);
        let numbers: Vec<_> = S::SPEC.attrs.iter().map(|attr| attr.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", S::SPEC);
        S::SPEC
    }
}

/// Returns the payload of the only attribute in `bytes`, by its length field.
pub(crate) fn payload_of(bytes: &'static [u8], endian: Endian) -> &'static [u8] {
    let field = [bytes[0], bytes[1]];
    let len = if endian == Endian::Little {
        u16::from_le_bytes(field)
    } else {
        u16::from_be_bytes(field)
    };
    &bytes[4..usize::from(len)]
}

pub(crate) fn every_direction<S: AttrSet>(
    place: &str,
    bytes: &'static [u8],
    endian: Endian,
    value: S::Attr<'static>,
) {
    let run = attrs::<S>(bytes, endian);
    let raw: Vec<_> = run.raw().map(Result::unwrap).collect();
    let [raw] = raw[..] else { panic!("{place}: {raw:?}") };
    assert_eq!((raw.offset, raw.endian), (ATTRS, endian), "{place}");
    assert_eq!([&[0; 4], raw.payload, raw.padding].concat().len(), bytes.len(), "{place}");
    assert_eq!(run.iter().collect::<Vec<_>>(), [Ok(value)], "{place}");
    // Padding is zero, although the buffer was full of other bytes.
    assert_eq!(written::<S>(endian, |out| out.put(value)).unwrap(), bytes, "{place}");
    assert_eq!(written::<S>(endian, |out| out.put_raw(&raw)).unwrap(), bytes, "{place}");
    assert_eq!(written::<S>(endian, |out| run.rebuild(out)).unwrap(), bytes, "{place}");
    assert_eq!(run.to_buf().into_bytes(), bytes, "{place}");
}

/// Checks that a payload of `len` bytes has the wire form.
fn is_fit(form: Form, len: usize) -> Result<(), ErrorKind> {
    let exactly = |expected| match len {
        found if found == expected => Ok(()),
        found => Err(ErrorKind::PayloadLength { expected, found }),
    };
    match form {
        Form::Pad => exactly(0),
        Form::U8 => exactly(1),
        Form::Be16 | Form::TcpFlags => exactly(2),
        Form::Be32 | Form::Host32 | Form::Ipv4 => exactly(4),
        Form::Be64 | Form::Host64 => exactly(8),
        Form::Ipv6 => exactly(16),
        Form::HostWords if len % 4 != 0 => Err(ErrorKind::PayloadUnit { unit: 4, found: len }),
        Form::HostWords if len > 16 => Err(ErrorKind::PayloadLimit { limit: 16, found: len }),
        Form::HostWords | Form::Str | Form::Bytes | Form::Nest(_) => Ok(()),
        other => panic!("a new form, {other:?}: say here what it demands"),
    }
}

/// Checks the attribute with payloads of 0 to 20 bytes, each followed by a well-formed one.
fn every_length<S: AttrSet>(name: &str, good: &[u8], endian: Endian, value: S::Attr<'static>) {
    let spec = S::SPEC.attrs.iter().find(|attr| attr.name == name).unwrap();
    for len in 0..=20_u8 {
        // An empty CTA_STATUS is a pad attribute: see `an_empty_status_is_a_pad_attribute`.
        if name == "CTA_STATUS" && len == 0 {
            continue;
        }
        let mut bytes = header(u16::from(len) + 4, spec.number, endian);
        bytes.extend(0x81..0x81 + len);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let second = ATTRS + bytes.len();
        bytes.extend(good);
        let bytes = &*bytes.leak();

        let run = attrs::<S>(bytes, endian);
        let items: Vec<_> = run.iter().collect();
        let place = format!("{name} {endian:?} with {len} bytes");
        let [first, after] = &items[..] else { panic!("{place}: {items:?}") };
        match (is_fit(spec.form, len.into()), first) {
            (Ok(()), Ok(_)) => {}
            (Err(kind), Err(error)) => {
                let expected = (ATTRS, Some(S::SPEC), Some(spec), kind);
                assert_eq!((error.offset, error.set, error.attr, error.kind), expected, "{place}");
                assert_eq!(error.attr.map(|attr| attr.number), Some(spec.number), "{place}");
                let start = format!("{name} at byte 20: payload is {len} bytes, expected ");
                assert!(error.to_string().starts_with(&start), "{place}: {error}");
            }
            (expected, found) => panic!("{place}: {found:?}, expected {expected:?}"),
        }
        assert_eq!(*after, Ok(value), "{place}: what follows");
        assert_eq!(run.raw().nth(1).unwrap().unwrap().offset, second, "{place}");
        assert_eq!(written::<S>(endian, |out| run.rebuild(out)).unwrap(), bytes, "{place}");
    }
}
