//! Attribute sets, and the types that are generic over a set: lists of attributes and their writer.
//!
//! The trait and the types name each other, so that they are declared in one file.

use super::attr::{Framing, RawAttr};
use super::endian::Endian;
use super::write_buf::WriteBuf;
use crate::error::Error;
use crate::spec::SetSpec;
use core::fmt;
use core::marker::PhantomData;

/// An attribute set: a kernel `enum` of attributes.
///
/// The types that implement it have no values. They are the parameter of [`Attrs`] and [`Writer`].
///
/// # Examples
/// See [`Visitor`].
pub trait AttrSet: Copy + fmt::Debug + 'static {
    /// A decoded attribute.
    type Attr<'a>: Copy + fmt::Debug + PartialEq;

    /// The set as constant data.
    const SPEC: &'static SetSpec;

    /// Decodes one attribute.
    ///
    /// A number that the set does not have becomes the variant `Unknown`.
    ///
    /// # Errors
    /// Returns an error if the payload does not have the wire form of the attribute.
    fn decode<'a>(raw: RawAttr<'a>) -> Result<Self::Attr<'a>, Error>;

    /// Appends one attribute, with the flags and padding that the kernel writes.
    fn encode(attr: &Self::Attr<'_>, out: &mut Writer<'_, Self>);

    /// Appends one attribute with the flags and padding of `framing`.
    ///
    /// Attributes nested in it are decoded and re-encoded one by one.
    fn rebuild(attr: &Self::Attr<'_>, framing: Framing<'_>, out: &mut Writer<'_, Self>);

    /// Returns the number of bytes of the payload.
    fn payload_len(attr: &Self::Attr<'_>) -> usize;

    /// Visits the attributes inside a nested attribute.
    ///
    /// It does nothing for other attributes.
    fn visit_nest<'a>(attr: &Self::Attr<'a>, visitor: &mut impl Visitor<'a>);
}

/// Code that handles attribute lists of any set.
///
/// [`Message::visit`](crate::Message::visit) calls it for the top-level attributes of a message, and
/// [`AttrSet::visit_nest`] for those of a nested attribute.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{AttrSet, Attrs, Endian, Visitor};
/// use ctnetlink::attrs::CtattrType;
///
/// /// Collects the names of all attributes, those of nested ones included.
/// struct Names(Vec<&'static str>);
///
/// impl<'a> Visitor<'a> for Names {
///     fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
///         for raw in attrs.raw().filter_map(Result::ok) {
///             self.0.extend(S::SPEC.get(raw.number()).map(|spec| spec.name));
///             if let Ok(attr) = S::decode(raw) {
///                 S::visit_nest(&attr, self);
///             }
///         }
///     }
/// }
///
/// let bytes = [12, 0, 1, 0x80, 6, 0, 3, 0, 2, 1, 0, 0];
/// let mut names = Names(Vec::new());
/// names.visit(Attrs::<CtattrType>::new(&bytes, Endian::Little));
/// assert_eq!(names.0, ["CTA_TUPLE_ORIG", "CTA_TUPLE_ZONE"]);
/// ```
pub trait Visitor<'a> {
    /// Handles an attribute list.
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>);
}

/// A borrowed attribute list of set `S`, which is decoded as it is iterated.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::{CtAttr, CtattrType};
/// use ctnetlink::wire::{Attrs, Endian};
///
/// // CTA_MARK with a payload of 2 bytes, which is malformed, and CTA_ZONE.
/// let bytes = [6, 0, 8, 0, 0x12, 0x34, 0, 0, 6, 0, 18, 0, 2, 1, 0, 0];
/// let attrs = Attrs::<CtattrType>::new(&bytes, Endian::Little);
/// for attr in attrs {
///     match attr {
///         Ok(attr) => assert_eq!(attr, CtAttr::Zone(513)),
///         Err(error) => assert_eq!(
///             error.to_string(),
///             "CTA_MARK at byte 0: payload is 2 bytes, expected 4",
///         ),
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Attrs<'a, S> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
    pub(super) endian: Endian,
    pub(super) set: PhantomData<S>,
}

/// A writer of attributes of set `S`.
///
/// Functions that build attributes pass it to a closure: see
/// [`MessageBuilder::build`](crate::MessageBuilder::build) and
/// [`AttrsBuf::build`](super::AttrsBuf::build). An attribute longer than 65,535 bytes is left out, and
/// the function returns an error. Lengths never wrap, and payloads are never cut.
///
/// # Examples
/// See [`nest`](Self::nest).
#[derive(Debug)]
pub struct Writer<'b, S> {
    pub(super) buf: &'b mut WriteBuf,
    /// The start of the message in `buf`, from which offsets in errors count.
    pub(super) start: usize,
    pub(super) endian: Endian,
    pub(super) room: WriteLimits,
    pub(super) error: &'b mut Option<Error>,
    pub(super) set: PhantomData<S>,
}

/// Constraints on the output: its maximum size, and the alignment of 64-bit values.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::{CtAttr, CtattrType};
/// use ctnetlink::wire::{WriteBuf, WriteLimits};
/// use ctnetlink::{ErrorKind, Family, MessageBuilder, MsgType};
///
/// let builder = MessageBuilder::new(MsgType::CT_NEW, Family::IPV4);
/// let limits = WriteLimits { limit: 24, ..WriteLimits::UNLIMITED };
/// let mut bytes = WriteBuf::new();
/// let error = builder
///     .write_with_limits::<CtattrType>(&mut bytes, limits, |out| out.put(CtAttr::Mark(0x1234)))
///     .unwrap_err();
/// assert_eq!(error.kind, ErrorKind::NoRoom { limit: 24, needed: 28 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteLimits {
    /// The maximum number of bytes in the buffer.
    ///
    /// An attribute that does not fit causes [`NoRoom`](crate::error::ErrorKind::NoRoom), the kernel's `EMSGSIZE`.
    pub limit: usize,
    /// The offset in the datagram of the buffer's first byte, if 64-bit values must be aligned.
    ///
    /// Only its remainder by 8 matters.
    pub pad_from: Option<usize>,
}

impl WriteLimits {
    /// No maximum size and no alignment.
    pub const UNLIMITED: Self = Self { limit: usize::MAX, pad_from: None };
}
