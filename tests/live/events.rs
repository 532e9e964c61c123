//! Tests of events and of the times in them.

use crate::create::use_labels;
use crate::flows::{by_port, flow, is_between, now, ports, tcp};
use crate::namespace::{alone, skip};
use crate::net::{Net, set_lo_up};
use ctnetlink::attrs::Status;
use ctnetlink::flat::{ProtoInfo, Tcp, Timestamp};
use ctnetlink::nested::{IpProto, TcpFlags, TcpState};
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Kind, MsgType};
use std::net::UdpSocket;
use std::time::Duration;

const NEW: u32 = 1;
const UPDATE: u32 = 2;
const DESTROY: u32 = 3;

/// Checks the times of an event that was sent between `before` and now.
fn times(net: &Net, kind: Kind, ct: &Conntrack, before: u64) {
    let after = now();
    let has_event_time = net.tstamp && net.is_at_least((6, 14));
    assert_eq!(ct.timestamp_event.is_some(), has_event_time, "{ct:?}");
    assert!(ct.timestamp_event.is_none_or(|time| is_between(before, time, after)), "{ct:?}");
    if kind != Kind::Destroy {
        assert_eq!(ct.timestamp, Timestamp::default(), "{ct:?}");
        return;
    }
    if !net.tstamp {
        skip("times of flows");
        return;
    }
    let Timestamp { start: Some(start), stop: Some(stop) } = ct.timestamp else { panic!("{ct:?}") };
    assert!(stop >= start, "{ct:?}");
    assert_eq!(ct.timestamp.duration_ns(), Some(stop - start));
    assert!(is_between(before, start, after) && is_between(before, stop, after), "{ct:?}");
}

#[test]
fn requests_cause_events() {
    alone(|net| {
        if !net.has((4, 12), "events of the right kind for entries made over netlink") {
            return;
        }
        let mut listeners = [NEW, UPDATE, DESTROY].map(|group| net.listen(&[group]));
        let mut all = net.listen(&[NEW, UPDATE, DESTROY]);
        let key = by_port(IpProto::TCP, 1000);
        let before = now();

        let asked = Conntrack { mark: Some(0x0102_0304), ..key.clone() };
        net.must(request::create(&asked).unwrap());
        let (event, new) = listeners[0].next_entry(Kind::New);
        assert_eq!(event, all.next());
        let header = *event.as_message().header();
        assert_eq!(event.as_message().msg_type(), MsgType::CT_NEW);
        assert_eq!(header.nlmsg_flags, NlmFlags::CREATE | NlmFlags::EXCL);
        assert_eq!(header.nlmsg_pid, net.portid);
        let read = net.get(&key);
        let expected = Conntrack {
            use_count: None,
            counters_orig: Default::default(),
            counters_reply: Default::default(),
            timestamp: Timestamp::default(),
            timestamp_event: new.timestamp_event,
            timeout: new.timeout,
            ..read.clone()
        };
        assert_eq!(new, expected);
        times(net, Kind::New, &new, before);

        let state = Tcp { state: Some(TcpState::ESTABLISHED), ..Tcp::default() };
        let change = Conntrack { protoinfo: Some(ProtoInfo::Tcp(state)), ..key.clone() };
        net.must(request::update(&change).unwrap());
        let (event, update) = listeners[1].next_entry(Kind::Update);
        assert_eq!(event, all.next());
        assert_eq!(event.as_message().msg_type(), MsgType::CT_NEW);
        assert_eq!(event.as_message().header().nlmsg_flags, NlmFlags::empty());
        assert_eq!(update.id, read.id);
        let established = tcp(TcpState::ESTABLISHED, [0, 0], TcpFlags::empty());
        assert_eq!(update.protoinfo, Some(established));
        times(net, Kind::Update, &update, before);

        std::thread::sleep(Duration::from_millis(20));
        net.must(request::delete(&key).unwrap());
        let (event, destroy) = listeners[2].next_entry(Kind::Destroy);
        assert_eq!(event, all.next());
        assert_eq!(event.as_message().msg_type(), MsgType::CT_DELETE);
        assert_eq!(event.as_message().header().nlmsg_flags, NlmFlags::empty());
        assert_eq!((destroy.id, &destroy.orig, &destroy.reply), (read.id, &key.orig, &key.reply));
        assert_eq!(destroy.mark, Some(0x0102_0304));
        assert_eq!(destroy.counters_orig, read.counters_orig);
        assert_eq!(destroy.status.unwrap() - read.status.unwrap(), Status::DYING);
        if net.is_at_least((5, 11)) {
            // Only the state is changed.
            let state = Tcp { state: Some(TcpState::ESTABLISHED), ..Tcp::default() };
            assert_eq!(destroy.protoinfo, Some(ProtoInfo::Tcp(state)));
            assert!(destroy.timeout.is_some());
        }
        times(net, Kind::Destroy, &destroy, before);
        assert_eq!(destroy.timestamp.start, read.timestamp.start);
        if let Some(duration) = destroy.timestamp.duration() {
            assert!(duration >= Duration::from_millis(20), "{duration:?}");
        }
        assert!(listeners.iter_mut().all(|listener| listener.is_empty()) && all.is_empty());
    });
}

#[test]
fn a_flush_causes_a_destroy_event_per_entry() {
    alone(|net| {
        let mut listener = net.listen(&[DESTROY]);
        let before = now();
        for port in 1000..1020 {
            net.must(request::create(&by_port(IpProto::UDP, port)).unwrap());
        }
        net.must(request::flush(&Selector::default()));
        let mut ports = Vec::new();
        for _ in 0..20 {
            let (event, ct) = listener.next_entry(Kind::Destroy);
            assert_eq!(event.as_message().header().nlmsg_pid, net.portid);
            times(net, Kind::Destroy, &ct, before);
            ports.push(ct.orig.src_port.unwrap());
        }
        ports.sort_unstable();
        assert_eq!(ports, (1000..1020).collect::<Vec<_>>());
        assert!(listener.is_empty());
    });
}

#[test]
fn the_stop_time_of_an_expired_entry_is_its_expiry() {
    alone(|net| {
        let mut listener = net.listen(&[DESTROY]);
        let before = now();
        let ct = Conntrack { timeout: Some(1), ..by_port(IpProto::UDP, 1000) };
        net.must(request::create(&ct).unwrap());
        std::thread::sleep(Duration::from_millis(1500));
        // The dump makes the kernel delete the expired entry.
        assert_eq!(net.ask(request::dump(&Selector::default())).entries(), []);
        let (event, destroy) = listener.next_entry(Kind::Destroy);
        assert_eq!(event.as_message().header().nlmsg_pid, 0, "no request caused it");
        times(net, Kind::Destroy, &destroy, before);
        if net.tstamp && net.has((5, 14), "the time of a timeout") {
            let duration = destroy.timestamp.duration().unwrap();
            let range = Duration::from_millis(950)..Duration::from_millis(1200);
            assert!(range.contains(&duration), "{duration:?}");
            if let (Some(event), Some(stop)) = (destroy.timestamp_event, destroy.timestamp.stop) {
                assert!(event >= stop, "{destroy:?}");
            }
        }
    });
}

#[test]
fn an_entry_has_times_if_the_sysctl_is_on_at_its_creation() {
    alone(|net| {
        if !net.tstamp {
            skip("times of flows");
            return;
        }
        let mut listener = net.listen(&[NEW, DESTROY]);
        // The value of the sysctl at the time of creation decides.
        for (port, on, then) in [(1, "1", "0"), (2, "0", "1")] {
            let ct = by_port(IpProto::UDP, port);
            crate::net::sysctl("timestamp", on, "times");
            net.must(request::create(&ct).unwrap());
            crate::net::sysctl("timestamp", then, "times");
            net.must(request::delete(&ct).unwrap());
            let (_, new) = listener.next_entry(Kind::New);
            let (_, destroy) = listener.next_entry(Kind::Destroy);
            let has_times = on == "1";
            assert_eq!(destroy.timestamp.start.is_some(), has_times);
            assert_eq!(destroy.timestamp.stop.is_some(), has_times);
            let has_event_time = has_times && net.is_at_least((6, 14));
            assert_eq!(new.timestamp_event.is_some(), has_event_time);
            assert_eq!(destroy.timestamp_event.is_some(), has_event_time);
        }
    });
}

#[test]
fn packets_cause_events() {
    alone(|net| {
        let mut listener = net.listen(&[NEW, UPDATE, DESTROY]);
        if !use_labels() {
            return;
        }
        set_lo_up();
        let before = now();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let [from, to] = [&client, &server].map(|socket| socket.local_addr().unwrap());
        client.send_to(b"question", to).unwrap();
        let (event, new) = listener.next_entry(Kind::New);
        assert_eq!(event.as_message().header().nlmsg_pid, 0, "a packet caused it");
        let addrs = ["127.0.0.1"; 2];
        let expected = flow(ports(addrs, IpProto::UDP, [from.port(), to.port()]));
        assert_eq!((&new.orig, &new.reply), (&expected.orig, &expected.reply));
        assert_eq!(new.labels.unwrap().iter().collect::<Vec<_>>(), [5]);
        times(net, Kind::New, &new, before);

        server.send_to(b"answer", from).unwrap();
        let (_, update) = listener.next_entry(Kind::Update);
        assert_eq!(update.id, new.id);
        assert!(update.status.unwrap().contains(Status::SEEN_REPLY), "{update:?}");
        times(net, Kind::Update, &update, before);

        net.must(request::delete(&expected).unwrap());
        let (_, destroy) = listener.next_entry(Kind::Destroy);
        assert_eq!(destroy.id, new.id);
        times(net, Kind::Destroy, &destroy, before);
        if net.acct {
            assert_eq!(destroy.counters_orig.packets, Some(1));
            assert_eq!(destroy.counters_reply.bytes, Some(20 + 8 + 6));
        }
    });
}
