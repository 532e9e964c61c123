//! The traits of netlink-packet-core 0.7 and netlink-packet-utils 0.5.

use super::{AdapterError, CtNetlinkMessage, NlaAttr};
use crate::MessageBuf;
use crate::wire::{AttrSet, NlMsgHdr, NlmFlags};
use netlink_packet_core_07::{
    NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_utils::nla::{Nla, NlaBuffer};
use netlink_packet_utils::{DecodeError, Emitable, Parseable};
use std::borrow::Cow;
use std::convert::Infallible;

super::traits::implement!();
