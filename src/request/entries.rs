//! Requests about entries.

use super::{Selector, bare, builder, fitting};
use crate::attrs::CtattrType;
use crate::error::{Error, ErrorKind};
use crate::flat::{Conntrack, Layout, Record as _, Tuple};
use crate::wire::{AttrSet as _, NlmFlags};
use crate::{Family, MessageBuf, MsgType};

/// Builds a request for the entries that `only` selects (`conntrack -L`).
///
/// # Examples
/// ```
/// use ctnetlink::request::{self, Selector};
/// use ctnetlink::{Family, MsgType};
///
/// let ipv6 = Selector { family: Family::IPV6, ..Selector::default() };
/// let request = request::dump(&ipv6);
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET);
/// ```
#[must_use]
pub fn dump(only: &Selector) -> MessageBuf {
    select(MsgType::CT_GET, only)
}

/// Builds a dump request that also sets the counters of the entries to 0 (`conntrack -L -z`).
///
/// The reply contains the counters before that.
///
/// # Examples
/// ```
/// use ctnetlink::MsgType;
/// use ctnetlink::request::{self, Selector};
///
/// let request = request::dump_and_reset(&Selector::default());
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_CTRZERO);
/// ```
#[must_use]
pub fn dump_and_reset(only: &Selector) -> MessageBuf {
    select(MsgType::CT_GET_CTRZERO, only)
}

/// Builds a request for entries whose DESTROY event could not be delivered (`conntrack -L dying`).
///
/// Since Linux 3.8.
///
/// # Examples
/// ```
/// use ctnetlink::{Family, MsgType, request};
///
/// let request = request::dump_dying(Family::UNSPEC);
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_DYING);
/// ```
#[must_use]
pub fn dump_dying(family: Family) -> MessageBuf {
    bare(MsgType::CT_GET_DYING, family, NlmFlags::DUMP)
}

/// Builds a request for entries that are not in the table yet (`conntrack -L unconfirmed`).
///
/// Since Linux 3.8. The reply is empty since Linux 5.19.
///
/// # Examples
/// ```
/// use ctnetlink::{Family, MsgType, request};
///
/// let request = request::dump_unconfirmed(Family::IPV4);
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_UNCONFIRMED);
/// ```
#[must_use]
pub fn dump_unconfirmed(family: Family) -> MessageBuf {
    bare(MsgType::CT_GET_UNCONFIRMED, family, NlmFlags::DUMP)
}

/// Builds a request for one entry, by its original or else its reply tuple (`conntrack -G`).
///
/// The request contains the tuples and the zone of `ct` alone.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let request = request::get(&Conntrack { zone: Some(3), ..Conntrack::new(orig) });
/// let key = request.as_message().conntrack()?;
/// assert_eq!((key.orig, key.zone), (orig, Some(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn get(ct: &Conntrack) -> MessageBuf {
    fitting(one(MsgType::CT_GET, NlmFlags::empty(), &key(ct)))
}

/// Builds a request for one entry that also sets its counters to 0.
///
/// The kernel uses the tuples and the zone of `ct`, as in [`get`].
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, MsgType, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let request = request::get_and_reset(&Conntrack::new(orig));
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_CTRZERO);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn get_and_reset(ct: &Conntrack) -> MessageBuf {
    fitting(one(MsgType::CT_GET_CTRZERO, NlmFlags::empty(), &key(ct)))
}

/// Builds a request that creates an entry (`conntrack -I`).
///
/// The entry needs both tuples and a timeout; a status must contain
/// [`CONFIRMED`](crate::attrs::Status::CONFIRMED). The kernel rejects the request with `EEXIST` if
/// the entry exists.
///
/// The request omits what the kernel ignores or rejects in every request: counters, times, id, use
/// count and security context.
///
/// # Labels
///
/// The kernel stores labels only if a rule of the network namespace uses labels, such as `ct label
/// set` of nftables or `-m connlabel` of iptables. Without such a rule it accepts the request and
/// drops the labels.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Status, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let request = request::create(&Conntrack {
///     timeout: Some(120),
///     status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
///     mark: Some(0x1234),
///     ..Conntrack::new(orig)
/// })?;
/// assert_eq!(request.as_message().conntrack()?.mark, Some(0x1234));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](ErrorKind::TooLong) if a name is too long for an attribute.
pub fn create(ct: &Conntrack) -> Result<MessageBuf, Error> {
    let flags = NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK;
    one(MsgType::CT_NEW, flags, &settable(ct))
}

/// Builds a request that creates an entry, or changes it if it exists (`conntrack -A`).
///
/// If it exists, the kernel rejects a master tuple or NAT range with `EOPNOTSUPP`. The conditions of
/// [`create`] apply to a new entry.
///
/// # Examples
/// ```
/// use ctnetlink::wire::NlmFlags;
/// use ctnetlink::{Conntrack, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let ct = Conntrack { timeout: Some(120), ..Conntrack::new(orig) };
/// let request = request::create_or_update(&ct)?;
/// let flags = NlmFlags::REQUEST | NlmFlags::CREATE | NlmFlags::ACK;
/// assert_eq!(request.as_message().header().nlmsg_flags, flags);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](ErrorKind::TooLong) if a name is too long for an attribute.
pub fn create_or_update(ct: &Conntrack) -> Result<MessageBuf, Error> {
    one(MsgType::CT_NEW, NlmFlags::CREATE | NlmFlags::ACK, &settable(ct))
}

/// Builds a request that changes an entry (`conntrack -U`).
///
/// Fields that are `None` stay unchanged. The kernel rejects the request with `ENOENT` if there is no
/// such entry, and a NAT range with `EOPNOTSUPP`. The request omits the master tuple, which cannot
/// be changed, so that an entry that was read can be sent back.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let request = request::update(&Conntrack { mark: Some(0x1234), ..Conntrack::new(orig) })?;
/// let change = request.as_message().conntrack()?;
/// assert_eq!((change.mark, change.timeout), (Some(0x1234), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](ErrorKind::TooLong) if a name is too long for an attribute.
pub fn update(ct: &Conntrack) -> Result<MessageBuf, Error> {
    let ct = Conntrack { master: Tuple::default(), ..settable(ct) };
    one(MsgType::CT_NEW, NlmFlags::ACK, &ct)
}

/// Builds a request that deletes one entry (`conntrack -D`).
///
/// The kernel rejects the request with `ENOENT` if there is no such entry, or if `ct` has an id and
/// the entry has another.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let request = request::delete(&Conntrack::new(orig))?;
/// assert_eq!(request.as_message().conntrack()?.orig, orig);
/// // Without a tuple the kernel would remove all entries.
/// assert!(request::delete(&Conntrack::default()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`Missing`](ErrorKind::Missing) if `ct` has no tuple: the request would remove all
/// entries, as [`flush`] does.
pub fn delete(ct: &Conntrack) -> Result<MessageBuf, Error> {
    if ct.orig.is_empty() && ct.reply.is_empty() {
        let attr = CtattrType::SPEC.attrs.first();
        let set = Some(CtattrType::SPEC);
        return Err(Error { offset: 0, set, attr, kind: ErrorKind::Missing });
    }
    one(MsgType::CT_DELETE, NlmFlags::ACK, &Conntrack { id: ct.id, ..key(ct) })
}

/// Builds a request that removes the entries that `only` selects (`conntrack -F`).
///
/// A kernel ignores the fields of the selection that it does not know, and then removes more
/// entries; see [`Selector`].
///
/// # Examples
/// ```
/// use ctnetlink::MsgType;
/// use ctnetlink::request::{self, Selector};
///
/// let request = request::flush(&Selector { mark: Some((7, 0xff)), ..Selector::default() });
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_DELETE);
/// ```
#[must_use]
pub fn flush(only: &Selector) -> MessageBuf {
    let mut builder = builder(MsgType::CT_DELETE, only.family, NlmFlags::ACK);
    // The kernel ignores the family of a flush in messages of version 0.
    builder.nfgenmsg.version = u8::from(only.family != Family::UNSPEC);
    fitting(builder.build(|out| only.write(out)))
}

fn select(msg_type: MsgType, only: &Selector) -> MessageBuf {
    fitting(builder(msg_type, only.family, NlmFlags::DUMP).build(|out| only.write(out)))
}

fn one(msg_type: MsgType, flags: NlmFlags, ct: &Conntrack) -> Result<MessageBuf, Error> {
    ct.to_message(&builder(msg_type, ct.family, flags), Layout::Request)
}

/// Returns what identifies an entry.
fn key(ct: &Conntrack) -> Conntrack {
    Conntrack {
        family: ct.family,
        orig: ct.orig,
        reply: ct.reply,
        zone: ct.zone,
        ..Conntrack::default()
    }
}

/// Returns the entry without what the kernel rejects or ignores in every request.
///
/// An entry that was read can then be sent back.
fn settable(ct: &Conntrack) -> Conntrack {
    let mut ct = Conntrack {
        counters_orig: Default::default(),
        counters_reply: Default::default(),
        use_count: None,
        id: None,
        secctx: Default::default(),
        timestamp: Default::default(),
        timestamp_event: None,
        ..ct.clone()
    };
    if ct.rare.is_some() {
        ct.set_rare(|rare| {
            rare.secmark = None;
            rare.counters32_orig = Default::default();
            rare.counters32_reply = Default::default();
        });
    }
    ct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_without_tuple_is_an_error() {
        let error = delete(&Conntrack { mark: Some(1), ..Conntrack::default() }).unwrap_err();
        assert_eq!(
            alloc::string::ToString::to_string(&error),
            "CTA_TUPLE_ORIG at byte 0: attribute is missing"
        );
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
