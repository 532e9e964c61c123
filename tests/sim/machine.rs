//! Tests of buffers, byte order, pads and single fields.

use crate::entry::{dump, event, everything, kernel};
use ctnetlink::attrs::Status;
use ctnetlink::flat::Labels;
use ctnetlink::kernel::{Arch, Kernel};
use ctnetlink::nested::TcpState;
use ctnetlink::sim::{IpctEvents, L4State, NfConn, NfConnLabels, Reply, Skb, ctnetlink_fill_info};
use ctnetlink::wire::{Endian, NlmFlags, WriteBuf};
use ctnetlink::{Conntrack, Message};

/// If the buffer is too small, the error is EMSGSIZE and the buffer is as before.
#[test]
fn a_buffer_that_is_too_small_is_unchanged() {
    let kernel = kernel("7.2");
    let whole = dump(&kernel, &everything());
    for limit in 0..whole.len() {
        let mut skb = WriteBuf::from(vec![1, 2, 3, 4]);
        let room = Skb { limit: limit + 4, offset: 0 };
        let error =
            ctnetlink_fill_info(&kernel, &everything(), 0, &Reply::to(9, 1), room, &mut skb);
        let kind = error.unwrap_err().kind;
        assert!(matches!(kind, ctnetlink::error::ErrorKind::NoRoom { .. }), "{limit}: {kind}");
        assert_eq!(*skb, [1, 2, 3, 4], "{limit}");
    }
    let mut skb = WriteBuf::new();
    let room = Skb { limit: whole.len(), offset: 0 };
    ctnetlink_fill_info(&kernel, &everything(), 0, &Reply::to(9, 1), room, &mut skb).unwrap();
    assert_eq!(*skb, whole);
}

/// A change of one field of the entry changes only the bytes of its attribute.
#[test]
fn a_changed_field_changes_only_its_attribute() {
    let kernel = kernel("7.2");
    let before = dump(&kernel, &everything());
    let offset = |needle: &[u8]| before.windows(needle.len()).position(|w| w == needle).unwrap();
    let changed = |change: fn(&mut NfConn)| {
        let mut ct = everything();
        change(&mut ct);
        let after = dump(&kernel, &ct);
        assert_eq!(after.len(), before.len());
        let differ = before.iter().zip(&after).enumerate().filter(|(_, (a, b))| a != b);
        differ.map(|(at, _)| at).collect::<Vec<_>>()
    };
    // The offsets are those of payloads, with a type and a value.
    let mark = offset(&[8, 0, 8, 0, 0, 0, 0, 5]) + 4;
    assert_eq!(changed(|ct| ct.mark = 6), [mark + 3]);
    let status = offset(&[8, 0, 3, 0]) + 4;
    assert_eq!(changed(|ct| ct.status |= Status::ASSURED), [status + 3]);
    let start = offset(&[12, 0, 1, 0, 0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0]) + 4;
    assert_eq!(changed(|ct| ct.tstamp.as_mut().unwrap().start += 1), [start + 7]);
    let id = offset(&[8, 0, 12, 0]) + 4;
    assert_eq!(changed(|ct| ct.id = 0x1234_5679), [id + 3]);
    let used = offset(&[8, 0, 11, 0]) + 4;
    assert_eq!(changed(|ct| ct.use_count = 2), [used + 3]);
    let timeout = offset(&[8, 0, 7, 0]) + 4;
    assert_eq!(changed(|ct| ct.timeout -= 1), [timeout + 3]);
    let labels = offset(&[20, 0, 22, 0]) + 4;
    assert_eq!(
        changed(|ct| ct.labels.as_mut().unwrap().bits = Labels::from_bits(1 << 4)),
        [labels]
    );
    let state = offset(&[5, 0, 1, 0, 3]) + 4;
    let close = |ct: &mut NfConn| {
        if let L4State::Tcp { state, .. } = &mut ct.proto {
            *state = TcpState::CLOSE;
        }
    };
    assert_eq!(changed(close), [state]);
    let packets = offset(&[12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 3]) + 4;
    assert_eq!(changed(|ct| ct.acct.as_mut().unwrap()[0].packets = 4), [packets + 7]);
    // Without an extension, only its attribute is absent.
    let without = NfConn { tstamp: None, ..everything() };
    let after = dump(&kernel, &without);
    let nest = start - 8;
    assert_eq!(after.len(), before.len() - 28);
    assert_eq!(after[4..nest], before[4..nest]);
    assert_eq!(after[nest..], before[nest + 28..]);
}

/// The reply to a single GET request has MULTI, and the request's seq and port id.
#[test]
fn replies_have_the_header_of_their_request() {
    let header = |to: Reply| {
        let mut skb = WriteBuf::new();
        ctnetlink_fill_info(&kernel("7.2"), &everything(), 0, &to, Skb::UNLIMITED, &mut skb)
            .unwrap();
        *Message::parse_with(&skb, Endian::Little).unwrap().header()
    };
    let found = header(Reply::to(9, 1));
    assert_eq!((found.nlmsg_type, found.nlmsg_flags), (0x100, NlmFlags::MULTI));
    assert_eq!((found.nlmsg_seq, found.nlmsg_pid), (1, 9));
    assert_eq!(header(Reply::to(0, 1)).nlmsg_flags, NlmFlags::empty());
}

/// Pads depend on the position in the datagram, as recorded on riscv64.
///
/// The pad before the event's time has the number of CTA_STATUS. There are no pads before Linux 4.7, nor
/// on machines with efficient unaligned access.
#[test]
fn pads_depend_on_the_position_in_the_datagram() {
    let riscv = Kernel { arch: Arch::RISCV64, ..kernel("7.2") };
    let lengths = [0, 4, 8].map(|offset| {
        let mut skb = WriteBuf::new();
        let room = Skb { offset, ..Skb::UNLIMITED };
        ctnetlink_fill_info(&riscv, &everything(), 0, &Reply::to(9, 1), room, &mut skb).unwrap();
        skb.len()
    });
    // COUNTERS_ORIG, COUNTERS_REPLY and TIMESTAMP contain two values each. If the header of the first one
    // is at a multiple of 8, a pad is needed, and then one before the second value, too.
    let plain = dump(&kernel("7.2"), &everything()).len();
    assert!(lengths.iter().all(|&len| len > plain), "{lengths:?} {plain}");
    assert_eq!(lengths[0], lengths[2]);
    let update = event(&riscv, IpctEvents::REPLY, &everything());
    let shown = Message::parse_with(&update, Endian::Little).unwrap();
    let last: Vec<_> = shown.conntrack_attrs().unwrap().raw().map(|raw| raw.unwrap()).collect();
    for raw in last.iter().filter(|raw| raw.number() == 27) {
        assert_eq!((raw.offset + 4) % 8, 0);
    }
    let old = Kernel { arch: Arch::RISCV64, ..kernel("4.6") };
    assert_eq!(dump(&old, &everything()), dump(&kernel("4.6"), &everything()));
}

/// On big-endian machines only headers and labels have another byte order.
#[test]
fn only_headers_and_labels_depend_on_the_byte_order() {
    let s390x = Kernel { arch: Arch::S390X, ..kernel("7.2") };
    let big = dump(&s390x, &everything());
    let small = dump(&kernel("7.2"), &everything());
    let read = |bytes: &[u8], endian| {
        Conntrack::try_from(Message::parse_with(bytes, endian).unwrap()).unwrap()
    };
    assert_eq!(read(&big, Endian::Big), read(&small, Endian::Little));
    let labels = [0, 20, 0, 22, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(big.windows(20).any(|w| w == labels));
}

/// Labels have as many words as are used up to Linux 4.8, and always 16 bytes since 4.9.
#[test]
fn the_length_of_labels_depends_on_the_release() {
    let ct = NfConn {
        labels: Some(NfConnLabels { bits: Labels::from_bits(2), words: 1 }),
        ..everything()
    };
    let len = |release: &str| {
        let message = dump(&kernel(release), &ct);
        let message = Message::parse_with(&message, Endian::Little).unwrap();
        let raws = message.conntrack_attrs().unwrap().raw().map(|raw| raw.unwrap());
        raws.filter(|raw| raw.number() == 22).map(|raw| raw.payload.len()).collect::<Vec<_>>()
    };
    assert!(len("3.8").is_empty());
    assert_eq!(len("3.9"), [8]);
    assert_eq!(len("4.9"), [16]);
}
