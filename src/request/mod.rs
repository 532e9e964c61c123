//! Requests to the kernel, as a conntrack tool sends them.
//!
//! Each function returns a message for a netlink socket of the family `NETLINK_NETFILTER` on this
//! machine. Its sequence number is 0: `socket::Socket` numbers the requests that it sends, and
//! [`MessageBuf::with_seq`] numbers a request for another socket. The kernel repeats the number in
//! its replies.
//!
//! All requests need `CAP_NET_ADMIN` in the network namespace. Requests that change something carry
//! `NLM_F_ACK`, so that the kernel acknowledges them if it does not reject them.
//!
//! # Examples
//! ```
//! use ctnetlink::request::{self, Selector};
//!
//! // The request of `conntrack -L -m 0x10/0xf0 -w 3`.
//! let only = Selector { mark: Some((0x10, 0xf0)), zone: Some(3), ..Selector::default() };
//! let request = request::dump(&only).with_seq(7);
//! // A netlink header, an nfgenmsg, CTA_MARK, CTA_MARK_MASK and CTA_ZONE.
//! assert_eq!(request.as_bytes().len(), 16 + 4 + 8 + 8 + 8);
//! assert_eq!(request.as_message().header().nlmsg_seq, 7);
//! ```

mod entries;
mod expectations;
mod selector;
mod statistics;

pub use entries::{
    create, create_or_update, delete, dump, dump_and_reset, dump_dying, dump_unconfirmed, flush,
    get, get_and_reset, update,
};
pub use expectations::{
    create_expectation, delete_expectation, dump_expectations, dump_expectations_of,
    flush_expectations, get_expectation,
};
pub use selector::Selector;
pub use statistics::{expect_stats_cpu, stats, stats_cpu};

use crate::attrs::CtattrType;
use crate::error::Error;
use crate::wire::NlmFlags;
use crate::{Family, MessageBuf, MessageBuilder, MsgType};

fn builder(msg_type: MsgType, family: Family, flags: NlmFlags) -> MessageBuilder {
    MessageBuilder { flags: NlmFlags::REQUEST | flags, ..MessageBuilder::new(msg_type, family) }
}

/// Builds a request without attributes.
fn bare(msg_type: MsgType, family: Family, flags: NlmFlags) -> MessageBuf {
    fitting(builder(msg_type, family, flags).build::<CtattrType>(|_| ()))
}

/// Unwraps a request whose attributes have fixed sizes, such as tuples: it fits its length fields.
fn fitting(request: Result<MessageBuf, Error>) -> MessageBuf {
    request.expect("attributes of fixed sizes fit a message")
}
