//! Values in JSON.

use super::Line;

/// A value after a key or in a list.
pub(crate) trait Value {
    /// The first bytes of the value, if the compiler knows them.
    ///
    /// They are written together with the key.
    const OPENING: &'static str = "";

    /// Returns `true` if the key is omitted, too.
    #[inline(always)]
    fn is_absent(&self) -> bool {
        false
    }

    /// Appends the value after its opening, and a comma.
    ///
    /// [`Line::items`] removes the comma of the last value.
    fn write<'l>(&self, line: Line<'l>) -> Line<'l>;
}

/// Appends a key, which has its quotes and colon, and a value, unless the value is absent.
#[inline(always)]
pub(crate) fn field<'l, V: Value + ?Sized>(
    line: Line<'l>,
    key: &'static str,
    value: &V,
) -> Line<'l> {
    if value.is_absent() { line } else { present(line, key, value) }
}

/// Appends a key and a value, even if the value is absent.
#[inline(always)]
pub(crate) fn present<'l, V: Value + ?Sized>(
    line: Line<'l>,
    key: &'static str,
    value: &V,
) -> Line<'l> {
    value.write(line.constants([key, V::OPENING]))
}

impl<V: Value> Value for Option<V> {
    const OPENING: &'static str = V::OPENING;

    #[inline(always)]
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    #[inline(always)]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        match self {
            Some(value) => value.write(line),
            None => line,
        }
    }
}
