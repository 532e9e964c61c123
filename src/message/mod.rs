//! Messages of ctnetlink, which consist of `nlmsghdr`, `nfgenmsg` and attributes.

mod buf;
mod builder;
mod datagram;
mod kind;
mod msg_type;
mod nfgenmsg;
mod view;

pub use buf::MessageBuf;
pub use builder::MessageBuilder;
pub use datagram::{Messages, messages};
pub use kind::Kind;
pub use msg_type::MsgType;
pub use nfgenmsg::{Family, NfGenMsg};
pub use view::{Body, Message};

use crate::wire::NLMSG_HDRLEN;

/// The number of bytes of `struct nfgenmsg`.
const NFGENMSG_LEN: usize = 4;
/// The number of bytes from the start of a message to its first attribute.
const ATTRS_OFFSET: usize = NLMSG_HDRLEN + NFGENMSG_LEN;
