//! The sockets against the running kernel.
#![cfg(target_os = "linux")]

mod namespace;

use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{
    Buffer, Change, Events, Extension, Group, Socket, SocketError, Step, Table,
};
use ctnetlink::wire::{Endian, NlmFlags, RawAttr};
use ctnetlink::{Conntrack, Family, Kind, MessageBuilder, MsgType};
use namespace::{enter, flow, say, skipped, socket};
use std::time::{Duration, Instant};

/// Creates flows, all of them.
fn create(socket: &mut Socket, numbers: std::ops::Range<u32>) {
    let wanted = u64::from(numbers.end - numbers.start);
    let made = socket.request_all(
        numbers,
        |n, seq| request::create(&flow(n), seq),
        |n, error| panic!("{n}: {error}"),
    );
    assert_eq!(made.unwrap(), wanted);
}

fn entries(socket: &mut Socket) -> u32 {
    socket.stats().unwrap().entries.unwrap()
}

#[test]
fn an_entry_is_made_changed_and_deleted() {
    const TEST: &str = "an_entry_is_made_changed_and_deleted";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    assert_eq!(socket.entry(&flow(7)).unwrap(), None);
    socket.request(|seq| request::create(&flow(7), seq)).unwrap();
    let error = socket.request(|seq| request::create(&flow(7), seq)).unwrap_err();
    assert!(error.already_exists(), "{error}");
    let change = Conntrack { mark: Some(0x1234_5678), status: None, timeout: None, ..flow(7) };
    socket.request(|seq| request::update(&change, seq)).unwrap();
    let found = socket.entry(&flow(7)).unwrap().unwrap();
    assert_eq!((found.mark, &found.orig), (Some(0x1234_5678), &flow(7).orig));
    socket.request(|seq| request::delete(&flow(7), seq)).unwrap();
    let error = socket.request(|seq| request::delete(&flow(7), seq)).unwrap_err();
    assert!(error.is_not_found() && error.errno() == Some(2), "{error}");
    assert_eq!(socket.entry(&flow(7)).unwrap(), None);
    assert!(!socket.stats_cpu().unwrap().is_empty());
    assert!(!socket.expect_stats_cpu().unwrap().is_empty());
    assert!(socket.expectations(Family::UNSPEC).unwrap().is_empty());
}

#[test]
fn a_refusal_says_what_is_wrong() {
    const TEST: &str = "a_refusal_says_what_is_wrong";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    // An empty CTA_MARK, behind a whole CTA_TIMEOUT.
    let make = |seq| {
        let flags = NlmFlags::REQUEST | NlmFlags::ACK;
        let builder =
            MessageBuilder { flags, seq, ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4) };
        builder.build::<CtattrType>(|out| {
            out.put(CtAttr::Timeout(0x0102_0304));
            out.put_raw(&RawAttr {
                offset: 0,
                nla_type: 8,
                endian: Endian::NATIVE,
                payload: &[],
                padding: &[],
            });
        })
    };
    let SocketError::Refused(refused) = socket.request(make).unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!((refused.errno, refused.offset), (34, Some(28)));
    assert_eq!(refused.attr.unwrap().name, "CTA_MARK");
    assert!(refused.message.is_some(), "{refused}");
    // The socket is as good as before.
    create(&mut socket, 0..1);
}

#[test]
fn the_kernel_selects() {
    const TEST: &str = "the_kernel_selects";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    create(&mut socket, 0..300);
    let marks = Selector { mark: Some((0x10, 0xf0)), ..Selector::default() };
    let addresses = Selector {
        family: Family::IPV4,
        orig: Tuple { src: flow(258).orig.src, ..Tuple::default() },
        ..Selector::default()
    };
    let ports = Selector {
        family: Family::IPV4,
        orig: Tuple { proto: Some(IpProto::UDP), dst_port: Some(5354), ..Tuple::default() },
        ..Selector::default()
    };
    let status =
        Selector { status: Some((Status::SEEN_REPLY, Status::SEEN_REPLY)), ..Selector::default() };
    let all: Vec<_> = (0..300).map(flow).collect();
    for (only, count) in [(marks, 32), (addresses, 1), (ports, 0), (status, 300)] {
        let found = socket.entries(&only).unwrap();
        assert_eq!(found.len(), count, "{only:?}");
        assert!(found.iter().all(|ct| only.matches(ct)));
        assert_eq!(all.iter().filter(|ct| only.matches(ct)).count(), count, "{only:?}");
    }
    let mut attempts = 0;
    let outcome = socket.dump_consistent(
        3,
        |seq| request::dump(&Selector::default(), seq),
        |step| attempts += u32::from(step == Step::Begin),
    );
    let outcome = outcome.unwrap();
    assert_eq!((outcome.messages, outcome.interrupted, attempts), (300, false, 1));
}

#[test]
fn a_hundred_thousand_entries() {
    const TEST: &str = "a_hundred_thousand_entries";
    const COUNT: u32 = 100_000;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let room = socket.stats().unwrap().max_entries.unwrap_or(0);
    if room < COUNT + 1000 {
        skipped(TEST, &format!("net.netfilter.nf_conntrack_max is {room}"));
        return;
    }
    let begin = Instant::now();
    create(&mut socket, 0..COUNT);
    let created = begin.elapsed();
    assert_eq!(entries(&mut socket), COUNT);
    let begin = Instant::now();
    let mut marks = vec![false; COUNT as usize];
    let outcome = socket.exchange(
        |seq| request::dump(&Selector::default(), seq),
        |message| {
            let ct = Conntrack::try_from(message).unwrap();
            marks[ct.mark.unwrap() as usize] = true;
        },
    );
    let dumped = begin.elapsed();
    assert_eq!(outcome.unwrap().messages, u64::from(COUNT));
    assert!(marks.iter().all(|seen| *seen));
    let begin = Instant::now();
    socket.request(|seq| request::flush(&Selector::default(), seq)).unwrap();
    let flushed = begin.elapsed();
    assert_eq!(entries(&mut socket), 0);
    say(&format!(
        "MEASURED {COUNT} entries: created in {created:.2?}, dumped and decoded in {dumped:.2?}, \
         flushed in {flushed:.2?}"
    ));
}

#[test]
fn a_slow_reader_learns_of_its_loss_and_resynchronises() {
    const TEST: &str = "a_slow_reader_learns_of_its_loss_and_resynchronises";
    const COUNT: u32 = 5000;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut events = Events::open(&Group::CONNTRACK).unwrap();
    let size = events.set_receive_buffer(16 << 10).unwrap();
    assert!(size <= 64 << 10, "{size}");
    events.set_nonblocking(true).unwrap();
    let (mut buffer, mut table) = (Buffer::default(), Table::default());

    // Nobody reads while these come.
    create(&mut socket, 0..COUNT);
    assert!(matches!(events.next(&mut buffer), Err(SocketError::Lost)));
    assert_eq!(events.losses(), 1);
    let dropped = events.dropped().unwrap();
    assert!(dropped > 0 && dropped < u64::from(COUNT), "{dropped}");
    let mut new = 0;
    let report = |change: Change<'_>| new += u64::from(matches!(change, Change::New(_)));
    let found = table.resynchronise(&mut socket, &mut events, &mut buffer, report).unwrap();
    // What had arrived was read, and the rest was found in the table: together, everything.
    assert_eq!((found.new as u64, new), (dropped, dropped));
    assert_eq!((found.gone, found.changed, found.entries), (0, 0, COUNT as usize));
    assert_eq!(table.len(), entries(&mut socket) as usize);

    // Events come again.
    assert!(events.next(&mut buffer).unwrap().is_none());
    create(&mut socket, COUNT..COUNT + 1);
    let message = events.next(&mut buffer).unwrap().unwrap();
    assert_eq!(message.kind(), Kind::New);
    table.apply(&message);
    assert_eq!(table.len(), entries(&mut socket) as usize);

    // A thousand go, a thousand change.
    let change = |n: u32| Conntrack { status: None, timeout: None, mark: Some(!n), ..flow(n) };
    socket
        .request_all(0..1000, |n, seq| request::delete(&flow(n), seq), |_, e| panic!("{e}"))
        .unwrap();
    socket
        .request_all(1000..2000, |n, seq| request::update(&change(n), seq), |_, e| panic!("{e}"))
        .unwrap();
    assert!(matches!(events.next(&mut buffer), Err(SocketError::Lost)));
    let dropped = events.dropped().unwrap() - dropped;
    let found = table.resynchronise(&mut socket, &mut events, &mut buffer, |_| ()).unwrap();
    assert_eq!((found.gone + found.changed) as u64, dropped);
    assert!(found.changed > 0 && found.new == 0, "{found:?}");
    assert_eq!(table.len(), entries(&mut socket) as usize);
    assert_eq!(table.flows().filter(|ct| ct.mark > Some(0xf000_0000)).count(), 1000);
    say(&format!(
        "MEASURED slow reader: of 7001 events into a buffer of {size} bytes, {} were dropped, \
         and the table is the kernel's again: {} entries",
        events.dropped().unwrap(),
        table.len(),
    ));
}

#[test]
fn only_whole_datagrams_of_the_kernel_are_taken() {
    const TEST: &str = "only_whole_datagrams_of_the_kernel_are_taken";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut events = Events::open(&[Group::New]).unwrap();
    events.set_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut buffer = Buffer::default();
    assert!(events.next(&mut buffer).unwrap().is_none());

    // Somebody else writes to the socket what looks like an event.
    let mut address = netlink_sys::SocketAddr::new(0, 0);
    events.netlink().get_address(&mut address).unwrap();
    let forged = flow(9).to_message(
        &MessageBuilder::new(MsgType::CT_NEW, Family::IPV4),
        ctnetlink::flat::Layout::Event,
    );
    let forger = netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_NETFILTER).unwrap();
    forger.send_to(forged.unwrap().as_bytes(), &address, 0).unwrap();
    assert!(events.wait(Duration::from_secs(5)).unwrap());
    assert!(events.next(&mut buffer).unwrap().is_none());

    // A buffer too small for an event.
    create(&mut socket, 0..2);
    let mut small = Buffer::with_capacity(32);
    match events.next(&mut small) {
        Err(SocketError::Truncated { length, capacity: 32 }) => assert!(length > 100),
        other => panic!("{other:?}"),
    }
    let message = events.next(&mut buffer).unwrap().unwrap();
    assert_eq!(Conntrack::try_from(message).unwrap().orig, flow(1).orig);
    // Groups that were not joined are silent.
    socket.request(|seq| request::flush(&Selector::default(), seq)).unwrap();
    assert!(events.next(&mut buffer).unwrap().is_none());
    // A dump with an idle kernel behind it times out rather than hang.
    let mut silent = Socket::open().unwrap();
    silent.set_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(!silent.receive(&mut buffer).unwrap());
}

#[test]
fn times_are_recorded_once_enabled() {
    const TEST: &str = "times_are_recorded_once_enabled";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let timestamp = Extension::Timestamp;
    if let Err(error) = timestamp.enable() {
        skipped(TEST, &error.to_string());
        return;
    }
    assert!(timestamp.is_on().unwrap());
    assert!(timestamp.enable().unwrap());
    std::fs::write("/proc/sys/net/netfilter/nf_conntrack_timestamp", "0").unwrap();
    assert!(!timestamp.is_on().unwrap());
    assert!(timestamp.off().contains("nf_conntrack_timestamp is 0"));
    create(&mut socket, 0..1);
    assert!(!timestamp.enable().unwrap());
    create(&mut socket, 1..2);
    let start = |socket: &mut Socket, n| socket.entry(&flow(n)).unwrap().unwrap().timestamp.start;
    // The older entry stays without.
    assert_eq!(start(&mut socket, 0), None);
    assert!(start(&mut socket, 1).is_some());
    Extension::Acct.enable().unwrap();
    create(&mut socket, 2..3);
    assert_eq!(socket.entry(&flow(2)).unwrap().unwrap().counters_orig.packets, Some(0));
}

#[cfg(feature = "tokio")]
#[test]
fn the_same_on_tokio() {
    use ctnetlink::socket::{TokioEvents, TokioSocket};

    const TEST: &str = "the_same_on_tokio";
    let true = enter(TEST) else { return };
    let Some(mut blocking) = socket(TEST) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut events = TokioEvents::open(&Group::CONNTRACK).unwrap();
        events.set_receive_buffer(16 << 10).unwrap();
        let mut socket = TokioSocket::open().unwrap();
        let mut buffer = Buffer::default();
        socket.request(|seq| request::create(&flow(3), seq)).await.unwrap();
        let error = socket.request(|seq| request::create(&flow(3), seq)).await.unwrap_err();
        assert!(error.already_exists(), "{error}");
        let (found, outcome) = socket.entries(&Selector::default()).await.unwrap();
        assert_eq!((found.len(), outcome.messages), (1, 1));
        let event = events.next(&mut buffer).await.unwrap();
        assert_eq!(event.kind(), Kind::New);
        // A future that is dropped while it waits loses nothing.
        let waiting = events.next(&mut buffer);
        assert!(tokio::time::timeout(Duration::from_millis(50), waiting).await.is_err());
        create(&mut blocking, 4..2004);
        let error = events.next(&mut buffer).await.unwrap_err();
        assert!(matches!(error, SocketError::Lost), "{error}");
        assert!(events.losses() == 1 && events.dropped().unwrap() > 0);
        assert_eq!(events.next(&mut buffer).await.unwrap().kind(), Kind::New);
        let mut small = Buffer::with_capacity(32);
        let error = events.next(&mut small).await.unwrap_err();
        assert!(matches!(error, SocketError::Truncated { .. }), "{error}");
    });
}

/// The examples that need a kernel, as `cargo test` has built them.
#[test]
fn examples_run_and_end() {
    const TEST: &str = "examples_run_and_end";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let program = std::env::current_exe().unwrap();
    let folder = program.ancestors().nth(2).unwrap().join("examples");
    let start = |name: &str, args: &[&str]| {
        let path = folder.join(name);
        if !path.exists() {
            skipped(TEST, &format!("{name} is not built"));
            return None;
        }
        let mut command = std::process::Command::new(path);
        command.args(args).stdout(std::process::Stdio::piped());
        Some(command.spawn().unwrap())
    };
    let output = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let file = std::env::temp_dir().join(format!("ctnetlink-example-{}", std::process::id()));
    let watch = start("watch_events", &["1"]);
    let log = start("flow_log", &["1"]);
    let record = start("record_events", &[file.to_str().unwrap(), "1"]);
    // NEW, UPDATE, DESTROY; and DESTROY alone.
    let [all, destroy] = [7, 4];
    for (child, groups) in [(&watch, all), (&log, destroy), (&record, all)] {
        if child.is_some() {
            namespace::wait_for_listener(groups);
        }
    }
    std::thread::sleep(Duration::from_millis(200));
    create(&mut socket, 1..3);
    if let Some(list) = start("list_flows", &[]) {
        let text = output(list);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("src=10.0.0.1 dst=198.51.100.7 sport=40001 dport=5353"), "{text}");
    }
    socket.request(|seq| request::flush(&Selector::default(), seq)).unwrap();
    if let Some(watch) = watch {
        let text = output(watch);
        assert!(text.contains("10.0.0.1 -> 198.51.100.7 began"), "{text}");
        assert!(text.contains("ended, start ") && text.contains(", duration "), "{text}");
    }
    if let Some(log) = log {
        let text = output(log);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains(" proto=udp src=10.0.0.2 sport=40001 "), "{text}");
        assert!(!text.contains("start=- ") && !text.contains("ns=- "), "{text}");
    }
    if let Some(record) = record {
        output(record);
        assert!(std::fs::metadata(&file).unwrap().len() > 4 * 100);
        std::fs::remove_file(&file).unwrap();
    }
    if let Some(change) = start("create_update_delete", &[]) {
        let text = output(change);
        assert!(text.contains("mark Some(42)") && text.ends_with("there is None\n"), "{text}");
    }
}
