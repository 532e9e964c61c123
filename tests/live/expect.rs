//! Tests of expectations.

use crate::create::with_ftp;
use crate::flows::{V4, V6, family, flow, ports};
use crate::namespace::alone;
use crate::net::{EEXIST, ENOENT, Net};
use ctnetlink::attrs::ExpectFlags;
use ctnetlink::flat::{ExpectNat, Record, Tuple};
use ctnetlink::nested::IpProto;
use ctnetlink::request;
use ctnetlink::{Conntrack, Expectation, Family, Kind, MsgType};

/// Creates two masters with a helper between these addresses.
///
/// Returns the first master and an expectation for each of them: the helper for FTP allows one per
/// master.
fn master(net: &mut Net, addrs: [&str; 2]) -> Option<(Conntrack, [Expectation; 2])> {
    let ct = with_ftp(net, flow(ports(addrs, IpProto::TCP, [1000, 21])))?;
    net.must(request::create(&ct).unwrap());
    let other = flow(ports(addrs, IpProto::TCP, [1001, 21]));
    let other = Conntrack { help: ct.help.clone(), ..other };
    net.must(request::create(&other).unwrap());
    let ones = match ct.family {
        Family::IPV4 => "255.255.255.255",
        _ => "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };
    let one = |dst_port| Expectation {
        family: ct.family,
        tuple: ports([addrs[1], addrs[0]], IpProto::TCP, [20, dst_port]),
        mask: ports([ones, ones], IpProto::TCP, [0xffff, 0xffff]),
        master: ct.orig,
        timeout: Some(300),
        flags: Some(ExpectFlags::PERMANENT),
        class: Some(0),
        help_name: Some("ftp".into()),
        ..Expectation::default()
    };
    // The kernel reads only the source of the NAT tuple.
    let any = if ct.family == Family::IPV4 { "0.0.0.0" } else { "::" };
    let second = Expectation {
        master: other.orig,
        nat: ExpectNat { dir: Some(1), tuple: ports([addrs[0], any], IpProto::TCP, [4001, 0]) },
        function: Some("nat-follow-master".into()),
        flags: Some(ExpectFlags::INACTIVE),
        ..one(3002)
    };
    Some((ct.clone(), [one(3001), second]))
}

#[test]
fn expectations_are_created_read_dumped_and_deleted() {
    alone(|net| {
        for addrs in [V4, V6] {
            let Some((ct, asked)) = master(net, addrs) else { return };
            let af = ct.family;
            for one in &asked {
                let found = net.ask(request::get_expectation(one).unwrap());
                assert_eq!(found.errno(), ENOENT);
                net.must(request::create_expectation(one).unwrap());
                let again = net.ask(request::create_expectation(one).unwrap());
                assert_eq!(again.errno(), EEXIST);
            }
            let dumps = [
                net.ask(request::dump_expectations(af)),
                net.ask(request::dump_expectations(Family::UNSPEC)),
                net.ask(request::dump_expectations_of(&ct.orig, af)),
            ];
            let mut dumps = dumps.map(|dump| {
                let mut all = dump.expectations();
                all.sort_by_key(|one| one.tuple.dst_port);
                // A second may pass.
                all.iter_mut().for_each(|one| one.timeout = one.timeout.map(|_| 0));
                all
            });
            assert_eq!(dumps[0], dumps[1]);
            if net.has((3, 12), "dumps of one master's expectations") {
                assert_eq!(dumps[0][..1], dumps[2]);
            }
            for (one, asked) in dumps[0].iter().zip(&asked) {
                let found = net.ask(request::get_expectation(asked).unwrap());
                assert_eq!(found.errno(), 0, "{asked:?} {:?}", dumps[0]);
                let message = found.replies[0].as_message();
                assert_eq!((message.msg_type(), message.kind()), (MsgType::EXP_NEW, Kind::Reply));
                let got = &found.expectations()[0];
                assert_eq!((got.id, &got.tuple), (one.id, &one.tuple));

                // The fields have the requested values, except for the timeout, which the helper sets,
                // and for the mask, of which the kernel reads only the source.
                assert!(got.id.is_some() && got.timeout.is_some(), "{got:?}");
                assert_eq!(got.mask.src, asked.mask.src);
                assert_eq!(got.mask.src_port, asked.mask.src_port);
                let expected = Expectation {
                    id: got.id,
                    timeout: got.timeout,
                    mask: got.mask,
                    help_name: got.help_name.clone(),
                    ..asked.clone()
                };
                assert_eq!(*got, expected);
                assert!(got.help_name.is_none() || got.help_name == Some("ftp".into()));
            }
            assert_eq!(dumps[0].len(), asked.len());

            // The id is wrong first, and then right.
            let first = dumps[0].remove(0);
            let by_id =
                |id| Expectation { family: af, tuple: first.tuple, id, ..Expectation::default() };
            let wrong = by_id(first.id.map(|id| id ^ 1));
            let answer = net.ask(request::delete_expectation(&wrong).unwrap());
            assert_eq!(answer.errno(), ENOENT);
            net.must(request::delete_expectation(&by_id(first.id)).unwrap());
            let found = net.ask(request::get_expectation(&first).unwrap());
            assert_eq!(found.errno(), ENOENT);

            // Deletes the expectations of a helper, of which only the second is left.
            net.must(request::create_expectation(&asked[0]).unwrap());
            let helper =
                Expectation { family: af, help_name: Some("ftp".into()), ..Expectation::default() };
            let left = |net: &mut Net| net.ask(request::dump_expectations(af)).replies.len();
            assert_eq!(left(net), 2);
            net.must(request::delete_expectation(&helper).unwrap());
            assert_eq!(left(net), 0);

            net.must(request::create_expectation(&asked[0]).unwrap());
            net.must(request::create_expectation(&asked[1]).unwrap());
            assert_eq!(left(net), 2);
            net.must(request::flush_expectations());
            assert_eq!(left(net), 0);
        }
    });
}

#[test]
fn dumps_contain_only_the_requested_family() {
    alone(|net| {
        for addrs in [V4, V6] {
            let Some((_, [first, _])) = master(net, addrs) else { return };
            net.must(request::create_expectation(&first).unwrap());
        }
        for (af, count) in [(Family::UNSPEC, 2), (Family::IPV4, 1), (Family::IPV6, 1)] {
            let all = net.ask(request::dump_expectations(af)).expectations();
            assert_eq!(all.len(), count, "{af}");
            assert!(all.iter().all(|one| af == Family::UNSPEC || family(&one.tuple) == af));
        }
    });
}

#[test]
fn expectations_cause_events() {
    alone(|net| {
        let mut listener = net.listen(&[4, 6]);
        let Some((ct, [first, _])) = master(net, V4) else { return };
        net.must(request::create_expectation(&first).unwrap());
        let event = listener.next();
        let message = event.as_message();
        assert_eq!((message.msg_type(), message.kind()), (MsgType::EXP_NEW, Kind::ExpectNew));
        assert_eq!(message.header().nlmsg_pid, net.portid);
        let new = Expectation::try_decode(message.expectation_attrs().unwrap()).unwrap();
        assert_eq!((&new.tuple, &new.master), (&first.tuple, &ct.orig));
        assert_eq!(new.nat.tuple, Tuple::default());

        net.must(request::delete_expectation(&first).unwrap());
        let event = listener.next();
        let message = event.as_message();
        assert_eq!(
            (message.msg_type(), message.kind()),
            (MsgType::EXP_DELETE, Kind::ExpectDestroy)
        );
        let gone = Expectation::try_decode(message.expectation_attrs().unwrap()).unwrap();
        assert_eq!((gone.id, gone.tuple), (new.id, new.tuple));
        assert!(listener.is_empty());
    });
}
