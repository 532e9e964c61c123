//! Tests of every attribute that a request can set.

use crate::flows::{V4, V6, create, echo, flow, mirror, ports, tcp};
use crate::namespace::{alone, nft, skip};
use crate::net::{EOPNOTSUPP, Net};
use ctnetlink::Conntrack;
use ctnetlink::attrs::Status;
use ctnetlink::flat::{
    Dccp, Help, Labels, NatRange, PortRange, ProtoInfo, Rare, Sctp, SeqAdj, SynProxy, Tcp, Tuple,
};
use ctnetlink::nested::{
    DccpRole, DccpState, IpProto, SctpState, TcpFlags, TcpFlagsMask, TcpState,
};
use ctnetlink::request;
use std::net::IpAddr;

#[test]
fn entries_of_every_protocol_are_created() {
    alone(|net| {
        for addrs in [V4, V6] {
            for proto in [IpProto::UDP, IpProto::TCP, IpProto::GRE] {
                create(net, &flow(ports(addrs, proto, [0x0102, 0x0304])), |_| ());
            }
            let id = 0x0506;
            create(net, &flow(echo(addrs, id)), |_| ());
            // Only ICMP for IPv4 has another request with a reply: timestamp, types 13 and 14.
            if addrs == V4 {
                let orig = Tuple { icmp_type: Some(13), ..echo(addrs, id) };
                create(net, &flow(orig), |_| ());
            }
            // For a protocol without a tracker, the kernel stores only the protocol number and ignores
            // ports.
            let untracked = |ct: &mut Conntrack| {
                for tuple in [&mut ct.orig, &mut ct.reply] {
                    (tuple.src_port, tuple.dst_port) = (None, None);
                }
            };
            let generic = ports(addrs, IpProto(253), [1, 2]);
            create(net, &flow(generic), untracked);
            let udplite = flow(ports(addrs, IpProto::UDPLITE, [0x0708, 0x090a]));
            if net.is_at_least((7, 1)) {
                create(net, &udplite, untracked);
            } else {
                create(net, &udplite, |_| ());
            }
            let dccp = ports(addrs, IpProto::DCCP, [0x0b0c, 0x0d0e]);
            if net.is_at_least((6, 16)) {
                create(net, &flow(dccp), untracked);
            } else {
                let state = Dccp {
                    state: Some(DccpState::OPEN),
                    role: Some(DccpRole::SERVER),
                    handshake_seq: Some(0x0102_0304_0506),
                };
                let protoinfo = Some(ProtoInfo::Dccp(state));
                create(net, &Conntrack { protoinfo, ..flow(dccp) }, |_| ());
            }
        }
    });
}

#[test]
fn tcp_states_are_set() {
    alone(|net| {
        for number in 0..=9 {
            let flags = TcpFlags::WINDOW_SCALE | TcpFlags::SACK_PERM | TcpFlags::BE_LIBERAL;
            // One flag is not in the mask.
            let mask = TcpFlags::WINDOW_SCALE | TcpFlags::BE_LIBERAL;
            let ask = Some(TcpFlagsMask { flags, mask });
            let state = TcpState(number);
            let asked = Tcp {
                state: Some(state),
                wscale_original: Some(7),
                wscale_reply: Some(9),
                flags_original: ask,
                flags_reply: ask,
            };
            let orig = ports(V4, IpProto::TCP, [1000 + u16::from(number), 80]);
            let ct = Conntrack { protoinfo: Some(ProtoInfo::Tcp(asked)), ..flow(orig) };
            create(net, &ct, |ct| ct.protoinfo = Some(tcp(state, [7, 9], mask)));
        }
    });
}

#[test]
fn sctp_states_are_set() {
    alone(|net| {
        for number in 0..=8 {
            let state = Sctp {
                state: Some(SctpState(number)),
                vtag_original: Some(0x0102_0304),
                vtag_reply: Some(0x0506_0708),
            };
            let orig = ports(V6, IpProto::SCTP, [1000 + u16::from(number), 80]);
            let ct = Conntrack { protoinfo: Some(ProtoInfo::Sctp(state)), ..flow(orig) };
            create(net, &ct, |_| ());
        }
    });
}

#[test]
fn status_mark_and_timeout_are_set() {
    alone(|net| {
        let orig = |port| ports(V4, IpProto::UDP, [port, 53]);
        let status = Status::CONFIRMED | Status::SEEN_REPLY | Status::ASSURED;
        create(net, &Conntrack { status: Some(status), ..flow(orig(1)) }, |_| ());
        let status = status | Status::FIXED_TIMEOUT;
        create(net, &Conntrack { status: Some(status), ..flow(orig(2)) }, |_| ());
        // The kernel ignores bits that only it may set.
        let asked = status | Status::SRC_NAT | Status::SEQ_ADJUST | Status::TEMPLATE;
        let ct = Conntrack { status: Some(asked), ..flow(orig(3)) };
        create(net, &ct, |ct| ct.status = Some(status));

        create(net, &Conntrack { mark: Some(0x0102_0304), ..flow(orig(4)) }, |_| ());
        create(net, &Conntrack { mark: Some(0xffff_ffff), ..flow(orig(5)) }, |_| ());
        for (port, timeout) in [(6, 1), (7, 0x0001_0203), (8, 432_000)] {
            create(net, &Conntrack { timeout: Some(timeout), ..flow(orig(port)) }, |_| ());
        }
    });
}

#[test]
fn each_zone_has_entries_of_its_own() {
    alone(|net| {
        let orig = |port, zone| Tuple { zone, ..ports(V4, IpProto::UDP, [port, 53]) };
        let zoned = |port, zone| Conntrack { zone: Some(zone), ..flow(orig(port, None)) };
        if net.ask(request::create(&zoned(1, 5)).unwrap()).errno() == EOPNOTSUPP {
            skip("zones: the kernel has none");
            return;
        }
        // A tuple can have one entry in each zone.
        create(net, &flow(orig(1, None)), |_| ());
        create(net, &zoned(1, 0x0102), |_| ());
        create(net, &zoned(1, 0xffff), |_| ());
        // Zone 0 is the default, which the kernel does not send.
        create(net, &zoned(2, 0), |ct| ct.zone = None);
        if !net.has((4, 3), "zones of one direction") {
            return;
        }
        create(net, &flow(orig(3, Some(0x0304))), |_| ());
        let mut reply = flow(orig(4, None));
        reply.reply.zone = Some(0x0506);
        create(net, &reply, |_| ());
        let entries = net.ask(request::dump(&Default::default())).entries();
        assert_eq!(entries.len(), 7);
    });
}

#[test]
fn nat_ranges_determine_the_reply_tuple() {
    alone(|net| {
        for (addrs, to) in [(V4, "203.0.113.9"), (V6, "2001:db8:7:8::9")] {
            let addr: IpAddr = to.parse().unwrap();
            let range = NatRange {
                min_ip: Some(addr),
                max_ip: Some(addr),
                ports: PortRange { min: Some(40_000), max: Some(40_000) },
            };
            let done = Status::CONFIRMED | Status::NAT_DONE;
            let orig = ports(addrs, IpProto::TCP, [1111, 80]);
            let ct =
                Conntrack { rare: Rare { nat_src: range, ..Rare::default() }.into(), ..flow(orig) };
            if net.ask(request::create(&ct).unwrap()).errno() == EOPNOTSUPP {
                skip("NAT: the kernel has none");
                return;
            }
            net.must(request::delete(&ct).unwrap());
            let snat = create(net, &ct, |ct| {
                ct.status = Some(done | Status::SRC_NAT);
                (ct.reply.dst, ct.reply.dst_port) = (Some(addr), Some(40_000));
            });
            let endpoint = snat.snat().unwrap();
            assert_eq!((endpoint.addr, endpoint.port), (addr, Some(40_000)));
            assert_eq!(snat.dnat(), None);

            let orig = Tuple { src_port: Some(2222), ..orig };
            let dnat = create(
                net,
                &Conntrack {
                    rare: Rare { nat_dst: range, ..Rare::default() }.into(),
                    ..flow(orig)
                },
                |ct| {
                    ct.status = Some(done | Status::DST_NAT);
                    (ct.reply.src, ct.reply.src_port) = (Some(addr), Some(40_000));
                },
            );
            let endpoint = dnat.dnat().unwrap();
            assert_eq!((endpoint.addr, endpoint.port), (addr, Some(40_000)));
            assert_eq!(dnat.snat(), None);

            // Source NAT of the address only, together with destination NAT of address and port.
            let orig = Tuple { src_port: Some(3333), ..orig };
            let only_addr = NatRange { min_ip: Some(addr), ..NatRange::default() };
            let dst = NatRange { ports: PortRange { min: Some(8080), max: None }, ..range };
            let ct = Conntrack {
                rare: Rare { nat_src: only_addr, nat_dst: dst, ..Rare::default() }.into(),
                ..flow(orig)
            };
            create(net, &ct, |ct| {
                ct.status = Some(done | Status::NAT);
                ct.reply.dst = Some(addr);
                (ct.reply.src, ct.reply.src_port) = (Some(addr), Some(8080));
            });
        }

        // A range of several addresses and ports.
        let [min, max] = ["203.0.113.16", "203.0.113.19"].map(|addr| addr.parse().ok());
        let ports_range = PortRange { min: Some(50_000), max: Some(50_015) };
        let nat_src = NatRange { min_ip: min, max_ip: max, ports: ports_range };
        for port in 1..=4 {
            let ct = Conntrack {
                rare: Rare { nat_src, ..Rare::default() }.into(),
                ..flow(ports(V4, IpProto::UDP, [port, 53]))
            };
            net.must(request::create(&ct).unwrap());
            let got = net.get(&ct).snat().unwrap();
            assert!((min..=max).contains(&Some(got.addr)), "{got:?}");
            assert!((Some(50_000)..=Some(50_015)).contains(&got.port), "{got:?}");
        }
    });
}

#[test]
fn sequence_adjustment_and_syn_proxy_are_set() {
    alone(|net| {
        let seq_adj = |first| SeqAdj {
            correction_pos: Some(first),
            offset_before: Some(first + 0x0101_0101),
            // A negative offset.
            offset_after: Some(0_u32.wrapping_sub(first)),
        };
        for addrs in [V4, V6] {
            let ct = Conntrack {
                seq_adj_orig: seq_adj(0x0102_0304),
                seq_adj_reply: seq_adj(0x1112_1314),
                ..flow(ports(addrs, IpProto::TCP, [1000, 80]))
            };
            create(net, &ct, |ct| ct.status = Some(Status::CONFIRMED | Status::SEQ_ADJUST));
        }
        if net.has((4, 18), "the SYN proxy's attribute") {
            let synproxy = SynProxy {
                isn: Some(0x0102_0304),
                its: Some(0x0506_0708),
                tsoff: Some(0x090a_0b0c),
            };
            let ct = Conntrack { synproxy, ..flow(ports(V4, IpProto::TCP, [1001, 80])) };
            create(net, &ct, |_| ());
        }
    });
}

/// Returns `ct` with the helper for FTP, or `None` if the kernel does not have that helper.
pub(crate) fn with_ftp(net: &mut Net, ct: Conntrack) -> Option<Conntrack> {
    let help = Help { name: Some("ftp".into()), info: None };
    let ct = Conntrack { help, ..ct };
    match net.ask(request::create(&ct).unwrap()).errno() {
        0 => {
            net.must(request::delete(&ct).unwrap());
            Some(ct)
        }
        EOPNOTSUPP => {
            skip("helpers: the kernel has none for FTP");
            None
        }
        errno => panic!("errno {errno}"),
    }
}

#[test]
fn helper_and_master_are_set() {
    alone(|net| {
        for addrs in [V4, V6] {
            let Some(ct) = with_ftp(net, flow(ports(addrs, IpProto::TCP, [1000, 21]))) else {
                return;
            };
            let status = Status::CONFIRMED | helper_bit(net);
            let master = create(net, &ct, |ct| ct.status = Some(status));
            let data =
                Conntrack { master: master.orig, ..flow(ports(addrs, IpProto::TCP, [20, 3000])) };
            let data = create(net, &data, |ct| {
                ct.status = Some(Status::CONFIRMED | Status::EXPECTED);
            });
            assert_eq!(data.master, master.orig);
            assert_eq!(data.reply, mirror(&data.orig));
        }
    });
}

/// Returns the status bit of entries with a requested helper.
///
/// The kernel sets it since Linux 5.16.
fn helper_bit(net: &Net) -> Status {
    if net.is_at_least((5, 16)) { Status::HELPER } else { Status::empty() }
}

#[test]
fn labels_are_set() {
    alone(|net| {
        if !net.has((3, 9), "labels") || !use_labels() {
            return;
        }
        let sets: [&[u8]; 4] = [&[0], &[1, 8, 63], &[64, 126, 127], &[3, 31, 32, 65]];
        for (port, numbers) in (1..).zip(sets) {
            let labels = Labels::try_from(numbers).unwrap();
            let ct =
                Conntrack { labels: Some(labels), ..flow(ports(V4, IpProto::UDP, [port, 53])) };
            let got = create(net, &ct, |_| ());
            assert_eq!(got.labels.unwrap().iter().collect::<Vec<_>>(), numbers);
        }
        // The kernel does not send labels if no label is set.
        let ct = Conntrack {
            labels: Some(Labels::default()),
            ..flow(ports(V4, IpProto::UDP, [99, 53]))
        };
        create(net, &ct, |ct| ct.labels = None);
    });
}

/// Adds a rule that sets label 5.
///
/// New entries can have labels only while a rule uses labels.
pub(crate) fn use_labels() -> bool {
    let rule = "table inet live {
        chain output { type filter hook output priority 0; policy accept; ct label set 5; }
    }";
    nft(rule, "labels")
}

#[test]
fn all_attributes_are_set_at_once() {
    alone(|net| {
        let has_labels = use_labels();
        for addrs in [V4, V6] {
            let zone = Some(0x0102);
            let master = Conntrack { zone, ..flow(ports(addrs, IpProto::TCP, [1, 2])) };
            if net.ask(request::create(&master).unwrap()).errno() == EOPNOTSUPP {
                skip("everything at once: the kernel has no zones");
                return;
            }
            let flags = TcpFlags::WINDOW_SCALE | TcpFlags::MAXACK_SET;
            let flags_mask = Some(TcpFlagsMask { flags, mask: flags });
            let state = Tcp {
                state: Some(TcpState::ESTABLISHED),
                wscale_original: Some(3),
                wscale_reply: Some(4),
                flags_original: flags_mask,
                flags_reply: flags_mask,
            };
            let seq_adj = SeqAdj {
                correction_pos: Some(0x2122_2324),
                offset_before: Some(0x3132_3334),
                offset_after: Some(0x4142_4344),
            };
            let status = Status::CONFIRMED | Status::SEEN_REPLY | Status::ASSURED;
            let synproxy =
                SynProxy { isn: Some(0x5152_5354), its: Some(0x6162_6364), tsoff: Some(0x71) };
            let ct = Conntrack {
                zone,
                status: Some(status),
                protoinfo: Some(ProtoInfo::Tcp(state)),
                timeout: Some(4000),
                mark: Some(0x0506_0708),
                master: master.orig,
                seq_adj_orig: seq_adj,
                seq_adj_reply: seq_adj,
                labels: has_labels.then(|| Labels::try_from([7, 77]).unwrap()),
                synproxy: if net.is_at_least((4, 18)) { synproxy } else { SynProxy::default() },
                ..flow(ports(addrs, IpProto::TCP, [0x0102, 0x0304]))
            };
            let Some(ct) = with_ftp(net, ct) else { return };
            let added = helper_bit(net) | Status::EXPECTED | Status::SEQ_ADJUST;
            create(net, &ct, |ct| {
                ct.status = Some(status | added);
                ct.protoinfo = Some(tcp(TcpState::ESTABLISHED, [3, 4], flags));
            });
        }
    });
}
