//! Text on its way into a string, without the machinery of `Display`.

use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most lines fit; to empty it in between costs little.
const ROOM: usize = 512;

/// Gathers ASCII in a buffer of fixed size before it goes into a string. To store a few characters
/// there, of a number known to the compiler, costs a fraction of appending them to a string; the
/// string is looked at once a line.
pub(crate) struct Line<'o> {
    out: &'o mut String,
    /// ASCII up to `length`.
    bytes: [u8; ROOM],
    length: usize,
}

const HEX: [u8; 16] = *b"0123456789abcdef";

/// The three digits of a number below 1,000, and how many of them it needs.
const DIGITS: [([u8; 3], u8); 1000] = {
    let mut table = [([0; 3], 0); 1000];
    let mut n = 0;
    while n < 1000 {
        let [hundreds, tens, ones] = [n / 100, n / 10 % 10, n % 10];
        let needed = if n < 10 { 1 } else { 2 + (n >= 100) as u8 };
        table[n] = ([b'0' + hundreds as u8, b'0' + tens as u8, b'0' + ones as u8], needed);
        n += 1;
    }
    table
};

impl<'o> Line<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        Self { out, bytes: [0; ROOM], length: 0 }
    }

    /// The string, with everything in it that was put here.
    pub(super) fn string(&mut self) -> &mut String {
        let text = self.bytes.get(..self.length).unwrap_or_default();
        // Nothing but ASCII was put.
        self.out.push_str(core::str::from_utf8(text).unwrap_or_default());
        self.length = 0;
        self.out
    }

    /// Appends the first `length` of some ASCII characters. What follows overwrites the others.
    #[inline]
    fn put<const N: usize>(&mut self, characters: [u8; N], length: usize) {
        if self.length > ROOM - N {
            self.string();
        }
        if let Some(room) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *room = characters;
            self.length += length;
        }
    }

    /// Appends any text.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        if !self.short(text.as_bytes()) {
            self.string().push_str(text);
        }
    }

    /// Appends text of up to 32 bytes if it is ASCII; whether it did. Two pieces of fixed size that
    /// may overlap are copied faster than one of any size.
    #[inline]
    fn short(&mut self, text: &[u8]) -> bool {
        if self.length > ROOM - 32 {
            self.string();
        }
        let Some(room) = self.bytes.get_mut(self.length..) else { return false };
        let done = match text.len() {
            0 => true,
            1 => pieces::<1>(text, room),
            2..4 => pieces::<2>(text, room),
            4..8 => pieces::<4>(text, room),
            8..16 => pieces::<8>(text, room),
            16..=32 => pieces::<16>(text, room),
            _ => false,
        };
        if done {
            self.length += text.len();
        }
        done
    }

    /// Appends ASCII that is known to the compiler.
    #[inline(always)]
    pub(crate) fn constant(&mut self, text: &'static str) {
        debug_assert!(text.is_ascii());
        if self.length + text.len() > ROOM {
            self.string();
        }
        let room = self.bytes.get_mut(self.length..).and_then(|room| room.get_mut(..text.len()));
        if let Some(room) = room {
            room.copy_from_slice(text.as_bytes());
            self.length += text.len();
        }
    }

    /// Ends a list or an object of JSON: the bracket takes the place of a comma behind the last item.
    #[inline(always)]
    pub(crate) fn end(&mut self, bracket: &'static str) {
        self.take_back(',');
        self.constant(bracket);
    }

    /// Takes back a character, if it is the last one.
    #[inline]
    pub(super) fn take_back(&mut self, character: char) {
        match self.length.checked_sub(1) {
            Some(last) if self.bytes.get(last) == Some(&(character as u8)) => self.length = last,
            None if self.out.ends_with(character) => drop(self.out.pop()),
            _ => {}
        }
    }

    /// Appends any text, and spaces up to 8 characters.
    pub(super) fn padded(&mut self, text: &str) {
        self.text(text);
        self.put([b' '; 8], 8_usize.saturating_sub(text.len()));
    }

    /// A number in decimal.
    #[inline]
    pub(super) fn number(&mut self, number: impl Into<u64>) {
        self.number_and(number, None);
    }

    /// A number and, in the same stroke, what stands behind it.
    #[inline]
    pub(super) fn number_and(&mut self, number: impl Into<u64>, behind: Option<u8>) {
        let number: u64 = number.into();
        if number < 1000 {
            self.first_group(number, behind);
        } else {
            self.long_number(number, behind);
        }
    }

    fn long_number(&mut self, number: u64, behind: Option<u8>) {
        let end = behind.unwrap_or_default();
        let end_length = usize::from(behind.is_some());
        if number < 1_000_000 {
            self.first_group(number / 1000, None);
            let ([a, b, c], _) = digits(number % 1000);
            self.put([a, b, c, end], 3 + end_length);
        } else {
            self.number(number / 1_000_000);
            let rest = number % 1_000_000;
            let ([a, b, c], [d, e, f]) = (digits(rest / 1000).0, digits(rest % 1000).0);
            self.put([a, b, c, d, e, f, end], 6 + end_length);
        }
    }

    /// A number below 1,000, without leading zeros.
    #[inline]
    fn first_group(&mut self, number: u64, behind: Option<u8>) {
        let ([a, b, c], needed) = digits(number);
        let leading_zeros = 8 * (3 - u32::from(needed));
        let end = u32::from(behind.unwrap_or_default()) << (8 * needed);
        let text = u32::from_le_bytes([a, b, c, 0]) >> leading_zeros | end;
        self.put(text.to_le_bytes(), usize::from(needed) + usize::from(behind.is_some()));
    }

    /// A number below 100 in two characters.
    pub(super) fn two(&mut self, number: u8, padding: u8) {
        let ([_, tens, ones], needed) = digits(number.into());
        self.put([if needed == 1 { padding } else { tens }, ones], 2);
    }

    /// A number in hexadecimal, without leading zeros, and what stands behind it.
    #[inline]
    pub(super) fn hex_and(&mut self, number: u16, behind: Option<u8>) {
        let length = (19 - (number | 1).leading_zeros()) / 4;
        // The first digit in the highest bits.
        let aligned = number << (16 - 4 * length);
        let digit = |shift: u32| u64::from(HEX[usize::from(aligned >> shift & 15)]);
        let digits = digit(12) | digit(8) << 8 | digit(4) << 16 | digit(0) << 24;
        let text = digits & ((1 << (8 * length)) - 1)
            | u64::from(behind.unwrap_or_default()) << (8 * length);
        self.put(text.to_le_bytes(), length as usize + usize::from(behind.is_some()));
    }

    /// A byte in two hexadecimal digits.
    pub(super) fn hex_byte(&mut self, byte: u8) {
        let digit = |value: u8| HEX[usize::from(value & 15)];
        self.put([digit(byte >> 4), digit(byte)], 2);
    }

    /// An address as `Display` has it.
    #[inline]
    pub(super) fn ip(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.ipv4(address),
            IpAddr::V6(address) => self.ipv6(address),
        }
    }

    #[inline]
    pub(super) fn ipv4(&mut self, address: Ipv4Addr) {
        let [a, b, c, d] = address.octets();
        for octet in [a, b, c] {
            self.first_group(octet.into(), Some(b'.'));
        }
        self.first_group(d.into(), None);
    }

    /// The longest run of zero groups, the first of the longest, is `::` if there are two at least; an
    /// IPv4-mapped address ends in the IPv4 address.
    pub(super) fn ipv6(&mut self, address: Ipv6Addr) {
        if let Some(mapped) = address.to_ipv4_mapped() {
            self.constant("::ffff:");
            return self.ipv4(mapped);
        }
        let groups = address.segments();
        let (mut start, mut length, mut run) = (0, 1, 0);
        for (at, group) in groups.iter().enumerate() {
            run = if *group == 0 { run + 1 } else { 0 };
            if run > length {
                (start, length) = (at + 1 - run, run);
            }
        }
        if length < 2 {
            return self.groups(&groups);
        }
        self.groups(groups.get(..start).unwrap_or_default());
        self.constant("::");
        self.groups(groups.get(start + length..).unwrap_or_default());
    }

    fn groups(&mut self, groups: &[u16]) {
        let Some((last, others)) = groups.split_last() else { return };
        for group in others {
            self.hex_and(*group, Some(b':'));
        }
        self.hex_and(*last, None);
    }
}

/// Copies a text of `N` to twice `N` bytes if it is ASCII.
#[inline]
fn pieces<const N: usize>(text: &[u8], room: &mut [u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    // No short cut: all at once is faster than one by one.
    if first.iter().chain(last).fold(0, |all, byte| all | byte) >= 0x80 {
        return false;
    }
    let Some(room) = room.get_mut(..text.len()) else { return false };
    if let Some(room) = room.first_chunk_mut() {
        *room = *first;
    }
    if let Some(room) = room.last_chunk_mut() {
        *room = *last;
    }
    true
}

#[inline]
fn digits(below_1000: u64) -> ([u8; 3], u8) {
    usize::try_from(below_1000).ok().and_then(|n| DIGITS.get(n)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;

    fn line(write: impl FnOnce(&mut Line<'_>)) -> String {
        let mut out = String::new();
        let mut line = Line::new(&mut out);
        write(&mut line);
        line.string();
        out
    }

    /// Numbers without a pattern.
    fn random() -> impl Iterator<Item = u64> {
        core::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |state| {
            Some(state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f))
        })
        .map(|state| state ^ state >> 32)
    }

    #[test]
    fn addresses_are_those_of_display() {
        // Groups of which many are zero, of one to four digits.
        let kinds = [0, 0, 0, 0x1, 0x23, 0x456, 0x789a, 0xffff];
        for n in random().take(200_000) {
            let groups = [0, 1, 2, 3, 4, 5, 6, 7].map(|at| kinds[(n >> (3 * at)) as usize & 7]);
            let address = Ipv6Addr::from(groups);
            assert_eq!(line(|line| line.ipv6(address)), address.to_string());
            let address = Ipv4Addr::from((n >> 32) as u32);
            assert_eq!(line(|line| line.ipv4(address)), address.to_string());
        }
        let texts = ["::", "::1", "1::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "255.255.255.255"];
        for text in texts {
            let address = text.parse().unwrap();
            assert_eq!(line(|line| line.ip(address)), text);
        }
    }

    #[test]
    fn numbers_are_those_of_display() {
        for n in 0..=u16::MAX {
            assert_eq!(line(|line| line.number(n)), n.to_string());
            assert_eq!(line(|line| line.hex_and(n, Some(b':'))), format!("{n:x}:"));
        }
        for (n, bits) in random().take(100_000).zip((0..64).cycle()) {
            let n = n >> bits;
            assert_eq!(line(|line| line.number(n)), n.to_string());
            assert_eq!(line(|line| line.number_and(n, Some(b' '))), format!("{n} "));
        }
        assert_eq!(line(|line| line.number(u64::MAX)), u64::MAX.to_string());
        for n in 0..100 {
            assert_eq!(line(|line| line.two(n, b' ')), format!("{n:2}"));
        }
    }

    #[test]
    fn long_lines_are_whole() {
        let (mut expected, mut count) = (String::new(), 0);
        let all = line(|line| {
            for n in random().take(2000) {
                let text = ["", "a", "häher", "helper"][(n & 3) as usize];
                line.text(text);
                line.number(n);
                line.constant("=");
                expected += &format!("{text}{n}=");
                count += 1;
            }
        });
        assert_eq!((all, count), (expected, 2000));
        let long = "x".repeat(3 * ROOM);
        assert_eq!(line(|line| line.text(&long)), long);
    }

    #[test]
    fn padding_ends_at_the_width_and_one_space_is_taken_back() {
        assert_eq!(line(|line| line.padded("udp")), "udp     ");
        assert_eq!(line(|line| line.padded("generic-x")), "generic-x");
        let trimmed = line(|line| {
            line.text("é ");
            line.take_back(' ');
            line.text("b ");
            line.take_back(' ');
            line.take_back(' ');
        });
        assert_eq!(trimmed, "éb");
    }
}
