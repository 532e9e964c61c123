//! IPFIX (RFC 7011): messages of flow records for collectors and files.
//!
//! One DESTROY event makes one record, a biflow (RFC 5103): the forward direction is the original
//! one, and the counters of the reply are reverse information elements. A template lists exactly
//! the fields that a flow has: what the kernel did not send is not in the record.
//!
//! | field | elements |
//! |---|---|
//! | addresses | 8, 12 or 27, 28 |
//! | ports | 7, 11 |
//! | ICMP | 32, 176, 177 or 139, 178, 179 |
//! | protocol | 4 |
//! | times | 152, 153 (milliseconds), 156, 157 (nanoseconds) |
//! | counters | 1, 2, and their reverse |
//! | NAT | 225, 226 or 281, 282, with ports 227, 228 |
//! | zone, mark | 234, and 4 of netfilter |
//! | end | 136, 239, 148 |
//!
//! An [`Encoder`] does no input or output. A message that the kernel sends before the flow's end has
//! no record; see [`Mode`].

mod element;
mod encoder;
mod open;
mod record;
mod shape;
mod statistics;
mod time;

pub use element::Element;
pub use encoder::{Config, Encoder, IpfixMessage, Mode};
pub use statistics::Statistics;
pub use time::ntp_time;
