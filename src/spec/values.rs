//! The names of numbers and flags.

use core::fmt;

/// The names of the numbers that an attribute may hold.
///
/// # Examples
/// ```
/// use ctnetlink::nested::TcpFlags;
/// use ctnetlink::spec::ValueKind;
///
/// let flags = TcpFlags::VALUES;
/// assert_eq!(flags.kind, ValueKind::Flags);
/// assert_eq!((flags.named[1].number, flags.named[1].name), (2, "SACK_PERM"));
/// assert_eq!(flags.text(0x22).to_string(), "SACK_PERM|MAXACK_SET");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Values {
    /// The name of the whole: the kernel's `enum`, or one in its style where the kernel has macros.
    pub name: &'static str,
    /// The prefix that the kernel's header puts before the names in upper case.
    ///
    /// It is empty if no installed header has the names.
    pub prefix: &'static str,
    /// Whether a number is one of the values or a sum of them.
    pub kind: ValueKind,
    /// The values that have a name.
    pub named: &'static [NamedValue],
}

/// How the named values make up a number.
///
/// # Examples
/// See [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// A number is one of the values.
    Enum,
    /// A number is a set of bits, each of which is a value.
    Flags,
}

/// A number with a name.
///
/// # Examples
/// See [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedValue {
    /// The number; of a flag, its bit.
    pub number: u64,
    /// The name, such as `ESTABLISHED` or `tcp`.
    pub name: &'static str,
}

impl NamedValue {
    pub(crate) const fn new(number: u64, name: &'static str) -> Self {
        Self { number, name }
    }
}

impl Values {
    pub(crate) const fn new(
        name: &'static str,
        prefix: &'static str,
        kind: ValueKind,
        named: &'static [NamedValue],
    ) -> Self {
        Self { name, prefix, kind, named }
    }

    /// Returns the name of `number`, or `None` if no value has that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&'static str> {
        self.named.iter().find(|value| value.number == number).map(|value| value.name)
    }

    /// Returns `number` as text: its name, or the names of its flags with `|` between them.
    ///
    /// A number without a name is in decimal; flags without a name follow in hexadecimal.
    #[must_use]
    pub const fn text(&self, number: u64) -> ValueText<'_> {
        ValueText { values: self, number }
    }
}

/// A number as text, by the names of [`Values`]; see [`Values::text`].
///
/// # Examples
/// See [`Values`].
#[derive(Clone, Copy, Debug)]
pub struct ValueText<'v> {
    values: &'v Values,
    number: u64,
}

impl fmt::Display for ValueText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.values.kind {
            ValueKind::Enum => match self.values.get(self.number) {
                Some(name) => f.pad(name),
                None => fmt::Display::fmt(&self.number, f),
            },
            ValueKind::Flags => {
                let (mut separator, mut rest) = ("", self.number);
                for value in self.values.named {
                    // Flags may overlap: one whose bits all have been named is not named again.
                    if self.number & value.number == value.number && rest & value.number != 0 {
                        write!(f, "{separator}{}", value.name)?;
                        separator = "|";
                        rest &= !value.number;
                    }
                }
                match rest {
                    0 if separator.is_empty() => f.write_str("0"),
                    0 => Ok(()),
                    rest => write!(f, "{separator}{rest:#x}"),
                }
            }
        }
    }
}
