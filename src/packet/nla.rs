//! One attribute.

use super::AdapterError;
use crate::error::{Error, ErrorKind};
use crate::wire::{
    AttrSet, Attrs, AttrsBuf, Endian, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLA_LEN_MAX,
    NLA_TYPE_MASK, RawAttr, RawAttrs, Visitor, nla_align, nla_attr_size,
};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One attribute of set `S` for rust-netlink: implements its `Nla` (and with that `Emitable`) and,
/// from an `NlaBuffer`, `Parseable`.
///
/// It holds the payload as it lies, borrowed when parsed, and decodes it when asked: an attribute
/// that does not decode can still be passed on.
///
/// ```
/// # #[cfg(feature = "netlink-packet-core")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ctnetlink::packet::NlaAttr;
/// use ctnetlink::attrs::{CtAttr, CtattrType};
/// use netlink_packet_core::{Emitable, NlasIterator, Parseable};
///
/// let attrs: Vec<NlaAttr<'_, CtattrType>> =
///     vec![NlaAttr::new(CtAttr::Mark(0x1234))?, NlaAttr::new(CtAttr::Zone(513))?];
/// let mut bytes = vec![0; attrs.as_slice().buffer_len()];
/// attrs.as_slice().emit(&mut bytes);
///
/// for (nla, attr) in NlasIterator::new(&bytes).zip(&attrs) {
///     let parsed = NlaAttr::<CtattrType>::parse(&nla?)?;
///     assert_eq!(&parsed, attr);
///     assert!(matches!(parsed.decode()?, CtAttr::Mark(0x1234) | CtAttr::Zone(513)));
/// }
/// # Ok(()) }
/// # #[cfg(not(feature = "netlink-packet-core"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct NlaAttr<'a, S> {
    /// Never with both flags.
    nla_type: u16,
    /// At most [`NLA_LEN_MAX`] with the header.
    payload: Cow<'a, [u8]>,
    set: PhantomData<S>,
}

impl<S: AttrSet> NlaAttr<'static, S> {
    /// Writes a typed attribute.
    ///
    /// An attribute of the variant `Unknown` is taken as it lies.
    ///
    /// # Errors
    /// [`Attr`](AdapterError::Attr): more than 65,531 bytes.
    /// [`ByteOrder`](AdapterError::ByteOrder): a nest that was read in the other byte order.
    /// [`BothFlags`](AdapterError::BothFlags): in an attribute of the variant `Unknown`.
    pub fn new(attr: S::Attr<'_>) -> Result<Self, AdapterError> {
        let mut nests = Foreign(false);
        S::visit_nest(&attr, &mut nests);
        if nests.0 {
            return Err(AdapterError::ByteOrder);
        }
        let bytes = AttrsBuf::<S>::build(Endian::NATIVE, |out| out.put(attr))?.into_bytes();
        NlaAttr::first(&bytes).map(NlaAttr::into_owned)
    }
}

impl<'a, S: AttrSet> NlaAttr<'a, S> {
    /// Takes an attribute as it lies, without its padding.
    ///
    /// # Errors
    /// [`ByteOrder`](AdapterError::ByteOrder), [`BothFlags`](AdapterError::BothFlags),
    /// [`Attr`](AdapterError::Attr) for more than 65,531 bytes, which none has that was parsed.
    pub fn from_raw(raw: RawAttr<'a>) -> Result<Self, AdapterError> {
        let RawAttr { nla_type, endian, payload, offset, .. } = raw;
        if endian != Endian::NATIVE {
            return Err(AdapterError::ByteOrder);
        }
        if nla_type & !NLA_TYPE_MASK == NLA_F_NESTED | NLA_F_NET_BYTEORDER {
            return Err(AdapterError::BothFlags { nla_type });
        }
        let needed = nla_attr_size(payload.len());
        if needed > NLA_LEN_MAX {
            let kind = ErrorKind::TooLong { limit: NLA_LEN_MAX, needed };
            let attr = S::SPEC.get(raw.number());
            return Err(Error { offset, set: Some(S::SPEC), attr, kind }.into());
        }
        Ok(Self { nla_type, payload: Cow::Borrowed(payload), set: PhantomData })
    }

    /// The attribute at the start of `bytes`.
    pub(super) fn first(bytes: &'a [u8]) -> Result<Self, AdapterError> {
        let none = Error::at(0, ErrorKind::AttrHeader { found: 0 });
        match RawAttrs::new(bytes, 0, Endian::NATIVE).next().unwrap_or(Err(none)) {
            Ok(raw) => Self::from_raw(raw),
            Err(error) => Err(Error { set: Some(S::SPEC), ..error }.into()),
        }
    }

    /// The typed attribute.
    ///
    /// # Errors
    /// The payload does not have the form that the table demands. Offsets count from this
    /// attribute's own header.
    pub fn decode(&self) -> Result<S::Attr<'_>, Error> {
        S::decode(self.raw())
    }

    /// The attribute as it lies, at offset 0 and padded with zeros.
    #[must_use]
    pub fn raw(&self) -> RawAttr<'_> {
        let len = nla_attr_size(self.payload.len());
        RawAttr {
            offset: 0,
            nla_type: self.nla_type,
            endian: Endian::NATIVE,
            payload: &self.payload,
            padding: [0; NLA_HDRLEN].split_at(nla_align(len) - len).0,
        }
    }

    /// The type field, flags included.
    #[must_use]
    pub fn nla_type(&self) -> u16 {
        self.nla_type
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Copies the payload if it is borrowed.
    #[must_use]
    pub fn into_owned(self) -> NlaAttr<'static, S> {
        let payload = Cow::Owned(self.payload.into_owned());
        NlaAttr { nla_type: self.nla_type, payload, set: PhantomData }
    }
}

impl<S> PartialEq for NlaAttr<'_, S> {
    fn eq(&self, other: &Self) -> bool {
        (self.nla_type, &self.payload) == (other.nla_type, &other.payload)
    }
}

impl<S> Eq for NlaAttr<'_, S> {}

impl<S: AttrSet> fmt::Debug for NlaAttr<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode() {
            Ok(attr) => attr.fmt(f),
            Err(error) => f.debug_tuple("NlaAttr").field(&self.raw()).field(&error).finish(),
        }
    }
}

/// Whether a nest is of the other byte order.
struct Foreign(bool);

impl<'a> Visitor<'a> for Foreign {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        self.0 |= attrs.endian() != Endian::NATIVE && !attrs.as_bytes().is_empty();
    }
}
