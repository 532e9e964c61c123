//! Lines of text, written without the cost of `Display`.

pub(crate) mod digits;
mod sink;
mod value;
mod word;

pub use self::sink::Sink;
pub(crate) use self::value::{Value, field, present};
use self::word::WIDTH;
pub(crate) use self::word::{FlagWords, Word};
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The size of the buffer, which most lines fit in; emptying it in between costs little.
const ROOM: usize = 1024;

/// The bytes of a line before they are appended to the sink.
///
/// Storing a few bytes, whose number the compiler knows, is much faster than appending them to the
/// sink.
pub(crate) struct Buffer<'o> {
    sink: &'o mut dyn Sink,
    bytes: [u8; ROOM],
    /// The number of bytes that were appended to the sink.
    emptied: usize,
}

/// A line under construction.
///
/// Every method appends something and returns the line, so that its length stays in a register.
#[must_use]
pub(crate) struct Line<'b> {
    buffer: &'b mut Buffer<'b>,
    length: usize,
}

impl<'o> Buffer<'o> {
    pub(crate) fn new(sink: &'o mut dyn Sink) -> Self {
        Self { sink, bytes: [0; ROOM], emptied: 0 }
    }

    /// Empties the buffer, except for a comma or space at the end, which may still be removed.
    ///
    /// Returns `true` if there was one.
    #[cold]
    #[inline(never)]
    fn empty(&mut self, length: usize) -> bool {
        let text = self.bytes.get(..length).unwrap_or_default();
        let (text, last) = match text.split_last() {
            Some((&last @ (b',' | b' '), text)) => (text, Some(last)),
            _ => (text, None),
        };
        self.emptied += text.len();
        self.sink.append(text);
        if let (Some(last), [first, ..]) = (last, &mut self.bytes) {
            *first = last;
        }
        last.is_some()
    }

    /// Appends text of any length, and returns the new length of the buffered text.
    fn append(&mut self, mut length: usize, text: &[u8]) -> usize {
        if length + text.len() > ROOM {
            length = self.empty(length).into();
        }
        match self.bytes.get_mut(length..).and_then(|room| room.get_mut(..text.len())) {
            Some(room) => {
                room.copy_from_slice(text);
                length + text.len()
            }
            None => {
                self.sink.append(self.bytes.get(..length).unwrap_or_default());
                self.sink.append(text);
                self.emptied += length + text.len();
                0
            }
        }
    }
}

impl<'b> Line<'b> {
    pub(crate) fn new(buffer: &'b mut Buffer<'b>) -> Self {
        Self { buffer, length: 0 }
    }

    /// Appends the line to its sink, and returns `true` if it is not empty.
    pub(crate) fn finish(self) -> bool {
        let text = self.buffer.bytes.get(..self.length).unwrap_or_default();
        self.buffer.sink.append(text);
        self.position() > 0
    }

    /// Returns the number of bytes that were written.
    #[inline(always)]
    fn position(&self) -> usize {
        self.buffer.emptied + self.length
    }

    /// Lets `write` fill the next `N` bytes and return how many of them belong to the line.
    ///
    /// The next method overwrites the others.
    #[inline(always)]
    fn fill<const N: usize>(mut self, write: impl FnOnce(&mut [u8; N]) -> usize) -> Self {
        if self.length > ROOM - N {
            self.length = self.buffer.empty(self.length).into();
        }
        let room = self.buffer.bytes.get_mut(self.length..);
        if let Some(room) = room.and_then(<[u8]>::first_chunk_mut) {
            self.length += write(room);
        }
        self
    }

    /// Appends the first `length` of these bytes.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(self, bytes: [u8; N], length: usize) -> Self {
        self.fill(|room| {
            *room = bytes;
            length
        })
    }

    /// Appends the first `length` of these bytes, at most 8, and the byte `after`.
    #[inline(always)]
    fn put_and<const N: usize>(self, bytes: [u8; N], length: usize, after: u8) -> Self {
        self.fill::<16>(|room| {
            if let Some(room) = room.first_chunk_mut() {
                *room = bytes;
            }
            room[length & 15] = after;
            length + 1
        })
    }

    /// Appends any text.
    #[inline]
    pub(crate) fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        match text.len() {
            0 => self,
            1 => self.pieces::<1>(text),
            2..4 => self.pieces::<2>(text),
            4..8 => self.pieces::<4>(text),
            8..16 => self.pieces::<8>(text),
            16..=32 => self.pieces::<16>(text),
            _ => {
                self.length = self.buffer.append(self.length, text);
                self
            }
        }
    }

    /// Appends text of `N` to twice `N` bytes, at most 32.
    ///
    /// Two pieces of fixed size, which may overlap, are copied faster than one of any size.
    #[inline(always)]
    fn pieces<const N: usize>(self, text: &[u8]) -> Self {
        self.fill::<32>(|room| {
            let Some(room) = room.get_mut(..text.len()) else { return 0 };
            if let (Some(room), Some(first)) = (room.first_chunk_mut::<N>(), text.first_chunk()) {
                *room = *first;
            }
            if let (Some(room), Some(last)) = (room.last_chunk_mut::<N>(), text.last_chunk()) {
                *room = *last;
            }
            text.len()
        })
    }

    /// Appends text that the compiler knows.
    #[inline(always)]
    pub(crate) fn constant(self, text: &'static str) -> Self {
        self.constants([text])
    }

    /// Appends texts that the compiler knows.
    #[inline(always)]
    pub(crate) fn constants<const N: usize>(mut self, texts: [&'static str; N]) -> Self {
        let length: usize = texts.iter().map(|text| text.len()).sum();
        if self.length + length > ROOM {
            self.length = self.buffer.empty(self.length).into();
        }
        let room = self.buffer.bytes.get_mut(self.length..);
        if let Some(mut room) = room.and_then(|room| room.get_mut(..length)) {
            for text in texts {
                let Some((start, rest)) = room.split_at_mut_checked(text.len()) else { break };
                start.copy_from_slice(text.as_bytes());
                room = rest;
            }
            self.length += length;
        }
        self
    }

    /// Appends a name in quotes and a comma.
    #[inline(always)]
    pub(crate) fn word(self, word: &Word) -> Self {
        self.fill(|room| {
            *room = word.quoted;
            word.length
        })
    }

    /// Appends a name without quotes and comma.
    #[inline(always)]
    pub(crate) fn name(self, word: &Word) -> Self {
        self.fill::<{ WIDTH - 1 }>(|room| {
            let [_quote, name @ ..] = &word.quoted;
            *room = *name;
            word.name_length()
        })
    }

    /// Appends a name, padded with spaces to 8 characters.
    #[inline]
    pub(crate) fn padded(self, word: &Word) -> Self {
        self.name(word).put([b' '; 8], 8_usize.saturating_sub(word.name_length()))
    }

    /// Appends items, each of which ends with a comma, and replaces the last comma by `bracket`.
    #[inline(always)]
    pub(crate) fn items(self, bracket: &'static str, items: impl FnOnce(Self) -> Self) -> Self {
        let start = self.position();
        let mut line = items(self);
        // Reading the comma back would wait until it is stored.
        line.length -= usize::from(line.position() > start);
        line.constant(bracket)
    }

    /// Removes a space at the end, if there is one.
    #[inline(always)]
    pub(crate) fn trimmed(mut self) -> Self {
        let last = self.length.wrapping_sub(1);
        self.length -= usize::from(self.buffer.bytes.get(last) == Some(&b' '));
        self
    }

    /// Appends a number in decimal.
    #[inline(always)]
    pub(crate) fn number(self, number: impl Into<u64>) -> Self {
        let mut line = self.number_and(number, b' ');
        line.length -= 1;
        line
    }

    /// Appends a number and the byte `after`.
    #[inline(always)]
    pub(crate) fn number_and(self, number: impl Into<u64>, after: u8) -> Self {
        let number: u64 = number.into();
        if number < 1000 {
            self.small_number(number, after)
        } else if number < 100_000_000 {
            self.number_of_eight(number, after)
        } else {
            self.long_number(number, after)
        }
    }

    /// Appends a number below 1,000 and the byte `after`.
    #[inline(always)]
    fn small_number(self, number: u64, after: u8) -> Self {
        let (digits, length) = digits::small(number);
        self.put_and(digits, length, after)
    }

    /// Appends a number below 100,000,000 and the byte `after`.
    fn number_of_eight(self, number: u64, after: u8) -> Self {
        let (digits, length) = digits::up_to_eight(number);
        self.put_and(digits, length, after)
    }

    fn long_number(self, number: u64, after: u8) -> Self {
        let (first, last) = (number / 100_000_000, number % 100_000_000);
        let line = if first < 1000 {
            let (digits, length) = digits::small(first);
            self.put(digits, length)
        } else if first < 100_000_000 {
            let (digits, length) = digits::up_to_eight(first);
            self.put(digits, length)
        } else {
            let (first, middle) = (first / 100_000_000, first % 100_000_000);
            let (digits, length) = digits::up_to_eight(first);
            self.put(digits, length).put(digits::eight(middle), 8)
        };
        line.put_and(digits::eight(last), 8, after)
    }

    /// Appends a number in hexadecimal, without leading zeros, and the byte `after`.
    #[inline(always)]
    pub(crate) fn hex_and(self, number: u16, after: u8) -> Self {
        let (digits, length) = digits::hex(number);
        self.put_and(digits, length, after)
    }

    /// Appends a byte as two hexadecimal digits.
    pub(crate) fn hex_byte(self, byte: u8) -> Self {
        self.put(digits::hex_byte(byte), 2)
    }

    /// Appends an address, as `Display` formats it.
    #[inline(always)]
    pub(crate) fn ip(self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.ipv4(address),
            IpAddr::V6(address) => self.ipv6(address),
        }
    }

    #[inline]
    pub(crate) fn ipv4(self, address: Ipv4Addr) -> Self {
        let [a, b, c, d] = address.octets();
        let mut line = self;
        for octet in [a, b, c] {
            line = line.small_number(octet.into(), b'.');
        }
        let (digits, length) = digits::small(d.into());
        line.put(digits, length)
    }

    /// Appends an IPv6 address.
    ///
    /// The first of the longest runs of at least two zero groups becomes `::`. An IPv4-mapped address
    /// ends with the IPv4 address.
    pub(crate) fn ipv6(self, address: Ipv6Addr) -> Self {
        if let Some(mapped) = address.to_ipv4_mapped() {
            return self.constant("::ffff:").ipv4(mapped);
        }
        let octets = address.octets();
        let (start, end) = digits::longest_zeros(octets);
        if end - start < 2 {
            return self.groups(&octets).without_colon();
        }
        let (before, after) = (octets.get(..2 * start), octets.get(2 * end..));
        let line = self.groups(before.unwrap_or_default());
        // A group before the zeros has appended one of the colons.
        let line = line.put([b':'; 2], 1 + usize::from(start == 0));
        let line = line.groups(after.unwrap_or_default());
        if end < 8 { line.without_colon() } else { line }
    }

    /// Appends groups of an IPv6 address, each with a colon.
    #[inline(always)]
    fn groups(self, octets: &[u8]) -> Self {
        octets.chunks_exact(2).fold(self, |line, group| match *group {
            [high, low] => line.hex_and(u16::from_be_bytes([high, low]), b':'),
            _ => line,
        })
    }

    #[inline(always)]
    fn without_colon(mut self) -> Self {
        self.length -= 1;
        self
    }
}

/// `Display` is for values that are written seldom.
impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length = self.buffer.append(self.length, text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
