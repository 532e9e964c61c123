//! Generates random steps.

use crate::random::Random;
use ctnetlink::attrs::{ExpectFlags, Status};
use ctnetlink::flat::{
    ExpectNat, Help, Labels, NatRange, PortRange, ProtoInfo, Sctp, SeqAdj, SynProxy, Tcp, Tuple,
};
use ctnetlink::kernel::Kernel;
use ctnetlink::nested::{IpProto, SctpState, TcpFlags, TcpFlagsMask, TcpState};
use ctnetlink::sim::Helper;
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Expectation, Family};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An operation on both kernels.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Creates or changes an entry, depending on the flags.
    New(NlmFlags, Box<Conntrack>),
    /// Creates an entry that expires at once, and then looks it up.
    Expired(Box<Conntrack>),
    /// Reads an entry, and resets its counters if `true`.
    Get(Box<Conntrack>, bool),
    /// Deletes an entry.
    Delete(Box<Conntrack>, GivenId),
    /// Dumps the table, and resets counters if `true`.
    Dump(Select, bool),
    /// Deletes the selected entries.
    Flush(Select),
    /// Opens (`true`) or closes (`false`) a second listener, which does not read its events.
    ///
    /// The listener has asked the kernel to report event loss.
    Deaf(bool),
    /// Sets a sysctl.
    Switch(&'static str, u8),
    /// Creates an expectation.
    ExpectNew(Box<Expectation>),
    /// Reads an expectation.
    ExpectGet(Box<Expectation>),
    /// Deletes an expectation.
    ExpectDelete(Box<Expectation>),
    /// Dumps all expectations.
    ExpectDump,
}

/// The kernel's release and configuration, and the features that the steps may use.
#[derive(Clone, Debug)]
pub(crate) struct Abilities {
    pub(crate) kernel: Kernel,
    pub(crate) helpers: Vec<Helper>,
    /// Whether entries have labels.
    pub(crate) labels_used: bool,
}

/// The id in a request to delete an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GivenId {
    None,
    Right,
    Wrong,
}

/// The selector of a dump or flush.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Select {
    pub(crate) family: Family,
    pub(crate) mark: Option<(u32, u32)>,
    pub(crate) status: Option<(Status, Status)>,
    pub(crate) zone: Option<u16>,
}

const CREATE: NlmFlags = NlmFlags::CREATE.union(NlmFlags::EXCL);
const ZONES: [u16; 4] = [1, 7, 300, 0xffff];
const UDPLITE: IpProto = IpProto::UDPLITE;
const PROTOS: [IpProto; 13] = [
    IpProto::TCP,
    IpProto::TCP,
    IpProto::TCP,
    IpProto::UDP,
    IpProto::UDP,
    IpProto::SCTP,
    IpProto::DCCP,
    UDPLITE,
    IpProto::GRE,
    IpProto::ICMP,
    IpProto::ICMPV6,
    IpProto(253),
    IpProto(0),
];

/// Generates a mixture of all steps on entries.
pub(crate) fn a_round(random: &mut Random, can: &Abilities) -> Vec<Step> {
    let mut known: Vec<Conntrack> = Vec::new();
    let mut steps = Vec::new();
    for _ in 0..220 {
        let old = match known.len() {
            0 => flow(random),
            len => known[random.below(len)].clone(),
        };
        let step = match random.below(100) {
            0..42 => {
                let mut ct = entry(random, can, &known);
                if random.chance(12) {
                    spoil(random, &mut ct);
                } else {
                    known.push(ct.clone());
                }
                let flags = random.of(&[CREATE, CREATE, NlmFlags::CREATE]);
                Step::New(flags, Box::new(ct))
            }
            42..44 => {
                let ct = Conntrack { timeout: Some(0), ..entry(random, can, &known) };
                Step::Expired(Box::new(ct))
            }
            44..66 => {
                let mut ct = change(random, can, &old);
                if random.chance(8) {
                    spoil(random, &mut ct);
                }
                let flags =
                    random.of(&[NlmFlags::empty(), NlmFlags::empty(), NlmFlags::CREATE, CREATE]);
                Step::New(flags, Box::new(ct))
            }
            66..76 => {
                let mut ct = key(random, &old);
                if random.chance(5) {
                    spoil(random, &mut ct);
                }
                Step::Get(Box::new(ct), random.chance(30))
            }
            76..90 => {
                let mut ct = key(random, &old);
                if random.chance(5) {
                    spoil(random, &mut ct);
                }
                let id = random.of(&[GivenId::None, GivenId::None, GivenId::Right, GivenId::Wrong]);
                Step::Delete(Box::new(ct), id)
            }
            90..95 => Step::Dump(select(random, can), random.chance(30)),
            95 => Step::Flush(select(random, can)),
            96..98 => Step::Switch("acct", random.below(2) as u8),
            98 => Step::Switch("timestamp", random.below(2) as u8),
            _ => Step::Switch("events", random.below(3) as u8),
        };
        steps.push(step);
    }
    steps.push(Step::Dump(Select::default(), false));
    steps.push(Step::Flush(Select::default()));
    steps
}

/// Generates a table whose dump needs many datagrams.
pub(crate) fn a_large_table(random: &mut Random, can: &Abilities) -> Vec<Step> {
    let known: Vec<_> = (0..900).map(|_| entry(random, can, &[])).collect();
    let mut steps: Vec<_> =
        known.iter().map(|ct| Step::New(CREATE, Box::new(ct.clone()))).collect();
    steps.extend((0..6).map(|n| Step::Dump(select(random, can), n % 2 == 0)));
    steps.push(Step::Dump(Select::default(), false));
    let gone = known.iter().map(|ct| Step::Delete(Box::new(ct.clone()), GivenId::None));
    steps.extend(gone);
    steps.push(Step::Dump(Select::default(), false));
    steps
}

/// Generates steps during which a listener loses events, which the kernel sends with the next event.
pub(crate) fn missed_events(random: &mut Random, can: &Abilities) -> Vec<Step> {
    let mut known: Vec<Conntrack> = Vec::new();
    let mut steps = Vec::new();
    for n in 0..6 {
        steps.push(Step::Deaf(n % 2 == 1));
        for _ in 0..30 {
            let step = match random.below(10) {
                0..4 => {
                    known.push(entry(random, can, &known));
                    Step::New(CREATE, Box::new(known[known.len() - 1].clone()))
                }
                // The kernel would repeat a lost DESTROY event at an unpredictable time.
                4 if n % 2 == 0 && !known.is_empty() => {
                    let gone = known.swap_remove(random.below(known.len()));
                    Step::Delete(Box::new(key(random, &gone)), GivenId::None)
                }
                _ if !known.is_empty() => {
                    let old = known[random.below(known.len())].clone();
                    let change = change(random, can, &old);
                    Step::New(NlmFlags::empty(), Box::new(change))
                }
                _ => Step::Dump(Select::default(), false),
            };
            steps.push(step);
        }
    }
    steps.push(Step::Deaf(false));
    steps.push(Step::Flush(Select::default()));
    steps
}

/// Generates entries with helpers, and their expectations.
pub(crate) fn expectations(random: &mut Random, can: &Abilities) -> Vec<Step> {
    let mut steps = Vec::new();
    for n in 0..30 {
        let mut master = flow(random);
        while !matches!(master.orig.proto, Some(IpProto::TCP | IpProto::UDP)) {
            master = flow(random);
        }
        if let Some(helper) = helper_for(random, can, &master).filter(|_| !random.chance(10)) {
            master.help = helper;
        }
        (master.zone, master.orig.zone, master.reply.zone) = (None, None, None);
        steps.push(Step::New(CREATE, Box::new(master.clone())));
        let expected = expectation(random, &master);
        steps.push(Step::ExpectNew(Box::new(expected.clone())));
        steps.push(Step::ExpectGet(Box::new(expected.clone())));
        if n % 10 == 9 {
            steps.push(Step::ExpectDump);
        }
        if random.chance(60) {
            steps.push(Step::ExpectDelete(Box::new(expected)));
        } else if random.chance(50) {
            steps.push(Step::Delete(Box::new(key(random, &master)), GivenId::None));
        }
    }
    steps.push(Step::ExpectDump);
    steps.push(Step::Dump(Select::default(), false));
    steps.push(Step::Flush(Select::default()));
    steps
}

fn expectation(random: &mut Random, master: &Conntrack) -> Expectation {
    let mut tuple = Tuple { zone: None, ..master.reply };
    tuple.src_port = Some(random.u32() as u16);
    tuple.dst_port = Some(random.u32() as u16);
    let ones: IpAddr = match master.family {
        Family::IPV4 => Ipv4Addr::BROADCAST.into(),
        _ => Ipv6Addr::from_bits(u128::MAX).into(),
    };
    let port = random.of(&[0xffff, 0xffff, 0]);
    let mask = Tuple {
        src: Some(ones),
        dst: Some(ones),
        src_port: Some(port),
        dst_port: Some(0xffff),
        ..tuple
    };
    let mut expected = Expectation {
        tuple,
        mask,
        master: Tuple { zone: None, ..master.orig },
        timeout: random.chance(50).then_some(200),
        class: random.chance(50).then_some(0),
        flags: random.chance(60).then(|| ExpectFlags::from_bits_retain(random.u32() & 3)),
        help_name: random.chance(50).then(|| master.help.name.clone()).flatten(),
        ..Expectation::default()
    };
    if random.chance(30) {
        let any: IpAddr = match master.family {
            Family::IPV4 => Ipv4Addr::UNSPECIFIED.into(),
            _ => Ipv6Addr::UNSPECIFIED.into(),
        };
        let src = random.of(&[master.orig.src.unwrap(), any]);
        let src_port = Some(random.of(&[0, 4001]));
        let tuple =
            Tuple { src: Some(src), dst: Some(any), src_port, dst_port: Some(0), ..expected.tuple };
        expected.nat = ExpectNat { dir: Some(random.u32() & 1), tuple };
    }
    if random.chance(20) {
        expected.function = Some(random.of(&["nat-follow-master", "no-such"]).into());
    }
    if random.chance(5) {
        expected.master.src_port = Some(1);
    }
    expected
}

fn select(random: &mut Random, can: &Abilities) -> Select {
    let mut select = Select::default();
    if random.chance(30) {
        select.family = random.of(&[Family::IPV4, Family::IPV6]);
    }
    if random.chance(25) {
        let mask = random.of(&[u32::MAX, 0, 1, 3]);
        select.mark = Some((random.u32() & 3 & mask, mask));
    }
    if random.chance(15) && can.kernel.release >= "5.15.0".parse().unwrap() {
        let mask = random.of(&[Status::ASSURED, Status::CONFIRMED, Status::SEEN_REPLY]);
        select.status = Some((random.of(&[mask, Status::empty()]), mask));
    }
    if random.chance(15) {
        select.zone = Some(random.of(&[0, 1, 7, 300]));
    }
    select
}

fn address(random: &mut Random, is_v4: bool) -> IpAddr {
    if is_v4 {
        Ipv4Addr::new(198, 18, random.below(4) as u8, random.below(250) as u8 + 1).into()
    } else {
        let [a, b] = [random.below(4), random.below(0xffff)].map(|n| n as u16);
        Ipv6Addr::new(0x2001, 0xdb8, a, 0, 0, 0, 0, b + 1).into()
    }
}

/// Returns an entry with only the required attributes.
fn flow(random: &mut Random) -> Conntrack {
    let is_v4 = random.chance(50);
    let proto = random.of(&PROTOS);
    let mut orig = Tuple {
        src: Some(address(random, is_v4)),
        dst: Some(address(random, is_v4)),
        proto: Some(proto),
        ..Tuple::default()
    };
    let mut reply = Tuple { src: orig.dst, dst: orig.src, ..orig };
    if matches!(proto, IpProto::ICMP | IpProto::ICMPV6) {
        let pairs: &[(u8, u8)] = match proto {
            IpProto::ICMP => &[(8, 0), (0, 8), (13, 14), (14, 13), (15, 16), (17, 18), (18, 17)],
            _ => &[(128, 129), (129, 128), (139, 140), (140, 139)],
        };
        let (request, answer) = random.of(pairs);
        orig.icmp_id = Some(random.u32() as u16);
        orig.icmp_code = Some(random.of(&[0, 0, 0, 7]));
        reply = Tuple { icmp_id: orig.icmp_id, icmp_code: orig.icmp_code, ..reply };
        (orig.icmp_type, reply.icmp_type) = (Some(request), Some(answer));
    } else {
        let has_none = proto == IpProto(253) || proto == IpProto(0);
        if !has_none || random.chance(20) {
            orig.src_port = Some(random.u32() as u16);
            let any = random.u32() as u16;
            orig.dst_port = Some(random.of(&[21, 69, 80, 443, any]));
            (reply.src_port, reply.dst_port) = (orig.dst_port, orig.src_port);
        }
    }
    let mut zone = None;
    if random.chance(35) {
        let id = Some(random.of(&ZONES));
        match random.below(4) {
            0 => orig.zone = id,
            1 => reply.zone = id,
            _ => zone = id,
        }
    }
    Conntrack {
        family: if is_v4 { Family::IPV4 } else { Family::IPV6 },
        orig,
        reply,
        zone,
        timeout: Some(timeout(random)),
        ..Conntrack::default()
    }
}

/// Returns a timeout that does not expire while the test runs.
fn timeout(random: &mut Random) -> u32 {
    match random.below(8) {
        0 => u32::MAX,
        1 => 0x7fff_ffff,
        2 => 432_000,
        _ => 300 + random.u32() % 10_000,
    }
}

fn helper_for(random: &mut Random, can: &Abilities, ct: &Conntrack) -> Option<Help> {
    let is_for =
        |helper: &&Helper| helper.l3num == ct.family && Some(helper.protonum) == ct.orig.proto;
    let helpers: Vec<_> = can.helpers.iter().filter(is_for).collect();
    let helper = helpers.get(random.below(helpers.len().max(1)))?;
    Some(Help { name: Some(helper.name.clone()), info: None })
}

/// Returns a request to create an entry.
fn entry(random: &mut Random, can: &Abilities, known: &[Conntrack]) -> Conntrack {
    let mut ct = flow(random);
    attributes(random, can, &mut ct);
    if random.chance(10) {
        ct.help = helper_for(random, can, &ct).unwrap_or_default();
    }
    if random.chance(10) && !known.is_empty() {
        // The kernel finds only a master in the same zone and of the same family.
        let master = &known[random.below(known.len())];
        ct.master = Tuple { zone: None, ..master.orig };
        (ct.family, ct.zone) = (master.family, master.zone);
        let other = flow_of(random, master.family);
        let [zone_orig, zone_reply] = [master.orig.zone, master.reply.zone];
        ct.orig = Tuple { zone: zone_orig, ..other.orig };
        ct.reply = Tuple { zone: zone_reply, ..other.reply };
        ct.help = Help::default();
    }
    let ports = matches!(ct.orig.proto, Some(IpProto::TCP | IpProto::UDP | IpProto::SCTP));
    if random.chance(20) {
        let is_v4 = ct.family == Family::IPV4;
        let range = |random: &mut Random, current: Option<IpAddr>| {
            let min_ip = address(random, is_v4);
            let max_ip = random.chance(40).then(|| address(random, is_v4).max(min_ip));
            let in_place = random.chance(15);
            let mut ports_of = PortRange::default();
            if ports && random.chance(50) {
                let min = random.u32() as u16 | 1;
                let max = random.chance(50).then(|| min.saturating_add(random.below(300) as u16));
                ports_of = PortRange { min: Some(min), max };
            }
            NatRange {
                min_ip: if in_place { current } else { Some(min_ip) },
                max_ip: if in_place { None } else { max_ip },
                ports: ports_of,
            }
        };
        let which = random.below(3);
        if which != 1 {
            ct.rare_mut().nat_src = range(random, ct.reply.dst);
        }
        if which != 0 {
            ct.rare_mut().nat_dst = range(random, ct.reply.src);
        }
    }
    ct
}

fn flow_of(random: &mut Random, family: Family) -> Conntrack {
    loop {
        let ct = flow(random);
        if ct.family == family {
            return ct;
        }
    }
}

/// Sets attributes that are allowed both when an entry is created and when it is changed.
fn attributes(random: &mut Random, can: &Abilities, ct: &mut Conntrack) {
    if random.chance(60) {
        ct.mark = Some(if random.chance(70) { random.u32() & 7 } else { random.number() });
        ct.rare_mut().mark_mask = random.chance(25).then(|| random.number());
    }
    if random.chance(40) {
        ct.status = Some(Status::from_bits_retain(match random.below(4) {
            0 => random.u32() & !0x201 | 8,
            1 => 0xe,
            2 => 0xa,
            _ => 8,
        }));
    }
    match ct.orig.proto {
        Some(IpProto::TCP) if random.chance(60) => {
            let flags = |random: &mut Random| {
                let [flags, mask] =
                    [(); 2].map(|()| TcpFlags::from_bits_retain(random.u32() as u8));
                let mask = if random.chance(50) { TcpFlags::all() } else { mask };
                random.chance(70).then_some(TcpFlagsMask { flags, mask })
            };
            let scale = |random: &mut Random| random.chance(60).then(|| random.below(15) as u8);
            ct.protoinfo = Some(ProtoInfo::Tcp(Tcp {
                state: Some(TcpState(random.below(10) as u8)),
                wscale_original: scale(random),
                wscale_reply: scale(random),
                flags_original: flags(random),
                flags_reply: flags(random),
            }));
        }
        Some(IpProto::SCTP) if random.chance(60) => {
            ct.protoinfo = Some(ProtoInfo::Sctp(Sctp {
                state: Some(SctpState(random.below(9) as u8)),
                vtag_original: Some(random.number()),
                vtag_reply: Some(random.number()),
            }));
        }
        // The kernel ignores the state of a protocol other than the entry's.
        _ if random.chance(5) => {
            ct.protoinfo = Some(ProtoInfo::Tcp(Tcp {
                state: Some(TcpState(random.below(10) as u8)),
                ..Tcp::default()
            }));
        }
        _ => {}
    }
    let seq = |random: &mut Random| SeqAdj {
        correction_pos: Some(random.number()),
        offset_before: Some(random.number()),
        offset_after: Some(random.number()),
    };
    if random.chance(15) {
        ct.seq_adj_orig = seq(random);
    }
    if random.chance(15) {
        ct.seq_adj_reply = seq(random);
    }
    if random.chance(20) {
        ct.synproxy = SynProxy {
            isn: Some(random.number()),
            its: Some(random.number()),
            tsoff: Some(random.number()),
        };
    }
    if random.chance(if can.labels_used { 40 } else { 3 }) {
        let bits = |random: &mut Random| {
            let wide = u128::from(random.u64()) << 64 | u128::from(random.u64());
            Labels::from_bits(random.of(&[0, 1, 1 << 127, 0xff, wide]))
        };
        ct.labels = Some(bits(random));
        ct.rare_mut().labels_mask = random.chance(40).then(|| bits(random));
    }
}

/// Returns a request to change an entry.
fn change(random: &mut Random, can: &Abilities, ct: &Conntrack) -> Conntrack {
    let mut change = key(random, ct);
    attributes(random, can, &mut change);
    if random.chance(40) {
        change.timeout = Some(timeout(random));
    }
    if random.chance(15) {
        let same = ct.help.name.clone().unwrap_or_default();
        let name = match random.below(4) {
            0 => "".into(),
            1 => "tftp".into(),
            2 => "no-such".into(),
            _ => same,
        };
        change.help = Help { name: Some(name), info: None };
    }
    change
}

/// Returns the key of an entry: both tuples or one of them.
fn key(random: &mut Random, ct: &Conntrack) -> Conntrack {
    let which = random.below(4);
    let keep = |tuple: &Tuple, keep| if keep { *tuple } else { Tuple::default() };
    Conntrack {
        family: ct.family,
        orig: keep(&ct.orig, which != 3),
        reply: keep(&ct.reply, which == 0 || which == 3),
        zone: ct.zone,
        ..Conntrack::default()
    }
}

/// Makes a request invalid or unusual.
fn spoil(random: &mut Random, ct: &mut Conntrack) {
    match random.below(20) {
        0 => ct.timeout = None,
        1 => ct.reply = Tuple::default(),
        2 => ct.orig = Tuple::default(),
        3 => ct.orig.proto = Some(IpProto(17)),
        4 => ct.status = Some(Status::from_bits_retain(random.u32())),
        5 => ct.status = Some(Status::empty()),
        6 => ct.seq_adj_orig = SeqAdj { offset_after: Some(1), ..SeqAdj::default() },
        7 => ct.synproxy = SynProxy { its: Some(1), ..SynProxy::default() },
        8 => {
            ct.protoinfo = Some(ProtoInfo::Sctp(Sctp {
                state: Some(SctpState(random.below(12) as u8)),
                vtag_original: random.chance(50).then_some(1),
                vtag_reply: Some(2),
            }));
        }
        9 => {
            ct.protoinfo = Some(ProtoInfo::Tcp(Tcp {
                state: Some(TcpState(random.below(14) as u8)),
                wscale_original: Some(random.below(20) as u8),
                wscale_reply: Some(0),
                ..Tcp::default()
            }));
        }
        10 => ct.help = Help { name: Some(random.of(&["no-such", "", "ftp"]).into()), info: None },
        11 => ct.master = Tuple { src_port: Some(1), dst_port: Some(1), ..ct.orig },
        12 => ct.family = random.of(&[Family::IPV4, Family::IPV6, Family(1), Family::UNSPEC]),
        13 => ct.orig.src_port = None,
        14 => ct.orig.icmp_type = Some(random.u32() as u8),
        15 => ct.orig.src = None,
        16 => (ct.zone, ct.orig.zone) = (Some(7), Some(random.of(&[0, 7, 8]))),
        17 => (ct.orig.zone, ct.reply.zone) = (Some(random.of(&[0, 7])), Some(9)),
        18 => ct.orig.proto = None,
        _ => ct.rare_mut().nat_src = NatRange { min_ip: ct.orig.src, ..NatRange::default() },
    }
}

/// Returns requests whose events fill the smallest buffer, and after which the table is as before.
pub(crate) fn fillers() -> Vec<Step> {
    let mut random = Random::new(0);
    let mut steps = Vec::new();
    for _ in 0..8 {
        let ct = Box::new(flow(&mut random));
        steps.push(Step::New(CREATE, ct.clone()));
        steps.push(Step::Delete(ct, GivenId::None));
    }
    steps
}
