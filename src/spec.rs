//! What the attribute tables say of themselves, as constant data.
//!
//! Each table is written once with [`attr_set!`](crate::wire). Code that walks tables rather than
//! types (text, annotation, fuzzing, the check against the kernel's header) reads these.

use core::fmt;

/// One attribute of a set: one row of a table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttrSpec {
    /// The number in `nla_type`, flags aside.
    pub number: u16,
    /// The kernel's name, such as `CTA_TIMESTAMP_START`.
    pub name: &'static str,
    /// Other names that the kernel's header has for the same number.
    pub aliases: &'static [&'static str],
    /// What it means, with its unit.
    pub doc: &'static str,
    /// The first kernel release that knows it.
    pub since: &'static str,
    /// How its payload lies on the wire.
    pub form: Form,
}

/// One set of attributes: one kernel `enum`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SetSpec {
    /// The kernel's name, such as `ctattr_tstamp`.
    pub name: &'static str,
    /// The rows, in the order of their numbers.
    pub attrs: &'static [AttrSpec],
}

impl SetSpec {
    /// Describes a set; the tables do this.
    pub(crate) const fn new(name: &'static str, attrs: &'static [AttrSpec]) -> Self {
        Self { name, attrs }
    }

    /// The row of an attribute number, `None` for numbers that the set does not name.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&'static AttrSpec> {
        // Most sets have a row for every number from 1 on.
        let guess = self.attrs.get(usize::from(number).wrapping_sub(1));
        let rows = || self.attrs.iter().find(|attr| attr.number == number);
        guess.filter(|attr| attr.number == number).or_else(rows)
    }
}

impl fmt::Debug for SetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Rows are the same when they name the same attribute.
impl PartialEq for AttrSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for AttrSpec {}

/// Sets are the same when they name the same enum.
impl PartialEq for SetSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SetSpec {}

/// How a payload lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One byte.
    U8,
    /// Two bytes, big-endian.
    Be16,
    /// Four bytes, big-endian.
    Be32,
    /// Eight bytes, big-endian.
    Be64,
    /// Nanoseconds since the Unix epoch: eight bytes, big-endian.
    BeNanos,
    /// Four bytes in the order of the machine that wrote them.
    Host32,
    /// Eight bytes in the order of the machine that wrote them.
    Host64,
    /// An IPv4 address: four bytes.
    Ipv4,
    /// An IPv6 address: sixteen bytes.
    Ipv6,
    /// `struct nf_ct_tcp_flags`: a byte of flags, a byte of mask.
    TcpFlags,
    /// `unsigned long[]` in the order of the machine that wrote it, as a bit set.
    HostWords,
    /// Characters and a NUL.
    Str,
    /// Any bytes.
    Bytes,
    /// Nothing: an empty attribute that aligns the next one.
    Pad,
    /// Attributes of another set.
    Nest(&'static SetSpec),
}
