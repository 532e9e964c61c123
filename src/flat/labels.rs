//! The labels of an entry.

use super::record::Owned;
use crate::wire::{Endian, HostBits};
use core::fmt;
use core::hash::{Hash, Hasher};

/// The labels of an entry: bits from 0 to 127 that rules set on a flow.
///
/// The attribute is encoded with the length that it was decoded with, and with 16 bytes otherwise.
/// Kernels send 16 bytes since Linux 4.9 and fewer before; requests may have any multiple of 4 up to
/// 16. Equality and hashes are those of the bits alone.
///
/// # Examples
///
/// ```
/// use ctnetlink::flat::Labels;
///
/// let labels = Labels::try_from([3, 64])?;
/// assert!(labels.contains(64));
/// assert_eq!(labels.bits(), 1 << 64 | 1 << 3);
/// assert_eq!(labels.into_iter().collect::<Vec<_>>(), [3, 64]);
/// assert!(Labels::try_from([200]).is_err());
/// # Ok::<(), ctnetlink::flat::LabelError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Labels {
    memory: [u8; HostBits::MAX_LEN],
    len: u8,
    endian: Endian,
}

impl Labels {
    const COUNT: u8 = 128;

    /// Creates labels whose label `n` is bit `n` of `bits`.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self::from_memory(bits.to_le_bytes(), Endian::Little)
    }

    /// Creates labels from the memory of a machine.
    pub(crate) const fn from_memory(memory: [u8; HostBits::MAX_LEN], endian: Endian) -> Self {
        Self { memory, len: HostBits::MAX_LEN as u8, endian }
    }

    #[inline]
    fn host_bits(&self) -> HostBits<'_> {
        let memory = self.memory.get(..self.len.into()).unwrap_or(&self.memory);
        HostBits::new(memory, self.endian).unwrap_or(HostBits::EMPTY)
    }

    /// Returns the labels as a number.
    #[must_use]
    #[inline]
    pub fn bits(self) -> u128 {
        self.host_bits().to_u128()
    }

    /// Returns `true` if no label is set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits() == 0
    }

    /// Returns `true` if label `n` is set.
    #[must_use]
    pub fn contains(self, n: u8) -> bool {
        self.host_bits().contains(n.into())
    }

    /// Sets label `n`.
    ///
    /// # Errors
    ///
    /// Returns an error if `n` is above 127.
    pub fn insert(&mut self, n: u8) -> Result<(), LabelError> {
        let bit = 1_u128.checked_shl(n.into()).ok_or(LabelError { label: n })?;
        *self = Self::from_bits(self.bits() | bit);
        Ok(())
    }

    /// Returns the numbers of the labels that are set, in ascending order.
    pub fn iter(self) -> LabelIter {
        LabelIter { bits: self.bits() }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::from_bits(0)
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Labels by their numbers.
impl TryFrom<&[u8]> for Labels {
    type Error = LabelError;

    fn try_from(numbers: &[u8]) -> Result<Self, LabelError> {
        let mut labels = Self::default();
        numbers.iter().try_for_each(|&n| labels.insert(n))?;
        Ok(labels)
    }
}

/// Labels by their numbers.
impl<const N: usize> TryFrom<[u8; N]> for Labels {
    type Error = LabelError;

    fn try_from(numbers: [u8; N]) -> Result<Self, LabelError> {
        Self::try_from(numbers.as_slice())
    }
}

impl IntoIterator for Labels {
    type Item = u8;
    type IntoIter = LabelIter;

    fn into_iter(self) -> LabelIter {
        self.iter()
    }
}

/// An iterator over the numbers of labels, in ascending order.
///
/// # Examples
/// See [`Labels`].
#[derive(Clone, Debug)]
pub struct LabelIter {
    bits: u128,
}

impl Iterator for LabelIter {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let lowest = self.bits.trailing_zeros();
        self.bits &= self.bits.wrapping_sub(1);
        u8::try_from(lowest).ok().filter(|&n| n < Labels::COUNT)
    }
}

/// An error for a label number above 127.
///
/// # Examples
/// ```
/// use ctnetlink::Labels;
///
/// let error = Labels::try_from([3, 200]).unwrap_err();
/// assert_eq!(error.label, 200);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelError {
    /// The number.
    pub label: u8,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a label from 0 to 127, found {}", self.label)
    }
}

impl core::error::Error for LabelError {}

impl<'a> Owned<'a, HostBits<'a>> for Labels {
    fn from_borrowed(value: HostBits<'a>) -> Self {
        let mut memory = [0; HostBits::MAX_LEN];
        for (to, from) in memory.iter_mut().zip(value.as_bytes()) {
            *to = *from;
        }
        // At most 16 bytes.
        Self { memory, len: value.as_bytes().len() as u8, endian: value.endian() }
    }

    fn as_borrowed(&'a self) -> HostBits<'a> {
        self.host_bits()
    }
}

/// A list of label numbers.
#[cfg(feature = "serde")]
impl serde::Serialize for Labels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = alloc::vec::Vec::<u8>::deserialize(deserializer)?;
        Self::try_from(numbers.as_slice()).map_err(serde::de::Error::custom)
    }
}
