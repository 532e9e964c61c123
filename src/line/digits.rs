//! Digits of numbers, computed several at a time and without branches.

/// The digits of numbers below 1,000, from the first byte on; the last byte is their number.
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

/// Returns the digits of a number below 1,000, and how many there are.
///
/// The bytes after the digits have no meaning.
#[inline(always)]
pub(crate) fn small(number: u64) -> ([u8; 4], usize) {
    let digits = usize::try_from(number).ok().and_then(|n| SMALL.get(n)).copied();
    let digits = digits.unwrap_or_default();
    (digits, usize::from(digits[3] & 3))
}

/// Returns the digits of a number below 100,000,000, with leading zeros.
#[inline(always)]
pub(crate) fn eight(number: u64) -> [u8; 8] {
    (eight_values(number) | ZEROS).to_le_bytes()
}

/// Returns the digits of a number below 100,000,000, and how many there are (1 to 8).
///
/// The bytes after the digits have no meaning.
#[inline(always)]
pub(crate) fn up_to_eight(number: u64) -> ([u8; 8], usize) {
    let values = eight_values(number);
    // The last digit counts even if it is zero.
    let leading_zeros = (values | (1 << 56)).trailing_zeros() / 8;
    let digits = (values | ZEROS) >> (8 * leading_zeros);
    (digits.to_le_bytes(), 8 - leading_zeros as usize)
}

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// Returns the values of the digits, one per byte, with the first in the lowest byte.
///
/// The number is divided into halves, then all halves at the same time.
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

/// Returns a byte as two hexadecimal digits.
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

/// Returns the hexadecimal digits of a number, and how many there are (1 to 4).
///
/// The bytes after the digits have no meaning.
#[inline(always)]
pub(crate) fn hex(number: u16) -> ([u8; 4], usize) {
    let [high, low] = number.to_be_bytes();
    let ([a, b], [c, d]) = (hex_byte(high), hex_byte(low));
    let leading_zeros = (number | 1).leading_zeros() / 4;
    let digits = u32::from_le_bytes([a, b, c, d]) >> (8 * leading_zeros);
    (digits.to_le_bytes(), 4 - leading_zeros as usize)
}

/// Returns the start and end of the longest run of zero groups in an IPv6 address.
///
/// If several runs are the longest, it is the first of them.
#[inline(always)]
pub(crate) fn longest_zeros(address: [u8; 16]) -> (usize, usize) {
    /// The runs, by a bit set of the groups that are zero, with the first group in the lowest bit.
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
