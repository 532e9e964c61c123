//! Helpers: bytes written by hand, and bytes that the crate writes.

use ctnetlink::error::Error;
use ctnetlink::wire::{AttrSet, Attrs, Endian, WriteBuf, Writer};
use ctnetlink::{Family, MessageBuilder, MsgType};

pub(crate) const ORDERS: [Endian; 2] = [Endian::Little, Endian::Big];

/// The number of bytes before the first attribute of a message: `nlmsghdr` and `nfgenmsg`.
pub(crate) const ATTRS: usize = 20;

/// Hexadecimal digits of a payload, with `|` before the padding.
///
/// They are equal on every machine, or an array of those in little-endian and in big-endian order.
pub(crate) trait Digits: Copy {
    fn of(self, endian: Endian) -> &'static str;
}

impl Digits for &'static str {
    fn of(self, _: Endian) -> &'static str {
        self
    }
}

impl Digits for [&'static str; 2] {
    fn of(self, endian: Endian) -> &'static str {
        if endian == Endian::Little { self[0] } else { self[1] }
    }
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    assert_eq!(digits.len() % 2, 0, "an odd number of digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(crate) fn u16_bytes(number: u16, endian: Endian) -> [u8; 2] {
    if endian == Endian::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

pub(crate) fn u32_bytes(number: u32, endian: Endian) -> [u8; 4] {
    if endian == Endian::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

/// Returns the bytes of a `struct nlattr`.
pub(crate) fn header(nla_len: u16, nla_type: u16, endian: Endian) -> Vec<u8> {
    [u16_bytes(nla_len, endian), u16_bytes(nla_type, endian)].concat()
}

/// Returns the bytes of an attribute: `nla_len`, `nla_type`, payload and padding.
pub(crate) fn leaf(nla_len: u16, nla_type: u16, digits: impl Digits) -> impl Fn(Endian) -> Vec<u8> {
    move |endian| {
        let (payload, padding) =
            digits.of(endian).split_once('|').unwrap_or((digits.of(endian), ""));
        let bytes = [header(nla_len, nla_type, endian), unhex(payload), unhex(padding)].concat();
        assert_eq!(unhex(payload).len() + 4, usize::from(nla_len), "nla_len by hand");
        assert_eq!(bytes.len() % 4, 0, "padding by hand");
        bytes
    }
}

/// Returns a message with these attributes, of type `0x0100` (NEW) and family 2.
pub(crate) fn message(attrs: &[u8], endian: Endian) -> Vec<u8> {
    let mut bytes = u32_bytes(attrs.len() as u32 + 20, endian).to_vec();
    bytes.extend(u16_bytes(0x0100, endian));
    bytes.extend([0; 10]);
    bytes.extend([2, 0, 0, 0]);
    bytes.extend(attrs);
    bytes
}

/// Returns the bytes that `body` writes at the end of a buffer that is full of other bytes.
pub(crate) fn written<S: AttrSet>(
    endian: Endian,
    body: impl FnOnce(&mut Writer<'_, S>),
) -> Result<Vec<u8>, Error> {
    // The message starts at offset 7, so that nothing in it is aligned by accident.
    let mut buf = WriteBuf::from(vec![0xa5; 4096]);
    buf.truncate(7);
    let builder = MessageBuilder { endian, ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4) };
    let result = builder.write(&mut buf, body);
    assert_eq!(buf[..7], [0xa5; 7], "what was there before");
    let header = match result {
        Ok(header) => header,
        Err(error) => {
            assert_eq!(buf.len(), 7, "as before");
            return Err(error);
        }
    };
    let attrs = buf[7 + ATTRS..].to_vec();
    assert_eq!(buf[7..], message(&attrs, endian)[..]);
    assert_eq!(header.nlmsg_len as usize, ATTRS + attrs.len());
    Ok(attrs)
}

pub(crate) fn attrs<S: AttrSet>(bytes: &[u8], endian: Endian) -> Attrs<'_, S> {
    Attrs::at(bytes, ATTRS, endian)
}

/// Returns the text of a value, from the bytes that the writer writes for it.
pub(crate) fn text_of<S: AttrSet>(value: &S::Attr<'static>) -> String {
    let bytes = written::<S>(Endian::Big, |out| out.put(*value)).unwrap();
    let raw = attrs::<S>(&bytes, Endian::Big).raw().next().unwrap().unwrap();
    raw.text(S::SPEC.get_for(raw.number(), raw.payload)).to_string()
}
