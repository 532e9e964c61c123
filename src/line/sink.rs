//! The output of text and JSON.

use alloc::string::String;
use alloc::vec::Vec;

/// An output that lines are appended to: a `Vec<u8>` or a `String`.
///
/// Lines are UTF-8 in both. `Vec<u8>` is the faster one, because `String` checks each piece of a line.
///
/// # Examples
/// ```
/// use ctnetlink::format::{Json, Sink};
/// use ctnetlink::{Message, wire::Endian};
///
/// fn append(message: &Message<'_>, out: &mut dyn Sink) {
///     Json::default().write(message, out);
/// }
///
/// let noop = [16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// let message = Message::parse_with(&noop, Endian::Little)?;
/// let (mut bytes, mut text) = (Vec::new(), String::new());
/// append(&message, &mut bytes);
/// append(&message, &mut text);
/// assert_eq!(bytes, text.as_bytes());
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
pub trait Sink: Append {}

impl Sink for Vec<u8> {}
impl Sink for String {}

/// The methods of [`Sink`], which other crates can neither call nor implement.
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
        // A line contains only UTF-8.
        self.push_str(core::str::from_utf8(utf8).unwrap_or_default());
    }
}
