//! The life of an entry: born with extensions, confirmed, changed, ended, announced.

use super::net::{Errno, Net};
use super::nf_conn::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnLabels, NfConnNat, NfConnTstamp,
    NfConntrackEcache, NfConntrackTuple, NfConntrackZone,
};
use crate::attrs::Status;
use alloc::vec::Vec;

/// A direction of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dir {
    /// That of its first packet.
    #[default]
    Original,
    /// That of the answers.
    Reply,
}

/// A packet, as far as an entry is concerned, with what the protocol's tracker makes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// Its direction.
    pub dir: Dir,
    /// Its length, IP header included.
    pub len: u64,
    /// `skb->tstamp`: when it was received, if something asked for that.
    pub stamp: Option<u64>,
    /// The state of the protocol after it.
    pub proto: Option<L4State>,
    /// It makes the entry assured.
    pub assured: bool,
    /// Seconds until the entry expires, after it.
    pub timeout: u32,
}

impl Net {
    /// `init_conntrack`: an entry for a flow's first packet, not in the table yet. It is born with
    /// the extensions that the settings of this moment ask for, and never gets others.
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
            ct.labels = Some(NfConnLabels { words: 2, ..NfConnLabels::default() });
        }
        ct
    }

    /// Adds timestamps, if the namespace has them on at this moment.
    pub fn nf_ct_tstamp_ext_add(&self, ct: &mut NfConn) {
        if self.nf_ct_tstamp_enabled() {
            ct.tstamp = Some(NfConnTstamp::default());
        }
    }

    fn ecache_ext_add(&self, ct: &mut NfConn) {
        use crate::Group;
        let groups = [Group::New, Group::Update, Group::Destroy];
        let wanted = match self.sysctls.nf_conntrack_events {
            0 => false,
            2 if self.kernel.release.events_are_automatic() => {
                groups.iter().any(|&group| self.has_listeners(group))
            }
            _ => true,
        };
        if self.kernel.config.events && wanted {
            // A time that is not 0 says that times are wanted; without timestamps it stays 0.
            let timestamp = if ct.tstamp.is_some() { self.clock.real_ns } else { 0 };
            ct.ecache = Some(NfConntrackEcache { timestamp, ..NfConntrackEcache::default() });
        }
    }

    /// Counts a packet for an entry that is not in the table yet.
    pub fn first_packet(&self, ct: &mut NfConn, packet: &Packet) {
        self.see(ct, packet);
    }

    /// `__nf_conntrack_confirm`: the first packet leaves, and the entry enters the table. START is
    /// set before it can be seen there. Returns its id.
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

    /// A further packet of an entry in the table.
    ///
    /// # Errors
    /// [`Enoent`](Errno::Enoent).
    pub fn packet(&mut self, id: u32, packet: &Packet) -> Result<(), Errno> {
        let (place, mut ct) = self.take(id)?;
        self.see(&mut ct, packet);
        ct.timeout = ct.timeout.saturating_add(self.clock.jiffies);
        self.deliver_cached_events(&mut ct);
        self.put(place, ct);
        Ok(())
    }

    /// What a packet changes; the timeout is left relative.
    fn see(&self, ct: &mut NfConn, packet: &Packet) {
        if let Some(proto) = packet.proto.filter(|proto| *proto != ct.proto) {
            ct.proto = proto;
            self.event_cache(ct, IpctEvents::PROTOINFO);
        }
        ct.timeout = u64::from(packet.timeout) * u64::from(self.kernel.config.hz);
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

    /// Deletes one entry, as the socket `portid` asks.
    ///
    /// # Errors
    /// [`Enoent`](Errno::Enoent).
    pub fn delete(&mut self, portid: u32, id: u32) -> Result<(), Errno> {
        let (_, ct) = self.take(id)?;
        if self.kernel.release.delete_announces_before_stop() {
            // The event goes out first; what sets STOP comes after it, and says nothing.
            self.destroy_event(ct, portid);
        } else {
            self.nf_ct_delete(ct, portid);
        }
        Ok(())
    }

    /// Deletes every entry, as the socket `portid` asks; 0 when the namespace ends.
    pub fn flush(&mut self, portid: u32) {
        // One after the other leaves the table: those that come later may hold it, or be held by it.
        self.table.reverse();
        while let Some(ct) = self.table.pop() {
            self.nf_ct_delete(ct, portid);
        }
    }

    /// Removes the entries whose time is up: the timer of each up to 4.8, later whoever passes by
    /// (garbage collection, a dump, a look-up).
    pub fn reap_expired(&mut self) {
        let now = self.clock.jiffies;
        let table = core::mem::take(&mut self.table);
        let (alive, expired): (Vec<_>, Vec<_>) = table.into_iter().partition(|ct| ct.timeout > now);
        let alive_len = alive.len();
        self.table = alive;
        self.table.extend(expired.into_iter().rev());
        while self.table.len() > alive_len {
            if let Some(ct) = self.table.pop() {
                self.nf_ct_delete(ct, 0);
            }
        }
    }

    /// `nf_ct_delete` (up to 3.11 `death_by_timeout` and, in a flush, `kill_report`): sets STOP unless
    /// it is set, then announces the end.
    pub(crate) fn nf_ct_delete(&mut self, mut ct: NfConn, portid: u32) {
        let overdue = self.clock.jiffies.saturating_sub(ct.timeout);
        let hz = u64::from(self.kernel.config.hz).max(1);
        let mut stop = self.clock.real_ns;
        if self.kernel.release.stop_is_back_dated() {
            stop = stop.saturating_sub(overdue.saturating_mul(1_000_000_000) / hz);
        }
        if let Some(tstamp) = ct.tstamp.as_mut().filter(|tstamp| tstamp.stop == 0) {
            tstamp.stop = stop;
        }
        self.destroy_event(ct, portid);
    }

    fn destroy_event(&mut self, mut ct: NfConn, portid: u32) {
        if self.kernel.release.destroy_has_dying() {
            ct.status |= Status::DYING;
        }
        let is_delivered = self.eventmask_report(&mut ct, IpctEvents::DESTROY, portid);
        ct.status |= Status::DYING;
        if let Some(ecache) = ct.ecache.as_mut().filter(|_| !is_delivered) {
            ecache.destroy_failed = true;
            self.dying.push(ct);
            return;
        }
        self.nf_ct_put(ct);
    }

    /// Sends the DESTROY events again that could not be delivered: with the same STOP, to whoever
    /// caused the end, and (since 6.14) with the time of this attempt.
    pub fn redeliver(&mut self) {
        for mut ct in core::mem::take(&mut self.dying) {
            if self.eventmask_report(&mut ct, IpctEvents::DESTROY, 0) {
                self.nf_ct_put(ct);
            } else {
                self.dying.push(ct);
            }
        }
    }

    /// `nf_ct_put` of the table's reference: what the entry expects ends. Once nobody holds it, it lets
    /// go of its master (`nf_ct_destroy`), which may have left the table before it.
    fn nf_ct_put(&mut self, ct: NfConn) {
        self.nf_ct_remove_expectations(&ct);
        let mut put = Some(ct);
        while let Some(mut ct) = put.take() {
            ct.use_count = ct.use_count.saturating_sub(1);
            if ct.use_count > 0 {
                self.held.push(ct);
                return;
            }
            let is_master = |master: &NfConn| ct.master.is_some() && master.id == ct.master_id;
            let mut known = self.table.iter_mut().chain(&mut self.dying);
            if let Some(master) = known.find(|master| is_master(master)) {
                master.use_count = master.use_count.saturating_sub(1);
            } else if let Some(at) = self.held.iter().position(is_master) {
                put = Some(self.held.swap_remove(at));
            }
        }
    }

    /// Reads and zeroes an entry's counters.
    pub(crate) fn zero_counters(&mut self, id: u32) {
        let ct = self.table.iter_mut().find(|ct| ct.id == id);
        if let Some(acct) = ct.and_then(|ct| ct.acct.as_mut()) {
            *acct = [NfConnCounter::default(); 2];
        }
    }
}
