//! Compares the running kernel with the simulated kernel of the same release.
//!
//! In a network namespace of its own, with a connection tracking table of its own, this program
//! sends random requests to the running kernel and to the simulated one. Events, replies, dumps and
//! errors must be identical, byte for byte. Unpredictable values are copied from the running kernel
//! before: ids, times, the second in which a timeout is read, the order of the table, and the address
//! and port that NAT chose from a range.
//!
//! Another test sends the same datagrams to both, several messages per datagram, mutated or not
//! (`CTNETLINK_DATAGRAMS` sets the number).
//!
//! * `CTNETLINK_SEED` sets the seed, which every run prints; `CTNETLINK_ROUNDS` sets the number of
//!   rounds.
//! * After a round with a difference the program removes requests as long as the kernels differ, and
//!   prints the remaining requests.
//! * Lines that begin with `SKIPPED differential:` report what this machine does not support.
#![cfg(target_os = "linux")]

mod bytes;
mod compare;
mod generate;
mod mutate;
mod namespace;
#[cfg(feature = "format")]
mod opinion;
#[path = "../../cli/src/answer/player/mod.rs"]
mod player;
mod probe;
mod random;
mod run;
mod shrink;
mod socket;

use namespace::{alone, say};
use random::Random;
use run::{Figures, Run};
use std::time::Instant;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Returns the seed of this run, from the environment or from the time.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    setting("CTNETLINK_SEED", now.as_nanos() as u64 & 0xffff_ffff)
}

#[test]
fn simulated_kernel_matches_the_running_kernel() {
    alone(|machine| {
        let (seed, start) = (seed(), Instant::now());
        say(&format!("differential: {machine}, CTNETLINK_SEED={seed}"));
        let mut figures = Figures::default();
        let rounds = setting("CTNETLINK_ROUNDS", 60);
        for round in 0..rounds {
            if round == rounds / 3 {
                machine.use_labels();
            }
            let mut random = Random::new(seed.wrapping_mul(1 << 20).wrapping_add(round));
            let steps = match round % 12 {
                11 => generate::a_large_table(&mut random, &machine.can),
                10 => generate::expectations(&mut random, &machine.can),
                9 => generate::missed_events(&mut random, &machine.can),
                _ => generate::a_round(&mut random, &machine.can),
            };
            match Run::all(machine, &steps) {
                Ok(of_round) => figures += of_round,
                Err(difference) => {
                    say(&format!("differential: round {round} differs: {difference}"));
                    let (fewest, difference) = shrink::shrink(machine, steps, difference);
                    let steps: Vec<_> = fewest.iter().map(|step| format!("{step:?}\n")).collect();
                    panic!(
                        "the kernel and its simulation differ (CTNETLINK_SEED={seed}, round {round}), \
                         even after only these {} steps:\n{}{difference}",
                        fewest.len(),
                        steps.concat()
                    );
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("differential: {figures}, differences=0 seconds={seconds:.1}"));
    });
}

#[test]
fn datagrams_have_the_same_answers() {
    alone(|machine| {
        let (seed, start) = (seed(), Instant::now());
        say(&format!("differential: datagrams to {machine}, CTNETLINK_SEED={seed}"));
        let requests = setting("CTNETLINK_DATAGRAMS", 6_000);
        let mut random = Random::new(seed);
        let (figures, lines, differences) = bytes::converse(machine, &mut random, requests);
        if !differences.is_empty() {
            let file = std::env::temp_dir().join(format!("ctnetlink-{seed}.jsonl"));
            std::fs::write(&file, lines).unwrap();
            let first: Vec<_> =
                differences.iter().take(20).map(|line| format!("{line}\n")).collect();
            panic!(
                "{} differences; `ctnetlink answer` plays {}:\n{}",
                differences.len(),
                file.display(),
                first.concat()
            );
        }
        let player::Figures { requests, datagrams, exact } = figures;
        let seconds = start.elapsed().as_secs_f64();
        say(&format!(
            "differential: datagrams={requests} answers={datagrams} exact={exact} seconds={seconds:.1}"
        ));
        assert_eq!(datagrams, exact);
    });
}

#[test]
fn accepted_mutated_requests_decode_and_replies_rebuild() {
    alone(|machine| {
        let (seed, start) = (seed(), Instant::now());
        let requests = setting("CTNETLINK_MUTATIONS", 10_000);
        let figures = mutate::mutate(machine, &mut Random::new(seed), requests);
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("differential: {figures}, CTNETLINK_SEED={seed} seconds={seconds:.1}"));
    });
}
