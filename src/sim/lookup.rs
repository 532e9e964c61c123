//! Requests as their handlers get them, and the entries that they name.

use super::errno::Errno;
use super::net::{Cause, Net};
use super::nf_conn::{Dir, NfConntrackTuple, NfConntrackZone, ZoneDir};
use super::nla::Tb;
use super::parse::{parse_tuple, parse_zone};
use crate::Family;
use crate::attrs::CtattrType;
use crate::wire::NlmFlags;

/// A request (`struct nfnl_info` and the attributes).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NfnlInfo<'a> {
    pub(crate) tb: Tb<'a>,
    pub(crate) family: Family,
    pub(crate) version: u8,
    pub(crate) flags: NlmFlags,
    pub(crate) seq: u32,
    /// The port id of the requester's socket.
    pub(crate) portid: u32,
}

impl NfnlInfo<'_> {
    /// Returns the cause of the events of the request.
    pub(crate) fn cause(&self) -> Cause {
        Cause { portid: self.portid, echo: self.flags.contains(NlmFlags::ECHO) }
    }
}

impl Net {
    /// Decodes the zone and both tuples of a request; an absent tuple is `None`.
    pub(crate) fn parse_tuples(
        &self,
        info: &NfnlInfo<'_>,
    ) -> Result<(NfConntrackZone, [Option<NfConntrackTuple>; 2]), Errno> {
        let mut zone = parse_zone(&self.kernel, info.tb.get(CtattrType::Zone))?;
        let mut parse = |number, dir| match info.tb.get(number) {
            None => Ok(None),
            Some(attr) => {
                parse_tuple(&self.kernel, attr, info.family, Some((&mut zone, dir))).map(Some)
            }
        };
        let orig = parse(CtattrType::TupleOrig, ZoneDir::Orig)?;
        let reply = parse(CtattrType::TupleReply, ZoneDir::Reply)?;
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
            self.nf_ct_delete(ct, Cause::TIMER);
            return None;
        }
        Some(id)
    }

    /// Returns the id of the entry that a request names.
    pub(crate) fn find(&mut self, info: &NfnlInfo<'_>) -> Result<u32, Errno> {
        let mut zone = parse_zone(&self.kernel, info.tb.get(CtattrType::Zone))?;
        let (attr, dir) = match info.tb.get(CtattrType::TupleOrig) {
            Some(orig) => (orig, ZoneDir::Orig),
            None => (info.tb.need(CtattrType::TupleReply)?, ZoneDir::Reply),
        };
        let tuple = parse_tuple(&self.kernel, attr, info.family, Some((&mut zone, dir)))?;
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
