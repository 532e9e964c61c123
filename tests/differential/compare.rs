//! Compares the messages of both kernels byte for byte.

use crate::generate::Step;
use crate::socket::Answer;
use ctnetlink::{Conntrack, Expectation, Message, flat::Record};
use std::fmt;
use std::fmt::Write as _;

const CTA_TIMESTAMP_EVENT: u16 = 27;

/// A difference between the kernels, and the step that caused it.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    text: String,
    step: String,
}

impl Difference {
    pub(crate) fn new(text: String) -> Self {
        Self { text, step: String::new() }
    }

    pub(crate) fn at(self, step: &Step) -> Self {
        Self { step: format!("{step:?}"), ..self }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nat {}", self.text, self.step)
    }
}

/// Compares the datagrams of a reply.
pub(crate) fn same_answer(answer: &Answer, simulated: &[Vec<u8>]) -> Result<(), Difference> {
    same_bytes("reply", &answer.datagrams, simulated, None)
}

/// Compares datagrams one by one.
///
/// `during` is the period in which the running kernel sent them. If it is given, the times of events
/// may differ: they are copied from the running kernel after a check that they are in the period.
pub(crate) fn same_bytes(
    what: &str,
    running: &[Vec<u8>],
    simulated: &[Vec<u8>],
    during: Option<[u64; 2]>,
) -> Result<(), Difference> {
    for (n, running) in running.iter().enumerate() {
        let mut simulated = simulated.get(n).cloned().unwrap_or_default();
        if let Some(during) = during {
            take_over_time(running, &mut simulated, during)?;
        }
        if *running != simulated {
            return Err(Difference::new(format!(
                "{what} {n}\n  running   {}\n  simulated {}\n  {}",
                hex(running),
                hex(&simulated),
                told_apart(running, &simulated)
            )));
        }
    }
    match simulated.get(running.len()) {
        None => Ok(()),
        Some(more) => Err(Difference::new(format!(
            "{what}: the simulation has {} and the kernel {}: {}\n  {}",
            simulated.len(),
            running.len(),
            hex(more),
            told_apart(&[], more),
        ))),
    }
}

/// Copies the value of `CTA_TIMESTAMP_EVENT` if both messages contain it at the same offset.
fn take_over_time(
    running: &[u8],
    simulated: &mut [u8],
    [before, after]: [u64; 2],
) -> Result<(), Difference> {
    let Some(place) = payload(running, CTA_TIMESTAMP_EVENT) else { return Ok(()) };
    if payload(simulated, CTA_TIMESTAMP_EVENT) != Some(place) {
        return Ok(());
    }
    let bytes = &running[place..place + 8];
    let time = u64::from_be_bytes(bytes.try_into().unwrap());
    if !(before..=after).contains(&time) {
        let text = format!("CTA_TIMESTAMP_EVENT {time} is not between {before} and {after}");
        return Err(Difference::new(text));
    }
    simulated[place..place + 8].copy_from_slice(bytes);
    Ok(())
}

/// Returns the offset of the payload of a top-level attribute.
fn payload(message: &[u8], wanted: u16) -> Option<usize> {
    let half = |at: usize| Some(u16::from_ne_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let mut at = 20;
    loop {
        let (len, kind) = (half(at)?, half(at + 2)?);
        if kind & 0x3fff == wanted && len == 12 {
            return Some(at + 4);
        }
        at += usize::from(len).max(4).next_multiple_of(4);
    }
}

fn told_apart(running: &[u8], simulated: &[u8]) -> String {
    let mut text = String::new();
    for bytes in [running, simulated] {
        let Ok(message) = Message::parse(bytes) else {
            text += "nothing\n  ";
            continue;
        };
        let _ = match (Conntrack::try_from(message), message.expectation_attrs()) {
            (Ok(ct), _) => write!(text, "{:?} {ct:?}\n  ", message.header()),
            (_, Ok(attrs)) => write!(text, "{:?}\n  ", Expectation::try_decode(attrs)),
            _ => write!(text, "{:?}\n  ", message.header()),
        };
    }
    text
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
