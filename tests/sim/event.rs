//! Tests of events.

use crate::entry::{decoded, dump, event, everything, kernel, order};
use ctnetlink::Message;
use ctnetlink::attrs::Status;
use ctnetlink::nested::TcpState;
use ctnetlink::sim::{IpctEvents, NfConn, NfConnLabels, ctnetlink_conntrack_event};
use ctnetlink::wire::Endian;

/// Compares with the source of `ctnetlink_conntrack_event`.
///
/// The releases are 2.6.38, 2.6.39, 3.9.6, 4.18, 5.10.72, 5.11.4, 6.13.7, and 6.14 to 7.1.5.
#[test]
fn each_release_sends_attributes_in_its_order() {
    let all = IpctEvents::all() & !IpctEvents::DESTROY;
    let born = |labels: &str, synproxy: &str, time: &str| {
        format!(
            "TUPLE_ORIG TUPLE_REPLY ZONE ID STATUS TIMEOUT PROTOINFO HELP SECCTX {labels}\
             TUPLE_MASTER SEQ_ADJ_ORIG SEQ_ADJ_REPLY {synproxy}MARK{time}"
        )
    };
    let ended = |timeout: &str, times: &str, proto: &str, time: &str| {
        format!(
            "TUPLE_ORIG TUPLE_REPLY ZONE ID STATUS {timeout}COUNTERS_ORIG COUNTERS_REPLY \
             {times}{proto}MARK{time}"
        )
    };
    let (times, proto, time) = ("TIMESTAMP ", "PROTOINFO ", " TIMESTAMP_EVENT");
    let table = [
        ("2.6.38", born("", "", ""), ended("", "", "", "")),
        ("2.6.39", born("", "", ""), ended("", times, "", "")),
        ("3.8", born("", "", ""), ended("", times, "", "")),
        ("3.9", born("LABELS ", "", ""), ended("", times, "", "")),
        ("4.17", born("LABELS ", "", ""), ended("", times, "", "")),
        ("4.18", born("LABELS ", "SYNPROXY ", ""), ended("", times, "", "")),
        ("5.10", born("LABELS ", "SYNPROXY ", ""), ended("", times, "", "")),
        ("5.11", born("LABELS ", "SYNPROXY ", ""), ended("TIMEOUT ", times, proto, "")),
        ("6.13", born("LABELS ", "SYNPROXY ", ""), ended("TIMEOUT ", times, proto, "")),
        ("6.14", born("LABELS ", "SYNPROXY ", time), ended("TIMEOUT ", times, proto, time)),
        ("7.2", born("LABELS ", "SYNPROXY ", time), ended("TIMEOUT ", times, proto, time)),
    ];
    for (release, born, ended) in table {
        let kernel = kernel(release);
        let ct = everything();
        assert_eq!(order(&event(&kernel, all, &ct), Endian::Little), born, "{release}");
        let destroy = event(&kernel, IpctEvents::DESTROY, &ct);
        assert_eq!(order(&destroy, Endian::Little), ended, "{release}");
    }
    // The state alone, and no time left.
    let gone = NfConn { timeout: 0, ..everything() };
    let shown = decoded(&event(&kernel("5.11"), IpctEvents::DESTROY, &gone));
    assert_eq!(shown.timeout, None);
    let state = ctnetlink::flat::Tcp { state: Some(TcpState::ESTABLISHED), ..Default::default() };
    assert_eq!(shown.protoinfo, Some(ctnetlink::flat::ProtoInfo::Tcp(state)));
}

/// Event bits determine the type, flags and group in all releases.
#[test]
fn event_bits_determine_type_flags_and_group() {
    let kernel = kernel("7.2");
    let of = |events: IpctEvents| {
        let event = ctnetlink_conntrack_event(&kernel, events, &everything(), 0, 77).unwrap()?;
        let header = *Message::parse_with(&event.bytes, Endian::Little).unwrap().header();
        assert_eq!((header.nlmsg_seq, header.nlmsg_pid), (0, 77));
        Some((header.nlmsg_type, header.nlmsg_flags.bits(), event.group as u8))
    };
    assert_eq!(of(IpctEvents::DESTROY | IpctEvents::NEW), Some((0x102, 0, 3)));
    assert_eq!(of(IpctEvents::NEW | IpctEvents::MARK), Some((0x100, 0x600, 1)));
    assert_eq!(of(IpctEvents::RELATED), Some((0x100, 0x600, 1)));
    assert_eq!(of(IpctEvents::REPLY), Some((0x100, 0, 2)));
    assert_eq!(of(IpctEvents::empty()), None);
}

/// Compares with the sources of 6.14 to 7.1.5.
///
/// No event contains the attributes that are not listed.
#[test]
fn events_contain_attributes_under_their_conditions() {
    let kernel = kernel("7.2");
    let shown = |events, ct: &NfConn| order(&event(&kernel, events, ct), Endian::Little);
    let plain = "TUPLE_ORIG TUPLE_REPLY ZONE ID STATUS TIMEOUT HELP SECCTX MARK TIMESTAMP_EVENT";
    assert_eq!(shown(IpctEvents::REPLY, &everything()), plain);
    // SECCTX and MARK are in the event because they are not 0, HELP because the entry has a helper.
    let zeros = NfConn { secmark: 0, mark: 0, help: None, ..everything() };
    let bare = "TUPLE_ORIG TUPLE_REPLY ZONE ID STATUS TIMEOUT";
    assert_eq!(shown(IpctEvents::REPLY, &zeros), format!("{bare} TIMESTAMP_EVENT"));
    assert_eq!(shown(IpctEvents::MARK, &zeros), format!("{bare} MARK TIMESTAMP_EVENT"));
    assert_eq!(shown(IpctEvents::SECMARK, &zeros), format!("{bare} SECCTX TIMESTAMP_EVENT"));
    assert_eq!(shown(IpctEvents::HELPER, &zeros), format!("{bare} TIMESTAMP_EVENT"));
    // Unlike a dump, the event contains it even for an offloaded flow.
    let offloaded = NfConn { status: zeros.status | Status::OFFLOAD, ..zeros };
    assert_eq!(shown(IpctEvents::REPLY, &offloaded), format!("{bare} TIMESTAMP_EVENT"));
    // The event has no master without EXPECTED, no adjustments without SEQ_ADJUST, and no labels if all
    // are 0.
    let unset = NfConn {
        status: Status::CONFIRMED,
        labels: Some(NfConnLabels { words: 2, ..Default::default() }),
        ..offloaded
    };
    let bits = IpctEvents::RELATED | IpctEvents::SEQADJ | IpctEvents::LABEL;
    assert_eq!(shown(bits, &unset), format!("{bare} TIMESTAMP_EVENT"));
}

/// Marks of 0 change in 6.1-rc and 6.0.11 (52d1aa8b8249, 1feeae071507), and in 6.3-rc and 6.1.20.
///
/// The latter commit is 9f7dd42f0db1.
#[test]
fn some_releases_omit_a_mark_of_0() {
    let zero = NfConn { mark: 0, ..everything() };
    for (release, is_shown) in
        [("5.15", true), ("6.0.11", false), ("6.1.19", false), ("6.1.20", true), ("6.3", true)]
    {
        let kernel = kernel(release);
        let mark = decoded(&dump(&kernel, &zero)).mark;
        assert_eq!(mark, is_shown.then_some(0), "{release}");
        let unchanged = decoded(&event(&kernel, IpctEvents::REPLY, &everything())).mark;
        assert_eq!(unchanged, is_shown.then_some(5), "{release}");
        let changed = decoded(&event(&kernel, IpctEvents::MARK, &everything())).mark;
        assert_eq!(changed, Some(5), "{release}");
    }
}
