//! Tests of the life of an entry and of its timestamps, and of the changes between releases.

use crate::entry::{decoded, kernel, v4};
use ctnetlink::attrs::Status;
use ctnetlink::flat::Timestamp;
use ctnetlink::kernel::{Config, Kernel};
use ctnetlink::nested::{IpProto, TcpState};
use ctnetlink::sim::{
    Clock, Dir, Errno, InitStep, L4State, Listener, ModuleParams, Net, NfConntrackTuple,
    NfConntrackZone, Packet,
};
use ctnetlink::{Conntrack, Group};

pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const NOON: u64 = 1_800_000_000 * SECOND;
pub(crate) const CLOCK: Clock = Clock { real_ns: NOON, jiffies: 1000 };

/// Returns a namespace with timestamps and counters, and with a listener for all groups.
pub(crate) fn net(release: &str) -> Net {
    let module = ModuleParams { tstamp: true, acct: true };
    let mut net = Net::nf_conntrack_init_net(kernel(release), module, CLOCK, None).unwrap();
    let groups = vec![Group::New, Group::Update, Group::Destroy];
    net.listeners.push(Listener { groups, ..Listener::default() });
    net
}

pub(crate) const UDP: Packet =
    Packet { dir: Dir::Original, len: 60, stamp: None, proto: None, assured: false, timeout: 30 };

/// Creates an entry whose first packet has left.
pub(crate) fn udp_flow(net: &mut Net, port: u16, packet: Packet) -> u32 {
    let orig = NfConntrackTuple::ports(IpProto::UDP, v4(1, port), v4(2, 53));
    let mut ct = net.init_conntrack(orig, orig.inverted(), NfConntrackZone::default());
    net.first_packet(&mut ct, &packet);
    net.confirm(ct, &packet)
}

/// Returns the new events of the listener by group: 1 NEW, 2 UPDATE, 3 DESTROY.
pub(crate) fn received(net: &mut Net) -> Vec<(u8, Conntrack)> {
    let read = |bytes: Vec<u8>| {
        let new_type = bytes[4];
        let group = if new_type == 2 {
            3
        } else if bytes[7] == 6 {
            1
        } else {
            2
        };
        (group, decoded(&bytes))
    };
    std::mem::take(&mut net.listeners[0].received).into_iter().map(read).collect()
}

fn last_destroy(net: &mut Net) -> Conntrack {
    let (group, shown) = received(net).pop().unwrap();
    assert_eq!(group, 3);
    shown
}

/// START is the packet's timestamp from Linux 2.6.39 to 5.0, and the time of confirmation since 5.1.
///
/// The source is `__nf_conntrack_confirm`, changed by 916f6efae623. For a packet without a timestamp,
/// START is always the time of confirmation.
#[test]
fn start_is_the_time_of_the_packet_or_of_confirmation() {
    let stamp = NOON - 7 * SECOND;
    for (release, expected) in
        [("2.6.39", stamp), ("4.4", stamp), ("5.0", stamp), ("5.1", NOON), ("7.2", NOON)]
    {
        let mut net = net(release);
        let stamped = udp_flow(&mut net, 1, Packet { stamp: Some(stamp), ..UDP });
        let plain = udp_flow(&mut net, 2, UDP);
        let start = |id| net.entry(id).unwrap().nf_conn_tstamp_find().unwrap().start;
        assert_eq!((start(stamped), start(plain)), (expected, NOON), "{release}");
        // Later packets do not change START, whatever their timestamp.
        let reply = Packet { dir: Dir::Reply, stamp: Some(5), ..UDP };
        net.packet(stamped, &reply).unwrap();
        assert_eq!(net.entry(stamped).unwrap().tstamp.unwrap().start, expected);
    }
}

/// A single deleted entry has STOP since Linux 3.12 (02982c27ba1e).
///
/// The DESTROY events of a flush have it in every release (`kill_report`).
#[test]
fn a_single_deleted_entry_has_stop_since_3_12() {
    let times = |stop| Timestamp { start: Some(NOON), stop };
    let at = NOON + SECOND;
    for (release, stop) in [("2.6.39", None), ("3.11", None), ("3.12", Some(at)), ("7.2", Some(at))]
    {
        let mut net = net(release);
        let one = udp_flow(&mut net, 1, UDP);
        udp_flow(&mut net, 2, UDP);
        net.advance(1000);
        net.delete(77, one).unwrap();
        assert_eq!(last_destroy(&mut net).timestamp, times(stop), "{release}");
        assert_eq!(net.delete(77, one), Err(Errno::Enoent));
        net.flush(77);
        assert_eq!(last_destroy(&mut net).timestamp, times(Some(at)), "{release}");
    }
}

/// STOP of an expired entry is the time of its expiry since Linux 5.14 (4608fdfc07e1).
///
/// Until 5.13 it is the time at which the kernel finds the expired entry, here 2.5 seconds later. The
/// event's time is always the latter.
#[test]
fn stop_of_an_expired_entry_is_its_expiry_since_5_14() {
    for (release, overdue, event) in
        [("3.12", 0, None), ("5.13", 0, None), ("5.14", 2500, None), ("6.14", 2500, Some(0))]
    {
        let mut net = net(release);
        udp_flow(&mut net, 1, UDP);
        net.advance(29_996);
        net.reap_expired();
        assert_eq!(net.entries().count(), 1, "{release}: not before its time");
        net.advance(2504);
        net.reap_expired();
        let noticed = NOON + 32_500 * 1_000_000;
        let shown = last_destroy(&mut net);
        assert_eq!(shown.timestamp.stop, Some(noticed - overdue * 1_000_000), "{release}");
        assert_eq!(shown.timestamp_event, event.map(|late: u64| noticed + late), "{release}");
        // The remaining timeout is 0.
        assert_eq!(shown.timeout, None);
    }
}

/// A DESTROY event that could not be delivered is repeated with the same STOP and the same port id.
///
/// The event's time (since 6.14) is that of each attempt.
#[test]
fn a_repeated_destroy_event_keeps_stop() {
    for release in ["3.12", "4.9", "5.19", "7.2"] {
        let mut net = net(release);
        net.listeners[0].broadcast_error = true;
        let id = udp_flow(&mut net, 1, UDP);
        received(&mut net);
        net.listeners[0].full = true;
        net.advance(1000);
        net.delete(77, id).unwrap();
        assert_eq!((net.entries().count(), net.dying().count()), (0, 1), "{release}");
        assert_eq!(net.listeners[0].overruns, 1);
        net.advance(1000);
        net.redeliver();
        assert_eq!(net.dying().count(), 1, "{release}");
        net.listeners[0].full = false;
        net.advance(1000);
        net.redeliver();
        assert_eq!(net.dying().count(), 0, "{release}");
        let bytes = net.listeners[0].received[0].clone();
        assert_eq!(u32::from_le_bytes(bytes[12..16].try_into().unwrap()), 77);
        let shown = last_destroy(&mut net);
        assert_eq!(shown.timestamp.stop, Some(NOON + SECOND), "{release}");
        let event = (release == "7.2").then_some(NOON + 3 * SECOND);
        assert_eq!(shown.timestamp_event, event, "{release}");
    }
}

/// The sysctl at the creation of an entry decides whether the entry has timestamps.
///
/// Older entries never get timestamps, and entries with timestamps keep them (observed on 6.18.44;
/// `nf_ct_tstamp_ext_add`, 2.6.39).
#[test]
fn the_sysctl_decides_at_the_creation_of_an_entry() {
    for release in ["2.6.39", "4.20", "6.18"] {
        let mut net = net(release);
        net.write_nf_conntrack_timestamp(0).unwrap();
        let before = udp_flow(&mut net, 1, UDP);
        net.write_nf_conntrack_timestamp(1).unwrap();
        let with = udp_flow(&mut net, 2, UDP);
        net.write_nf_conntrack_timestamp(0).unwrap();
        assert!(!net.nf_ct_tstamp_enabled());
        net.packet(before, &UDP).unwrap();
        let has = |id| net.entry(id).unwrap().nf_conn_tstamp_find().is_some();
        assert_eq!((has(before), has(with)), (false, true), "{release}");
        net.advance(1000);
        net.flush(0);
        let times: Vec<_> = received(&mut net)
            .into_iter()
            .filter(|(group, _)| *group == 3)
            .map(|(_, ct)| ct.timestamp)
            .collect();
        let kept = Timestamp { start: Some(NOON), stop: Some(NOON + SECOND) };
        assert_eq!(times, [Timestamp::default(), kept], "{release}");
    }
    // Every number but 0 means on, until the sysctl got a range (between 5.0 and 5.15).
    assert_eq!(net("4.4").write_nf_conntrack_timestamp(2), Ok(()));
    assert_eq!(net("5.15").write_nf_conntrack_timestamp(2), Err(Errno::Einval));
}

/// A new namespace begins with the module parameter, not with the sysctl of another namespace.
///
/// This holds from Linux 2.6.39 to 7.1.5 (observed on 6.18.44).
#[test]
fn a_namespace_begins_with_the_module_parameter() {
    let set_up = |tstamp, kernel| {
        let module = ModuleParams { tstamp, acct: false };
        Net::nf_conntrack_init_net(kernel, module, CLOCK, None).unwrap()
    };
    let mut first = set_up(false, kernel("6.18"));
    assert!(!first.nf_ct_tstamp_enabled());
    first.write_nf_conntrack_timestamp(1).unwrap();
    assert!(!set_up(false, kernel("6.18")).nf_ct_tstamp_enabled());
    assert!(set_up(true, kernel("6.18")).nf_ct_tstamp_enabled());
    // Without NF_CONNTRACK_TIMESTAMP, and before 2.6.39, these functions are empty.
    let off = Config { timestamp: false, ..Config::DISTRIBUTION };
    for kernel in [Kernel { config: off, ..kernel("6.18") }, kernel("2.6.38")] {
        let mut net = set_up(true, kernel);
        assert!(!net.nf_ct_tstamp_enabled());
        assert_eq!(net.write_nf_conntrack_timestamp(1), Err(Errno::Enoent));
        let id = udp_flow(&mut net, 1, UDP);
        assert_eq!(net.entry(id).unwrap().tstamp, None);
    }
}

/// The status in DESTROY events contains DYING since Linux 4.9, which has no timers (f330a7fdbe16).
///
/// Before, the kernel sets DYING after it has sent the event.
#[test]
fn destroy_contains_dying_since_4_9() {
    for (release, expected) in [("3.12", false), ("4.8", false), ("4.9", true), ("7.2", true)] {
        let mut net = net(release);
        let id = udp_flow(&mut net, 1, UDP);
        net.delete(77, id).unwrap();
        let status = last_destroy(&mut net).status.unwrap();
        assert_eq!(status.contains(Status::DYING), expected, "{release}");
    }
}

/// Dumps and replies contain START, DESTROY events START and STOP, NEW and UPDATE events neither.
///
/// Since Linux 6.14 (601731fc7c61) every event contains its own time. An event caused by packets has
/// the time of the first change that it reports. This is before START if something changed before
/// confirmation.
#[test]
fn messages_contain_times_by_their_kind() {
    for release in ["2.6.39", "6.13", "6.14"] {
        let mut net = net(release);
        let has_event_time = release == "6.14";
        let orig = NfConntrackTuple::ports(IpProto::TCP, v4(1, 1), v4(2, 80));
        let mut ct = net.init_conntrack(orig, orig.inverted(), NfConntrackZone::default());
        let syn = L4State::Tcp {
            state: TcpState::SYN_SENT,
            scale: [0; 2],
            flags: [Default::default(); 2],
        };
        let syn = Packet { proto: Some(syn), ..UDP };
        net.first_packet(&mut ct, &syn);
        net.advance(4);
        let id = net.confirm(ct, &syn);
        net.advance(4);
        net.packet(id, &Packet { dir: Dir::Reply, ..UDP }).unwrap();
        let get = decoded(&net.get(id, 9, 1, false).unwrap());
        let ms = |n: u64| NOON + n * 1_000_000;
        let times = |start, stop| Timestamp { start, stop };
        assert_eq!(get.timestamp, times(Some(ms(4)), None), "{release}");
        net.advance(4);
        net.delete(9, id).unwrap();
        let events = received(&mut net);
        let shown: Vec<_> =
            events.iter().map(|(group, ct)| (*group, ct.timestamp, ct.timestamp_event)).collect();
        let event_time = |n| has_event_time.then_some(ms(n));
        let none = Timestamp::default();
        let stop = (release != "2.6.39").then_some(ms(12));
        let expected = [
            (1, none, event_time(0)),
            (2, none, event_time(8)),
            (3, times(Some(ms(4)), stop), event_time(12)),
        ];
        assert_eq!(shown, expected, "{release}");
    }
    // Without an earlier change, the time of NEW is that of confirmation or later (recorded, 7.2).
    let mut net = net("7.2");
    udp_flow(&mut net, 1, UDP);
    assert_eq!(received(&mut net)[0].1.timestamp_event, Some(NOON));
}

/// A namespace sets up acct, tstamp and ecache in this order, and undoes it in reverse order.
///
/// It does so if a step fails, and when the namespace ends (a992ca2a0498, `nf_conntrack_init_net`).
#[test]
fn a_failed_set_up_is_undone_in_reverse_order() {
    let fail = |step| {
        let module = ModuleParams::default();
        let failure = Net::nf_conntrack_init_net(kernel("2.6.39"), module, CLOCK, Some(step));
        let failure = failure.unwrap_err();
        assert_eq!(failure.failed, step);
        failure.undone
    };
    assert_eq!(fail(InitStep::Acct), []);
    assert_eq!(fail(InitStep::Tstamp), [InitStep::Acct]);
    assert_eq!(fail(InitStep::Ecache), [InitStep::Tstamp, InitStep::Acct]);
    let mut net = net("2.6.39");
    udp_flow(&mut net, 1, UDP);
    let (order, sockets) = net.nf_conntrack_cleanup_net();
    assert_eq!(order, [InitStep::Ecache, InitStep::Tstamp, InitStep::Acct]);
    // The flush sent the DESTROY event.
    assert_eq!(sockets[0].received.len(), 2);
}

/// If the clock is set back, STOP before START is sent unchanged.
#[test]
fn stop_may_be_before_start() {
    let mut net = net("7.2");
    let id = udp_flow(&mut net, 1, UDP);
    net.clock.real_ns -= 10 * SECOND;
    net.delete(0, id).unwrap();
    let times = last_destroy(&mut net).timestamp;
    assert_eq!(times, Timestamp { start: Some(NOON), stop: Some(NOON - 10 * SECOND) });
    assert_eq!(times.duration_ns(), None);
}
