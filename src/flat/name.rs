//! Names that the kernel sends.

use super::record::Owned;
use crate::wire::NulStr;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;
use core::str::Utf8Error;

/// The longest name that is stored without a heap allocation.
///
/// The kernel's helper names have at most 15 characters.
const INLINE: usize = 22;

/// A name that the kernel sends: of a helper, a security context or a function.
///
/// It holds bytes, because nothing guarantees UTF-8. Up to 22 bytes are stored without a heap
/// allocation.
///
/// # Examples
/// ```
/// use ctnetlink::flat::Name;
///
/// let name = Name::from("ftp");
/// assert_eq!(name, "ftp");
/// assert_eq!(name.to_str(), Ok("ftp"));
/// assert_eq!(Name::new(b"a\xffb").to_string_lossy(), "a\u{fffd}b");
/// ```
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Name {
    /// Creates a name from bytes.
    ///
    /// They must not contain a NUL, which would end the name on the wire.
    #[must_use]
    pub fn new(name: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..name.len()), u8::try_from(name.len())) {
            (Some(start), Ok(len)) => {
                start.copy_from_slice(name);
                Self(Repr::Inline { len, bytes })
            }
            _ => Self(Repr::Heap(name.into())),
        }
    }

    /// Returns the bytes, without a NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Heap(bytes) => bytes,
        }
    }

    /// Returns the bytes of a name that is stored inline, padded with zeros, and their number.
    #[inline]
    pub(crate) fn inline(&self) -> Option<(&[u8; INLINE], usize)> {
        match &self.0 {
            Repr::Inline { len, bytes } => Some((bytes, (*len).into())),
            Repr::Heap(_) => None,
        }
    }

    /// Converts the name to a string slice.
    ///
    /// # Errors
    /// Returns an error if the name is not UTF-8.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        core::str::from_utf8(self.as_bytes())
    }

    /// Converts the name to a string, replacing invalid UTF-8 by U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        alloc::string::String::from_utf8_lossy(self.as_bytes())
    }
}

impl AsRef<[u8]> for Name {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self::new(name.as_bytes())
    }
}

impl<'a> Owned<'a, NulStr<'a>> for Name {
    fn from_borrowed(value: NulStr<'a>) -> Self {
        Self::new(value.as_bytes())
    }

    fn as_borrowed(&'a self) -> NulStr<'a> {
        NulStr::new(self.as_bytes())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Name {}

impl core::hash::Hash for Name {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Prints the name as text; bytes that are not UTF-8 print as U+FFFD.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NulStr::new(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Serializes the name as a string, or as a list of bytes if it is not UTF-8.
#[cfg(feature = "serde")]
impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_str() {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => self.as_bytes().serialize(serializer),
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum TextOrBytes {
            Text(alloc::string::String),
            Bytes(alloc::vec::Vec<u8>),
        }
        Ok(match TextOrBytes::deserialize(deserializer)? {
            TextOrBytes::Text(text) => Self::from(text.as_str()),
            TextOrBytes::Bytes(bytes) => Self::new(&bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_inline_and_on_the_heap_hold_their_bytes() {
        let text = b"system_u:object_r:http_client_packet_t:s0";
        for len in 0..text.len() {
            let name = Name::new(&text[..len]);
            assert_eq!(name.as_bytes(), &text[..len]);
            assert_eq!(name.to_str().unwrap().as_bytes(), &text[..len]);
            assert_eq!(matches!(name.0, Repr::Inline { .. }), len <= INLINE);
        }
        assert_eq!(Name::new(b"a\xffb").to_str().unwrap_err().valid_up_to(), 1);
    }
}
