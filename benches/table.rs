//! Measures the simulated table: the time of each operation per entry, and the memory of an entry.
//!
//! Run `cargo bench --bench table --all-features [-- ENTRIES …]`; the default is 10,000, 100,000 and
//! 1,000,000 entries.

use ctnetlink::kernel::Kernel;
use ctnetlink::nested::IpProto;
use ctnetlink::sim::{
    Clock, Dir, DumpBuffers, DumpRequest, ModuleParams, Net, NfConntrackTuple, NfConntrackZone,
    Packet,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::Instant;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PACKET: Packet =
    Packet { dir: Dir::Original, len: 60, stamp: None, proto: None, assured: false, timeout: 600 };

/// Returns the tuple of flow `n`, in no order.
fn tuple(n: u32) -> NfConntrackTuple {
    let [a, b, c, d] = n.wrapping_mul(0x9e37_79b1).to_be_bytes();
    let src = Ipv4Addr::new(10, a, b, c);
    let src_port = u16::from_be_bytes([d, 0x57]);
    let dst = Ipv4Addr::new(192, 0, 2, 9);
    NfConntrackTuple::ports(IpProto::UDP, (src.into(), src_port), (dst.into(), 53))
}

fn net() -> Net {
    let kernel = Kernel::new("6.18".parse().expect("a release"));
    let module = ModuleParams { tstamp: true, acct: true };
    let clock = Clock { real_ns: 1_700_000_000_000_000_000, jiffies: 1 << 32 };
    Net::nf_conntrack_init_net(kernel, module, clock, None).expect("no step fails")
}

/// Runs an operation and prints its time per entry.
fn time(what: &str, entries: u32, operation: impl FnOnce()) {
    let start = Instant::now();
    operation();
    let ns = start.elapsed().as_secs_f64() * 1e9 / f64::from(entries);
    print!(" {what}={ns:.0}");
}

fn measure(entries: u32) {
    print!("entries={entries}");
    let heap = Region::new(HEAP);
    let mut net = net();
    let mut ids = Vec::with_capacity(entries as usize);
    time("create_ns", entries, || {
        for tuple in (0..entries).map(tuple) {
            let mut ct = net.init_conntrack(tuple, tuple.inverted(), NfConntrackZone::default());
            net.first_packet(&mut ct, &PACKET);
            ids.push(net.confirm(ct, &PACKET));
        }
    });
    let change = heap.change();
    let bytes = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    let per_entry = bytes as f64 / f64::from(entries) - size_of::<u32>() as f64;
    time("look_up_ns", entries, || {
        for tuple in (0..entries).map(tuple) {
            let found = net.nf_conntrack_find_get(NfConntrackZone::default(), &tuple.inverted());
            assert!(black_box(found).is_some());
        }
    });
    time("packet_ns", entries, || {
        for &id in &ids {
            net.packet(id, &PACKET).expect("an entry");
        }
    });
    time("dump_ns", entries, || {
        let request = DumpRequest { portid: 7, seq: 9, ..DumpRequest::default() };
        let dump = net.dump(&request, DumpBuffers::fresh(&net.kernel)).expect("messages that fit");
        black_box(dump);
    });
    let half = entries / 2;
    time("delete_ns", half, || {
        for &id in ids.iter().rev().step_by(2) {
            net.delete(7, id).expect("an entry");
        }
    });
    time("flush_ns", entries - half, || net.flush(7));
    assert_eq!(net.entries().count(), 0);
    println!(" bytes_per_entry={per_entry:.0}");
}

fn main() {
    let numbers: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let default = [10_000, 100_000, 1_000_000];
    for &entries in if numbers.is_empty() { default.as_slice() } else { &numbers } {
        measure(entries);
    }
}
