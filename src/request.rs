//! The requests that a conntrack tool sends.
//!
//! Each function returns a message for a `NETLINK_NETFILTER` socket of this machine. Its sequence
//! number is 0: `socket::Socket` numbers the requests that it sends, and
//! [`MessageBuf::with_seq`] numbers one for a socket of your own. The kernel repeats the number in
//! its replies. All requests need `CAP_NET_ADMIN` in the network namespace. Changes carry
//! `NLM_F_ACK`: the kernel acknowledges each or rejects it with an error.
//!
//! ```
//! use ctnetlink::request::{self, Selector};
//!
//! // What `conntrack -L -m 0x10/0xf0 -w 3` asks.
//! let only = Selector { mark: Some((0x10, 0xf0)), zone: Some(3), ..Selector::default() };
//! let message = request::dump(&only).with_seq(7);
//! assert_eq!(message.as_bytes().len(), 16 + 4 + 8 + 8 + 8);
//! assert_eq!(message.as_message().header().nlmsg_seq, 7);
//! ```

use crate::attrs::{CtAttr, CtattrExpect, CtattrType, ExpectAttr, Status};
use crate::error::{Error, ErrorKind};
use crate::flat::{Conntrack, Expectation, Layout, Record, Tuple};
use crate::nested::{FilterAttr, FilterFlags, IpProto};
use crate::wire::{AttrSet as _, NlmFlags, Writer};
use crate::{Family, MessageBuf, MessageBuilder, MsgType};

/// Which entries a dump returns or a flush removes. What is `None` or empty does not count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The layer 3 protocol; [`Family::UNSPEC`] is any.
    pub family: Family,
    /// Mark and mask: entries whose mark has this value under the mask. Since Linux 3.9 for dumps,
    /// 4.0 for flushes.
    pub mark: Option<(u32, u32)>,
    /// Status and mask, likewise; a mask of 0 is refused with EINVAL. Since Linux 5.15.
    pub status: Option<(Status, Status)>,
    /// The zone of either direction; 0 is the default zone. Since Linux 6.8; before, ignored.
    pub zone: Option<u16>,
    /// Entries whose original tuple has the fields that are set here. Needs a family. Since Linux
    /// 5.8 for dumps, 6.12 for flushes; see [`FilterFlags`] for what the kernel gets wrong.
    pub orig: Tuple,
    /// The same for the reply tuple.
    pub reply: Tuple,
}

impl Selector {
    /// Whether the entry is one that this selects, by what [`Selector`] says and not by what
    /// kernels make of it: for those that ignore a part of a selection or get it wrong.
    #[must_use]
    pub fn matches(&self, ct: &Conntrack) -> bool {
        let zone = ct.zone.or(ct.orig.zone).or(ct.reply.zone).unwrap_or(0);
        let status = ct.status.unwrap_or_default();
        (self.family == Family::UNSPEC || self.family == ct.family)
            && self.mark.is_none_or(|(mark, mask)| ct.mark.unwrap_or(0) & mask == mark)
            && self.status.is_none_or(|(value, mask)| status & mask == value)
            && self.zone.is_none_or(|wanted| wanted == zone)
            && tuple_matches(&self.orig, &ct.orig)
            && tuple_matches(&self.reply, &ct.reply)
    }

    fn write(&self, out: &mut Writer<'_, CtattrType>) {
        let flags = [tuple_flags(&self.orig), tuple_flags(&self.reply)];
        let tuples =
            [(&self.orig, CtAttr::TupleOrig as fn(_) -> _), (&self.reply, CtAttr::TupleReply)];
        for (tuple, attr) in tuples {
            if !tuple.is_empty() {
                out.nest(attr, |out| tuple.write(out));
            }
        }
        if let Some((mark, mask)) = self.mark {
            out.put(CtAttr::Mark(mark));
            out.put(CtAttr::MarkMask(mask));
        }
        if let Some((status, mask)) = self.status {
            out.put(CtAttr::Status(status));
            out.put(CtAttr::StatusMask(mask));
        }
        if let Some(zone) = self.zone {
            out.put(CtAttr::Zone(zone));
        }
        let [orig, reply] = flags;
        if !(orig | reply).is_empty() {
            out.nest(CtAttr::Filter, |out| {
                out.put(FilterAttr::OrigFlags(orig));
                out.put(FilterAttr::ReplyFlags(reply));
            });
        }
    }
}

fn tuple_matches(wanted: &Tuple, found: &Tuple) -> bool {
    fn is_same<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
        wanted.is_none() || wanted == found
    }
    is_same(wanted.src, found.src)
        && is_same(wanted.dst, found.dst)
        && is_same(wanted.proto, found.proto)
        && is_same(wanted.src_port, found.src_port)
        && is_same(wanted.dst_port, found.dst_port)
        && is_same(wanted.icmp_id, found.icmp_id)
        && is_same(wanted.icmp_type, found.icmp_type)
        && is_same(wanted.icmp_code, found.icmp_code)
        && is_same(wanted.zone, found.zone)
}

/// The fields of a tuple that are set.
fn tuple_flags(tuple: &Tuple) -> FilterFlags {
    use FilterFlags as F;
    let is_v6 = tuple.proto == Some(IpProto::ICMPV6);
    let icmp = |v4, v6| if is_v6 { v6 } else { v4 };
    let fields = [
        (tuple.src.is_some(), F::IP_SRC),
        (tuple.dst.is_some(), F::IP_DST),
        (tuple.zone.is_some(), F::TUPLE_ZONE),
        (tuple.proto.is_some(), F::PROTO_NUM),
        (tuple.src_port.is_some(), F::PROTO_SRC_PORT),
        (tuple.dst_port.is_some(), F::PROTO_DST_PORT),
        (tuple.icmp_type.is_some(), icmp(F::PROTO_ICMP_TYPE, F::PROTO_ICMPV6_TYPE)),
        (tuple.icmp_code.is_some(), icmp(F::PROTO_ICMP_CODE, F::PROTO_ICMPV6_CODE)),
        (tuple.icmp_id.is_some(), icmp(F::PROTO_ICMP_ID, F::PROTO_ICMPV6_ID)),
    ];
    fields.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| *flag).collect()
}

fn builder(msg_type: MsgType, family: Family, flags: NlmFlags) -> MessageBuilder {
    MessageBuilder { flags: NlmFlags::REQUEST | flags, ..MessageBuilder::new(msg_type, family) }
}

/// Unwraps a request without a name, an address list or other values of variable size: it always
/// fits its length fields.
fn fitting(request: Result<MessageBuf, Error>) -> MessageBuf {
    request.expect("attributes of fixed sizes fit a message")
}

fn bare(msg_type: MsgType, family: Family, flags: NlmFlags) -> MessageBuf {
    fitting(builder(msg_type, family, flags).build::<CtattrType>(|_| ()))
}

fn select(msg_type: MsgType, only: &Selector) -> MessageBuf {
    fitting(builder(msg_type, only.family, NlmFlags::DUMP).build(|out| only.write(out)))
}

/// All entries that `only` selects: `conntrack -L`.
#[must_use]
pub fn dump(only: &Selector) -> MessageBuf {
    select(MsgType::CT_GET, only)
}

/// All entries that `only` selects, whose counters are set to 0: `conntrack -L -z`.
#[must_use]
pub fn dump_and_reset(only: &Selector) -> MessageBuf {
    select(MsgType::CT_GET_CTRZERO, only)
}

/// Entries whose DESTROY event could not be delivered: `conntrack -L dying`. Since Linux 3.8.
#[must_use]
pub fn dump_dying(family: Family) -> MessageBuf {
    bare(MsgType::CT_GET_DYING, family, NlmFlags::DUMP)
}

/// Entries that are not in the table yet: `conntrack -L unconfirmed`. Since Linux 3.8; none since
/// 5.19.
#[must_use]
pub fn dump_unconfirmed(family: Family) -> MessageBuf {
    bare(MsgType::CT_GET_UNCONFIRMED, family, NlmFlags::DUMP)
}

/// The entry of the original tuple in `ct` (or of the reply tuple if it has no other): `conntrack
/// -G`. The kernel uses the tuple and the zone alone.
#[must_use]
pub fn get(ct: &Conntrack) -> MessageBuf {
    fitting(one(MsgType::CT_GET, NlmFlags::empty(), &key(ct)))
}

/// The same entry, whose counters are set to 0.
#[must_use]
pub fn get_and_reset(ct: &Conntrack) -> MessageBuf {
    fitting(one(MsgType::CT_GET_CTRZERO, NlmFlags::empty(), &key(ct)))
}

/// Creates an entry (`conntrack -I`).
///
/// Needs both tuples and a timeout; a status must contain `CONFIRMED`. The kernel rejects the
/// request with `EEXIST` if there is such an entry.
///
/// The kernel stores labels only if a rule of the network namespace uses labels, such as
/// nftables' `ct label set` or the iptables target `CONNLABEL`. Without one it accepts the request
/// and drops the labels.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn create(ct: &Conntrack) -> Result<MessageBuf, Error> {
    let flags = NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK;
    one(MsgType::CT_NEW, flags, &settable(ct))
}

/// Creates an entry, or changes the one there is: `conntrack -A`. If there is one, a master or a NAT
/// range brings EOPNOTSUPP.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn create_or_update(ct: &Conntrack) -> Result<MessageBuf, Error> {
    one(MsgType::CT_NEW, NlmFlags::CREATE | NlmFlags::ACK, &settable(ct))
}

/// Changes an entry; ENOENT if there is none: `conntrack -U`. The master cannot be changed and is
/// left out, so that an entry that was read can be sent back; a NAT range brings EOPNOTSUPP.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn update(ct: &Conntrack) -> Result<MessageBuf, Error> {
    let ct = Conntrack { master: Tuple::default(), ..settable(ct) };
    one(MsgType::CT_NEW, NlmFlags::ACK, &ct)
}

/// Deletes one entry; ENOENT if there is none, or if `ct` has an id and the entry has another:
/// `conntrack -D`. Without tuples the request would flush the table: use [`flush`] for that.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong);
/// [`Missing`](crate::error::ErrorKind::Missing) if `ct` has neither tuple.
pub fn delete(ct: &Conntrack) -> Result<MessageBuf, Error> {
    if ct.orig.is_empty() && ct.reply.is_empty() {
        let attr = CtattrType::SPEC.attrs.first();
        let set = Some(CtattrType::SPEC);
        return Err(Error { offset: 0, set, attr, kind: ErrorKind::Missing });
    }
    one(MsgType::CT_DELETE, NlmFlags::ACK, &Conntrack { id: ct.id, ..key(ct) })
}

/// Removes all entries that `only` selects: `conntrack -F`. A kernel that does not know a selection
/// ignores it and removes more; see [`Selector`].
#[must_use]
pub fn flush(only: &Selector) -> MessageBuf {
    let mut builder = builder(MsgType::CT_DELETE, only.family, NlmFlags::ACK);
    // The kernel heeds the family of a flush only in messages of a version above 0.
    builder.nfgenmsg.version = u8::from(only.family != Family::UNSPEC);
    fitting(builder.build(|out| only.write(out)))
}

/// Statistics of each CPU: `conntrack -S`. Since Linux 3.6.
#[must_use]
pub fn stats_cpu() -> MessageBuf {
    bare(MsgType::CT_GET_STATS_CPU, Family::UNSPEC, NlmFlags::DUMP)
}

/// The size of the table: `conntrack -C`. Since Linux 3.6.
#[must_use]
pub fn stats() -> MessageBuf {
    bare(MsgType::CT_GET_STATS, Family::UNSPEC, NlmFlags::empty())
}

/// All expectations: `conntrack -L expect`.
#[must_use]
pub fn dump_expectations(family: Family) -> MessageBuf {
    bare(MsgType::EXP_GET, family, NlmFlags::DUMP)
}

/// The expectations of one flow, by its original tuple. Since Linux 3.12.
#[must_use]
pub fn dump_expectations_of(master: &Tuple, family: Family) -> MessageBuf {
    let builder = builder(MsgType::EXP_GET, family, NlmFlags::DUMP);
    let body = |out: &mut Writer<'_, _>| out.nest(ExpectAttr::Master, |out| master.write(out));
    fitting(builder.build::<CtattrExpect>(body))
}

/// The expectation of that tuple (or, without one, of that master): `conntrack -G expect`.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn get_expectation(expectation: &Expectation, family: Family) -> Result<MessageBuf, Error> {
    expect(MsgType::EXP_GET, NlmFlags::empty(), expectation, family)
}

/// Creates an expectation: `conntrack -I expect`. Needs tuple, mask and master; the master's entry
/// must exist.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn create_expectation(expectation: &Expectation, family: Family) -> Result<MessageBuf, Error> {
    let flags = NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK;
    expect(MsgType::EXP_NEW, flags, expectation, family)
}

/// Deletes the expectation of that tuple or, without one, those of that helper: `conntrack -D
/// expect`.
///
/// # Errors
/// [`TooLong`](crate::error::ErrorKind::TooLong).
pub fn delete_expectation(expectation: &Expectation, family: Family) -> Result<MessageBuf, Error> {
    expect(MsgType::EXP_DELETE, NlmFlags::ACK, expectation, family)
}

/// Removes all expectations: `conntrack -F expect`.
#[must_use]
pub fn flush_expectations() -> MessageBuf {
    bare(MsgType::EXP_DELETE, Family::UNSPEC, NlmFlags::ACK)
}

/// Expectation statistics of each CPU: `conntrack -S expect`. Since Linux 3.6.
#[must_use]
pub fn expect_stats_cpu() -> MessageBuf {
    bare(MsgType::EXP_GET_STATS_CPU, Family::UNSPEC, NlmFlags::DUMP)
}

fn one(msg_type: MsgType, flags: NlmFlags, ct: &Conntrack) -> Result<MessageBuf, Error> {
    ct.to_message(&builder(msg_type, ct.family, flags), Layout::Request)
}

fn expect(
    msg_type: MsgType,
    flags: NlmFlags,
    expectation: &Expectation,
    family: Family,
) -> Result<MessageBuf, Error> {
    builder(msg_type, family, flags).build::<CtattrExpect>(|out| expectation.write(out))
}

/// What identifies an entry.
fn key(ct: &Conntrack) -> Conntrack {
    Conntrack {
        family: ct.family,
        orig: ct.orig,
        reply: ct.reply,
        zone: ct.zone,
        ..Conntrack::default()
    }
}

/// The entry without what the kernel refuses or ignores in every request, so that one that was read
/// can be sent back.
fn settable(ct: &Conntrack) -> Conntrack {
    Conntrack {
        counters_orig: Default::default(),
        counters_reply: Default::default(),
        use_count: None,
        id: None,
        secmark: None,
        secctx: Default::default(),
        timestamp: Default::default(),
        timestamp_event: None,
        ..ct.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_without_tuple_is_refused() {
        let error = delete(&Conntrack { mark: Some(1), ..Conntrack::default() }).unwrap_err();
        assert_eq!(
            alloc::string::ToString::to_string(&error),
            "CTA_TUPLE_ORIG at byte 0: is missing"
        );
    }

    #[test]
    fn a_selector_becomes_a_filter() {
        let only = Selector {
            family: Family::IPV6,
            orig: Tuple { proto: Some(IpProto::ICMPV6), icmp_type: Some(0x81), ..Tuple::default() },
            ..Selector::default()
        };
        let message = dump(&only);
        let ct = Conntrack::try_from(message.as_message()).unwrap();
        let flags = FilterFlags::PROTO_NUM | FilterFlags::PROTO_ICMPV6_TYPE;
        assert_eq!(ct.filter.orig_flags, Some(flags));
        assert_eq!(ct.filter.reply_flags, Some(FilterFlags::empty()));
        assert_eq!(ct.orig, only.orig);
    }

    #[test]
    fn a_flush_by_family_has_a_version() {
        let version = |family| {
            let only = Selector { family, ..Selector::default() };
            flush(&only).as_message().nfgenmsg().unwrap().version
        };
        assert_eq!((version(Family::UNSPEC), version(Family::IPV4)), (0, 1));
    }
}
