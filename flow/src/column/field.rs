//! The fields of an entry whose value a column holds.

use super::Value;
use ctnetlink::flat::Name;
use ctnetlink::{IpProto, Status};
use std::borrow::Cow;
use std::net::IpAddr;

/// A value of an entry that a column can hold.
pub(super) trait Field {
    /// Returns the value for the column, or `None` if it does not fit.
    fn value(&self) -> Option<Value<'_>>;
}

macro_rules! integers {
    ($($int:ty)+) => {
        $(
            impl Field for $int {
                #[inline]
                fn value(&self) -> Option<Value<'_>> {
                    i64::try_from(*self).ok().map(Value::Int)
                }
            }
        )+
    };
}

integers! { u8 u16 u32 u64 }

impl Field for IpAddr {
    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Address(*self))
    }
}

impl Field for IpProto {
    fn value(&self) -> Option<Value<'_>> {
        Some(named(self.name(), self.0))
    }
}

impl Field for Status {
    fn value(&self) -> Option<Value<'_>> {
        Some(Value::Int(self.bits().into()))
    }
}

/// A name that is not UTF-8 has no column.
impl Field for Name {
    fn value(&self) -> Option<Value<'_>> {
        self.to_str().ok().map(|text| Value::Text(text.into()))
    }
}

/// Returns a name of the kernel, or the digits of a number without a name.
pub(super) fn named(name: Option<&'static str>, number: u8) -> Value<'static> {
    Value::Text(name.map_or_else(|| Cow::Owned(number.to_string()), Cow::Borrowed))
}

/// Returns the value of a field.
#[inline]
pub(super) fn read<T: Field>(field: &Option<T>) -> Option<Value<'_>> {
    field.as_ref().and_then(T::value)
}

/// Makes a field absent if the column holds its value.
#[inline]
pub(super) fn erase<T: Field>(field: &mut Option<T>) {
    if read(field).is_some() {
        *field = None;
    }
}
