//! Tests of datagrams to the simulated kernel.
//!
//! The bytes and sizes were seen on Linux 6.18.44; `cli/tests/answer.rs` compares a whole conversation.

use crate::life::net;
use ctnetlink::flat::Layout;
use ctnetlink::request::{self, Selector};
use ctnetlink::sim::{Errno, Net};
use ctnetlink::wire::{Endian, NlmFlags};
use ctnetlink::{Body, Conntrack, Kind, Message, MessageBuf, MessageBuilder, Messages, Tuple};

const READER: u32 = 0x1234_0071;
const LISTENER: u32 = 0x0567_8902;

fn flow(port: u16) -> Conntrack {
    let orig = Tuple::tcp(([10, 1, 2, 3], port).into(), ([192, 0, 2, 9], 80).into());
    Conntrack { timeout: Some(300), ..Conntrack::new(orig) }
}

/// Returns a request in the byte order of the simulated machine, on machines of either.
fn numbered(request: MessageBuf, seq: u32) -> Vec<u8> {
    let message = request.as_message();
    let builder = MessageBuilder::try_from(&message).unwrap();
    let builder = MessageBuilder { seq, endian: Endian::Little, ..builder };
    message.conntrack().unwrap().to_message(&builder, Layout::Request).unwrap().into_bytes()
}

fn acked(request: MessageBuf, seq: u32) -> Vec<u8> {
    let mut bytes = numbered(request, seq);
    bytes[6] |= NlmFlags::ACK.bits() as u8;
    bytes
}

fn create(net: &mut Net, port: u16) {
    net.receive(READER, &acked(request::create(&flow(port)).unwrap(), u32::from(port)));
}

fn open(net: &mut Net) {
    net.open(READER).unwrap();
}

/// Returns the next datagram as the kernel's types and flags, or the errno.
fn next(net: &mut Net, portid: u32, len: usize) -> Result<Vec<(u16, u16)>, Errno> {
    let datagram = net.recvmsg(portid, len)?;
    let bytes = datagram.map_or(Vec::new(), |datagram| datagram.bytes);
    let header = |message: Message<'_>| {
        let header = message.header();
        (header.nlmsg_type, header.nlmsg_flags.bits())
    };
    Ok(Messages::with_endian(&bytes, Endian::Little).map(|m| header(m.unwrap())).collect())
}

fn errno(net: &mut Net, portid: u32) -> i32 {
    let datagram = net.recvmsg(portid, 8192).unwrap().unwrap();
    match Message::parse_with(&datagram.bytes, Endian::Little).unwrap().body().unwrap() {
        Body::Error(error) => -error.error,
        body => panic!("{body:?}"),
    }
}

/// The request that the fact was seen with: a GET of a tuple, with bytes after it.
fn get(port: u16, after: &[u8]) -> Vec<u8> {
    let mut bytes = acked(request::get(&flow(port)), 0x1132_d92f);
    // The original tuple alone.
    bytes.truncate(72);
    bytes.extend_from_slice(after);
    bytes[0] = bytes.len() as u8;
    bytes
}

#[test]
fn leftover_bytes_are_reported_with_an_acknowledgement() {
    let net = &mut net("6.18.44");
    open(net);
    net.socket_mut(READER).unwrap().ext_ack = true;
    create(net, 7000);
    net.recvmsg(READER, 8192).unwrap().unwrap();
    net.receive(READER, &get(7000, &[1]));
    assert_eq!(next(net, READER, 8192), Ok(vec![(0x0100, NlmFlags::MULTI.bits())]));
    let ack = net.recvmsg(READER, 8192).unwrap().unwrap().bytes;
    let mut expected = vec![0x50, 0, 0, 0, 2, 0, 0, 3, 0x2f, 0xd9, 0x32, 0x11];
    expected.extend(READER.to_le_bytes());
    expected.extend([0, 0, 0, 0, 0x49, 0, 0, 0, 1, 1, 5, 0, 0x2f, 0xd9, 0x32, 0x11, 0, 0, 0, 0]);
    expected.extend([0x2c, 0, 1, 0]);
    expected.extend(b"bytes leftover after parsing attributes\0");
    assert_eq!(ack, expected);
}

#[test]
fn a_short_attribute_is_refused_with_its_offset_and_policy() {
    let net = &mut net("6.18.44");
    open(net);
    let socket = net.socket_mut(READER).unwrap();
    (socket.ext_ack, socket.cap_ack) = (true, true);
    let mut request = get(7000, &[]);
    // CTA_TIMEOUT of one byte before the tuple.
    let tuple = request.split_off(20);
    request.extend([5, 0, 7, 0, 9, 0, 0, 0]);
    request.extend(tuple);
    request[0] = 80;
    net.receive(READER, &request);
    let refusal = net.recvmsg(READER, 8192).unwrap().unwrap().bytes;
    assert_eq!((refusal.len(), &refusal[6..8]), (120, &[0, 3][..]));
    assert_eq!(refusal[16..20], [0xde, 0xff, 0xff, 0xff]);
    let mut expected = vec![0x27, 0, 1, 0];
    expected.extend(b"Attribute failed policy validation\0\0");
    expected.extend([8, 0, 2, 0, 0x14, 0, 0, 0]);
    expected.extend([0x24, 0, 4, 0x80, 0xc, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([0xc, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 8, 0, 1, 0, 4, 0, 0, 0]);
    assert_eq!(refusal[36..], expected);
    // Without CAP_ACK, the request is repeated.
    net.socket_mut(READER).unwrap().cap_ack = false;
    net.receive(READER, &request);
    let refusal = net.recvmsg(READER, 8192).unwrap().unwrap().bytes;
    assert_eq!((refusal.len(), &refusal[6..8]), (184, &[0, 2][..]));
    assert_eq!((&refusal[20..100], &refusal[100..]), (&request[..], &expected[..]));
}

#[test]
fn acknowledgements_have_flags_and_attributes_since_4_12() {
    for (release, flags, len) in [("4.11", 0, 36), ("4.12", 0x100, 36), ("6.18.44", 0x300, 80)] {
        let net = &mut net(release);
        open(net);
        net.socket_mut(READER).unwrap().ext_ack = true;
        create(net, 7000);
        net.recvmsg(READER, 8192).unwrap().unwrap();
        net.receive(READER, &get(7000, &[1]));
        net.recvmsg(READER, 8192).unwrap().unwrap();
        let ack = net.recvmsg(READER, 8192).unwrap().unwrap().bytes;
        assert_eq!((u16::from_le_bytes([ack[6], ack[7]]), ack.len()), (flags, len), "{release}");
    }
}

/// The length of an entry of TCP over IPv4 with counters and times.
const ENTRY: usize = 312;

/// The first datagram of a dump has room for 3,776 bytes, and the next ones for the longest read.
#[test]
fn a_dump_goes_on_as_it_is_read() {
    let net = &mut net("6.18.44");
    open(net);
    for port in 1..=60 {
        create(net, port);
        net.recvmsg(READER, 100).unwrap().unwrap();
    }
    let dump = numbered(request::dump(&Selector::default()), 9);
    net.receive(READER, &dump);
    // A second dump is refused until the last entry has been read.
    net.receive(READER, &dump);
    let first = next(net, READER, 8192).unwrap();
    assert_eq!(first.len(), 3776 / ENTRY);
    assert_eq!(errno(net, READER), Errno::Ebusy.number());
    // A peek continues the dump, too.
    let peeked = net.peekmsg(READER, 8192).unwrap().unwrap();
    assert_eq!(net.recvmsg(READER, 8192).unwrap().unwrap(), peeked);
    assert_eq!(peeked.bytes.len() / ENTRY, 8192 / ENTRY);
    assert_eq!(next(net, READER, 8192).unwrap().len(), 60 - 12 - 26);
    assert_eq!(next(net, READER, 8192), Ok(vec![(3, 2)]), "NLMSG_DONE");
    assert_eq!(next(net, READER, 8192), Ok(vec![]));
    // After a flush, the rest of a dump is its end alone.
    net.receive(READER, &dump);
    net.receive(READER, &acked(request::flush(&Selector::default()), 10));
    assert_eq!(next(net, READER, 8192).unwrap().len(), 26);
    assert_eq!(next(net, READER, 8192), Ok(vec![(2, 0x100)]));
    assert_eq!(next(net, READER, 8192), Ok(vec![(3, 2)]));
}

/// A buffer of 4,096 bytes holds three events or four acknowledgements.
#[test]
fn a_full_buffer_loses_messages_and_reports_it_once() {
    for (release, events) in [("6.18.44", 3), ("5.10", 4)] {
        let net = &mut net(release);
        open(net);
        let listener = net.open(LISTENER).unwrap();
        listener.join(1).unwrap();
        listener.receive_buffer = 4096;
        for port in 1..=9 {
            create(net, port);
        }
        assert_eq!(next(net, LISTENER, 8192), Err(Errno::Enobufs), "{release}");
        let heard = (0..9).filter(|_| next(net, LISTENER, 8192) != Ok(vec![])).count();
        assert_eq!(heard, events, "{release}");
        assert_eq!(net.socket(LISTENER).unwrap().drops(), 9 - events as u64);
        create(net, 10);
        assert_eq!(next(net, LISTENER, 8192), Ok(vec![(0x0100, 0x600)]));
    }
}

#[test]
fn a_copy_for_echo_precedes_the_acknowledgement() {
    let net = &mut net("6.18.44");
    open(net);
    net.open(LISTENER).unwrap().join(1).unwrap();
    let mut request = acked(request::create(&flow(5)).unwrap(), 3);
    request[6] |= NlmFlags::ECHO.bits() as u8;
    net.receive(READER, &request);
    let copy = net.recvmsg(READER, 8192).unwrap().unwrap();
    assert_eq!(copy, net.recvmsg(LISTENER, 8192).unwrap().unwrap());
    assert_eq!(copy.group_mask, 1);
    let message = Message::parse_with(&copy.bytes, Endian::Little).unwrap();
    assert_eq!((message.kind(), message.header().nlmsg_pid), (Kind::New, READER));
    assert_eq!(errno(net, READER), 0);
}

#[test]
fn requests_of_a_datagram_are_handled_one_by_one() {
    let net = &mut net("6.18.44");
    open(net);
    let [first, second] = [1, 2].map(|port| acked(request::create(&flow(port)).unwrap(), 1));
    let unknown = acked(request::get(&flow(3)), 2);
    let mut short = acked(request::get(&flow(1)), 3);
    short[0] = 12;
    net.receive(READER, &[first, unknown, second.clone(), short, second].concat());
    let errnos: Vec<_> = (0..3).map(|_| errno(net, READER)).collect();
    assert_eq!(errnos, [0, Errno::Enoent.number(), 0]);
    assert_eq!(next(net, READER, 8192), Ok(vec![]), "a length of 12 ends the datagram");
    net.socket_mut(READER).unwrap().privileged = false;
    net.receive(READER, &get(1, &[]));
    assert_eq!(errno(net, READER), Errno::Eperm.number());
}
