//! The decision whether an entry matches the filters.

use crate::options::nat::NatTarget;
use crate::options::number::Net;
use crate::options::state::State;
use ctnetlink::flat::{Endpoint, Tuple};
use ctnetlink::nested::IpProto;
use ctnetlink::request::Selector;
use ctnetlink::{Conntrack, Expectation, Family, Message};
use std::net::IpAddr;

/// What an entry must have.
///
/// Everything absent matches every entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Matcher {
    /// The part that a request can express.
    pub(crate) selector: Selector,
    /// Source and destination of the original direction.
    pub(crate) orig_nets: [Option<Net>; 2],
    /// Source and destination of the reply direction.
    pub(crate) reply_nets: [Option<Net>; 2],
    pub(crate) orig_zone: Option<u16>,
    pub(crate) reply_zone: Option<u16>,
    pub(crate) src_nat: Option<Nat>,
    pub(crate) dst_nat: Option<Nat>,
    pub(crate) any_nat: Option<Nat>,
    pub(crate) state: Option<State>,
    /// Labels that must be set, one bit each.
    pub(crate) labels: u128,
}

/// Address translation, to a target if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nat {
    pub(crate) to: Option<NatTarget>,
}

impl Matcher {
    /// Returns `true` if nothing but the layer 3 protocol is filtered.
    pub(crate) fn is_family_only(&self) -> bool {
        let family = self.selector.family;
        *self == Self { selector: Selector { family, ..Selector::default() }, ..Self::default() }
    }

    /// Returns `true` if a message matches.
    ///
    /// A message without an entry, such as an expectation, matches unless more than the layer 3
    /// protocol is filtered.
    pub(crate) fn matches(&self, message: &Message<'_>) -> bool {
        if !self.is_family_only() {
            let entry = message.conntrack();
            return entry.is_ok_and(|entry| self.matches_entry(&entry));
        }
        let family = self.selector.family;
        family == Family::UNSPEC
            || message.nfgenmsg().is_some_and(|nfgen| nfgen.nfgen_family == family)
    }

    /// Returns `true` if nothing is filtered but what [`matches_expectation`] compares.
    ///
    /// [`matches_expectation`]: Self::matches_expectation
    pub(crate) fn fits_expectations(&self) -> bool {
        let Selector { family, zone, orig, .. } = self.selector.clone();
        let selector = Selector { family, zone, orig, ..Selector::default() };
        *self == Self { selector, orig_nets: self.orig_nets, ..Self::default() }
    }

    /// Returns `true` if the tuple of an expectation matches.
    ///
    /// The kernel does not send the zone of an expectation.
    pub(crate) fn matches_expectation(&self, expectation: &Expectation) -> bool {
        self.matches_entry(&Conntrack {
            family: expectation.family,
            orig: expectation.tuple,
            zone: self.selector.zone,
            ..Conntrack::default()
        })
    }

    /// Returns `true` if an entry matches.
    pub(crate) fn matches_entry(&self, entry: &Conntrack) -> bool {
        self.selector.matches(entry)
            && nets_match(self.orig_nets, &entry.orig)
            && nets_match(self.reply_nets, &entry.reply)
            && zone_matches(self.orig_zone, &entry.orig)
            && zone_matches(self.reply_zone, &entry.reply)
            && self.src_nat.is_none_or(|nat| nat.matches(entry.snat()))
            && self.dst_nat.is_none_or(|nat| nat.matches(entry.dnat()))
            && self.any_nat.is_none_or(|nat| nat.matches(entry.snat()) || nat.matches(entry.dnat()))
            && self.state.is_none_or(|state| {
                entry.protoinfo.as_ref().is_some_and(|found| state.matches(found))
            })
            && entry.labels.map_or(0, |labels| labels.bits()) & self.labels == self.labels
    }

    /// Returns the part that every kernel applies correctly or ignores.
    pub(crate) fn for_kernel(&self) -> Selector {
        let tuple = |tuple: &Tuple| {
            let mut tuple = *tuple;
            // Linux 5.8 to 7.2 match IPv6 addresses incorrectly.
            tuple.src = tuple.src.filter(IpAddr::is_ipv4);
            tuple.dst = tuple.dst.filter(IpAddr::is_ipv4);
            // The kernel rejects the fields of a protocol without that protocol.
            if tuple.proto.is_none() {
                (tuple.src_port, tuple.dst_port) = (None, None);
            }
            if !matches!(tuple.proto, Some(IpProto::ICMP | IpProto::ICMPV6)) {
                (tuple.icmp_type, tuple.icmp_code, tuple.icmp_id) = (None, None, None);
            }
            tuple
        };
        let only = &self.selector;
        let mut only =
            Selector { orig: tuple(&only.orig), reply: tuple(&only.reply), ..only.clone() };
        // The kernel rejects tuples without a family, and a status mask of 0.
        if only.family == Family::UNSPEC {
            (only.orig, only.reply) = Default::default();
        }
        only.status = only.status.filter(|(_, mask)| !mask.is_empty());
        only
    }
}

fn nets_match([src, dst]: [Option<Net>; 2], tuple: &Tuple) -> bool {
    let is_in = |net: Option<Net>, address: Option<IpAddr>| {
        net.is_none_or(|net| address.is_some_and(|address| net.contains(address)))
    };
    is_in(src, tuple.src) && is_in(dst, tuple.dst)
}

fn zone_matches(wanted: Option<u16>, tuple: &Tuple) -> bool {
    wanted.is_none_or(|zone| tuple.zone.unwrap_or(0) == zone)
}

impl Nat {
    fn matches(self, translated: Option<Endpoint>) -> bool {
        translated.is_some_and(|found| {
            self.to.is_none_or(|to| {
                found.addr == to.address && (to.port.is_none() || to.port == found.port)
            })
        })
    }
}
