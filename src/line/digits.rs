//! The digits of numbers, several at once and without branches.

/// Numbers below 1,000: their digits, the first in the first byte, and how many they are in the last.
const SMALL: [[u8; 4]; 1000] = {
    let mut table = [[0; 4]; 1000];
    let mut n = 0;
    while n < 1000 {
        let [hundreds, tens, ones] =
            [b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        table[n] = match n {
            0..10 => [ones, 0, 0, 1],
            10..100 => [tens, ones, 0, 2],
            _ => [hundreds, tens, ones, 3],
        };
        n += 1;
    }
    table
};

/// The digits of a number below 1,000, and how many they are; the rest is of no meaning.
#[inline(always)]
pub(crate) fn small(number: u64) -> ([u8; 4], usize) {
    let digits = usize::try_from(number).ok().and_then(|n| SMALL.get(n)).copied();
    let digits = digits.unwrap_or_default();
    (digits, usize::from(digits[3] & 3))
}

/// The digits of a number below 100,000,000 with leading zeros.
#[inline(always)]
pub(crate) fn eight(number: u64) -> [u8; 8] {
    (eight_values(number) | ZEROS).to_le_bytes()
}

/// The digits of a number below 100,000,000, and how many they are, 1 to 8; the rest is of no meaning.
#[inline(always)]
pub(crate) fn up_to_eight(number: u64) -> ([u8; 8], usize) {
    let values = eight_values(number);
    // The last digit counts even if it is zero.
    let leading_zeros = (values | (1 << 56)).trailing_zeros() / 8;
    let digits = (values | ZEROS) >> (8 * leading_zeros);
    (digits.to_le_bytes(), 8 - leading_zeros as usize)
}

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The values of the digits, a byte each, the first in the lowest: the number is divided in halves,
/// then all halves at once.
#[inline(always)]
fn eight_values(number: u64) -> u64 {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    // n / 100 for n below 10,000.
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - 100 * hundreds) << 16);
    // n / 10 for n below 100.
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

/// A byte in two hexadecimal digits.
#[inline(always)]
pub(crate) fn hex_byte(byte: u8) -> [u8; 2] {
    const TABLE: [[u8; 2]; 256] = {
        let digits = *b"0123456789abcdef";
        let mut table = [[0; 2]; 256];
        let mut n = 0;
        while n < 256 {
            table[n] = [digits[n >> 4], digits[n & 15]];
            n += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

/// A number in hexadecimal, and how many digits it has, 1 to 4; the rest is of no meaning.
#[inline(always)]
pub(crate) fn hex(number: u16) -> ([u8; 4], usize) {
    let [high, low] = number.to_be_bytes();
    let ([a, b], [c, d]) = (hex_byte(high), hex_byte(low));
    let leading_zeros = (number | 1).leading_zeros() / 4;
    let digits = u32::from_le_bytes([a, b, c, d]) >> (8 * leading_zeros);
    (digits.to_le_bytes(), 4 - leading_zeros as usize)
}

/// From where to where the longest run of zeros goes, the first of the longest, among the eight groups
/// of an IPv6 address.
#[inline(always)]
pub(crate) fn longest_zeros(address: [u8; 16]) -> (usize, usize) {
    /// By which groups are zero, the first in the lowest bit.
    const RUNS: [(u8, u8); 256] = {
        let mut table = [(0, 0); 256];
        let mut zeros = 0_usize;
        while zeros < 256 {
            let mut start = 0;
            while start < 8 {
                let end = start + (zeros >> start).trailing_ones() as u8;
                if end - start > table[zeros].1 - table[zeros].0 {
                    table[zeros] = (start, end);
                }
                start += 1;
            }
            zeros += 1;
        }
        table
    };
    let groups = address.chunks_exact(2).zip(0..);
    let zeros = groups.fold(0, |zeros, (group, at)| zeros | usize::from(group == [0, 0]) << at);
    let (start, end) = RUNS[zeros & 255];
    (start.into(), end.into())
}
