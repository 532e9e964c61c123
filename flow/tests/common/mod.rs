//! What the tests share: a reader of IPFIX, and flows with chosen values.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use ctnetlink::flat::{Layout, Tcp};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{
    Conntrack, Counters, IpProto, MessageBuf, MessageBuilder, MsgType, ProtoInfo, Status, TcpState,
    Timestamp, Tuple,
};
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Element, Encoder};
use std::collections::HashMap;
use std::net::IpAddr;

/// A time of export.
pub const NOW: u64 = 1_795_552_011_987_654_321;
/// The start of the flows.
pub const START: u64 = 1_795_552_006_123_456_789;
/// The stop of the flows.
pub const STOP: u64 = 1_795_552_011_123_457_110;

/// An IPFIX message, as a collector decodes it.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub length: usize,
    pub export_time: u32,
    pub sequence: u32,
    pub domain: u32,
    /// The numbers of the templates in it.
    pub templates: Vec<u16>,
    pub records: Vec<Record>,
}

/// A data record.
#[derive(Clone, Debug)]
pub struct Record {
    pub template: u16,
    /// The number, the enterprise and the bytes of each field.
    pub fields: Vec<(u16, Option<u32>, Vec<u8>)>,
}

impl Record {
    /// Returns the value of an integer field.
    pub fn number(&self, element: Element) -> Option<u64> {
        let bytes = self.bytes(element)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Returns the value of an address field.
    pub fn addr(&self, element: Element) -> Option<IpAddr> {
        let bytes = self.bytes(element)?;
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
    }

    /// Returns the time of a field in the format of NTP, as a reader that truncates has it.
    pub fn time(&self, element: Element) -> Option<u64> {
        let time = self.number(element)?;
        let seconds = (time >> 32) - 2_208_988_800;
        Some(seconds * 1_000_000_000 + (((time & 0xffff_ffff) * 1_000_000_000) >> 32))
    }

    fn bytes(&self, element: Element) -> Option<&[u8]> {
        let is_it = |field: &&(u16, Option<u32>, Vec<u8>)| {
            (field.0, field.1) == (element.number, element.enterprise)
        };
        self.fields.iter().find(is_it).map(|field| &field.2[..])
    }
}

/// Returns the name of an element.
fn name(number: u16, enterprise: Option<u32>) -> String {
    let reverse = Element::ALL.iter().map(|element| element.reverse());
    let mut all = Element::ALL.iter().copied().chain(reverse);
    let found = all.find(|element| (element.number, element.enterprise) == (number, enterprise));
    found
        .map_or_else(|| panic!("element {number} of {enterprise:?}"), |element| element.to_string())
}

type Specifier = (u16, Option<u32>, usize);

/// A collector, which knows the templates of a session.
#[derive(Default)]
pub struct Collector {
    /// The fields of each template of each domain: number, enterprise and length.
    templates: HashMap<(u32, u16), Vec<Specifier>>,
}

impl Collector {
    /// Decodes a message, and panics if RFC 7011 does not allow it.
    pub fn decode(&mut self, message: &[u8]) -> Decoded {
        self.decode_and_note(message, &mut |_, _| {})
    }

    /// Decodes a message, and calls `note` with the length and the meaning of each piece.
    pub fn decode_and_note(
        &mut self,
        message: &[u8],
        note: &mut dyn FnMut(usize, &str),
    ) -> Decoded {
        let (u16_at, u32_at) = (
            |at: usize| u16::from_be_bytes(message[at..at + 2].try_into().unwrap()),
            |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap()),
        );
        assert_eq!(u16_at(0), 10, "the version");
        assert_eq!(usize::from(u16_at(2)), message.len(), "the length");
        let mut decoded = Decoded {
            length: message.len(),
            export_time: u32_at(4),
            sequence: u32_at(8),
            domain: u32_at(12),
            templates: Vec::new(),
            records: Vec::new(),
        };
        for (length, what) in
            [(2, "version"), (2, "length"), (4, "export time"), (4, "sequence"), (4, "domain")]
        {
            note(length, what);
        }
        let mut at = 16;
        while at < message.len() {
            let (id, end) = (u16_at(at), at + usize::from(u16_at(at + 2)));
            at += 4;
            note(2, &format!("set {id}"));
            note(2, "length of the set");
            assert!(at < end && end <= message.len(), "an empty or overlong set");
            while at < end {
                if let 2 | 3 = id {
                    let (template, count) = (u16_at(at), u16_at(at + 2));
                    note(2, &format!("template {template}"));
                    note(2, &format!("{count} fields"));
                    if id == 3 {
                        note(2, &format!("{} scope fields", u16_at(at + 4)));
                    }
                    at += if id == 3 { 6 } else { 4 };
                    let mut fields = Vec::new();
                    for _ in 0..count {
                        let (number, length) = (u16_at(at), u16_at(at + 2));
                        at += 4;
                        let enterprise = (number & 0x8000 != 0).then(|| u32_at(at));
                        at += if enterprise.is_some() { 4 } else { 0 };
                        let name = name(number & 0x7fff, enterprise);
                        note(if enterprise.is_some() { 8 } else { 4 }, &format!("  {name}"));
                        fields.push((number & 0x7fff, enterprise, usize::from(length)));
                    }
                    self.templates.insert((decoded.domain, template), fields);
                    decoded.templates.push(template);
                } else {
                    let template = self.templates.get(&(decoded.domain, id));
                    let template = template.unwrap_or_else(|| panic!("template {id} is unknown"));
                    let mut record = Record { template: id, fields: Vec::new() };
                    for &(number, enterprise, length) in template {
                        note(length, &name(number, enterprise));
                        record.fields.push((number, enterprise, message[at..at + length].into()));
                        at += length;
                    }
                    decoded.records.push(record);
                }
            }
            assert_eq!(at, end, "the sets do not end where they say");
        }
        decoded
    }
}

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
    let mut collector = Collector::default();
    for entry in flows {
        push(&mut encoder, entry);
    }
    let messages = take(&mut encoder);
    messages.iter().flat_map(|message| collector.decode(message).records).collect()
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
        counters_orig: Counters {
            packets: Some(1_111),
            bytes: Some(0x1_2345_6789),
            ..Counters::default()
        },
        counters_reply: Counters {
            packets: Some(2_222),
            bytes: Some(0x2_3456_789a),
            ..Counters::default()
        },
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
