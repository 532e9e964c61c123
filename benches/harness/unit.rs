//! The units of all figures: a copy of each message, and a minimal walk over its attributes.
//!
//! This code does not use the crate, so that no change of the crate changes the units.

use std::hint::black_box;

/// `nlmsghdr` and `nfgenmsg`.
const HEADERS: usize = 20;
const NLA_F_NESTED: u16 = 1 << 15;

/// Copies each message into one buffer.
pub fn copy(messages: &[&[u8]], buf: &mut [u8]) {
    for message in messages {
        if let Some(buf) = buf.get_mut(..message.len()) {
            buf.copy_from_slice(black_box(message));
        }
        black_box(&mut *buf);
    }
}

/// Reads the length and type of every attribute, nests included, and one byte of every payload.
pub fn walk(messages: &[&[u8]]) {
    for message in messages {
        let attrs = black_box(message).get(HEADERS..).unwrap_or_default();
        black_box(attributes(attrs));
    }
}

fn attributes(mut bytes: &[u8]) -> u8 {
    let mut seen = 0;
    while let [len0, len1, type0, type1, ..] = *bytes {
        let len = usize::from(u16::from_ne_bytes([len0, len1]));
        let Some(payload) = bytes.get(4..len) else { break };
        seen ^= if u16::from_ne_bytes([type0, type1]) & NLA_F_NESTED != 0 {
            attributes(payload)
        } else {
            payload.first().copied().unwrap_or_default()
        };
        bytes = bytes.get((len + 3) & !3..).unwrap_or_default();
    }
    seen
}
