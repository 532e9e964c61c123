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

use super::line::Line;
use super::time::{TimeZone, push_ctime};
use crate::attrs::{ExpectFlags, Status};
use crate::error::Error;
use crate::flat::{
    Counters, ExpectStats, Labels, Name, ProtoInfo, Record as _, StatsCpu, StatsGlobal, Timestamp,
    Tuple,
};
use crate::nested::{DccpState, IpProto, SctpState, TcpState};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message};
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::Write as _;
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

    fn write(&self, labels: Labels, line: &mut Line<'_>) {
        line.constant("labels");
        let mut separator = "=";
        for label in labels.iter() {
            let name = match self {
                Self::Numbers => None,
                Self::Names(names) => match names.get(&label) {
                    Some(name) => Some(name),
                    None => continue,
                },
            };
            line.constant(separator);
            match name {
                Some(name) => line.text(name),
                None => line.number(label),
            }
            separator = ",";
        }
        line.constant(" ");
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
        has_line(message.kind()) && self.write_and_report(message, received, out, &mut |_| ())
    }

    /// As [`write`](Self::write); what is wrong in the message goes to `report`, also if there is no
    /// line for it.
    pub fn write_and_report(
        &self,
        message: &Message<'_>,
        received: Option<u64>,
        out: &mut String,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        let kind = message.kind();
        if !has_line(kind) {
            message.report(report);
            return false;
        }
        let body = match message.body() {
            Ok(body) => body,
            Err(error) => {
                report(error);
                return false;
            }
        };
        let start = out.len();
        let line = &mut Line::new(out);
        match body {
            Body::Conntrack(nfgen, attrs) => {
                let mut ct = Conntrack::default();
                ct.read_attrs(attrs, report);
                ct.family = nfgen.nfgen_family;
                self.event_time(kind, ct.timestamp_event.or(received), line);
                event_word(kind, line);
                self.write_conntrack(&ct, received, line);
                event_end(kind, message, line);
            }
            Body::Expect(nfgen, attrs) => {
                let expectation = Expectation::read(attrs, report);
                self.expectation_time(received, line);
                event_word(kind, line);
                write_expectation(&expectation, nfgen.nfgen_family, line);
            }
            Body::StatsCpu(nfgen, attrs) => {
                stats_cpu(nfgen.res_id, &StatsCpu::read(attrs, report), line);
            }
            Body::StatsGlobal(_, attrs) => stats_global(&StatsGlobal::read(attrs, report), line),
            Body::ExpectStats(nfgen, attrs) => {
                expect_stats(nfgen.res_id, &ExpectStats::read(attrs, report), line);
            }
            _ => {}
        }
        line.string().len() > start
    }

    /// Appends the line of an entry, without anything about an event.
    pub fn conntrack(&self, ct: &Conntrack, received: Option<u64>, out: &mut String) {
        let mut line = Line::new(out);
        self.write_conntrack(ct, received, &mut line);
        line.string();
    }

    /// Appends the line of an expectation, without anything about an event.
    pub fn expectation(&self, expectation: &Expectation, family: Family, out: &mut String) {
        let mut line = Line::new(out);
        write_expectation(expectation, family, &mut line);
        line.string();
    }

    /// When an event happened.
    fn event_time(&self, kind: Kind, time: Option<u64>, line: &mut Line<'_>) {
        if let Some(time) = time.filter(|_| self.timestamp && kind != Kind::Reply) {
            // Writing to a string does not fail.
            let _ = write!(line.string(), "[{:08}.{:06}]\t", time / NANOS, time % NANOS / 1000);
        }
    }

    /// When an expectation was received: in dumps too, and padded with spaces.
    fn expectation_time(&self, time: Option<u64>, line: &mut Line<'_>) {
        if let Some(time) = time.filter(|_| self.timestamp) {
            let _ = write!(line.string(), "[{:<8}.{:<6}]\t", time / NANOS, time % NANOS / 1000);
        }
    }

    fn write_conntrack(&self, ct: &Conntrack, received: Option<u64>, line: &mut Line<'_>) {
        if self.extended && !ct.orig.is_absent() {
            let name = ct.family.name().filter(|_| ct.family.0 != 0).unwrap_or("unknown");
            line.padded(name);
            line.constant(" ");
            line.number_and(ct.family.0, Some(b' '));
        }
        if let Some(proto) = ct.orig.proto {
            line.padded(proto.name().unwrap_or("unknown"));
            line.constant(" ");
            line.number_and(proto.0, Some(b' '));
        }
        if let Some(timeout) = ct.timeout {
            line.number_and(timeout, Some(b' '));
        }
        if let Some(state) = state(ct) {
            line.text(state);
            line.constant(" ");
        }
        direction(&ct.orig, ct.family, "zone-orig=", &ct.counters_orig, line);
        let status = ct.status.unwrap_or_default();
        if ct.status.is_some() && !status.contains(Status::SEEN_REPLY) {
            line.constant("[UNREPLIED] ");
        }
        direction(&ct.reply, ct.family, "zone-reply=", &ct.counters_reply, line);
        if status.contains(Status::HW_OFFLOAD) {
            line.constant("[HW_OFFLOAD] ");
        } else if status.contains(Status::OFFLOAD) {
            line.constant("[OFFLOAD] ");
        } else if status.contains(Status::ASSURED) {
            line.constant("[ASSURED] ");
        }
        number(line, "mark=", ct.mark);
        number(line, "secmark=", ct.secmark);
        name(line, "secctx=", ct.secctx.name.as_ref());
        number(line, "zone=", ct.zone);
        self.times(ct, received, line);
        name(line, "helper=", ct.help.name.as_ref());
        number(line, "use=", ct.use_count);
        number(line, "id=", ct.id.filter(|_| self.id));
        if let (Some(map), Some(labels)) = (&self.labels, ct.labels) {
            map.write(labels, line);
        }
        line.take_back(' ');
    }

    fn times(&self, ct: &Conntrack, received: Option<u64>, line: &mut Line<'_>) {
        let Timestamp { start, stop } = ct.timestamp;
        let until = stop.filter(|&stop| stop != 0).or(self.as_of).or(received);
        if let (Some(start), Some(until)) = (start, until) {
            // Whole seconds are subtracted, and a negative age wraps, as in conntrack(8).
            number(line, "delta-time=", Some((until / NANOS).wrapping_sub(start / NANOS)));
        }
        if self.ktimestamp {
            self.time("[start=", start, line);
            self.time("[stop=", stop, line);
        }
    }

    #[inline(always)]
    fn time(&self, word: &'static str, time: Option<u64>, line: &mut Line<'_>) {
        if let Some(time) = time {
            line.constant(word);
            push_ctime(line, time / NANOS, &self.time_zone);
            line.constant("] ");
        }
    }
}

fn write_expectation(expectation: &Expectation, family: Family, line: &mut Line<'_>) {
    number(line, "", expectation.timeout);
    number(line, "proto=", Some(expectation.tuple.proto.unwrap_or(IpProto(0)).0));
    part(&expectation.tuple, family, ["src=", "dst="], line);
    part(&expectation.mask, family, ["mask-src=", "mask-dst="], line);
    part(&expectation.master, family, ["master-src=", "master-dst="], line);
    number(line, "zone=", expectation.zone);
    let flags = expectation.flags.unwrap_or_default();
    let names = [
        (ExpectFlags::PERMANENT, "PERMANENT"),
        (ExpectFlags::INACTIVE, "INACTIVE"),
        (ExpectFlags::USERSPACE, "USERSPACE"),
    ];
    let mut separator = "";
    for (flag, name) in names {
        if flags.contains(flag) {
            line.text(separator);
            line.text(name);
            separator = ",";
        }
    }
    if !flags.is_empty() {
        line.constant(" ");
    }
    number(line, "class=", expectation.class);
    name(line, "helper=", expectation.help_name.as_ref());
    line.take_back(' ');
}

/// A tuple of an expectation.
#[inline(always)]
fn part(tuple: &Tuple, family: Family, words: [&'static str; 2], line: &mut Line<'_>) {
    if !tuple.is_absent() {
        addresses(tuple, family, words, line);
        ports(tuple, line);
    }
}

/// Whether conntrack(8) prints messages of that kind.
fn has_line(kind: Kind) -> bool {
    !matches!(kind, Kind::Request | Kind::Control | Kind::Foreign)
}

/// The state of the protocol, as conntrack(8) names it.
fn state(ct: &Conntrack) -> Option<&'static str> {
    match ct.protoinfo? {
        ProtoInfo::Tcp(tcp) => tcp.state?.name().or(TcpState::NONE.name()),
        ProtoInfo::Sctp(sctp) => sctp.state?.name().or(SctpState::NONE.name()),
        ProtoInfo::Dccp(dccp) => dccp.state?.name().or(DccpState::NONE.name()),
    }
}

/// What conntrack(8) prints behind an event that user space caused.
fn event_end(kind: Kind, message: &Message<'_>, line: &mut Line<'_>) {
    let portid = message.header().nlmsg_pid;
    if portid != 0 && kind != Kind::Reply {
        line.constant(" [USERSPACE] portid=");
        line.number(portid);
    }
}

/// A word and a number, if there is one.
#[inline(always)]
fn number(line: &mut Line<'_>, word: &'static str, value: Option<impl Into<u64>>) {
    if let Some(value) = value {
        line.constant(word);
        line.number_and(value, Some(b' '));
    }
}

/// A word and a name, if there is one; bytes that are no UTF-8 print as U+FFFD.
fn name(line: &mut Line<'_>, word: &'static str, value: Option<&Name>) {
    let Some(value) = value else { return };
    line.constant(word);
    match value.to_str() {
        Some(text) => line.text(text),
        // Writing to a string does not fail.
        None => drop(write!(line.string(), "{value}")),
    }
    line.constant(" ");
}

/// What conntrack(8) prints before an event.
fn event_word(kind: Kind, line: &mut Line<'_>) {
    match kind {
        Kind::New => line.constant("    [NEW] "),
        Kind::Update => line.constant(" [UPDATE] "),
        Kind::Destroy => line.constant("[DESTROY] "),
        _ => {}
    }
}

#[inline(always)]
fn direction(
    tuple: &Tuple,
    family: Family,
    zone: &'static str,
    counters: &Counters,
    line: &mut Line<'_>,
) {
    if !tuple.is_absent() {
        addresses(tuple, family, ["src=", "dst="], line);
        ports(tuple, line);
        number(line, zone, tuple.zone);
    }
    let packets = counters.packets.or(counters.packets32.map(u64::from));
    let bytes = counters.bytes.or(counters.bytes32.map(u64::from));
    if packets.is_some() && bytes.is_some() {
        number(line, "packets=", packets);
        number(line, "bytes=", bytes);
    }
}

/// Absent addresses print as zeros, and none at all in messages of other families.
#[inline(always)]
fn addresses(tuple: &Tuple, family: Family, [src, dst]: [&'static str; 2], line: &mut Line<'_>) {
    let zeros = match family {
        Family::IPV4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::IPV6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return,
    };
    line.constant(src);
    ntop(line, tuple.src.unwrap_or(zeros));
    line.constant(" ");
    line.constant(dst);
    ntop(line, tuple.dst.unwrap_or(zeros));
    line.constant(" ");
}

/// An address as inet_ntop(3) writes it: as Rust does, but for the IPv4-compatible `::192.0.2.1`.
fn ntop(line: &mut Line<'_>, address: IpAddr) {
    match address {
        IpAddr::V6(address) => match address.octets() {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
                line.constant("::");
                line.ipv4(Ipv4Addr::new(a, b, c, d));
            }
            _ => line.ipv6(address),
        },
        IpAddr::V4(address) => line.ipv4(address),
    }
}

/// Absent ports print as zeros.
fn ports(tuple: &Tuple, line: &mut Line<'_>) {
    let (src, dst) = (tuple.src_port.unwrap_or(0), tuple.dst_port.unwrap_or(0));
    match tuple.proto {
        Some(IpProto::TCP | IpProto::UDP | IpProto::UDPLITE | IpProto::SCTP | IpProto::DCCP) => {
            number(line, "sport=", Some(src));
            number(line, "dport=", Some(dst));
        }
        Some(IpProto::GRE) => {
            line.constant("srckey=0x");
            line.hex_and(src, Some(b' '));
            line.constant("dstkey=0x");
            line.hex_and(dst, Some(b' '));
        }
        Some(IpProto::ICMP | IpProto::ICMPV6) => {
            number(line, "type=", Some(tuple.icmp_type.unwrap_or(0)));
            number(line, "code=", Some(tuple.icmp_code.unwrap_or(0)));
            number(line, "id=", Some(tuple.icmp_id.unwrap_or(0)));
        }
        _ => {}
    }
}

fn stats_cpu(cpu: u16, stats: &StatsCpu, line: &mut Line<'_>) {
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
    cpu_line(cpu, &fields, line);
}

fn expect_stats(cpu: u16, stats: &ExpectStats, line: &mut Line<'_>) {
    let fields = [
        ("expect_new=", stats.new),
        ("expect_create=", stats.create),
        ("expect_delete=", stats.delete),
    ];
    cpu_line(cpu, &fields, line);
}

fn cpu_line(cpu: u16, fields: &[(&str, Option<u32>)], line: &mut Line<'_>) {
    // Writing to a string does not fail.
    let _ = write!(line.string(), "cpu={cpu:<4}\t");
    for (word, value) in fields {
        if let Some(value) = value {
            line.text(word);
            number(line, "", Some(*value));
        }
    }
}

fn stats_global(stats: &StatsGlobal, line: &mut Line<'_>) {
    if let Some(entries) = stats.entries {
        line.number(entries);
    }
}
