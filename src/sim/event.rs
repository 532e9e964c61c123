//! Events about entries: `ctnetlink_conntrack_event`.

use super::fill_info::{
    Skb, ctnetlink_dump_acct, ctnetlink_dump_ct_seq_adj, ctnetlink_dump_ct_synproxy,
    ctnetlink_dump_helpinfo, ctnetlink_dump_id, ctnetlink_dump_labels, ctnetlink_dump_mark,
    ctnetlink_dump_master, ctnetlink_dump_protoinfo, ctnetlink_dump_secctx, ctnetlink_dump_status,
    ctnetlink_dump_timeout, ctnetlink_dump_timestamp, dump_both_tuples,
};
use super::nf_conn::{IpctEvents, NfConn};
use crate::attrs::{CtAttr, CtattrType};
use crate::error::Error;
use crate::kernel::Kernel;
use crate::msg_size::ctnetlink_nlmsg_size;
use crate::wire::{NlmFlags, WriteBuf, Writer, nlmsg_total_size};
use crate::{Group, MessageBuilder, MsgType, NfGenMsg};
use alloc::vec::Vec;

/// An event: a message for the listeners of a group.
///
/// # Examples
/// ```
/// use ctnetlink::Group;
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{IpctEvents, NfConn, ctnetlink_conntrack_event};
///
/// let kernel = Kernel::new("5.10".parse()?);
/// let entry = NfConn { mark: 0x1234, ..NfConn::default() };
/// let event = ctnetlink_conntrack_event(&kernel, IpctEvents::MARK, &entry, 0, 0)?.unwrap();
/// assert_eq!(event.group, Group::Update);
/// // The last attribute is CTA_MARK. The kernel allocates more than it uses.
/// assert_eq!(event.bytes[event.bytes.len() - 8..], [8, 0, 8, 0, 0, 0, 0x12, 0x34]);
/// assert!(event.alloc > event.bytes.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The group.
    pub group: Group,
    /// The message, which is alone in its datagram.
    pub bytes: Vec<u8>,
    /// The size that the kernel allocates for the message.
    pub alloc: usize,
}

/// Returns the type, flags and group of an event, or `None` if there is nothing to report.
#[must_use]
pub fn kind_of_event(events: IpctEvents) -> Option<(MsgType, NlmFlags, Group)> {
    if events.contains(IpctEvents::DESTROY) {
        Some((MsgType::CT_DELETE, NlmFlags::empty(), Group::Destroy))
    } else if events.intersects(IpctEvents::NEW | IpctEvents::RELATED) {
        Some((MsgType::CT_NEW, NlmFlags::CREATE | NlmFlags::EXCL, Group::New))
    } else if !events.is_empty() {
        Some((MsgType::CT_NEW, NlmFlags::empty(), Group::Update))
    } else {
        None
    }
}

/// Builds the message that reports `events` of an entry, or `None` if there is nothing to report.
///
/// The socket `portid` caused the events, or a packet or a timer if it is 0. `now` is the kernel's
/// time in jiffies.
///
/// # Errors
///
/// Returns [`NoRoom`](crate::error::ErrorKind::NoRoom) if the message does not fit into
/// [`ctnetlink_nlmsg_size`]. The event is dropped then, and the listeners of the group get `ENOBUFS`.
/// The kernel itself fails for slightly larger messages only, because it rounds allocations up.
pub fn ctnetlink_conntrack_event(
    kernel: &Kernel,
    events: IpctEvents,
    ct: &NfConn,
    now: u64,
    portid: u32,
) -> Result<Option<Event>, Error> {
    let alloc = nlmsg_total_size(ctnetlink_nlmsg_size(kernel, &ct.shape(kernel)));
    let Some((group, bytes)) = build_event(kernel, events, ct, now, portid, alloc)? else {
        return Ok(None);
    };
    Ok(Some(Event { group, bytes, alloc }))
}

/// Returns the size of an event, even if the kernel allocates less for it.
///
/// Returns `None` if there is nothing to report.
#[must_use]
pub fn conntrack_event_len(
    kernel: &Kernel,
    events: IpctEvents,
    ct: &NfConn,
    now: u64,
) -> Option<usize> {
    let built = build_event(kernel, events, ct, now, 0, usize::MAX).ok()?;
    built.map(|(_, bytes)| bytes.len())
}

/// Builds the group and the message of an event, in a buffer of `limit` bytes.
pub(crate) fn build_event(
    kernel: &Kernel,
    events: IpctEvents,
    ct: &NfConn,
    now: u64,
    portid: u32,
    limit: usize,
) -> Result<Option<(Group, Vec<u8>)>, Error> {
    let Some((msg_type, flags, group)) = kind_of_event(events) else {
        return Ok(None);
    };
    let builder = MessageBuilder {
        msg_type,
        flags,
        seq: 0,
        portid,
        nfgenmsg: NfGenMsg { nfgen_family: ct.l3num(), ..NfGenMsg::default() },
        endian: kernel.arch.endian(),
    };
    let mut skb = WriteBuf::with_capacity(limit.min(1024));
    let room = kernel.write_limits(limit, Skb::UNLIMITED.offset);
    builder.write_with_limits(&mut skb, room, |out| fill_event(kernel, out, events, ct, now))?;
    Ok(Some((group, skb.into_bytes())))
}

fn fill_event(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrType>,
    events: IpctEvents,
    ct: &NfConn,
    now: u64,
) {
    let release = kernel.release;
    dump_both_tuples(kernel, out, ct);
    ctnetlink_dump_id(out, ct);
    ctnetlink_dump_status(out, ct);
    if events.contains(IpctEvents::DESTROY) {
        if release.destroy_has_protoinfo() {
            ctnetlink_dump_timeout(kernel, out, ct, now, true);
        }
        ctnetlink_dump_acct(out, ct);
        ctnetlink_dump_timestamp(kernel, out, ct);
        if release.destroy_has_protoinfo() {
            ctnetlink_dump_protoinfo(kernel, out, ct, true);
        }
    } else {
        ctnetlink_dump_timeout(kernel, out, ct, now, false);
        if events.contains(IpctEvents::PROTOINFO) {
            ctnetlink_dump_protoinfo(kernel, out, ct, false);
        }
        if events.contains(IpctEvents::HELPER) || ct.help.is_some() {
            ctnetlink_dump_helpinfo(out, ct);
        }
        if events.contains(IpctEvents::SECMARK) || ct.secmark != 0 {
            ctnetlink_dump_secctx(kernel, out, ct);
        }
        if events.contains(IpctEvents::LABEL) {
            ctnetlink_dump_labels(kernel, out, ct);
        }
        if events.contains(IpctEvents::RELATED) {
            ctnetlink_dump_master(kernel, out, ct);
        }
        if events.contains(IpctEvents::SEQADJ) {
            ctnetlink_dump_ct_seq_adj(out, ct);
        }
        if events.contains(IpctEvents::SYNPROXY) {
            ctnetlink_dump_ct_synproxy(kernel, out, ct);
        }
    }
    let is_mark_due = events.contains(IpctEvents::MARK);
    // Releases that omit a mark of 0 also omit one that did not change.
    if is_mark_due || !release.omits_zero_mark() {
        ctnetlink_dump_mark(kernel, out, ct, is_mark_due);
    }
    ctnetlink_dump_event_timestamp(kernel, out, ct);
}

/// Writes `CTA_TIMESTAMP_EVENT`, if the entry has timestamps, since Linux 6.14.
///
/// Its pad attribute has the number of pads inside `CTA_TIMESTAMP`, which is that of `CTA_STATUS`
/// here.
pub fn ctnetlink_dump_event_timestamp(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrType>,
    ct: &NfConn,
) {
    if !kernel.has_timestamp() || !kernel.release.timestamp_event_in_events() {
        return;
    }
    if let Some(ecache) = ct.ecache.filter(|ecache| ecache.timestamp != 0) {
        out.put_64bit(CtAttr::TimestampEvent(ecache.timestamp), CtAttr::TimestampEventPad);
    }
}
