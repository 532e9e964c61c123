//! The lines that conntrack(8) prints, by its release 1.4.9.
//!
//! ```
//! use ctnetlink::show::text::Text;
//! use ctnetlink::{Message, wire::Endian};
//!
//! # let hex = "f4000000000102000100000037c5e0d1020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002009c440000060003001b5a00003400028014000180080001007f000001080002007f0000011c0002800500010011000000060002001b5a0000060003009c44000006001200000900000800030000000188080008000000002a08000c00546b34fa08000b0000000001080007000000001d1c0009800c00010000000000000000010c000200000000000000001d1c000a800c00010000000000000000000c0002000000000000000000100014800c00010018ea516a43f9b688";
//! # let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap()).collect();
//! # let datagram = &bytes[..];
//! let message = Message::parse(datagram, Endian::Little)?;
//! // The flow lives, so its age depends on when one asks.
//! let text = Text { as_of: Some(1_795_336_919_000_000_000), ..Text::default() };
//! assert_eq!(
//!     text.line(&message, None).unwrap(),
//!     "udp      17 29 src=127.0.0.1 dst=127.0.0.1 sport=40004 dport=7002 packets=1 bytes=29 \
//!      [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 sport=7002 dport=40004 packets=0 bytes=0 mark=42 \
//!      zone=9 delta-time=1 use=1",
//! );
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```

use super::time::{Ctime, TimeZone};
use crate::attrs::{ExpectFlags, Status};
use crate::flat::{
    Counters, ExpectStats, Labels, ProtoInfo, Record as _, StatsCpu, StatsGlobal, Timestamp, Tuple,
};
use crate::nested::{IpProto, SctpState, TcpState};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message};
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NANOS: u64 = 1_000_000_000;

/// What to print, as conntrack(8)'s `-o` says it.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// `-o extended`: the layer 3 protocol first.
    pub extended: bool,
    /// `-o id`: the id.
    pub id: bool,
    /// `-o ktimestamp`: start and stop.
    pub ktimestamp: bool,
    /// `-o timestamp`: before an event, when it happened: `CTA_TIMESTAMP_EVENT`, or when the message
    /// was received where the kernel sent none.
    pub timestamp: bool,
    /// `-o labels`: the labels.
    pub labels: Option<LabelMap>,
    /// Nanoseconds since the Unix epoch at which the age of a living flow is told. Without it, that
    /// is when its message was received; where that is not known either, no age is printed.
    pub as_of: Option<u64>,
    /// The time zone of start and stop.
    pub time_zone: TimeZone,
}

/// What to call labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelMap {
    /// By their numbers.
    #[default]
    Numbers,
    /// By the names of a map. As in conntrack(8), labels without a name are not shown.
    Names(BTreeMap<u8, String>),
}

impl LabelMap {
    /// Reads a map of the form of `/etc/xtables/connlabel.conf`: lines of a number from 0 to 127,
    /// white space and a name. Lines of another form, such as comments after `#`, do not count; of
    /// several names for a number the first does.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut names = BTreeMap::new();
        for line in text.lines() {
            let Some((number, name)) = line.trim().split_once(char::is_whitespace) else {
                continue;
            };
            if let Some(number) = number.parse().ok().filter(|&number| number < 128) {
                names.entry(number).or_insert_with(|| name.trim().into());
            }
        }
        Self::Names(names)
    }

    fn write(&self, labels: Labels, out: &mut String) -> fmt::Result {
        out.push_str("labels");
        let mut separator = '=';
        for label in labels.iter() {
            match self {
                Self::Numbers => write!(out, "{separator}{label}")?,
                Self::Names(names) => match names.get(&label) {
                    Some(name) => write!(out, "{separator}{name}")?,
                    None => continue,
                },
            }
            separator = ',';
        }
        out.push(' ');
        Ok(())
    }
}

impl Text {
    /// The line of a message, without a line end; `received` is when it was captured or received, in
    /// nanoseconds since the Unix epoch. `None` for messages that conntrack(8) prints nothing for:
    /// requests, acknowledgements, ends of dumps, other subsystems. Attributes in error are absent.
    #[must_use]
    pub fn line(&self, message: &Message<'_>, received: Option<u64>) -> Option<String> {
        let mut line = String::new();
        self.write(message, received, &mut line).then_some(line)
    }

    /// Appends the line of a message to `out`, as [`line`](Self::line); whether there is one.
    pub fn write(&self, message: &Message<'_>, received: Option<u64>, out: &mut String) -> bool {
        let kind = message.kind();
        if matches!(kind, Kind::Request | Kind::Control | Kind::Foreign) {
            return false;
        }
        let Ok(body) = message.body() else { return false };
        let ignore = &mut |_| ();
        let start = out.len();
        let written = match body {
            Body::Conntrack(nfgen, attrs) => {
                let ct = Conntrack { family: nfgen.nfgen_family, ..Conntrack::read(attrs, ignore) };
                self.event_time(kind, ct.timestamp_event.or(received), out)
                    .and_then(|()| event_word(kind, out))
                    .and_then(|()| self.conntrack(&ct, received, out))
                    .and_then(|()| event_end(kind, message, out))
            }
            Body::Expect(nfgen, attrs) => {
                let expectation = Expectation::read(attrs, ignore);
                self.expectation_time(received, out)
                    .and_then(|()| event_word(kind, out))
                    .and_then(|()| self.expectation(&expectation, nfgen.nfgen_family, out))
            }
            Body::StatsCpu(nfgen, attrs) => {
                stats_cpu(nfgen.res_id, &StatsCpu::read(attrs, ignore), out)
            }
            Body::StatsGlobal(_, attrs) => stats_global(&StatsGlobal::read(attrs, ignore), out),
            Body::ExpectStats(nfgen, attrs) => {
                expect_stats(nfgen.res_id, &ExpectStats::read(attrs, ignore), out)
            }
            _ => Ok(()),
        };
        written.is_ok() && out.len() > start
    }

    /// When an event happened.
    fn event_time(&self, kind: Kind, time: Option<u64>, out: &mut String) -> fmt::Result {
        match time.filter(|_| self.timestamp && kind != Kind::Reply) {
            Some(time) => write!(out, "[{:08}.{:06}]\t", time / NANOS, time % NANOS / 1000),
            None => Ok(()),
        }
    }

    /// When an expectation was received: in dumps too, and padded with spaces.
    fn expectation_time(&self, time: Option<u64>, out: &mut String) -> fmt::Result {
        match time.filter(|_| self.timestamp) {
            Some(time) => write!(out, "[{:<8}.{:<6}]\t", time / NANOS, time % NANOS / 1000),
            None => Ok(()),
        }
    }

    /// Appends the line of an entry, without anything about an event.
    ///
    /// # Errors
    /// Only `out`'s own.
    pub fn conntrack(
        &self,
        ct: &Conntrack,
        received: Option<u64>,
        out: &mut String,
    ) -> fmt::Result {
        let is_there = !ct.orig.is_absent();
        if self.extended && is_there {
            let name = ct.family.name().filter(|_| ct.family.0 != 0).unwrap_or("unknown");
            write!(out, "{name:<8} {} ", ct.family.0)?;
        }
        if let Some(proto) = ct.orig.proto {
            write!(out, "{:<8} {} ", proto.name().unwrap_or("unknown"), proto.0)?;
        }
        if let Some(timeout) = ct.timeout {
            write!(out, "{timeout} ")?;
        }
        match ct.protoinfo {
            Some(ProtoInfo::Tcp(tcp)) => {
                if let Some(state) = tcp.state {
                    let name = state.name().or(TcpState::NONE.name()).unwrap_or_default();
                    write!(out, "{name} ")?;
                }
            }
            Some(ProtoInfo::Sctp(sctp)) => {
                if let Some(state) = sctp.state {
                    let name = state.name().or(SctpState::NONE.name()).unwrap_or_default();
                    write!(out, "{name} ")?;
                }
            }
            Some(ProtoInfo::Dccp(dccp)) => {
                if let Some(state) = dccp.state {
                    let name = state.name().unwrap_or("NONE");
                    write!(out, "{name} ")?;
                }
            }
            None => {}
        }
        direction(&ct.orig, ct.family, "zone-orig", &ct.counters_orig, out)?;
        let status = ct.status.unwrap_or_default();
        if ct.status.is_some() && !status.contains(Status::SEEN_REPLY) {
            out.write_str("[UNREPLIED] ")?;
        }
        direction(&ct.reply, ct.family, "zone-reply", &ct.counters_reply, out)?;
        if status.contains(Status::HW_OFFLOAD) {
            out.write_str("[HW_OFFLOAD] ")?;
        } else if status.contains(Status::OFFLOAD) {
            out.write_str("[OFFLOAD] ")?;
        } else if status.contains(Status::ASSURED) {
            out.write_str("[ASSURED] ")?;
        }
        field(out, "mark", ct.mark)?;
        field(out, "secmark", ct.secmark)?;
        field(out, "secctx", ct.secctx.name.as_ref())?;
        field(out, "zone", ct.zone)?;
        self.times(ct, received, out)?;
        field(out, "helper", ct.help.name.as_ref())?;
        field(out, "use", ct.use_count)?;
        field(out, "id", ct.id.filter(|_| self.id))?;
        if let (Some(map), Some(labels)) = (&self.labels, ct.labels) {
            map.write(labels, out)?;
        }
        end_line(out);
        Ok(())
    }

    fn times(&self, ct: &Conntrack, received: Option<u64>, out: &mut String) -> fmt::Result {
        let Timestamp { start, stop } = ct.timestamp;
        let until = stop.filter(|&stop| stop != 0).or(self.as_of).or(received);
        if let (Some(start), Some(until)) = (start, until) {
            // Whole seconds are subtracted, and a negative age wraps, as in conntrack(8).
            write!(out, "delta-time={} ", (until / NANOS).wrapping_sub(start / NANOS))?;
        }
        let time = |ns: u64| Ctime(ns / NANOS, &self.time_zone);
        if let Some(start) = start.filter(|_| self.ktimestamp) {
            write!(out, "[start={}] ", time(start))?;
        }
        if let Some(stop) = stop.filter(|_| self.ktimestamp) {
            write!(out, "[stop={}] ", time(stop))?;
        }
        Ok(())
    }

    /// Appends the line of an expectation, without anything about an event.
    ///
    /// # Errors
    /// Only `out`'s own.
    pub fn expectation(
        &self,
        expectation: &Expectation,
        family: Family,
        out: &mut String,
    ) -> fmt::Result {
        if let Some(timeout) = expectation.timeout {
            write!(out, "{timeout} ")?;
        }
        let proto = expectation.tuple.proto.unwrap_or(IpProto(0));
        write!(out, "proto={} ", proto.0)?;
        let parts = [
            ("", &expectation.tuple),
            ("mask-", &expectation.mask),
            ("master-", &expectation.master),
        ];
        for (prefix, tuple) in parts {
            if !tuple.is_absent() {
                addresses(tuple, family, prefix, out)?;
                ports(tuple, out)?;
            }
        }
        field(out, "zone", expectation.zone)?;
        let flags = expectation.flags.unwrap_or_default();
        let names = [
            (ExpectFlags::PERMANENT, "PERMANENT"),
            (ExpectFlags::INACTIVE, "INACTIVE"),
            (ExpectFlags::USERSPACE, "USERSPACE"),
        ];
        let mut separator = "";
        for (flag, name) in names {
            if flags.contains(flag) {
                write!(out, "{separator}{name}")?;
                separator = ",";
            }
        }
        if !flags.is_empty() {
            out.push(' ');
        }
        field(out, "class", expectation.class)?;
        field(out, "helper", expectation.help_name.as_ref())?;
        end_line(out);
        Ok(())
    }
}

/// What conntrack(8) prints behind an event that user space caused.
fn event_end(kind: Kind, message: &Message<'_>, out: &mut String) -> fmt::Result {
    let portid = message.header().nlmsg_pid;
    if portid != 0 && kind != Kind::Reply {
        write!(out, " [USERSPACE] portid={portid}")?;
    }
    Ok(())
}

fn field(out: &mut String, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(out, "{name}={value} "))
}

/// What conntrack(8) prints before an event.
fn event_word(kind: Kind, out: &mut String) -> fmt::Result {
    let event = match kind {
        Kind::New => "[NEW]",
        Kind::Update => "[UPDATE]",
        Kind::Destroy => "[DESTROY]",
        _ => return Ok(()),
    };
    write!(out, "{event:>9} ")
}

/// Every field ends with a space, the line does not.
fn end_line(out: &mut String) {
    if out.ends_with(' ') {
        out.pop();
    }
}

fn direction(
    tuple: &Tuple,
    family: Family,
    zone: &str,
    counters: &Counters,
    out: &mut String,
) -> fmt::Result {
    if !tuple.is_absent() {
        addresses(tuple, family, "", out)?;
        ports(tuple, out)?;
        field(out, zone, tuple.zone)?;
    }
    let packets = counters.packets.or(counters.packets32.map(u64::from));
    let bytes = counters.bytes.or(counters.bytes32.map(u64::from));
    if let (Some(packets), Some(bytes)) = (packets, bytes) {
        write!(out, "packets={packets} bytes={bytes} ")?;
    }
    Ok(())
}

/// Absent addresses print as zeros, and none at all in messages of other families.
fn addresses(tuple: &Tuple, family: Family, prefix: &str, out: &mut String) -> fmt::Result {
    let zeros = match family {
        Family::IPV4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::IPV6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return Ok(()),
    };
    let (src, dst) = (tuple.src.unwrap_or(zeros), tuple.dst.unwrap_or(zeros));
    write!(out, "{prefix}src={} {prefix}dst={} ", Ntop(src), Ntop(dst))
}

/// An address as inet_ntop(3) writes it: as Rust does, but for the IPv4-compatible `::192.0.2.1`.
struct Ntop(IpAddr);

impl fmt::Display for Ntop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(addr) => match addr.octets() {
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
                    write!(f, "::{}", Ipv4Addr::new(a, b, c, d))
                }
                _ => addr.fmt(f),
            },
            IpAddr::V4(addr) => addr.fmt(f),
        }
    }
}

/// Absent ports print as zeros.
fn ports(tuple: &Tuple, out: &mut String) -> fmt::Result {
    let (src, dst) = (tuple.src_port.unwrap_or(0), tuple.dst_port.unwrap_or(0));
    match tuple.proto {
        Some(IpProto::TCP | IpProto::UDP | IpProto::UDPLITE | IpProto::SCTP | IpProto::DCCP) => {
            write!(out, "sport={src} dport={dst} ")
        }
        Some(IpProto::GRE) => write!(out, "srckey={src:#x} dstkey={dst:#x} "),
        Some(IpProto::ICMP | IpProto::ICMPV6) => {
            let (ty, code) = (tuple.icmp_type.unwrap_or(0), tuple.icmp_code.unwrap_or(0));
            write!(out, "type={ty} code={code} id={} ", tuple.icmp_id.unwrap_or(0))
        }
        _ => Ok(()),
    }
}

fn stats_cpu(cpu: u16, stats: &StatsCpu, out: &mut String) -> fmt::Result {
    let fields = [
        ("searched", stats.searched),
        ("found", stats.found),
        ("new", stats.new),
        ("invalid", stats.invalid),
        ("ignore", stats.ignore),
        ("delete", stats.delete),
        ("delete_list", stats.delete_list),
        ("insert", stats.insert),
        ("insert_failed", stats.insert_failed),
        ("drop", stats.drop),
        ("early_drop", stats.early_drop),
        ("error", stats.error),
        ("search_restart", stats.search_restart),
        ("clash_resolve", stats.clash_resolve),
        ("chaintoolong", stats.chain_toolong),
    ];
    cpu_line(cpu, &fields, out)
}

fn expect_stats(cpu: u16, stats: &ExpectStats, out: &mut String) -> fmt::Result {
    let fields = [
        ("expect_new", stats.new),
        ("expect_create", stats.create),
        ("expect_delete", stats.delete),
    ];
    cpu_line(cpu, &fields, out)
}

fn cpu_line(cpu: u16, fields: &[(&str, Option<u32>)], out: &mut String) -> fmt::Result {
    write!(out, "cpu={cpu:<4}\t")?;
    fields.iter().try_for_each(|(name, value)| field(out, name, *value))
}

fn stats_global(stats: &StatsGlobal, out: &mut String) -> fmt::Result {
    stats.entries.map_or(Ok(()), |entries| write!(out, "{entries}"))
}
