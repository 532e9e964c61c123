//! Requests to create, change, get and delete entries, in the kernel's order.
//!
//! The order decides which error a request with two mistakes gets.

use super::change::{ctnetlink_change_seq_adj, ctnetlink_change_synproxy};
use super::dump::DumpRequest;
use super::errno::Errno;
use super::net::Net;
use super::nf_conn::{IpctEvents, NfConnHelp, NfConnSynproxy, ZoneDir};
use crate::attrs::Status;
use crate::flat::{Conntrack, Record as _};
use crate::wire::NlmFlags;
use alloc::vec::Vec;

impl Net {
    /// Creates or changes an entry for the socket `portid` (`ctnetlink_new_conntrack`).
    ///
    /// `NLM_F_CREATE` in `flags` allows to create an entry, and `NLM_F_EXCL` forbids to change one.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request.
    pub fn ctnetlink_new_conntrack(
        &mut self,
        portid: u32,
        flags: NlmFlags,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let (zone, tuples) = self.parse_tuples(request)?;
        let [orig, reply] = tuples;
        let found = orig.or(reply).and_then(|tuple| self.nf_conntrack_find_get(zone, &tuple));
        match found {
            None if !flags.contains(NlmFlags::CREATE) => Err(Errno::Enoent),
            None => self.ctnetlink_create_conntrack(portid, request).map(|_| ()),
            Some(_) if flags.contains(NlmFlags::EXCL) => Err(Errno::Eexist),
            Some(id) => self.ctnetlink_change_conntrack(portid, id, request),
        }
    }

    /// Returns the reply to a GET, or to a GET_CTRZERO with `ctrzero` (`ctnetlink_get_conntrack`).
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request.
    pub fn ctnetlink_get_conntrack(
        &mut self,
        (portid, seq): (u32, u32),
        ctrzero: bool,
        request: &Conntrack,
    ) -> Result<Vec<u8>, Errno> {
        let id = self.find(request)?;
        self.get(id, portid, seq, ctrzero)
    }

    /// Deletes one entry for the socket `portid` (`ctnetlink_del_conntrack`).
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request.
    pub fn ctnetlink_del_conntrack(
        &mut self,
        portid: u32,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let id = self.find(request)?;
        if request.id.is_some_and(|asked| asked != id) {
            return Err(Errno::Enoent);
        }
        self.delete(portid, id)
    }

    /// Deletes the entries that `request` selects (`ctnetlink_flush_conntrack`).
    pub fn ctnetlink_flush_conntrack(&mut self, request: &DumpRequest) {
        let kernel = self.kernel;
        for position in self.table.positions(|ct| request.matches(&kernel, ct)) {
            if let Some(ct) = self.table.remove(position) {
                self.nf_ct_delete(ct, request.portid);
            }
        }
    }

    /// Creates an entry for the socket `portid` and returns its id (`ctnetlink_create_conntrack`).
    ///
    /// Address translation uses the lowest address and port of a range, unless those of the flow are
    /// in the range.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request, for example:
    ///
    /// * [`Einval`](Errno::Einval) without tuples or timeout.
    /// * [`Eexist`](Errno::Eexist) if there is such an entry.
    /// * [`Ebusy`](Errno::Ebusy) for a status without `CONFIRMED`, or with `EXPECTED` or `DYING`.
    /// * [`Enoent`](Errno::Enoent) for an unknown master.
    pub fn ctnetlink_create_conntrack(
        &mut self,
        portid: u32,
        request: &Conntrack,
    ) -> Result<u32, Errno> {
        let (zone, tuples) = self.parse_tuples(request)?;
        let [Some(orig), Some(reply)] = tuples else { return Err(Errno::Einval) };
        if orig.protonum != reply.protonum {
            return Err(Errno::Einval);
        }
        let timeout = request.timeout.ok_or(Errno::Einval)?;
        let mut ct = self.init_conntrack(orig, reply, zone);
        if let Some(name) = &request.help.name {
            let helper = self.find_helper(name, &ct).ok_or(Errno::Eopnotsupp)?;
            ct.help = Some(NfConnHelp { helper: Some(helper), info: request.help.info.clone() });
            if self.kernel.release.create_sets_helper_bit() {
                ct.status |= Status::HELPER;
            }
        }
        self.ctnetlink_setup_nat(&mut ct, request)?;
        ct.seqadj = Some(Default::default());
        if self.kernel.config.synproxy && self.kernel.release.create_adds_synproxy() {
            ct.synproxy = Some(NfConnSynproxy::default());
        }
        ct.status |= Status::CONFIRMED;
        self.set_timeout(&mut ct, timeout);
        self.ctnetlink_change_status(&mut ct, request)?;
        ctnetlink_change_seq_adj(&mut ct, request)?;
        self.ctnetlink_change_protoinfo(&mut ct, request)?;
        ctnetlink_change_synproxy(&mut ct, request)?;
        self.ctnetlink_change_mark(&mut ct, request);
        if !request.master.is_empty() {
            let master = self.parse_tuple(&request.master, request.family, None, ZoneDir::Both)?;
            let id = self.nf_conntrack_find_get(zone, &master).ok_or(Errno::Enoent)?;
            ct.status |= Status::EXPECTED;
            ct.master = self.entry(id).and_then(|master| master.tuple.first().copied());
            ct.master_id = id;
        }
        if let Some(tstamp) = &mut ct.tstamp {
            tstamp.start = self.clock.real_ns;
        }
        if self.is_taken(zone, &ct.tuple) {
            return Err(Errno::Eexist);
        }
        if let Some(master) = self.table.get_mut(ct.master_id) {
            // The new entry holds a reference to its master.
            master.use_count = master.use_count.wrapping_add(u32::from(ct.master.is_some()));
        }
        let is_related = ct.master.is_some();
        let mut events = if self.kernel.release.create_raises_bit_numbers() {
            // The kernel uses the numbers of the bits, 0 and 1, instead of the bits.
            IpctEvents::from_bits_retain(u32::from(is_related))
        } else if is_related {
            IpctEvents::RELATED
        } else {
            IpctEvents::NEW
        };
        events |= IpctEvents::CREATED;
        // The kernel sets labels when the entry is in the table, and ignores an error.
        if let Some(labels) = request.labels {
            if self.ctnetlink_attach_labels(&mut ct, labels, request.rare().labels_mask).is_ok() {
                events |= IpctEvents::LABEL;
            }
        }
        self.eventmask_report(&mut ct, events, portid);
        let id = ct.id;
        self.table.push(ct);
        Ok(id)
    }

    /// Changes an entry for the socket `portid` (`ctnetlink_change_conntrack`).
    ///
    /// Earlier parts of a request stay changed if a later part is rejected.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request, for example:
    ///
    /// * [`Enoent`](Errno::Enoent) if there is no such entry.
    /// * [`Eopnotsupp`](Errno::Eopnotsupp) for NAT and for a master.
    /// * [`Ebusy`](Errno::Ebusy) for a status that cannot be set.
    /// * [`Eperm`](Errno::Eperm) for an entry with a fixed timeout.
    /// * [`Enospc`](Errno::Enospc) for labels of an entry without the extension.
    pub fn ctnetlink_change_conntrack(
        &mut self,
        portid: u32,
        id: u32,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let mut lent = self.lend(id)?;
        let result = self.change(&mut lent.ct, request);
        if result.is_ok() {
            self.eventmask_report(&mut lent.ct, IpctEvents::CHANGED, portid);
        }
        self.table.restore(lent);
        result
    }
}
