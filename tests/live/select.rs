//! Tests of dumps with selectors.

use crate::change::{eight, marks};
use crate::flows::{V4, by_port, echo, flow, ports};
use crate::namespace::alone;
use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Family, MsgType};

#[test]
fn dumps_select_by_each_field() {
    alone(|net| {
        eight(net);
        let all = Selector::default();
        assert_eq!(marks(net, &all), [1, 2, 3, 4, 5, 6, 7, 8]);

        let of = |family| Selector { family, ..Selector::default() };
        assert_eq!(marks(net, &of(Family::IPV4)), [1, 2, 3, 4]);
        assert_eq!(marks(net, &of(Family::IPV6)), [5, 6, 7, 8]);

        let by = |mark, mask| Selector { mark: Some((mark, mask)), ..Selector::default() };
        assert_eq!(marks(net, &by(3, 0xffff_ffff)), [3]);
        assert_eq!(marks(net, &by(2, 3)), [2, 6]);
        assert_eq!(marks(net, &by(0, 1)), [2, 4, 6, 8]);
        assert_eq!(
            marks(net, &by(4, 3)),
            [0; 0],
            "no mark matches a value with a bit outside of the mask"
        );
        let both = Selector { family: Family::IPV6, ..by(2, 2) };
        assert_eq!(marks(net, &both), [6, 7]);

        if net.has((5, 15), "dumps by status") {
            let by = |status, mask| Selector { status: Some((status, mask)), ..all.clone() };
            let assured = Status::ASSURED;
            assert_eq!(marks(net, &by(assured, assured)), [3, 4, 7, 8]);
            assert_eq!(marks(net, &by(Status::empty(), assured)), [1, 2, 5, 6]);
            let both = assured | Status::CONFIRMED;
            assert_eq!(marks(net, &by(both, both)), [3, 4, 7, 8]);
        }
        if net.has((6, 8), "dumps by zone") {
            let by = |zone| Selector { zone: Some(zone), ..all.clone() };
            assert_eq!(marks(net, &by(9)), [2, 6]);
            assert_eq!(marks(net, &by(0)), [1, 3, 4, 5, 7, 8]);
            assert_eq!(marks(net, &by(10)), [0; 0]);
        }
        if net.has((5, 8), "dumps that say they are filtered") {
            let filtered = net.ask(request::dump(&of(Family::IPV4)));
            for reply in &filtered.replies {
                let expected = NlmFlags::MULTI | NlmFlags::DUMP_FILTERED;
                assert_eq!(reply.as_message().header().nlmsg_flags, expected);
            }
            let unfiltered = net.ask(request::dump(&all));
            for reply in &unfiltered.replies {
                assert_eq!(reply.as_message().header().nlmsg_flags, NlmFlags::MULTI);
            }
        }
    });
}

#[test]
fn dumps_select_by_tuple() {
    alone(|net| {
        if !net.has((5, 8), "dumps by tuple") {
            return;
        }
        let other = ["192.0.2.77", "198.51.100.77"];
        let flows = [
            flow(ports(V4, IpProto::TCP, [1001, 80])),
            flow(ports(V4, IpProto::UDP, [1002, 80])),
            flow(ports(V4, IpProto::TCP, [1002, 443])),
            flow(ports([other[0], V4[1]], IpProto::TCP, [1001, 80])),
            flow(ports([V4[0], other[1]], IpProto::UDP, [1003, 53])),
            flow(echo(V4, 0x0102)),
            flow(Tuple { icmp_type: Some(13), ..echo(V4, 0x0102) }),
            flow(echo(V4, 0x0304)),
            flow(ports(crate::flows::V6, IpProto::TCP, [1001, 80])),
            flow(ports(crate::flows::V6, IpProto::TCP, [1002, 80])),
            flow(echo(crate::flows::V6, 0x0506)),
            flow(echo(crate::flows::V6, 0x0708)),
        ];
        for (mark, ct) in (1..).zip(flows) {
            net.must(request::create(&Conntrack { mark: Some(mark), ..ct }).unwrap());
        }
        let mut selected = |family, orig: Tuple, reply: Tuple| {
            marks(net, &Selector { family, orig, reply, ..Selector::default() })
        };
        let mut v4 = |orig, reply| selected(Family::IPV4, orig, reply);
        let any = Tuple::default;
        let src = |addr: &str| Tuple { src: addr.parse().ok(), ..any() };
        let dst = |addr: &str| Tuple { dst: addr.parse().ok(), ..any() };
        let proto = |proto| Tuple { proto: Some(proto), ..any() };
        assert_eq!(v4(src(V4[0]), any()), [1, 2, 3, 5, 6, 7, 8]);
        assert_eq!(v4(src(other[0]), any()), [4]);
        assert_eq!(v4(dst(other[1]), any()), [5]);
        assert_eq!(v4(any(), src(other[1])), [5]);
        assert_eq!(v4(any(), dst(other[0])), [4]);
        assert_eq!(v4(src("192.0.2.78"), any()), [0; 0]);
        assert_eq!(v4(proto(IpProto::UDP), any()), [2, 5]);
        assert_eq!(v4(any(), proto(IpProto::ICMP)), [6, 7, 8]);
        let sport = |n, number| Tuple { src_port: Some(number), ..proto(n) };
        let dport = |n, number| Tuple { dst_port: Some(number), ..proto(n) };
        assert_eq!(v4(sport(IpProto::TCP, 1001), any()), [1, 4]);
        assert_eq!(v4(dport(IpProto::TCP, 443), any()), [3]);
        assert_eq!(v4(dport(IpProto::UDP, 80), any()), [2]);
        assert_eq!(v4(any(), sport(IpProto::TCP, 443)), [3]);
        assert_eq!(v4(any(), dport(IpProto::TCP, 1001)), [1, 4]);
        assert_eq!(v4(src(other[0]), dport(IpProto::TCP, 1001)), [4]);
        let all = ports(V4, IpProto::TCP, [1002, 443]);
        assert_eq!(v4(all, any()), [3]);
        let icmp = || proto(IpProto::ICMP);
        assert_eq!(v4(Tuple { icmp_id: Some(0x0102), ..icmp() }, any()), [6, 7]);
        assert_eq!(v4(Tuple { icmp_type: Some(13), ..icmp() }, any()), [7]);
        assert_eq!(v4(any(), Tuple { icmp_type: Some(0), ..icmp() }), [6, 8]);
        assert_eq!(v4(Tuple { icmp_code: Some(0), ..icmp() }, any()), [6, 7, 8]);
        assert_eq!(v4(Tuple { icmp_code: Some(1), ..icmp() }, any()), [0; 0]);

        // IPv6 addresses match incorrectly before the fix of 2026.
        let mut v6 = |orig, reply| selected(Family::IPV6, orig, reply);
        assert_eq!(v6(proto(IpProto::TCP), any()), [9, 10]);
        assert_eq!(v6(sport(IpProto::TCP, 1002), any()), [10]);
        let icmp = || proto(IpProto::ICMPV6);
        assert_eq!(v6(Tuple { icmp_id: Some(0x0506), ..icmp() }, any()), [11]);
        assert_eq!(v6(Tuple { icmp_type: Some(128), ..icmp() }, any()), [11, 12]);
        assert_eq!(v6(any(), Tuple { icmp_type: Some(129), ..icmp() }), [11, 12]);
        assert_eq!(v6(Tuple { icmp_code: Some(0), ..icmp() }, any()), [11, 12]);
        let by_src = v6(src(crate::flows::V6[0]), any());
        assert!(by_src == [9, 10, 11, 12] || by_src.is_empty(), "{by_src:?}");
    });
}

#[test]
fn a_dump_of_many_datagrams_is_complete() {
    alone(|net| {
        let ports: Vec<u16> = (1000..3000).collect();
        for &port in &ports {
            let ct = Conntrack { mark: Some(port.into()), ..by_port(IpProto::UDP, port) };
            net.must(request::create(&ct).unwrap());
        }
        let expected: Vec<u32> = ports.iter().map(|&port| port.into()).collect();
        let all = Selector::default();
        assert_eq!(marks(net, &all), expected);
        let answer = net.ask(request::dump(&all));
        let end = answer.end.unwrap();
        assert_eq!(end.as_message().msg_type(), MsgType::DONE);
    });
}
