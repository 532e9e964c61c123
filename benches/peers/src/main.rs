//! Measures this crate and other libraries on the same messages in one run.
//!
//! Run `TZ=UTC cargo run --release --bin peers` in this folder. If `TZ` is not set,
//! libnetfilter_conntrack reads the time zone's file for each line.

#[path = "../../harness/mod.rs"]
mod harness;
mod lnfct;
mod peers;

fn main() {
    let options = harness::measure::Options::from_args();
    let mut group = peers::group();
    harness::measure::print(&mut group, &options);
}
