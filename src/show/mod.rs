//! Messages for people and for other programs.
//!
//! * [`Annotate`]: the bytes of a message, an attribute a line, with names and values.
//! * [`text`]: the lines that conntrack(8) prints.
//! * [`Json`]: the same in JSON.
//! * `MessageRecord` (feature `serde`): a message as a serializable record, for other formats.

#[cfg(feature = "show")]
mod annotate;
#[cfg(feature = "show")]
mod digits;
#[cfg(feature = "show")]
pub(crate) mod json;
#[cfg(feature = "show")]
mod line;
#[cfg(feature = "serde")]
mod record;
#[cfg(feature = "show")]
mod sink;
#[cfg(feature = "show")]
pub mod text;
#[cfg(feature = "show")]
mod time;
#[cfg(feature = "show")]
mod word;

#[cfg(feature = "show")]
pub use annotate::Annotate;
#[cfg(feature = "show")]
pub use json::Json;
#[cfg(feature = "serde")]
pub use record::{Content, MessageRecord, Problem, UnknownAttr};
#[cfg(feature = "show")]
pub use sink::Sink;
#[cfg(feature = "show")]
pub use time::{TimeZone, parse_time, rfc3339};
#[cfg(feature = "show")]
pub(crate) use word::Word;
