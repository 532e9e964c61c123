//! One attribute as a type of rust-netlink.

use super::AdapterError;
use crate::error::{Error, ErrorKind};
use crate::wire::{
    AttrSet, Attrs, AttrsBuf, Endian, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLA_LEN_MAX,
    NLA_TYPE_MASK, RawAttr, RawAttrs, Visitor, nla_align, nla_attr_size,
};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One attribute of the set `S`, which implements `Nla`, `Emitable` and `Parseable` of rust-netlink.
///
/// It contains the undecoded payload, borrowed if it was parsed, so that a malformed attribute can be
/// passed on. [`decode`](Self::decode) decodes it.
///
/// # Examples
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
    /// The type field, never with both flags.
    nla_type: u16,
    /// The payload; with the header it has at most [`NLA_LEN_MAX`] bytes.
    payload: Cow<'a, [u8]>,
    set: PhantomData<S>,
}

impl<S: AttrSet> NlaAttr<'static, S> {
    /// Encodes an attribute.
    ///
    /// The payload of an attribute of the variant `Unknown` is copied unchanged.
    ///
    /// # Errors
    /// Returns [`Attr`](AdapterError::Attr) if the payload has more than 65,531 bytes,
    /// [`ByteOrder`](AdapterError::ByteOrder) if a nest was read in the other byte order, and
    /// [`BothFlags`](AdapterError::BothFlags) if an attribute of the variant `Unknown` has both flags.
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
    /// Converts an undecoded attribute, without its padding.
    ///
    /// # Errors
    /// Returns [`ByteOrder`](AdapterError::ByteOrder) if the attribute is not in the byte order of this
    /// machine, [`BothFlags`](AdapterError::BothFlags) if it has both flags, and
    /// [`Attr`](AdapterError::Attr) if the payload has more than 65,531 bytes, which is impossible for
    /// a parsed attribute.
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

    /// Parses the attribute at the start of `bytes`.
    pub(super) fn first(bytes: &'a [u8]) -> Result<Self, AdapterError> {
        let none = Error::at(0, ErrorKind::AttrHeader { found: 0 });
        match RawAttrs::new(bytes, 0, Endian::NATIVE).next().unwrap_or(Err(none)) {
            Ok(raw) => Self::from_raw(raw),
            Err(error) => Err(Error { set: Some(S::SPEC), ..error }.into()),
        }
    }

    /// Decodes the attribute.
    ///
    /// # Errors
    /// Returns an error if the attribute is malformed. Its offset counts from the header of this
    /// attribute.
    pub fn decode(&self) -> Result<S::Attr<'_>, Error> {
        S::decode(self.raw())
    }

    /// Returns the undecoded attribute, at offset 0 and padded with zeros.
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

    /// Returns the type field with its flags.
    #[must_use]
    pub fn nla_type(&self) -> u16 {
        self.nla_type
    }

    /// Returns the undecoded payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Converts into an attribute that owns its payload.
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

/// A search for a nest that is not in the byte order of this machine.
struct Foreign(bool);

impl<'a> Visitor<'a> for Foreign {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        self.0 |= attrs.endian() != Endian::NATIVE && !attrs.as_bytes().is_empty();
    }
}
