//! Flow records as CSV.
//!
//! A row has one field per column of [`COLUMNS`]. A field that is absent is empty. Text is quoted as
//! RFC 4180 says: if it contains a comma, a quotation mark or the end of a line, or if it is empty. Times
//! are RFC 3339 in UTC. Each line ends with a newline alone.
//!
//! # Examples
//! ```
//! use ctnetlink::{Endian, Message};
//! use ctnetlink_flow::{Flow, csv};
//!
//! // A DESTROY event that is reduced to its mark.
//! let bytes = [
//!     0x1c, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
//!     2, 0, 0, 0, // nfgenmsg: AF_INET
//!     8, 0, 8, 0, 0, 0, 0x12, 0x34, // CTA_MARK
//! ];
//! let message = Message::parse_with(&bytes, Endian::Little)?;
//! let entry = message.conntrack()?;
//! let mut out = Vec::new();
//! csv::write_header(&mut out);
//! csv::write_row(&Flow::new(message, &entry), &mut out);
//! let text = String::from_utf8(out)?;
//! assert!(text.starts_with("event,event_time,event_ns,start_time,"));
//! assert!(text.contains("\ndestroy,,,,"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::Flow;
use crate::column::{COLUMNS, Value};
use std::io::Write as _;

/// Appends the names of the columns.
pub fn write_header(out: &mut Vec<u8>) {
    for (n, column) in COLUMNS.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(column.name.as_bytes());
    }
    out.push(b'\n');
}

/// Appends the row of a flow.
pub fn write_row(flow: &Flow<'_>, out: &mut Vec<u8>) {
    for (n, column) in COLUMNS.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match column.read(flow) {
            None => {}
            Some(Value::Text(text)) => write_text(&text, out),
            // Writing to a vector does not fail.
            Some(value) => drop(write!(out, "{value}")),
        }
    }
    out.push(b'\n');
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let is_special = |byte| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !text.is_empty() && !text.bytes().any(is_special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_if_it_has_to_be() {
        for (text, expected) in [
            ("tcp", "tcp"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"ftp\"", "\"say \"\"ftp\"\"\""),
            ("two\nlines\r", "\"two\nlines\r\""),
            (" blank ", " blank "),
        ] {
            let mut out = Vec::new();
            write_text(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
