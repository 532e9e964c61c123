//! Tests of requests and their errors, as on the running Linux 6.18.44 (`tests/differential`).

use crate::entry::v4;
use crate::life::{net, received};
use ctnetlink::attrs::Status;
use ctnetlink::flat::{
    Help, Labels, NatRange, PortRange, ProtoInfo, Rare, SeqAdj, SynProxy, Tcp, Timestamp, Tuple,
};
use ctnetlink::nested::{IpProto, TcpFlags, TcpFlagsMask, TcpState};
use ctnetlink::sim::{
    Dir, Errno, ExpectNat, IpctEvents, Listener, Net, NfConntrackExpect, NfConntrackTuple,
    NfConntrackZone, ZoneDir,
};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Family, Group};

const CREATE: NlmFlags = NlmFlags::CREATE.union(NlmFlags::EXCL);
const CHANGE: NlmFlags = NlmFlags::empty();

fn flow(port: u16) -> Conntrack {
    let [(src, _), (dst, _)] = [v4(1, 0), v4(2, 0)];
    let tuple = |src, dst, ports: [u16; 2]| Tuple {
        src: Some(src),
        dst: Some(dst),
        proto: Some(IpProto::TCP),
        src_port: Some(ports[0]),
        dst_port: Some(ports[1]),
        ..Tuple::default()
    };
    Conntrack {
        family: Family::IPV4,
        orig: tuple(src, dst, [port, 80]),
        reply: tuple(dst, src, [80, port]),
        timeout: Some(100),
        ..Conntrack::default()
    }
}

fn new(net: &mut Net, flags: NlmFlags, ct: &Conntrack) -> Result<(), Errno> {
    net.ctnetlink_new_conntrack(77, flags, ct)
}

/// Sends a request that must be rejected, and checks that it changes nothing.
fn refused(net: &mut Net, ct: &Conntrack) -> Errno {
    let before = net.entries().count();
    let errno = new(net, CREATE, ct).unwrap_err();
    assert_eq!(net.entries().count(), before);
    errno
}

#[test]
fn invalid_new_entries_are_rejected() {
    let net = &mut net("6.18.44");
    let base = flow(1);
    let wrong = |change: fn(&mut Conntrack)| {
        let mut ct = base.clone();
        change(&mut ct);
        ct
    };
    let mut errno = |change| refused(net, &wrong(change));
    assert_eq!(errno(|ct| ct.timeout = None), Errno::Einval);
    assert_eq!(errno(|ct| ct.reply = Tuple::default()), Errno::Einval);
    assert_eq!(errno(|ct| ct.family = Family::UNSPEC), Errno::Eopnotsupp);
    assert_eq!(errno(|ct| ct.family = Family::IPV6), Errno::Einval);
    assert_eq!(errno(|ct| ct.orig.src_port = None), Errno::Einval);
    assert_eq!(errno(|ct| ct.orig.proto = Some(IpProto::UDP)), Errno::Einval);
    assert_eq!(errno(|ct| (ct.zone, ct.orig.zone) = (Some(1), Some(2))), Errno::Einval);
    assert_eq!(errno(|ct| (ct.orig.zone, ct.reply.zone) = (Some(1), Some(2))), Errno::Einval);
    assert_eq!(errno(|ct| ct.master = flow(9).orig), Errno::Enoent);
    assert_eq!(errno(|ct| ct.status = Some(Status::ASSURED)), Errno::Ebusy);
    let no_such = |ct: &mut Conntrack| ct.help.name = Some("no-such".into());
    assert_eq!(errno(no_such), Errno::Eopnotsupp);
    let half = |ct: &mut Conntrack| ct.seq_adj_reply.offset_after = Some(1);
    assert_eq!(errno(half), Errno::Einval);
    assert_eq!(errno(|ct| ct.synproxy.isn = Some(1)), Errno::Einval);
    let state = |ct: &mut Conntrack| {
        ct.protoinfo = Some(ProtoInfo::Tcp(Tcp { state: Some(TcpState(10)), ..Tcp::default() }));
    };
    assert_eq!(errno(state), Errno::Erange);
    // This is the error before policies had ranges (8f15b5071b45).
    assert_eq!(refused(&mut crate::life::net("6.12.79"), &wrong(state)), Errno::Einval);
    assert_eq!(new(net, CHANGE, &base), Err(Errno::Enoent));
    assert_eq!(new(net, CREATE, &base), Ok(()));
    assert_eq!(refused(net, &base), Errno::Eexist);
    // The reply direction of an entry cannot be the original or reply direction of another one.
    let reply = Conntrack { orig: base.reply, ..flow(2) };
    assert_eq!(refused(net, &reply), Errno::Eexist);
    let reply = Conntrack { reply: base.reply, ..flow(2) };
    assert_eq!(refused(net, &reply), Errno::Eexist);
    // In another zone, the tuples may be the same.
    assert_eq!(new(net, CREATE, &Conntrack { zone: Some(3), ..base.clone() }), Ok(()));
}

#[test]
fn zones_of_one_direction_separate_entries() {
    let net = &mut net("6.18.44");
    let base = flow(1);
    let in_zone = |tuple: &Tuple| Tuple { zone: Some(5), ..*tuple };
    let orig = Conntrack { orig: in_zone(&base.orig), ..base.clone() };
    assert_eq!(new(net, CREATE, &orig), Ok(()));
    let zone = net.entries().next().unwrap().zone;
    assert_eq!(zone, NfConntrackZone { id: 5, dir: ZoneDir::Orig });
    assert_eq!((zone.id_in(Dir::Original), zone.id_in(Dir::Reply)), (5, 0));
    // The reply directions of both entries are in the default zone.
    assert_eq!(refused(net, &base), Errno::Eexist);
    let reply = Conntrack { reply: in_zone(&base.reply), ..base.clone() };
    assert_eq!(new(net, CREATE, &reply), Ok(()));
    let by_reply = Conntrack { orig: Tuple::default(), ..base.clone() };
    assert!(net.ctnetlink_get_conntrack((1, 1), false, &by_reply).is_ok());
    assert_eq!(
        net.ctnetlink_del_conntrack(1, &Conntrack { id: Some(1), ..by_reply.clone() }),
        Err(Errno::Enoent)
    );
    assert_eq!(net.ctnetlink_del_conntrack(1, &by_reply), Ok(()));
}

#[test]
fn changes_set_attributes() {
    let net = &mut net("6.18.44");
    net.labels_used = true;
    let base = flow(1);
    let ftp = Help { name: Some("ftp".into()), info: None };
    let mut ct =
        Conntrack { help: ftp.clone(), labels: Some(Labels::from_bits(0xf0)), ..base.clone() };
    assert_eq!(new(net, CREATE, &ct), Ok(()));
    ct = Conntrack { timeout: None, ..base.clone() };
    let change = |net: &mut Net, change: fn(&mut Conntrack)| {
        let mut request = ct.clone();
        change(&mut request);
        new(net, CHANGE, &request)
    };
    let src = |ct: &mut Conntrack| ct.rare_mut().nat_src.min_ip = ct.orig.src;
    assert_eq!(change(net, src), Err(Errno::Eopnotsupp));
    assert_eq!(change(net, |ct| ct.master = flow(1).orig), Err(Errno::Eopnotsupp));
    // The masks do not apply to the new labels and marks.
    let labels = |ct: &mut Conntrack| {
        ct.labels = Some(Labels::from_bits(3));
        ct.rare_mut().labels_mask = Some(Labels::from_bits(0x31));
    };
    assert_eq!(change(net, labels), Ok(()));
    assert_eq!(net.entries().next().unwrap().labels.unwrap().bits, Labels::from_bits(0xc3));
    // The adjustment of one direction leaves that of the other at 0.
    let adjust = |ct: &mut Conntrack| {
        ct.seq_adj_reply =
            SeqAdj { correction_pos: Some(1), offset_before: Some(2), offset_after: Some(3) };
    };
    assert_eq!(change(net, adjust), Ok(()));
    let [orig, reply] = net.entries().next().unwrap().seqadj.unwrap();
    assert_eq!((orig.offset_after, reply.offset_after), (0, 3));
    let synproxy = |ct: &mut Conntrack| {
        ct.synproxy = SynProxy { isn: Some(1), its: Some(2), tsoff: None };
    };
    assert_eq!(change(net, synproxy), Err(Errno::Einval));
    let tcp = |ct: &mut Conntrack| {
        let flags = TcpFlagsMask { flags: TcpFlags::all(), mask: TcpFlags::SACK_PERM };
        let tcp = Tcp {
            state: Some(TcpState::ESTABLISHED),
            wscale_original: Some(7),
            wscale_reply: Some(7),
            flags_original: Some(flags),
            flags_reply: None,
        };
        ct.protoinfo = Some(ProtoInfo::Tcp(tcp));
    };
    assert_eq!(change(net, tcp), Ok(()));
    // A helper is removed, but not set again.
    let other = |ct: &mut Conntrack| ct.help.name = Some("tftp".into());
    assert_eq!(change(net, other), Err(Errno::Eopnotsupp), "it is for another protocol");
    assert_eq!(change(net, |ct| ct.help.name = Some("".into())), Ok(()));
    assert_eq!(change(net, |ct| ct.help.name = Some("ftp".into())), Err(Errno::Ebusy));
    let fixed = |ct: &mut Conntrack| {
        ct.status = Some(Status::CONFIRMED | Status::FIXED_TIMEOUT);
    };
    assert_eq!(change(net, fixed), Ok(()));
    assert_eq!(change(net, |ct| ct.timeout = Some(9)), Err(Errno::Eperm));
}

/// An entry that has ended keeps its master as long as it is itself a master.
///
/// Each of three entries is the master of the next one, and the middle one ends. The last one still has a
/// reference to it, and it has one to the first. This was observed on 6.18.44 (`tests/differential`).
#[test]
fn an_ended_entry_keeps_its_master_while_it_is_a_master() {
    let net = &mut net("6.18.44");
    new(net, CREATE, &flow(1)).unwrap();
    new(net, CREATE, &Conntrack { master: flow(1).orig, ..flow(2) }).unwrap();
    new(net, CREATE, &Conntrack { master: flow(2).orig, ..flow(3) }).unwrap();
    let uses = |net: &Net| net.entries().map(|ct| ct.use_count).collect::<Vec<_>>();
    assert_eq!(uses(net), [2, 2, 1]);
    net.ctnetlink_del_conntrack(1, &flow(2)).unwrap();
    assert_eq!(uses(net), [2, 1]);
    net.ctnetlink_del_conntrack(1, &flow(3)).unwrap();
    assert_eq!(uses(net), [1]);
}

/// Linux 6.18 removes a helper on request, and 7.2 does not (recorded).
#[test]
fn linux_6_18_removes_a_helper_and_7_2_does_not() {
    for (release, taken) in [("6.18.44", Ok(())), ("7.2", Err(Errno::Eopnotsupp))] {
        let net = &mut net(release);
        let help = |name: &str| Help { name: Some(name.into()), info: None };
        new(net, CREATE, &Conntrack { help: help("ftp"), ..flow(1) }).unwrap();
        let request = Conntrack { help: help(""), timeout: None, ..flow(1) };
        assert_eq!(new(net, CHANGE, &request), taken, "{release}");
        let left = net.entries().next().unwrap().help.as_ref().unwrap().helper.is_some();
        assert_eq!(left, taken.is_err(), "{release}");
    }
}

/// Linux 5.10 changes a fixed timeout, and 6.1 does not (recorded).
#[test]
fn linux_5_10_changes_a_fixed_timeout_and_6_1_does_not() {
    for (release, answer) in [("5.10", Ok(())), ("6.1", Err(Errno::Eperm))] {
        let net = &mut net(release);
        let status = Some(Status::CONFIRMED | Status::FIXED_TIMEOUT);
        new(net, CREATE, &Conntrack { status, ..flow(1) }).unwrap();
        let request = Conntrack { status: None, timeout: Some(77), ..flow(1) };
        assert_eq!(new(net, CHANGE, &request), answer, "{release}");
    }
}

/// Linux 7.2 rejects a request with the time of an event, and 6.12 ignores it (recorded).
#[test]
fn requests_with_the_time_of_an_event_are_rejected() {
    for (release, answer) in [("6.12", Ok(())), ("7.2", Err(Errno::Einval))] {
        let net = &mut net(release);
        new(net, CREATE, &flow(1)).unwrap();
        let request = Conntrack { timestamp_event: Some(7), ..flow(1) };
        assert_eq!(new(net, CHANGE, &request), answer, "{release}");
        assert_eq!(net.ctnetlink_get_conntrack((1, 1), false, &request).map(drop), answer);
    }
}

#[test]
fn nat_changes_the_reply_tuple() {
    let net = &mut net("6.18.44");
    let (addr, _) = v4(9, 0);
    let ports = PortRange { min: Some(4000), max: Some(4010) };
    let nat_src = NatRange { min_ip: Some(addr), max_ip: None, ports };
    assert_eq!(
        new(
            net,
            CREATE,
            &Conntrack { rare: Rare { nat_src, ..Rare::default() }.into(), ..flow(1) }
        ),
        Ok(())
    );
    let ct = net.entries().next().unwrap();
    let [orig, reply] = ct.tuple;
    assert_eq!((orig.src_id, reply.dst, reply.dst_id), (1, addr, 4000));
    // The status has the done bits of both directions, but only one is translated.
    assert_eq!(ct.status & (Status::NAT | Status::NAT_DONE), Status::SRC_NAT | Status::NAT_DONE);
}

/// An entry has a reference to its master, and its expectations end with it.
#[test]
fn expectations_end_with_their_master() {
    let net = &mut net("6.18.44");
    let groups = vec![Group::ExpectNew, Group::ExpectDestroy];
    net.listeners.push(Listener { groups, ..Listener::default() });
    let master = flow(1);
    new(net, CREATE, &master).unwrap();
    new(net, CREATE, &Conntrack { master: master.orig, ..flow(2) }).unwrap();
    let uses: Vec<_> = net.entries().map(|ct| ct.use_count).collect();
    assert_eq!(uses, [2, 1]);
    let ct = net.entries().next().unwrap();
    let [tuple, _] = ct.tuple;
    let expected = NfConntrackTuple { dst_id: 9, ..tuple };
    net.nf_ct_expect_related_report(
        NfConntrackExpect {
            tuple: expected,
            mask_src: tuple.src,
            mask_src_id: 0,
            master: tuple,
            master_id: ct.id,
            nat: ExpectNat::default(),
            timeout: u64::MAX,
            id: 4,
            flags: Default::default(),
            class: 0,
            helper: None,
            expectfn: None,
        },
        77,
    );
    net.ctnetlink_del_conntrack(1, &flow(2)).unwrap();
    assert_eq!(net.entries().next().unwrap().use_count, 1);
    net.ctnetlink_del_conntrack(1, &master).unwrap();
    assert_eq!(net.expectations().count(), 0);
    let portid = |bytes: &Vec<u8>| u32::from_le_bytes(bytes[12..16].try_into().unwrap());
    let portids: Vec<_> = net.listeners[1].received.iter().map(portid).collect();
    assert_eq!(portids, [77, 0], "no request caused the end");
}

/// A lost event is not repeated: the next event of the entry contains its bits.
#[test]
fn the_next_event_contains_the_bits_of_a_lost_one() {
    let net = &mut net("6.18.44");
    let groups = vec![Group::New];
    let deaf = Listener { groups, full: true, broadcast_error: true, ..Listener::default() };
    net.listeners.push(deaf);
    new(net, CREATE, &flow(1)).unwrap();
    assert_eq!(received(net)[0].0, 1);
    let missed = net.entries().next().unwrap().ecache.unwrap().missed;
    assert_eq!(missed, IpctEvents::NEW | IpctEvents::CREATED);
    net.listeners.pop();
    // The event is an update, but is sent to the group of NEW events.
    new(net, CHANGE, &flow(1)).unwrap();
    assert_eq!(received(net)[0].0, 1);
    new(net, CHANGE, &flow(1)).unwrap();
    assert_eq!(received(net)[0].0, 2);
}

/// STOP of an expired entry is computed in whole jiffies, and may therefore be before START.
#[test]
fn stop_of_an_expired_entry_may_be_before_start() {
    let net = &mut net("6.18.44");
    new(net, CREATE, &Conntrack { timeout: Some(0), ..flow(1) }).unwrap();
    // The clock advances by a jiffy.
    net.clock.jiffies += 1;
    net.clock.real_ns += 1000;
    net.reap_expired();
    let (_, shown) = received(net).pop().unwrap();
    let Timestamp { start, stop } = shown.timestamp;
    assert_eq!(start.unwrap() - stop.unwrap(), 4_000_000 - 1000);
    assert_eq!(shown.timestamp.duration_ns(), None);
}
