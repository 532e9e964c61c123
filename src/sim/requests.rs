//! Requests to create, change, get and delete entries, in the kernel's order.
//!
//! The order decides which error a request with two mistakes gets.

use super::change::{ctnetlink_change_seq_adj, ctnetlink_change_synproxy, ctnetlink_parse_help};
use super::dump::DumpRequest;
use super::errno::Errno;
use super::filter::Filter;
use super::lookup::NfnlInfo;
use super::nat::ctnetlink_setup_nat;
use super::net::{Cause, Net};
use super::nf_conn::{IpctEvents, NfConnHelp, NfConnSynproxy, NfConntrackTuple, NfConntrackZone};
use super::nla::{ExtAck, Validation, nla_parse};
use super::parse::parse_tuple;
use super::policy;
use crate::Family;
use crate::attrs::{CtattrType, Status};
use crate::flat::{Conntrack, Record as _};
use crate::wire::{NlmFlags, WriteBuf, Writer};
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
        self.with_request((portid, 0), flags, request, Self::new_conntrack)
    }

    /// Returns the reply to a GET, or to a GET_CTRZERO with `ctrzero` (`ctnetlink_get_conntrack`).
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request.
    pub fn ctnetlink_get_conntrack(
        &mut self,
        to: (u32, u32),
        ctrzero: bool,
        request: &Conntrack,
    ) -> Result<Vec<u8>, Errno> {
        self.with_request(to, NlmFlags::empty(), request, |net, info| {
            net.get_conntrack(info, ctrzero)
        })
    }

    /// Deletes one entry for the socket `portid` (`ctnetlink_del_conntrack`).
    ///
    /// Without a tuple, the request is a flush.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel would reject the request.
    pub fn ctnetlink_del_conntrack(
        &mut self,
        portid: u32,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        self.with_request((portid, 0), NlmFlags::empty(), request, Self::del_conntrack)
    }

    /// Deletes the entries that `request` selects (`ctnetlink_flush_conntrack`).
    pub fn ctnetlink_flush_conntrack(&mut self, request: &DumpRequest) {
        self.flush_selected(&request.filter(&self.kernel), request.portid.into());
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
    /// * [`Enomem`](Errno::Enomem) if the table is full.
    pub fn ctnetlink_create_conntrack(
        &mut self,
        portid: u32,
        request: &Conntrack,
    ) -> Result<u32, Errno> {
        self.with_request((portid, 0), NlmFlags::CREATE, request, |net, info| {
            let (zone, tuples) = net.parse_tuples(info)?;
            net.create_conntrack(info, zone, tuples)
        })
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
        self.with_request((portid, 0), NlmFlags::empty(), request, |net, info| {
            net.change_conntrack(id, info)
        })
    }

    /// Encodes a request and handles it as the kernel parses it.
    fn with_request<T>(
        &mut self,
        (portid, seq): (u32, u32),
        flags: NlmFlags,
        request: &Conntrack,
        handle: impl FnOnce(&mut Self, &NfnlInfo<'_>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let endian = self.kernel.arch.endian();
        let mut bytes = WriteBuf::new();
        // Only data of more than 64 KiB does not fit.
        Writer::<CtattrType>::run(&mut bytes, endian, |out| request.write(out))
            .map_err(|_| Errno::Einval)?;
        let bytes = bytes.into_bytes();
        let policy = policy::conntrack(&self.kernel);
        let ext_ack = &mut ExtAck::default();
        let tb = nla_parse(&bytes, 0, endian, policy, Validation::Liberal, ext_ack)?;
        let family = request.family;
        handle(self, &NfnlInfo { tb, family, version: 0, flags, seq, portid })
    }

    /// Handles IPCTNL_MSG_CT_NEW.
    pub(crate) fn new_conntrack(&mut self, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        let (zone, tuples) = self.parse_tuples(info)?;
        let [orig, reply] = tuples;
        let found = orig.or(reply).and_then(|tuple| self.nf_conntrack_find_get(zone, &tuple));
        match found {
            None if !info.flags.contains(NlmFlags::CREATE) => Err(Errno::Enoent),
            None => self.create_conntrack(info, zone, tuples).map(|_| ()),
            Some(_) if info.flags.contains(NlmFlags::EXCL) => Err(Errno::Eexist),
            Some(id) => self.change_conntrack(id, info),
        }
    }

    /// Handles IPCTNL_MSG_CT_GET and IPCTNL_MSG_CT_GET_CTRZERO without `NLM_F_DUMP`.
    pub(crate) fn get_conntrack(
        &mut self,
        info: &NfnlInfo<'_>,
        ctrzero: bool,
    ) -> Result<Vec<u8>, Errno> {
        let id = self.find(info)?;
        self.get(id, info.portid, info.seq, ctrzero)
    }

    /// Handles IPCTNL_MSG_CT_DELETE.
    pub(crate) fn del_conntrack(&mut self, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        let tb = &info.tb;
        let has_tuple = tb.has(CtattrType::TupleOrig) || tb.has(CtattrType::TupleReply);
        let can_filter = self.kernel.release.flushes_by_filter();
        let has_filter = tb.has(CtattrType::Filter);
        if !has_tuple || has_filter && can_filter {
            let is_of_family = info.version != 0 || has_filter;
            let family = if is_of_family { info.family } else { Family::UNSPEC };
            if has_filter && !can_filter {
                return Err(Errno::Eopnotsupp);
            }
            let filter = Filter::of(&self.kernel, tb, family)?;
            self.flush_selected(&filter.unwrap_or_default(), info.cause());
            return Ok(());
        }
        let id = self.find(info)?;
        if tb.get(CtattrType::Id).is_some_and(|asked| asked.be32() != id) {
            return Err(Errno::Enoent);
        }
        self.delete_for(info.cause(), id)
    }

    fn flush_selected(&mut self, filter: &Filter, cause: Cause) {
        let kernel = self.kernel;
        for position in self.table.positions(|ct| filter.matches(&kernel, ct)) {
            if let Some(ct) = self.table.remove(position) {
                self.nf_ct_delete(ct, cause);
            }
        }
    }

    fn create_conntrack(
        &mut self,
        info: &NfnlInfo<'_>,
        zone: NfConntrackZone,
        tuples: [Option<NfConntrackTuple>; 2],
    ) -> Result<u32, Errno> {
        let tb = &info.tb;
        let [Some(orig), Some(reply)] = tuples else { return Err(Errno::Einval) };
        if orig.protonum != reply.protonum {
            return Err(Errno::Einval);
        }
        if self.table.len() >= usize::try_from(self.sysctls.nf_conntrack_max).unwrap_or(usize::MAX)
        {
            return Err(Errno::Enomem);
        }
        let timeout = tb.need(CtattrType::Timeout)?.be32();
        let mut ct = self.init_conntrack(orig, reply, zone);
        if let Some(attr) = tb.get(CtattrType::Help) {
            let (name, info) = ctnetlink_parse_help(attr)?;
            let helper = self.find_helper(name, &ct).ok_or(Errno::Eopnotsupp)?;
            ct.help = Some(NfConnHelp { helper: Some(helper), info: info.map(Into::into) });
            if self.kernel.release.create_sets_helper_bit() {
                ct.status |= Status::HELPER;
            }
        }
        ctnetlink_setup_nat(&self.kernel, &mut ct, tb)?;
        ct.seqadj = Some(Default::default());
        if self.kernel.config.synproxy && self.kernel.release.create_adds_synproxy() {
            ct.synproxy = Some(NfConnSynproxy::default());
        }
        ct.status |= Status::CONFIRMED;
        self.set_timeout(&mut ct, timeout);
        self.ctnetlink_change_status(&mut ct, tb)?;
        ctnetlink_change_seq_adj(&mut ct, tb)?;
        self.ctnetlink_change_protoinfo(&mut ct, tb)?;
        ctnetlink_change_synproxy(&mut ct, tb)?;
        self.ctnetlink_change_mark(&mut ct, tb);
        if let Some(attr) = tb.get(CtattrType::TupleMaster) {
            let master = parse_tuple(&self.kernel, attr, info.family, None)?;
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
        let is_related = ct.master.is_some();
        if let Some(master) = self.table.get_mut(ct.master_id).filter(|_| is_related) {
            // The new entry holds a reference to its master.
            master.use_count = master.use_count.wrapping_add(1);
        }
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
        if tb.has(CtattrType::Labels) && self.ctnetlink_attach_labels(&mut ct, tb).is_ok() {
            events |= IpctEvents::LABEL;
        }
        self.count(|stat| &mut stat.ct.insert);
        self.eventmask_report(&mut ct, events, info.cause());
        let id = ct.id;
        self.table.push(ct);
        Ok(id)
    }

    fn change_conntrack(&mut self, id: u32, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        let mut lent = self.lend(id)?;
        let result = self.change(&mut lent.ct, info);
        if result.is_ok() {
            self.eventmask_report(&mut lent.ct, IpctEvents::CHANGED, info.cause());
        }
        self.table.restore(lent);
        result
    }
}
