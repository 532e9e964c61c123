//! Strings as netlink carries them.

use alloc::string::String;
use core::fmt;

/// A string payload: its characters up to the first NUL, and whatever follows from that NUL on.
///
/// The kernel sends one NUL (`nla_put_string`) and takes strings without one in some places. The
/// characters are bytes: nothing makes them UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NulStr<'a> {
    bytes: &'a [u8],
    tail: &'a [u8],
}

impl<'a> NulStr<'a> {
    /// A string that is sent as the kernel sends it, with one NUL behind it. Characters from a NUL
    /// on are left out, as C would.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
        Self { bytes, tail: &[0] }
    }

    /// Splits a payload at its first NUL.
    #[must_use]
    pub fn from_payload(payload: &'a [u8]) -> Self {
        let end = payload.iter().position(|&byte| byte == 0).unwrap_or(payload.len());
        let (bytes, tail) = payload.split_at_checked(end).unwrap_or((payload, &[]));
        Self { bytes, tail }
    }

    /// The characters, without the NUL.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What lies behind the characters: one NUL when the kernel sent it.
    #[must_use]
    pub const fn tail(&self) -> &'a [u8] {
        self.tail
    }

    /// The characters as text; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> alloc::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

impl<'a> From<&'a str> for NulStr<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for NulStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.bytes.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NulStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_nul() {
        let string = NulStr::from_payload(b"ftp\0\0x");
        assert_eq!((string.as_bytes(), string.tail()), (&b"ftp"[..], &b"\0\0x"[..]));
        let bare = NulStr::from_payload(b"ftp");
        assert_eq!((bare.as_bytes(), bare.tail()), (&b"ftp"[..], &b""[..]));
        assert_eq!(NulStr::new(b"ft\0p").as_bytes(), b"ft");
        assert_eq!(NulStr::from_payload(b"a\xffb").to_string_lossy(), "a\u{fffd}b");
    }
}
