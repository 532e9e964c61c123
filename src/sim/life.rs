//! The life of an entry: born with extensions, confirmed, changed, ended, announced.

use super::net::{Errno, Net};
use super::nf_conn::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnLabels, NfConnNat, NfConnSynproxy,
    NfConnTstamp, NfConntrackEcache, NfConntrackTuple, NfConntrackZone,
};
use super::rebuild::Recorded;
use crate::attrs::Status;
use crate::flat::{Conntrack, Record as _};
use alloc::vec::Vec;

/// Bits that a request cannot change (`IPS_UNCHANGEABLE_MASK`).
const UNCHANGEABLE: Status = Status::NAT
    .union(Status::NAT_DONE)
    .union(Status::EXPECTED)
    .union(Status::CONFIRMED)
    .union(Status::DYING)
    .union(Status::SEQ_ADJUST)
    .union(Status::TEMPLATE)
    .union(Status::UNTRACKED)
    .union(Status::OFFLOAD)
    .union(Status::HW_OFFLOAD);

/// The longest timeout since 4.15, in jiffies.
const INT_MAX: u64 = 0x7fff_ffff;

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
        // Opaque; up to 5.1 it was the entry's address, and it still looks like one here.
        self.last_id = self.last_id.wrapping_add(0x140);
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
        use super::event::Group;
        let groups = [Group::ConntrackNew, Group::ConntrackUpdate, Group::ConntrackDestroy];
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

    /// `ctnetlink_create_conntrack`: an entry that the socket `portid` asks for. It takes tuples,
    /// zone, timeout, status, mark, state, adjustments, labels and master; returns its id.
    ///
    /// # Errors
    /// [`Einval`](Errno::Einval) without tuples or timeout, [`Eexist`](Errno::Eexist),
    /// [`Ebusy`](Errno::Ebusy) for a status without `CONFIRMED` or with `EXPECTED` or `DYING`.
    pub fn ctnetlink_create_conntrack(
        &mut self,
        portid: u32,
        request: &Conntrack,
    ) -> Result<u32, Errno> {
        let asked = learned(self, request, &NfConn::default());
        let [orig, reply] = asked.tuple;
        let is_complete = request.orig.src.is_some() && request.reply.src.is_some();
        if !is_complete || orig.protonum != reply.protonum || request.timeout.is_none() {
            return Err(Errno::Einval);
        }
        if self.table.iter().any(|ct| ct.tuple.contains(&orig) && ct.zone == asked.zone) {
            return Err(Errno::Eexist);
        }
        let mut ct = self.init_conntrack(orig, reply, asked.zone);
        if self.kernel.config.synproxy && self.kernel.release.create_adds_synproxy() {
            ct.synproxy = Some(NfConnSynproxy::default());
        }
        ct.status |= Status::CONFIRMED;
        self.apply(&mut ct, request)?;
        if let Some(master) = asked.master {
            ct.master = Some(master);
            ct.status |= Status::EXPECTED;
        }
        if let Some(tstamp) = &mut ct.tstamp {
            tstamp.start = self.clock.real_ns;
        }
        // Labels come after the entry is in the table; that they cannot be set is not an error.
        let labels = request.labels.filter(|_| ct.labels.is_some());
        let is_related = ct.master.is_some();
        let mut events = if self.kernel.release.create_raises_bit_numbers() {
            // The numbers of the bits, 0 and 1, instead of the bits.
            IpctEvents::from_bits_retain(u32::from(is_related))
        } else if is_related {
            IpctEvents::RELATED
        } else {
            IpctEvents::NEW
        };
        events |= IpctEvents::CREATED;
        if let (Some(bits), Some(ext)) = (labels, &mut ct.labels) {
            ext.bits = bits;
            events |= IpctEvents::LABEL;
        }
        self.eventmask_report(&mut ct, events, portid);
        let id = ct.id;
        self.table.push(ct);
        Ok(id)
    }

    /// `ctnetlink_change_conntrack`: changes that the socket `portid` asks for. What comes first stays
    /// changed if what comes later is refused.
    ///
    /// # Errors
    /// [`Enoent`](Errno::Enoent), [`Ebusy`](Errno::Ebusy) for the status, [`Enospc`](Errno::Enospc)
    /// for labels of an entry without.
    pub fn ctnetlink_change_conntrack(
        &mut self,
        portid: u32,
        id: u32,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let (place, mut ct) = self.take(id)?;
        let mut result = self.apply(&mut ct, request);
        if let Some(bits) = request.labels.filter(|_| result.is_ok()) {
            match &mut ct.labels {
                Some(labels) => labels.bits = bits,
                None => result = Err(Errno::Enospc),
            }
        }
        if result.is_ok() {
            self.eventmask_report(&mut ct, IpctEvents::CHANGED, portid);
        }
        self.put(place, ct);
        result
    }

    /// What creation and change have in common: timeout, status, state, mark, adjustments.
    fn apply(&self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        let asked = learned(self, request, ct);
        if request.timeout.is_some() {
            let limit = if self.kernel.release.caps_timeout() { INT_MAX } else { u64::MAX };
            ct.timeout = self.clock.jiffies.saturating_add(asked.timeout.min(limit));
        }
        if let Some(status) = request.status {
            let fixed = Status::EXPECTED | Status::CONFIRMED | Status::DYING;
            let cleared = ct.status & (Status::SEEN_REPLY | Status::ASSURED) & !status;
            if !((ct.status ^ status) & fixed).is_empty() || !cleared.is_empty() {
                return Err(Errno::Ebusy);
            }
            ct.status |= status & !UNCHANGEABLE;
        }
        ct.proto = asked.proto;
        if let Some(mark) = request.mark {
            let mask = request.mark_mask.unwrap_or(u32::MAX);
            // The new mark is not cut to the mask.
            ct.mark = ct.mark & !mask ^ mark;
        }
        if !(request.seq_adj_orig.is_absent() && request.seq_adj_reply.is_absent()) {
            ct.seqadj = asked.seqadj;
            ct.status |= Status::SEQ_ADJUST;
        }
        if ct.synproxy.is_some() {
            ct.synproxy = asked.synproxy;
        }
        Ok(())
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
        for ct in core::mem::take(&mut self.table) {
            self.nf_ct_delete(ct, portid);
        }
    }

    /// Removes the entries whose time is up: the timer of each up to 4.8, later whoever passes by
    /// (garbage collection, a dump, a look-up).
    pub fn reap_expired(&mut self) {
        let now = self.clock.jiffies;
        let table = core::mem::take(&mut self.table);
        let (alive, expired): (Vec<_>, _) = table.into_iter().partition(|ct| ct.timeout > now);
        self.table = alive;
        for ct in expired {
            self.nf_ct_delete(ct, 0);
        }
    }

    /// `nf_ct_delete` (up to 3.11 `death_by_timeout` and, in a flush, `kill_report`): sets STOP unless
    /// it is set, then announces the end.
    fn nf_ct_delete(&mut self, mut ct: NfConn, portid: u32) {
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
        }
    }

    /// Sends the DESTROY events again that could not be delivered: with the same STOP, to whoever
    /// caused the end, and (since 6.14) with the time of this attempt.
    pub fn redeliver(&mut self) {
        for mut ct in core::mem::take(&mut self.dying) {
            if !self.eventmask_report(&mut ct, IpctEvents::DESTROY, 0) {
                self.dying.push(ct);
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

/// `before` with what a request says.
fn learned(net: &Net, request: &Conntrack, before: &NfConn) -> NfConn {
    let mut ct = before.clone();
    ct.learn(&net.kernel, request, &Recorded::default());
    ct
}
