//! Measures the time of each path, in walks over the attributes of the same messages.
//!
//! Run `cargo bench --bench speed --all-features [-- [--quick] PATH]`; docs/speed.md explains the
//! output.

mod harness;

use harness::measure::{self, Options};
use harness::paths;

fn main() {
    let options = Options::from_args();
    for mut group in paths::groups() {
        measure::print(&mut group, &options);
    }
}
