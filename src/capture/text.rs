//! Lines of hexadecimal bytes or of JSON objects that hold them, a datagram each.

use core::ops::Range;
use std::borrow::Cow;
use std::io::Read;

use super::Record;
use super::error::{CaptureError, CaptureErrorKind, Place};
use super::window::Window;
use crate::wire::Endian;

/// The longest line that is read.
const LINE: usize = 1 << 20;
/// How far to look for the first line that is neither blank nor a comment.
const LOOK_AHEAD: usize = 64 << 10;

/// A text.
pub(super) struct Text {
    json: bool,
    lines: u64,
    /// The bytes of the last line.
    datagram: Vec<u8>,
}

/// The keys of a JSON object that are read.
#[derive(serde::Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    hex: Cow<'a, str>,
    /// The capture time, if it is a number.
    #[serde(default)]
    time: serde_json::Value,
}

/// A JSON object that may lack the key `hex`.
#[derive(serde::Deserialize)]
struct AnyObject {
    hex: Option<serde::de::IgnoredAny>,
}

impl Text {
    /// Tells from the first line that counts whether this is a text, and of which kind. `None`: it
    /// is neither. Four bytes have been read, if there are so many.
    pub(super) fn detect<R: Read>(input: &mut Window<R>) -> Result<Option<Self>, CaptureError> {
        // The mark that some editors put before a text.
        if input.unread().starts_with(b"\xef\xbb\xbf") {
            input.take(3);
        }
        let mut comment = false;
        let mut at = 0;
        let json = loop {
            let Some(&byte) = input.unread().get(at) else {
                if at >= LOOK_AHEAD || input.fill(at + 1)? == at {
                    break false;
                }
                continue;
            };
            match byte {
                b'\n' => comment = false,
                b'#' => comment = true,
                _ if comment || byte.is_ascii_whitespace() => {}
                b'{' => {
                    check_first_object(input, at)?;
                    break true;
                }
                b':' => break false,
                _ if byte.is_ascii_hexdigit() => break false,
                _ => return Ok(None),
            }
            at += 1;
        };
        Ok(Some(Self { json, lines: 0, datagram: Vec::new() }))
    }

    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    pub(super) fn datagram(&self) -> &[u8] {
        &self.datagram
    }

    /// Reads on to the next line that counts and leaves its bytes in `datagram`.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        loop {
            let offset = input.offset();
            let Some(line) = take_line(input)? else {
                return Ok(None);
            };
            self.lines += 1;
            let place = Place::Line(self.lines);
            let Ok(line) = line else {
                let found = input.offset() - offset;
                let kind = CaptureErrorKind::TooLong { limit: LINE as u64, found };
                return Err(place.error(offset, kind));
            };
            let line = input.taken(line).trim_ascii();
            if is_ignored(line) {
                continue;
            }
            let time =
                if self.json { self.read_json(line) } else { self.read_hex(line).map(|()| None) };
            return match time {
                Err(kind) => Err(place.error(offset, kind)),
                Ok(time) => Ok(Some(Record {
                    number: self.lines,
                    offset,
                    bytes: 0..0,
                    link_type: None,
                    time,
                    interface: None,
                    missing: 0,
                    order: Endian::Little,
                })),
            };
        }
    }

    /// Returns the time, if there is one.
    fn read_json(&mut self, line: &[u8]) -> Result<Option<u64>, CaptureErrorKind> {
        // serde would take an array for the object, too.
        if line.first() != Some(&b'{') {
            let reason = "expected a JSON object".to_owned();
            return Err(CaptureErrorKind::Json { column: 1, reason });
        }
        let object: Object<'_> = serde_json::from_slice(line).map_err(|error| {
            let reason = error.to_string();
            // It ends in the place, whose line is always the first one.
            let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(reason, _)| reason);
            CaptureErrorKind::Json { column: error.column(), reason: reason.to_owned() }
        })?;
        self.read_hex(object.hex.as_bytes()).map(|()| object.time.as_u64())
    }

    fn read_hex(&mut self, text: &[u8]) -> Result<(), CaptureErrorKind> {
        self.datagram.clear();
        let digit = |rest: &[u8]| char::from(*rest.first()?).to_digit(16);
        let wrong = |rest: &[u8]| {
            let (position, found) = (text.len() - rest.len() + 1, rest.first().copied());
            Err(CaptureErrorKind::Hex { position, found })
        };
        // `0x` may stand only where a byte begins after a separator.
        let mut separated = true;
        let mut rest = text;
        loop {
            rest = match rest {
                [] => return Ok(()),
                [byte, rest @ ..] if *byte == b':' || byte.is_ascii_whitespace() => {
                    separated = true;
                    rest
                }
                [b'0', b'x' | b'X', rest @ ..] if separated => {
                    separated = false;
                    rest
                }
                [_, next @ ..] => {
                    let Some(high) = digit(rest) else { return wrong(rest) };
                    let Some(low) = digit(next) else { return wrong(next) };
                    self.datagram.push((high << 4 | low) as u8);
                    separated = false;
                    next.get(1..).unwrap_or_default()
                }
            };
        }
    }
}

/// Requires that the object at `at`, the first of a text, has a key `hex`. If it has none, no other
/// object is likely to have it, and one error is enough.
fn check_first_object<R: Read>(input: &mut Window<R>, at: usize) -> Result<(), CaptureError> {
    let line = complete_line(input, at)?;
    match serde_json::from_slice(line) {
        Ok(AnyObject { hex: None }) => Err(Place::File.error(0, CaptureErrorKind::NoHex)),
        // Anything else that is wrong with it is reported when it is read.
        _ => Ok(()),
    }
}

/// Reads on to the end of the line that contains the byte at `at`, and returns the line from there.
fn complete_line<R: Read>(input: &mut Window<R>, at: usize) -> Result<&[u8], CaptureError> {
    let mut searched = at;
    loop {
        let have = input.fill(searched + 1)?;
        let unsearched = input.unread().get(searched..).unwrap_or_default();
        let end = unsearched.iter().position(|byte| *byte == b'\n');
        if end.is_some() || have == searched || have > at + LINE {
            let end = end.map_or(have, |end| searched + end);
            return Ok(input.unread().get(at..end).unwrap_or_default());
        }
        searched = have;
    }
}

fn is_ignored(line: &[u8]) -> bool {
    matches!(line.first(), None | Some(b'#'))
}

/// Takes the next line, with its end; `None` at the end of the input, `Err(TooLong)` for a line
/// that was stepped over.
fn take_line<R: Read>(
    input: &mut Window<R>,
) -> Result<Option<Result<Range<usize>, TooLong>>, CaptureError> {
    let mut too_long = false;
    let mut searched = 0;
    loop {
        let have = input.fill(searched + 1)?;
        let unsearched = input.unread().get(searched..).unwrap_or_default();
        let end = unsearched.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(have, |end| searched + end + 1);
        too_long |= length > LINE;
        if end.is_some() || have == searched {
            let line = input.take(length);
            return Ok(match too_long {
                true => Some(Err(TooLong)),
                false if line.is_empty() => None,
                false => Some(Ok(line)),
            });
        }
        searched = have;
        if too_long {
            input.take(have);
            searched = 0;
        }
    }
}

/// The line is longer than `LINE`.
struct TooLong;
