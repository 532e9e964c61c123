//! What the tests share: a reader of IPFIX, and flows with chosen values.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use ctnetlink::flat::{Layout, Tcp};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{
    Conntrack, Counters, IpProto, MessageBuf, MessageBuilder, MsgType, ProtoInfo, Status, TcpState,
    Timestamp, Tuple,
};
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Encoder, Statistics};
use std::net::IpAddr;

#[path = "../collector/reader.rs"]
mod reader;

pub use reader::*;

/// A time of export.
pub const NOW: u64 = 1_795_552_011_987_654_321;
/// Statistics, none of whose bytes are the same in two fields.
pub const STATISTICS: Statistics = Statistics {
    messages: 0x0101_0203,
    bytes: 0x0202_0304_0506,
    records: 0x0303_0405,
    observed: 0x0404_0506,
    not_sent: 0x0505_0607,
    first_loss: START,
    last_loss: STOP,
    process: 0x1122_3344,
};
/// The start of the flows.
pub const START: u64 = 1_795_552_006_123_456_789;
/// The stop of the flows.
pub const STOP: u64 = 1_795_552_011_123_457_110;

/// Takes all messages out of an encoder.
pub fn take(encoder: &mut Encoder) -> Vec<Vec<u8>> {
    encoder.flush(NOW);
    let mut messages = Vec::new();
    while let Some(message) = encoder.next_message() {
        messages.push(message.bytes.to_vec());
    }
    messages
}

/// Returns the records of flows.
pub fn records(config: Config, flows: &[Conntrack]) -> Vec<Record> {
    let mut encoder = Encoder::new(config);
    let mut reader = Reader::default();
    for entry in flows {
        push(&mut encoder, entry);
    }
    let messages = take(&mut encoder);
    messages.iter().flat_map(|message| reader.decode(message).records).collect()
}

/// Adds an entry as a DESTROY event of the kernel.
pub fn push(encoder: &mut Encoder, entry: &Conntrack) -> u32 {
    let message = destroy(entry);
    encoder.push(&Flow::new(message.as_message(), entry), NOW)
}

/// Returns the DESTROY event of an entry.
pub fn destroy(entry: &Conntrack) -> MessageBuf {
    let builder = MessageBuilder::new(MsgType::CT_DELETE, entry.family);
    entry.to_message(&builder, Layout::Event).expect("it fits")
}

/// Returns the NEW event of an entry.
pub fn new_event(entry: &Conntrack) -> MessageBuf {
    let builder = MessageBuilder {
        flags: NlmFlags::CREATE | NlmFlags::EXCL,
        ..MessageBuilder::new(MsgType::CT_NEW, entry.family)
    };
    entry.to_message(&builder, Layout::Event).expect("it fits")
}

/// Returns a TCP flow without NAT, none of whose bytes are the same in two fields.
pub fn tcp4() -> Conntrack {
    let orig = Tuple::tcp("10.1.2.3:40961".parse().unwrap(), "198.51.100.7:443".parse().unwrap());
    with_values(Conntrack::new(orig))
}

/// The same over IPv6.
pub fn tcp6() -> Conntrack {
    let orig = Tuple::tcp(
        "[2001:db8:1:2:3:4:5:6]:40962".parse().unwrap(),
        "[2001:db8:a:b:c:d:e:f]:8443".parse().unwrap(),
    );
    with_values(Conntrack::new(orig))
}

/// An ICMP echo.
pub fn icmp4() -> Conntrack {
    let (src, dst) = ("10.1.2.4".parse().unwrap(), "198.51.100.8".parse().unwrap());
    let entry = Conntrack::new(Tuple::icmp(src, dst, 8, 0, 0x1b2c));
    Conntrack { protoinfo: None, ..with_values(entry) }
}

/// An ICMPv6 echo.
pub fn icmp6() -> Conntrack {
    let (src, dst) = ("2001:db8::11".parse().unwrap(), "2001:db8::22".parse().unwrap());
    let entry = Conntrack::new(Tuple::icmp(src, dst, 128, 0, 0x1b2d));
    Conntrack { protoinfo: None, ..with_values(entry) }
}

/// A flow of GRE, whose keys are not ports.
pub fn gre() -> Conntrack {
    let mut entry = tcp4();
    entry.protoinfo = None;
    entry.orig.proto = Some(IpProto::GRE);
    entry.reply.proto = Some(IpProto::GRE);
    entry
}

/// Adds SNAT and DNAT, and returns the entry.
pub fn with_nat(mut entry: Conntrack) -> Conntrack {
    entry.status = entry.status.map(|status| status | Status::SRC_NAT | Status::DST_NAT);
    let (source, destination): (IpAddr, IpAddr) = match entry.orig.src {
        Some(IpAddr::V4(_)) => ("203.0.113.9".parse().unwrap(), "192.0.2.77".parse().unwrap()),
        _ => ("2001:db8:99::9".parse().unwrap(), "2001:db8:77::7".parse().unwrap()),
    };
    (entry.reply.dst, entry.reply.src) = (Some(source), Some(destination));
    if entry.reply.src_port.is_some() {
        (entry.reply.dst_port, entry.reply.src_port) = (Some(61_234), Some(8_080));
    }
    entry
}

fn with_values(entry: Conntrack) -> Conntrack {
    let state = Some(TcpState::TIME_WAIT);
    Conntrack {
        id: Some(0xd1d2_d3d4),
        status: Some(Status::SEEN_REPLY | Status::ASSURED | Status::CONFIRMED | Status::DYING),
        protoinfo: Some(ProtoInfo::Tcp(Tcp { state, ..Tcp::default() })),
        timestamp: Timestamp { start: Some(START), stop: Some(STOP) },
        counters_orig: Counters { packets: Some(1_111), bytes: Some(0x1_2345_6789) },
        counters_reply: Counters { packets: Some(2_222), bytes: Some(0x2_3456_789a) },
        ..entry
    }
}

/// Returns a port on which nothing listens.
pub fn free_udp_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.local_addr().expect("an address").port()
}

/// Waits until a program listens on a port of 127.0.0.1.
pub fn wait_for_udp(port: u16) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // Binding the port to try it would keep the program from it.
    let local = format!(":{port:04X} ");
    let is_open = |table| std::fs::read_to_string(table).is_ok_and(|text| text.contains(&local));
    while !(is_open("/proc/net/udp") || is_open("/proc/net/udp6")) {
        assert!(std::time::Instant::now() < end, "nothing listens on port {port}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
