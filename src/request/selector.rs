//! The selection of entries.

use crate::Family;
use crate::attrs::{CtAttr, CtattrType, Status};
use crate::flat::{Conntrack, Record, Tuple};
use crate::nested::{FilterAttr, FilterFlags, IpProto};
use crate::wire::Writer;

/// A selection of the entries that a dump returns or a flush removes.
///
/// Fields that are `None` or default match every entry. Kernels ignore a field that they do not
/// know, and some match it incorrectly; [`matches`](Self::matches) checks the entries of a dump.
///
/// # Examples
/// ```
/// use ctnetlink::request::Selector;
/// use ctnetlink::{Conntrack, Family};
///
/// let only = Selector { family: Family::IPV4, mark: Some((0x10, 0xf0)), ..Selector::default() };
/// let ct = Conntrack { family: Family::IPV4, mark: Some(0x15), ..Conntrack::default() };
/// assert!(only.matches(&ct));
/// assert!(!only.matches(&Conntrack { mark: Some(0x25), ..ct }));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The layer 3 protocol; [`Family::UNSPEC`] matches any.
    pub family: Family,
    /// The value of the mark under a mask: `(value, mask)`.
    ///
    /// Since Linux 3.9 in dumps and Linux 4.0 in flushes.
    pub mark: Option<(u32, u32)>,
    /// The value of the status under a mask: `(value, mask)`.
    ///
    /// Since Linux 5.15. The kernel rejects a mask of 0 with `EINVAL`.
    pub status: Option<(Status, Status)>,
    /// The zone of either direction; 0 is the default zone.
    ///
    /// Since Linux 6.8; earlier kernels ignore it.
    pub zone: Option<u16>,
    /// The fields of the original tuple that must be equal.
    ///
    /// Since Linux 5.8 in dumps and Linux 6.12 in flushes. The kernel needs a family, too. See
    /// [`FilterFlags`] for what kernels match incorrectly.
    pub orig: Tuple,
    /// The fields of the reply tuple that must be equal.
    ///
    /// The conditions of [`orig`](Self::orig) apply.
    pub reply: Tuple,
}

impl Selector {
    /// Returns `true` if the entry matches every field.
    ///
    /// The result does not depend on the kernel: use it for kernels that ignore a field or match it
    /// incorrectly.
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

    pub(super) fn write(&self, out: &mut Writer<'_, CtattrType>) {
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

/// Returns the flags of the fields that are set in a tuple.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::dump;

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
        assert_eq!(ct.rare().filter.orig_flags, Some(flags));
        assert_eq!(ct.rare().filter.reply_flags, Some(FilterFlags::empty()));
        assert_eq!(ct.orig, only.orig);
    }
}
