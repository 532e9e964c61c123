//! The life of an entry: creation, confirmation, packets, end.

use super::errno::Errno;
use super::net::{Cause, InitStep, Listener, Net};
use super::nf_conn::{
    Dir, IpctEvents, L4State, NfConn, NfConnCounter, NfConnLabels, NfConnNat, NfConnTstamp,
    NfConntrackEcache, NfConntrackTuple, NfConntrackZone,
};
use crate::Group;
use crate::attrs::Status;
use alloc::vec::Vec;

/// A packet of a flow, with the effect that the protocol's tracker derives from it.
///
/// # Examples
/// See [`Net`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// The direction of the packet.
    pub dir: Dir,
    /// The length in bytes, IP header included.
    pub len: u64,
    /// `skb->tstamp`: the time of reception, if a socket asked for it.
    pub stamp: Option<u64>,
    /// The state of the protocol after the packet.
    pub proto: Option<L4State>,
    /// The packet makes the entry assured (`ASSURED`).
    pub assured: bool,
    /// Seconds from the packet until the entry expires.
    pub timeout: u32,
}

impl Net {
    /// Creates an entry for the first packet of a flow, outside the table (`init_conntrack`).
    ///
    /// The entry has the extensions that the settings ask for at this time, and never gets others.
    #[must_use]
    pub fn init_conntrack(
        &mut self,
        orig: NfConntrackTuple,
        reply: NfConntrackTuple,
        zone: NfConntrackZone,
    ) -> NfConn {
        self.last_id = self.last_id.wrapping_add(Self::ID_STEP);
        let mut ct = NfConn {
            tuple: [orig, reply],
            zone,
            id: self.last_id,
            use_count: 1,
            proto: L4State::new(orig.protonum),
            nat: self.kernel.config.nat.then(NfConnNat::default),
            ..NfConn::default()
        };
        if self.sysctls.nf_conntrack_acct {
            ct.acct = Some(Default::default());
        }
        self.nf_ct_tstamp_ext_add(&mut ct);
        self.ecache_ext_add(&mut ct);
        if self.labels_used && self.kernel.has_labels() {
            ct.labels = Some(NfConnLabels::empty(&self.kernel));
        }
        ct
    }

    /// Adds the timestamp extension if timestamps are on (`nf_ct_tstamp_ext_add`).
    pub fn nf_ct_tstamp_ext_add(&self, ct: &mut NfConn) {
        if self.nf_ct_tstamp_enabled() {
            ct.tstamp = Some(NfConnTstamp::default());
        }
    }

    /// Adds the event extension if events are on (`nf_ct_ecache_ext_add`).
    fn ecache_ext_add(&self, ct: &mut NfConn) {
        let wanted = match self.sysctls.nf_conntrack_events {
            0 => false,
            2 if self.kernel.release.events_are_automatic() => (1..=6)
                .filter_map(|n| Group::try_from(n).ok())
                .any(|group| self.has_listeners(group)),
            _ => true,
        };
        if self.kernel.config.events && wanted {
            // 0 means that the entry has no timestamps.
            let timestamp = if ct.tstamp.is_some() { self.clock.real_ns } else { 0 };
            ct.ecache = Some(NfConntrackEcache { timestamp, ..NfConntrackEcache::default() });
        }
    }

    /// Applies a packet to an entry outside the table.
    pub fn first_packet(&self, ct: &mut NfConn, packet: &Packet) {
        self.apply(ct, packet);
    }

    /// Adds an entry to the table and returns its id (`__nf_conntrack_confirm`).
    ///
    /// This happens when the first packet of the flow leaves. The start time is set before the entry is in the table.
    pub fn confirm(&mut self, mut ct: NfConn, packet: &Packet) -> u32 {
        ct.status |= Status::CONFIRMED;
        ct.timeout = ct.timeout.saturating_add(self.clock.jiffies);
        let now = self.clock.real_ns;
        let stamp = packet.stamp.filter(|_| self.kernel.release.start_from_packet());
        if let Some(tstamp) = &mut ct.tstamp {
            tstamp.start = stamp.unwrap_or(now);
        }
        let born = if ct.master.is_some() { IpctEvents::RELATED } else { IpctEvents::NEW };
        self.event_cache(&mut ct, born);
        self.deliver_cached_events(&mut ct);
        let id = ct.id;
        self.table.push(ct);
        id
    }

    /// Applies a packet to an entry in the table.
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such entry.
    pub fn packet(&mut self, id: u32, packet: &Packet) -> Result<(), Errno> {
        let mut lent = self.lend(id)?;
        let ct = &mut *lent.ct;
        self.apply(ct, packet);
        ct.timeout = ct.timeout.saturating_add(self.clock.jiffies);
        self.deliver_cached_events(ct);
        self.table.restore(lent);
        Ok(())
    }

    /// Applies a packet to an entry, whose timeout becomes relative.
    fn apply(&self, ct: &mut NfConn, packet: &Packet) {
        if let Some(proto) = packet.proto.filter(|proto| *proto != ct.proto) {
            ct.proto = proto;
            self.event_cache(ct, IpctEvents::PROTOINFO);
        }
        ct.timeout = u64::from(packet.timeout) * u64::from(self.kernel.arch.hz);
        if let Some([orig, reply]) = &mut ct.acct {
            let counter = if packet.dir == Dir::Reply { reply } else { orig };
            counter.packets = counter.packets.wrapping_add(1);
            counter.bytes = counter.bytes.wrapping_add(packet.len);
        }
        if packet.dir == Dir::Reply && !ct.status.contains(Status::SEEN_REPLY) {
            ct.status |= Status::SEEN_REPLY;
            self.event_cache(ct, IpctEvents::REPLY);
        }
        if packet.assured && !ct.status.contains(Status::ASSURED) {
            ct.status |= Status::ASSURED;
            self.event_cache(ct, IpctEvents::ASSURED);
        }
    }

    /// Deletes one entry for the socket `portid`.
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such entry.
    pub fn delete(&mut self, portid: u32, id: u32) -> Result<(), Errno> {
        self.delete_for(portid.into(), id)
    }

    /// Deletes one entry.
    pub(crate) fn delete_for(&mut self, cause: Cause, id: u32) -> Result<(), Errno> {
        let ct = self.table.remove_id(id).ok_or(Errno::Enoent)?;
        if self.kernel.release.delete_announces_before_stop() {
            // The event is sent before the stop time is set.
            self.destroy_event(ct, cause);
        } else {
            self.nf_ct_delete(ct, cause);
        }
        Ok(())
    }

    /// Deletes every entry for the socket `portid`, which is 0 when the namespace ends.
    pub fn flush(&mut self, portid: u32) {
        // Entries leave the table one by one, because later ones may be their master.
        while let Some(ct) = self.table.pop_first() {
            self.nf_ct_delete(ct, portid.into());
        }
    }

    /// Takes the namespace down, and returns the steps that were undone and the listeners.
    ///
    /// The table is flushed first, then the steps of set-up are undone.
    pub fn nf_conntrack_cleanup_net(mut self) -> (Vec<InitStep>, Vec<Listener>) {
        self.flush(0);
        let mut order = InitStep::ORDER.to_vec();
        order.reverse();
        (order, self.listeners)
    }

    /// Removes the expired entries.
    ///
    /// A timer of each entry does this up to Linux 4.8. Since Linux 4.9 garbage collection, dumps and
    /// look-ups do it.
    pub fn reap_expired(&mut self) {
        let now = self.clock.jiffies;
        for position in self.table.positions(|ct| ct.timeout <= now) {
            if let Some(ct) = self.table.remove(position) {
                self.nf_ct_delete(ct, Cause::TIMER);
            }
        }
    }

    /// Sets the stop time unless it is set, then sends the DESTROY event (`nf_ct_delete`).
    ///
    /// Up to Linux 3.11 the function is `death_by_timeout`, or `kill_report` in a flush.
    pub(crate) fn nf_ct_delete(&mut self, mut ct: NfConn, cause: Cause) {
        let overdue = self.clock.jiffies.saturating_sub(ct.timeout);
        let hz = u64::from(self.kernel.arch.hz).max(1);
        let mut stop = self.clock.real_ns;
        if self.kernel.release.stop_is_back_dated() {
            stop = stop.saturating_sub(overdue.saturating_mul(1_000_000_000) / hz);
        }
        if let Some(tstamp) = ct.tstamp.as_mut().filter(|tstamp| tstamp.stop == 0) {
            tstamp.stop = stop;
        }
        self.destroy_event(ct, cause);
    }

    /// Sends the DESTROY event, and keeps the entry if it was not delivered.
    fn destroy_event(&mut self, mut ct: NfConn, cause: Cause) {
        if self.kernel.release.destroy_has_dying() {
            ct.status |= Status::DYING;
        }
        let is_delivered = self.eventmask_report(&mut ct, IpctEvents::DESTROY, cause);
        ct.status |= Status::DYING;
        if let Some(ecache) = ct.ecache.as_mut().filter(|_| !is_delivered) {
            ecache.destroy_failed = true;
            self.dying.push(ct);
            return;
        }
        self.nf_ct_put(ct);
    }

    /// Sends the DESTROY events again that were not delivered.
    ///
    /// They have the same stop time and the socket that caused the end. Since Linux 6.14 they have
    /// the time of this attempt.
    pub fn redeliver(&mut self) {
        for mut ct in core::mem::take(&mut self.dying) {
            if self.eventmask_report(&mut ct, IpctEvents::DESTROY, Cause::TIMER) {
                self.nf_ct_put(ct);
            } else {
                self.dying.push(ct);
            }
        }
    }

    /// Drops the table's reference to an entry, and ends its expectations (`nf_ct_put`).
    ///
    /// Without references the entry drops the one to its master (`nf_ct_destroy`), which may have left
    /// the table earlier.
    fn nf_ct_put(&mut self, ct: NfConn) {
        self.nf_ct_remove_expectations(&ct);
        let mut put = Some(ct);
        while let Some(mut ct) = put.take() {
            ct.use_count = ct.use_count.saturating_sub(1);
            if ct.use_count > 0 {
                self.held.insert(ct.id, ct);
                return;
            }
            if ct.master.is_none() {
                return;
            }
            let is_master = |master: &&mut NfConn| master.id == ct.master_id;
            let known = self.table.get_mut(ct.master_id).into_iter();
            if let Some(master) = known.chain(&mut self.dying).find(is_master) {
                master.use_count = master.use_count.saturating_sub(1);
            } else {
                put = self.held.remove(&ct.master_id);
            }
        }
    }

    /// Sets the counters of an entry to 0.
    pub(crate) fn zero_counters(&mut self, id: u32) {
        let ct = self.table.get_mut(id);
        if let Some(acct) = ct.and_then(|ct| ct.acct.as_mut()) {
            *acct = [NfConnCounter::default(); 2];
        }
    }
}
