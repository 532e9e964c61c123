//! Short strings of bytes.

use super::record::Owned;
use crate::wire::NulStr;
use alloc::boxed::Box;
use core::fmt;

/// The longest name that is held without a heap allocation. The kernel's helper names have at most
/// 15 characters.
const INLINE: usize = 22;

/// A name that the kernel sent: a helper's, a security context, a function. Bytes, because nothing
/// makes it UTF-8. Up to 22 of them are held inline.
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Name {
    /// A name of these bytes; it must not contain a NUL, which would end it on the wire.
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

    /// The bytes, without a NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Heap(bytes) => bytes,
        }
    }

    /// The bytes of a name that is held inline, with zeros behind them, and how many they are.
    #[inline]
    pub(crate) fn inline(&self) -> Option<(&[u8; INLINE], usize)> {
        match &self.0 {
            Repr::Inline { len, bytes } => Some((bytes, (*len).into())),
            Repr::Heap(_) => None,
        }
    }

    /// The name as text, if it is UTF-8.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        core::str::from_utf8(self.as_bytes()).ok()
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

/// As text; bytes that are no UTF-8 print as U+FFFD.
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

/// A string, or a list of bytes where it is no UTF-8.
#[cfg(feature = "serde")]
impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => self.as_bytes().serialize(serializer),
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
    fn inline_and_heap_are_alike() {
        let text = b"system_u:object_r:http_client_packet_t:s0";
        for len in 0..text.len() {
            let name = Name::new(&text[..len]);
            assert_eq!(name.as_bytes(), &text[..len]);
            assert_eq!(name.to_str().unwrap().as_bytes(), &text[..len]);
            assert_eq!(matches!(name.0, Repr::Inline { .. }), len <= INLINE);
        }
        assert_eq!(Name::new(b"a\xffb").to_str(), None);
    }
}
