//! Sockets of the running kernel: requests, dumps, events (feature `socket`, Linux).
//!
//! | to | use |
//! |---|---|
//! | create, change, delete, dump, count | [`Socket`] with what [`request`](crate::request) makes |
//! | see flows begin, change and end | [`Events`] |
//! | keep a table that survives a loss of events | [`Table`] |
//! | have the kernel note times and counters at all | [`Extension`] |
//! | the same on tokio | `TokioSocket`, `TokioEvents` (feature `tokio`) |
//!
//! Requests and events have a socket each. On a shared one, a burst of events could push an answer
//! out of the buffer, and events would lie between the answers.
//!
//! ```no_run
//! use ctnetlink::socket::{Buffer, Events, Group, SocketError};
//! use ctnetlink::{Conntrack, Kind};
//!
//! let mut events = Events::open(&[Group::Destroy])?;
//! let mut buffer = Buffer::default();
//! loop {
//!     match events.next(&mut buffer) {
//!         Ok(Some(message)) if message.kind() == Kind::Destroy => {
//!             let ct = message.conntrack()?;
//!             println!("{:?} -> {:?}: {:?}", ct.orig.src, ct.orig.dst, ct.timestamp.duration());
//!         }
//!         Ok(_) => {}
//!         Err(SocketError::Lost) => eprintln!("events lost: {} so far", events.dropped()?),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Options of the sockets
//!
//! * `NETLINK_EXT_ACK` is on: a refusal comes with the kernel's sentence and the byte in question.
//! * `NETLINK_CAP_ACK` is on: a refusal does not repeat the request, so that many answers fit the
//!   buffer.
//! * `NETLINK_NO_ENOBUFS` is off. With it a socket loses events without a word;
//!   [`SocketError::Lost`] is how one gets to know.
//! * `NETLINK_GET_STRICT_CHK` is off: of netfilter nothing heeds it.
//!
//! [`Socket::netlink`] and [`Events::netlink`] give access to these and others.

mod buffer;
mod error;
mod events;
mod exchange;
mod extension;
mod link;
mod requests;
mod table;
#[cfg(feature = "tokio")]
mod tokio;

pub use crate::Group;
pub use buffer::Buffer;
pub use error::{Refused, SocketError};
pub use events::Events;
pub use exchange::{Outcome, Step};
pub use extension::{Extension, ExtensionError};
pub use requests::Socket;
pub use table::{Change, Resync, Table};
#[cfg(feature = "tokio")]
pub use tokio::{TokioEvents, TokioSocket};
