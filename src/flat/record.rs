//! The trait of decoded structs, and the macros that declare them.

use crate::Family;
use crate::error::Error;
use crate::wire::{AttrSet, Attrs, Writer};

/// A struct that is decoded from, and written as, the attributes of one set.
///
/// The trait is sealed: only the structs of this crate implement it.
///
/// # Examples
/// ```
/// use ctnetlink::flat::{Record as _, Tcp};
/// use ctnetlink::nested::TcpState;
/// use ctnetlink::wire::{Attrs, Endian};
///
/// // CTA_PROTOINFO_TCP_STATE, and CTA_PROTOINFO_TCP_WSCALE_ORIGINAL without a payload.
/// let attrs = Attrs::new(&[5, 0, 1, 0, 3, 0, 0, 0, 4, 0, 2, 0], Endian::Little);
/// let mut errors = Vec::new();
/// let tcp = Tcp::decode(attrs, |error| errors.push(error.to_string()));
/// assert_eq!(tcp, Tcp { state: Some(TcpState::ESTABLISHED), ..Tcp::default() });
/// let error = "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL at byte 8: payload is 0 bytes, expected 1";
/// assert_eq!(errors, [error]);
/// assert_eq!(Tcp::try_decode(attrs).unwrap_err().to_string(), error);
/// ```
pub trait Record: sealed::Fields<<Self as Record>::Set> + Default + PartialEq {
    /// The attribute set.
    type Set: AttrSet;

    /// Writes the fields that are not absent, in the order in which the kernel does.
    fn write(&self, out: &mut Writer<'_, Self::Set>);

    /// Decodes an attribute list, calling `report` for each decoding error.
    ///
    /// An attribute that does not decode is left `None`. Unknown attributes are skipped.
    fn decode(attrs: Attrs<'_, Self::Set>, mut report: impl FnMut(Error)) -> Self {
        Self::decode_with(attrs, &mut report)
    }

    /// Sets the field that `attr` stands for.
    ///
    /// This is for loops that choose attributes themselves; otherwise use [`decode`](Self::decode).
    /// Decoding errors inside a nested attribute go to `report`.
    fn apply(&mut self, attr: <Self::Set as AttrSet>::Attr<'_>, mut report: impl FnMut(Error)) {
        self.apply_with(attr, &mut report);
    }

    /// Decodes an attribute list strictly.
    ///
    /// # Errors
    /// Returns the first decoding error.
    fn try_decode(attrs: Attrs<'_, Self::Set>) -> Result<Self, Error> {
        let mut first = None;
        let record = Self::decode_with(attrs, &mut |error| {
            first.get_or_insert(error);
        });
        first.map_or(Ok(record), Err)
    }

    /// Returns `true` if every field is absent.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub(crate) mod sealed {
    use super::{AttrSet, Attrs, Error};

    /// Seals [`Record`](super::Record), and decodes without a copy of the code for each closure.
    pub trait Fields<S: AttrSet>: Default {
        /// Sets the field that `attr` stands for.
        ///
        /// Errors inside a nested attribute go to `report`.
        fn apply_with(&mut self, attr: S::Attr<'_>, report: &mut dyn FnMut(Error));

        /// Decodes an attribute list, calling `report` for each decoding error.
        fn decode_with(attrs: Attrs<'_, S>, report: &mut dyn FnMut(Error)) -> Self {
            let mut record = Self::default();
            for attr in attrs.iter() {
                match attr {
                    Ok(attr) => record.apply_with(attr, report),
                    Err(error) => report(error),
                }
            }
            record
        }
    }
}

/// The value of a field whose attribute is absent.
///
/// It is a constant, so that a whole struct can be copied from it.
pub(crate) trait Absent: Sized {
    const ABSENT: Self;

    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    const ABSENT: Self = None;

    #[inline]
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Absent for u16 {
    const ABSENT: Self = 0;

    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::ABSENT
    }
}

impl Absent for Family {
    const ABSENT: Self = Self::UNSPEC;

    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::ABSENT
    }
}

/// A conversion between the value that a field owns and the value that an attribute borrows.
pub(crate) trait Owned<'a, V> {
    fn from_borrowed(value: V) -> Self;
    fn as_borrowed(&'a self) -> V;
}

impl<V: Copy> Owned<'_, V> for V {
    fn from_borrowed(value: V) -> Self {
        value
    }

    fn as_borrowed(&self) -> V {
        *self
    }
}

/// Declares a struct: its fields in the order of writing, each with the variant of its attribute.
///
/// `= Variant` is an `Option` of the variant's value, `= nest Variant` another such struct. The
/// fields in `nfgenmsg` are not attributes: [`Message`](crate::Message) sets them from the header,
/// and JSON has them beside the struct.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $Name:ident($Set:ty => $Attr:ident) {
            $( nfgenmsg { $(#[$header_meta:meta])+ $header:ident: $Header:ty } )?
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty = $($how:ident)+; )+
        }
    ) => {
        $crate::flat::record::fields! {
            $(#[$meta])*
            $vis struct $Name {
                $( nfgenmsg { $(#[$header_meta])+ $header: $Header } )?
                $( $(#[$field_meta])+ $field: $Type; )+
            }
        }

        impl $crate::flat::record::sealed::Fields<$Set> for $Name {
            #[inline]
            fn apply_with(&mut self, attr: $Attr<'_>, report: &mut dyn FnMut($crate::error::Error)) {
                let _ = &report;
                match attr {
                    $( $crate::flat::record::arm!($Attr, value, $($how)+) =>
                        $crate::flat::record::set_field!(self.$field, value, report, $($how)+), )+
                    _ => {}
                }
            }
        }

        impl $crate::flat::Record for $Name {
            type Set = $Set;

            fn write(&self, out: &mut $crate::wire::Writer<'_, $Set>) {
                $( $crate::flat::record::write_field!(self.$field, out, $Attr, $($how)+); )+
            }
        }
    };
}

/// Declares a struct of public fields that serialization omits if they are absent.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        $vis:vis struct $Name:ident {
            $( nfgenmsg { $(#[$header_meta:meta])+ $header:ident: $Header:ty } )?
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(default))]
        $vis struct $Name {
            $(
                $(#[$header_meta])+
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::flat::record::is_default"))]
                pub $header: $Header,
            )?
            $(
                $(#[$field_meta])+
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::flat::record::is_default"))]
                pub $field: $Type,
            )+
        }

        #[cfg(feature = "format")]
        impl $crate::line::Value for $Name {
            const OPENING: &'static str = "{";

            #[inline]
            fn is_absent(&self) -> bool {
                $crate::flat::record::Absent::is_absent(self)
            }

            #[inline]
            fn write<'l>(
                &self,
                line: $crate::line::Line<'l>,
            ) -> $crate::line::Line<'l> {
                line.items("},", |line| {
                    $(
                        let key = concat!("\"", stringify!($field), "\":");
                        let line = $crate::line::field(line, key, &self.$field);
                    )+
                    line
                })
            }
        }

        impl $crate::flat::record::Absent for $Name {
            const ABSENT: Self = Self {
                $( $header: <$Header as $crate::flat::record::Absent>::ABSENT, )?
                $( $field: <$Type as $crate::flat::record::Absent>::ABSENT, )+
            };

            #[inline(always)]
            fn is_absent(&self) -> bool {
                true $(& $crate::flat::record::Absent::is_absent(&self.$field))+
            }
        }

        /// Every field is absent.
        impl Default for $Name {
            fn default() -> Self {
                <Self as $crate::flat::record::Absent>::ABSENT
            }
        }
    };
}

macro_rules! arm {
    ($Attr:ident, $value:ident, nest $Variant:ident) => {
        $Attr::$Variant($value)
    };
    ($Attr:ident, $value:ident, $Variant:ident) => {
        $Attr::$Variant($value)
    };
}

macro_rules! set_field {
    ($self:ident.$field:ident, $value:ident, $report:ident, nest $Variant:ident) => {
        $self.$field = $crate::flat::record::sealed::Fields::decode_with($value, $report)
    };
    ($self:ident.$field:ident, $value:ident, $report:ident, $Variant:ident) => {
        $self.$field = Some($crate::flat::record::Owned::from_borrowed($value))
    };
}

macro_rules! write_field {
    ($self:ident.$field:ident, $out:ident, $Attr:ident, nest $Variant:ident) => {
        if !$crate::flat::Record::is_empty(&$self.$field) {
            $out.nest($Attr::$Variant, |out| $crate::flat::Record::write(&$self.$field, out));
        }
    };
    ($self:ident.$field:ident, $out:ident, $Attr:ident, $Variant:ident) => {
        if let Some(value) = &$self.$field {
            $out.put($Attr::$Variant($crate::flat::record::Owned::as_borrowed(value)));
        }
    };
}

#[cfg(feature = "serde")]
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) use {arm, fields, record, set_field, write_field};
