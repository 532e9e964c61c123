//! The parts of a request that create or change an entry.

use super::errno::Errno;
use super::helper::Helper;
use super::lookup::NfnlInfo;
use super::net::Net;
use super::nf_conn::{IpctEvents, L4State, NfConn, NfConnSynproxy, NfCtSeqadj};
use super::nla::{Nlattr, Tb};
use super::policy;
use crate::attrs::{CtattrType, Status};
use crate::flat::{Labels, Name};
use crate::nested::{
    CtattrHelp, CtattrProtoinfo, CtattrProtoinfoDccp, CtattrProtoinfoSctp, CtattrProtoinfoTcp,
    CtattrSeqadj, CtattrSynproxy, DccpRole, DccpState, SctpState, TcpFlags, TcpState,
};
use crate::wire::HostBits;

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
    /// Applies a request to an entry that exists, part by part (`ctnetlink_change_conntrack`).
    pub(crate) fn change(&mut self, ct: &mut NfConn, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        let tb = &info.tb;
        let only_new = [CtattrType::NatSrc, CtattrType::NatDst, CtattrType::TupleMaster];
        if only_new.iter().any(|&number| tb.has(number)) {
            return Err(Errno::Eopnotsupp);
        }
        if let Some(help) = tb.get(CtattrType::Help) {
            self.ctnetlink_change_helper(ct, help)?;
        }
        if let Some(timeout) = tb.get(CtattrType::Timeout) {
            let is_fixed = ct.status.contains(Status::FIXED_TIMEOUT);
            if is_fixed && self.kernel.release.fixed_timeout_is_refused() {
                return Err(Errno::Eperm);
            }
            self.set_timeout(ct, timeout.be32());
        }
        self.ctnetlink_change_status(ct, tb)?;
        self.ctnetlink_change_protoinfo(ct, tb)?;
        self.ctnetlink_change_mark(ct, tb);
        ctnetlink_change_seq_adj(ct, tb)?;
        ctnetlink_change_synproxy(ct, tb)?;
        if tb.has(CtattrType::Labels) {
            self.ctnetlink_attach_labels(ct, tb)?;
        }
        Ok(())
    }

    /// Returns the name of a loaded helper for the entry (`__nf_conntrack_helper_find`).
    pub(crate) fn find_helper(&self, name: &[u8], ct: &NfConn) -> Option<Name> {
        let is_it = |helper: &&Helper| {
            helper.name.as_bytes() == name
                && helper.l3num == ct.l3num()
                && helper.protonum == ct.protonum()
        };
        self.helpers.iter().find(is_it).map(|helper| helper.name.clone())
    }

    fn ctnetlink_change_helper(&mut self, ct: &mut NfConn, attr: Nlattr<'_>) -> Result<(), Errno> {
        let (name, info) = ctnetlink_parse_help(attr)?;
        let current = ct.help.as_ref().and_then(|help| help.helper.as_ref());
        if ct.master.is_some() {
            let is_same = current.is_some_and(|current| current.as_bytes() == name);
            return if is_same { Ok(()) } else { Err(Errno::Ebusy) };
        }
        if name.is_empty() && self.kernel.release.helper_can_be_removed() {
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
                if let Some(info) = info {
                    help.info = Some(info.into());
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
        tb: &Tb<'_>,
    ) -> Result<(), Errno> {
        let Some(status) = tb.get(CtattrType::Status) else { return Ok(()) };
        let status = Status::from_bits_retain(status.be32());
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

    pub(crate) fn ctnetlink_change_mark(&self, ct: &mut NfConn, tb: &Tb<'_>) {
        if let Some(mark) = tb.get(CtattrType::Mark).filter(|_| self.kernel.config.mark) {
            let mask = tb.get(CtattrType::MarkMask).map_or(u32::MAX, |mask| mask.be32());
            // The kernel does not restrict the new mark to the mask.
            ct.mark = ct.mark & !mask ^ mark.be32();
        }
    }

    /// Sets the state of a protocol (`from_nlattr`).
    ///
    /// The state of another protocol is ignored.
    pub(crate) fn ctnetlink_change_protoinfo(
        &self,
        ct: &mut NfConn,
        tb: &Tb<'_>,
    ) -> Result<(), Errno> {
        let Some(attr) = tb.get(CtattrType::ProtoInfo) else { return Ok(()) };
        let tb = attr.nested(&policy::PROTOINFO)?;
        match &mut ct.proto {
            L4State::Tcp { state, scale, flags } => {
                let Some(attr) = tb.get(CtattrProtoinfo::Tcp) else { return Ok(()) };
                let tcp = attr.nested(policy::tcp(&self.kernel))?;
                let asked = tcp.get(CtattrProtoinfoTcp::State).map(|state| state.u8());
                if asked.is_some_and(|state| state > 9) {
                    return Err(Errno::Einval);
                }
                *state = asked.map_or(*state, TcpState);
                let numbers = [CtattrProtoinfoTcp::FlagsOriginal, CtattrProtoinfoTcp::FlagsReply];
                for (flags, number) in flags.iter_mut().zip(numbers) {
                    let [sent, mask] = tcp.get(number).map_or([0; 2], |flags| flags.bytes());
                    let [sent, mask] = [sent, mask].map(TcpFlags::from_bits_retain);
                    *flags = *flags & !mask | sent & mask;
                }
                // The scales are used only if both are given and both sides use scaling.
                let both_scale = flags.iter().all(|flags| flags.contains(TcpFlags::WINDOW_SCALE));
                let orig = tcp.get(CtattrProtoinfoTcp::WscaleOriginal);
                let reply = tcp.get(CtattrProtoinfoTcp::WscaleReply);
                if let (Some(orig), Some(reply), true) = (orig, reply, both_scale) {
                    *scale = [orig.u8(), reply.u8()];
                }
            }
            L4State::Sctp { state, vtag } => {
                let Some(attr) = tb.get(CtattrProtoinfo::Sctp) else { return Ok(()) };
                let sctp = attr.nested(policy::sctp(&self.kernel))?;
                let asked = sctp.need(CtattrProtoinfoSctp::State)?;
                let orig = sctp.need(CtattrProtoinfoSctp::VtagOriginal)?.be32();
                *vtag = [orig, sctp.need(CtattrProtoinfoSctp::VtagReply)?.be32()];
                *state = SctpState(asked.u8());
            }
            L4State::Dccp { state, role, handshake_seq } => {
                let Some(attr) = tb.get(CtattrProtoinfo::Dccp) else { return Ok(()) };
                let dccp = attr.nested(&policy::DCCP)?;
                let asked = dccp.need(CtattrProtoinfoDccp::State)?.u8();
                let asked_role = dccp.need(CtattrProtoinfoDccp::Role)?.u8();
                if asked_role > 1 || asked > 8 {
                    return Err(Errno::Einval);
                }
                (*state, *role) = (DccpState(asked), DccpRole(asked_role));
                let sent = dccp.get(CtattrProtoinfoDccp::HandshakeSeq);
                *handshake_seq = sent.map_or(*handshake_seq, |seq| seq.be64());
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
        tb: &Tb<'_>,
    ) -> Result<(), Errno> {
        let asked = tb.need(CtattrType::Labels)?.payload;
        let mask = tb.get(CtattrType::LabelsMask).map(|mask| mask.payload);
        let is_wrong = |mask: &[u8]| mask.is_empty() || mask.len() != asked.len();
        if asked.len() % 4 != 0 || mask.is_some_and(is_wrong) {
            return Err(Errno::Einval);
        }
        let labels = ct.labels.as_mut().ok_or(Errno::Enospc)?;
        let bits = |bytes: &mut dyn Iterator<Item = u8>| {
            let mut memory = [0; HostBits::MAX_LEN];
            memory.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            Labels::from_memory(memory, self.kernel.arch.endian()).bits()
        };
        let kept = bits(&mut mask.unwrap_or_default().iter().map(|byte| !byte));
        let before = labels.bits;
        let after = before.bits() & kept ^ bits(&mut asked.iter().copied());
        labels.bits = Labels::from_bits(after);
        if labels.bits != before {
            self.event_cache(ct, IpctEvents::LABEL);
        }
        Ok(())
    }
}

/// Returns the name and the data of a helper in a request.
pub(crate) fn ctnetlink_parse_help(attr: Nlattr<'_>) -> Result<(&[u8], Option<&[u8]>), Errno> {
    let tb = attr.nested(&policy::HELP)?;
    let name = tb.need(CtattrHelp::Name)?;
    Ok((name.string(), tb.get(CtattrHelp::Info).map(|info| info.payload)))
}

/// Sets sequence adjustments, of which each needs all three values.
///
/// The values before one that is missing are set.
pub(crate) fn ctnetlink_change_seq_adj(ct: &mut NfConn, tb: &Tb<'_>) -> Result<(), Errno> {
    let change = |seq: &mut NfCtSeqadj, attr: Nlattr<'_>| {
        let tb = attr.nested(&policy::SEQADJ)?;
        seq.correction_pos = tb.need(CtattrSeqadj::CorrectionPos)?.be32();
        seq.offset_before = tb.need(CtattrSeqadj::OffsetBefore)?.be32();
        seq.offset_after = tb.need(CtattrSeqadj::OffsetAfter)?.be32();
        Ok(())
    };
    let Some(adjustments) = &mut ct.seqadj else { return Ok(()) };
    let numbers = [CtattrType::SeqAdjOrig, CtattrType::SeqAdjReply];
    for (seq, number) in adjustments.iter_mut().zip(numbers) {
        if let Some(attr) = tb.get(number) {
            change(seq, attr)?;
            ct.status |= Status::SEQ_ADJUST;
        }
    }
    Ok(())
}

/// Sets the SYN proxy's numbers.
pub(crate) fn ctnetlink_change_synproxy(ct: &mut NfConn, tb: &Tb<'_>) -> Result<(), Errno> {
    let (Some(synproxy), Some(attr)) = (&mut ct.synproxy, tb.get(CtattrType::SynProxy)) else {
        return Ok(());
    };
    let tb = attr.nested(&policy::SYNPROXY)?;
    let [isn, its, tsoff] = [CtattrSynproxy::Isn, CtattrSynproxy::Its, CtattrSynproxy::Tsoff]
        .map(|number| tb.need(number).map(|attr| attr.be32()));
    *synproxy = NfConnSynproxy { isn: isn?, its: its?, tsoff: tsoff? };
    Ok(())
}
