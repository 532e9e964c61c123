//! Checks that must hold for any input.
//!
//! The tests and the fuzz targets share this code.
#![allow(dead_code, reason = "each program uses a part")]

use ctnetlink::error::Error;
use ctnetlink::flat::{FlowTimes, Labels, Layout, Record as _};
use ctnetlink::format::text::Text;
use ctnetlink::format::{Annotate, Json, MessageRecord};
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::vectors::{Source, Vectors};
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Endian, Visitor, WriteBuf};
use ctnetlink::{
    Conntrack, Expectation, Family, Kind, Message, MessageBuilder, MsgType, attrs, nested,
};

/// Counts errors, and collects the offsets of the length fields.
#[derive(Default)]
pub(crate) struct Errors {
    pub(crate) count: usize,
    pub(crate) lengths: Vec<usize>,
}

impl<'a> Visitor<'a> for Errors {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for raw in attrs.raw() {
            self.lengths.extend(raw.as_ref().ok().map(|raw| raw.offset));
            match raw.and_then(S::decode) {
                Ok(attr) => S::visit_nest(&attr, self),
                Err(_) => self.count += 1,
            }
        }
    }
}

/// Decodes `bytes` with every API, and re-encodes the message to identical bytes.
///
/// Returns the number of errors, or `None` if the bytes do not contain a message.
pub(crate) fn survives(bytes: &[u8], endian: Endian, every_path: bool) -> Option<usize> {
    let message = Message::parse_with(bytes, endian).ok()?;
    let mut errors = Errors::default();
    if message.visit(&mut errors).is_err() {
        errors.count += 1;
    }
    if let Ok(rebuilt) = message.rebuild() {
        assert_eq!(rebuilt.as_bytes(), message.as_bytes());
    }
    let mut reported = 0;
    let mut flat = Conntrack::default();
    let flat = flat.read_message(&message, |_| reported += 1).map(|()| flat);
    assert_eq!(message.conntrack(), flat);
    if flat.is_ok() {
        // `read_message` and `visit` report the same errors.
        assert_eq!(reported, errors.count, "{:02x?}", message.as_bytes());
    }
    agrees(&message, &flat);
    if every_path {
        let record = MessageRecord::new(&message);
        assert_eq!(record.errors.len(), errors.count);
        let [mut visited, mut json, mut text] = [Vec::new(), Vec::new(), Vec::new()];
        message.for_each_error(|error| visited.push(error));
        assert_eq!(visited.len(), errors.count);
        // `Json` writes the same JSON as serde writes for the record.
        let mut line = String::new();
        Json::default().write_and_report(&message, &mut line, |error| json.push(error));
        assert_eq!(line, serde_json::to_string(&record).unwrap());
        assert_eq!(json, visited);
        assert!(!Annotate::new(message).to_string().is_empty());
        line.clear();
        let words = Text { extended: true, id: true, ktimestamp: true, ..Text::default() };
        let is_there =
            words.write_and_report(&message, Some(1), &mut line, |error| text.push(error));
        assert_eq!(text, visited);
        assert_eq!(words.line(&message, Some(1)), is_there.then_some(line));
        assert!(!is_there || message.kind() != Kind::Request);
        if let Ok(ct) = flat {
            flat_value(&ct);
        }
    }
    Some(errors.count)
}

/// Checks that the fast path for known shapes has the same result as decoding attribute by attribute.
fn agrees(message: &Message<'_>, flat: &Result<Conntrack, Error>) {
    let mut flow_errors = Vec::new();
    let mut flow = FlowTimes::default();
    let flow = flow.read_message(message, |error| flow_errors.push(error)).map(|()| flow);
    assert_eq!(message.flow_times(), flow);
    let Ok(attrs) = message.conntrack_attrs() else {
        assert!(flat.is_err() && flow.is_err());
        return;
    };
    let nfgen_family = message.nfgenmsg().unwrap().nfgen_family;
    let mut ct = Conntrack { family: nfgen_family, ..Conntrack::default() };
    let mut times = FlowTimes { family: nfgen_family, ..FlowTimes::default() };
    let (mut errors, mut times_errors) = (Vec::new(), Vec::new());
    for (raw, attr) in attrs.raw().zip(attrs.iter()) {
        // `FlowTimes` reports errors in headers, CTA_TUPLE_ORIG and CTA_TIMESTAMP.
        let is_read = raw.as_ref().map_or(true, |raw| matches!(raw.number(), 1 | 20));
        let from = errors.len();
        match attr {
            Ok(attr) => ct.apply(attr, &mut |error| errors.push(error)),
            Err(error) => errors.push(error),
        }
        if is_read {
            times_errors.extend_from_slice(&errors[from..]);
        }
    }
    (times.orig, times.timestamp) = (ct.orig, ct.timestamp);
    assert_eq!(flow.as_ref(), Ok(&times), "{:02x?}", message.as_bytes());
    assert_eq!(flow_errors, times_errors, "{:02x?}", message.as_bytes());

    assert_eq!(flat.as_ref(), Ok(&ct), "{:02x?}", message.as_bytes());
    // Reading into a used value has the same result.
    let mut again = Conntrack { mark: Some(7), orig: ct.reply, ..ct.clone() };
    let mut again_errors = Vec::new();
    again.read_message(message, |error| again_errors.push(error)).unwrap();
    assert_eq!(again, ct, "{:02x?}", message.as_bytes());
    assert_eq!(again_errors, errors, "{:02x?}", message.as_bytes());
    // The encoder has a fast path for the native byte order only. The other byte order may need whole
    // words for labels of fewer than 16 bytes, and therefore more bytes.
    let full_length = |labels: &mut Option<Labels>| {
        *labels = labels.map(|labels| Labels::from_bits(labels.bits()));
    };
    full_length(&mut ct.labels);
    if ct.rare().labels_mask.is_some() {
        full_length(&mut ct.rare_mut().labels_mask);
    }
    for layout in [Layout::Dump, Layout::Event, Layout::Request] {
        // The old contents of the buffer must not appear in the message.
        let mut buffers = [WriteBuf::from(vec![0xa5; 2048]), WriteBuf::from(vec![0x5a; 2048])];
        let [native, other] = &mut buffers;
        let write = |endian, buffer: &mut WriteBuf| {
            buffer.clear();
            let builder =
                MessageBuilder { endian, ..MessageBuilder::new(MsgType::CT_NEW, Family::UNSPEC) };
            builder.write(buffer, |out| ct.write_as(layout, out)).err()
        };
        let errors = (write(Endian::NATIVE, native), write(Endian::NATIVE.swapped(), other));
        assert_eq!(errors.0, errors.1);
        if errors == (None, None) {
            let attrs = |buffer: &WriteBuf| buffer[20..].to_vec();
            let other = attrs(other);
            let other = Attrs::<attrs::CtattrType>::new(&other, Endian::NATIVE.swapped());
            assert_eq!(attrs(native), translated(other), "{ct:?}");
        }
    }
}

/// Returns the attributes in the native byte order.
pub(crate) fn translated<S: AttrSet>(attrs: Attrs<'_, S>) -> Vec<u8> {
    AttrsBuf::<S>::build(Endian::NATIVE, |out| {
        attrs.iter().flatten().for_each(|attr| out.put(attr))
    })
    .unwrap()
    .into_bytes()
}

/// Checks the messages of a datagram, and that each starts where the previous one ends.
pub(crate) fn datagram(bytes: &[u8], endian: Endian) {
    let mut end = 0;
    for message in ctnetlink::Messages::with_endian(bytes, endian) {
        match message {
            Ok(message) => {
                survives(&bytes[end..], endian, true).unwrap();
                end = (end + message.as_bytes().len().next_multiple_of(4)).min(bytes.len());
            }
            Err(error) => assert_eq!(error.offset, end),
        }
    }
}

/// Checks that a decoded struct survives encoding to JSON and to bytes.
pub(crate) fn flat_value(ct: &Conntrack) {
    let json = serde_json::to_string(ct).unwrap();
    let back: Conntrack = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
    assert_eq!(&back, ct, "{json}");
    for endian in [Endian::Little, Endian::Big] {
        let builder =
            MessageBuilder { endian, ..MessageBuilder::new(MsgType::CT_NEW, Family::UNSPEC) };
        let Ok(message) = ct.to_message(&builder, Layout::Request) else { continue };
        let back = Conntrack::try_from(message.as_message()).unwrap();
        assert_eq!(back, as_written(ct), "{json}");
        let again = back.to_message(&builder, Layout::Request).unwrap();
        assert_eq!(again.as_bytes(), message.as_bytes());
    }
}

/// Returns the struct after encoding and decoding.
///
/// Bytes do not contain an empty nest or ICMP identifiers with another protocol.
fn as_written(ct: &Conntrack) -> Conntrack {
    let builder = MessageBuilder::new(MsgType::CT_NEW, Family::UNSPEC);
    ct.to_message(&builder, Layout::Request)
        .and_then(|message| Conntrack::try_from(message.as_message()))
        .unwrap()
}

/// Checks that any JSON deserializes or leads to an error.
pub(crate) fn json(text: &[u8]) {
    if let Ok(ct) = serde_json::from_slice::<Conntrack>(text) {
        flat_value(&ct);
    }
    if let Ok(expectation) = serde_json::from_slice::<Expectation>(text) {
        let json = serde_json::to_string(&expectation).unwrap();
        assert_eq!(serde_json::from_str::<Expectation>(&json).unwrap(), expectation);
        let builder = MessageBuilder::new(MsgType::EXP_NEW, Family::IPV4);
        let _ = builder.build(|out| expectation.write(out));
    }
}

/// Checks an attribute list of one set: the views, the raw copy and the decoded attributes.
pub(crate) fn attributes<S: AttrSet>(bytes: &[u8], endian: Endian) {
    let run = Attrs::<S>::new(bytes, endian);
    let mut errors = Errors::default();
    errors.visit(run);
    // A writer accepts everything that was read.
    let rebuilt = AttrsBuf::<S>::build(endian, |out| run.rebuild(out)).unwrap();
    assert_eq!(rebuilt.as_attrs().as_bytes(), bytes);
    // Each value is re-encoded on its own, with the same number and payload.
    for raw in run.raw().flatten() {
        let Ok(attr) = S::decode(raw) else { continue };
        assert_eq!(S::payload_len(&attr), raw.payload.len());
        let one = AttrsBuf::<S>::build(endian, |out| out.put(attr)).unwrap();
        let back = one.as_attrs().raw().next().unwrap().unwrap();
        assert_eq!((back.number(), back.payload), (raw.number(), raw.payload));
    }
}

/// Checks [`attributes`] of the set and byte order that the first byte selects.
pub(crate) fn any_set(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let endian = if choice & 0x80 == 0 { Endian::Little } else { Endian::Big };
    macro_rules! choose {
        ($($Set:ty),+ $(,)?) => {{
            let sets: &[fn(&[u8], Endian)] = &[$(attributes::<$Set>),+];
            sets[usize::from(choice & 0x7f) % sets.len()](bytes, endian);
        }};
    }
    choose!(
        attrs::CtattrType,
        attrs::CtattrExpect,
        attrs::CtattrStatsCpu,
        attrs::CtattrStatsGlobal,
        attrs::CtattrExpectStats,
        nested::CtattrTuple,
        nested::CtattrIp,
        nested::CtattrL4proto,
        nested::CtattrProtoinfo,
        nested::CtattrProtoinfoTcp,
        nested::CtattrProtoinfoDccp,
        nested::CtattrProtoinfoSctp,
        nested::CtattrCounters,
        nested::CtattrTstamp,
        nested::CtattrNat,
        nested::CtattrProtonat,
        nested::CtattrSeqadj,
        nested::CtattrSynproxy,
        nested::CtattrSecctx,
        nested::CtattrHelp,
        nested::CtattrFilter,
        nested::CtattrExpectNat,
        ctnetlink::wire::control::NlmsgerrAttrs,
        ctnetlink::wire::control::NetlinkPolicyTypeAttr,
    );
}

/// Checks messages of the simulated kernel of any release and architecture.
///
/// They must decode without error to the simulated entry, and be re-encoded to identical bytes.
pub(crate) fn simulated(input: &[u8]) {
    let mut number = [0; 11];
    let len = input.len().min(number.len());
    number[..len].copy_from_slice(&input[..len]);
    let [series, arch, skip, seed @ ..] = number;
    // The releases are 2.6.39, 3.0 to 3.19, 4.0 to 4.20, 5.0 to 5.19, 6.0 to 6.19, and 7.0 to 7.2.
    let releases = [(3, 20), (4, 21), (5, 20), (6, 20), (7, 3)];
    let all = releases.iter().flat_map(|&(major, minors)| (0..minors).map(move |n| (major, n)));
    let release = match all.clone().nth(usize::from(series) % 85) {
        Some((major, minor)) => Release::series(major, minor),
        None => Release::V2_6_39,
    };
    let arch = Arch::NAMED[usize::from(arch) % Arch::NAMED.len()];
    let kernel = Kernel { arch, ..Kernel::new(release) };
    let vectors = Vectors::new(kernel, u64::from_le_bytes(seed));
    for vector in vectors.skip(usize::from(skip % 64) * 4).take(4) {
        let message = Message::parse_with(&vector.bytes, arch.endian()).unwrap();
        assert_eq!(message.as_bytes().len(), vector.bytes.len());
        assert_eq!(survives(&vector.bytes, arch.endian(), true), Some(0));
        assert!(vector.alloc.is_none_or(|alloc| vector.bytes.len() <= alloc));
        if let Source::Entry(state) = &vector.source {
            shows(&Conntrack::try_from(message).unwrap(), state, arch.hz);
        }
    }
}

/// Checks that a decoded message contains the values of the simulated entry.
fn shows(shown: &Conntrack, state: &ctnetlink::sim::NfConn, hz: u32) {
    let [orig, reply] = &state.tuple;
    for (shown, tuple) in [(&shown.orig, orig), (&shown.reply, reply)] {
        assert_eq!((shown.src, shown.dst), (Some(tuple.src), Some(tuple.dst)));
        assert_eq!(shown.proto, Some(tuple.protonum));
        let [ty, code] = tuple.dst_id.to_be_bytes();
        assert!(shown.src_port.or(shown.icmp_id).is_none_or(|id| id == tuple.src_id));
        assert!(shown.dst_port.is_none_or(|port| port == tuple.dst_id));
        assert!(shown.icmp_type.is_none_or(|shown| shown == ty));
        assert!(shown.icmp_code.is_none_or(|shown| shown == code));
    }
    assert_eq!((shown.id, shown.status), (Some(state.id), Some(state.status)));
    assert!(shown.mark.is_none_or(|mark| mark == state.mark));
    assert!(shown.use_count.is_none_or(|count| count == state.use_count));
    let seconds = state.timeout / u64::from(hz);
    assert!(shown.timeout.is_none_or(|shown| u64::from(shown) == seconds));
    let zone = shown.zone.or(shown.orig.zone).or(shown.reply.zone).unwrap_or_default();
    assert_eq!(zone, state.zone.id);
    let counters = [&shown.counters_orig, &shown.counters_reply];
    for (n, shown) in counters.into_iter().enumerate() {
        assert!(shown.packets.is_none_or(|packets| packets == state.acct.unwrap()[n].packets));
        assert!(shown.bytes.is_none_or(|bytes| bytes == state.acct.unwrap()[n].bytes));
    }
    let times = state.tstamp.unwrap_or_default();
    assert!(shown.timestamp.start.is_none_or(|start| start == times.start));
    assert_eq!(shown.timestamp.stop.unwrap_or(times.stop), times.stop);
    assert!(shown.labels.is_none_or(|labels| labels == state.labels.unwrap().bits));
    if let Some(name) = &shown.help.name {
        let help = state.help.as_ref().unwrap();
        assert_eq!((Some(name), &shown.help.info), (help.helper.as_ref(), &help.info));
    }
    let event = state.ecache.unwrap_or_default().timestamp;
    assert!(shown.timestamp_event.is_none_or(|time| time == event));
}

/// Checks a capture file of any format: every packet is read or leads to an error.
pub(crate) fn capture(bytes: &[u8]) {
    let Ok(mut reader) = ctnetlink::capture::Reader::new(bytes) else { return };
    while let Some(packet) = reader.next_packet() {
        if let Ok(packet) = packet {
            datagram(packet.data, packet.endian);
        }
    }
}
