//! The sockets with the running kernel and with a simulated one.
#![cfg(target_os = "linux")]

#[path = "socket/host.rs"]
mod host;
mod namespace;

use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{
    Buffer, Events, Extension, Socket, SocketError, Step, Table, TableChange, Transport,
};
use ctnetlink::wire::{Endian, NlmFlags, RawAttr};
use ctnetlink::{Conntrack, Family, Group, Kind, MessageBuilder, MsgType};
use host::{Running, simulated};
use namespace::{enter, flow, say, skipped, socket};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Defines tests that run on the running kernel, in a namespace of their own, and on a simulated one.
macro_rules! on_both_kernels {
    ($Host:path: $(fn $name:ident($host:ident) $body:block)+) => {
        mod running {
            $(
                #[test]
                fn $name() {
                    let test = std::any::type_name_of_val(&$name).split_once("::").unwrap().1;
                    if super::enter(test) && super::socket(test).is_some() {
                        super::bodies::$name(&super::Running);
                    }
                }
            )+
        }

        mod simulated {
            $(
                #[test]
                fn $name() {
                    super::bodies::$name(&super::simulated());
                }
            )+
        }

        mod bodies {
            use super::*;
            $( pub(super) fn $name($host: &impl $Host) $body )+
        }
    };
}

/// Creates flows, all of them.
fn create(socket: &mut Socket<impl Transport>, numbers: std::ops::Range<u32>) {
    let wanted = u64::from(numbers.end - numbers.start);
    let requests = numbers.map(|n| request::create(&flow(n)).unwrap());
    let made = socket.request_all(requests, |n, error| panic!("{n}: {error}"));
    assert_eq!(made.unwrap(), wanted);
}

fn entries(socket: &mut Socket<impl Transport>) -> u32 {
    socket.stats().unwrap().entries.unwrap()
}

/// Number of flows whose dump takes more than ten datagrams.
const MANY: u32 = 2000;

mod blocking {
    use super::*;

    on_both_kernels! {
        crate::host::Host:
        fn an_entry_is_made_changed_and_deleted(host) {
            let mut socket = host.socket();
            assert_eq!(socket.entry(&flow(7)).unwrap(), None);
            socket.request(request::create(&flow(7)).unwrap()).unwrap();
            let error = socket.request(request::create(&flow(7)).unwrap()).unwrap_err();
            assert!(error.is_already_exists(), "{error}");
            let change = Conntrack { mark: Some(0x1234_5678), status: None, timeout: None, ..flow(7) };
            socket.request(request::update(&change).unwrap()).unwrap();
            let found = socket.entry(&flow(7)).unwrap().unwrap();
            assert_eq!((found.mark, &found.orig), (Some(0x1234_5678), &flow(7).orig));
            socket.request(request::delete(&flow(7)).unwrap()).unwrap();
            let error = socket.request(request::delete(&flow(7)).unwrap()).unwrap_err();
            assert!(error.is_not_found() && error.errno() == Some(2), "{error}");
            assert_eq!(socket.entry(&flow(7)).unwrap(), None);
            assert!(!socket.stats_cpu().unwrap().is_empty());
            assert!(!socket.expect_stats_cpu().unwrap().is_empty());
            assert!(socket.expectations(Family::UNSPEC).unwrap().is_empty());
        }

        fn an_error_names_the_attribute(host) {
            let mut socket = host.socket();
            // An empty CTA_MARK after a valid CTA_TIMEOUT.
            let flags = NlmFlags::REQUEST | NlmFlags::ACK;
            let builder = MessageBuilder { flags, ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4) };
            let request = builder.build::<CtattrType>(|out| {
                out.put(CtAttr::Timeout(0x0102_0304));
                out.put_raw(&RawAttr {
                    offset: 0,
                    nla_type: 8,
                    endian: Endian::NATIVE,
                    payload: &[],
                    padding: &[],
                });
            });
            let SocketError::Rejected(rejection) = socket.request(request.unwrap()).unwrap_err() else {
                panic!("not rejected")
            };
            assert_eq!((rejection.errno, rejection.offset), (34, Some(28)));
            assert_eq!(rejection.attr.unwrap().name, "CTA_MARK");
            assert!(rejection.message.is_some(), "{rejection}");
            // The socket remains usable.
            create(&mut socket, 0..1);
        }

        fn the_kernel_selects(host) {
            let mut socket = host.socket();
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
            let outcome = socket.dump_consistent(3, &request::dump(&Selector::default()), |step| {
                attempts += u32::from(step == Step::Restart);
                ControlFlow::Continue(())
            });
            let outcome = outcome.unwrap();
            assert_eq!((outcome.messages, outcome.interrupted, attempts), (300, false, 1));
        }

        fn a_hundred_thousand_entries(host) {
            const COUNT: u32 = 100_000;
            let mut socket = host.socket();
            let room = socket.stats().unwrap().max_entries.unwrap_or(0);
            if room < COUNT + 1000 {
                skipped("a_hundred_thousand_entries", &format!("net.netfilter.nf_conntrack_max is {room}"));
                return;
            }
            let begin = Instant::now();
            create(&mut socket, 0..COUNT);
            let created = begin.elapsed();
            assert_eq!(entries(&mut socket), COUNT);
            let begin = Instant::now();
            let mut marks = vec![false; COUNT as usize];
            let outcome = socket.exchange(request::dump(&Selector::default()), |message| {
                let ct = Conntrack::try_from(message).unwrap();
                marks[ct.mark.unwrap() as usize] = true;
                ControlFlow::Continue(())
            });
            let dumped = begin.elapsed();
            assert_eq!(outcome.unwrap().messages, u64::from(COUNT));
            assert!(marks.iter().all(|seen| *seen));
            let begin = Instant::now();
            socket.request(request::flush(&Selector::default())).unwrap();
            let flushed = begin.elapsed();
            assert_eq!(entries(&mut socket), 0);
            say(&format!(
                "MEASURED {COUNT} entries: created in {created:.2?}, dumped and decoded in {dumped:.2?}, \
                 flushed in {flushed:.2?}"
            ));
        }

        fn a_table_recovers_from_event_loss(host) {
            const COUNT: u32 = 5000;
            let mut socket = host.socket();
            let mut events = host.events(&Group::CONNTRACK);
            let size = events.set_receive_buffer(16 << 10).unwrap();
            assert!(size <= 64 << 10, "{size}");
            let mut table = Table::default();

            // The events are not received while they arrive.
            create(&mut socket, 0..COUNT);
            assert!(matches!(events.recv(), Err(SocketError::Overrun)));
            assert_eq!(events.overruns(), 1);
            let dropped = events.dropped_events().unwrap();
            assert!(dropped > 0 && dropped < u64::from(COUNT), "{dropped}");
            let mut new = 0;
            let report = |change: TableChange<'_>| new += u64::from(matches!(change, TableChange::New(_)));
            let found = table.resync(&mut socket, &mut events, report).unwrap();
            // The events that arrived and the differences in the dump are all the flows.
            assert_eq!((found.new as u64, new), (dropped, dropped));
            assert_eq!((found.gone, found.changed, found.entries), (0, 0, COUNT as usize));
            assert_eq!(table.len(), entries(&mut socket) as usize);

            // The kernel delivers events again.
            assert!(events.try_recv().unwrap().is_none());
            create(&mut socket, COUNT..COUNT + 1);
            let message = events.recv().unwrap();
            assert_eq!(message.kind(), Kind::New);
            table.apply(&message);
            assert_eq!(table.len(), entries(&mut socket) as usize);

            // A thousand flows are deleted, and a thousand change.
            let change = |n: u32| Conntrack { status: None, timeout: None, mark: Some(!n), ..flow(n) };
            let requests = (0..2000).map(|n| match n < 1000 {
                true => request::delete(&flow(n)).unwrap(),
                false => request::update(&change(n)).unwrap(),
            });
            socket.request_all(requests, |_, error| panic!("{error}")).unwrap();
            assert!(matches!(events.recv(), Err(SocketError::Overrun)));
            let dropped = events.dropped_events().unwrap() - dropped;
            let found = table.resync(&mut socket, &mut events, |_| ()).unwrap();
            assert_eq!((found.gone + found.changed) as u64, dropped);
            assert!(found.changed > 0 && found.new == 0, "{found:?}");
            assert_eq!(table.len(), entries(&mut socket) as usize);
            assert_eq!(table.flows().filter(|ct| ct.mark > Some(0xf000_0000)).count(), 1000);
            say(&format!(
                "MEASURED slow reader: of 7001 events into a buffer of {size} bytes, {} were dropped, \
                 and the table equals the kernel's: {} entries",
                events.dropped_events().unwrap(),
                table.len(),
            ));
        }

        fn a_dump_that_ends_early_does_not_block_the_socket(host) {
            let mut socket = host.socket();
            create(&mut socket, 0..MANY);
            let dump = || request::dump(&Selector::default());
            for last in [1, 150] {
                let mut seen = 0;
                let outcome = socket.exchange(dump(), |_| {
                    seen += 1;
                    match seen == last {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                });
                assert_eq!((outcome.unwrap().messages, seen), (last, last));
                // Other requests, and another dump, which the kernel rejects with EBUSY during a dump.
                assert_eq!(socket.entry(&flow(7)).unwrap().unwrap().mark, Some(7));
                assert_eq!(socket.entries(&Selector::default()).unwrap().len(), MANY as usize);
            }
            let stop = |_: Step<'_>| ControlFlow::Break(());
            assert_eq!(socket.dump_consistent(3, &dump(), stop).unwrap().messages, 0);
            create(&mut socket, MANY..MANY + 1);
            assert_eq!(socket.entries(&Selector::default()).unwrap().len(), MANY as usize + 1);
        }

        fn an_overrun_during_a_dump_does_not_block_the_socket(host) {
            let mut other = host.socket();
            let mut socket = host.socket();
            create(&mut other, 0..MANY);
            // Events on the socket for requests fill its receive buffer during the dump.
            socket.transport().join(Group::New.into()).unwrap();
            socket.set_receive_buffer(64 << 10).unwrap();
            let mut seen = 0;
            let result = socket.exchange(request::dump(&Selector::default()), |_| {
                if seen == 0 {
                    create(&mut other, MANY..2 * MANY);
                }
                seen += 1;
                ControlFlow::Continue(())
            });
            assert!(matches!(result, Err(SocketError::Overrun)), "{result:?}");
            assert!(seen > 0 && seen < MANY, "{seen}");
            assert_eq!(socket.entries(&Selector::default()).unwrap().len(), 2 * MANY as usize);
        }
    }
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;

    on_both_kernels! {
        crate::host::on_tokio::TokioHost:
        fn sockets_work_on_tokio(host) {
            let mut blocking = host.socket();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut events = host.tokio_events(&Group::CONNTRACK);
                events.set_receive_buffer(16 << 10).unwrap();
                let mut socket = host.tokio_socket();
                socket.request(request::create(&flow(3)).unwrap()).await.unwrap();
                let error = socket.request(request::create(&flow(3)).unwrap()).await.unwrap_err();
                assert!(error.is_already_exists(), "{error}");
                let found = socket.entries(&Selector::default()).await.unwrap();
                assert_eq!((found.len(), found[0].mark), (1, Some(3)));
                let found = socket.entry(&flow(3)).await.unwrap();
                assert_eq!(found.and_then(|ct| ct.mark), Some(3));
                assert_eq!(socket.entry(&flow(4)).await.unwrap(), None);
                let event = events.recv().await.unwrap();
                assert_eq!(event.kind(), Kind::New);
                // Dropping a future that waits loses no event.
                let waiting = tokio::time::timeout(Duration::from_millis(50), events.recv()).await;
                assert!(waiting.is_err());
                create(&mut blocking, 4..2004);
                let error = events.recv().await.unwrap_err();
                assert!(matches!(error, SocketError::Overrun), "{error}");
                assert!(events.overruns() == 1 && events.dropped_events().unwrap() > 0);
                let event = events.recv().await.unwrap();
                assert_eq!(Conntrack::try_from(event).unwrap().mark, Some(4));
            });
        }

        fn a_dropped_dump_does_not_block_the_tokio_socket(host) {
            use std::task::Poll;

            let mut blocking = host.socket();
            create(&mut blocking, 0..MANY);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let all = Selector::default();
                let mut socket = host.tokio_socket();
                {
                    // The first poll sends the request and waits for the reply.
                    let mut dump = std::pin::pin!(socket.entries(&all));
                    let state = std::future::poll_fn(|context| Poll::Ready(dump.as_mut().poll(context)));
                    assert!(state.await.is_pending());
                }
                assert_eq!(socket.entries(&all).await.unwrap().len(), MANY as usize);
                let mut seen = 0;
                let outcome = socket.exchange(request::dump(&all), |_| {
                    seen += 1;
                    match seen == 150 {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                });
                assert_eq!(outcome.await.unwrap().messages, 150);
                assert_eq!(socket.entries(&all).await.unwrap().len(), MANY as usize);
            });
        }
    }
}

#[test]
fn only_whole_datagrams_of_the_kernel_are_taken() {
    const TEST: &str = "only_whole_datagrams_of_the_kernel_are_taken";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut events = Events::subscribe(&[Group::New]).unwrap();
    let begin = Instant::now();
    assert!(events.recv_timeout(Duration::from_millis(50)).unwrap().is_none());
    assert!(begin.elapsed() >= Duration::from_millis(50));

    // Another process sends a datagram that looks like an event.
    let mut address = netlink_sys::SocketAddr::new(0, 0);
    events.netlink().get_address(&mut address).unwrap();
    let forged = flow(9).to_message(
        &MessageBuilder::new(MsgType::CT_NEW, Family::IPV4),
        ctnetlink::flat::Layout::Event,
    );
    let forger = netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_NETFILTER).unwrap();
    forger.send_to(forged.unwrap().as_bytes(), &address, 0).unwrap();
    assert!(events.wait(Duration::from_secs(5)).unwrap());
    assert!(events.try_recv().unwrap().is_none());

    // The buffer is too small for an event.
    create(&mut socket, 0..2);
    let mut small = Buffer::with_capacity(32);
    match events.recv_datagram(&mut small) {
        Err(SocketError::Truncated { length, capacity: 32 }) => assert!(length > 100),
        other => panic!("{other:?}"),
    }
    let message = events.recv_timeout(Duration::from_secs(5)).unwrap().unwrap();
    assert_eq!(Conntrack::try_from(message).unwrap().orig, flow(1).orig);
    // Events of other groups do not arrive.
    socket.request(request::flush(&Selector::default())).unwrap();
    let mut buffer = Buffer::default();
    assert!(!events.try_recv_datagram(&mut buffer).unwrap());
    // A receive call without a request ends at the timeout.
    let mut silent = Socket::open().unwrap();
    silent.set_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(!silent.receive_datagram(&mut buffer).unwrap());
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
    assert!(timestamp.is_enabled().unwrap());
    assert!(timestamp.enable().unwrap());
    std::fs::write("/proc/sys/net/netfilter/nf_conntrack_timestamp", "0").unwrap();
    assert!(!timestamp.is_enabled().unwrap());
    assert!(timestamp.hint().contains("nf_conntrack_timestamp is 0"));
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

#[test]
fn a_second_overrun_while_draining_hides_no_event_loss() {
    const TEST: &str = "a_second_overrun_while_draining_hides_no_event_loss";
    const ROUNDS: u32 = 20;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut events = Events::subscribe(&[Group::New]).unwrap();
    events.set_receive_buffer(16 << 10).unwrap();
    let mut next = 0;
    let mut fill = |socket: &mut Socket| {
        create(socket, next..next + 100);
        next += 100;
    };
    fill(&mut socket);
    assert!(matches!(events.recv(), Err(SocketError::Overrun)));
    // Whenever the receive buffer has become empty, it overflows again.
    let mut rounds = 0;
    let drained = events.drain(|_| {
        if rounds < ROUNDS && namespace::received_bytes(1) == 0 {
            rounds += 1;
            fill(&mut socket);
        }
    });
    drained.unwrap();
    assert!(rounds > 1, "{rounds}");
    // Either the kernel delivers events again, or the loss is reported.
    let overruns = events.overruns();
    create(&mut socket, 1_000_000..1_000_001);
    let mut marks = Vec::new();
    while let Ok(Some(message)) = events.try_recv() {
        marks.push(Conntrack::try_from(message).unwrap().mark);
    }
    assert!(marks.contains(&Some(1_000_000)) || events.overruns() > overruns, "{marks:?}");
}

#[test]
fn a_missing_capability_is_reported() {
    const TEST: &str = "a_missing_capability_is_reported";
    let true = enter(TEST) else { return };
    if socket(TEST).is_none() {
        return;
    }
    // In a user namespace of its own, a process has no capabilities in this network namespace.
    let output = std::process::Command::new("unshare")
        .args(["-Ur", std::env::current_exe().unwrap().to_str().unwrap()])
        .args(["--exact", "without_capabilities", "--ignored", "--nocapture"])
        .output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "a_missing_capability_is_reported runs it without capabilities"]
fn without_capabilities() {
    let errors = [
        Events::subscribe(&[Group::New]).map(drop).unwrap_err(),
        Socket::open().unwrap().stats().map(drop).unwrap_err(),
        Socket::open().unwrap().request(request::create(&flow(1)).unwrap()).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.errno(), Some(1), "{error}");
        assert!(error.to_string().contains("needs CAP_NET_ADMIN"), "{error}");
    }
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
    let watch = start("watch_events", &["3"]);
    let log = start("flow_log", &["3"]);
    let record = start("record_events", &[file.to_str().unwrap(), "3"]);
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
    socket.request(request::flush(&Selector::default())).unwrap();
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
