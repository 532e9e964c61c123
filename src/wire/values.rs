//! Macros for the small values inside attributes: numbers with names, and sets of flags.

use crate::spec::Values;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Declares a number some of whose values have names in the kernel; others are kept.
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

            /// Every value that has a name.
            pub const NAMED: &'static [Self] = &[$(Self::$CONST),+];

            /// The names of the values as constant data.
            pub const VALUES: &'static $crate::spec::Values = &$crate::spec::Values::new(
                $values,
                $prefix,
                $crate::spec::ValueKind::Enum,
                &[$( $crate::spec::NamedValue::new($number, $text) ),+],
            );

            /// The kernel's name; `None` for numbers that it does not name.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $number => Some($text), )+
                    _ => None,
                }
            }

            /// The name, made ready to be shown.
            #[cfg(feature = "format")]
            #[inline]
            pub(crate) const fn word(self) -> Option<&'static $crate::format::Word> {
                match self.0 {
                    $( $number => Some(&const { $crate::format::Word::new($text) }), )+
                    _ => None,
                }
            }

            /// The value of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMED.iter().copied().find(|value| value.name() == Some(name))
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

        /// The name, or the number where there is none.
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

        /// The name as a string, or the number where there is none.
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
                    $crate::wire::values::NameOrNumber::Name(name) => Self::from_name(&name)
                        .ok_or_else(|| serde::de::Error::unknown_variant(&name, &[$($text),+])),
                }
            }
        }
    };
}

/// Makes a `bitflags` type a payload value that keeps unknown bits, prints as `A|B|0x40` and
/// serializes as a list of names.
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

        /// Names with `|` between them, then bits without a name in hexadecimal; `0` for none.
        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&Self::VALUES.text(self.bits().into()), f)
            }
        }

        /// A list of names; bits without a name are the last item, a number.
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

/// How named numbers and flags may be written in JSON and friends.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum NameOrNumber<T> {
    Number(T),
    Name(alloc::string::String),
}

pub(crate) use {flags_value, open_enum};
