//! Tests of dumps, and of the attributes that a release or an option lacks.

use crate::entry::{TCP4, decoded, dump, event, everything, kernel, order, v4};
use ctnetlink::Message;
use ctnetlink::attrs::Status;
use ctnetlink::kernel::{Arch, Config, Kernel, Release};
use ctnetlink::msg_size::{CtShape, ctnetlink_nlmsg_size};
use ctnetlink::nested::{IpProto, SctpState};
use ctnetlink::sim::{
    IpConntrackStat, IpctEvents, L4State, NfConn, NfConnLabels, NfConnTstamp, NfConntrackTuple,
    NfConntrackZone, Reply, Skb, ZoneDir, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_fill_info,
    ctnetlink_stat_ct_fill_info, nf_ct_expires,
};
use ctnetlink::wire::{Endian, WriteBuf};

/// Compares with the source of `ctnetlink_fill_info`.
///
/// The releases are 2.6.38, 2.6.39, 3.8.13, 3.9.6, 4.14.74, 4.18, 5.2.1, 5.3.1, 4.19.304 and 5.7.14 to
/// 7.1.5. 4.19.99 and 5.5 are derived from a commit ("honor IPS_OFFLOAD flag", 49ca022bccc5).
#[test]
fn each_release_dumps_attributes_in_its_order() {
    let early = |times: &str, labels: &str, synproxy: &str| {
        format!(
            "TUPLE_ORIG TUPLE_REPLY ZONE STATUS TIMEOUT COUNTERS_ORIG COUNTERS_REPLY {times}\
             PROTOINFO HELP MARK SECCTX {labels}ID USE TUPLE_MASTER SEQ_ADJ_ORIG \
             SEQ_ADJ_REPLY{synproxy}"
        )
    };
    let v2_6_38 = early("", "", "");
    let v2_6_39 = early("TIMESTAMP ", "", "");
    let v3_9 = early("TIMESTAMP ", "LABELS ", "");
    let v4_18 = early("TIMESTAMP ", "LABELS ", " SYNPROXY");
    let v5_3 = "TUPLE_ORIG TUPLE_REPLY ZONE STATUS COUNTERS_ORIG COUNTERS_REPLY TIMESTAMP HELP MARK \
                SECCTX LABELS ID USE TUPLE_MASTER SEQ_ADJ_ORIG SEQ_ADJ_REPLY SYNPROXY TIMEOUT \
                PROTOINFO";
    let v5_5 = "TUPLE_ORIG TUPLE_REPLY ZONE STATUS MARK SECCTX ID USE TUPLE_MASTER TIMEOUT PROTOINFO \
                COUNTERS_ORIG COUNTERS_REPLY TIMESTAMP HELP LABELS SEQ_ADJ_ORIG SEQ_ADJ_REPLY \
                SYNPROXY";
    let table: [(&[&str], &str); 6] = [
        (&["2.6.38"], &v2_6_38),
        (&["2.6.39", "3.4", "3.8"], &v2_6_39),
        (&["3.9", "3.13", "4.3", "4.17"], &v3_9),
        (&["4.18", "4.19.98", "4.20", "5.2"], &v4_18),
        (&["4.19.99", "4.19.304", "5.3", "5.4"], v5_3),
        (&["5.5", "5.10", "6.12", "6.14", "7.2"], v5_5),
    ];
    for (releases, expected) in table {
        for release in releases {
            let message = dump(&kernel(release), &everything());
            assert_eq!(order(&message, Endian::Little), expected, "{release}");
        }
    }
}

/// Compares with the source of `ctnetlink_dump_info`: 4.3 (zones), 5.3 (offload), 5.5 (unconfirmed).
#[test]
fn dumps_contain_attributes_under_their_conditions() {
    let modern = kernel("6.12");
    let with_zone = |dir| NfConn { zone: NfConntrackZone { id: 7, dir }, ..everything() };
    let zones = |kernel: &Kernel, ct: &NfConn| {
        let shown = decoded(&dump(kernel, ct));
        (shown.orig.zone, shown.reply.zone, shown.zone, shown.master.zone)
    };
    assert_eq!(zones(&modern, &with_zone(ZoneDir::Orig)), (Some(7), None, None, None));
    assert_eq!(zones(&modern, &with_zone(ZoneDir::Reply)), (None, Some(7), None, None));
    assert_eq!(zones(&modern, &with_zone(ZoneDir::Both)), (None, None, Some(7), None));
    assert_eq!(zones(&kernel("4.2"), &with_zone(ZoneDir::Orig)), (None, None, Some(7), None));
    let zone0 = NfConn { zone: NfConntrackZone::default(), ..everything() };
    assert_eq!(zones(&modern, &zone0), (None, None, None, None));

    let offloaded = NfConn { status: Status::CONFIRMED | Status::OFFLOAD, ..everything() };
    let shown = decoded(&dump(&modern, &offloaded));
    assert_eq!((shown.timeout, shown.protoinfo), (None, None));
    assert_eq!(decoded(&dump(&kernel("5.2"), &offloaded)).timeout, Some(300));

    // The entry lacks extensions, or all its labels are 0.
    let bare = NfConn {
        acct: None,
        tstamp: None,
        help: None,
        synproxy: None,
        secctx: None,
        labels: Some(NfConnLabels { words: 2, ..Default::default() }),
        status: Status::CONFIRMED,
        ..everything()
    };
    let expected = "TUPLE_ORIG TUPLE_REPLY ZONE STATUS MARK ID USE TIMEOUT PROTOINFO";
    assert_eq!(order(&dump(&modern, &bare), Endian::Little), expected);
    // An active entry has no STOP.
    let alive = NfConn { tstamp: Some(NfConnTstamp { start: 5, stop: 0 }), ..everything() };
    assert_eq!(decoded(&dump(&modern, &alive)).timestamp.stop, None);

    // Unconfirmed entries have no extensions, and the timeout that they will have after confirmation.
    let unconfirmed = NfConn { status: Status::empty(), ..everything() };
    let reply = Reply { extinfo: false, ..Reply::to(9, 1) };
    let mut skb = WriteBuf::new();
    ctnetlink_fill_info(&modern, &unconfirmed, 99_999, &reply, Skb::UNLIMITED, &mut skb).unwrap();
    let shown = decoded(&skb);
    assert_eq!((shown.timeout, shown.timestamp.start), (Some(300), None));
}

/// Without a Kconfig option its attributes are absent and its terms of the size are 0.
#[test]
fn disabled_options_remove_their_attributes() {
    let on = Config::DISTRIBUTION;
    let without = |config: Config| {
        let kernel = Kernel { config, ..kernel("7.2") };
        let shape = CtShape { timestamp: true, labels: Some(16), ..TCP4 };
        (
            order(&dump(&kernel, &everything()), Endian::Little),
            ctnetlink_nlmsg_size(&kernel, &shape),
        )
    };
    let (all, size) = without(on);
    let check = |config, attrs: &[&str], less: usize| {
        let expected = all.split(' ').filter(|attr| !attrs.contains(attr)).collect::<Vec<_>>();
        assert_eq!(without(config), (expected.join(" "), size - less), "{attrs:?}");
    };
    // The removed attributes are START, STOP and the event's time.
    check(Config { timestamp: false, ..on }, &["TIMESTAMP"], 28 + 12);
    check(Config { mark: false, ..on }, &["MARK"], 8);
    check(Config { zones: false, ..on }, &["ZONE"], 8);
    check(Config { labels: false, ..on }, &["LABELS"], 20);
    check(Config { secmark: false, ..on }, &["SECCTX"], 0);
    check(Config { synproxy: false, ..on }, &["SYNPROXY"], 0);
    check(Config { nat: false, ..on }, &[], 56);
    let no_time = Kernel { config: Config { timestamp: false, ..on }, ..kernel("7.2") };
    let update = event(&no_time, IpctEvents::REPLY, &everything());
    assert!(!order(&update, Endian::Little).contains("TIMESTAMP"));
}

/// DCCP is generic since Linux 6.16 (fd72f265bb00), UDP-Lite since Linux 7.1.
#[test]
fn dccp_and_udplite_become_generic() {
    let ports = |release: &str, proto| {
        let orig = NfConntrackTuple::ports(proto, v4(1, 1000), v4(2, 2000));
        let ct =
            NfConn { tuple: [orig, orig.inverted()], proto: L4State::new(proto), ..everything() };
        let shown = decoded(&dump(&kernel(release), &ct));
        (shown.orig.src_port.is_some(), shown.protoinfo.is_some())
    };
    assert_eq!(ports("6.15", IpProto::DCCP), (true, true));
    assert_eq!(ports("6.16", IpProto::DCCP), (false, false));
    assert_eq!(ports("7.0", IpProto::UDPLITE), (true, false));
    assert_eq!(ports("7.1", IpProto::UDPLITE), (false, false));
    assert_eq!(ports("7.2", IpProto::GRE), (true, false));
    assert_eq!(ports("7.2", IpProto(253)), (false, false));
}

/// The timeout of an expired entry is an unsigned difference up to Linux 3.1.3, and 0 since 3.2.40.
#[test]
fn the_timeout_of_an_expired_entry_depends_on_the_release() {
    let ct = NfConn { timeout: 1000, ..everything() };
    let left = |release: &str, now| nf_ct_expires(&kernel(release), &ct, now);
    assert_eq!(left("7.2", 0), 4);
    assert_eq!(left("7.2", 1), 3);
    assert_eq!(left("7.2", 5000), 0);
    assert_eq!(left("3.1", 1), 3);
    // The value is the low 32 bits of (2^64 - 4000) / 250.
    assert_eq!(left("3.1", 5000), 0x2f1a_9fae);
    let narrow = Kernel { arch: Arch { word: 4, ..Arch::X86_64 }, ..kernel("3.1") };
    assert_eq!(nf_ct_expires(&narrow, &ct, 5000), 17_179_853);
}

/// The statistics of a CPU change in Linux 4.9, 5.10 and 5.15; the table size exists since 4.18.
#[test]
fn statistics_contain_the_counters_of_the_release() {
    let numbers = |message: &[u8]| {
        let message = Message::parse_with(message, Endian::Little).unwrap();
        let ctnetlink::Body::StatsCpu(_, attrs) = message.body().unwrap() else { panic!() };
        attrs.raw().map(|raw| raw.unwrap().number()).collect::<Vec<_>>()
    };
    let of = |release: &str| {
        let st = IpConntrackStat::default();
        numbers(&ctnetlink_ct_stat_cpu_fill_info(&kernel(release), 1, &st, (9, 1)))
    };
    assert_eq!(of("4.4"), (1..=13).collect::<Vec<_>>());
    assert_eq!(of("4.9"), [2, 4, 5, 8, 9, 10, 11, 12, 13]);
    assert_eq!(of("5.10"), [2, 4, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(of("5.15"), [2, 4, 8, 9, 10, 11, 12, 13, 14, 15]);
    let size = |release: &str| ctnetlink_stat_ct_fill_info(&kernel(release), 1, 2, (9, 1)).len();
    assert_eq!((size("4.17"), size("4.18")), (28, 36));
}

/// The states of SCTP and of the generic protocol are as recorded.
#[test]
fn sctp_entries_have_their_recorded_state() {
    let orig = NfConntrackTuple::ports(IpProto::SCTP, v4(1, 1), v4(2, 2));
    let proto = L4State::Sctp { state: SctpState::ESTABLISHED, vtag: [1, 2] };
    let ct = NfConn { tuple: [orig, orig.inverted()], proto, ..everything() };
    let message = dump(&kernel("7.2"), &ct);
    let nest = [
        32, 0, 4, 0x80, 28, 0, 3, 0x80, 5, 0, 1, 0, 4, 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 1, 8, 0, 3, 0,
        0, 0, 0, 2,
    ];
    assert!(message.windows(nest.len()).any(|window| window == nest));
}

#[test]
fn releases_are_ordered() {
    let read = |text: &str| text.parse::<Release>().unwrap();
    assert!(read("2.6.38") < Release::V2_6_39);
    assert!(read("2.6.39") < read("3.0"));
    assert!(read("6.1.20") < read("6.1"));
    assert_eq!(read("6.1").to_string(), "6.1.y");
}
