//! How often others ask Rust's heap: `cargo run --release --bin peers-allocations`. What the C
//! library asks of its own is not seen.

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
