//! How long what the crate does to a message takes, in walks over its attributes:
//! `cargo bench --bench speed --all-features [-- [--quick] PATH]`; docs/speed.md explains it.

mod harness;

use harness::measure::{self, Options};
use harness::paths;

fn main() {
    let options = Options::from_args();
    for mut group in paths::groups() {
        measure::print(&mut group, &options);
    }
}
