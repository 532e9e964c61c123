//! Messages, records and times of IPFIX, by RFC 7011, 5103 and 8158.

mod common;

use common::*;
use ctnetlink::{Conntrack, Counters, MessageBuilder, MsgType, Timestamp};
use ctnetlink_flow::ipfix::{Config, Element, Encoder, Mode, Statistics, ntp_time};
use ctnetlink_flow::{EndReason, Flow};

const BILLION: u64 = 1_000_000_000;

/// What a reader computes that truncates to nanoseconds.
fn truncated(ntp: u64) -> u64 {
    ((ntp & 0xffff_ffff) * BILLION) >> 32
}

/// What a reader computes that rounds to the nearest nanosecond.
fn rounded(ntp: u64) -> u64 {
    ((ntp & 0xffff_ffff) * BILLION + (1 << 31)) >> 32
}

fn assert_readers_get(ns: u64) {
    let ntp = ntp_time(1_795_552_006 * BILLION + ns);
    assert_eq!((ntp >> 32, truncated(ntp), rounded(ntp)), (4_004_540_806, ns, ns));
}

#[test]
fn every_reader_gets_the_exact_nanosecond() {
    [0, 1, 2, 499_999_999, 500_000_000, 123_456_789, 999_999_998, 999_999_999]
        .into_iter()
        .for_each(assert_readers_get);
    (0..BILLION).step_by(9_973).for_each(assert_readers_get);
}

#[test]
#[ignore = "all fractions take a minute without optimization"]
fn every_fraction_of_a_second_is_exact() {
    (0..BILLION).for_each(assert_readers_get);
}

#[test]
fn the_seconds_of_ntp_begin_again_in_2036() {
    // 2036-02-07 06:28:15, :16 and :17 UTC
    let ends =
        [2_085_978_495, 2_085_978_496, 2_085_978_497].map(|s| ntp_time(s * BILLION + 7) >> 32);
    assert_eq!(ends, [u64::from(u32::MAX), 0, 1]);
    assert_eq!(ntp_time(u64::MAX) >> 32, (18_446_744_073 + 2_208_988_800) % (1 << 32));
}

#[test]
fn a_biflow_contains_both_directions() {
    let records = records(Config::default(), &[tcp4()]);
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(record.fields.iter().map(|field| field.2.len()).sum::<usize>(), 87);
    assert_eq!(record.addr(Element::SOURCE_IPV4_ADDRESS), Some("10.1.2.3".parse().unwrap()));
    assert_eq!(
        record.addr(Element::DESTINATION_IPV4_ADDRESS),
        Some("198.51.100.7".parse().unwrap())
    );
    assert_eq!(record.number(Element::SOURCE_TRANSPORT_PORT), Some(40_961));
    assert_eq!(record.number(Element::DESTINATION_TRANSPORT_PORT), Some(443));
    assert_eq!(record.number(Element::PROTOCOL_IDENTIFIER), Some(6));
    assert_eq!(record.number(Element::FLOW_START_MILLISECONDS), Some(START / 1_000_000));
    assert_eq!(record.number(Element::FLOW_END_MILLISECONDS), Some(STOP / 1_000_000));
    assert_eq!(record.time(Element::FLOW_START_NANOSECONDS), Some(START));
    assert_eq!(record.time(Element::FLOW_END_NANOSECONDS), Some(STOP));
    assert_eq!(record.number(Element::OCTET_DELTA_COUNT), Some(0x1_2345_6789));
    assert_eq!(record.number(Element::PACKET_DELTA_COUNT), Some(1_111));
    assert_eq!(record.number(Element::OCTET_DELTA_COUNT.reverse()), Some(0x2_3456_789a));
    assert_eq!(record.number(Element::PACKET_DELTA_COUNT.reverse()), Some(2_222));
    assert_eq!(record.number(Element::FLOW_END_REASON), Some(3));
    assert_eq!(record.number(Element::BIFLOW_DIRECTION), Some(1));
    assert_eq!(record.number(Element::FLOW_ID), Some(0xd1d2_d3d4));
    assert_eq!(record.fields.len(), 16);
}

#[test]
fn nat_is_where_packets_go_and_come_from() {
    for (entry, source, destination, length) in [
        (
            tcp4(),
            Element::POST_NAT_SOURCE_IPV4_ADDRESS,
            Element::POST_NAT_DESTINATION_IPV4_ADDRESS,
            99,
        ),
        (
            tcp6(),
            Element::POST_NAT_SOURCE_IPV6_ADDRESS,
            Element::POST_NAT_DESTINATION_IPV6_ADDRESS,
            147,
        ),
    ] {
        let entry = with_nat(entry);
        let records = records(Config::default(), std::slice::from_ref(&entry));
        let [record] = &records[..] else { panic!("{records:?}") };
        assert_eq!(record.addr(source), entry.reply.dst);
        assert_eq!(record.addr(destination), entry.reply.src);
        assert_eq!(record.number(Element::POST_NAPT_SOURCE_TRANSPORT_PORT), Some(61_234));
        assert_eq!(record.number(Element::POST_NAPT_DESTINATION_TRANSPORT_PORT), Some(8_080));
        assert_eq!(record.fields.iter().map(|field| field.2.len()).sum::<usize>(), length);
    }
}

#[test]
fn icmp_has_its_type_and_code_in_three_elements() {
    let records = records(Config::default(), &[icmp4(), icmp6(), gre()]);
    let [v4, v6, gre] = &records[..] else { panic!("{records:?}") };
    assert_eq!(v4.number(Element::ICMP_TYPE_CODE_IPV4), Some(8 * 256));
    assert_eq!(v4.number(Element::ICMP_TYPE_IPV4), Some(8));
    assert_eq!(v4.number(Element::ICMP_CODE_IPV4), Some(0));
    assert_eq!(v6.number(Element::ICMP_TYPE_CODE_IPV6), Some(128 * 256));
    assert_eq!(v6.number(Element::ICMP_TYPE_IPV6), Some(128));
    assert_eq!(v6.number(Element::ICMP_CODE_IPV6), Some(0));
    assert_eq!(gre.number(Element::PROTOCOL_IDENTIFIER), Some(47));
    for element in [Element::SOURCE_TRANSPORT_PORT, Element::ICMP_TYPE_IPV4] {
        assert_eq!(gre.number(element), None, "{element}");
    }
}

#[test]
fn what_the_kernel_did_not_send_is_not_in_the_record() {
    let full = Conntrack { zone: Some(0x3a3b), mark: Some(0x4c4d_4e4f), ..tcp4() };
    let config = Config { mark: true, ..Config::default() };
    let bare = Conntrack {
        timestamp: Timestamp::default(),
        counters_orig: Counters::default(),
        counters_reply: Counters::default(),
        ..tcp4()
    };
    let started = Conntrack { timestamp: Timestamp { stop: None, ..tcp4().timestamp }, ..tcp4() };
    let records = records(config, &[full, bare, started]);
    let [full, bare, started] = &records[..] else { panic!("{records:?}") };
    assert_eq!(full.number(Element::INGRESS_VRFID), Some(0x3a3b));
    assert_eq!(full.number(Element::MARK), Some(0x4c4d_4e4f));
    let numbers: Vec<_> = bare.fields.iter().map(|field| field.0).collect();
    assert_eq!(numbers, [8, 12, 7, 11, 4, 136, 239, 148]);
    assert_eq!(started.number(Element::FLOW_START_MILLISECONDS), None);
    assert_eq!(started.number(Element::PACKET_DELTA_COUNT), Some(1_111));
}

#[test]
fn messages_without_a_flow_have_no_record() {
    let mut encoder = Encoder::new(Config::default());
    let entry = tcp4();
    let message = new_event(&entry);
    assert_eq!(encoder.push(&Flow::new(message.as_message(), &entry), NOW), 0);
    for entry in [
        Conntrack { id: None, ..tcp4() },
        Conntrack { orig: ctnetlink::Tuple { src: None, ..tcp4().orig }, ..tcp4() },
        Conntrack { orig: ctnetlink::Tuple { proto: None, ..tcp4().orig }, ..tcp4() },
        Conntrack { orig: ctnetlink::Tuple { dst: tcp6().orig.dst, ..tcp4().orig }, ..tcp4() },
    ] {
        assert_eq!(push(&mut encoder, &entry), 0);
    }
    assert!(take(&mut encoder).is_empty());
}

#[test]
fn uniflows_are_one_record_a_direction() {
    let config = Config { mode: Mode::Uniflow, ..Config::default() };
    let mut silent = tcp4();
    silent.counters_reply = Counters { packets: Some(0), bytes: Some(0) };
    let records = records(config, &[with_nat(tcp4()), silent]);
    let [forward, reply, _silent] = &records[..] else { panic!("{records:?}") };
    assert_eq!(forward.addr(Element::SOURCE_IPV4_ADDRESS), Some("10.1.2.3".parse().unwrap()));
    assert_eq!(
        forward.addr(Element::POST_NAT_SOURCE_IPV4_ADDRESS),
        Some("203.0.113.9".parse().unwrap())
    );
    assert_eq!(forward.number(Element::PACKET_DELTA_COUNT), Some(1_111));
    assert_eq!(reply.addr(Element::SOURCE_IPV4_ADDRESS), Some("192.0.2.77".parse().unwrap()));
    assert_eq!(reply.addr(Element::DESTINATION_IPV4_ADDRESS), Some("203.0.113.9".parse().unwrap()));
    assert_eq!(reply.number(Element::SOURCE_TRANSPORT_PORT), Some(8_080));
    assert_eq!(
        reply.addr(Element::POST_NAT_SOURCE_IPV4_ADDRESS),
        Some("198.51.100.7".parse().unwrap())
    );
    assert_eq!(
        reply.addr(Element::POST_NAT_DESTINATION_IPV4_ADDRESS),
        Some("10.1.2.3".parse().unwrap())
    );
    assert_eq!(reply.number(Element::POST_NAPT_DESTINATION_TRANSPORT_PORT), Some(40_961));
    assert_eq!(reply.number(Element::PACKET_DELTA_COUNT), Some(2_222));
    assert_eq!(reply.number(Element::OCTET_DELTA_COUNT), Some(0x2_3456_789a));
    for record in [forward, reply] {
        assert!(record.fields.iter().all(|field| field.1.is_none() && field.0 != 239));
        assert_eq!(record.time(Element::FLOW_END_NANOSECONDS), Some(STOP));
    }
}

#[test]
fn each_uniflow_has_the_zone_of_its_direction() {
    let config = Config { mode: Mode::Uniflow, ..Config::default() };
    let mut entry = tcp4();
    entry.orig.zone = Some(0x3a3b);
    let zones = |entry: Conntrack| -> Vec<_> {
        let records = records(config, &[entry]);
        records.iter().map(|record| record.number(Element::INGRESS_VRFID)).collect()
    };
    assert_eq!(zones(entry.clone()), [Some(0x3a3b), None]);
    entry.reply.zone = Some(0x4a4b);
    assert_eq!(zones(entry), [Some(0x3a3b), Some(0x4a4b)]);
}

#[test]
fn nat_events_begin_and_end_a_translation() {
    let mut encoder = Encoder::new(Config { mode: Mode::NatEvents, ..Config::default() });
    let ended = with_nat(tcp4());
    let begun = Conntrack {
        timestamp: Timestamp::default(),
        timestamp_event: Some(START),
        ..ended.clone()
    };
    let message = new_event(&begun);
    assert_eq!(encoder.push(&Flow::new(message.as_message(), &begun), NOW), 1);
    assert_eq!(push(&mut encoder, &ended), 1);
    // Without NAT, over IPv6, or at an unknown time there is no event.
    assert_eq!(push(&mut encoder, &tcp4()), 0);
    assert_eq!(push(&mut encoder, &with_nat(tcp6())), 0);
    let untimed = Conntrack { timestamp: Timestamp::default(), ..ended };
    assert_eq!(push(&mut encoder, &untimed), 0);
    let message = destroy(&untimed);
    let flow =
        Flow { event_time: Some(STOP + 5_000_000), ..Flow::new(message.as_message(), &untimed) };
    assert_eq!(encoder.push(&flow, NOW), 1);

    let mut reader = Reader::default();
    let messages = take(&mut encoder);
    let records: Vec<_> = messages.iter().flat_map(|bytes| reader.decode(bytes).records).collect();
    let what = |record: &Record| {
        let time = record.number(Element::OBSERVATION_TIME_MILLISECONDS).unwrap();
        (record.number(Element::NAT_EVENT).unwrap(), time)
    };
    let events: Vec<_> = records.iter().map(what).collect();
    assert_eq!(events, [(4, START / 1_000_000), (5, STOP / 1_000_000), (5, STOP / 1_000_000 + 5)]);
    for record in &records {
        assert_eq!(record.addr(Element::SOURCE_IPV4_ADDRESS), Some("10.1.2.3".parse().unwrap()));
        assert_eq!(
            record.addr(Element::POST_NAT_SOURCE_IPV4_ADDRESS),
            Some("203.0.113.9".parse().unwrap())
        );
        assert_eq!(record.number(Element::POST_NAPT_SOURCE_TRANSPORT_PORT), Some(61_234));
        assert_eq!(record.number(Element::PACKET_DELTA_COUNT), None);
    }
}

#[test]
fn end_reasons_follow_from_state_port_id_and_timeout() {
    let reason = |entry: &Conntrack, portid| {
        let builder =
            MessageBuilder { portid, ..MessageBuilder::new(MsgType::CT_DELETE, entry.family) };
        let message = entry.to_message(&builder, ctnetlink::flat::Layout::Event).unwrap();
        Flow::new(message.as_message(), entry).end_reason()
    };
    let idle = Conntrack { protoinfo: None, ..tcp4() };
    assert_eq!(reason(&idle, 0), EndReason::IdleTimeout);
    assert_eq!(reason(&idle, 4_711), EndReason::ForcedEnd);
    assert_eq!(reason(&Conntrack { timeout: Some(17), ..idle }, 0), EndReason::ForcedEnd);
    assert_eq!(reason(&tcp4(), 0), EndReason::EndDetected);
}

#[test]
fn sequence_numbers_count_the_records_before_a_message() {
    let mut encoder = Encoder::new(Config { max_message: 400, ..Config::default() });
    for n in 0..100 {
        push(&mut encoder, &if n % 3 == 0 { with_nat(tcp4()) } else { tcp4() });
        if n % 40 == 39 {
            encoder.push_statistics(&Statistics { records: n, ..Statistics::default() }, NOW);
            encoder.resend_templates(NOW);
        }
    }
    let (mut reader, mut flows, mut statistics) = (Reader::default(), 0, 0);
    for message in take(&mut encoder) {
        let decoded = reader.decode(&message);
        assert!(decoded.length <= 400, "{decoded:?}");
        let count = if decoded.domain == 0 { &mut statistics } else { &mut flows };
        assert_eq!(decoded.sequence, *count, "{decoded:?}");
        *count += decoded.records.len() as u32;
        assert_eq!(decoded.export_time, 1_795_552_011);
    }
    assert_eq!((flows, statistics), (100, 4));
}

#[test]
fn templates_precede_their_records_and_are_sent_again() {
    let mut encoder = Encoder::new(Config { max_message: 484, ..Config::default() });
    let shapes = [tcp4(), with_nat(tcp4()), tcp6(), with_nat(tcp6()), icmp4(), icmp6(), gre()];
    for entry in &shapes {
        assert_eq!(push(&mut encoder, entry), 1);
    }
    let first = take(&mut encoder);
    let mut reader = Reader::default();
    let announced = |messages: &[Vec<u8>], reader: &mut Reader| -> Vec<u16> {
        messages.iter().flat_map(|message| reader.decode(message).templates).collect()
    };
    let templates = announced(&first, &mut reader);
    assert_eq!(templates.len(), shapes.len());
    encoder.resend_templates(NOW);
    let again = take(&mut encoder);
    // They do not fit one message of 484 bytes.
    assert!(again.len() > 1);
    assert_eq!(announced(&again, &mut Reader::default()), templates);
    assert!(again.iter().all(|message| reader.decode(message).sequence == 7));
    // Later records need no template.
    assert_eq!(push(&mut encoder, &tcp6()), 1);
    assert!(announced(&take(&mut encoder), &mut reader).is_empty());
}

#[test]
fn a_new_session_discards_what_was_not_sent_and_begins_at_zero() {
    let mut encoder = Encoder::new(Config { max_message: 400, ..Config::default() });
    for _ in 0..10 {
        push(&mut encoder, &tcp4());
    }
    let taken = encoder.next_message().expect("a full message").records;
    assert_eq!(encoder.start_session(), u64::from(10 - taken));
    push(&mut encoder, &tcp4());
    let messages = take(&mut encoder);
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let decoded = Reader::default().decode(message);
    assert_eq!((decoded.sequence, decoded.records.len(), decoded.templates.len()), (0, 1, 1));
}

#[test]
fn statistics_tell_a_collector_what_it_did_not_receive() {
    let mut encoder = Encoder::new(Config { domain: 77, ..Config::default() });
    encoder.push_statistics(&STATISTICS, NOW);
    let messages = take(&mut encoder);
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let decoded = Reader::default().decode(message);
    assert_eq!((decoded.domain, decoded.sequence), (0, 0));
    let [sent, not_sent] = &decoded.records[..] else { panic!("{decoded:?}") };
    assert_eq!(sent.number(Element::OBSERVATION_DOMAIN_ID), Some(77));
    assert_eq!(sent.number(Element::EXPORTED_MESSAGE_TOTAL_COUNT), Some(0x0101_0203));
    assert_eq!(sent.number(Element::EXPORTED_OCTET_TOTAL_COUNT), Some(0x0202_0304_0506));
    assert_eq!(sent.number(Element::EXPORTED_FLOW_RECORD_TOTAL_COUNT), Some(0x0303_0405));
    assert_eq!(sent.number(Element::OBSERVED_FLOW_TOTAL_COUNT), Some(0x0404_0506));
    assert_eq!(not_sent.number(Element::EXPORTING_PROCESS_ID), Some(0x1122_3344));
    assert_eq!(not_sent.number(Element::NOT_SENT_FLOW_TOTAL_COUNT), Some(0x0505_0607));
    assert_eq!(not_sent.number(Element::FLOW_START_MILLISECONDS), Some(START / 1_000_000));
    assert_eq!(not_sent.number(Element::FLOW_END_MILLISECONDS), Some(STOP / 1_000_000));
}
