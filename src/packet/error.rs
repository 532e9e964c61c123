//! Errors of conversions.

use crate::error::Error;
use std::fmt;

/// An error from converting a message or attribute to the types of rust-netlink.
///
/// # Examples
/// ```
/// use ctnetlink::packet::{AdapterError, CtNetlinkMessage};
/// use ctnetlink::{Endian, Family, MessageBuilder, MsgType};
///
/// let foreign = if Endian::NATIVE == Endian::Little { Endian::Big } else { Endian::Little };
/// let builder = MessageBuilder { endian: foreign, ..MessageBuilder::new(MsgType::CT_GET, Family::IPV4) };
/// let message = builder.build::<ctnetlink::attrs::CtattrType>(|_| ())?;
/// assert_eq!(CtNetlinkMessage::try_from(message), Err(AdapterError::ByteOrder));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterError {
    /// The message or attribute is not in the byte order of this machine.
    ByteOrder,
    /// The attribute has both `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` set.
    ///
    /// The rust-netlink crates would write the first flag only. The kernel sends no such attribute in
    /// ctnetlink.
    BothFlags {
        /// The type field with its flags.
        nla_type: u16,
    },
    /// The attribute is too long for its length field, or its header is incomplete.
    Attr(Error),
}

impl From<Error> for AdapterError {
    fn from(error: Error) -> Self {
        Self::Attr(error)
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrder => f.write_str("not in this machine's byte order"),
            Self::BothFlags { nla_type } => {
                write!(f, "attribute type {nla_type:#06x} has both of its flags set")
            }
            Self::Attr(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AdapterError {}
