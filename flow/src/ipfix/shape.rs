//! Which fields a flow has, and so which template its record needs.

use super::Mode;
use crate::{Flow, Layer4};
use ctnetlink::{Kind, Tuple};
use std::net::IpAddr;

/// The fields of a record, as a bit mask.
///
/// The number of its template is this mask plus 256, so that a number always has the same meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u16);

impl Shape {
    const IPV6: u16 = 1 << 0;
    const PORTS: u16 = 1 << 1;
    const ICMP: u16 = 1 << 2;
    const TIMES: u16 = 1 << 3;
    const COUNTERS: u16 = 1 << 4;
    const NAT: u16 = 1 << 5;
    const ZONE: u16 = 1 << 6;
    const MARK: u16 = 1 << 7;
    /// What most flows of most networks have.
    pub(super) const COMMON: Self = Self(Self::PORTS | Self::TIMES | Self::COUNTERS);
    /// The same with NAT.
    pub(super) const COMMON_NAT: Self = Self(Self::COMMON.0 | Self::NAT);

    /// Returns the shape of a flow, or `None` if it has no record in this mode.
    #[inline]
    pub(super) fn of(flow: &Flow<'_>, mode: Mode, with_mark: bool) -> Option<Self> {
        let entry = flow.entry;
        let timestamp = &entry.timestamp;
        let is_exported = match flow.message.kind() {
            Kind::Destroy => true,
            Kind::New => mode == Mode::NatEvents,
            _ => false,
        };
        if !is_exported || entry.id.is_none() {
            return None;
        }
        let mut shape = match version(&entry.orig)? {
            Version::V4 => 0,
            Version::V6 => Self::IPV6,
        };
        entry.orig.proto?;
        shape |= match flow.layer4() {
            Layer4::Ports { .. } => Self::PORTS,
            Layer4::Icmp { .. } => Self::ICMP,
            Layer4::Other => 0,
        };
        if flow.is_translated() && version(&entry.reply) == version(&entry.orig) {
            shape |= Self::NAT;
        }
        if flow.zone().is_some() {
            shape |= Self::ZONE;
        }
        if mode == Mode::NatEvents {
            // The registry has no NAT event for IPv6 to IPv6.
            let is_event = shape & Self::NAT != 0 && shape & Self::IPV6 == 0;
            return (is_event && flow.nat_event_time().is_some()).then_some(Self(shape));
        }
        if timestamp.start.is_some() & timestamp.stop.is_some() {
            shape |= Self::TIMES;
        }
        if flow.has_counters() {
            shape |= Self::COUNTERS;
        }
        if with_mark && entry.mark.is_some() {
            shape |= Self::MARK;
        }
        Some(Self(shape))
    }

    /// Returns the shape of the record for the reply of the flow.
    pub(super) fn of_reply(self, flow: &Flow<'_>) -> Self {
        let zone = if flow.reply_zone().is_some() { Self::ZONE } else { 0 };
        Self(self.0 & !Self::ZONE | zone)
    }

    pub(super) const fn template_id(self) -> u16 {
        256 + self.0
    }

    pub(super) const fn is_ipv6(self) -> bool {
        self.0 & Self::IPV6 != 0
    }

    pub(super) const fn has_ports(self) -> bool {
        self.0 & Self::PORTS != 0
    }

    pub(super) const fn has_icmp(self) -> bool {
        self.0 & Self::ICMP != 0
    }

    pub(super) const fn has_times(self) -> bool {
        self.0 & Self::TIMES != 0
    }

    pub(super) const fn has_counters(self) -> bool {
        self.0 & Self::COUNTERS != 0
    }

    pub(super) const fn has_nat(self) -> bool {
        self.0 & Self::NAT != 0
    }

    pub(super) const fn has_zone(self) -> bool {
        self.0 & Self::ZONE != 0
    }

    pub(super) const fn has_mark(self) -> bool {
        self.0 & Self::MARK != 0
    }
}

/// The version of IP.
#[derive(PartialEq, Eq)]
enum Version {
    V4,
    V6,
}

/// Returns the version of IP, if both addresses are known.
#[inline]
fn version(tuple: &Tuple) -> Option<Version> {
    match (tuple.src, tuple.dst) {
        (Some(IpAddr::V4(_)), Some(IpAddr::V4(_))) => Some(Version::V4),
        (Some(IpAddr::V6(_)), Some(IpAddr::V6(_))) => Some(Version::V6),
        _ => None,
    }
}
