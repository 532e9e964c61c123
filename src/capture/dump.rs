//! Reads the bytes of a datagram that a text contains over several lines.

use std::mem::take;

use super::cooked;
use super::error::CaptureErrorKind;
use super::raw::HEADER;
use crate::wire::Endian;

/// The length of the longest dump that is read.
const LIMIT: usize = 4 << 20;
/// The length up to which an asterisk repeats a line, so that a short input needs little memory.
const REPEATED: usize = 64 << 10;
/// The number of bytes per line of `xxd -p`.
const XXD_WIDTH: usize = 30;
/// The number of bytes per line of strace.
const STRACE_WIDTH: usize = 16;
/// The unit of the number of bytes per line that users give to `xxd -p` and od, and its usual maximum.
const WIDTHS: (usize, usize) = (8, 64);

/// The form of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines that begin with the offset of their bytes; offset zero begins a datagram.
    ///
    /// xxd, `hexdump -C`, `od -tx1`, Wireshark and strace print them.
    Offsets,
    /// Lines of this number of characters, as of `xxd -p` and `od -An -tx1`; a shorter one ends a
    /// datagram.
    Width(usize),
    /// Lines of `\x14` or `0x14`, as in strings and arrays of C.
    ///
    /// A line that does not end in a comma, a backslash or an opening brace ends a datagram.
    Literal,
}

impl Form {
    /// Returns the form of a text that begins with `line`, or `None` if it has one datagram per line.
    ///
    /// # Errors
    /// [`Words`](CaptureErrorKind::Words) or [`Calls`](CaptureErrorKind::Calls) if the text does not
    /// have the bytes.
    pub(super) fn detect(line: &[u8]) -> Result<Option<Self>, CaptureErrorKind> {
        let line = line.trim_ascii();
        if is_call(line) {
            return Err(CaptureErrorKind::Calls);
        }
        if is_literal(line) {
            return Ok(Some(Self::Literal));
        }
        if let Some(first) = Line::split(line) {
            // Four zeros before a single space can be the first half of a length.
            if first.is_first() && (first.offset.len() > 4 || first.data.starts_with(b" ")) {
                return match first.has_bytes() {
                    true => Ok(Some(Self::Offsets)),
                    false => Err(CaptureErrorKind::Words),
                };
            }
        }
        let Ok(bytes) = decode(line) else { return Ok(None) };
        let (unit, most) = WIDTHS;
        let is_wrapped =
            bytes.len() == XXD_WIDTH || (bytes.len() <= most && bytes.len() % unit == 0);
        Ok((is_wrapped && is_cut(&bytes)).then_some(Self::Width(line.len())))
    }
}

/// A datagram and the place at which it begins.
pub(super) struct Complete {
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// The bytes of the lines that have been read and not yet returned.
pub(super) struct Dump {
    form: Form,
    line: u64,
    offset: u64,
    bytes: Vec<u8>,
    /// The length of the bytes of the last line.
    last: usize,
    /// A line with an asterisk stands for copies of the line before it, up to the next offset.
    repeats: bool,
    /// A line had an error: the datagram is lost, and its other lines are ignored.
    failed: bool,
}

impl Dump {
    pub(super) fn new(form: Form) -> Self {
        let bytes = Vec::new();
        Self { form, line: 0, offset: 0, bytes, last: 0, repeats: false, failed: false }
    }

    /// Returns `true` if `text`, the next line, begins another datagram.
    pub(super) fn ends_before(&self, text: &[u8]) -> bool {
        let begins = || Line::split(text.trim_ascii()).is_some_and(|line| line.is_first());
        self.form == Form::Offsets && !self.bytes.is_empty() && begins()
    }

    /// Adds a line, and returns the datagram that it ends.
    ///
    /// # Errors
    /// Returns the first error of a datagram, which is then lost.
    pub(super) fn add(
        &mut self,
        text: &[u8],
        line: u64,
        offset: u64,
    ) -> Result<Option<Complete>, CaptureErrorKind> {
        let (ends, added) = match self.form {
            Form::Offsets => (false, self.add_after_offset(text, line, offset)),
            Form::Width(width) => {
                let added = decode(text).and_then(|bytes| self.push(&bytes, line, offset));
                (text.len() < width, added)
            }
            Form::Literal => {
                let text = without_comment(text);
                let added = literal(text).and_then(|bytes| self.push(&bytes, line, offset));
                (!matches!(text.last(), Some(b',' | b'\\' | b'{')), added)
            }
        };
        let is_first = !self.failed;
        if added.is_err() {
            self.bytes.clear();
            self.failed = true;
        }
        let complete = if ends { self.finish() } else { None };
        match added {
            Err(kind) if is_first => Err(kind),
            _ => Ok(complete),
        }
    }

    /// Returns the datagram that ends here, if there is one.
    pub(super) fn finish(&mut self) -> Option<Complete> {
        let mut bytes = take(&mut self.bytes);
        if take(&mut self.failed) {
            return None;
        }
        // Wireshark copies the whole packet.
        if let Ok(Some(header)) = cooked::read(cooked::LINUX_SLL, &bytes) {
            bytes.drain(..header.length);
        }
        let (line, offset) = (self.line, self.offset);
        (!bytes.is_empty()).then_some(Complete { line, offset, bytes })
    }

    fn add_after_offset(
        &mut self,
        text: &[u8],
        line: u64,
        offset: u64,
    ) -> Result<(), CaptureErrorKind> {
        let parts = Line::split(text);
        self.failed &= !parts.as_ref().is_some_and(Line::is_first);
        if self.failed {
            return Ok(());
        }
        if text == b"*" {
            self.repeats = true;
            return Ok(());
        }
        let wrong = CaptureErrorKind::Hex { position: 1, found: text.first().copied() };
        let parts = parts.ok_or(wrong)?;
        self.fill_to(&parts)?;
        let bytes = decode(parts.data)?;
        if parts.is_reversed(&bytes) {
            return Err(CaptureErrorKind::Words);
        }
        self.push(&bytes, line, offset)
    }

    /// Repeats the last line up to the offset of the next one if an asterisk stood between them.
    fn fill_to(&mut self, next: &Line<'_>) -> Result<(), CaptureErrorKind> {
        let expected = self.bytes.len();
        if take(&mut self.repeats) {
            let end = next.offset_in(next.radix()).unwrap_or(0).min(REPEATED);
            let start = expected.saturating_sub(self.last);
            let line = self.bytes.get(start..).unwrap_or_default().to_vec();
            while self.bytes.len() < end && !line.is_empty() {
                self.bytes.extend_from_slice(&line);
            }
        }
        let expected = self.bytes.len();
        // od and xxd can also print decimal offsets.
        match [next.radix(), 10].iter().any(|radix| next.offset_in(*radix) == Some(expected)) {
            true => Ok(()),
            false => Err(CaptureErrorKind::Offset {
                expected,
                found: String::from_utf8_lossy(next.offset).into_owned(),
            }),
        }
    }

    fn push(&mut self, bytes: &[u8], line: u64, offset: u64) -> Result<(), CaptureErrorKind> {
        if self.bytes.is_empty() {
            (self.line, self.offset) = (line, offset);
        }
        self.bytes.extend_from_slice(bytes);
        self.last = bytes.len();
        match self.bytes.len() {
            found if found > LIMIT => {
                Err(CaptureErrorKind::TooLong { limit: LIMIT as u64, found: found as u64 })
            }
            _ => Ok(()),
        }
    }
}

/// A line of a dump with offsets.
struct Line<'a> {
    offset: &'a [u8],
    /// What follows the offset, up to the characters that some programs print after the bytes.
    data: &'a [u8],
    /// The rest of the line, after two or three spaces.
    characters: &'a [u8],
    /// xxd prints a colon after the offset, and bytes in groups.
    is_xxd: bool,
}

impl<'a> Line<'a> {
    fn split(line: &'a [u8]) -> Option<Self> {
        let is_strace = line.starts_with(b"| ");
        let line = if is_strace { line.get(2..)?.trim_ascii_start() } else { line };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (offset, data) = line.split_at(digits);
        let is_xxd = data.starts_with(b":");
        let (data, gap) = match data {
            [b':', b' ', data @ ..] => (data, &b"  "[..]),
            [b' ', data @ ..] => (data, &b"   "[..]),
            [] => (data, &b" "[..]),
            _ => return None,
        };
        // The gap before the first byte is not the one after the last.
        let indent = data.iter().take_while(|byte| **byte == b' ').count();
        let after = data.get(indent..).unwrap_or_default();
        let end = after.windows(gap.len()).position(|window| window == gap);
        let bar = after.iter().position(|byte| matches!(byte, b'|' | b'>'));
        let end = indent + end.unwrap_or(after.len()).min(bar.unwrap_or(after.len()));
        let characters = data.get(end + gap.len()..).unwrap_or_default();
        let data = data.get(..end).unwrap_or_default();
        let data = if is_strace { first_bytes(data) } else { data };
        (4..=16).contains(&digits).then_some(Self { offset, data, characters, is_xxd })
    }

    /// Returns `true` if the offset is zero.
    fn is_first(&self) -> bool {
        self.offset.iter().all(|digit| *digit == b'0')
    }

    /// Returns `true` if the line has bytes, and not words.
    fn has_bytes(&self) -> bool {
        let mut groups = self.data.trim_ascii().split(|byte| *byte == b' ');
        let is_group = |group: &[u8]| group.is_empty() || group.len() == 2 || self.is_xxd;
        decode(self.data).is_ok_and(|bytes| !bytes.is_empty()) && groups.all(is_group)
    }

    /// Returns `true` if the line prints the characters of its bytes with each group reversed.
    ///
    /// `xxd -e` prints such groups.
    fn is_reversed(&self, bytes: &[u8]) -> bool {
        let is_printed = |bytes: &[u8]| {
            let characters =
                bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { byte } else { &b'.' });
            characters.eq(self.characters)
        };
        let reversed = || -> Vec<u8> {
            let groups = self.data.split(|byte| *byte == b' ');
            groups.flat_map(|group| decode(group).unwrap_or_default().into_iter().rev()).collect()
        };
        self.is_xxd && !is_printed(bytes) && is_printed(&reversed())
    }

    fn offset_in(&self, radix: u32) -> Option<usize> {
        usize::from_str_radix(std::str::from_utf8(self.offset).ok()?, radix).ok()
    }

    /// Returns the base of the offset in the default form of the programs: od has seven octal digits.
    fn radix(&self) -> u32 {
        if self.offset.len() == 7 { 8 } else { 16 }
    }
}

/// Returns the 16 bytes of a line of strace, which prints characters after two spaces.
fn first_bytes(data: &[u8]) -> &[u8] {
    let indent = data.iter().take_while(|byte| **byte == b' ').count();
    // Two digits and a space per byte, and a second space after the eighth.
    data.get(..indent + 3 * STRACE_WIDTH).unwrap_or(data)
}

/// Decodes pairs of hexadecimal digits between spaces.
fn decode(text: &[u8]) -> Result<Vec<u8>, CaptureErrorKind> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        let wrong = |rest: &[u8]| CaptureErrorKind::Hex {
            position: text.len() - rest.len() + 1,
            found: rest.first().copied(),
        };
        match rest {
            [] => return Ok(bytes),
            [_, after @ ..] => {
                let high = digit(rest).ok_or_else(|| wrong(rest))?;
                let low = digit(after).ok_or_else(|| wrong(after))?;
                bytes.push(high << 4 | low);
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
}

fn digit(text: &[u8]) -> Option<u8> {
    char::from(*text.first()?).to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// Decodes the bytes that a line has as `\x14` or `0x14`; everything else is ignored.
fn literal(text: &[u8]) -> Result<Vec<u8>, CaptureErrorKind> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let [b'x' | b'X', digits @ ..] = after else { continue };
        if !matches!(first, b'\\' | b'0') {
            continue;
        }
        let byte = digit(digits).zip(digits.get(1..).and_then(digit));
        let end = digits.get(2..).unwrap_or_default();
        match byte {
            Some((high, low)) if digit(end).is_none() => bytes.push(high << 4 | low),
            _ => {
                let position = text.len() - digits.len() + 1;
                return Err(CaptureErrorKind::Hex { position, found: digits.first().copied() });
            }
        }
        rest = end;
    }
    Ok(bytes)
}

/// Returns the line up to a comment of C.
fn without_comment(line: &[u8]) -> &[u8] {
    let comment = line.windows(2).position(|window| window == b"/*");
    line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_ascii_end()
}

fn is_literal(line: &[u8]) -> bool {
    let quoted = line.strip_prefix(b"\"").unwrap_or(line);
    let in_braces = line.strip_prefix(b"{").unwrap_or(line).trim_ascii_start();
    quoted.starts_with(b"\\x")
        || line.starts_with(b"/*")
        || (line.len() > 1 && line.ends_with(b"{"))
        || (in_braces.starts_with(b"0x") && in_braces.contains(&b','))
}

/// Returns `true` for a system call as strace prints it: a name and an opening parenthesis.
fn is_call(line: &[u8]) -> bool {
    let name =
        line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    name > 0 && line.get(name) == Some(&b'(')
}

/// Returns `true` if `bytes` begin with the length of a longer message, in either byte order.
fn is_cut(bytes: &[u8]) -> bool {
    let Some(length) = bytes.first_chunk() else { return false };
    let lengths = [Endian::Little, Endian::Big].map(|order| order.u32(*length) as usize);
    !lengths.iter().any(|length| (HEADER..=bytes.len()).contains(length))
        && lengths.iter().any(|length| (bytes.len()..=LIMIT).contains(length))
}
