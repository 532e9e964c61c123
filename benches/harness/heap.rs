//! Counts heap allocations.
//!
//! This module is not part of `harness`, because counting costs time: a program either measures times
//! or counts allocations.

use super::harness::measure::{Group, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Prints a row of Markdown for each path: its allocations and allocated bytes per message.
///
/// The first pass, in which buffers grow, is not counted.
///
/// # Panics
///
/// Panics if a path in `without` allocates.
pub(crate) fn print(group: &mut Group, options: &Options, without: &[&str]) {
    println!("\n{}\n", group.title());
    println!("| path | allocations | bytes |\n|---|---:|---:|");
    let messages = group.messages.len() as f64;
    for path in group.paths.iter_mut().filter(|path| options.wants(path)) {
        (path.pass)();
        let region = Region::new(ALLOCATOR);
        (path.pass)();
        let stats = region.change();
        let count = (stats.allocations + stats.reallocations) as f64 / messages;
        let bytes = stats.bytes_allocated as f64 / messages;
        println!("| `{}` | {count:.2} | {bytes:.0} |", path.name);
        assert!(count == 0.0 || !without.contains(&path.name), "`{}` allocates", path.name);
    }
}
