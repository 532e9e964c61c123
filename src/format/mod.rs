//! Messages for people and for other programs.
//!
//! * [`Annotate`]: the bytes of a message, an attribute a line, with names and values.
//! * [`text`]: the lines that conntrack(8) prints.
//! * [`Json`]: the same in JSON.
//! * `MessageRecord` (feature `serde`): a message as a serializable record, for other formats.

#[cfg(feature = "format")]
mod annotate;
#[cfg(feature = "format")]
mod json;
#[cfg(feature = "serde")]
mod record;
#[cfg(feature = "format")]
pub mod text;
#[cfg(feature = "format")]
mod time;

#[cfg(feature = "format")]
pub use crate::line::Sink;
#[cfg(feature = "format")]
pub use annotate::Annotate;
#[cfg(feature = "format")]
pub use json::Json;
#[cfg(feature = "serde")]
pub use record::{Content, MessageRecord, Problem, UnknownAttr};
#[cfg(all(feature = "format", feature = "std"))]
pub use time::UnknownTimeZone;
#[cfg(feature = "format")]
pub use time::{TimeZone, parse_time, rfc3339};
