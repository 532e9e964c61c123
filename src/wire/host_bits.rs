//! A bit set in the memory layout of the kernel's `unsigned long[]`.

use super::endian::Endian;
use super::write_buf::WriteBuf;
use core::fmt;

/// The size of the largest set, in bytes: the kernel has 128 labels.
const MAX_LEN: usize = 16;

/// A set of up to 128 bits in the memory layout of the kernel's `unsigned long[]`.
///
/// On a little-endian machine bit `n` is bit `n % 8` of byte `n / 8`. On a big-endian machine the
/// bytes of each word are reversed, so that the word size matters too: see [`Endian`]. A set may end
/// within a word. The kernel copies such a set to the start of its array, so that the bytes keep
/// their place in the word.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Endian, HostBits};
///
/// let bits = HostBits::new(&[8, 0, 0, 0, 0, 0, 0, 0x80], Endian::Little).unwrap();
/// assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 63]);
/// // On a big-endian machine with words of 8 bytes, the last byte has the lowest bits.
/// let bits = HostBits::new(&[0x80, 0, 0, 0, 0, 0, 0, 8], Endian::Big).unwrap();
/// assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 63]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostBits<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl<'a> HostBits<'a> {
    /// The size of the largest set, in bytes.
    pub const MAX_LEN: usize = MAX_LEN;

    /// The set that no byte holds.
    pub(crate) const EMPTY: Self = Self { bytes: &[], endian: Endian::Little };

    /// Creates a set from the memory of a machine.
    ///
    /// Returns `None` if the length is not a multiple of 4 or above [`MAX_LEN`](Self::MAX_LEN).
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Option<Self> {
        if bytes.len() % 4 == 0 && bytes.len() <= Self::MAX_LEN {
            Some(Self { bytes, endian })
        } else {
            None
        }
    }

    /// Returns the memory of the set.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the byte order of the memory.
    pub(crate) const fn endian(&self) -> Endian {
        self.endian
    }

    /// Returns `true` if bit `n` is set.
    #[must_use]
    pub fn contains(&self, n: usize) -> bool {
        let byte = self.bytes.get((n / 8) ^ reversal(self.endian));
        byte.is_some_and(|byte| byte >> (n % 8) & 1 != 0)
    }

    /// Returns the numbers of the bits that are set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<'a> {
        let bits = *self;
        (0..Self::MAX_LEN * 8).filter(move |&n| bits.contains(n))
    }

    /// Returns the bits as a number.
    #[must_use]
    #[inline]
    pub fn to_u128(&self) -> u128 {
        match (self.endian, self.bytes.try_into()) {
            (Endian::Little, Ok(bytes)) => u128::from_le_bytes(bytes),
            _ => u128::from_le_bytes(self.layout(Endian::Little)),
        }
    }

    /// Returns the memory that a machine of byte order `endian` has for the same bits.
    fn layout(&self, endian: Endian) -> [u8; MAX_LEN] {
        let moved = reversal(self.endian) ^ reversal(endian);
        let mut layout = [0; MAX_LEN];
        for (n, to) in layout.iter_mut().enumerate() {
            *to = self.bytes.get(n ^ moved).copied().unwrap_or_default();
        }
        layout
    }

    /// Appends the bits in the memory layout of a machine of byte order `endian`.
    ///
    /// The length stays the same, unless the byte order differs and the set ends within a word.
    pub(crate) fn write(&self, endian: Endian, out: &mut WriteBuf) {
        if endian == self.endian {
            out.extend_from_slice(self.bytes);
            return;
        }
        // Bytes change their places within the larger of the two words.
        let moved = reversal(self.endian) ^ reversal(endian);
        let unit = (moved + 1).next_power_of_two();
        let len = self.bytes.len().next_multiple_of(unit);
        let layout = self.layout(endian);
        out.extend_from_slice(layout.get(..len).unwrap_or(&layout));
    }
}

/// Returns what to XOR the index of a byte with to reverse the bytes of each word.
const fn reversal(endian: Endian) -> usize {
    match endian {
        Endian::Little => 0,
        Endian::Big => 7,
        Endian::Big32 => 3,
    }
}

/// The bit numbers, with commas; `none` for an empty set.
impl fmt::Display for HostBits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for bit in self.iter() {
            write!(f, "{separator}{bit}")?;
            separator = ",";
        }
        if separator.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

impl fmt::Debug for HostBits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn numbers(bytes: &[u8], endian: Endian) -> Vec<usize> {
        let bits = HostBits::new(bytes, endian).unwrap();
        let numbers: Vec<usize> = bits.iter().collect();
        assert_eq!(bits.to_u128(), numbers.iter().fold(0, |bits, n| bits | 1 << n));
        numbers
    }

    /// Recorded: bit 3 of x86-64, s390x and mips, bit 64 of s390x, bit 127 of mips.
    #[test]
    fn bits_of_each_byte_order() {
        let one = |at: usize, byte| {
            let mut bytes = [0; 16];
            bytes[at] = byte;
            bytes
        };
        assert_eq!(numbers(&one(0, 8), Endian::Little), [3]);
        assert_eq!(numbers(&one(7, 8), Endian::Big), [3]);
        assert_eq!(numbers(&one(3, 8), Endian::Big32), [3]);
        assert_eq!(numbers(&one(15, 1), Endian::Big), [64]);
        assert_eq!(numbers(&one(12, 0x80), Endian::Big32), [127]);
    }

    /// Recorded: requests with 4 bytes of labels, and the labels that s390x and mips then report.
    #[test]
    fn a_set_that_ends_within_a_word() {
        let sent = [0x7e, 0x52, 0x17, 0xf4];
        let on_s390x = [34, 36, 37, 38, 39, 40, 41, 42, 44, 49, 52, 54, 57, 58, 59, 60, 61, 62];
        assert_eq!(numbers(&sent, Endian::Big), on_s390x);
        assert_eq!(numbers(&[1, 2, 3, 4], Endian::Big32), [2, 8, 9, 17, 24]);
        assert_eq!(numbers(&[1, 2, 3, 4], Endian::Little), [0, 9, 16, 17, 26]);
        let mut elsewhere = WriteBuf::new();
        HostBits::new(&sent, Endian::Big).unwrap().write(Endian::Little, &mut elsewhere);
        assert_eq!(*elsewhere, [0, 0, 0, 0, 0xf4, 0x17, 0x52, 0x7e]);
        elsewhere.clear();
        HostBits::new(&[1, 2, 3, 4], Endian::Big32).unwrap().write(Endian::Big, &mut elsewhere);
        assert_eq!(*elsewhere, [0, 0, 0, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn lengths_that_are_refused() {
        assert_eq!(HostBits::new(&[1, 2, 3], Endian::Big), None);
        assert_eq!(HostBits::new(&[1; 20], Endian::Little), None);
        assert!(HostBits::new(&[], Endian::Little).is_some());
    }

    #[test]
    fn each_byte_order_in_each_other() {
        let number: u128 = 0x0123_4567_89ab_cdef_1122_3344_5566_7789;
        let big = [
            0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x89, // word 0
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, // word 1
        ];
        let big32 = [
            0x55, 0x66, 0x77, 0x89, 0x11, 0x22, 0x33, 0x44, // words 0 and 1
            0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, // words 2 and 3
        ];
        let layouts =
            [(number.to_le_bytes(), Endian::Little), (big, Endian::Big), (big32, Endian::Big32)];
        for (bytes, endian) in &layouts {
            let bits = HostBits::new(bytes, *endian).unwrap();
            assert_eq!(bits.to_u128(), number);
            for (expected, other) in &layouts {
                let mut written = WriteBuf::new();
                bits.write(*other, &mut written);
                assert_eq!(*written, *expected, "{endian:?} to {other:?}");
            }
        }
    }
}
