//! A collector for tests: the records of a session, and what its sequence numbers say is missing.
#![allow(dead_code, reason = "each test program uses a part")]

mod reader;

use reader::Reader;
use std::collections::BTreeMap;

/// What a collector knows after some messages of one session.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    reader: Reader,
    /// The sequence number that each domain must have next.
    next: BTreeMap<u32, u32>,
    /// The number of data records that are missing according to the sequence numbers of flows.
    pub(crate) missing: u64,
    /// The number of data sets without a template.
    pub(crate) undecoded: u64,
    /// The records of flows: the value of each element, as a number.
    pub(crate) records: Vec<BTreeMap<u16, u128>>,
    /// The newest statistics.
    pub(crate) statistics: BTreeMap<u16, u128>,
    pub(crate) messages: u64,
    pub(crate) longest: usize,
    /// The number of templates in all messages.
    pub(crate) announced: u64,
    /// The number of bytes after the last whole message of a stream.
    pub(crate) left_over: usize,
}

impl Collector {
    /// Reads all whole messages of a stream, and returns the number of their bytes.
    pub(crate) fn stream(&mut self, stream: &[u8]) -> usize {
        let mut at = 0;
        while stream.len() - at >= 16 {
            let length = usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
            assert!(length >= 16, "a message of {length} bytes");
            if at + length > stream.len() {
                break;
            }
            self.message(&stream[at..at + length]);
            at += length;
        }
        self.left_over = stream.len() - at;
        at
    }

    pub(crate) fn message(&mut self, message: &[u8]) {
        let decoded = self.reader.decode(message);
        self.messages += 1;
        self.longest = self.longest.max(message.len());
        self.announced += decoded.templates.len() as u64;
        self.undecoded += u64::from(decoded.undecoded);
        let (sequence, domain) = (decoded.sequence, decoded.domain);
        let expected = self.next.get(&domain).copied().unwrap_or(sequence);
        if domain != 0 {
            self.missing += u64::from(sequence.wrapping_sub(expected));
        }
        if decoded.undecoded == 0 {
            self.next.insert(domain, sequence.wrapping_add(decoded.records.len() as u32));
        } else {
            // The number of records in the set is not known.
            self.next.remove(&domain);
        }
        for record in decoded.records {
            let fields = record.fields.into_iter().filter(|field| field.1.is_none());
            let values = fields.map(|(number, _, bytes)| (number, value(&bytes)));
            match domain {
                0 => self.statistics.extend(values),
                _ => self.records.push(values.collect()),
            }
        }
    }

    /// Returns the number of flows that the newest statistics report as lost.
    pub(crate) fn not_sent(&self) -> u128 {
        self.statistics[&166]
    }
}

fn value(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u128::from(byte))
}
