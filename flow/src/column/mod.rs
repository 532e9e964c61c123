//! The columns of a flow record.
//!
//! [`COLUMNS`] declares each value of a flow record once: name, type, unit, meaning, and how it is read
//! from a [`Flow`]. [`csv`](crate::csv) and [`json`](crate::json) write a row of all columns, and
//! docs/columns.md lists them.
//!
//! A value that the message does not contain is absent, never 0 or an empty text. What no column holds
//! is in the last column, `rest`, so that a row has everything that is in the message.
//!
//! # Examples
//! ```
//! use ctnetlink::{Endian, Message};
//! use ctnetlink_flow::Flow;
//! use ctnetlink_flow::column::{Column, Value};
//!
//! // A DESTROY event that is reduced to its mark.
//! let bytes = [
//!     0x1c, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
//!     2, 0, 0, 0, // nfgenmsg: AF_INET
//!     8, 0, 8, 0, 0, 0, 0x12, 0x34, // CTA_MARK
//! ];
//! let message = Message::parse_with(&bytes, Endian::Little)?;
//! let entry = message.conntrack()?;
//! let flow = Flow::new(message, &entry);
//! let read = |name| Column::by_name(name).unwrap().read(&flow);
//! assert_eq!(read("event"), Some(Value::Text("destroy".into())));
//! assert_eq!(read("mark"), Some(Value::Int(0x1234)));
//! assert_eq!(read("zone"), None);
//! assert_eq!(read("rest"), None);
//! # Ok::<(), ctnetlink::Error>(())
//! ```

mod field;
mod rest;
mod table;
mod value;

pub use table::COLUMNS;
pub use value::Value;

use crate::Flow;
use crate::ipfix::Element;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// An integer that fits `i32`.
    Int32,
    /// An integer that fits `i64`.
    Int64,
    /// A time of UTC: microseconds since the Unix epoch, in 64 bits.
    Time,
    /// An IPv4 or IPv6 address, which is written as text.
    Address,
    /// Text with few different values, which a dictionary makes shorter.
    Name,
    /// Any other text.
    Text,
}

/// Writes `32-bit integer` and so on.
impl core::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Int32 => "32-bit integer",
            Self::Int64 => "64-bit integer",
            Self::Time => "time",
            Self::Address => "address",
            Self::Name => "name",
            Self::Text => "text",
        })
    }
}

/// A column: a value of a flow record, and how it is read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// The name, in `snake_case`.
    pub name: &'static str,
    /// The type of the values.
    pub value_type: ColumnType,
    /// The unit, if the value has one.
    pub unit: Option<&'static str>,
    /// The meaning of the value.
    pub meaning: &'static str,
    /// What it means that the value is absent.
    pub absent: &'static str,
    /// The path of the value in the JSON of the message, whose keys docs/json.md lists.
    pub json: Option<&'static str>,
    /// The information elements that export the value.
    pub elements: &'static [Element],
    read: for<'a> fn(&Flow<'a>) -> Option<Value<'a>>,
}

impl Column {
    /// Returns the value of this column, or `None` if it is absent.
    ///
    /// A number above the largest `i64` is absent; `rest` contains it.
    #[must_use]
    pub fn read<'a>(&self, flow: &Flow<'a>) -> Option<Value<'a>> {
        (self.read)(flow)
    }

    /// Returns the column of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        COLUMNS.iter().find(|column| column.name == name)
    }
}
