//! What flat values have in common, and the macro that declares them.

use crate::Family;
use crate::error::Error;
use crate::wire::{AttrSet, Attrs, Writer};

/// A flat value that stands for a run of attributes of one set.
pub trait Record: Default + PartialEq {
    /// The set.
    type Set: AttrSet;

    /// Takes over one attribute. Errors inside a nest go to `report`, and the rest of it is read.
    fn set(&mut self, attr: <Self::Set as AttrSet>::Attr<'_>, report: &mut dyn FnMut(Error));

    /// Writes the fields that are there, in the kernel's order.
    fn write(&self, out: &mut Writer<'_, Self::Set>);

    /// Reads a run of attributes. Each one in error goes to `report` and leaves its field as it
    /// was; attributes that the table does not name are passed over.
    fn read(attrs: Attrs<'_, Self::Set>, report: &mut dyn FnMut(Error)) -> Self {
        let mut record = Self::default();
        for attr in attrs.iter() {
            match attr {
                Ok(attr) => record.set(attr, report),
                Err(error) => report(error),
            }
        }
        record
    }

    /// Reads a run of attributes that must be without error.
    ///
    /// # Errors
    /// The first error in it.
    fn try_read(attrs: Attrs<'_, Self::Set>) -> Result<Self, Error> {
        let mut first = None;
        let record = Self::read(attrs, &mut |error| {
            first.get_or_insert(error);
        });
        first.map_or(Ok(record), Err)
    }

    /// Whether there is nothing to write.
    fn is_absent(&self) -> bool {
        *self == Self::default()
    }
}

/// What a field is when its attribute is not there: a constant, so that a whole value can be copied
/// from it.
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

impl Absent for Family {
    const ABSENT: Self = Self::UNSPEC;

    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::ABSENT
    }
}

/// How a field owns what an attribute borrows.
pub(crate) trait Owned<'a, V> {
    fn own(value: V) -> Self;
    fn lend(&'a self) -> V;
}

impl<V: Copy> Owned<'_, V> for V {
    fn own(value: V) -> Self {
        value
    }

    fn lend(&self) -> V {
        *self
    }
}

/// Declares a flat value: its fields in the order in which they are written, each with the variant
/// that it stands for. `= Variant` is an `Option` of what the variant holds, `= nest Variant` a
/// flat value of its own.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident($Set:ty => $Attr:ident) {
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty = $($how:ident)+; )+
        }
    ) => {
        $crate::flat::record::fields! {
            $(#[$meta])*
            pub struct $Name { $( $(#[$field_meta])+ $field: $Type; )+ }
        }

        impl $crate::flat::Record for $Name {
            type Set = $Set;

            #[inline]
            fn set(&mut self, attr: $Attr<'_>, report: &mut dyn FnMut($crate::error::Error)) {
                let _ = &report;
                match attr {
                    $( $crate::flat::record::arm!($Attr, value, $($how)+) =>
                        $crate::flat::record::set_field!(self.$field, value, report, $($how)+), )+
                    _ => {}
                }
            }

            fn write(&self, out: &mut $crate::wire::Writer<'_, $Set>) {
                $( $crate::flat::record::write_field!(self.$field, out, $Attr, $($how)+); )+
            }
        }
    };
}

/// A struct of public fields that are left out of JSON and friends where they are absent.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident { $( $(#[$field_meta:meta])+ $field:ident: $Type:ty; )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(default))]
        pub struct $Name {
            $(
                $(#[$field_meta])+
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::flat::record::is_default"))]
                pub $field: $Type,
            )+
        }

        #[cfg(feature = "format")]
        impl $crate::format::json::Value for $Name {
            const OPENING: &'static str = "{";

            #[inline]
            fn is_absent(&self) -> bool {
                $crate::flat::record::Absent::is_absent(self)
            }

            #[inline]
            fn write<'l>(
                &self,
                line: $crate::format::json::Line<'l>,
            ) -> $crate::format::json::Line<'l> {
                line.items("},", |line| {
                    $(
                        let key = concat!("\"", stringify!($field), "\":");
                        let line = $crate::format::json::field(line, key, &self.$field);
                    )+
                    line
                })
            }
        }

        impl $crate::flat::record::Absent for $Name {
            const ABSENT: Self = Self { $( $field: <$Type as $crate::flat::record::Absent>::ABSENT, )+ };

            #[inline(always)]
            fn is_absent(&self) -> bool {
                true $(& $crate::flat::record::Absent::is_absent(&self.$field))+
            }
        }

        /// Nothing is there.
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
        $self.$field = $crate::flat::Record::read($value, $report)
    };
    ($self:ident.$field:ident, $value:ident, $report:ident, $Variant:ident) => {
        $self.$field = Some($crate::flat::record::Owned::own($value))
    };
}

macro_rules! write_field {
    ($self:ident.$field:ident, $out:ident, $Attr:ident, nest $Variant:ident) => {
        if !$crate::flat::Record::is_absent(&$self.$field) {
            $out.nest($Attr::$Variant, |out| $crate::flat::Record::write(&$self.$field, out));
        }
    };
    ($self:ident.$field:ident, $out:ident, $Attr:ident, $Variant:ident) => {
        if let Some(value) = &$self.$field {
            $out.put($Attr::$Variant($crate::flat::record::Owned::lend(value)));
        }
    };
}

#[cfg(feature = "serde")]
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) use {arm, fields, record, set_field, write_field};
