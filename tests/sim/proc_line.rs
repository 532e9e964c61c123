//! Tests of `/proc/net/nf_conntrack`, from `nf_conntrack_standalone.c` of 2.6.39, 4.3, 5.8.1 and later.

use crate::entry::{everything, kernel, v4};
use ctnetlink::attrs::Status;
use ctnetlink::kernel::{Config, Kernel};
use ctnetlink::nested::IpProto;
use ctnetlink::sim::{
    CtSeq, DeltaTime, L4State, NfConn, NfConntrackTuple, NfConntrackZone, ZoneDir, ct_seq_show,
};

/// The time 3.5 seconds after START.
const NOW: CtSeq = CtSeq { time_now: 4_500_000_000, jiffies: 0, delta_time: DeltaTime::Released };

fn line(release: &str, ct: &NfConn) -> String {
    ct_seq_show(&kernel(release), ct, &NOW)
}

#[test]
fn a_line_contains_all_fields() {
    let expected = "ipv4     2 tcp      6 300 ESTABLISHED src=192.0.2.1 dst=192.0.2.2 sport=40000 \
                    dport=80 packets=3 bytes=180 src=192.0.2.2 dst=192.0.2.1 sport=80 dport=40000 \
                    packets=2 bytes=99 mark=5 secctx=system_u:object_r:x_t:s0 zone=7 delta-time=3 \
                    use=2\n";
    for release in ["2.6.39", "4.4", "7.2"] {
        assert_eq!(line(release, &everything()), expected, "{release}");
    }
    assert_eq!(line("2.6.38", &everything()), expected.replace("delta-time=3 ", ""));
    let without = NfConn { tstamp: None, ..everything() };
    assert_eq!(line("2.6.39", &without), expected.replace("delta-time=3 ", ""));
}

#[test]
fn lines_contain_zones_and_offload() {
    let zone = |dir| NfConn { zone: NfConntrackZone { id: 7, dir }, ..everything() };
    let orig = line("4.3", &zone(ZoneDir::Orig));
    assert!(orig.contains(" dport=80 zone-orig=7 packets=3 ") && !orig.contains(" zone=7"));
    assert!(line("4.3", &zone(ZoneDir::Reply)).contains(" dport=40000 zone-reply=7 packets=2 "));
    assert!(line("4.2", &zone(ZoneDir::Reply)).contains(" zone=7 "));
    assert!(
        line("7.2", &NfConn { zone: NfConntrackZone::default(), ..everything() })
            .contains(" zone=0 ")
    );

    let flags = Status::OFFLOAD | Status::HW_OFFLOAD | Status::ASSURED;
    let ct = NfConn { status: everything().status | flags, ..everything() };
    let start = "ipv4     2 tcp      6 src=";
    assert!(line("5.8", &ct).starts_with(start) && line("5.8", &ct).contains(" [HW_OFFLOAD] mark"));
    assert!(line("4.16", &ct).starts_with(start) && line("4.16", &ct).contains(" [OFFLOAD] mark"));
    assert!(
        line("4.15", &ct).contains(" 300 ESTABLISHED ")
            && line("4.15", &ct).contains(" [ASSURED] ")
    );
}

#[test]
fn lines_contain_the_names_of_protocols() {
    let of = |release: &str, proto| {
        let orig = NfConntrackTuple::ports(proto, v4(1, 0x830d), v4(2, 0x0800));
        let status = Status::CONFIRMED;
        let proto = L4State::new(proto);
        let ct = NfConn { tuple: [orig, orig.inverted()], proto, status, ..everything() };
        let text = line(release, &ct);
        text.split(" packets").next().unwrap().to_owned()
    };
    let addresses = "src=192.0.2.1 dst=192.0.2.2";
    let gre = format!(
        "ipv4     2 gre      47 300 timeout=0, stream_timeout=0 {addresses} srckey=0x830d dstkey=0x800"
    );
    assert_eq!(of("7.2", IpProto::GRE), gre);
    let icmp = format!("ipv4     2 icmp     1 300 {addresses} type=8 code=0 id=33549");
    assert_eq!(of("7.2", IpProto::ICMP), icmp);
    assert_eq!(of("7.2", IpProto::DCCP), format!("ipv4     2 unknown  33 300 {addresses}"));
    let dccp = format!("ipv4     2 dccp     33 300 NONE {addresses} sport=33549 dport=2048");
    assert_eq!(of("6.15", IpProto::DCCP), dccp);
    // The name of ICMPv6 changed in 5.12 and 5.10.32.
    assert!(of("5.11", IpProto::ICMPV6).contains(" unknown  58 "));
    assert!(of("5.12", IpProto::ICMPV6).contains(" icmpv6   58 "));
}

/// The patch that added timestamps had a mistake when it was posted, which is in no release.
#[test]
fn delta_time_of_the_posted_patch_is_wrong() {
    let posted = CtSeq { delta_time: DeltaTime::AsPosted, ..NOW };
    let shown = |ct: &NfConn, seq: &CtSeq| {
        let line = ct_seq_show(&kernel("2.6.39"), ct, seq);
        line.split_once("delta-time=").map(|(_, rest)| rest.split(' ').next().unwrap().to_owned())
    };
    let without = NfConn { tstamp: None, ..everything() };
    assert_eq!(shown(&without, &posted).as_deref(), Some("18446744073709551615"));
    assert_eq!(shown(&without, &NOW), None);
    assert_eq!(shown(&everything(), &posted).as_deref(), Some("3"));
    // If the clock is before START, releases print 0, and the posted patch nearly 2^64 nanoseconds.
    let back = CtSeq { time_now: 0, ..NOW };
    assert_eq!(shown(&everything(), &back).as_deref(), Some("0"));
    let back = CtSeq { time_now: 0, ..posted };
    assert_eq!(shown(&everything(), &back).as_deref(), Some("18446744072"));
    // Without the option, both print nothing.
    let config = Config { timestamp: false, ..Config::DISTRIBUTION };
    let stub = Kernel { config, ..kernel("2.6.39") };
    assert!(!ct_seq_show(&stub, &without, &posted).contains("delta-time"));
}
