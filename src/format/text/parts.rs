//! The parts of lines.

use crate::attrs::ExpectFlags;
use crate::flat::{
    Counters, Counters32, ExpectStats, Name, ProtoInfo, Record as _, StatsCpu, StatsGlobal, Tuple,
};
use crate::line::{Line, Word};
use crate::nested::{DccpState, IpProto, SctpState, TcpState};
use crate::{Conntrack, Expectation, Family, Kind, Message};
use core::fmt::Write as _;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The word of conntrack(8) for a protocol without a name.
pub(super) const UNKNOWN: Word = Word::new("unknown");

pub(super) fn write_expectation<'l>(
    expectation: &Expectation,
    family: Family,
    mut line: Line<'l>,
) -> Line<'l> {
    line = number(line, "", expectation.timeout);
    line = number(line, "proto=", Some(expectation.tuple.proto.unwrap_or(IpProto(0)).0));
    line = part(&expectation.tuple, family, ["src=", "dst="], line);
    line = part(&expectation.mask, family, ["mask-src=", "mask-dst="], line);
    line = part(&expectation.master, family, ["master-src=", "master-dst="], line);
    line = number(line, "zone=", expectation.zone);
    let flags = expectation.flags.unwrap_or_default();
    let names = [
        (ExpectFlags::PERMANENT, "PERMANENT"),
        (ExpectFlags::INACTIVE, "INACTIVE"),
        (ExpectFlags::USERSPACE, "USERSPACE"),
    ];
    let mut separator = "";
    for (flag, name) in names {
        if flags.contains(flag) {
            line = line.text(separator).text(name);
            separator = ",";
        }
    }
    if !flags.is_empty() {
        line = line.constant(" ");
    }
    line = number(line, "class=", expectation.class);
    line = name(line, "helper=", expectation.help_name.as_ref());
    line.trimmed()
}

/// Appends a tuple of an expectation.
#[inline(always)]
pub(super) fn part<'l>(
    tuple: &Tuple,
    family: Family,
    words: [&'static str; 2],
    line: Line<'l>,
) -> Line<'l> {
    match tuple.is_empty() {
        true => line,
        false => ports(tuple, addresses(tuple, family, words, line)),
    }
}

/// Returns `true` if conntrack(8) prints messages of this kind.
pub(super) fn has_line(kind: Kind) -> bool {
    !matches!(kind, Kind::Request | Kind::Control | Kind::Foreign)
}

/// Returns the state of the protocol, as conntrack(8) names it.
pub(super) fn state(ct: &Conntrack) -> Option<&'static Word> {
    match ct.protoinfo? {
        ProtoInfo::Tcp(tcp) => tcp.state?.word().or(TcpState::NONE.word()),
        ProtoInfo::Sctp(sctp) => sctp.state?.word().or(SctpState::NONE.word()),
        ProtoInfo::Dccp(dccp) => dccp.state?.word().or(DccpState::NONE.word()),
    }
}

/// Appends what conntrack(8) prints after an event that user space caused.
pub(super) fn event_end<'l>(kind: Kind, message: &Message<'_>, line: Line<'l>) -> Line<'l> {
    match message.header().nlmsg_pid {
        portid if portid != 0 && kind != Kind::Reply => {
            line.constant(" [USERSPACE] portid=").number(portid)
        }
        _ => line,
    }
}

/// Appends a word and a number, if there is one.
#[inline(always)]
pub(super) fn number<'l>(
    line: Line<'l>,
    word: &'static str,
    value: Option<impl Into<u64>>,
) -> Line<'l> {
    match value {
        Some(value) => line.constant(word).number_and(value, b' '),
        None => line,
    }
}

/// Appends a word and a name, if there is one, with U+FFFD for bytes that are not UTF-8.
#[inline(always)]
pub(super) fn name<'l>(line: Line<'l>, word: &'static str, value: Option<&Name>) -> Line<'l> {
    match value {
        Some(value) => write_name(line.constant(word), value).constant(" "),
        None => line,
    }
}

pub(super) fn write_name<'l>(mut line: Line<'l>, name: &Name) -> Line<'l> {
    match name.to_str() {
        Ok(text) => line.text(text),
        Err(_) => {
            // Writing to a line does not fail.
            let _ = write!(line, "{name}");
            line
        }
    }
}

/// Appends what conntrack(8) prints before an event.
#[inline(always)]
pub(super) fn event_word(kind: Kind, line: Line<'_>) -> Line<'_> {
    match kind {
        Kind::New | Kind::ExpectNew => line.constant("    [NEW] "),
        Kind::Update | Kind::ExpectUpdate => line.constant(" [UPDATE] "),
        Kind::Destroy | Kind::ExpectDestroy => line.constant("[DESTROY] "),
        _ => line,
    }
}

#[inline(always)]
pub(super) fn direction<'l>(
    tuple: &Tuple,
    family: Family,
    zone: &'static str,
    (counters, counters32): (&Counters, &Counters32),
    mut line: Line<'l>,
) -> Line<'l> {
    if !tuple.is_empty() {
        line = addresses(tuple, family, ["src=", "dst="], line);
        line = ports(tuple, line);
        line = number(line, zone, tuple.zone);
    }
    let packets = counters.packets.or(counters32.packets32.map(u64::from));
    let bytes = counters.bytes.or(counters32.bytes32.map(u64::from));
    if packets.is_some() && bytes.is_some() {
        line = number(line, "packets=", packets);
        line = number(line, "bytes=", bytes);
    }
    line
}

/// Appends the addresses: absent ones as zeros, and none in messages of other families.
#[inline(always)]
pub(super) fn addresses<'l>(
    tuple: &Tuple,
    family: Family,
    [src, dst]: [&'static str; 2],
    line: Line<'l>,
) -> Line<'l> {
    let zeros = match family {
        Family::IPV4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::IPV6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return line,
    };
    let line = ntop(line.constant(src), tuple.src.unwrap_or(zeros));
    let line = line.constant(" ").constant(dst);
    ntop(line, tuple.dst.unwrap_or(zeros)).constant(" ")
}

/// Appends an address as inet_ntop(3): as Rust, except for the IPv4-compatible `::192.0.2.1`.
pub(super) fn ntop(line: Line<'_>, address: IpAddr) -> Line<'_> {
    match address {
        IpAddr::V6(address) => match address.octets() {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
                line.constant("::").ipv4(Ipv4Addr::new(a, b, c, d))
            }
            _ => line.ipv6(address),
        },
        IpAddr::V4(address) => line.ipv4(address),
    }
}

/// Appends the ports, the keys, or the ICMP fields, with zeros for absent ones.
pub(super) fn ports<'l>(tuple: &Tuple, line: Line<'l>) -> Line<'l> {
    let (src, dst) = (tuple.src_port.unwrap_or(0), tuple.dst_port.unwrap_or(0));
    match tuple.proto {
        Some(IpProto::TCP | IpProto::UDP | IpProto::UDPLITE | IpProto::SCTP | IpProto::DCCP) => {
            line.constant("sport=").number_and(src, b' ').constant("dport=").number_and(dst, b' ')
        }
        Some(IpProto::GRE) => {
            line.constant("srckey=0x").hex_and(src, b' ').constant("dstkey=0x").hex_and(dst, b' ')
        }
        Some(IpProto::ICMP | IpProto::ICMPV6) => line
            .constant("type=")
            .number_and(tuple.icmp_type.unwrap_or(0), b' ')
            .constant("code=")
            .number_and(tuple.icmp_code.unwrap_or(0), b' ')
            .constant("id=")
            .number_and(tuple.icmp_id.unwrap_or(0), b' '),
        _ => line,
    }
}

pub(super) fn stats_cpu<'l>(cpu: u16, stats: &StatsCpu, line: Line<'l>) -> Line<'l> {
    let fields = [
        ("searched=", stats.searched),
        ("found=", stats.found),
        ("new=", stats.new),
        ("invalid=", stats.invalid),
        ("ignore=", stats.ignore),
        ("delete=", stats.delete),
        ("delete_list=", stats.delete_list),
        ("insert=", stats.insert),
        ("insert_failed=", stats.insert_failed),
        ("drop=", stats.drop),
        ("early_drop=", stats.early_drop),
        ("error=", stats.error),
        ("search_restart=", stats.search_restart),
        ("clash_resolve=", stats.clash_resolve),
        ("chaintoolong=", stats.chain_toolong),
    ];
    cpu_line(cpu, &fields, line)
}

pub(super) fn expect_stats<'l>(cpu: u16, stats: &ExpectStats, line: Line<'l>) -> Line<'l> {
    let fields = [
        ("expect_new=", stats.new),
        ("expect_create=", stats.create),
        ("expect_delete=", stats.delete),
    ];
    cpu_line(cpu, &fields, line)
}

pub(super) fn cpu_line<'l>(
    cpu: u16,
    fields: &[(&str, Option<u32>)],
    mut line: Line<'l>,
) -> Line<'l> {
    // Writing to a line does not fail.
    let _ = write!(line, "cpu={cpu:<4}\t");
    for (word, value) in fields {
        if let Some(value) = value {
            line = line.text(word).number_and(*value, b' ');
        }
    }
    line
}

pub(super) fn stats_global<'l>(stats: &StatsGlobal, line: Line<'l>) -> Line<'l> {
    match stats.entries {
        Some(entries) => line.number(entries),
        None => line,
    }
}
