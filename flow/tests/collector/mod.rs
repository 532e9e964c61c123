//! A collector for tests, which reads IPFIX messages as RFC 7011 defines them.
//!
//! It shares no code with the crate.
#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::BTreeMap;

/// A field of a template: element, enterprise number, length.
type Field = (u16, u32, u16);

/// What a collector knows after some messages of one session.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    templates: BTreeMap<(u32, u16), Vec<Field>>,
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

fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u128::from(byte))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl Collector {
    /// Reads all whole messages of a stream, and returns the number of their bytes.
    pub(crate) fn stream(&mut self, stream: &[u8]) -> usize {
        let mut at = 0;
        while stream.len() - at >= 16 {
            let length = usize::from(u16_at(stream, at + 2));
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
        assert_eq!(u16_at(message, 0), 10, "the version");
        assert_eq!(usize::from(u16_at(message, 2)), message.len(), "the length");
        self.messages += 1;
        self.longest = self.longest.max(message.len());
        let (sequence, domain) = (u32_at(message, 8), u32_at(message, 12));
        let expected = self.next.get(&domain).copied().unwrap_or(sequence);
        if domain != 0 {
            self.missing += u64::from(sequence.wrapping_sub(expected));
        }
        let undecoded = self.undecoded;
        let mut count = 0;
        let mut at = 16;
        while at < message.len() {
            let (set, length) = (u16_at(message, at), usize::from(u16_at(message, at + 2)));
            let content = &message[at + 4..at + length];
            count += match set {
                2 => self.templates(domain, content, 4),
                3 => self.templates(domain, content, 6),
                256.. => self.data(domain, set, content),
                _ => panic!("set {set}"),
            };
            at += length;
        }
        assert_eq!(at, message.len());
        if self.undecoded == undecoded {
            self.next.insert(domain, sequence.wrapping_add(count));
        } else {
            // The number of records in the set is not known.
            self.next.remove(&domain);
        }
    }

    fn templates(&mut self, domain: u32, set: &[u8], header: usize) -> u32 {
        let mut at = 0;
        while at < set.len() {
            let (id, count) = (u16_at(set, at), u16_at(set, at + 2));
            at += header;
            let mut fields = Vec::new();
            for _ in 0..count {
                let (element, length) = (u16_at(set, at), u16_at(set, at + 2));
                at += 4;
                let mut enterprise = 0;
                if element & 0x8000 != 0 {
                    enterprise = u32_at(set, at);
                    at += 4;
                }
                fields.push((element & 0x7fff, enterprise, length));
            }
            self.templates.insert((domain, id), fields);
            self.announced += 1;
        }
        0
    }

    fn data(&mut self, domain: u32, template: u16, mut set: &[u8]) -> u32 {
        let Some(fields) = self.templates.get(&(domain, template)) else {
            self.undecoded += 1;
            return 0;
        };
        let mut count = 0;
        while !set.is_empty() {
            let mut record = BTreeMap::new();
            for &(element, enterprise, length) in fields {
                let (value, rest) = set.split_at(length.into());
                if enterprise == 0 {
                    record.insert(element, number(value));
                }
                set = rest;
            }
            if domain == 0 {
                self.statistics.extend(record);
            } else {
                self.records.push(record);
            }
            count += 1;
        }
        count
    }

    /// Returns the number of flows that the newest statistics report as lost.
    pub(crate) fn not_sent(&self) -> u128 {
        self.statistics[&166]
    }
}
