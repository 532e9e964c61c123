//! Runs the checks of the fuzz targets on a million mutated golden messages.
//!
//! The mutator is deterministic. A failing test prints the input.

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use common::{all, sample};
use ctnetlink::wire::Endian;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The number of inputs of a complete run.
const INPUTS: usize = 1_000_000;

struct Mutator {
    rng: Pcg32,
    /// The messages to change and to cut pieces from.
    seeds: Vec<(Vec<u8>, Endian)>,
}

impl Mutator {
    fn new(seed: u64) -> Self {
        let seeds = all().into_iter().map(|golden| (golden.bytes, golden.endian)).collect();
        Self { rng: Pcg32::new(seed, 54), seeds }
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.next_u32() as usize % n.max(1)
    }

    /// Returns a golden message with one to four changes.
    fn message(&mut self) -> (Vec<u8>, Endian) {
        let (mut bytes, endian) = self.seed();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, endian);
        }
        // Three of four messages get the right length, so that their attributes are decoded.
        if self.below(4) > 0 && bytes.len() >= 4 {
            let len = bytes.len() as u32;
            bytes[..4].copy_from_slice(&endian.u32_bytes(len));
        }
        (bytes, endian)
    }

    fn seed(&mut self) -> (Vec<u8>, Endian) {
        let n = self.below(self.seeds.len());
        self.seeds[n].clone()
    }

    fn change(&mut self, bytes: &mut Vec<u8>, endian: Endian) {
        if bytes.is_empty() {
            return bytes.push(self.rng.next_u32() as u8);
        }
        let at = self.below(bytes.len());
        // Lengths and types are at multiples of four bytes.
        let aligned = at / 4 * 4;
        let any = self.rng.next_u32();
        match self.below(9) {
            0 => bytes[at] ^= 1 << (any % 8),
            1 => bytes[at] = any as u8,
            2 => bytes.truncate(at),
            3 if aligned + 2 <= bytes.len() => {
                let length = [0, 3, 4, 5, 8, 0xff, 0x7fff, 0xffff][any as usize % 8];
                bytes[aligned..aligned + 2].copy_from_slice(&endian.u16_bytes(length));
            }
            4 if aligned + 4 <= bytes.len() => {
                let number = (any % 30) as u16 | (any >> 16) as u16 & 0xc000;
                bytes[aligned + 2..aligned + 4].copy_from_slice(&endian.u16_bytes(number));
            }
            5 => {
                // Inserts a piece of another message.
                let (other, _) = self.seed();
                let from = self.below(other.len()) / 4 * 4;
                let to = from + self.below(other.len() - from);
                bytes.splice(aligned..aligned, other[from..to].iter().copied());
            }
            6 => {
                let end = (aligned + 4 * (1 + any as usize % 8)).min(bytes.len());
                bytes.drain(aligned..end);
            }
            7 => {
                let end = (aligned + 4 * (1 + any as usize % 16)).min(bytes.len());
                let piece = bytes[aligned..end].to_vec();
                bytes.splice(aligned..aligned, piece);
            }
            _ => bytes.extend(std::iter::repeat_n(any as u8, (any >> 8) as usize % 9)),
        }
    }
}

/// Runs `oracle` on an input, which a panic prints.
fn each<T: AsRef<[u8]>>(input: T, oracle: impl FnOnce(&[u8])) {
    struct Print<'i>(&'i [u8]);
    impl Drop for Print<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("input: {:02x?}", self.0);
            }
        }
    }
    let input = Print(input.as_ref());
    oracle(input.0);
}

#[test]
fn mutated_messages_lead_to_errors_or_identical_bytes() {
    let mut mutator = Mutator::new(1);
    for n in 0..INPUTS * 7 / 10 / sample() {
        let (bytes, endian) = mutator.message();
        each(bytes, |bytes| match n % 16 {
            0 => oracle::datagram(bytes, endian),
            _ => drop(oracle::survives(bytes, endian, n % 8 == 4)),
        });
    }
}

#[test]
fn mutated_attributes_lead_to_errors_or_identical_bytes() {
    let mut mutator = Mutator::new(2);
    for n in 0..INPUTS * 25 / 100 / sample() {
        let (mut bytes, endian) = mutator.message();
        bytes.drain(..bytes.len().min(19 + 4 * (n % 3)));
        if let Some(choice) = bytes.first_mut() {
            *choice = (n % 24) as u8 | if endian == Endian::Big { 0x80 } else { 0 };
        }
        each(bytes, oracle::any_set);
    }
}

#[test]
fn mutated_captures_lead_to_errors_or_packets() {
    let mut mutator = Mutator::new(3);
    let kernels = ["linux-5.10", "linux-7.2", "linux-7.2-s390x"];
    let captures = kernels.map(|kernel| {
        let path = common::golden_dir().join(kernel).join("nlmon.pcapng");
        let mut capture = std::fs::read(path).unwrap();
        capture.truncate(3000);
        capture
    });
    for n in 0..INPUTS * 3 / 100 / sample() {
        let (mut bytes, endian) = match n % 4 {
            0 => mutator.message(),
            m => (captures[m - 1].clone(), Endian::Little),
        };
        mutator.change(&mut bytes, endian);
        each(bytes, oracle::capture);
    }
}

#[test]
fn simulated_entries_decode_and_survive_encoding() {
    let mut mutator = Mutator::new(4);
    for n in 0..INPUTS * 2 / 100 / sample() {
        let input: Vec<u8> = (0..11).map(|_| mutator.rng.next_u32() as u8).collect();
        // Later vectors need more work, because all earlier ones are generated, too.
        each([&input[..2], &[(n % 4) as u8], &input[3..]].concat(), oracle::simulated);
    }
}
