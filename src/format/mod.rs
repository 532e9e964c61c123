//! Messages as text, JSON or annotated bytes.
//!
//! | format | type |
//! |---|---|
//! | the lines of conntrack(8) | [`text::Text`] |
//! | JSON, as docs/json.md describes it | [`Json`] |
//! | the bytes of a message, with names and values | [`Annotate`] |
//! | other formats, by serde | `MessageRecord` (feature `serde`) |
//!
//! Text and JSON are appended to a `Vec<u8>` or a `String`: see [`Sink`]. Times are parsed and
//! formatted by [`parse_time`], [`rfc3339`] and [`TimeZone`].
//!
//! # Examples
//! ```
//! use ctnetlink::format::{Annotate, Json, text::Text};
//! use ctnetlink::{Message, wire::Endian};
//!
//! // A DESTROY event with CTA_ZONE 513.
//! let bytes = [
//!     28, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 6, 0, 18, 0, 2, 1, 0, 0,
//! ];
//! let message = Message::parse_with(&bytes, Endian::Little)?;
//! assert_eq!(Text::default().line(&message, None).unwrap(), "[DESTROY] zone=513");
//! let mut json = String::new();
//! Json::default().write(&message, &mut json);
//! assert!(json.ends_with(r#""conntrack":{"family":"ipv4","zone":513}}"#));
//! assert!(Annotate::new(message).to_string().ends_with("CTA_ZONE 513\n"));
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```

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
