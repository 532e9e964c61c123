//! Byte orders.

use byteorder::{BigEndian, ByteOrder as _, LittleEndian};

/// The byte order in which a machine writes its integers, and its word size where that shows.
///
/// Message headers, attribute headers and a few payloads (`CTA_LABELS`, `CTA_FILTER_*_FLAGS`,
/// everything inside `NLMSG_ERROR`) have the byte order of the machine that wrote the message. A
/// capture may come from a machine of the other byte order. All other ctnetlink payloads are
/// big-endian on every machine.
///
/// The word size decides one thing: which bits of `CTA_LABELS` are which labels, on a big-endian
/// machine. A message does not show it, so that readers assume [`Big`](Self::Big) unless they are set
/// to [`Big32`](Self::Big32).
///
/// # Examples
/// ```
/// use ctnetlink::wire::Endian;
///
/// assert_eq!(Endian::Big.u16([0x12, 0x34]), 0x1234);
/// assert_eq!(Endian::Little.u32_bytes(0x1234), [0x34, 0x12, 0, 0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Endian {
    /// The least significant byte comes first: x86, arm64, riscv, mipsel and others.
    Little,
    /// The most significant byte comes first, and words have 8 bytes: s390x, sparc64 and others.
    Big,
    /// The most significant byte comes first, and words have 4 bytes: mips, powerpc, m68k and others.
    Big32,
}

impl Endian {
    /// The byte order of the machine that runs this code.
    pub const NATIVE: Self = match (cfg!(target_endian = "big"), cfg!(target_pointer_width = "32"))
    {
        (false, _) => Self::Little,
        (true, false) => Self::Big,
        (true, true) => Self::Big32,
    };

    /// Returns this byte order for a machine with words of `bytes` bytes.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::wire::Endian;
    ///
    /// assert_eq!(Endian::Big.with_word_size(4), Endian::Big32);
    /// assert_eq!(Endian::Little.with_word_size(4), Endian::Little);
    /// ```
    #[must_use]
    pub const fn with_word_size(self, bytes: usize) -> Self {
        match (self, bytes) {
            (Self::Little, _) => Self::Little,
            (_, 4) => Self::Big32,
            (_, _) => Self::Big,
        }
    }

    /// Returns `true` if the most significant byte comes first.
    #[must_use]
    pub const fn is_big(self) -> bool {
        !matches!(self, Self::Little)
    }

    /// Returns the opposite byte order, for words of 8 bytes.
    #[must_use]
    pub const fn swapped(self) -> Self {
        if self.is_big() { Self::Little } else { Self::Big }
    }

    /// Returns the integer in two bytes.
    #[inline]
    #[must_use]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => LittleEndian::read_u16(&bytes),
            Self::Big | Self::Big32 => BigEndian::read_u16(&bytes),
        }
    }

    /// Returns the integer in four bytes.
    #[inline]
    #[must_use]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => LittleEndian::read_u32(&bytes),
            Self::Big | Self::Big32 => BigEndian::read_u32(&bytes),
        }
    }

    /// Returns the integer in eight bytes.
    #[inline]
    #[must_use]
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => LittleEndian::read_u64(&bytes),
            Self::Big | Self::Big32 => BigEndian::read_u64(&bytes),
        }
    }

    /// Returns the two bytes of `value`.
    #[inline]
    #[must_use]
    pub fn u16_bytes(self, value: u16) -> [u8; 2] {
        let mut bytes = [0; 2];
        match self {
            Self::Little => LittleEndian::write_u16(&mut bytes, value),
            Self::Big | Self::Big32 => BigEndian::write_u16(&mut bytes, value),
        }
        bytes
    }

    /// Returns the four bytes of `value`.
    #[inline]
    #[must_use]
    pub fn u32_bytes(self, value: u32) -> [u8; 4] {
        let mut bytes = [0; 4];
        match self {
            Self::Little => LittleEndian::write_u32(&mut bytes, value),
            Self::Big | Self::Big32 => BigEndian::write_u32(&mut bytes, value),
        }
        bytes
    }

    /// Returns the eight bytes of `value`.
    #[inline]
    #[must_use]
    pub fn u64_bytes(self, value: u64) -> [u8; 8] {
        let mut bytes = [0; 8];
        match self {
            Self::Little => LittleEndian::write_u64(&mut bytes, value),
            Self::Big | Self::Big32 => BigEndian::write_u64(&mut bytes, value),
        }
        bytes
    }
}
