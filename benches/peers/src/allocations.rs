//! Counts the heap allocations of other libraries: `cargo run --release --bin peers-allocations`.
//!
//! Only Rust's heap is counted, so that the C library is left out.

#[path = "../../harness/mod.rs"]
mod harness;
#[path = "../../harness/heap.rs"]
mod heap;
mod lnfct;
mod peers;

fn main() {
    let options = harness::measure::Options::from_args();
    let mut group = peers::group();
    group.paths.retain(|path| !path.name.starts_with("lnfct"));
    heap::print(&mut group, &options, &[]);
}
