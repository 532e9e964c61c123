//! Tests of counters and statistics.

use crate::change::eight;
use crate::create::use_labels;
use crate::namespace::{alone, skip};
use crate::net::{EOPNOTSUPP, Net, set_lo_up};
use ctnetlink::flat::{Counters, ExpectStats, StatsCpu, StatsGlobal};
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::{Conntrack, Family, Kind, MsgType};
use std::net::UdpSocket;

/// Sends 3 datagrams of 10 bytes, receives 2 of 20 bytes, and returns the ports.
fn exchange() -> [u16; 2] {
    let [client, server] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let [from, to] = [&client, &server].map(|socket| socket.local_addr().unwrap());
    for _ in 0..3 {
        client.send_to(&[0; 10], to).unwrap();
    }
    for _ in 0..2 {
        server.send_to(&[0; 20], from).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(client.recv(&mut [0; 64]).unwrap(), 20);
    }
    [from.port(), to.port()]
}

/// Sends packets that the kernel tracks, and returns their ports.
///
/// The kernel tracks packets only while a rule uses connection tracking. Returns `None` if this machine
/// does not support such a rule or counters.
fn packets(net: &Net) -> Option<[u16; 2]> {
    if !use_labels() {
        return None;
    }
    if !net.acct {
        skip("counters of packets");
        return None;
    }
    set_lo_up();
    Some(exchange())
}

fn counters(packets: u64, bytes: u64) -> Counters {
    Counters { packets: Some(packets), bytes: Some(bytes) }
}

#[test]
fn counters_count_packets() {
    alone(|net| {
        let Some(ports) = packets(net) else { return };
        let sent = |ct: &Conntrack| {
            assert_eq!([ct.orig.src_port, ct.orig.dst_port], ports.map(Some));
            assert_eq!(ct.orig.proto, Some(IpProto::UDP));
            // The rule sets label 5.
            assert_eq!(ct.labels.unwrap().iter().collect::<Vec<_>>(), [5]);
            [ct.counters_orig, ct.counters_reply]
        };
        // The headers are 20 bytes of IPv4 and 8 of UDP.
        let expected = [counters(3, 3 * 38), counters(2, 2 * 48)];
        let zero = [counters(0, 0); 2];
        let all = Selector::default();
        let mut one = |dump: fn(&Selector) -> _| {
            let entries = net.ask(dump(&all)).entries();
            let [entry] = &entries[..] else { panic!("{entries:?}") };
            (sent(entry), entry.clone())
        };
        let (before, entry) = one(request::dump);
        assert_eq!(before, expected);
        assert_eq!(
            one(request::dump_and_reset).0,
            expected,
            "a dump that resets counters contains the old values"
        );
        assert_eq!(one(request::dump).0, zero);

        let answer = net.ask(request::get_and_reset(&entry)).entries();
        assert_eq!(sent(&answer[0]), zero);
        let ports = exchange();
        let entries = net.ask(request::dump(&all)).entries();
        let second = entries.iter().find(|ct| ct.orig.src_port == Some(ports[0])).unwrap();
        let [answer] = &net.ask(request::get_and_reset(second)).entries()[..] else { panic!() };
        assert_eq!([answer.counters_orig, answer.counters_reply], expected);
        let got = net.get(second);
        assert_eq!([got.counters_orig, got.counters_reply], zero);
    });
}

#[test]
fn statistics_contain_the_size_of_the_table() {
    alone(|net| {
        let mut size = || {
            let answer = net.ask(request::stats());
            let [reply] = &answer.replies[..] else { panic!("{:?}", answer.end) };
            let message = reply.as_message();
            assert_eq!((message.msg_type(), message.kind()), (MsgType::CT_GET_STATS, Kind::Reply));
            (StatsGlobal::try_from(message).unwrap(), net.is_at_least((4, 18)))
        };
        assert_eq!(size().0.entries, Some(0));
        let (stats, has_max) = size();
        if has_max {
            let max = std::fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_max");
            let max = max.or_else(|_| std::fs::read_to_string("/proc/sys/net/nf_conntrack_max"));
            assert_eq!(stats.max_entries, Some(max.unwrap().trim().parse().unwrap()));
        }
        eight(net);
        let answer = net.ask(request::stats());
        let stats = StatsGlobal::try_from(answer.replies[0].as_message()).unwrap();
        assert_eq!(stats.entries, Some(8));
    });
}

/// Returns the numbers of the possible CPUs, from a list such as `0-3,8`.
fn cpus() -> Vec<u16> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap();
    let ranges = text.trim().split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse().unwrap()..=last.parse().unwrap()
    });
    ranges.flatten().collect()
}

#[test]
fn statistics_exist_for_each_cpu() {
    alone(|net| {
        eight(net);
        let answer = net.ask(request::stats_cpu());
        let (mut numbers, mut inserted) = (Vec::new(), 0);
        for reply in &answer.replies {
            let message = reply.as_message();
            let stats = StatsCpu::try_from(message).unwrap();
            // No packet has been tracked in this namespace.
            for zero in [stats.found, stats.drop, stats.early_drop, stats.error] {
                assert_eq!(zero, Some(0), "{stats:?}");
            }
            inserted += stats.insert.unwrap();
            assert!(stats.insert_failed.is_some() && stats.search_restart.is_some());
            assert_eq!(stats.clash_resolve.is_some(), net.is_at_least((5, 10)), "{stats:?}");
            assert_eq!(stats.chain_toolong.is_some(), net.is_at_least((5, 15)), "{stats:?}");
            numbers.push(stats.cpu);
        }
        assert_eq!((answer.errno(), inserted), (0, 8));
        assert_eq!(numbers, cpus());

        let answer = net.ask(request::expect_stats_cpu());
        let mut numbers = Vec::new();
        for reply in &answer.replies {
            let message = reply.as_message();
            // The kernel uses the wrong subsystem here, not that of expectations.
            assert_eq!(message.msg_type(), MsgType::CT_GET_CTRZERO);
            let stats = ExpectStats::try_from(message).unwrap();
            let expected =
                ExpectStats { cpu: stats.cpu, new: Some(0), create: Some(0), delete: Some(0) };
            assert_eq!(stats, expected);
            numbers.push(stats.cpu);
        }
        assert_eq!(numbers, cpus());
    });
}

#[test]
fn dying_and_unconfirmed_entries_are_dumped() {
    alone(|net| {
        if !net.has((3, 8), "lists of dying and unconfirmed entries") {
            return;
        }
        let families = [Family::UNSPEC, Family::IPV4, Family::IPV6];
        for family in families {
            assert_eq!(net.ask(request::dump_unconfirmed(family)).entries(), []);
            assert_eq!(net.ask(request::dump_dying(family)).entries(), []);
        }
        // A listener has asked for reports of event loss, and does not read. The kernel keeps entries
        // whose DESTROY event is lost in the list of dying entries.
        let deaf = net.listen(&[3]);
        deaf.socket.set_broadcast_error(true).unwrap();
        deaf.socket.set_rx_buf_sz(1_u32).unwrap();
        for _ in 0..8 {
            eight(net);
            net.must(request::flush(&Selector::default()));
        }
        let mut dying = families.map(|family| {
            let entries = net.ask(request::dump_dying(family)).entries();
            for ct in &entries {
                assert!(family == Family::UNSPEC || ct.family == family);
                let status = ct.status.unwrap();
                assert!(status.contains(ctnetlink::attrs::Status::DYING), "{ct:?}");
                assert_eq!(ct.timestamp.stop.is_some(), net.tstamp, "{ct:?}");
            }
            entries.len()
        });
        if net.is_at_least((5, 19)) {
            assert!(dying[1] > 0 && dying[2] > 0, "{dying:?}");
        } else if dying == [0; 3] {
            skip("list of dying entries: it stayed empty");
            dying = [0; 3];
        }
        assert!(dying[0] <= 64);
        assert_eq!(net.ask(request::dump(&Selector::default())).entries(), []);
        // Both lists can only be requested as a dump.
        let mut request = request::dump_dying(Family::UNSPEC).with_seq(99).into_bytes();
        request[6..8].copy_from_slice(&5_u16.to_ne_bytes()); // NLM_F_REQUEST | NLM_F_ACK
        let request = ctnetlink::Message::parse(&request);
        assert_eq!(net.send(&request.unwrap().to_buf()).errno(), EOPNOTSUPP);
    });
}
