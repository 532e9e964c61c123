//! Attributes and attribute sets.

use super::Values;
use alloc::vec::Vec;
use core::fmt;

/// An attribute of a set.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::CtattrType;
/// use ctnetlink::spec::{Form, Meaning};
/// use ctnetlink::wire::AttrSet as _;
///
/// let timeout = CtattrType::SPEC.get(7).unwrap();
/// assert_eq!((timeout.name, timeout.since), ("CTA_TIMEOUT", "2.6.14"));
/// assert_eq!((timeout.form, timeout.meaning), (Form::Be32, Meaning::Seconds));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttrSpec {
    /// The number in `nla_type`, without flags.
    pub number: u16,
    /// The kernel's name, such as `CTA_TIMESTAMP_START`.
    pub name: &'static str,
    /// Other names that the kernel's header has for the number.
    pub aliases: &'static [&'static str],
    /// What the attribute means, and when it is sent.
    pub doc: &'static str,
    /// The first kernel release that has it, such as `2.6.39`.
    pub since: &'static str,
    /// The wire form of its payload.
    pub form: Form,
    /// What its number counts or identifies.
    pub meaning: Meaning,
    /// The names of its values, if they have names.
    pub values: Option<&'static Values>,
}

/// An attribute set: one kernel `enum`.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::CtattrType;
/// use ctnetlink::wire::AttrSet as _;
///
/// let set = CtattrType::SPEC;
/// assert_eq!((set.name, set.attrs.len()), ("ctattr_type", 27));
/// assert_eq!(set.find("CTA_TIMESTAMP_STOP").unwrap().number, 2);
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SetSpec {
    /// The kernel's name of the `enum`, such as `ctattr_tstamp`.
    pub name: &'static str,
    /// The attributes, in the order of their numbers.
    pub attrs: &'static [AttrSpec],
    /// An attribute that shares its number with another one and is always empty.
    ///
    /// Only `ctattr_type` has one: the pad attribute before `CTA_TIMESTAMP_EVENT`.
    pub empty: Option<&'static AttrSpec>,
}

impl SetSpec {
    pub(crate) const fn new(
        name: &'static str,
        attrs: &'static [AttrSpec],
        empty: Option<&'static AttrSpec>,
    ) -> Self {
        Self { name, attrs, empty }
    }

    /// Returns the attribute with this number, or `None` if the set has none.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&'static AttrSpec> {
        // Most sets have an attribute for every number from 1 on.
        let guess = self.attrs.get(usize::from(number).wrapping_sub(1));
        let all = || self.attrs.iter().find(|attr| attr.number == number);
        guess.filter(|attr| attr.number == number).or_else(all)
    }

    /// Returns the attribute that has this number and payload, or `None` if the set has none.
    ///
    /// Unlike [`get`](Self::get), it returns [`empty`](Self::empty) where the payload is empty.
    #[must_use]
    pub fn get_for(&self, number: u16, payload: &[u8]) -> Option<&'static AttrSpec> {
        let empty = self.empty.filter(|empty| empty.number == number && payload.is_empty());
        empty.or_else(|| self.get(number))
    }

    /// Returns the attribute with this name, in this set or in one nested in it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static AttrSpec> {
        self.attrs.iter().find_map(|attr| match attr.form {
            _ if attr.name == name => Some(attr),
            Form::Nest(inner) => inner.find(name),
            _ => None,
        })
    }

    /// Appends this set and the sets nested in it to `sets`, without those that are in it already.
    pub fn collect_into(&'static self, sets: &mut Vec<&'static Self>) {
        if sets.contains(&self) {
            return;
        }
        sets.push(self);
        for attr in self.attrs {
            if let Form::Nest(inner) = attr.form {
                inner.collect_into(sets);
            }
        }
    }
}

impl fmt::Debug for SetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Attributes are equal if their names are equal.
impl PartialEq for AttrSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for AttrSpec {}

/// Sets are equal if their names are equal.
impl PartialEq for SetSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SetSpec {}

/// The wire form of a payload.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::CtattrType;
/// use ctnetlink::spec::Form;
/// use ctnetlink::wire::AttrSet as _;
///
/// let Form::Nest(times) = CtattrType::SPEC.get(20).unwrap().form else { panic!() };
/// assert_eq!(times.name, "ctattr_tstamp");
/// assert_eq!(times.get(1).unwrap().form.payload_len(), Some(8));
/// ```
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
    /// Four bytes in the byte order of the machine that wrote them.
    Host32,
    /// Eight bytes in the byte order of the machine that wrote them.
    Host64,
    /// An IPv4 address: four bytes.
    Ipv4,
    /// An IPv6 address: sixteen bytes.
    Ipv6,
    /// `struct nf_ct_tcp_flags`: a byte of flags, a byte of mask.
    TcpFlags,
    /// A bit set, an `unsigned long[]` in the byte order of the machine that wrote it.
    HostWords,
    /// Characters and a NUL.
    Str,
    /// Any bytes.
    Bytes,
    /// No bytes: a pad attribute, which aligns the next one.
    Pad,
    /// Attributes of another set.
    Nest(&'static SetSpec),
}

impl Form {
    /// Returns the number of bytes of the payload, or `None` if it can vary.
    #[must_use]
    pub const fn payload_len(self) -> Option<usize> {
        match self {
            Self::Pad => Some(0),
            Self::U8 => Some(1),
            Self::Be16 | Self::TcpFlags => Some(2),
            Self::Be32 | Self::Host32 | Self::Ipv4 => Some(4),
            Self::Be64 | Self::Host64 => Some(8),
            Self::Ipv6 => Some(16),
            Self::HostWords | Self::Str | Self::Bytes | Self::Nest(_) => None,
        }
    }

    /// Returns `true` if the payload is one integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(
            self,
            Self::U8 | Self::Be16 | Self::Be32 | Self::Be64 | Self::Host32 | Self::Host64
        )
    }
}

/// What the number in an attribute counts or identifies.
///
/// # Examples
/// See [`AttrSpec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// Nothing that the wire form and the names of the values do not say.
    Plain,
    /// A time: nanoseconds since the Unix epoch.
    UnixNanos,
    /// A duration in seconds.
    Seconds,
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
    /// The port of a transport protocol; for GRE, a key.
    Port,
}
