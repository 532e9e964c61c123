//! What no column holds of a message.

use super::table::{duration, erase_fields, fitting, ip_version, state};
use crate::Flow;
use ctnetlink::flat::{Dccp, Sctp, Tcp};
use ctnetlink::format::{Content, MessageRecord};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Endian, IpProto, Kind, MsgType, ProtoInfo};
use serde_json::{Map, Value as Json};

/// Returns what no other column holds, as JSON; `None` is nothing.
///
/// The JSON is a merge patch (RFC 7396) that makes the JSON of the message out of that which the other
/// columns stand for. docs/columns.md describes both.
pub(super) fn rest(flow: &Flow<'_>) -> Option<String> {
    let mut left = uncovered(flow.entry);
    if is_covered(flow) {
        // Since Linux 6.14, every event contains its time if the kernel records times.
        let event_time = left.timestamp_event.take();
        if left == Conntrack::default() {
            return event_time.map(|ns| format!(r#"{{"conntrack":{{"timestamp_event":{ns}}}}}"#));
        }
        left.timestamp_event = event_time;
    }
    patch(flow, left)
}

/// Returns the entry without what the columns hold.
fn uncovered(entry: &Conntrack) -> Conntrack {
    let mut left = entry.clone();
    erase_fields(&mut left);
    left.labels = None;
    if ip_version(entry).is_some() {
        left.family = Default::default();
    }
    if entry.reply.proto == implied_reply_proto(entry) {
        left.reply.proto = None;
    }
    if state(entry).is_some() {
        left.protoinfo = without_state(left.protoinfo);
    }
    left
}

/// Returns `true` if the reply direction lacks the protocol that the columns imply for it.
fn lacks_reply_proto(entry: &Conntrack) -> bool {
    entry.reply.proto.is_none() && implied_reply_proto(entry).is_some()
}

/// Returns the protocol that the columns imply for the reply direction.
fn implied_reply_proto(entry: &Conntrack) -> Option<IpProto> {
    let reply = &entry.reply;
    let has_address = reply.src.is_some() | reply.dst.is_some();
    let has_port = reply.src_port.is_some() | reply.dst_port.is_some();
    if has_address | has_port { entry.orig.proto } else { None }
}

fn without_state(info: Option<ProtoInfo>) -> Option<ProtoInfo> {
    match info? {
        ProtoInfo::Tcp(tcp) => Some(Tcp { state: None, ..tcp })
            .filter(|tcp| *tcp != Tcp::default())
            .map(ProtoInfo::Tcp),
        ProtoInfo::Sctp(sctp) => Some(Sctp { state: None, ..sctp })
            .filter(|sctp| *sctp != Sctp::default())
            .map(ProtoInfo::Sctp),
        ProtoInfo::Dccp(dccp) => Some(Dccp { state: None, ..dccp })
            .filter(|dccp| *dccp != Dccp::default())
            .map(ProtoInfo::Dccp),
        other => Some(other),
    }
}

/// The type and flags that the kernel sends with an event or a reply.
fn usual_header(kind: Kind) -> Option<(MsgType, NlmFlags)> {
    match kind {
        Kind::New => Some((MsgType::CT_NEW, NlmFlags::CREATE | NlmFlags::EXCL)),
        Kind::Update => Some((MsgType::CT_NEW, NlmFlags::empty())),
        Kind::Destroy => Some((MsgType::CT_DELETE, NlmFlags::empty())),
        Kind::Reply => Some((MsgType::CT_NEW, NlmFlags::MULTI)),
        _ => None,
    }
}

/// Returns `true` if the columns hold everything of the message apart from the entry.
fn is_covered(flow: &Flow<'_>) -> bool {
    let message = &flow.message;
    let header = message.header();
    usual_header(message.kind()) == Some((message.msg_type(), header.nlmsg_flags))
        && (header.nlmsg_seq, header.nlmsg_pid) == (0, 0)
        && message.endian() == Endian::Little
        && fitting(flow.event_time).is_some() == flow.event_time.is_some()
        && duration(flow).is_some() == flow.entry.timestamp.duration_ns().is_some()
        && !lacks_reply_proto(flow.entry)
        && message.is_fully_decoded()
}

/// Makes the merge patch.
#[cold]
fn patch(flow: &Flow<'_>, left: Conntrack) -> Option<String> {
    let message = &flow.message;
    let entry = flow.entry;
    let mut record = MessageRecord::new(message);
    record.content = Some(Content::Conntrack(Box::new(left)));
    let Ok(Json::Object(mut object)) = serde_json::to_value(&record) else { return None };
    for key in ["kind", "snat", "dnat"] {
        object.remove(key);
    }
    if duration(flow).is_some() {
        object.remove("duration");
    }
    if ip_version(entry).is_some() {
        object.remove("family");
    }
    remove_usual(message, &mut object);
    if fitting(flow.event_time).is_none() {
        object.extend(flow.event_time.map(|time| ("time".to_owned(), time.into())));
    }
    if let Some(Json::Object(left)) = object.get_mut("conntrack") {
        if lacks_reply_proto(entry) {
            let reply = left.entry("reply").or_insert_with(|| Map::new().into());
            if let Json::Object(reply) = reply {
                reply.insert("proto".to_owned(), Json::Null);
            }
        }
        if left.is_empty() {
            object.remove("conntrack");
        }
    }
    (!object.is_empty()).then(|| Json::Object(object).to_string())
}

/// Removes the values of the header that the kernel usually sends.
fn remove_usual(message: &ctnetlink::Message<'_>, object: &mut Map<String, Json>) {
    let header = message.header();
    if let Some((msg_type, flags)) = usual_header(message.kind()) {
        if message.msg_type() == msg_type {
            object.remove("type");
            let names = |flags: NlmFlags| flags.names(msg_type.flag_sense());
            if names(header.nlmsg_flags).eq(names(flags)) {
                object.remove("flags");
            }
        }
    }
    if header.nlmsg_seq == 0 {
        object.remove("seq");
    }
    if header.nlmsg_pid == 0 {
        object.remove("portid");
    }
    if message.endian() == Endian::Little {
        object.remove("byte_order");
    }
}
