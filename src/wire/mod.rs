//! Netlink bytes of any family: lengths, attributes, message headers.
//!
//! ```text
//! datagram   = message, padding to 4, message …
//! message    = nlmsghdr (16 bytes), body
//! attributes = nlattr (4 bytes), payload, padding to 4, nlattr …
//! ```
//!
//! Most programs need only [`Endian`] of this module. The others are for reading in place, for
//! requests with unusual attributes, and for tools that handle attributes of any set.
//!
//! | task | type |
//! |---|---|
//! | Decode attributes of a known set | [`Attrs`], which borrows, and [`AttrsBuf`], which owns |
//! | Iterate over undecoded attributes | [`RawAttrs`] |
//! | Handle attributes of any set | [`Visitor`], [`AttrSet`] |
//! | Format the payload of any attribute | [`RawAttr::text`] |
//! | Write attributes | [`Writer`], into a [`WriteBuf`] |
//! | Split a datagram into messages | [`Datagram`], or [`Message`](crate::Message) for ctnetlink |
//! | Decode acknowledgements and errors | [`control`] |
//! | Compute lengths as the kernel does | [`nla_total_size`], [`nlmsg_total_size`] and others |

mod align;
mod attr;
mod attrs;
pub mod control;
mod endian;
pub(crate) mod header;
mod host_bits;
mod nul_str;
pub(crate) mod payload;
mod set;
mod table;
mod text;
pub(crate) mod values;
mod write_buf;
mod writer;

pub use align::{
    NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLA_LEN_MAX, NLA_TYPE_MASK, NLMSG_HDRLEN,
    nla_align, nla_attr_size, nla_total_size, nla_total_size_64bit, nlmsg_align, nlmsg_msg_size,
    nlmsg_total_size,
};
pub use attr::{Framing, RawAttr, RawAttrs};
pub use attrs::{AttrsBuf, Iter};
pub use endian::Endian;
pub use header::{Datagram, FlagSense, NlMsgHdr, NlmFlags, RawMessage};
pub use host_bits::HostBits;
pub use nul_str::NulStr;
pub use set::{AttrSet, Attrs, Visitor, WriteLimits, Writer};
pub use text::PayloadText;
pub use write_buf::WriteBuf;

pub(crate) use table::attr_set;
