//! Sockets to the running kernel for requests, dumps and events (feature `socket`, Linux).
//!
//! | Task | API |
//! |---|---|
//! | Create, change, delete, dump and count entries | [`Socket`] with the requests of [`request`](crate::request) |
//! | Receive an event when a flow starts, changes or ends | [`Events`] |
//! | Keep a table of flows that recovers from event loss | [`Table`] |
//! | Enable times and counters in the kernel | [`Extension`] |
//! | Use tokio | `TokioSocket`, `TokioEvents` (feature `tokio`) |
//! | Test a program without a kernel | [`SimNet`] |
//! | Receive whole datagrams | [`Events::recv_datagram`] with a [`Buffer`] |
//!
//! Requests and events have separate sockets. On a shared socket, a burst of events could displace
//! a reply from the receive buffer, and events would arrive between the messages of a reply.
//!
//! # Examples
//! ```no_run
//! use ctnetlink::Group;
//! use ctnetlink::socket::{Events, SocketError};
//!
//! let mut events = Events::subscribe(&[Group::Destroy])?;
//! loop {
//!     match events.recv() {
//!         Ok(message) => {
//!             let ct = message.conntrack()?;
//!             println!("{:?} -> {:?}: {:?}", ct.orig.src, ct.orig.dst, ct.timestamp.duration());
//!         }
//!         Err(SocketError::Overrun) => eprintln!("{} events dropped", events.dropped_events()?),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Socket options
//!
//! * `NETLINK_EXT_ACK` is on: errors carry the extended-ack message and the offset of the attribute.
//! * `NETLINK_CAP_ACK` is on: errors do not repeat the request, so that more of them fit the receive
//!   buffer.
//! * `NETLINK_NO_ENOBUFS` is off: event loss is reported as [`SocketError::Overrun`].
//! * `NETLINK_GET_STRICT_CHK` is off: netfilter ignores it.
//!
//! [`Socket::netlink`] and [`Events::netlink`] give access to these and other options.

mod buffer;
mod error;
mod events;
mod exchange;
mod extension;
mod kernel_socket;
#[cfg(feature = "tokio")]
mod kernel_tokio;
mod link;
mod requests;
mod simulated;
mod table;
#[cfg(feature = "tokio")]
mod tokio;
mod transport;

pub use buffer::Buffer;
pub use error::{Rejection, SocketError};
pub use events::Events;
pub use exchange::{Outcome, Step};
pub use extension::{Extension, ExtensionError};
pub use kernel_socket::KernelSocket;
pub use requests::Socket;
pub use simulated::{SimNet, SimSocket};
pub use table::{Resync, Table, TableChange};
#[cfg(feature = "tokio")]
pub use tokio::{TokioEvents, TokioSocket};
#[cfg(feature = "tokio")]
pub use transport::AsyncTransport;
pub use transport::Transport;
