//! Measures the time of each path, in walks over the attributes of the same messages.
//!
//! Run `cargo bench -p ctnetlink-flow --bench speed [-- [--quick] PATH]`; docs/speed.md explains the
//! output.

#[path = "../../benches/harness/mod.rs"]
mod harness;
mod paths;

use harness::measure::{self, Options};

fn main() {
    let options = Options::from_args();
    measure::print(&mut paths::group(), &options);
}
