//! The order in which a path processes the messages.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The number of draws.
///
/// It is so large that a processor does not learn the order. If the recordings were repeated in one
/// order, the processor would predict every branch, and branches would cost nothing.
const DRAWS: usize = 10_000;

/// Draws items at random.
///
/// The order is the same in every run and for every path.
pub fn draw<T: Copy>(from: impl Iterator<Item = T>) -> Vec<T> {
    let from: Vec<_> = from.collect();
    let mut random = Pcg32::new(0x853c_49e6_748f_ea9b, 0xda3e_39cb_94b9_5bdb);
    let mut index = || random.next_u32() as usize % from.len().max(1);
    (0..DRAWS).filter_map(|_| from.get(index()).copied()).collect()
}
