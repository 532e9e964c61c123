//! Macros that declare values inside attributes: numbers with names, and flags.

use crate::spec::Values;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Declares a number of which the kernel names some values.
///
/// Numbers without a name are kept. The literals after the type are the name of the set of values and
/// the prefix of the names in the kernel's header; see [`Values`].
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $Name:ident($int:ty), $values:literal, $prefix:literal {
            $( $(#[$value_meta:meta])+ $CONST:ident = $number:literal $text:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(pub $int);

        impl $Name {
            $( $(#[$value_meta])+ pub const $CONST: Self = Self($number); )+

            /// The names of the values as constant data.
            pub const VALUES: &'static $crate::spec::Values = &$crate::spec::Values::new(
                $values,
                $prefix,
                $crate::spec::ValueKind::Enum,
                &[$( $crate::spec::NamedValue::new($number, $text) ),+],
            );

            /// Returns the name, or `None` if the number has no name.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $number => Some($text), )+
                    _ => None,
                }
            }

            /// Returns the name in the form that JSON and text copy.
            #[cfg(feature = "format")]
            #[inline]
            pub(crate) const fn word(self) -> Option<&'static $crate::line::Word> {
                match self.0 {
                    $( $number => Some(&const { $crate::line::Word::new($text) }), )+
                    _ => None,
                }
            }

            fn with_name(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$CONST), )+
                    _ => None,
                }
            }
        }

        /// Parses what `Display` prints: a name, or a decimal number.
        impl core::str::FromStr for $Name {
            type Err = $crate::error::ParseValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::with_name(text)
                    .or_else(|| text.parse().ok().map(Self))
                    .ok_or($crate::error::ParseValueError { values: Self::VALUES })
            }
        }

        impl $crate::wire::values::Named for $Name {
            const VALUES: Option<&'static $crate::spec::Values> = Some(Self::VALUES);
        }

        impl From<$int> for $Name {
            fn from(number: $int) -> Self {
                Self(number)
            }
        }

        impl From<$Name> for $int {
            fn from(value: $Name) -> Self {
                value.0
            }
        }

        /// Formats the name, or the number if it has no name.
        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => core::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        impl core::fmt::Debug for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({})", self.name().unwrap_or(stringify!($Name)), self.0)
            }
        }

        /// Serializes the name as a string, or the number if it has no name.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.name() {
                    Some(name) => serializer.serialize_str(name),
                    None => serde::Serialize::serialize(&self.0, serializer),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match $crate::wire::values::NameOrNumber::<$int>::deserialize(deserializer)? {
                    $crate::wire::values::NameOrNumber::Number(number) => Ok(Self(number)),
                    $crate::wire::values::NameOrNumber::Name(name) => Self::with_name(&name)
                        .ok_or_else(|| serde::de::Error::unknown_variant(&name, &[$($text),+])),
                }
            }
        }
    };
}

/// Implements what a `bitflags` type needs to be a value inside an attribute.
///
/// Unknown flags are kept. The text is like `A|B|0x40`, the serialized form a list of names. The
/// literals after the type are those of [`open_enum!`].
macro_rules! flags_value {
    ($Name:ident($int:ty), $values:literal, $prefix:literal) => {
        impl $Name {
            /// The names of the flags as constant data.
            pub const VALUES: &'static $crate::spec::Values = {
                use $crate::spec::{NamedValue, ValueKind, Values};
                const FLAGS: &[bitflags::Flag<$Name>] = <$Name as bitflags::Flags>::FLAGS;
                const NAMED: [NamedValue; FLAGS.len()] = {
                    let mut named = [NamedValue::new(0, ""); FLAGS.len()];
                    let mut n = 0;
                    while n < FLAGS.len() {
                        let flag = &FLAGS[n];
                        named[n] = NamedValue::new(flag.value().bits() as u64, flag.name());
                        n += 1;
                    }
                    named
                };
                &Values::new($values, $prefix, ValueKind::Flags, &NAMED)
            };
        }

        impl $crate::wire::values::Named for $Name {
            const VALUES: Option<&'static $crate::spec::Values> = Some(Self::VALUES);
        }

        impl From<$int> for $Name {
            fn from(bits: $int) -> Self {
                Self::from_bits_retain(bits)
            }
        }

        impl From<$Name> for $int {
            fn from(flags: $Name) -> Self {
                flags.bits()
            }
        }

        /// Formats the names with `|` between them, and flags without a name in hexadecimal.
        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&Self::VALUES.text(self.bits().into()), f)
            }
        }

        /// Serializes a list of names, with flags without a name as a number at the end.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq as _;
                let mut names = self.iter_names();
                let mut list = serializer.serialize_seq(None)?;
                for (name, _) in names.by_ref() {
                    list.serialize_element(name)?;
                }
                let unknown = names.remaining().bits();
                if unknown != 0 {
                    list.serialize_element(&unknown)?;
                }
                list.end()
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::wire::values::NameOrNumber;
                let list = alloc::vec::Vec::<NameOrNumber<$int>>::deserialize(deserializer)?;
                list.iter().try_fold(Self::empty(), |flags, item| match item {
                    NameOrNumber::Number(bits) => Ok(flags | Self::from_bits_retain(*bits)),
                    NameOrNumber::Name(name) => {
                        let flag = Self::from_name(name).ok_or_else(|| {
                            serde::de::Error::custom(alloc::format!("unknown flag {name:?}"))
                        })?;
                        Ok(flags | flag)
                    }
                })
            }
        }
    };
}

/// A value inside an attribute whose numbers may have names.
pub(crate) trait Named {
    const VALUES: Option<&'static Values> = None;
}

impl Named for u8 {}
impl Named for u16 {}
impl Named for u32 {}
impl Named for u64 {}
impl Named for Ipv4Addr {}
impl Named for Ipv6Addr {}

/// A number or a flag in serialized form.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum NameOrNumber<T> {
    Number(T),
    Name(alloc::string::String),
}

pub(crate) use {flags_value, open_enum};
