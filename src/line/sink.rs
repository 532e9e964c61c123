//! Where lines go.

use alloc::string::String;
use alloc::vec::Vec;

/// What lines are appended to: a `Vec<u8>`, which costs least, or a `String`.
///
/// Lines are UTF-8 in both. They are made in pieces, and a string looks at each of them once more.
pub trait Sink: Append {}

impl Sink for Vec<u8> {}
impl Sink for String {}

/// What nobody else can call or implement.
pub trait Append {
    fn append(&mut self, utf8: &[u8]);
}

impl Append for Vec<u8> {
    fn append(&mut self, utf8: &[u8]) {
        self.extend_from_slice(utf8);
    }
}

impl Append for String {
    fn append(&mut self, utf8: &[u8]) {
        // Nothing but UTF-8 is put in a line.
        self.push_str(core::str::from_utf8(utf8).unwrap_or_default());
    }
}
