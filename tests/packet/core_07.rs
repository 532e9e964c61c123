//! netlink-packet-core 0.7 and netlink-packet-utils 0.5.

pub(crate) mod stack {
    pub(crate) use netlink_packet_core_07::{
        NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
    };
    pub(crate) use netlink_packet_utils::nla::{Nla, NlaBuffer, NlasIterator};
    pub(crate) use netlink_packet_utils::{Emitable, Parseable};
    /// Whether a `NLMSG_DONE` without a status deserializes.
    pub(crate) const EMPTY_DONE: bool = false;
}

#[allow(clippy::duplicate_mod, reason = "the tests run for each version")]
#[path = "stack.rs"]
mod tests;
