//! Sends mutated requests to the kernel.
//!
//! Accepted requests must decode, and all replies must decode and be re-encoded to identical bytes.

use crate::compare::hex;
use crate::generate::{Step, a_round};
use crate::probe::Machine;
use crate::random::Random;
use ctnetlink::error::ErrorKind;
use ctnetlink::wire::{AttrSet, Attrs, NlmFlags, Visitor};
use ctnetlink::{Body, Conntrack, Kind, Message, MsgType, request};
use std::fmt;

#[derive(Default)]
pub(crate) struct Figures {
    requests: u64,
    accepted: usize,
    /// The accepted requests with bytes after the last attribute, which the kernel ignores.
    leftover: usize,
    /// The accepted requests with a number that is too long, of which the kernel reads the first bytes.
    longer: usize,
    /// The accepted requests with a malformed value that the kernel does not read for this request.
    unread: usize,
    answers: usize,
    errnos: std::collections::BTreeMap<i32, usize>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, accepted, leftover, longer, unread, answers, errnos } = self;
        write!(
            f,
            "mutated={requests} accepted={accepted} (with leftover={leftover} longer={longer} \
             unread={unread} attributes) answers={answers} errnos={errnos:?}"
        )
    }
}

/// Checks that every attribute decodes and has a name.
struct Known;

impl<'a> Visitor<'a> for Known {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for raw in attrs.raw() {
            let raw = raw.unwrap();
            assert!(S::SPEC.get(raw.number()).is_some(), "{raw:?} of {:?}", S::SPEC);
            S::visit_nest(&S::decode(raw).unwrap(), self);
        }
    }
}

pub(crate) fn mutate(machine: &mut Machine, random: &mut Random, requests: u64) -> Figures {
    let mut figures = Figures::default();
    let mut steps = Vec::new();
    while figures.requests < requests {
        let Some(step) = steps.pop() else {
            steps = a_round(random, &machine.can);
            steps.reverse();
            continue;
        };
        let (kind, flags, ct) = match step {
            Step::New(flags, ct) => (MsgType::CT_NEW, flags, ct),
            Step::Get(ct, zero) if zero => (MsgType::CT_GET_CTRZERO, NlmFlags::empty(), ct),
            Step::Get(ct, _) => (MsgType::CT_GET, NlmFlags::empty(), ct),
            Step::Delete(ct, _) => (MsgType::CT_DELETE, NlmFlags::empty(), ct),
            _ => continue,
        };
        let request = machine.request(kind, flags, &ct);
        let seq = request.as_message().header().nlmsg_seq;
        let mut bytes = request.into_bytes();
        for _ in 0..random.below(4) {
            change(random, &mut bytes);
        }
        figures.requests += 1;
        ask(machine, &bytes, seq, &mut figures);
    }
    figures
}

/// Changes a byte of the body, the length or number of an attribute, or the end of the message.
pub(crate) fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    let body = 16..bytes.len();
    if body.len() < 8 {
        return;
    }
    let at = body.start + random.below(body.len());
    match random.below(8) {
        0 => bytes[at] = random.u32() as u8,
        1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.of(&[0, 1, 0x7f, 0x80, 0xff]),
        // A header of an attribute may be at every multiple of four bytes.
        3 => bytes[at & !3] = random.of(&[3, 4, 5, 6, 7, 8, 9, 12, 20]),
        4 => bytes[(at & !3) + 2] = random.below(30) as u8,
        5 => {
            let junk = [random.u32(), random.number()].map(u32::to_ne_bytes);
            bytes.extend_from_slice(junk.as_flattened());
        }
        6 => bytes.truncate((at & !3).max(20)),
        _ => bytes[16] = random.of(&[0, 1, 2, 7, 10, 12]),
    }
    let len = (bytes.len() as u32).to_ne_bytes();
    bytes[..4].copy_from_slice(&len);
}

/// Sends a mutated request, and checks the request and all replies.
///
/// The reply to a second request marks the end of the replies.
fn ask(machine: &mut Machine, bytes: &[u8], seq: u32, figures: &mut Figures) {
    machine.asks.send(bytes);
    let end = machine.next_seq();
    let marker = request::stats().with_seq(end);
    machine.asks.send(marker.as_bytes());
    let mut errno = None;
    'replies: loop {
        let datagram = machine.asks.receive();
        for message in ctnetlink::messages(&datagram) {
            let message = message.unwrap();
            if message.header().nlmsg_seq == end {
                break 'replies;
            }
            assert_eq!(message.header().nlmsg_seq, seq, "{}", hex(bytes));
            match message.body().unwrap() {
                Body::Error(error) => errno = Some(-error.error),
                _ => judge(&message, figures),
            }
        }
    }
    for datagram in machine.hears.drain() {
        ctnetlink::messages(&datagram).for_each(|m| judge(&m.unwrap(), figures));
    }
    let errno = errno.unwrap_or_else(|| panic!("no acknowledgement of {}", hex(bytes)));
    *figures.errnos.entry(errno).or_default() += 1;
    let message = Message::parse(bytes).unwrap();
    let again = message.rebuild();
    if errno != 0 {
        return;
    }
    figures.accepted += 1;
    let again = again.unwrap_or_else(|error| panic!("{error}: {}", hex(bytes)));
    assert_eq!(again.as_bytes(), bytes, "accepted, but not rebuilt");
    let mut errors = Vec::new();
    Conntrack::default()
        .read_message(&message, |error| errors.push(error))
        .unwrap_or_else(|error| panic!("{error}: {}", hex(bytes)));
    for error in errors {
        // Each error affects only its attribute, and there is a reason why the kernel ignores it.
        match error.kind {
            ErrorKind::AttrHeader { .. } | ErrorKind::AttrLength { .. } => figures.leftover += 1,
            ErrorKind::PayloadLength { expected, found } if found > expected => figures.longer += 1,
            _ => figures.unread += 1,
        }
    }
}

/// Checks a message from the kernel: every attribute decodes, and the re-encoded bytes are identical.
fn judge(message: &Message<'_>, figures: &mut Figures) {
    figures.answers += 1;
    assert_ne!(message.kind(), Kind::Foreign, "{message:?}");
    let again = message.rebuild().unwrap();
    assert_eq!(again.as_bytes(), message.as_bytes());
    message.visit(&mut Known).unwrap();
}
