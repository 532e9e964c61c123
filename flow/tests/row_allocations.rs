//! Counts what rows ask of the heap.
#![cfg(feature = "columns")]

use ctnetlink::flat::{Help, Layout, Name, Tcp, Timestamp};
use ctnetlink::{
    Conntrack, Counters, Endian, Family, MessageBuilder, MsgType, ProtoInfo, Status, TcpState,
    Tuple,
};
use ctnetlink_flow::column::COLUMNS;
use ctnetlink_flow::{Flow, csv};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn the_row_of_a_plain_event_allocates_nothing() {
    let orig = Tuple::tcp("192.0.2.1:40000".parse().unwrap(), "198.51.100.7:443".parse().unwrap());
    let counters = |packets, bytes| Counters { packets: Some(packets), bytes: Some(bytes) };
    let entry = Conntrack {
        id: Some(0x9abc_def0),
        status: Some(Status::from_bits_retain(910)),
        timestamp: Timestamp {
            start: Some(1_795_552_006_123_456_789),
            stop: Some(1_795_552_011_123_457_110),
        },
        counters_orig: counters(17, 2345),
        counters_reply: counters(12, 67_890),
        protoinfo: Some(ProtoInfo::Tcp(Tcp { state: Some(TcpState::LAST_ACK), ..Tcp::default() })),
        help: Help { name: Some(Name::from("ftp")), ..Help::default() },
        ..Conntrack::new(orig)
    };
    let builder = MessageBuilder::new(MsgType::CT_DELETE, Family::IPV4);
    let builder = MessageBuilder { endian: Endian::Little, ..builder };
    let message = entry.to_message(&builder, Layout::Event).unwrap();
    let message = message.as_message();
    let flow = Flow { event_time: Some(1_795_552_011_987_654_321), ..Flow::new(message, &entry) };
    let mut line = Vec::with_capacity(1000);
    let region = Region::new(HEAP);
    let present = COLUMNS.iter().filter(|column| column.read(&flow).is_some()).count();
    csv::write_row(&flow, &mut line);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!(present, 27);
    assert_eq!(line.iter().filter(|byte| **byte == b',').count(), COLUMNS.len() - 1);
}
