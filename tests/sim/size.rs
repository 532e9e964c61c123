//! Tests of allocation sizes.

use crate::entry::{TCP4, everything, kernel};
use ctnetlink::Family;
use ctnetlink::flat::Name;
use ctnetlink::kernel::{Arch, Kernel};
use ctnetlink::msg_size::{CtShape, ctnetlink_nlmsg_size, ctnetlink_nlmsg_size_terms};
use ctnetlink::nested::IpProto;
use ctnetlink::sim::{
    IpctEvents, NfConn, NfConnHelp, NfConntrackTuple, conntrack_event_len,
    ctnetlink_conntrack_event,
};
use std::net::{IpAddr, Ipv6Addr};

/// Compares with `ctnetlink_nlmsg_size` of 2.6.39, 4.18, 6.1, 6.12 and 6.18.
///
/// The entries have no extension, counters, times, both, or labels. The sizes of 6.1, 6.12 and 7.2 are
/// also recorded; the others are computed from the source.
#[test]
fn sizes_equal_those_of_the_source() {
    use Family as F;
    type Row = (F, IpProto, [usize; 2], [usize; 3], [usize; 5], [usize; 5]);
    let tcp = ([436, 492, 464, 520, 540], [448, 504, 476, 532, 552]);
    let udp = ([404, 460, 432, 488, 508], [416, 472, 444, 500, 520]);
    let icmp = ([428, 484, 456, 512, 532], [440, 496, 468, 524, 544]);
    let generic = ([356, 412, 384, 440, 460], [368, 424, 396, 452, 472]);
    let rows: [Row; 18] = [
        (F::IPV4, IpProto::TCP, [320, 404], [324, 408, 428], tcp.0, tcp.1),
        (F::IPV6, IpProto::TCP, [392, 476], [396, 480, 500], tcp.0, tcp.1),
        (F::IPV4, IpProto::UDP, [276, 360], [284, 368, 388], udp.0, udp.1),
        (F::IPV4, IpProto::GRE, [276, 360], [284, 368, 388], udp.0, udp.1),
        (F::IPV4, IpProto::UDPLITE, [276, 360], [284, 368, 388], udp.0, udp.1),
        (F::IPV6, IpProto::UDP, [348, 432], [356, 440, 460], udp.0, udp.1),
        (F::IPV6, IpProto::GRE, [348, 432], [356, 440, 460], udp.0, udp.1),
        (F::IPV6, IpProto::UDPLITE, [348, 432], [356, 440, 460], udp.0, udp.1),
        (F::IPV4, IpProto::ICMP, [300, 384], [308, 392, 412], icmp.0, icmp.1),
        (F::IPV6, IpProto::ICMPV6, [372, 456], [380, 464, 484], icmp.0, icmp.1),
        (F::IPV4, IpProto::SCTP, [304, 388], [308, 392, 412], icmp.0, icmp.1),
        (F::IPV6, IpProto::SCTP, [376, 460], [380, 464, 484], icmp.0, icmp.1),
        (F::IPV4, IpProto::DCCP, [308, 392], [316, 400, 420], tcp.0, generic.1),
        (F::IPV6, IpProto::DCCP, [380, 464], [388, 472, 492], tcp.0, generic.1),
        (F::IPV4, IpProto(253), [228, 312], [236, 320, 340], generic.0, generic.1),
        (F::IPV6, IpProto(253), [300, 384], [308, 392, 412], generic.0, generic.1),
        (F::IPV4, IpProto(2), [228, 312], [236, 320, 340], generic.0, generic.1),
        (F::IPV6, IpProto(2), [300, 384], [308, 392, 412], generic.0, generic.1),
    ];
    for (family, proto, v2_6_39, v4_18, v6_12, v6_18) in rows {
        let size = |release, acct, timestamp, labels: Option<usize>| {
            let shape = CtShape { acct, timestamp, labels, ..CtShape::new(family, proto) };
            ctnetlink_nlmsg_size(&kernel(release), &shape)
        };
        let early = ["2.6.39"].map(|r| [size(r, false, false, None), size(r, true, true, None)]);
        assert_eq!(early, [v2_6_39], "{family} {proto}");
        // 2.6.38 with counters has the size without times.
        assert_eq!(size("2.6.38", true, true, None), v2_6_39[1] - 28, "{family} {proto}");
        let [bare, both, labels] = v4_18;
        assert_eq!(size("4.18", false, false, None), bare, "{family} {proto}");
        assert_eq!(size("4.18", true, true, None), both, "{family} {proto}");
        assert_eq!(size("4.18", true, true, Some(16)), labels, "{family} {proto}");
        for (release, expected) in [("6.1", v6_12), ("6.12", v6_12), ("6.18", v6_18)] {
            let found = [
                size(release, false, false, None),
                size(release, true, false, None),
                size(release, false, true, None),
                size(release, true, true, None),
                size(release, true, true, Some(16)),
            ];
            assert_eq!(found, expected, "{release} {family} {proto}");
        }
    }
}

/// Compares the terms of the sum with the sources of 2.6.38, 3.15.5, 3.19.8, 6.13.7 and 6.14.
///
/// Those of riscv64 come from its recording.
#[test]
fn terms_of_the_size_equal_those_of_the_source() {
    let everything =
        CtShape { acct: true, timestamp: true, labels: Some(16), secctx: Some(25), ..TCP4 };
    let term = |kernel: Kernel, what: &str| {
        let terms = ctnetlink_nlmsg_size_terms(&kernel, &everything);
        assert_eq!(
            terms.iter().map(|term| term.bytes).sum::<usize>(),
            ctnetlink_nlmsg_size(&kernel, &everything)
        );
        terms.iter().find(|term| term.what == what).unwrap().bytes
    };
    let at = |release: &str, what: &str| term(kernel(release), what);
    assert_eq!(at("2.6.38", "ctnetlink_timestamp_size"), 0);
    // The patch that added it computes nla_total_size(0) + 2 * nla_total_size(8).
    assert_eq!(at("2.6.39", "ctnetlink_timestamp_size"), 28);
    assert_eq!(at("3.8", "ctnetlink_label_size"), 0);
    assert_eq!(at("3.9", "ctnetlink_label_size"), 20);
    assert_eq!(at("3.15", "CTA_ZONE"), 0);
    assert_eq!(at("3.19", "CTA_ZONE"), 8);
    assert_eq!(at("6.13", "CTA_TIMESTAMP_EVENT"), 0);
    assert_eq!(at("6.14", "CTA_TIMESTAMP_EVENT"), 12);
    assert_eq!(at("6.14", "ctnetlink_secctx_size"), 4 + 32);
    assert_eq!(at("6.14", "CTA_SEQ_ADJ_ORIG, REPLY"), 56);
    let riscv = |release| Kernel { arch: Arch::RISCV64, ..kernel(release) };
    assert_eq!(term(riscv("7.2"), "ctnetlink_acct_size"), 56 + 16);
    assert_eq!(term(riscv("7.2"), "ctnetlink_timestamp_size"), 28 + 8);
    assert_eq!(term(riscv("7.2"), "CTA_TIMESTAMP_EVENT"), 12);
    assert_eq!(term(riscv("4.6"), "ctnetlink_acct_size"), 56);
    // Three bytes of header short of what TCP needs, since 4.19.
    assert_eq!(at("4.15", "ctnetlink_proto_size") - at("4.18", "ctnetlink_proto_size"), 4);
}

/// Computes the difference between the largest event and the allocated size, from the same sources.
///
/// In 4.18 the largest event does not fit; since 4.19 it does.
#[test]
fn the_largest_event_does_not_fit_in_4_18() {
    let worst = NfConn {
        secctx: None,
        acct: None,
        tstamp: None,
        ecache: None,
        help: Some(NfConnHelp { helper: Some(Name::from("fifteen_letters")), info: None }),
        ..everything()
    };
    let events = IpctEvents::all() & !IpctEvents::DESTROY;
    let size = |release: &str| ctnetlink_conntrack_event(&kernel(release), events, &worst, 0, 0);
    assert!(size("4.18").is_err());
    let needed = conntrack_event_len(&kernel("4.18"), events, &worst, 0).unwrap();
    let shape = worst.shape(&kernel("4.18"));
    assert_eq!(needed - 16 - ctnetlink_nlmsg_size(&kernel("4.18"), &shape), 32);
    let event = size("6.12").unwrap().unwrap();
    // The size is 388 without the event's time and `nlmsghdr`.
    assert_eq!(event.bytes.len(), 16 + 376);
    assert_eq!(event.alloc, 16 + 436 + 20);
    let v6 = |last, port| (IpAddr::V6(Ipv6Addr::from([0xfd00, 0, 0, 0, 0, 0, 0, last])), port);
    let orig = NfConntrackTuple::ports(IpProto::TCP, v6(1, 1), v6(2, 2));
    let worst = NfConn { tuple: [orig, orig.inverted()], master: Some(orig), ..worst };
    let event = ctnetlink_conntrack_event(&kernel("6.12"), events, &worst, 0, 0).unwrap().unwrap();
    // 8 bytes are left, including the 20 bytes for labels.
    assert_eq!(event.alloc - event.bytes.len(), 8);
}
