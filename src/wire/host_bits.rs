//! A bit set that lies in memory as the kernel's `unsigned long[]`.

use super::endian::Endian;
use super::write_buf::WriteBuf;
use core::fmt;

/// A bit set as the kernel keeps it: `unsigned long[]` in the sender's byte order.
///
/// On a little-endian machine bit `n` is bit `n % 8` of byte `n / 8`. On a big-endian one the bytes
/// of each word are the other way round, and a word has 8 bytes, as on every 64-bit kernel; a
/// length that is no multiple of 8 can only come from a 32-bit kernel and is read in words of 4.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostBits<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl<'a> HostBits<'a> {
    /// Bits that lie in `bytes` as a machine of that byte order has them; `None` if the length is
    /// no multiple of 4.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Option<Self> {
        if bytes.len() % 4 == 0 { Some(Self { bytes, endian }) } else { None }
    }

    /// 128 bits in little-endian order.
    #[must_use]
    pub const fn little_endian(bytes: &'a [u8; 16]) -> Self {
        Self { bytes, endian: Endian::Little }
    }

    /// The bytes as they lie.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The byte order in which they lie.
    pub(crate) const fn endian(&self) -> Endian {
        self.endian
    }

    /// The number of bits that there is room for.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.bytes.len() * 8
    }

    const fn word(&self) -> usize {
        if self.bytes.len() % 8 == 0 { 8 } else { 4 }
    }

    /// Whether bit `n` is set.
    #[must_use]
    pub fn test(&self, n: usize) -> bool {
        let byte = match self.endian {
            Endian::Little => n / 8,
            // The last byte of a word is its lowest.
            Endian::Big => (n / 8) ^ (self.word() - 1),
        };
        self.bytes.get(byte).is_some_and(|byte| byte >> (n % 8) & 1 != 0)
    }

    /// The numbers of the bits that are set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<'a> {
        let bits = *self;
        (0..bits.capacity()).filter(move |&n| bits.test(n))
    }

    /// Bits 0 to 127 as a number; higher ones are left out.
    #[must_use]
    #[inline]
    pub fn to_u128(&self) -> u128 {
        if let (Endian::Little, Ok(bytes)) = (self.endian, self.bytes.try_into()) {
            return u128::from_le_bytes(bytes);
        }
        let mut bytes = [0; 16];
        for (to, chunk) in bytes.chunks_exact_mut(self.word()).zip(self.bytes.chunks(self.word())) {
            to.copy_from_slice(chunk);
            if self.endian == Endian::Big {
                to.reverse();
            }
        }
        u128::from_le_bytes(bytes)
    }

    /// Appends the bits as a machine of byte order `endian` has them.
    pub(crate) fn write(&self, endian: Endian, out: &mut WriteBuf) {
        if endian == self.endian {
            out.extend_from_slice(self.bytes);
        } else {
            for word in self.bytes.chunks(self.word()) {
                word.iter().rev().for_each(|&byte| out.extend_from_slice(&[byte]));
            }
        }
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

    #[test]
    fn bits_of_both_byte_orders() {
        // Recorded: bit 3, and bit 64, as x86 and s390x send them.
        let three_le =
            HostBits::new(&[8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Endian::Little);
        let three_be =
            HostBits::new(&[0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0], Endian::Big);
        let high_be = HostBits::new(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Endian::Big);
        for bits in [three_le, three_be] {
            let bits = bits.unwrap();
            assert_eq!(bits.iter().collect::<Vec<_>>(), [3]);
            assert_eq!(bits.to_u128(), 8);
        }
        assert_eq!(high_be.unwrap().iter().collect::<Vec<_>>(), [64]);
        assert_eq!(high_be.unwrap().to_u128(), 1 << 64);
    }

    #[test]
    fn words_of_32_bit_machines() {
        let bits = HostBits::new(&[0, 0, 0, 2], Endian::Big).unwrap();
        assert_eq!((bits.iter().collect::<Vec<_>>(), bits.to_u128()), (alloc::vec![1], 2));
        let bits = HostBits::new(&[0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0], Endian::Big).unwrap();
        assert_eq!(bits.iter().collect::<Vec<_>>(), [95]);
        assert_eq!(HostBits::new(&[1, 2, 3], Endian::Big), None);
    }

    #[test]
    fn number_to_memory_and_back() {
        let number: u128 = 0x0123_4567_89ab_cdef_1122_3344_5566_7789;
        let little = number.to_le_bytes();
        let big = [
            0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x89, // word 0
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, // word 1
        ];
        let orders = [(little, Endian::Little, big), (big, Endian::Big, little)];
        for (bytes, endian, other) in orders {
            let bits = HostBits::new(&bytes, endian).unwrap();
            assert_eq!(bits.to_u128(), number);
            assert_eq!(bits.iter().count(), number.count_ones() as usize);
            assert!(bits.iter().all(|n| number >> n & 1 == 1));
            let mut swapped = WriteBuf::new();
            bits.write(endian.swapped(), &mut swapped);
            assert_eq!(*swapped, other);
        }
    }
}
