//! What others take for the messages that we take, in one run: `cargo run --release --bin peers`
//! in this folder, with `TZ` set, or libnetfilter_conntrack asks for the time zone's file each time.

#[path = "../../harness/mod.rs"]
mod harness;
mod lnfct;
mod peers;

fn main() {
    let options = harness::measure::Options::from_args();
    let mut group = peers::group();
    harness::measure::print(&mut group, &options);
}
