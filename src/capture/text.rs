//! Reads texts: a datagram per line in hexadecimal digits or JSON, or a dump over several lines.

use core::ops::Range;
use std::borrow::Cow;
use std::io::Read;

use super::dump::{Complete, Dump, Form};
use super::error::{CaptureError, CaptureErrorKind, Place};
use super::record::Record;
use super::window::Window;
use crate::wire::Endian;

/// The length of the longest line that is read.
const LINE: usize = 1 << 20;
/// The number of bytes in which the first line that is not ignored must start.
const LOOK_AHEAD: usize = 64 << 10;

/// A text.
pub(super) struct Text {
    content: Content,
    lines: u64,
    /// The bytes of the last line or dump.
    datagram: Vec<u8>,
}

enum Content {
    /// A JSON object per line.
    Json,
    /// A datagram per line, in hexadecimal digits.
    Hex,
    /// Datagrams over several lines.
    Dump(Dump),
}

/// The keys of a JSON object that the reader uses.
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
    /// Creates a reader if the first line that is not ignored has one of the known forms.
    ///
    /// Up to four bytes have been read before.
    pub(super) fn detect<R: Read>(input: &mut Window<R>) -> Result<Option<Self>, CaptureError> {
        // Some editors write a byte-order mark at the start of a text.
        if input.unread().starts_with(b"\xef\xbb\xbf") {
            input.take(3);
        }
        let mut comment = false;
        let mut at = 0;
        let content = loop {
            let Some(&byte) = input.unread().get(at) else {
                if at >= LOOK_AHEAD || input.fill(at + 1)? == at {
                    break Content::Hex;
                }
                continue;
            };
            match byte {
                b'\n' => comment = false,
                b'#' => comment = true,
                _ if comment || byte.is_ascii_whitespace() => {}
                _ => match Content::detect(complete_line(input, at)?) {
                    Ok(Some(content)) => break content,
                    Ok(None) => return Ok(None),
                    Err(kind) => return Err(Place::File.error(0, kind)),
                },
            }
            at += 1;
        };
        Ok(Some(Self { content, lines: 0, datagram: Vec::new() }))
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(self.content, Content::Json)
    }

    pub(super) fn datagram(&self) -> &[u8] {
        &self.datagram
    }

    /// Reads up to the next line that is not ignored, and stores its bytes in `datagram`.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        loop {
            if let Content::Dump(dump) = &self.content {
                if dump.ends_before(complete_line(input, 0)?) {
                    return Ok(self.finished_dump());
                }
            }
            let offset = input.offset();
            let Some(line) = take_line(input)? else {
                return Ok(self.finished_dump());
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
            let time = match &mut self.content {
                Content::Json => self.read_json(line),
                Content::Hex => self.read_hex(line).map(|()| None),
                Content::Dump(dump) => match dump.add(line, self.lines, offset) {
                    Ok(None) => continue,
                    Ok(Some(complete)) => return Ok(Some(self.record_of(complete))),
                    Err(kind) => Err(kind),
                },
            };
            return match time {
                Err(kind) => Err(place.error(offset, kind)),
                Ok(time) => Ok(Some(record(self.lines, offset, time))),
            };
        }
    }

    fn finished_dump(&mut self) -> Option<Record> {
        let Content::Dump(dump) = &mut self.content else { return None };
        let complete = dump.finish()?;
        Some(self.record_of(complete))
    }

    fn record_of(&mut self, Complete { line, offset, bytes }: Complete) -> Record {
        self.datagram = bytes;
        record(line, offset, None)
    }

    /// Decodes a line and returns its capture time.
    fn read_json(&mut self, line: &[u8]) -> Result<Option<u64>, CaptureErrorKind> {
        // serde accepts an array in place of the object.
        if line.first() != Some(&b'{') {
            let reason = "expected a JSON object".to_owned();
            return Err(CaptureErrorKind::Json { column: 1, reason });
        }
        let object: Object<'_> = serde_json::from_slice(line).map_err(|error| {
            let reason = error.to_string();
            // The reason ends in the line, which is always 1, and the column.
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

impl Content {
    /// Returns the content of a text that begins with `line`, or `None` if the line has no known form.
    fn detect(line: &[u8]) -> Result<Option<Self>, CaptureErrorKind> {
        if let Some(form) = Form::detect(line)? {
            return Ok(Some(Self::Dump(Dump::new(form))));
        }
        if line.first() == Some(&b'{') {
            return match serde_json::from_slice(line) {
                // Other objects are then not likely to have the key, and one error is enough.
                Ok(AnyObject { hex: None }) => Err(CaptureErrorKind::NoHex),
                Err(error) if error.is_eof() => Err(CaptureErrorKind::OpenObject),
                // Other errors are reported when the line is read.
                _ => Ok(Some(Self::Json)),
            };
        }
        // Errors in later words are reported when the line is read.
        let is_end = |byte: &u8| *byte == b':' || byte.is_ascii_whitespace();
        let word = line.split(is_end).find(|word| !word.is_empty()).unwrap_or_default();
        let digits = word.strip_prefix(b"0x").or(word.strip_prefix(b"0X")).unwrap_or(word);
        Ok(digits.iter().all(u8::is_ascii_hexdigit).then_some(Self::Hex))
    }
}

fn record(number: u64, offset: u64, time: Option<u64>) -> Record {
    Record {
        number,
        offset,
        bytes: 0..0,
        link_type: None,
        time,
        interface: None,
        missing: 0,
        order: Endian::Little,
    }
}

/// Reads up to the end of the line that contains the byte at `at`, and returns the line from `at`.
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

/// Takes the next line, with its line end.
///
/// Returns `None` at the end of the input, and `Err(TooLong)` for a line that was skipped.
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

/// An error for a line longer than [`LINE`].
struct TooLong;
