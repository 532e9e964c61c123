//! Zones and tuples of requests, and the entries that they name.

use super::errno::Errno;
use super::net::Net;
use super::nf_conn::{Dir, NfConntrackTuple, NfConntrackZone, ZoneDir};
use crate::Family;
use crate::flat::{Conntrack, Record as _, Tuple};
use crate::kernel::L4Proto;
use crate::nested::IpProto;
use core::net::IpAddr;

impl Net {
    /// Decodes the zone of a request (`ctnetlink_parse_zone`).
    fn parse_zone(&self, zone: Option<u16>) -> Result<NfConntrackZone, Errno> {
        match zone {
            Some(_) if !self.kernel.config.zones => Err(Errno::Eopnotsupp),
            id => Ok(NfConntrackZone { id: id.unwrap_or_default(), dir: ZoneDir::Both }),
        }
    }

    /// Decodes a tuple of a request (`ctnetlink_parse_tuple`).
    ///
    /// A zone inside the tuple becomes `zone`, in direction `dir`. It is rejected if `zone` is `None`.
    pub(crate) fn parse_tuple(
        &self,
        shown: &Tuple,
        family: Family,
        zone: Option<&mut NfConntrackZone>,
        dir: ZoneDir,
    ) -> Result<NfConntrackTuple, Errno> {
        if family != Family::IPV4 && family != Family::IPV6 {
            return Err(Errno::Eopnotsupp);
        }
        let addr = |addr: Option<IpAddr>| {
            let is_of_family = |addr: &IpAddr| addr.is_ipv4() == (family == Family::IPV4);
            addr.filter(is_of_family).ok_or(Errno::Einval)
        };
        let (src, dst) = (addr(shown.src)?, addr(shown.dst)?);
        let protonum = shown.proto.ok_or(Errno::Einval)?;
        let (src_id, dst_id) = match self.kernel.l4proto(protonum) {
            L4Proto::Ports => {
                (shown.src_port.ok_or(Errno::Einval)?, shown.dst_port.ok_or(Errno::Einval)?)
            }
            L4Proto::Icmp | L4Proto::Icmpv6 => {
                let ty = shown.icmp_type.ok_or(Errno::Einval)?;
                let code = shown.icmp_code.ok_or(Errno::Einval)?;
                let has_inverse = match protonum {
                    IpProto::ICMP => matches!(ty, 0 | 8 | 13..=18),
                    _ => matches!(ty, 128 | 129 | 139 | 140),
                };
                let id = shown.icmp_id.filter(|_| has_inverse).ok_or(Errno::Einval)?;
                (id, u16::from_be_bytes([ty, code]))
            }
            L4Proto::Generic => (0, 0),
        };
        if let Some(id) = shown.zone.filter(|_| self.kernel.release.zones_have_direction()) {
            let zone = zone.ok_or(Errno::Einval)?;
            if zone.id != 0 {
                return Err(Errno::Einval);
            }
            *zone = NfConntrackZone { dir, ..self.parse_zone(Some(id))? };
        }
        Ok(NfConntrackTuple { src, dst, protonum, src_id, dst_id })
    }

    /// Rejects what the kernel's attribute policy rejects of a decoded struct.
    fn check_policy(&self, request: &Conntrack) -> Result<(), Errno> {
        let is_known = self.kernel.release.timestamp_event_in_events();
        if is_known && request.timestamp_event.is_some() { Err(Errno::Einval) } else { Ok(()) }
    }

    /// Decodes the zone and both tuples of a request; an absent tuple is `None`.
    pub(crate) fn parse_tuples(
        &self,
        request: &Conntrack,
    ) -> Result<(NfConntrackZone, [Option<NfConntrackTuple>; 2]), Errno> {
        self.check_policy(request)?;
        let mut zone = self.parse_zone(request.zone)?;
        let mut parse = |shown: &Tuple, dir| match shown.is_empty() {
            true => Ok(None),
            false => self.parse_tuple(shown, request.family, Some(&mut zone), dir).map(Some),
        };
        let orig = parse(&request.orig, ZoneDir::Orig)?;
        let reply = parse(&request.reply, ZoneDir::Reply)?;
        Ok((zone, [orig, reply]))
    }

    /// Returns the id of the entry with this tuple in either direction (`nf_conntrack_find_get`).
    ///
    /// An expired entry is removed instead.
    pub fn nf_conntrack_find_get(
        &mut self,
        zone: NfConntrackZone,
        tuple: &NfConntrackTuple,
    ) -> Option<u32> {
        let mut dirs = [Dir::Original, Dir::Reply].into_iter();
        let ct = dirs.find_map(|dir| self.table.find(tuple, dir, zone))?;
        let id = ct.id;
        if ct.timeout <= self.clock.jiffies && self.kernel.release.dump_reaps_expired() {
            let ct = self.table.remove_id(id)?;
            self.nf_ct_delete(ct, 0);
            return None;
        }
        Some(id)
    }

    /// Returns the id of the entry that a request names.
    pub(crate) fn find(&mut self, request: &Conntrack) -> Result<u32, Errno> {
        self.check_policy(request)?;
        let mut zone = self.parse_zone(request.zone)?;
        let (shown, dir) = match request.orig.is_empty() {
            false => (&request.orig, ZoneDir::Orig),
            true => (&request.reply, ZoneDir::Reply),
        };
        if shown.is_empty() {
            return Err(Errno::Einval);
        }
        let tuple = self.parse_tuple(shown, request.family, Some(&mut zone), dir)?;
        self.nf_conntrack_find_get(zone, &tuple).ok_or(Errno::Enoent)
    }

    /// Returns `true` if an entry has one of the tuples (`nf_conntrack_hash_check_insert`).
    ///
    /// Each tuple is looked up in the zone of its own direction.
    pub(crate) fn is_taken(&self, zone: NfConntrackZone, tuples: &[NfConntrackTuple; 2]) -> bool {
        let dirs = [Dir::Original, Dir::Reply];
        let clashes = |tuple: &NfConntrackTuple, own: Dir, dir: Dir| {
            zone.id_in(dir) == zone.id_in(own) && self.table.find(tuple, dir, zone).is_some()
        };
        dirs.iter().zip(tuples).any(|(&own, t)| dirs.iter().any(|&dir| clashes(t, own, dir)))
    }
}
