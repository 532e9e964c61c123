//! The parts of a request that create or change an entry.

use super::errno::Errno;
use super::helper::Helper;
use super::net::Net;
use super::nf_conn::{IpctEvents, L4State, NfConn, NfConnSynproxy, NfCtSeqadj};
use crate::attrs::Status;
use crate::flat::{Conntrack, Labels, Name, NatRange, ProtoInfo, Record as _, SeqAdj};
use crate::nested::TcpFlags;
use core::net::IpAddr;

/// The status bits that a request cannot change (`IPS_UNCHANGEABLE_MASK`).
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

/// The longest timeout since Linux 4.15, in jiffies.
const INT_MAX: u64 = 0x7fff_ffff;

impl Net {
    /// Applies a request to an entry that exists, part by part.
    pub(crate) fn change(&mut self, ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
        let is_nat = !request.rare().nat_src.is_empty() || !request.rare().nat_dst.is_empty();
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
        if let Some(labels) = request.labels {
            self.ctnetlink_attach_labels(ct, labels, request.rare().labels_mask)?;
        }
        Ok(())
    }

    /// Returns the name of a loaded helper for the entry (`__nf_conntrack_helper_find`).
    pub(crate) fn find_helper(&self, name: &Name, ct: &NfConn) -> Option<Name> {
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
                // The extension remains without a helper.
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

    /// Sets the timeout of an entry in the table (`__nf_ct_set_timeout`).
    pub(crate) fn set_timeout(&self, ct: &mut NfConn, seconds: u32) {
        let limit = if self.kernel.release.caps_timeout() { INT_MAX } else { u64::MAX };
        let jiffies = u64::from(seconds) * u64::from(self.kernel.arch.hz);
        ct.timeout = self.clock.jiffies.saturating_add(jiffies.min(limit));
    }

    pub(crate) fn ctnetlink_change_status(
        &self,
        ct: &mut NfConn,
        request: &Conntrack,
    ) -> Result<(), Errno> {
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

    pub(crate) fn ctnetlink_change_mark(&self, ct: &mut NfConn, request: &Conntrack) {
        if let Some(mark) = request.mark.filter(|_| self.kernel.config.mark) {
            let mask = request.rare().mark_mask.unwrap_or(u32::MAX);
            // The kernel does not restrict the new mark to the mask.
            ct.mark = ct.mark & !mask ^ mark;
        }
    }

    /// Sets the state of a protocol (`from_nlattr`).
    ///
    /// The state of another protocol is ignored.
    pub(crate) fn ctnetlink_change_protoinfo(
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
                // The scales are used only if both are given and both sides use scaling.
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

    /// Sets the labels of an entry (`ctnetlink_attach_labels`, `nf_connlabels_replace`).
    ///
    /// The kernel does not restrict the labels to the mask, and clears the labels beyond the length
    /// of the attribute.
    pub(crate) fn ctnetlink_attach_labels(
        &self,
        ct: &mut NfConn,
        asked: Labels,
        mask: Option<Labels>,
    ) -> Result<(), Errno> {
        let kept = match mask {
            Some(mask) if mask.encoded_len() == 0 || mask.encoded_len() != asked.encoded_len() => {
                return Err(Errno::Einval);
            }
            Some(mask) => asked.covered() & !mask.bits(),
            None => 0,
        };
        let labels = ct.labels.as_mut().ok_or(Errno::Enospc)?;
        let before = labels.bits;
        labels.bits = Labels::from_bits(before.bits() & kept ^ asked.bits());
        if labels.bits != before {
            self.event_cache(ct, IpctEvents::LABEL);
        }
        Ok(())
    }

    /// Sets up address translation (`ctnetlink_setup_nat`).
    ///
    /// A direction without a range gets no translation, but its set-up is complete.
    pub(crate) fn ctnetlink_setup_nat(
        &self,
        ct: &mut NfConn,
        request: &Conntrack,
    ) -> Result<(), Errno> {
        if request.rare().nat_dst.is_empty() && request.rare().nat_src.is_empty() {
            return Ok(());
        }
        if !self.kernel.config.nat {
            return Err(Errno::Eopnotsupp);
        }
        let [_, reply] = &mut ct.tuple;
        if nat_setup_info(&mut reply.src, &mut reply.src_id, &request.rare().nat_dst) {
            ct.status |= Status::DST_NAT;
        }
        if nat_setup_info(&mut reply.dst, &mut reply.dst_id, &request.rare().nat_src) {
            ct.status |= Status::SRC_NAT;
        }
        ct.status |= Status::NAT_DONE;
        Ok(())
    }
}

/// Moves an address and a port into the range, and returns `true` if one of them moved.
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

/// Sets the sequence adjustment of both directions.
pub(crate) fn ctnetlink_change_seq_adj(ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
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

/// Sets the SYN proxy's numbers.
pub(crate) fn ctnetlink_change_synproxy(ct: &mut NfConn, request: &Conntrack) -> Result<(), Errno> {
    let asked = &request.synproxy;
    let Some(synproxy) = ct.synproxy.as_mut().filter(|_| !asked.is_empty()) else {
        return Ok(());
    };
    let need = |value: Option<u32>| value.ok_or(Errno::Einval);
    *synproxy =
        NfConnSynproxy { isn: need(asked.isn)?, its: need(asked.its)?, tsoff: need(asked.tsoff)? };
    Ok(())
}
