//! netlink-packet-core 0.9.

pub(crate) mod stack {
    pub(crate) use netlink_packet_core::{
        Emitable, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
        NetlinkSerializable, Nla, NlaBuffer, NlasIterator, Parseable,
    };
    /// Whether a `NLMSG_DONE` without a status deserializes.
    ///
    /// Its status is then 0.
    pub(crate) const EMPTY_DONE: bool = true;
}

#[path = "stack.rs"]
mod tests;
