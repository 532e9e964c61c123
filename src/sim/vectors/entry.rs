//! States of vectors: entries, expectations and counters.

use super::draw::Draw;
use crate::attrs::{ExpectFlags, Status};
use crate::flat::{ExpectStats, Labels, Name, StatsCpu};
use crate::kernel::{Kernel, L4Proto, Release};
use crate::nested::{DccpRole, DccpState, IpProto, SctpState, TcpFlags, TcpState};
use crate::sim::{
    ExpectNat, IpConntrackStat, IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp,
    NfConnLabels, NfConnNat, NfConnSynproxy, NfConnTstamp, NfConntrackEcache, NfConntrackExpect,
    NfConntrackTuple, NfConntrackZone, NfCtSeqadj, SecurityContext, ZoneDir,
};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The protocols that conntrack tracks, and three others: ESP, the lowest and the highest number.
///
/// ICMP stands for ICMPv6 in IPv6 entries.
const PROTOCOLS: [IpProto; 10] = [
    IpProto::TCP,
    IpProto::UDP,
    IpProto::ICMP,
    IpProto::SCTP,
    IpProto::DCCP,
    IpProto::GRE,
    IpProto::UDPLITE,
    IpProto(50),
    IpProto(0),
    IpProto(255),
];
/// The protocols with a state, which half of the entries have after the first turns.
const STATEFUL: [IpProto; 4] = [IpProto::TCP, IpProto::TCP, IpProto::SCTP, IpProto::DCCP];
/// The ICMP types of requests and replies.
const ICMP_TYPES: [u8; 8] = [8, 0, 13, 14, 15, 16, 17, 18];
const ICMPV6_TYPES: [u8; 4] = [128, 129, 139, 140];
/// The helpers with the shortest and the longest name, in the kernel and in user space.
///
/// A name in user space has at most `NF_CT_HELPER_NAME_LEN` bytes with the NUL.
const HELPERS: [&str; 4] = ["ftp", "RAS", "snmp_trap", "fifteen-letters"];
/// The functions of expectations that helpers set.
const EXPECTFNS: [&str; 4] = ["nat-follow-master", "Q.931", "sip", "t120"];
const CONTEXTS: [&str; 3] = ["system_u:object_r:http_client_packet_t:s0", "", "kernel"];
/// The size of `data` in `struct nf_conn_help`.
const HELP_DATA: usize = 32;

/// Returns the status bits of a release.
pub(super) fn status_bits(release: Release) -> impl Iterator<Item = Status> {
    let known = move |bit: &Status| match *bit {
        Status::HELPER => release >= Release::new(3, 5, 0),
        Status::OFFLOAD => release.has_offload(),
        Status::HW_OFFLOAD => release.has_hw_offload(),
        _ => true,
    };
    Status::all().iter().filter(known)
}

/// Returns the longest timeout that a message about an entry can contain, in seconds.
pub(super) fn longest_timeout(kernel: &Kernel) -> u64 {
    // Jiffies are a `long`.
    if kernel.arch.word == 4 { longest_int_timeout(kernel) } else { u32::MAX.into() }
}

/// Returns the longest timeout that a message about an expectation can contain, in seconds.
pub(super) fn longest_expect_timeout(kernel: &Kernel) -> u64 {
    if kernel.release.expect_timeout_is_32_bits() {
        longest_int_timeout(kernel)
    } else {
        longest_timeout(kernel)
    }
}

/// Returns `INT_MAX` jiffies in seconds.
fn longest_int_timeout(kernel: &Kernel) -> u64 {
    0x7fff_ffff / u64::from(kernel.arch.hz)
}

/// Returns the bits of events of a release.
pub(super) fn event_bits(kernel: &Kernel) -> impl Iterator<Item = IpctEvents> + use<> {
    let kernel = *kernel;
    let known = move |bit: &IpctEvents| match *bit {
        IpctEvents::LABEL => kernel.release.has_labels(),
        IpctEvents::SYNPROXY => kernel.release.has_synproxy(),
        _ => true,
    };
    IpctEvents::all().iter().filter(known)
}

impl Draw {
    fn address(&mut self, v6: bool, axis: &'static str) -> IpAddr {
        let any = self.any_address(v6);
        match (v6, self.turn(axis, 8)) {
            (false, 1) => Ipv4Addr::BROADCAST.into(),
            (false, 2) => Ipv4Addr::UNSPECIFIED.into(),
            (true, 1) => Ipv6Addr::from_bits(u128::MAX).into(),
            (true, 2) => Ipv6Addr::UNSPECIFIED.into(),
            _ => any,
        }
    }

    fn any_address(&mut self, v6: bool) -> IpAddr {
        let low = self.any64();
        let high = self.any64();
        if v6 {
            Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into()
        } else {
            Ipv4Addr::from_bits(low as u32).into()
        }
    }

    fn flow(&mut self) -> (IpProto, bool) {
        let all = 2 * PROTOCOLS.len();
        let turn = self.turn("flow", all);
        let v6 = turn % 2 == 1;
        if self.is_past("flow", all) && self.one_in(2) {
            return (STATEFUL[self.below(STATEFUL.len())], v6);
        }
        (PROTOCOLS[turn / 2], v6)
    }

    fn tuple(&mut self, kernel: &Kernel, proto: IpProto, v6: bool) -> NfConntrackTuple {
        let protonum = if v6 && proto == IpProto::ICMP { IpProto::ICMPV6 } else { proto };
        let src = self.address(v6, if v6 { "src6" } else { "src4" });
        // These are always random, so that flows differ.
        let dst = self.any_address(v6);
        let (src_id, dst_id) = match kernel.l4proto(protonum) {
            L4Proto::Ports => (self.u16("sport", 0), self.u16("dport", 0)),
            L4Proto::Icmp => {
                let ty = self.pick("icmp type", &ICMP_TYPES);
                (self.u16("icmp id", 0), u16::from_be_bytes([ty, self.u8("icmp code")]))
            }
            L4Proto::Icmpv6 => {
                let ty = self.pick("icmpv6 type", &ICMPV6_TYPES);
                (self.u16("icmpv6 id", 0), u16::from_be_bytes([ty, self.u8("icmpv6 code")]))
            }
            L4Proto::Generic => (0, 0),
        };
        NfConntrackTuple::ports(protonum, (src, src_id), (dst, dst_id))
    }

    /// Returns a tuple of a protocol that has helpers.
    fn helped(&mut self, kernel: &Kernel, v6: bool) -> NfConntrackTuple {
        let proto = self.pick("helped", &[IpProto::TCP, IpProto::UDP]);
        self.tuple(kernel, proto, v6)
    }

    /// Returns an entry in the table.
    ///
    /// `axis` separates dumps from events, so that values of attributes that an event lacks keep their
    /// turns.
    pub(super) fn entry(&mut self, kernel: &Kernel, axis: &'static str) -> NfConn {
        let is_dump = axis == "dump";
        let on = |dump, event| if is_dump { dump } else { event };
        let (proto, v6) = self.flow();
        let orig = self.tuple(kernel, proto, v6);
        let mut ct = NfConn { tuple: [orig, orig.inverted()], ..NfConn::default() };
        ct.status = self.status(kernel, on("dump status", "event status"));
        self.nat(kernel, &mut ct);
        ct.zone = self.zone(kernel);
        let seconds = u64::from(self.u32(on("dump timeout", "event timeout"), 0));
        ct.timeout = seconds.min(longest_timeout(kernel)) * u64::from(kernel.arch.hz);
        ct.mark = self.u32(on("dump mark", "event mark"), 0);
        ct.proto = self.state(kernel, orig.protonum, on("dump state", "event state"));
        ct.use_count = self.u32("use", 1);
        ct.id = self.u32("id", 0);
        self.extensions(kernel, &mut ct, on("dump extensions", "event extensions"));
        if ct.status.contains(Status::EXPECTED) {
            ct.master = Some(self.helped(kernel, v6));
        }
        ct
    }

    /// Returns no bits, all bits, or random ones and one in turn.
    fn status(&mut self, kernel: &Kernel, axis: &'static str) -> Status {
        let bits: Vec<Status> = status_bits(kernel.release).collect();
        let all = bits.iter().fold(Status::empty(), |all, &bit| all | bit);
        let turn = self.turn(axis, bits.len() + 4);
        let usual = Status::CONFIRMED | Status::SEEN_REPLY;
        let mut status = match turn {
            // The first one has the most bits with which a timeout is sent.
            0 => return all - Status::OFFLOAD - Status::HW_OFFLOAD - Status::DYING,
            1 => return Status::empty(),
            2 => return all,
            3 => Status::from_bits_truncate(self.any()) & all,
            n => usual | bits.get(n - 4).copied().unwrap_or_default(),
        };
        for often in [Status::EXPECTED, Status::SEQ_ADJUST] {
            if self.one_in(3) {
                status |= often;
            }
        }
        status
    }

    /// Applies no NAT, or NAT of the source, the destination or both.
    fn nat(&mut self, kernel: &Kernel, ct: &mut NfConn) {
        if !kernel.config.nat {
            return;
        }
        ct.nat = Some(NfConnNat::default());
        let turn = self.turn("nat", 4);
        let [orig, reply] = &mut ct.tuple;
        let v6 = orig.src.is_ipv6();
        ct.status -= Status::NAT;
        if turn & 1 != 0 {
            reply.dst = self.address(v6, "nat");
            ct.status |= Status::SRC_NAT | Status::NAT_DONE;
        }
        if turn & 2 != 0 {
            reply.src = self.address(v6, "nat");
            ct.status |= Status::DST_NAT | Status::NAT_DONE;
        }
        if turn != 0 && kernel.l4proto(orig.protonum) == L4Proto::Ports {
            reply.dst_id = self.u16("nat port", 0);
        }
    }

    fn zone(&mut self, kernel: &Kernel) -> NfConntrackZone {
        let turn = self.turn("zone", 10);
        let id = match turn % 3 {
            0 => (self.any() as u16).max(2),
            1 => 1,
            _ => u16::MAX,
        };
        let dir = match turn / 3 {
            0 => ZoneDir::Both,
            _ if !kernel.release.zones_have_direction() => ZoneDir::Both,
            1 => ZoneDir::Orig,
            2 => ZoneDir::Reply,
            _ => return NfConntrackZone::default(),
        };
        if kernel.config.zones { NfConntrackZone { id, dir } } else { NfConntrackZone::default() }
    }

    fn state(&mut self, kernel: &Kernel, proto: IpProto, axis: &'static str) -> L4State {
        if kernel.l4proto(proto) != L4Proto::Ports {
            return L4State::None;
        }
        let on = |dump, event| if axis == "dump state" { dump } else { event };
        match proto {
            IpProto::TCP => L4State::Tcp {
                state: TcpState(
                    self.pick(on("tcp dump", "tcp event"), &[3, 0, 9, 1, 2, 4, 5, 6, 7, 8]),
                ),
                scale: [
                    self.pick(on("wscale dump", "wscale event"), &[7, 14, 0, 1]),
                    self.pick(on("wscale reply dump", "wscale reply event"), &[6, 14, 0, 1]),
                ],
                flags: [on("flags dump", "flags event"), on("flags r dump", "flags r event")].map(
                    |axis| {
                        TcpFlags::from_bits_retain(
                            self.pick(axis, &[0x0b, 0xff, 0, 1, 2, 4, 8, 16, 32, 64, 128]),
                        )
                    },
                ),
            },
            IpProto::SCTP => L4State::Sctp {
                state: SctpState(
                    self.pick(on("sctp dump", "sctp event"), &[4, 0, 1, 2, 3, 5, 6, 7]),
                ),
                vtag: [
                    self.u32(on("vtag dump", "vtag event"), 0),
                    self.u32(on("vtag reply dump", "vtag reply event"), 0),
                ],
            },
            IpProto::DCCP => L4State::Dccp {
                state: DccpState(
                    self.pick(on("dccp dump", "dccp event"), &[4, 0, 1, 2, 3, 5, 6, 7]),
                ),
                role: DccpRole(self.pick(on("role dump", "role event"), &[1, 0])),
                handshake_seq: self.u64_to(on("dccp seq dump", "dccp seq event"), 0, (1 << 48) - 1),
            },
            IpProto::GRE => L4State::Gre { timeout: 30, stream_timeout: 180 },
            _ => L4State::None,
        }
    }

    /// Adds all extensions first, then none, then some.
    fn extensions(&mut self, kernel: &Kernel, ct: &mut NfConn, axis: &'static str) {
        let bits = match self.turn(axis, 4) {
            0 => u32::MAX,
            1 => 0,
            _ => self.any(),
        };
        let has = |n: u32| bits >> n & 1 != 0;
        if has(0) {
            let axes = [("packets", "bytes"), ("reply packets", "reply bytes")];
            ct.acct = Some(axes.map(|(packets, bytes)| NfConnCounter {
                packets: self.u64(packets, 0),
                bytes: self.u64(bytes, 0),
            }));
        }
        if has(1) && kernel.has_timestamp() {
            ct.tstamp = Some(NfConnTstamp { start: self.time("start", 0), stop: 0 });
        }
        if has(2) && kernel.has_labels() {
            ct.labels = Some(NfConnLabels { bits: self.labels(), ..NfConnLabels::empty(kernel) });
        }
        if has(3) {
            ct.help = Some(self.help(kernel));
        }
        if has(4) || ct.status.contains(Status::SEQ_ADJUST) {
            let axes = [["pos", "before", "after"], ["reply pos", "reply before", "reply after"]];
            ct.seqadj = Some(axes.map(|axes| {
                let [correction_pos, offset_before, offset_after] =
                    axes.map(|axis| self.u32(axis, 0));
                NfCtSeqadj { correction_pos, offset_before, offset_after }
            }));
        }
        if has(5) && kernel.config.synproxy && kernel.release.has_synproxy() {
            let [isn, its, tsoff] = ["isn", "its", "tsoff"].map(|axis| self.u32(axis, 0));
            ct.synproxy = Some(NfConnSynproxy { isn, its, tsoff });
        }
        if has(6) && kernel.config.secmark {
            let name = match self.turn("context", 4) {
                3 => Name::new(&[b'x'; 255]),
                n => Name::from(CONTEXTS.get(n).copied().unwrap_or_default()),
            };
            // SELinux counts the NUL.
            let len = name.as_bytes().len() + 1;
            ct.secctx = Some(SecurityContext { name, len });
        }
    }

    /// Returns a time of recent years in nanoseconds since the Unix epoch, then boundaries.
    fn time(&mut self, axis: &'static str, min: u64) -> u64 {
        match self.u64(axis, min) {
            n if n > 1 && n < u64::MAX => 1_700_000_000_000_000_000 + n % 200_000_000_000_000_000,
            boundary => boundary,
        }
    }

    /// Returns eight of the 128 labels in turn, all, or none.
    fn labels(&mut self) -> Labels {
        Labels::from_bits(match self.turn("labels", 18) {
            16 => u128::MAX,
            17 => 0,
            n => (0..8).fold(0, |bits, bit| bits | 1 << (16 * bit + n)),
        })
    }

    fn help(&mut self, kernel: &Kernel) -> NfConnHelp {
        let name = self.pick("helper", &HELPERS);
        let has_info = kernel.release >= Release::new(3, 6, 0);
        let info = match self.turn("help info", 4) {
            _ if !has_info => None,
            0 => Some(self.any().to_be_bytes().to_vec()),
            1 => None,
            2 => Some(Vec::new()),
            _ => Some((0..HELP_DATA).map(|_| self.any() as u8).collect()),
        };
        NfConnHelp { helper: Some(Name::from(name)), info: info.map(Vec::into_boxed_slice) }
    }

    /// Returns the changes that an event reports: each kind, and each bit in turn.
    pub(super) fn events(&mut self, kernel: &Kernel) -> IpctEvents {
        let bits: Vec<IpctEvents> = event_bits(kernel).collect();
        let all = bits.iter().fold(IpctEvents::empty(), |all, &bit| all | bit);
        let changes = all - IpctEvents::NEW - IpctEvents::RELATED - IpctEvents::DESTROY;
        let some = IpctEvents::from_bits_truncate(self.any()) & changes;
        match self.turn("event", 4) {
            0 => IpctEvents::DESTROY,
            1 => IpctEvents::NEW | if self.one_in(2) { changes } else { some },
            2 => match self.turn("update", bits.len() + 1) {
                0 => changes,
                n => match bits.get(n - 1).copied().unwrap_or_default() & changes {
                    one if one.is_empty() => changes,
                    one => one,
                },
            },
            _ => IpctEvents::RELATED | if self.one_in(2) { changes } else { some },
        }
    }

    /// Returns an entry for an event.
    pub(super) fn event_entry(&mut self, kernel: &Kernel, events: IpctEvents) -> NfConn {
        let mut ct = self.entry(kernel, "event");
        if events.contains(IpctEvents::RELATED) && ct.master.is_none() {
            ct.status |= Status::EXPECTED;
            ct.master = Some(self.helped(kernel, ct.tuple[0].src.is_ipv6()));
        }
        if ct.secctx.is_some() && !self.one_in(3) {
            ct.secmark = self.any().max(1);
        }
        if events.contains(IpctEvents::DESTROY) {
            self.end(kernel, &mut ct);
        }
        // The time of the event is sent only if the entry has timestamps.
        let timestamp = if ct.tstamp.is_some() { self.time("event time", 1) } else { 0 };
        ct.ecache = Some(NfConntrackEcache { timestamp, ..NfConntrackEcache::default() });
        ct
    }

    /// Ends an entry.
    pub(super) fn end(&mut self, kernel: &Kernel, ct: &mut NfConn) {
        ct.status.set(Status::DYING, kernel.release.destroy_has_dying());
        if let Some(tstamp) = &mut ct.tstamp {
            tstamp.stop = self.time("stop", 1);
        }
    }

    pub(super) fn expectation(&mut self, kernel: &Kernel) -> NfConntrackExpect {
        let v6 = self.turn("expectation family", 2) == 1;
        let master = self.helped(kernel, v6);
        let expected = [IpProto::TCP, IpProto::UDP, IpProto::GRE];
        let proto = self.pick("expected", &expected);
        let tuple = self.tuple(kernel, proto, v6);
        let mask_src = match (v6, self.turn("mask", 2)) {
            (false, 0) => Ipv4Addr::BROADCAST.into(),
            (false, _) => Ipv4Addr::UNSPECIFIED.into(),
            (true, 0) => Ipv6Addr::from_bits(u128::MAX).into(),
            (true, _) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let nat = match self.turn("expectation nat", 3) {
            _ if !kernel.config.nat => ExpectNat::default(),
            0 => ExpectNat {
                dir: self.turn("dir", 2) as u32,
                saved_addr: Some(self.address(v6, "saved address")),
                saved_proto: self.u16("saved port", 1),
            },
            1 => ExpectNat { dir: 1, saved_addr: None, saved_proto: self.u16("saved port", 1) },
            _ => ExpectNat::default(),
        };
        let flags = match self.turn("expectation flags", 6) {
            0 => 0b111,
            1 => 0,
            2 => self.any() & 0b111,
            n => 1 << (n - 3),
        };
        let name = |name: &str| Some(Name::from(name));
        NfConntrackExpect {
            tuple,
            mask_src,
            mask_src_id: self.pick("mask port", &[0xffff, 0, 1]),
            master,
            // It is not sent.
            master_id: 0,
            nat,
            timeout: u64::from(kernel.arch.hz)
                * u64::from(self.u32("expectation timeout", 0)).min(longest_expect_timeout(kernel)),
            id: self.u32("expectation id", 0),
            flags: ExpectFlags::from_bits_retain(flags),
            class: self.u32("class", 0),
            helper: name(self.pick("expectation helper", &HELPERS)).filter(|_| !self.one_in(4)),
            expectfn: EXPECTFNS
                .get(self.turn("expectfn", EXPECTFNS.len() + 1))
                .and_then(|function| name(function)),
        }
    }

    pub(super) fn cpu(&mut self) -> IpConntrackStat {
        let mut next = |axis| Some(self.u32(axis, 0));
        IpConntrackStat {
            ct: StatsCpu {
                searched: next("searched"),
                found: next("found"),
                new: next("new"),
                invalid: next("invalid"),
                ignore: next("ignore"),
                delete: next("delete"),
                delete_list: next("delete_list"),
                insert: next("insert"),
                insert_failed: next("insert_failed"),
                drop: next("drop"),
                early_drop: next("early_drop"),
                error: next("error"),
                search_restart: next("search_restart"),
                clash_resolve: next("clash_resolve"),
                chain_toolong: next("chain_toolong"),
                ..StatsCpu::default()
            },
            expect: ExpectStats {
                new: next("expect new"),
                create: next("expect create"),
                delete: next("expect delete"),
                ..ExpectStats::default()
            },
        }
    }
}
