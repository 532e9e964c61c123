//! What requests do: `ctnetlink_new_conntrack`, `ctnetlink_get_conntrack`,
//! `ctnetlink_del_conntrack`, in the kernel's order, so that of two mistakes in a request the same
//! one is named.

use super::dump::DumpRequest;
use super::life::Dir;
use super::net::{Errno, Net};
use super::nf_conn::{
    IpctEvents, L4State, NfConn, NfConnHelp, NfConnSynproxy, NfConntrackTuple, NfConntrackZone,
    NfCtSeqadj, ZoneDir,
};
use crate::Family;
use crate::attrs::Status;
use crate::flat::{Conntrack, Name, NatRange, ProtoInfo, Record as _, SeqAdj, Tuple};
use crate::kernel::L4Proto;
use crate::nested::{IpProto, TcpFlags};
use crate::wire::NlmFlags;
use alloc::vec::Vec;
use core::net::IpAddr;

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

/// A helper that the kernel has loaded (`struct nf_conntrack_helper`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// Its name.
    pub name: Name,
    /// The family it is for.
    pub l3num: Family,
    /// The protocol it is for.
    pub protonum: IpProto,
}

impl Helper {
    /// Those that come with the kernel, as if all their modules were loaded.
    #[must_use]
    pub fn in_tree() -> Vec<Self> {
        let both = [Family::IPV4, Family::IPV6].as_slice();
        let v4 = [Family::IPV4].as_slice();
        let kinds = [
            ("ftp", IpProto::TCP, both),
            ("tftp", IpProto::UDP, both),
            ("sip", IpProto::TCP, both),
            ("sip", IpProto::UDP, both),
            ("Q.931", IpProto::TCP, both),
            ("RAS", IpProto::UDP, both),
            ("amanda", IpProto::UDP, both),
            ("sane", IpProto::TCP, both),
            ("irc", IpProto::TCP, v4),
            ("pptp", IpProto::TCP, v4),
            ("snmp", IpProto::UDP, v4),
            ("netbios-ns", IpProto::UDP, v4),
        ];
        let of = |(name, protonum, families): (&str, _, &'static [Family])| {
            let name = Name::new(name.as_bytes());
            families.iter().map(move |&l3num| Self { name: name.clone(), l3num, protonum })
        };
        kinds.into_iter().flat_map(of).collect()
    }
}

impl NfConntrackZone {
    /// `nf_ct_zone_id`: the zone that counts in a direction.
    #[must_use]
    pub const fn id_in(self, dir: Dir) -> u16 {
        match (self.dir, dir) {
            (ZoneDir::Both, _) | (ZoneDir::Orig, Dir::Original) | (ZoneDir::Reply, Dir::Reply) => {
                self.id
            }
            _ => 0,
        }
    }
}

/// Zones and tuples, as requests give them.
impl Net {
    fn parse_zone(&self, zone: Option<u16>) -> Result<NfConntrackZone, Errno> {
        match zone {
            Some(_) if !self.kernel.config.zones => Err(Errno::Eopnotsupp),
            id => Ok(NfConntrackZone { id: id.unwrap_or_default(), dir: ZoneDir::Both }),
        }
    }

    /// `ctnetlink_parse_tuple`. A zone inside the tuple becomes that of `zone`, in direction `dir`;
    /// where `zone` is `None` it is refused.
    fn parse_tuple(
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

    /// What the kernel's policy of attributes refuses of what a flat value can say.
    fn check_policy(&self, request: &Conntrack) -> Result<(), Errno> {
        let is_known = self.kernel.release.timestamp_event_in_events();
        if is_known && request.timestamp_event.is_some() { Err(Errno::Einval) } else { Ok(()) }
    }

    /// Both tuples of a request, where they are there, and its zone.
    fn parse_tuples(
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

    /// `nf_conntrack_find_get`: the id of the entry that has this tuple in either direction. One
    /// whose time is up is removed instead.
    pub fn nf_conntrack_find_get(
        &mut self,
        zone: NfConntrackZone,
        tuple: &NfConntrackTuple,
    ) -> Option<u32> {
        let is_same = |ct: &NfConn| {
            [Dir::Original, Dir::Reply]
                .iter()
                .zip(&ct.tuple)
                .any(|(&dir, of_dir)| of_dir == tuple && ct.zone.id_in(dir) == zone.id_in(dir))
        };
        let place = self.table.iter().position(is_same)?;
        let ct = self.table.get(place)?;
        if ct.timeout <= self.clock.jiffies && self.kernel.release.dump_reaps_expired() {
            let ct = self.table.remove(place);
            self.nf_ct_delete(ct, 0);
            return None;
        }
        Some(ct.id)
    }

    /// The entry that a request to get or delete one means.
    fn find(&mut self, request: &Conntrack) -> Result<u32, Errno> {
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

    /// Whether one of the tuples is taken already (`nf_conntrack_hash_check_insert`). Each is looked
    /// for where its own direction's zone has it.
    fn is_taken(&self, zone: NfConntrackZone, tuples: &[NfConntrackTuple; 2]) -> bool {
        let dirs = [Dir::Original, Dir::Reply];
        let clashes = |ct: &NfConn, tuple: &NfConntrackTuple, own: Dir| {
            dirs.iter().zip(&ct.tuple).any(|(&dir, of_dir)| {
                let theirs = ct.zone.id_in(dir);
                of_dir == tuple && theirs == zone.id_in(dir) && theirs == zone.id_in(own)
            })
        };
        self.table.iter().any(|ct| dirs.iter().zip(tuples).any(|(&own, t)| clashes(ct, t, own)))
    }
}

/// The requests.
impl Net {
    /// `ctnetlink_new_conntrack`: creates an entry (with `NLM_F_CREATE`) or changes it (without
    /// `NLM_F_EXCL`), as the socket `portid` asks.
    ///
    /// # Errors
    /// Those of the kernel.
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

    /// `ctnetlink_get_conntrack`: the answer to a GET or, with `ctrzero`, a GET_CTRZERO for one entry.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn ctnetlink_get_conntrack(
        &mut self,
        (portid, seq): (u32, u32),
        ctrzero: bool,
        request: &Conntrack,
    ) -> Result<Vec<u8>, Errno> {
        let id = self.find(request)?;
        self.get(id, portid, seq, ctrzero)
    }

    /// `ctnetlink_del_conntrack` with a tuple: deletes one entry, as the socket `portid` asks.
    ///
    /// # Errors
    /// Those of the kernel.
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

    /// `ctnetlink_flush_conntrack`: removes what `request` selects, as its socket asks.
    pub fn ctnetlink_flush_conntrack(&mut self, request: &DumpRequest) {
        let kernel = self.kernel;
        let table = core::mem::take(&mut self.table);
        let (doomed, kept): (Vec<_>, _) =
            table.into_iter().partition(|ct| request.matches(&kernel, ct));
        self.table = kept;
        for ct in doomed {
            self.nf_ct_delete(ct, request.portid);
        }
    }

    /// `ctnetlink_create_conntrack`: an entry that the socket `portid` asks for; its id. Of a range
    /// for NAT the lowest address and port are taken, unless those of the flow lie in it.
    ///
    /// # Errors
    /// Those of the kernel, among them [`Einval`](Errno::Einval) without tuples or timeout,
    /// [`Eexist`](Errno::Eexist), [`Ebusy`](Errno::Ebusy) for a status without `CONFIRMED` or with
    /// `EXPECTED` or `DYING`, [`Enoent`](Errno::Enoent) for an unknown master.
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
        if let Some(master) = self.table.iter_mut().find(|m| m.id == ct.master_id) {
            // The new entry holds it.
            master.use_count = master.use_count.wrapping_add(u32::from(ct.master.is_some()));
        }
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
        // Labels come after the entry is in the table; that they cannot be set is not an error.
        if request.labels.is_some() && self.ctnetlink_attach_labels(&mut ct, request).is_ok() {
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
    /// Those of the kernel: [`Enoent`](Errno::Enoent), [`Eopnotsupp`](Errno::Eopnotsupp) for NAT and
    /// master, [`Ebusy`](Errno::Ebusy) for the status, [`Eperm`](Errno::Eperm) for a fixed timeout,
    /// [`Enospc`](Errno::Enospc) for labels of an entry without.
    pub fn ctnetlink_change_conntrack(
        &mut self,
        portid: u32,
        id: u32,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let (place, mut ct) = self.take(id)?;
        let result = self.change(&mut ct, request);
        if result.is_ok() {
            self.eventmask_report(&mut ct, IpctEvents::CHANGED, portid);
        }
        self.put(place, ct);
        result
    }

    fn change(&mut self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        let is_nat = !request.nat_src.is_empty() || !request.nat_dst.is_empty();
        if is_nat || !request.master.is_empty() {
            return Err(Errno::Eopnotsupp);
        }
        if let Some(name) = &request.help.name {
            self.ctnetlink_change_helper(ct, name, request)?;
        }
        if let Some(timeout) = request.timeout {
            let is_fixed = ct.status.contains(Status::FIXED_TIMEOUT);
            if is_fixed && self.kernel.release.fixed_timeout_is_refused() {
                return Err(Errno::Eperm);
            }
            self.set_timeout(ct, timeout);
        }
        self.ctnetlink_change_status(ct, request)?;
        self.ctnetlink_change_protoinfo(ct, request)?;
        self.ctnetlink_change_mark(ct, request);
        ctnetlink_change_seq_adj(ct, request)?;
        ctnetlink_change_synproxy(ct, request)?;
        if request.labels.is_some() {
            self.ctnetlink_attach_labels(ct, request)?;
        }
        Ok(())
    }
}

/// The parts of a request.
impl Net {
    fn find_helper(&self, name: &Name, ct: &NfConn) -> Option<Name> {
        let is_it = |helper: &&Helper| {
            helper.name == *name && helper.l3num == ct.l3num() && helper.protonum == ct.protonum()
        };
        self.helpers.iter().find(is_it).map(|helper| helper.name.clone())
    }

    fn ctnetlink_change_helper(
        &mut self,
        ct: &mut NfConn,
        name: &Name,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let current = ct.help.as_ref().and_then(|help| help.helper.clone());
        if ct.master.is_some() {
            return if current.as_ref() == Some(name) { Ok(()) } else { Err(Errno::Ebusy) };
        }
        if name.as_bytes().is_empty() && self.kernel.release.helper_can_be_removed() {
            if current.is_some() {
                self.nf_ct_remove_expectations(ct);
            }
            if let Some(help) = &mut ct.help {
                // The extension stays, without a helper.
                help.helper = None;
            }
            return Ok(());
        }
        let found = self.find_helper(name, ct).ok_or(Errno::Eopnotsupp)?;
        match &mut ct.help {
            Some(help) if help.helper == Some(found) => {
                if request.help.info.is_some() {
                    help.info.clone_from(&request.help.info);
                }
                Ok(())
            }
            Some(_) => Err(Errno::Ebusy),
            None => Err(Errno::Eopnotsupp),
        }
    }

    /// `__nf_ct_set_timeout`, for an entry in the table.
    fn set_timeout(&self, ct: &mut NfConn, seconds: u32) {
        let limit = if self.kernel.release.caps_timeout() { INT_MAX } else { u64::MAX };
        let jiffies = u64::from(seconds) * u64::from(self.kernel.config.hz);
        ct.timeout = self.clock.jiffies.saturating_add(jiffies.min(limit));
    }

    fn ctnetlink_change_status(&self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        let Some(status) = request.status else { return Ok(()) };
        let fixed = Status::EXPECTED | Status::CONFIRMED | Status::DYING;
        let cleared = ct.status & (Status::SEEN_REPLY | Status::ASSURED) & !status;
        if (ct.status ^ status).intersects(fixed) || !cleared.is_empty() {
            return Err(Errno::Ebusy);
        }
        let masks = self.kernel.release.masks_unchangeable_status();
        let kept = if masks { UNCHANGEABLE } else { Status::NAT | Status::NAT_DONE };
        ct.status |= status & !kept;
        Ok(())
    }

    fn ctnetlink_change_mark(&self, ct: &mut NfConn, request: &Conntrack) {
        if let Some(mark) = request.mark.filter(|_| self.kernel.config.mark) {
            let mask = request.mark_mask.unwrap_or(u32::MAX);
            // The new mark is not cut to the mask.
            ct.mark = ct.mark & !mask ^ mark;
        }
    }

    /// `from_nlattr` of the protocols that have a state. What is for another protocol is passed over.
    fn ctnetlink_change_protoinfo(
        &self,
        ct: &mut NfConn,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        let is_ranged = self.kernel.release.protoinfo_has_ranges();
        let refusal = if is_ranged { Errno::Erange } else { Errno::Einval };
        match (&mut ct.proto, &request.protoinfo) {
            (L4State::Tcp { state, scale, flags }, Some(ProtoInfo::Tcp(tcp))) => {
                let mut scales = [tcp.wscale_original, tcp.wscale_reply].into_iter().flatten();
                let is_scale_too_large = is_ranged && scales.any(|scale| scale > 14);
                if tcp.state.is_some_and(|state| state.0 > 9) || is_scale_too_large {
                    return Err(refusal);
                }
                *state = tcp.state.unwrap_or(*state);
                for (flags, sent) in flags.iter_mut().zip([tcp.flags_original, tcp.flags_reply]) {
                    let sent = sent.unwrap_or_default();
                    *flags = *flags & !sent.mask | sent.flags & sent.mask;
                }
                // Scales count only if both are given and both sides use scaling.
                let both_scale = flags.iter().all(|flags| flags.contains(TcpFlags::WINDOW_SCALE));
                if let (Some(orig), Some(reply), true) =
                    (tcp.wscale_original, tcp.wscale_reply, both_scale)
                {
                    *scale = [orig, reply];
                }
            }
            (L4State::Sctp { state, vtag }, Some(ProtoInfo::Sctp(sctp))) => {
                if is_ranged && sctp.state.is_some_and(|state| state.0 > 8) {
                    return Err(refusal);
                }
                let asked = sctp.state.ok_or(Errno::Einval)?;
                let orig = sctp.vtag_original.ok_or(Errno::Einval)?;
                *vtag = [orig, sctp.vtag_reply.ok_or(Errno::Einval)?];
                *state = asked;
            }
            (L4State::Dccp { state, role, handshake_seq }, Some(ProtoInfo::Dccp(dccp))) => {
                *state = dccp.state.ok_or(Errno::Einval)?;
                *role = dccp.role.ok_or(Errno::Einval)?;
                *handshake_seq = dccp.handshake_seq.unwrap_or(*handshake_seq);
            }
            _ => {}
        }
        Ok(())
    }

    /// `ctnetlink_attach_labels`. The labels are not cut to the mask.
    fn ctnetlink_attach_labels(&self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        use crate::flat::Labels;
        let asked = request.labels.unwrap_or_default().bits();
        let mask = request.labels_mask.map_or(u128::MAX, Labels::bits);
        let labels = ct.labels.as_mut().ok_or(Errno::Enospc)?;
        let before = labels.bits.bits();
        labels.bits = Labels::new(before & !mask ^ asked);
        if labels.bits.bits() != before {
            self.event_cache(ct, IpctEvents::LABEL);
        }
        Ok(())
    }

    /// `ctnetlink_setup_nat`: a direction that is not given gets no translation, but is done with.
    fn ctnetlink_setup_nat(&self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        if request.nat_dst.is_empty() && request.nat_src.is_empty() {
            return Ok(());
        }
        if !self.kernel.config.nat {
            return Err(Errno::Eopnotsupp);
        }
        let [_, reply] = &mut ct.tuple;
        if nat_setup_info(&mut reply.src, &mut reply.src_id, &request.nat_dst) {
            ct.status |= Status::DST_NAT;
        }
        if nat_setup_info(&mut reply.dst, &mut reply.dst_id, &request.nat_src) {
            ct.status |= Status::SRC_NAT;
        }
        ct.status |= Status::NAT_DONE;
        Ok(())
    }
}

/// Moves an address and a port into the range, if they are not in it; whether they moved.
fn nat_setup_info(addr: &mut IpAddr, port: &mut u16, range: &NatRange) -> bool {
    let before = (*addr, *port);
    if let Some(min) = range.min_ip {
        let max = range.max_ip.unwrap_or(min);
        if *addr < min || *addr > max {
            *addr = min;
        }
    }
    if let Some(min) = range.ports.min {
        let max = range.ports.max.unwrap_or(min);
        if *port < min || *port > max {
            *port = min;
        }
    }
    before != (*addr, *port)
}

fn ctnetlink_change_seq_adj(ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
    let change = |seq: &mut NfCtSeqadj, asked: &SeqAdj| {
        let need = |value: Option<u32>| value.ok_or(Errno::Einval);
        *seq = NfCtSeqadj {
            correction_pos: need(asked.correction_pos)?,
            offset_before: need(asked.offset_before)?,
            offset_after: need(asked.offset_after)?,
        };
        Ok(())
    };
    let Some(adjustments) = &mut ct.seqadj else { return Ok(()) };
    for (seq, asked) in adjustments.iter_mut().zip([&request.seq_adj_orig, &request.seq_adj_reply])
    {
        if !asked.is_empty() {
            change(seq, asked)?;
            ct.status |= Status::SEQ_ADJUST;
        }
    }
    Ok(())
}

fn ctnetlink_change_synproxy(ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
    let asked = &request.synproxy;
    let Some(synproxy) = ct.synproxy.as_mut().filter(|_| !asked.is_empty()) else {
        return Ok(());
    };
    let need = |value: Option<u32>| value.ok_or(Errno::Einval);
    *synproxy =
        NfConnSynproxy { isn: need(asked.isn)?, its: need(asked.its)?, tsoff: need(asked.tsoff)? };
    Ok(())
}
