//! Flow records as lines of JSON.
//!
//! A row is an object with the columns of [`COLUMNS`] that are present. Times are RFC 3339 in UTC. `rest`
//! is a string like every other text; it contains JSON.
//!
//! # Examples
//! ```
//! use ctnetlink::{Endian, Message};
//! use ctnetlink_flow::{Flow, json};
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
//! json::write_row(&Flow::new(message, &entry), &mut out);
//! assert_eq!(out, b"{\"event\":\"destroy\",\"ip_version\":4,\"mark\":4660}\n");
//! # Ok::<(), ctnetlink::Error>(())
//! ```

use crate::Flow;
use crate::column::{COLUMNS, Value};
use std::io::Write as _;

/// Appends the row of a flow.
pub fn write_row(flow: &Flow<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let first = out.len();
    for column in COLUMNS {
        let Some(value) = column.read(flow) else { continue };
        if out.len() > first {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(column.name.as_bytes());
        out.extend_from_slice(b"\":");
        // Writing to a vector does not fail.
        let _ = match value {
            Value::Int(number) => write!(out, "{number}"),
            Value::Text(text) => serde_json::to_writer(&mut *out, &text).map_err(Into::into),
            value => write!(out, "\"{value}\""),
        };
    }
    out.extend_from_slice(b"}\n");
}
