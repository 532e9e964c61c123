//! Strings in payloads.

use alloc::string::String;
use core::fmt;

/// A string payload: the characters up to the first NUL, and the bytes from that NUL on.
///
/// The kernel sends one NUL (`nla_put_string`), and accepts some strings without one. The characters
/// are bytes, which need not be UTF-8.
///
/// # Examples
/// ```
/// use ctnetlink::wire::NulStr;
///
/// let name = NulStr::from_payload(b"ftp\0");
/// assert_eq!((name.as_bytes(), name.tail()), (&b"ftp"[..], &[0][..]));
/// assert_eq!(name, NulStr::from("ftp"));
/// assert_eq!(name.to_string(), "ftp");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NulStr<'a> {
    bytes: &'a [u8],
    tail: &'a [u8],
}

impl<'a> NulStr<'a> {
    /// Creates a string that ends with one NUL, as the kernel sends it.
    ///
    /// The string ends before the first NUL in `bytes`, as in C.
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

    /// Returns the characters, without the NUL.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the bytes after the characters: one NUL if the kernel sent the string.
    #[must_use]
    pub const fn tail(&self) -> &'a [u8] {
        self.tail
    }

    /// Returns the characters as text, with U+FFFD for bytes that are not UTF-8.
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
