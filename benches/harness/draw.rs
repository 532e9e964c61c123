//! In which order a path meets the messages.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// Long enough that a processor does not learn by heart which message comes after which, as it
/// would with the recordings over and over again; then branches would cost nothing.
const DRAWS: usize = 10_000;

/// Draws at random, the same in every run and for every path.
pub fn draw<T: Copy>(from: impl Iterator<Item = T>) -> Vec<T> {
    let from: Vec<_> = from.collect();
    let mut random = Pcg32::new(0x853c_49e6_748f_ea9b, 0xda3e_39cb_94b9_5bdb);
    let mut index = || random.next_u32() as usize % from.len().max(1);
    (0..DRAWS).filter_map(|_| from.get(index()).copied()).collect()
}
