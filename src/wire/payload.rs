//! Wire forms of payloads: how each is decoded and encoded.

use super::attr::RawAttr;
use super::endian::Endian;
use super::host_bits::HostBits;
use super::nul_str::NulStr;
use super::set::{AttrSet, Attrs, Visitor, Writer};
use super::values::Named;
use super::write_buf::WriteBuf;
use crate::error::ErrorKind;
use crate::spec::{Form, Values};
use core::net::{Ipv4Addr, Ipv6Addr};

/// A wire form for values of type `V`.
pub(crate) trait Payload<'a, V> {
    const FORM: Form;

    /// The names of the values, if they have names.
    const VALUES: Option<&'static Values> = None;

    fn decode(raw: &RawAttr<'a>) -> Result<V, ErrorKind>;

    fn encode(value: &V, endian: Endian, out: &mut WriteBuf);

    /// Appends an attribute with header and padding, as the kernel writes them.
    #[inline]
    fn put<S: AttrSet>(value: &V, number: u16, out: &mut Writer<'_, S>)
    where
        Self: Sized,
    {
        out.put_open::<Self, V>(number, value);
    }

    fn len(value: &V) -> usize;

    /// Visits the attributes inside a nested attribute.
    fn visit_nest(_: &V, _: &mut impl Visitor<'a>) {}

    /// Encodes the value; attributes inside a nested attribute are re-encoded one by one.
    fn rebuild<S: AttrSet>(value: &V, out: &mut Writer<'_, S>) {
        let endian = out.endian();
        Self::encode(value, endian, out.buf());
    }
}

#[inline]
fn exact<const N: usize>(payload: &[u8]) -> Result<[u8; N], ErrorKind> {
    payload.try_into().map_err(|_| ErrorKind::PayloadLength { expected: N, found: payload.len() })
}

/// Declares forms with one integer: name, integer type, byte order from that of the writer.
macro_rules! integers {
    ($($Name:ident: $int:ty, $read:ident, $write:ident, |$endian:ident| $order:expr;)+) => {$(
        pub(crate) enum $Name {}

        impl<V> Payload<'_, V> for $Name
        where
            V: Copy + From<$int> + Into<$int> + Named,
        {
            const FORM: Form = Form::$Name;
            const VALUES: Option<&'static Values> = V::VALUES;

            #[inline]
            fn decode(raw: &RawAttr<'_>) -> Result<V, ErrorKind> {
                let $endian = raw.endian;
                exact(raw.payload).map(|bytes| $order.$read(bytes).into())
            }

            #[inline]
            fn encode(value: &V, $endian: Endian, out: &mut WriteBuf) {
                out.extend_from_slice(&$order.$write((*value).into()));
            }

            #[inline]
            fn put<S: AttrSet>(value: &V, number: u16, out: &mut Writer<'_, S>) {
                let $endian = out.endian();
                out.put_array(number, $order.$write((*value).into()));
            }

            fn len(_: &V) -> usize {
                size_of::<$int>()
            }

        }
    )+};
}

integers! {
    Be16: u16, u16, u16_bytes, |_endian| Endian::Big;
    Be32: u32, u32, u32_bytes, |_endian| Endian::Big;
    Be64: u64, u64, u64_bytes, |_endian| Endian::Big;
    Host32: u32, u32, u32_bytes, |endian| endian;
    Host64: u64, u64, u64_bytes, |endian| endian;
}

/// Declares forms with a fixed number of bytes and no byte order.
macro_rules! bytes {
    ($($Name:ident: $len:literal;)+) => {$(
        pub(crate) enum $Name {}

        impl<V> Payload<'_, V> for $Name
        where
            V: Copy + From<[u8; $len]> + Named,
            [u8; $len]: FromValue<V>,
        {
            const FORM: Form = Form::$Name;
            const VALUES: Option<&'static Values> = V::VALUES;

            #[inline]
            fn decode(raw: &RawAttr<'_>) -> Result<V, ErrorKind> {
                exact::<$len>(raw.payload).map(V::from)
            }

            #[inline]
            fn encode(value: &V, _: Endian, out: &mut WriteBuf) {
                out.extend_from_slice(&<[u8; $len]>::from_value(*value));
            }

            #[inline]
            fn put<S: AttrSet>(value: &V, number: u16, out: &mut Writer<'_, S>) {
                out.put_array(number, <[u8; $len]>::from_value(*value));
            }

            fn len(_: &V) -> usize {
                $len
            }

        }
    )+};
}

/// `From`, which cannot be implemented for arrays and foreign types.
pub(crate) trait FromValue<V> {
    fn from_value(value: V) -> Self;
}

impl FromValue<Ipv4Addr> for [u8; 4] {
    fn from_value(value: Ipv4Addr) -> Self {
        value.octets()
    }
}

impl FromValue<Ipv6Addr> for [u8; 16] {
    fn from_value(value: Ipv6Addr) -> Self {
        value.octets()
    }
}

bytes! {
    TcpFlags: 2;
    Ipv4: 4;
    Ipv6: 16;
}

pub(crate) enum U8 {}

impl<V> Payload<'_, V> for U8
where
    V: Copy + From<u8> + Into<u8> + Named,
{
    const FORM: Form = Form::U8;
    const VALUES: Option<&'static Values> = V::VALUES;

    #[inline]
    fn decode(raw: &RawAttr<'_>) -> Result<V, ErrorKind> {
        exact(raw.payload).map(|[byte]| byte.into())
    }

    #[inline]
    fn encode(value: &V, _: Endian, out: &mut WriteBuf) {
        out.extend_from_slice(&[(*value).into()]);
    }

    #[inline]
    fn put<S: AttrSet>(value: &V, number: u16, out: &mut Writer<'_, S>) {
        out.put_array(number, [(*value).into()]);
    }

    fn len(_: &V) -> usize {
        1
    }
}

pub(crate) enum Pad {}

impl Payload<'_, ()> for Pad {
    const FORM: Form = Form::Pad;

    fn decode(raw: &RawAttr<'_>) -> Result<(), ErrorKind> {
        exact::<0>(raw.payload).map(|_| ())
    }

    fn encode((): &(), _: Endian, _: &mut WriteBuf) {}

    fn len((): &()) -> usize {
        0
    }
}

pub(crate) enum Bytes {}

impl<'a> Payload<'a, &'a [u8]> for Bytes {
    const FORM: Form = Form::Bytes;

    fn decode(raw: &RawAttr<'a>) -> Result<&'a [u8], ErrorKind> {
        Ok(raw.payload)
    }

    fn encode(value: &&'a [u8], _: Endian, out: &mut WriteBuf) {
        out.extend_from_slice(value);
    }

    fn len(value: &&'a [u8]) -> usize {
        value.len()
    }
}

pub(crate) enum Str {}

impl<'a> Payload<'a, NulStr<'a>> for Str {
    const FORM: Form = Form::Str;

    fn decode(raw: &RawAttr<'a>) -> Result<NulStr<'a>, ErrorKind> {
        Ok(NulStr::from_payload(raw.payload))
    }

    fn encode(value: &NulStr<'a>, _: Endian, out: &mut WriteBuf) {
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(value.tail());
    }

    fn len(value: &NulStr<'a>) -> usize {
        value.as_bytes().len() + value.tail().len()
    }
}

pub(crate) enum HostWords {}

impl<'a> Payload<'a, HostBits<'a>> for HostWords {
    const FORM: Form = Form::HostWords;

    fn decode(raw: &RawAttr<'a>) -> Result<HostBits<'a>, ErrorKind> {
        let found = raw.payload.len();
        HostBits::new(raw.payload, raw.endian).ok_or(if found % 4 == 0 {
            ErrorKind::PayloadLimit { limit: HostBits::MAX_LEN, found }
        } else {
            ErrorKind::PayloadUnit { unit: 4, found }
        })
    }

    fn encode(value: &HostBits<'a>, endian: Endian, out: &mut WriteBuf) {
        value.write(endian, out);
    }

    #[inline]
    fn put<S: AttrSet>(value: &HostBits<'a>, number: u16, out: &mut Writer<'_, S>) {
        match value.as_bytes().try_into() {
            Ok(bytes) if value.endian() == out.endian() => out.put_array::<16>(number, bytes),
            _ => out.put_open::<Self, HostBits<'a>>(number, value),
        }
    }

    fn len(value: &HostBits<'a>) -> usize {
        value.as_bytes().len()
    }
}

pub(crate) enum Nest {}

impl<'a, S: AttrSet> Payload<'a, Attrs<'a, S>> for Nest {
    const FORM: Form = Form::Nest(S::SPEC);

    #[inline]
    fn decode(raw: &RawAttr<'a>) -> Result<Attrs<'a, S>, ErrorKind> {
        Ok(Attrs::at(raw.payload, raw.offset + super::align::NLA_HDRLEN, raw.endian))
    }

    fn encode(value: &Attrs<'a, S>, endian: Endian, out: &mut WriteBuf) {
        if value.endian() == endian {
            out.extend_from_slice(value.as_bytes());
        } else {
            // No attribute can become too long, because the lengths do not change.
            let _ = Writer::run(out, endian, |out| value.rebuild(out));
        }
    }

    fn len(value: &Attrs<'a, S>) -> usize {
        value.as_bytes().len()
    }

    fn visit_nest(value: &Attrs<'a, S>, visitor: &mut impl Visitor<'a>) {
        visitor.visit(*value);
    }

    fn rebuild<T: AttrSet>(value: &Attrs<'a, S>, out: &mut Writer<'_, T>) {
        value.rebuild(&mut out.of_set());
    }
}
