//! Tests of changes, deletions and flushes.

use crate::create::{use_labels, with_ftp};
use crate::flows::{V4, V6, by_port, create, flow, ports, tcp};
use crate::namespace::alone;
use crate::net::{EEXIST, ENOENT, EOPNOTSUPP, EPERM, Net};
use ctnetlink::attrs::Status;
use ctnetlink::flat::{Labels, NatRange, ProtoInfo, Rare, SeqAdj, SynProxy, Tcp, Tuple};
use ctnetlink::nested::{IpProto, TcpFlags, TcpState};
use ctnetlink::request::{self, Selector};
use ctnetlink::{Conntrack, Family};
use std::collections::BTreeSet;

/// Sends `change`, and checks that the entry is then `before` with the changes that `expected` makes.
fn update(
    net: &mut Net,
    change: &Conntrack,
    before: &Conntrack,
    expected: impl FnOnce(&mut Conntrack),
) -> Conntrack {
    net.must(request::update(change).unwrap());
    let mut got = net.get(before);
    let mut after = before.clone();
    expected(&mut after);
    // A second may have passed.
    if got.timeout.map(|seconds| seconds + 1) == after.timeout {
        got.timeout = after.timeout;
    }
    assert_eq!(got, after);
    got
}

#[test]
fn update_changes_one_attribute_at_a_time() {
    alone(|net| {
        let key = by_port(IpProto::TCP, 1000);
        let key = Conntrack { timeout: None, ..key };
        let ct = create(net, &Conntrack { timeout: Some(300), ..key.clone() }, |_| ());

        let change = Conntrack { mark: Some(0x0102_0304), ..key.clone() };
        let ct = update(net, &change, &ct, |ct| ct.mark = Some(0x0102_0304));
        let change = Conntrack { timeout: Some(5000), ..key.clone() };
        let ct = update(net, &change, &ct, |ct| ct.timeout = Some(5000));
        // A change can only set bits, and must contain the bits that are already set.
        let status = Status::CONFIRMED | Status::SEEN_REPLY;
        let change = Conntrack { status: Some(status), ..key.clone() };
        let ct = update(net, &change, &ct, |ct| ct.status = Some(status));
        let state = Tcp { state: Some(TcpState::CLOSE_WAIT), ..Tcp::default() };
        let change = Conntrack { protoinfo: Some(ProtoInfo::Tcp(state)), ..key.clone() };
        let ct = update(net, &change, &ct, |ct| {
            ct.protoinfo = Some(tcp(TcpState::CLOSE_WAIT, [0, 0], TcpFlags::empty()));
        });
        let seq_adj =
            SeqAdj { correction_pos: Some(1), offset_before: Some(2), offset_after: Some(3) };
        let change = Conntrack { seq_adj_reply: seq_adj, ..key.clone() };
        let ct = update(net, &change, &ct, |ct| {
            let zero =
                SeqAdj { correction_pos: Some(0), offset_before: Some(0), offset_after: Some(0) };
            (ct.seq_adj_orig, ct.seq_adj_reply) = (zero, seq_adj);
            ct.status = Some(status | Status::SEQ_ADJUST);
        });
        if net.is_at_least((4, 18)) {
            let synproxy = SynProxy { isn: Some(1), its: Some(2), tsoff: Some(3) };
            let change = Conntrack { synproxy, ..key.clone() };
            update(net, &change, &ct, |ct| ct.synproxy = synproxy);
        }
        // The mask selects the bits to clear. It does not apply to the new bits.
        if net.is_at_least((5, 4)) {
            let change = Conntrack {
                mark: Some(0x00ff),
                rare: Rare { mark_mask: Some(0x00f0), ..Rare::default() }.into(),
                ..key.clone()
            };
            net.must(request::update(&change).unwrap());
            assert_eq!(net.get(&key).mark, Some((0x0102_0304 & !0x00f0) ^ 0x00ff));
        }
    });
}

#[test]
fn a_read_entry_can_be_changed_and_sent_back() {
    alone(|net| {
        let has_labels = use_labels();
        let ct = Conntrack {
            labels: has_labels.then(|| Labels::try_from([9]).unwrap()),
            mark: Some(1),
            ..by_port(IpProto::TCP, 1000)
        };
        let Some(ct) = with_ftp(net, ct) else { return };
        net.must(request::create(&ct).unwrap());
        let read = net.get(&ct);
        let change = Conntrack { mark: Some(2), ..read.clone() };
        update(net, &change, &read, |ct| ct.mark = Some(2));

        // The read entry can also be created again.
        net.must(request::delete(&read).unwrap());
        net.must(request::create(&read).unwrap());
        let again = net.get(&read);
        assert_eq!((again.help, again.labels, again.mark), (read.help, read.labels, read.mark));
    });
}

#[test]
fn update_changes_labels_by_mask() {
    alone(|net| {
        if !use_labels() {
            return;
        }
        let set = |numbers: &[u8]| -> Option<Labels> { Some(Labels::try_from(numbers).unwrap()) };
        let key = by_port(IpProto::UDP, 1000);
        let ct = create(net, &Conntrack { labels: set(&[1, 2, 70]), ..key.clone() }, |_| ());
        let key = Conntrack { timeout: None, ..key };
        let change = Conntrack {
            labels: set(&[3, 127]),
            rare: Rare { labels_mask: set(&[1, 3, 127]), ..Rare::default() }.into(),
            ..key.clone()
        };
        let ct = update(net, &change, &ct, |ct| ct.labels = set(&[2, 3, 70, 127]));
        let change = Conntrack { labels: set(&[64]), ..key };
        update(net, &change, &ct, |ct| ct.labels = set(&[64]));
    });
}

#[test]
fn update_removes_a_helper() {
    alone(|net| {
        let Some(ct) = with_ftp(net, by_port(IpProto::TCP, 1000)) else { return };
        net.must(request::create(&ct).unwrap());
        let read = net.get(&ct);
        assert_eq!(read.help.name, Some("ftp".into()));
        let mut change = by_port(IpProto::TCP, 1000);
        change.timeout = None;
        change.help.name = Some("".into());
        update(net, &change, &read, |ct| ct.help.name = None);
    });
}

#[test]
fn create_or_update_creates_and_updates() {
    alone(|net| {
        let ct = Conntrack { mark: Some(1), ..by_port(IpProto::UDP, 1000) };
        assert_eq!(net.ask(request::update(&ct).unwrap()).errno(), ENOENT);
        assert_eq!(net.ask(request::get(&ct)).errno(), ENOENT);
        assert_eq!(net.ask(request::delete(&ct).unwrap()).errno(), ENOENT);
        net.must(request::create_or_update(&ct).unwrap());
        let id = net.get(&ct).id;
        assert_eq!(net.ask(request::create(&ct).unwrap()).errno(), EEXIST);
        let ct = Conntrack { mark: Some(2), ..ct };
        net.must(request::create_or_update(&ct).unwrap());
        let got = net.get(&ct);
        assert_eq!((got.id, got.mark), (id, Some(2)));
    });
}

#[test]
fn the_kernel_rejects_forbidden_changes() {
    alone(|net| {
        let ct = by_port(IpProto::UDP, 1000);
        create(net, &ct, |_| ());
        let master = by_port(IpProto::UDP, 1001);
        create(net, &master, |_| ());
        let addr = Some([203, 0, 113, 1].into());
        let range = NatRange { min_ip: addr, ..NatRange::default() };
        let changes = [
            Conntrack { rare: Rare { nat_src: range, ..Rare::default() }.into(), ..ct.clone() },
            Conntrack { rare: Rare { nat_dst: range, ..Rare::default() }.into(), ..ct.clone() },
        ];
        for change in changes {
            assert_eq!(net.ask(request::update(&change).unwrap()).errno(), EOPNOTSUPP);
        }
        // `update` omits the master, so that an entry with a master can be sent back.
        let with_master = Conntrack { master: master.orig, ..ct.clone() };
        let rejected = net.ask(request::create_or_update(&with_master).unwrap());
        assert_eq!(rejected.errno(), EOPNOTSUPP);
        net.must(request::update(&with_master).unwrap());
        let fixed = Some(Status::CONFIRMED | Status::FIXED_TIMEOUT);
        net.must(request::update(&Conntrack { status: fixed, ..ct.clone() }).unwrap());
        let change = Conntrack { timeout: Some(9), ..ct };
        assert_eq!(net.ask(request::update(&change).unwrap()).errno(), EPERM);
    });
}

#[test]
fn delete_finds_an_entry_by_tuple_and_id() {
    alone(|net| {
        for addrs in [V4, V6] {
            let ct = flow(ports(addrs, IpProto::TCP, [1000, 80]));
            let read = create(net, &ct, |_| ());
            let wrong = Conntrack { id: read.id.map(|id| id ^ 1), ..ct.clone() };
            assert_eq!(net.ask(request::delete(&wrong).unwrap()).errno(), ENOENT);
            // The kernel reads only the tuple and the id.
            net.must(request::delete(&read).unwrap());
            assert_eq!(net.ask(request::get(&ct)).errno(), ENOENT);

            // The reply tuple is enough, but the zone must be right.
            create(net, &ct, |_| ());
            let by_reply = Conntrack { orig: Tuple::default(), ..ct.clone() };
            assert_eq!(net.get(&by_reply).orig, ct.orig);
            let elsewhere = Conntrack { zone: Some(7), ..ct.clone() };
            assert_eq!(net.ask(request::delete(&elsewhere).unwrap()).errno(), ENOENT);
            net.must(request::delete(&by_reply).unwrap());
            assert_eq!(net.ask(request::get(&ct)).errno(), ENOENT);
        }
        // A request without a tuple would be a flush.
        assert!(request::delete(&Conntrack::default()).is_err());
    });
}

/// Creates entries with marks 1 to 8.
///
/// Entries 1 to 4 are IPv4, 5 to 8 IPv6. Entries 2 and 6 are in zone 9; 3, 4, 7 and 8 are ASSURED. Odd
/// entries are TCP, even entries UDP.
pub(crate) fn eight(net: &mut Net) {
    for n in 1..=8_u16 {
        let addrs = if n <= 4 { V4 } else { V6 };
        let proto = if n % 2 == 1 { IpProto::TCP } else { IpProto::UDP };
        let assured = if n % 4 == 3 || n % 4 == 0 { Status::ASSURED } else { Status::empty() };
        let ct = Conntrack {
            mark: Some(n.into()),
            zone: (n % 4 == 2).then_some(9),
            status: Some(Status::CONFIRMED | assured),
            ..flow(ports(addrs, proto, [1000 + n, 80]))
        };
        net.must(request::create(&ct).unwrap());
    }
}

/// Returns the marks of the entries that `only` selects.
pub(crate) fn marks(net: &mut Net, only: &Selector) -> Vec<u32> {
    let entries = net.ask(request::dump(only)).entries();
    let marks: BTreeSet<_> = entries.iter().map(|ct| ct.mark.unwrap()).collect();
    assert_eq!(marks.len(), entries.len(), "a mark occurs twice");
    marks.into_iter().collect()
}

#[test]
fn flush_deletes_the_selected_entries() {
    alone(|net| {
        let all = Selector::default();
        let mut case = |since, what, only: &Selector, left: &[u32]| {
            if net.has(since, what) {
                net.must(request::flush(&all));
                assert_eq!(marks(net, &all), [0; 0]);
                eight(net);
                net.must(request::flush(only));
                assert_eq!(marks(net, &all), left, "{what}");
            }
        };
        let of = |family| Selector { family, ..Selector::default() };
        // Linux before 5.2 ignores the family.
        case((5, 2), "flush by family", &of(Family::IPV4), &[5, 6, 7, 8]);
        case((5, 2), "flush by family", &of(Family::IPV6), &[1, 2, 3, 4]);
        let mark = Selector { mark: Some((2, 3)), ..Selector::default() };
        case((4, 0), "flush by mark", &mark, &[1, 3, 4, 5, 7, 8]);
        let status = Some((Status::ASSURED, Status::ASSURED));
        let status = Selector { status, ..Selector::default() };
        case((5, 15), "flush by status", &status, &[1, 2, 5, 6]);
        let zone = Selector { zone: Some(9), ..Selector::default() };
        case((6, 8), "flush by zone", &zone, &[1, 3, 4, 5, 7, 8]);
        let zone = Selector { zone: Some(0), ..Selector::default() };
        case((6, 8), "flush by zone", &zone, &[2, 6]);
        let both = Selector { mark: Some((2, 2)), ..of(Family::IPV6) };
        case((5, 2), "flush by family and mark", &both, &[1, 2, 3, 4, 5, 8]);
        let proto = Some(IpProto::TCP);
        let orig = Tuple { proto, ..Tuple::default() };
        let tcp = Selector { orig, ..of(Family::IPV4) };
        case((6, 12), "flush by tuple", &tcp, &[2, 4, 5, 6, 7, 8]);
        let orig = Tuple { src_port: Some(1003), proto, ..Tuple::default() };
        let port = Selector { orig, ..of(Family::IPV4) };
        case((6, 12), "flush by tuple", &port, &[1, 2, 4, 5, 6, 7, 8]);
        case((2, 6), "flush", &all, &[]);
    });
}
