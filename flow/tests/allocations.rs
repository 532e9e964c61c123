//! A record allocates no memory.

mod common;

use common::{NOW, destroy, tcp4, tcp6, with_nat};
use ctnetlink::Conntrack;
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Encoder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_record_allocates_no_memory() {
    let events = [tcp4(), with_nat(tcp4()), tcp6()].map(|entry| destroy(&entry));
    let mut encoder = Encoder::new(Config { max_message: 1472, ..Config::default() });
    let mut entry = Conntrack::default();
    let mut run = |times: usize| {
        let mut records = 0;
        for event in events.iter().cycle().take(times) {
            let message = event.as_message();
            entry
                .read_message(&message, |error| panic!("{error}"))
                .expect("a message about an entry");
            encoder.push(&Flow::new(message, &entry), NOW);
            while let Some(message) = encoder.next_message() {
                records += message.records;
            }
        }
        records
    };
    run(1_000);
    let region = Region::new(HEAP);
    assert!(run(30_000) > 29_900);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}
