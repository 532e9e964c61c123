//! Tests of namespaces: requests, modes of events, groups and dumps.

use crate::entry::{decoded, order, v4};
use crate::life::{NOON, UDP, net, received, udp_flow};
use ctnetlink::attrs::Status;
use ctnetlink::flat::{Labels, Rare, Tuple};
use ctnetlink::nested::IpProto;
use ctnetlink::sim::{Dir, DumpBuffers, DumpRequest, Errno, Listener, Packet};
use ctnetlink::wire::Endian;
use ctnetlink::{Conntrack, Group};

/// Returns a request to create a TCP entry.
fn tcp_request(port: u16) -> Conntrack {
    let tuple = |src: (std::net::IpAddr, u16), dst: (std::net::IpAddr, u16)| Tuple {
        src: Some(src.0),
        dst: Some(dst.0),
        proto: Some(IpProto::TCP),
        src_port: Some(src.1),
        dst_port: Some(dst.1),
        ..Tuple::default()
    };
    Conntrack {
        family: ctnetlink::Family::IPV4,
        orig: tuple(v4(1, port), v4(2, 80)),
        reply: tuple(v4(2, 80), v4(1, port)),
        timeout: Some(100),
        ..Conntrack::default()
    }
}

/// Entries that are created over ctnetlink cause UPDATE events until Linux 4.11, and then NEW events.
///
/// The change is between 4.9.76 and 4.12. START is the time of insertion. Status bits, port id, SYN proxy
/// and labels are as observed on 6.18.44.
#[test]
fn requests_create_entries_with_events() {
    for (release, group) in [("2.6.39", 2), ("4.9", 2), ("4.12", 1), ("7.2", 1)] {
        let mut net = net(release);
        net.ctnetlink_create_conntrack(77, &tcp_request(1)).unwrap();
        let events = received(&mut net);
        assert_eq!(events.len(), 1, "{release}");
        assert_eq!(events[0].0, group, "{release}");
        // The event contains the mark of 0, because its event bit is set.
        assert_eq!(events[0].1.mark, Some(0), "{release}");
    }
    // With a master, all releases send NEW, but before 4.12 without the master.
    for (release, has_master) in [("4.9", false), ("4.12", true)] {
        let mut net = net(release);
        let mut request = tcp_request(1);
        request.master = tcp_request(2).orig;
        net.ctnetlink_create_conntrack(77, &tcp_request(2)).unwrap();
        received(&mut net);
        net.ctnetlink_create_conntrack(77, &request).unwrap();
        let (group, shown) = received(&mut net).remove(0);
        assert_eq!((group, shown.master.src.is_some()), (1, has_master), "{release}");
    }
    let mut net = net("7.2");
    let mut request = tcp_request(1);
    request.labels = Some(Labels::from_bits(2));
    let id = net.ctnetlink_create_conntrack(77, &request).unwrap();
    let ct = net.entry(id).unwrap();
    // The kernel ignores labels in a namespace without a rule that uses them.
    assert_eq!((ct.labels, ct.tstamp.unwrap().start), (None, NOON));
    assert_eq!(net.ctnetlink_create_conntrack(77, &request), Err(Errno::Eexist));
    let bytes = net.listeners[0].received[0].clone();
    let expected =
        "TUPLE_ORIG TUPLE_REPLY ID STATUS TIMEOUT PROTOINFO SYNPROXY MARK TIMESTAMP_EVENT";
    assert_eq!(order(&bytes, Endian::Little), expected);
    // The errors are EINVAL without a timeout, and EBUSY for a status without CONFIRMED or with EXPECTED.
    let mut bad = tcp_request(3);
    bad.timeout = None;
    assert_eq!(net.ctnetlink_create_conntrack(77, &bad), Err(Errno::Einval));
    for status in [Status::ASSURED, Status::CONFIRMED | Status::EXPECTED] {
        let mut bad = tcp_request(3);
        bad.status = Some(status);
        assert_eq!(net.ctnetlink_create_conntrack(77, &bad), Err(Errno::Ebusy));
    }
    // The kernel changes 0x6c08 to 0x2408.
    let mut odd = tcp_request(3);
    odd.status = Some(Status::from_bits_retain(0x6c08));
    let id = net.ctnetlink_create_conntrack(77, &odd).unwrap();
    assert_eq!(net.entry(id).unwrap().status.bits(), 0x2408);
}

/// Changes over ctnetlink cause an UPDATE event even if they change nothing.
///
/// If the kernel rejects one attribute, changes of earlier attributes remain (observed on 6.18.44).
#[test]
fn requests_change_entries_with_events() {
    let mut net = net("6.18");
    let id = net.ctnetlink_create_conntrack(77, &tcp_request(1)).unwrap();
    received(&mut net);
    net.ctnetlink_change_conntrack(78, id, &Conntrack::default()).unwrap();
    let (group, shown) = received(&mut net).remove(0);
    assert_eq!((group, shown.mark), (2, Some(0)));
    let mark = Conntrack { mark: Some(0x0f0f), ..Conntrack::default() };
    net.ctnetlink_change_conntrack(78, id, &mark).unwrap();
    let mark = Conntrack {
        mark: Some(0xff),
        rare: Rare { mark_mask: Some(0xf0), ..Rare::default() }.into(),
        ..Conntrack::default()
    };
    net.ctnetlink_change_conntrack(78, id, &mark).unwrap();
    assert_eq!(net.entry(id).unwrap().mark, 0x0ff0);
    let both = Conntrack {
        timeout: Some(7),
        status: Some(Status::CONFIRMED | Status::DYING),
        ..Conntrack::default()
    };
    assert_eq!(net.ctnetlink_change_conntrack(78, id, &both), Err(Errno::Ebusy));
    assert_eq!(decoded(&net.get(id, 9, 1, false).unwrap()).timeout, Some(7));
    let labels = Conntrack { labels: Some(Labels::from_bits(1)), ..Conntrack::default() };
    assert_eq!(net.ctnetlink_change_conntrack(78, id, &labels), Err(Errno::Enospc));
    assert_eq!(net.ctnetlink_change_conntrack(78, 1, &labels), Err(Errno::Enoent));
}

/// With `nf_conntrack_events` 0, there are no events, and with 1, all events.
///
/// With 2, which is the default since Linux 5.19, there are only events of entries that were created
/// while there was a listener. Other entries do not even cause a DESTROY event.
#[test]
fn the_sysctl_determines_which_entries_cause_events() {
    let count = |release: &str, mode: Option<u8>, listens_at_birth: bool| {
        let mut net = net(release);
        net.sysctls.nf_conntrack_events = mode.unwrap_or(net.sysctls.nf_conntrack_events);
        let sockets = std::mem::take(&mut net.listeners);
        if listens_at_birth {
            net.listeners = sockets.clone();
        }
        let id = udp_flow(&mut net, 1, UDP);
        net.listeners = sockets;
        net.packet(id, &Packet { dir: Dir::Reply, ..UDP }).unwrap();
        net.flush(0);
        net.listeners[0].received.len()
    };
    for release in ["2.6.39", "5.18", "5.19", "7.2"] {
        assert_eq!(count(release, Some(0), true), 0, "{release}");
    }
    assert_eq!(count("7.2", Some(1), false), 2);
    assert_eq!((count("7.2", None, true), count("7.2", None, false)), (2, 0));
    assert_eq!(count("5.18", None, false), 2);
}

/// Only members of a group receive its events, and without members no event is built.
#[test]
fn only_members_of_a_group_receive_its_events() {
    let mut net = net("7.2");
    net.listeners = [Group::New, Group::Update, Group::Destroy]
        .map(|group| Listener { groups: vec![group], ..Listener::default() })
        .to_vec();
    let id = udp_flow(&mut net, 1, UDP);
    for _ in 0..2 {
        net.packet(id, &Packet { dir: Dir::Reply, assured: true, ..UDP }).unwrap();
    }
    net.delete(0, id).unwrap();
    let counts = net.listeners.iter().map(|socket| socket.received.len()).collect::<Vec<_>>();
    // The second packet changes nothing that events report.
    assert_eq!(counts, [1, 1, 1]);
}

/// The use count in a reply includes the request's reference.
///
/// GET_CTRZERO of one entry resets its counters since Linux 3.3, and that of the table always.
#[test]
fn replies_include_the_reference_of_the_request() {
    for (release, is_zeroed) in [("2.6.39", false), ("3.3", true), ("7.2", true)] {
        let mut net = net(release);
        let id = udp_flow(&mut net, 1, UDP);
        let shown = decoded(&net.get(id, 9, 1, true).unwrap());
        assert_eq!((shown.use_count, shown.counters_orig.bytes), (Some(2), Some(60)));
        let left = if is_zeroed { 0 } else { 60 };
        let shown = decoded(&net.get(id, 9, 1, false).unwrap());
        assert_eq!(shown.counters_orig.bytes, Some(left), "{release}");
        net.packet(id, &UDP).unwrap();
        let request = DumpRequest { portid: 9, seq: 2, ctrzero: true, ..DumpRequest::default() };
        let dump = net.dump(&request, DumpBuffers::fresh(&net.kernel)).unwrap();
        let shown = decoded(&dump[0]);
        assert_eq!((shown.use_count, shown.counters_orig.bytes), (Some(1), Some(left + 60)));
        assert_eq!(net.entry(id).unwrap().acct.unwrap()[0].bytes, 0, "{release}");
    }
}

/// Filtered dumps have DUMP_FILTERED in messages since Linux 5.8, and in DONE since 7a099b347fef.
///
/// The latter commit is in 7.3, 6.1.189 and 6.12.111. Entries that expire during the dump are deleted
/// with an event.
#[test]
fn dumps_are_split_into_datagrams() {
    let flags = |release: &str, mark| {
        let mut net = net(release);
        for port in 1..=40 {
            udp_flow(&mut net, port, UDP);
        }
        received(&mut net);
        let request = DumpRequest { portid: 9, seq: 2, mark, ..DumpRequest::default() };
        let dump = net.dump(&request, DumpBuffers::fresh(&net.kernel)).unwrap();
        let (done, messages) = dump.split_last().unwrap();
        let all: usize = messages.iter().map(|datagram| count(datagram)).sum();
        assert_eq!(all, 40);
        assert!(messages.len() == 2 && messages[0].len() <= 4096 - 320);
        assert_eq!(done.len(), 20);
        (messages[0][6], done[6])
    };
    assert_eq!(flags("7.2", None), (2, 2));
    assert_eq!(flags("7.2", Some((0, 0xff))), (0x22, 2));
    assert_eq!(flags("6.12.111", Some((0, 0xff))), (0x22, 0x22));
    assert_eq!(flags("5.7", Some((0, 0xff))), (2, 2));

    let mut net = net("7.2");
    udp_flow(&mut net, 1, UDP);
    received(&mut net);
    net.advance(31_000);
    let dump = net.dump(&DumpRequest::default(), DumpBuffers::fresh(&net.kernel)).unwrap();
    assert_eq!((dump.len(), received(&mut net).len()), (1, 1));
    // This buffer is too small for one message.
    udp_flow(&mut net, 1, UDP);
    let tiny = DumpBuffers { first: 100, next: 100 };
    assert!(net.dump(&DumpRequest::default(), tiny).is_err());
}

fn count(datagram: &[u8]) -> usize {
    ctnetlink::wire::Datagram::new(datagram, Endian::Little).filter(Result::is_ok).count()
}

#[test]
fn statistics_count_the_entries() {
    let mut net = net("7.2");
    udp_flow(&mut net, 1, UDP);
    let message = net.get_stats(9, 1);
    assert_eq!(message[20..28], [8, 0, 1, 0, 0, 0, 0, 1]);
}
