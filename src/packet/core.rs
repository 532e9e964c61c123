//! The traits of netlink-packet-core 0.9.

use super::{AdapterError, CtNetlinkMessage, NlaAttr};
use crate::MessageBuf;
use crate::wire::{AttrSet, NlMsgHdr, NlmFlags};
use netlink_packet_core::{
    DecodeError, Emitable, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable, Nla, NlaBuffer, Parseable,
};
use std::borrow::Cow;
use std::convert::Infallible;

super::traits::implement!();
