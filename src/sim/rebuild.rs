//! State from recorded messages, which the simulated kernel sends again.
//!
//! * The id and the original tuple identify an entry. It starts empty at its NEW event or at the first
//!   message about it, and ends with its DESTROY event.
//! * Each message adds its attributes to the entry. **Absent attributes leave the entry unchanged.**
//!   An attribute is therefore absent in the sent message only if the kernel has a reason of its own.
//!   There are exceptions for what an entry can lose. A DESTROY event without TIMEOUT, since Linux
//!   5.11, means 0 seconds. A message that would contain labels or a helper, and does not, means that
//!   there are none.
//! * The header of the message names the requester and the request. The recording names the kind of
//!   request (`kind`; a filter also shows in `NLM_F_DUMP_FILTERED`), the changes that an event reports
//!   (`ipct_events`), and the extensions of the entry at creation (`ext`). Order, conditions, flags,
//!   type and group come from the simulation.
//! * Without `ipct_events`, the changes are those of a request if `portid` is not 0, and otherwise
//!   those of the attributes in the message.

use super::event::build_event;
use super::expect::{
    ExpectNat, NfConntrackExpect, ctnetlink_exp_fill_info, ctnetlink_expect_event,
};
use super::fill_info::{Reply, Skb, ctnetlink_fill_info};
use super::nf_conn::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp, NfConnLabels, NfConntrackTuple,
    NfConntrackZone, NfCtSeqadj, SecurityContext, ZoneDir,
};
use super::stats::{
    IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info,
    ctnetlink_stat_ct_fill_info,
};
use crate::error::Error;
use crate::flat::{Conntrack, Counters, Expectation, Labels, ProtoInfo, Record, SeqAdj, Tuple};
use crate::kernel::{Kernel, L4Proto};
use crate::msg_size::ctnetlink_nlmsg_size;
use crate::nested::IpProto;
use crate::wire::{NlmFlags, WriteBuf, nlmsg_total_size};
use crate::{Body, Kind, Message};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

/// The properties of a recorded message that are not in its bytes.
///
/// # Examples
/// See [`Rebuilder`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The kind of the request.
    pub kind: RecordedKind,
    /// The changes with which the kernel called `ctnetlink_conntrack_event`.
    pub ipct_events: Option<IpctEvents>,
    /// The entry was created with counters.
    pub acct: bool,
    /// The entry was created with timestamps.
    pub timestamp: bool,
    /// The entry was created with labels.
    pub labels: bool,
    /// The offset of the message in its datagram.
    pub offset: usize,
    /// The security module does not count the NUL of a context, as Smack and `AppArmor` do.
    pub context_without_nul: bool,
}

/// The request of a recorded message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordedKind {
    /// None, for an event, or a request without a filter.
    #[default]
    Plain,
    /// A dump with a filter.
    Filtered,
    /// A GET_CTRZERO.
    CtrZero,
    /// A GET_UNCONFIRMED.
    Unconfirmed,
}

/// The message that the simulated kernel sends in place of a recorded one.
///
/// # Examples
/// See [`Rebuilder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The bytes of the message.
    pub bytes: Vec<u8>,
    /// The size that the kernel allocates for the message, if it is an event.
    pub alloc: Option<usize>,
}

/// The entries of a recording, decoded from its messages.
///
/// # Examples
/// ```
/// use ctnetlink::Message;
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{Rebuilder, Recorded};
///
/// let kernel = Kernel::new("5.10".parse()?);
/// // An UPDATE event with a mark, as a recording has it.
/// let mut bytes = vec![0x40, 0, 0, 0, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
/// bytes.extend([0x24, 0, 1, 0x80, 0x14, 0, 1, 0x80]); // CTA_TUPLE_ORIG, CTA_TUPLE_IP
/// bytes.extend([8, 0, 1, 0, 192, 0, 2, 1, 8, 0, 2, 0, 198, 51, 100, 7]);
/// bytes.extend([0x0c, 0, 2, 0x80, 5, 0, 1, 0, 47, 0, 0, 0]); // CTA_TUPLE_PROTO: GRE
/// bytes.extend([8, 0, 8, 0, 0, 0, 0x12, 0x34]); // CTA_MARK
/// let mut rebuilder = Rebuilder::new(kernel);
/// let message = Message::parse_with(&bytes, kernel.arch.endian())?;
/// rebuilder.rebuild(&message, &Recorded::default())?;
/// assert_eq!(rebuilder.entries().next().unwrap().mark, 0x1234);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rebuilder {
    kernel: Kernel,
    entries: BTreeMap<(u32, NfConntrackTuple), NfConn>,
}

impl Rebuilder {
    /// Creates a rebuilder without entries.
    #[must_use]
    pub const fn new(kernel: Kernel) -> Self {
        Self { kernel, entries: BTreeMap::new() }
    }

    /// Returns the entries that have not ended.
    pub fn entries(&self) -> impl Iterator<Item = &NfConn> {
        self.entries.values()
    }

    /// Adds the attributes of `message` to the state, and sends the message from the state.
    ///
    /// Returns `None` for messages that are not about the kernel's state, such as requests and
    /// acknowledgements.
    ///
    /// # Errors
    ///
    /// Returns an error if the message does not decode.
    pub fn rebuild(
        &mut self,
        message: &Message<'_>,
        recorded: &Recorded,
    ) -> Result<Option<Rebuilt>, Error> {
        let kind = message.kind();
        if matches!(kind, Kind::Request | Kind::Control | Kind::Foreign) {
            return Ok(None);
        }
        let header = message.header();
        let to = (header.nlmsg_pid, header.nlmsg_seq);
        let reply = |bytes| Ok(Some(Rebuilt { bytes, alloc: None }));
        match message.body()? {
            Body::Conntrack(..) => self.conntrack(message, recorded).map(Some),
            Body::Expect(_, attrs) => {
                self.expect(&Expectation::try_decode(attrs)?, kind, to, recorded).map(Some)
            }
            Body::StatsCpu(nfgen, attrs) => {
                let st = IpConntrackStat { ct: Record::try_decode(attrs)?, ..Default::default() };
                reply(ctnetlink_ct_stat_cpu_fill_info(&self.kernel, nfgen.res_id, &st, to))
            }
            Body::ExpectStats(nfgen, attrs) => {
                let st =
                    IpConntrackStat { expect: Record::try_decode(attrs)?, ..Default::default() };
                reply(ctnetlink_exp_stat_fill_info(&self.kernel, nfgen.res_id, &st, to))
            }
            Body::StatsGlobal(_, attrs) => {
                let st = crate::flat::StatsGlobal::try_decode(attrs)?;
                let entries = st.entries.unwrap_or_default();
                let max_entries = st.max_entries.unwrap_or_default();
                reply(ctnetlink_stat_ct_fill_info(&self.kernel, entries, max_entries, to))
            }
            _ => Ok(None),
        }
    }

    fn conntrack(&mut self, message: &Message<'_>, recorded: &Recorded) -> Result<Rebuilt, Error> {
        let kernel = self.kernel;
        let shown = Conntrack::try_from(*message)?;
        let header = message.header();
        let kind = message.kind();
        let key = (shown.id.unwrap_or_default(), tuple_of(&shown.orig));
        if kind == Kind::New {
            self.entries.remove(&key);
        }
        let events =
            recorded.ipct_events.unwrap_or_else(|| assumed_events(kind, header.nlmsg_pid, &shown));
        let ct = self.entries.entry(key).or_default();
        let is_whole = kind == Kind::Reply && recorded.kind != RecordedKind::Unconfirmed;
        if is_whole || events.contains(IpctEvents::LABEL) && kind != Kind::Destroy {
            ct.labels = ct.labels.map(|labels| NfConnLabels { bits: Labels::default(), ..labels });
        }
        if is_whole || matches!(kind, Kind::New | Kind::Update) {
            ct.help = ct.help.take().map(|help| NfConnHelp { helper: None, ..help });
        }
        ct.learn(&kernel, &shown, recorded);
        // The time is 0 at each message, so that `timeout` is the remaining time.
        let now = 0;
        if kind == Kind::Reply {
            let filtered = recorded.kind == RecordedKind::Filtered
                || header.nlmsg_flags.contains(NlmFlags::DUMP_FILTERED);
            let filtered = filtered && kernel.release.dump_says_filtered();
            let reply = Reply {
                extinfo: recorded.kind != RecordedKind::Unconfirmed,
                flags: if filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() },
                ..Reply::to(header.nlmsg_pid, header.nlmsg_seq)
            };
            let mut bytes = WriteBuf::new();
            let skb = Skb { offset: recorded.offset, ..Skb::UNLIMITED };
            ctnetlink_fill_info(&kernel, ct, now, &reply, skb, &mut bytes)?;
            if recorded.kind == RecordedKind::CtrZero {
                ct.acct = ct.acct.map(|_| Default::default());
            }
            return Ok(Rebuilt { bytes: bytes.into_bytes(), alloc: None });
        }
        if kind == Kind::Destroy && shown.timeout.is_none() {
            ct.timeout = 0;
        }
        let size = ctnetlink_nlmsg_size(&kernel, &ct.shape(&kernel));
        let built = build_event(&kernel, events, ct, now, header.nlmsg_pid, usize::MAX)?;
        let bytes = built.map(|(_, bytes)| bytes).unwrap_or_default();
        if kind == Kind::Destroy {
            self.entries.remove(&key);
        }
        Ok(Rebuilt { bytes, alloc: Some(nlmsg_total_size(size)) })
    }

    fn expect(
        &self,
        shown: &Expectation,
        kind: Kind,
        to: (u32, u32),
        recorded: &Recorded,
    ) -> Result<Rebuilt, Error> {
        let kernel = &self.kernel;
        let exp = NfConntrackExpect::of(kernel, shown);
        if kind == Kind::Reply {
            let mut bytes = WriteBuf::new();
            let skb = Skb { offset: recorded.offset, ..Skb::UNLIMITED };
            ctnetlink_exp_fill_info(kernel, &exp, 0, to, skb, &mut bytes)?;
            return Ok(Rebuilt { bytes: bytes.into_bytes(), alloc: None });
        }
        let event = ctnetlink_expect_event(kernel, kind == Kind::ExpectDestroy, &exp, 0, to.0)?;
        Ok(Rebuilt { bytes: event.bytes, alloc: Some(event.alloc) })
    }
}

/// Returns the changes that an event without recorded changes must report.
fn assumed_events(kind: Kind, portid: u32, shown: &Conntrack) -> IpctEvents {
    let if_shown = |is_shown, bit| if is_shown { bit } else { IpctEvents::empty() };
    let born = if shown.master.is_empty() { IpctEvents::NEW } else { IpctEvents::RELATED };
    let labels = if_shown(shown.labels.is_some(), IpctEvents::LABEL);
    match kind {
        Kind::Destroy => IpctEvents::DESTROY,
        Kind::New if portid != 0 => born | IpctEvents::CREATED | labels,
        _ if portid != 0 => IpctEvents::CHANGED,
        _ => {
            let born = if_shown(kind == Kind::New, born);
            let proto = if_shown(shown.protoinfo.is_some(), IpctEvents::PROTOINFO);
            let seqadj = if_shown(!shown.seq_adj_orig.is_empty(), IpctEvents::SEQADJ);
            let synproxy = if_shown(!shown.synproxy.is_empty(), IpctEvents::SYNPROXY);
            let mark = if_shown(shown.mark == Some(0), IpctEvents::MARK);
            // An update reports a change; REPLY and ASSURED do not affect the message.
            let reply = if_shown(kind == Kind::Update, IpctEvents::REPLY);
            born | labels | proto | seqadj | synproxy | mark | reply
        }
    }
}

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Converts a decoded tuple.
fn tuple_of(shown: &Tuple) -> NfConntrackTuple {
    let protonum = shown.proto.unwrap_or(IpProto(0));
    let type_and_code = [shown.icmp_type, shown.icmp_code].map(Option::unwrap_or_default);
    let icmp_dst = shown.icmp_type.map(|_| u16::from_be_bytes(type_and_code));
    NfConntrackTuple {
        src: shown.src.unwrap_or(ANY),
        dst: shown.dst.unwrap_or(ANY),
        protonum,
        src_id: shown.src_port.or(shown.icmp_id).unwrap_or_default(),
        dst_id: shown.dst_port.or(icmp_dst).unwrap_or_default(),
    }
}

impl NfConn {
    /// Adds the attributes of a message; absent attributes leave the entry unchanged.
    pub(crate) fn learn(&mut self, kernel: &Kernel, shown: &Conntrack, recorded: &Recorded) {
        self.tuple = [tuple_of(&shown.orig), tuple_of(&shown.reply)];
        let zones = [
            (shown.zone, ZoneDir::Both),
            (shown.orig.zone, ZoneDir::Orig),
            (shown.reply.zone, ZoneDir::Reply),
        ];
        for (id, dir) in zones {
            set(&mut self.zone, id.map(|id| NfConntrackZone { id, dir }));
        }
        set(&mut self.status, shown.status);
        let hz = u64::from(kernel.arch.hz);
        set(&mut self.timeout, shown.timeout.map(|seconds| u64::from(seconds) * hz));
        set(&mut self.mark, shown.mark);
        set(&mut self.use_count, shown.use_count);
        set(&mut self.id, shown.id);
        if !shown.master.is_empty() {
            self.master = Some(tuple_of(&shown.master));
        }
        self.learn_protoinfo(kernel, shown.protoinfo.as_ref());
        if let Some(name) = &shown.secctx.name {
            let len = name.as_bytes().len() + usize::from(!recorded.context_without_nul);
            self.secctx = Some(SecurityContext { name: name.clone(), len });
            // The number is not in the message; 0 would have no context.
            self.secmark = self.secmark.max(1);
        }
        self.learn_extensions(kernel, shown, recorded);
    }

    fn learn_protoinfo(&mut self, kernel: &Kernel, shown: Option<&ProtoInfo>) {
        if self.proto == L4State::None && kernel.l4proto(self.protonum()) == L4Proto::Ports {
            self.proto = L4State::new(self.protonum());
        }
        match (&mut self.proto, shown) {
            (
                L4State::Tcp { state, scale: [orig, reply], flags: [flags_orig, flags_reply] },
                Some(ProtoInfo::Tcp(tcp)),
            ) => {
                set(state, tcp.state);
                set(orig, tcp.wscale_original);
                set(reply, tcp.wscale_reply);
                set(flags_orig, tcp.flags_original.map(|sent| sent.flags));
                set(flags_reply, tcp.flags_reply.map(|sent| sent.flags));
            }
            (L4State::Sctp { state, vtag: [orig, reply] }, Some(ProtoInfo::Sctp(sctp))) => {
                set(state, sctp.state);
                set(orig, sctp.vtag_original);
                set(reply, sctp.vtag_reply);
            }
            (L4State::Dccp { state, role, handshake_seq }, Some(ProtoInfo::Dccp(dccp))) => {
                set(state, dccp.state);
                set(role, dccp.role);
                set(handshake_seq, dccp.handshake_seq);
            }
            _ => {}
        }
    }

    fn learn_extensions(&mut self, kernel: &Kernel, shown: &Conntrack, recorded: &Recorded) {
        let counters = [&shown.counters_orig, &shown.counters_reply];
        if recorded.acct || counters.iter().any(|counters| !counters.is_empty()) {
            let [orig, reply] = self.acct.get_or_insert_default();
            let [shown_orig, shown_reply] = counters;
            learn_counters(orig, shown_orig);
            learn_counters(reply, shown_reply);
        }
        if recorded.timestamp || !shown.timestamp.is_empty() {
            let tstamp = self.tstamp.get_or_insert_default();
            set(&mut tstamp.start, shown.timestamp.start);
            set(&mut tstamp.stop, shown.timestamp.stop);
        }
        if recorded.labels || shown.labels.is_some() {
            let labels = self.labels.get_or_insert(NfConnLabels::empty(kernel));
            set(&mut labels.bits, shown.labels);
        }
        if let Some(name) = &shown.help.name {
            let help = self.help.get_or_insert_default();
            help.helper = Some(name.clone());
            help.info.clone_from(&shown.help.info);
        }
        let adjustments = [&shown.seq_adj_orig, &shown.seq_adj_reply];
        if adjustments.iter().any(|seq| !seq.is_empty()) {
            let [orig, reply] = self.seqadj.get_or_insert_default();
            learn_seqadj(orig, &shown.seq_adj_orig);
            learn_seqadj(reply, &shown.seq_adj_reply);
        }
        if !shown.synproxy.is_empty() {
            let synproxy = self.synproxy.get_or_insert_default();
            set(&mut synproxy.isn, shown.synproxy.isn);
            set(&mut synproxy.its, shown.synproxy.its);
            set(&mut synproxy.tsoff, shown.synproxy.tsoff);
        }
        let ecache = self.ecache.get_or_insert_default();
        set(&mut ecache.timestamp, shown.timestamp_event);
    }
}

fn set<T>(field: &mut T, shown: Option<T>) {
    if let Some(value) = shown {
        *field = value;
    }
}

fn learn_counters(counter: &mut NfConnCounter, shown: &Counters) {
    set(&mut counter.packets, shown.packets);
    set(&mut counter.bytes, shown.bytes);
}

fn learn_seqadj(seq: &mut NfCtSeqadj, shown: &SeqAdj) {
    set(&mut seq.correction_pos, shown.correction_pos);
    set(&mut seq.offset_before, shown.offset_before);
    set(&mut seq.offset_after, shown.offset_after);
}

impl NfConntrackExpect {
    /// Creates an expectation from a message, with a timeout relative to the message.
    #[must_use]
    pub fn of(kernel: &Kernel, shown: &Expectation) -> Self {
        let saved = tuple_of(&shown.nat.tuple);
        Self {
            tuple: tuple_of(&shown.tuple),
            mask_src: shown.mask.src.unwrap_or(ANY),
            mask_src_id: tuple_of(&shown.mask).src_id,
            master: tuple_of(&shown.master),
            master_id: 0,
            nat: ExpectNat {
                dir: shown.nat.dir.unwrap_or_default(),
                saved_addr: shown.nat.tuple.src,
                saved_proto: saved.src_id,
            },
            timeout: u64::from(shown.timeout.unwrap_or_default()) * u64::from(kernel.arch.hz),
            id: shown.id.unwrap_or_default(),
            flags: shown.flags.unwrap_or_default(),
            class: shown.class.unwrap_or_default(),
            helper: shown.help_name.clone(),
            expectfn: shown.function.clone(),
        }
    }
}
