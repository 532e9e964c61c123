//! Counts heap allocations: `cargo bench --bench allocations --all-features [-- PATH]`.

mod harness;
#[path = "harness/heap.rs"]
mod heap;

use harness::measure::Options;
use harness::paths;

/// The paths that must not allocate: the documentation promises it for ordinary flows.
const WITHOUT: [&str; 9] = [
    "flat-decode",
    "flow-times",
    "typed-tree",
    "flat-dump",
    "flat-request",
    "msg-size",
    "text",
    "json",
    "fill-info",
];

fn main() {
    let options = Options::from_args();
    for mut group in paths::groups() {
        heap::print(&mut group, &options, &WITHOUT);
    }
}
