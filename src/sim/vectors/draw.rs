//! Values that come in turns, boundaries first, then at random.

use alloc::collections::BTreeMap;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The stream of the sample program in the PCG paper.
const STREAM: u64 = 54;

/// A source of values.
///
/// An *axis* is a named set of values, which has its own turns.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    rng: Pcg32,
    turns: BTreeMap<&'static str, usize>,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Pcg32::new(seed, STREAM), turns: BTreeMap::new() }
    }

    /// Returns 32 random bits.
    pub(super) fn any(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// Returns 64 random bits, whose low half is drawn first.
    pub(super) fn any64(&mut self) -> u64 {
        let low = self.any();
        u64::from(self.any()) << 32 | u64::from(low)
    }

    /// Returns a random number of `0..n`.
    ///
    /// The remainder is random enough here, and easy to repeat in another language.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u32::try_from(n).unwrap_or(u32::MAX).max(1);
        usize::try_from(self.any() % n).unwrap_or_default()
    }

    /// Returns `true` once in `n` calls on average.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Returns a number of `0..n`: each three times in turn, then at random.
    pub(super) fn turn(&mut self, axis: &'static str, n: usize) -> usize {
        let turns = self.turns.entry(axis).or_default();
        *turns += 1;
        if *turns <= 3 * n { (*turns - 1) % n.max(1) } else { self.below(n) }
    }

    /// Returns `true` if the turns of an axis of `n` values are over.
    pub(super) fn is_past(&self, axis: &'static str, n: usize) -> bool {
        self.turns.get(axis).is_some_and(|&turns| turns > 3 * n)
    }

    /// Returns a value of a list, in turns.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, axis: &'static str, list: &[T; N]) -> T {
        list[self.turn(axis, N)]
    }

    /// Returns an integer from `min` to `max`: a random one, the greatest, 0 and 1, in turns.
    pub(super) fn u64_to(&mut self, axis: &'static str, min: u64, max: u64) -> u64 {
        let value = match self.turn(axis, 4) {
            0 => self.any64() & max,
            1 => max,
            2 => 0,
            _ => 1,
        };
        value.max(min)
    }

    pub(super) fn u64(&mut self, axis: &'static str, min: u64) -> u64 {
        self.u64_to(axis, min, u64::MAX)
    }

    pub(super) fn u32(&mut self, axis: &'static str, min: u64) -> u32 {
        u32::try_from(self.u64_to(axis, min, u32::MAX.into())).unwrap_or_default()
    }

    pub(super) fn u16(&mut self, axis: &'static str, min: u64) -> u16 {
        u16::try_from(self.u64_to(axis, min, u16::MAX.into())).unwrap_or_default()
    }

    pub(super) fn u8(&mut self, axis: &'static str) -> u8 {
        u8::try_from(self.u64_to(axis, 0, u8::MAX.into())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_paper() {
        // The sample program of the PCG paper, seed 42.
        let mut draw = Draw::new(42);
        let numbers =
            [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e];
        assert_eq!(numbers.map(|_| draw.any()), numbers);
    }

    #[test]
    fn turns_come_first() {
        let mut draw = Draw::new(1);
        let first: alloc::vec::Vec<_> = (0..9).map(|_| draw.turn("x", 3)).collect();
        assert_eq!(first, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert!((0..100).map(|_| draw.turn("x", 3)).all(|n| n < 3));
        assert_eq!([draw.u16("y", 0) != 0, draw.u16("y", 0) == u16::MAX], [true, true]);
        assert_eq!((draw.u16("y", 0), draw.u16("y", 0)), (0, 1));
    }
}
