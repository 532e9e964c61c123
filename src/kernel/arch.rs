//! Machines, and their names and properties as text.

use crate::wire::Endian;
use core::fmt;
use core::ops::RangeInclusive;
use core::str::FromStr;

/// A machine: what of it decides bytes and sizes.
///
/// # Text form
///
/// `FromStr` reads a name of [`Arch::NAMED`], then properties that differ from it. `Display` writes
/// the same.
///
/// | property | values | field |
/// |---|---|---|
/// | `word` | `4`, `8` | [`word`](Self::word) |
/// | `order` | `little`, `big` | [`is_big_endian`](Self::is_big_endian) |
/// | `pads` | `no`, `yes` | [`pads`](Self::pads) |
/// | `overhead` | 0 to 2048 | [`skb_overhead`](Self::skb_overhead) |
/// | `page` | 4096 to 262144 | [`page_size`](Self::page_size) |
/// | `hz` | 1 to 10000 | [`hz`](Self::hz) |
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Arch;
///
/// let arch: Arch = "arm64,page=16384,hz=100".parse()?;
/// assert_eq!(arch, Arch { page_size: 16384, hz: 100, ..Arch::ARM64 });
/// assert_eq!(arch.to_string(), "arm64,page=16384,hz=100");
/// # Ok::<(), ctnetlink::kernel::ParseArchError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arch {
    /// The name of the machine.
    pub name: &'static str,
    /// The most significant byte of an integer in host order is the first.
    pub is_big_endian: bool,
    /// The size of an `unsigned long` in bytes.
    pub word: usize,
    /// The kernel aligns 64-bit values with pad attributes.
    ///
    /// It does so on machines without `HAVE_EFFICIENT_UNALIGNED_ACCESS`.
    pub pads: bool,
    /// The size of `struct skb_shared_info`, rounded up to whole cache lines.
    pub skb_overhead: usize,
    /// The size of a page in bytes.
    pub page_size: usize,
    /// `HZ`: the number of jiffies per second, which the kernel is built with.
    pub hz: u32,
}

impl Arch {
    /// 64-bit x86.
    pub const X86_64: Self = Self {
        name: "x86_64",
        is_big_endian: false,
        word: 8,
        pads: false,
        skb_overhead: 320,
        page_size: 4096,
        hz: 250,
    };
    /// 32-bit x86.
    pub const I386: Self = Self { name: "i386", word: 4, skb_overhead: 256, ..Self::X86_64 };
    /// 64-bit ARM, with pages of 4 KiB.
    pub const ARM64: Self = Self { name: "arm64", ..Self::X86_64 };
    /// 32-bit ARM.
    pub const ARM: Self = Self { name: "arm", ..Self::I386 };
    /// 32-bit MIPS, big-endian.
    pub const MIPS: Self = Self { name: "mips", is_big_endian: true, ..Self::MIPSEL };
    /// 32-bit MIPS, little-endian.
    pub const MIPSEL: Self = Self { name: "mipsel", pads: true, ..Self::I386 };
    /// 64-bit POWER, little-endian, with cache lines of 128 bytes and pages of 4 KiB.
    pub const PPC64LE: Self = Self { name: "ppc64le", skb_overhead: 384, ..Self::X86_64 };
    /// 64-bit RISC-V, built for machines that may lack efficient unaligned access.
    pub const RISCV64: Self = Self { name: "riscv64", pads: true, ..Self::X86_64 };
    /// IBM Z: 64-bit, big-endian, with cache lines of 256 bytes.
    pub const S390X: Self =
        Self { name: "s390x", is_big_endian: true, skb_overhead: 512, ..Self::X86_64 };

    /// The machines that have a name.
    pub const NAMED: &'static [Self] = &[
        Self::X86_64,
        Self::I386,
        Self::ARM64,
        Self::ARM,
        Self::MIPS,
        Self::MIPSEL,
        Self::PPC64LE,
        Self::RISCV64,
        Self::S390X,
    ];

    /// Returns the byte order, with the word size.
    #[must_use]
    #[inline]
    pub const fn endian(&self) -> Endian {
        let endian = if self.is_big_endian { Endian::Big } else { Endian::Little };
        endian.with_word_size(self.word)
    }

    /// Returns `NLMSG_GOODSIZE`: what fits in a page, or in 8 KiB of a larger page.
    #[must_use]
    pub const fn nlmsg_goodsize(&self) -> usize {
        let page = if self.page_size < 8192 { self.page_size } else { 8192 };
        page.saturating_sub(self.skb_overhead)
    }
}

/// A property as text.
struct Property {
    name: &'static str,
    values: Values,
    get: fn(&Arch) -> usize,
    set: fn(&mut Arch, usize),
}

/// The values that a property can have.
enum Values {
    Words(&'static [(&'static str, usize)]),
    Numbers(RangeInclusive<usize>),
}

const PROPERTIES: [Property; 6] = [
    Property {
        name: "word",
        values: Values::Words(&[("4", 4), ("8", 8)]),
        get: |arch| arch.word,
        set: |arch, bytes| arch.word = bytes,
    },
    Property {
        name: "order",
        values: Values::Words(&[("little", 0), ("big", 1)]),
        get: |arch| arch.is_big_endian.into(),
        set: |arch, is_big| arch.is_big_endian = is_big != 0,
    },
    Property {
        name: "pads",
        values: Values::Words(&[("no", 0), ("yes", 1)]),
        get: |arch| arch.pads.into(),
        set: |arch, pads| arch.pads = pads != 0,
    },
    Property {
        name: "overhead",
        values: Values::Numbers(0..=2048),
        get: |arch| arch.skb_overhead,
        set: |arch, bytes| arch.skb_overhead = bytes,
    },
    Property {
        name: "page",
        values: Values::Numbers(4096..=262_144),
        get: |arch| arch.page_size,
        set: |arch, bytes| arch.page_size = bytes,
    },
    Property {
        name: "hz",
        values: Values::Numbers(1..=10_000),
        get: |arch| arch.hz as usize,
        set: |arch, hz| arch.hz = hz as u32,
    },
];

impl Values {
    fn parse(&self, text: &str) -> Option<usize> {
        match self {
            Self::Words(words) => words.iter().find(|(word, _)| *word == text).map(|(_, n)| *n),
            Self::Numbers(range) => text.parse().ok().filter(|n| range.contains(n)),
        }
    }
}

impl FromStr for Arch {
    type Err = ParseArchError;

    fn from_str(text: &str) -> Result<Self, ParseArchError> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default();
        let named = Self::NAMED.iter().find(|arch| arch.name == name);
        let mut arch = *named.ok_or(ParseArchError::Name)?;
        for part in parts {
            let (name, value) = part.split_once('=').ok_or(ParseArchError::Property)?;
            let property = PROPERTIES.iter().find(|property| property.name == name);
            let property = property.ok_or(ParseArchError::Property)?;
            let value = property.values.parse(value);
            let value = value.ok_or(ParseArchError::Value { property: property.name })?;
            (property.set)(&mut arch, value);
        }
        Ok(arch)
    }
}

/// Writes the name and the properties that differ from those of the named machine.
impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let named = Self::NAMED.iter().find(|arch| arch.name == self.name);
        for Property { name, values, get, .. } in &PROPERTIES {
            let value = get(self);
            if named.map(get) == Some(value) {
                continue;
            }
            let word = match values {
                Values::Words(words) => words.iter().find(|(_, n)| *n == value),
                Values::Numbers(_) => None,
            };
            match word {
                Some((word, _)) => write!(f, ",{name}={word}")?,
                None => write!(f, ",{name}={value}")?,
            }
        }
        Ok(())
    }
}

/// An error from parsing an [`Arch`].
///
/// # Examples
/// ```
/// use ctnetlink::kernel::{Arch, ParseArchError};
///
/// let error = "arm64,hz=0".parse::<Arch>().unwrap_err();
/// assert!(error.to_string().contains("hz"), "{error}");
/// # let _: ParseArchError = error;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseArchError {
    /// The text does not begin with a name of [`Arch::NAMED`].
    Name,
    /// A comma is not followed by a property and `=`.
    Property,
    /// The value is not one that the property can have.
    Value {
        /// The property.
        property: &'static str,
    },
}

impl fmt::Display for ParseArchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("expected one of")?;
                Arch::NAMED.iter().try_for_each(|arch| write!(f, " {}", arch.name))
            }
            Self::Property => {
                f.write_str("expected NAME=VALUE with a name of")?;
                PROPERTIES.iter().try_for_each(|property| write!(f, " {}", property.name))
            }
            Self::Value { property } => {
                let found = PROPERTIES.iter().find(|known| known.name == *property);
                match found.map(|property| &property.values) {
                    Some(Values::Words(words)) => {
                        write!(f, "expected for {property} one of")?;
                        words.iter().try_for_each(|(word, _)| write!(f, " {word}"))
                    }
                    Some(Values::Numbers(range)) => {
                        let (start, end) = (range.start(), range.end());
                        write!(f, "expected for {property} a number from {start} to {end}")
                    }
                    None => write!(f, "expected another value for {property}"),
                }
            }
        }
    }
}

impl core::error::Error for ParseArchError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn text_of_every_machine_and_property() {
        for arch in Arch::NAMED {
            assert_eq!(arch.name.parse(), Ok(*arch));
            assert_eq!(arch.to_string(), arch.name);
        }
        let text = "arm64,word=4,order=big,pads=yes,overhead=640,page=65536,hz=1000";
        let arch: Arch = text.parse().unwrap();
        let expected = Arch {
            name: "arm64",
            word: 4,
            is_big_endian: true,
            pads: true,
            skb_overhead: 640,
            page_size: 65536,
            hz: 1000,
        };
        assert_eq!(arch, expected);
        assert_eq!(arch.to_string(), text);
        assert_eq!("mips,word=8".parse::<Arch>().unwrap().endian(), Endian::Big);
    }

    #[test]
    fn refused_texts() {
        let refusal = |text: &str| text.parse::<Arch>().unwrap_err();
        assert_eq!(refusal(""), ParseArchError::Name);
        assert_eq!(refusal("m68k"), ParseArchError::Name);
        assert_eq!(refusal("arm64,"), ParseArchError::Property);
        assert_eq!(refusal("arm64,size=3"), ParseArchError::Property);
        assert_eq!(refusal("arm64,word=16").to_string(), "expected for word one of 4 8");
        assert_eq!(
            refusal("arm64,page=16k").to_string(),
            "expected for page a number from 4096 to 262144"
        );
    }

    /// Recorded: the size of expectation events, which is `NLMSG_GOODSIZE`.
    #[test]
    fn sizes_of_machines() {
        let goodsize = |text: &str| text.parse::<Arch>().unwrap().nlmsg_goodsize();
        for (arch, bytes) in [
            ("i386", 3840),
            ("arm", 3840),
            ("mipsel", 3840),
            ("mips", 3840),
            ("arm64", 3776),
            ("arm64,page=16384", 7872),
            ("ppc64le", 3712),
        ] {
            assert_eq!(goodsize(arch), bytes, "{arch}");
        }
    }
}
