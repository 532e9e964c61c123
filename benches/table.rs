//! Measures the simulated table: the time of each operation per entry, and the memory of an entry.
//!
//! Then the same requests are sent to the simulated kernel and to the running one, if it has connection
//! tracking and an empty table. Run `unshare -Urn cargo bench --bench table --all-features [-- ENTRIES …]`.
//! The default is 10,000, 100,000 and 1,000,000 entries.

use ctnetlink::kernel::Kernel;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::sim::{
    Clock, Dir, DumpBuffers, DumpRequest, ModuleParams, Net, NfConntrackTuple, NfConntrackZone,
    Packet,
};
use ctnetlink::socket::{SimNet, Socket, Transport};
use ctnetlink::{Conntrack, MessageBuf, Tuple};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::ops::ControlFlow;
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

/// Returns flow `n` as requests name it.
fn flow(n: u32) -> Conntrack {
    let NfConntrackTuple { src, dst, src_id, dst_id, .. } = tuple(n);
    let orig = Tuple::udp((src, src_id).into(), (dst, dst_id).into());
    Conntrack { timeout: Some(600), ..Conntrack::new(orig) }
}

/// Measures requests, and a dump whose entries are not decoded.
fn measure_requests(kernel: &str, socket: &mut Socket<impl Transport>, entries: u32) {
    print!("kernel={kernel} entries={entries}");
    let mut all = |what: &str, flows: Vec<u32>, build: fn(&Conntrack) -> MessageBuf| {
        let requests: Vec<_> = flows.iter().map(|&n| build(&flow(n))).collect();
        let count = requests.len() as u32;
        time(what, count, || {
            let done = socket.request_all(requests, |n, error| panic!("{n}: {error}"));
            assert_eq!(done.ok(), Some(u64::from(count)));
        });
    };
    all("create_ns", (0..entries).collect(), |flow| request::create(flow).expect("a request"));
    all("get_ns", (0..entries).collect(), request::get);
    all("update_ns", (0..entries).collect(), |flow| request::update(flow).expect("a request"));
    let half: Vec<_> = (0..entries).step_by(2).collect();
    let left = entries - half.len() as u32;
    all("delete_ns", half, |flow| request::delete(flow).expect("a request"));
    time("dump_ns", left, || {
        let dump = request::dump(&Selector::default());
        let outcome = socket.exchange(dump, |_| ControlFlow::Continue(()));
        assert_eq!(outcome.expect("a dump").messages, u64::from(left));
    });
    time("flush_ns", left, || {
        socket.request(request::flush(&Selector::default())).expect("a flush");
    });
    println!();
}

fn measure_kernels(entries: u32) {
    let mut net = net();
    net.sysctls.nf_conntrack_max = u32::MAX;
    let mut simulated = SimNet::new(net).socket().expect("a socket");
    measure_requests("simulated", &mut simulated, entries);
    let running = Socket::open().and_then(|mut socket| Ok((socket.stats()?, socket)));
    match running {
        Err(error) => println!("SKIPPED the running kernel: {error}"),
        Ok((stats, _)) if stats.entries != Some(0) || stats.max_entries < Some(entries) => {
            println!("SKIPPED the running kernel: its table is not empty or too small: {stats:?}");
        }
        Ok((_, mut socket)) => measure_requests("running", &mut socket, entries),
    }
}

fn main() {
    let numbers: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let default = [10_000, 100_000, 1_000_000];
    for &entries in if numbers.is_empty() { default.as_slice() } else { &numbers } {
        measure(entries);
        measure_kernels(entries);
    }
}
