//! How often the heap is asked, once buffers have grown:
//! `cargo bench --bench allocations --all-features [-- PATH]`.
//!
//! A program of its own, because counting costs time.

mod harness;

use harness::measure::Options;
use harness::paths;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

/// What must not ask at all: that an ordinary flow needs no heap is a promise.
const WITHOUT: [&str; 7] =
    ["flat-decode", "flow-times", "typed-tree", "flat-dump", "msg-size", "text", "fill-info"];

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let options = Options::from_args();
    for mut group in paths::groups() {
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
            assert!(count == 0.0 || !WITHOUT.contains(&path.name), "`{}` allocates", path.name);
        }
    }
}
