//! Lines of text as conntrack(8) 1.4.9 prints them.
//!
//! # Examples
//! ```
//! use ctnetlink::format::text::Text;
//! use ctnetlink::{Message, wire::Endian};
//!
//! # let hex = "f4000000000102000100000037c5e0d1020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002009c440000060003001b5a00003400028014000180080001007f000001080002007f0000011c0002800500010011000000060002001b5a0000060003009c44000006001200000900000800030000000188080008000000002a08000c00546b34fa08000b0000000001080007000000001d1c0009800c00010000000000000000010c000200000000000000001d1c000a800c00010000000000000000000c0002000000000000000000100014800c00010018ea516a43f9b688";
//! # let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap()).collect();
//! # let datagram = &bytes[..];
//! let message = Message::parse_with(datagram, Endian::Little)?;
//! // The flow has not ended, so its age (`delta-time`) depends on the given time.
//! let text = Text { as_of: Some(1_795_336_919_000_000_000), ..Text::default() };
//! assert_eq!(
//!     text.line(&message, None).unwrap(),
//!     "udp      17 29 src=127.0.0.1 dst=127.0.0.1 sport=40004 dport=7002 packets=1 bytes=29 \
//!      [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 sport=7002 dport=40004 packets=0 bytes=0 mark=42 \
//!      zone=9 delta-time=1 use=1",
//! );
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```

use super::time::{TimeZone, push_ctime};
use crate::attrs::{ExpectFlags, Status};
use crate::error::Error;
use crate::flat::{
    Counters, Counters32, ExpectStats, Labels, Name, ProtoInfo, Record as _, StatsCpu, StatsGlobal,
    Timestamp, Tuple,
};
use crate::line::{Buffer, Line, Sink, Word};
use crate::nested::{DccpState, IpProto, SctpState, TcpState};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message};
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::Write as _;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NANOS: u64 = 1_000_000_000;

/// The options of the text, as those of conntrack(8)'s `-o`.
///
/// # Examples
/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Starts lines with the layer 3 protocol, as `-o extended`.
    pub extended: bool,
    /// Prints the id, as `-o id`.
    pub id: bool,
    /// Prints the start and stop times, as `-o ktimestamp`.
    pub ktimestamp: bool,
    /// Starts lines of events with the time of the event, as `-o timestamp`.
    ///
    /// The time is `CTA_TIMESTAMP_EVENT` or, if the kernel did not send it, the time at which the
    /// message was received.
    pub timestamp: bool,
    /// Prints the labels, as `-o labels`.
    pub labels: Option<LabelMap>,
    /// The time at which to compute the age of active flows, in nanoseconds since the Unix epoch.
    ///
    /// If it is `None`, the age is computed at the time at which the message was received. If that is
    /// not known either, no age is printed.
    pub as_of: Option<u64>,
    /// The time zone of the start and stop times.
    pub time_zone: TimeZone,
}

/// The names of labels.
///
/// # Examples
/// ```
/// use ctnetlink::format::text::LabelMap;
///
/// let map = LabelMap::parse("# a comment\n3 suspicious\n64\tvpn\n");
/// assert_eq!(map.number("vpn"), Some(64));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelMap {
    /// Labels are printed as numbers.
    #[default]
    Numbers,
    /// Labels are printed by name; as in conntrack(8), labels without a name are not printed.
    Names(BTreeMap<u8, String>),
}

impl LabelMap {
    /// Parses a file such as `/etc/xtables/connlabel.conf`.
    ///
    /// A line consists of a number from 0 to 127, white space and a name. Other lines, such as comments
    /// after `#`, are ignored. If a number has several names, the first one is used.
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

    /// Returns the number of the label with that name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u8> {
        match self {
            Self::Numbers => None,
            Self::Names(names) => {
                names.iter().find(|(_, found)| *found == name).map(|(&number, _)| number)
            }
        }
    }

    fn write<'l>(&self, labels: Labels, line: Line<'l>) -> Line<'l> {
        let mut line = line.constant("labels");
        let mut separator = "=";
        for label in labels.iter() {
            let name = match self {
                Self::Numbers => None,
                Self::Names(names) => match names.get(&label) {
                    Some(name) => Some(name),
                    None => continue,
                },
            };
            line = line.constant(separator);
            line = match name {
                Some(name) => line.text(name),
                None => line.number(label),
            };
            separator = ",";
        }
        line.constant(" ")
    }
}

impl Text {
    /// Returns the line of a message without a newline, or `None` if conntrack(8) prints none.
    ///
    /// It prints none for requests, acknowledgements, ends of dumps and other netfilter subsystems.
    /// `received` is the time at which the message was captured or received, in nanoseconds since the
    /// Unix epoch. Malformed attributes are absent.
    #[must_use]
    pub fn line(&self, message: &Message<'_>, received: Option<u64>) -> Option<String> {
        let mut line = String::new();
        self.write(message, received, &mut line).then_some(line)
    }

    /// Appends the line of a message to `out`, and returns `true` if conntrack(8) prints one.
    ///
    /// See [`line`](Self::line).
    pub fn write(&self, message: &Message<'_>, received: Option<u64>, out: &mut dyn Sink) -> bool {
        has_line(message.kind()) && self.write_and_report(message, received, out, |_| ())
    }

    /// Appends the line of a message to `out`, and passes every decoding error to `report`.
    ///
    /// Returns `true` if conntrack(8) prints a line. Errors are reported also if it prints none.
    pub fn write_and_report(
        &self,
        message: &Message<'_>,
        received: Option<u64>,
        out: &mut dyn Sink,
        mut report: impl FnMut(Error),
    ) -> bool {
        let report = &mut report;
        let kind = message.kind();
        if !has_line(kind) {
            message.for_each_error(report);
            return false;
        }
        let body = match message.body() {
            Ok(body) => body,
            Err(error) => {
                report(error);
                return false;
            }
        };
        let mut buffer = Buffer::new(out);
        let line = Line::new(&mut buffer);
        let line = match body {
            Body::Conntrack(nfgen, attrs) => {
                let mut ct = Conntrack::default();
                ct.read_attrs(attrs, report);
                ct.family = nfgen.nfgen_family;
                let line = self.event_time(kind, ct.timestamp_event.or(received), line);
                let line = event_word(kind, line);
                let line = self.write_conntrack(&ct, received, line);
                event_end(kind, message, line)
            }
            Body::Expect(nfgen, attrs) => {
                let expectation = Expectation::decode(attrs, report);
                let line = self.expectation_time(received, line);
                let line = event_word(kind, line);
                write_expectation(&expectation, nfgen.nfgen_family, line)
            }
            Body::StatsCpu(nfgen, attrs) => {
                stats_cpu(nfgen.res_id, &StatsCpu::decode(attrs, report), line)
            }
            Body::StatsGlobal(_, attrs) => stats_global(&StatsGlobal::decode(attrs, report), line),
            Body::ExpectStats(nfgen, attrs) => {
                expect_stats(nfgen.res_id, &ExpectStats::decode(attrs, report), line)
            }
            _ => line,
        };
        line.finish()
    }

    /// Appends the line of an entry, without the words for an event.
    pub fn conntrack(&self, ct: &Conntrack, received: Option<u64>, out: &mut dyn Sink) {
        self.write_conntrack(ct, received, Line::new(&mut Buffer::new(out))).finish();
    }

    /// Appends the line of an expectation, without the words for an event.
    pub fn expectation(&self, expectation: &Expectation, out: &mut dyn Sink) {
        let mut buffer = Buffer::new(out);
        write_expectation(expectation, expectation.family, Line::new(&mut buffer)).finish();
    }

    /// Appends the time of an event.
    fn event_time<'l>(&self, kind: Kind, time: Option<u64>, mut line: Line<'l>) -> Line<'l> {
        if let Some(time) = time.filter(|_| self.timestamp && kind != Kind::Reply) {
            // Writing to a line does not fail.
            let _ = write!(line, "[{:08}.{:06}]\t", time / NANOS, time % NANOS / 1000);
        }
        line
    }

    /// Appends the time at which an expectation was received, also in dumps, padded with spaces.
    fn expectation_time<'l>(&self, time: Option<u64>, mut line: Line<'l>) -> Line<'l> {
        if let Some(time) = time.filter(|_| self.timestamp) {
            let _ = write!(line, "[{:<8}.{:<6}]\t", time / NANOS, time % NANOS / 1000);
        }
        line
    }

    fn write_conntrack<'l>(
        &self,
        ct: &Conntrack,
        received: Option<u64>,
        mut line: Line<'l>,
    ) -> Line<'l> {
        if self.extended && !ct.orig.is_empty() {
            let word = ct.family.word().filter(|_| ct.family.0 != 0).unwrap_or(&UNKNOWN);
            line = line.padded(word).constant(" ").number_and(ct.family.0, b' ');
        }
        if let Some(proto) = ct.orig.proto {
            let word = proto.word().unwrap_or(&UNKNOWN);
            line = line.padded(word).constant(" ").number_and(proto.0, b' ');
        }
        line = number(line, "", ct.timeout);
        if let Some(state) = state(ct) {
            line = line.name(state).constant(" ");
        }
        let rare = ct.rare();
        let counters = (&ct.counters_orig, &rare.counters32_orig);
        line = direction(&ct.orig, ct.family, "zone-orig=", counters, line);
        let status = ct.status.unwrap_or_default();
        if ct.status.is_some() && !status.contains(Status::SEEN_REPLY) {
            line = line.constant("[UNREPLIED] ");
        }
        let counters = (&ct.counters_reply, &rare.counters32_reply);
        line = direction(&ct.reply, ct.family, "zone-reply=", counters, line);
        if status.contains(Status::HW_OFFLOAD) {
            line = line.constant("[HW_OFFLOAD] ");
        } else if status.contains(Status::OFFLOAD) {
            line = line.constant("[OFFLOAD] ");
        } else if status.contains(Status::ASSURED) {
            line = line.constant("[ASSURED] ");
        }
        line = number(line, "mark=", ct.mark);
        line = number(line, "secmark=", rare.secmark);
        line = name(line, "secctx=", ct.secctx.name.as_ref());
        line = number(line, "zone=", ct.zone);
        line = self.times(ct, received, line);
        line = name(line, "helper=", ct.help.name.as_ref());
        line = number(line, "use=", ct.use_count);
        line = number(line, "id=", ct.id.filter(|_| self.id));
        if let (Some(map), Some(labels)) = (&self.labels, ct.labels) {
            line = map.write(labels, line);
        }
        line.trimmed()
    }

    #[inline(always)]
    fn times<'l>(&self, ct: &Conntrack, received: Option<u64>, mut line: Line<'l>) -> Line<'l> {
        let Timestamp { start, stop } = ct.timestamp;
        let until = stop.filter(|&stop| stop != 0).or(self.as_of).or(received);
        if let (Some(start), Some(until)) = (start, until) {
            // As conntrack(8), subtract whole seconds and let a negative age wrap.
            let age = (until / NANOS).wrapping_sub(start / NANOS);
            line = number(line, "delta-time=", Some(age));
        }
        if self.ktimestamp {
            line = self.time("[start=", start, line);
            line = self.time("[stop=", stop, line);
        }
        line
    }

    #[inline(always)]
    fn time<'l>(&self, word: &'static str, time: Option<u64>, line: Line<'l>) -> Line<'l> {
        match time {
            Some(time) => {
                push_ctime(line.constant(word), time / NANOS, &self.time_zone).constant("] ")
            }
            None => line,
        }
    }
}

/// The word of conntrack(8) for a protocol without a name.
const UNKNOWN: Word = Word::new("unknown");

fn write_expectation<'l>(
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
fn part<'l>(tuple: &Tuple, family: Family, words: [&'static str; 2], line: Line<'l>) -> Line<'l> {
    match tuple.is_empty() {
        true => line,
        false => ports(tuple, addresses(tuple, family, words, line)),
    }
}

/// Returns `true` if conntrack(8) prints messages of this kind.
fn has_line(kind: Kind) -> bool {
    !matches!(kind, Kind::Request | Kind::Control | Kind::Foreign)
}

/// Returns the state of the protocol, as conntrack(8) names it.
fn state(ct: &Conntrack) -> Option<&'static Word> {
    match ct.protoinfo? {
        ProtoInfo::Tcp(tcp) => tcp.state?.word().or(TcpState::NONE.word()),
        ProtoInfo::Sctp(sctp) => sctp.state?.word().or(SctpState::NONE.word()),
        ProtoInfo::Dccp(dccp) => dccp.state?.word().or(DccpState::NONE.word()),
    }
}

/// Appends what conntrack(8) prints after an event that user space caused.
fn event_end<'l>(kind: Kind, message: &Message<'_>, line: Line<'l>) -> Line<'l> {
    match message.header().nlmsg_pid {
        portid if portid != 0 && kind != Kind::Reply => {
            line.constant(" [USERSPACE] portid=").number(portid)
        }
        _ => line,
    }
}

/// Appends a word and a number, if there is one.
#[inline(always)]
fn number<'l>(line: Line<'l>, word: &'static str, value: Option<impl Into<u64>>) -> Line<'l> {
    match value {
        Some(value) => line.constant(word).number_and(value, b' '),
        None => line,
    }
}

/// Appends a word and a name, if there is one, with U+FFFD for bytes that are not UTF-8.
#[inline(always)]
fn name<'l>(line: Line<'l>, word: &'static str, value: Option<&Name>) -> Line<'l> {
    match value {
        Some(value) => write_name(line.constant(word), value).constant(" "),
        None => line,
    }
}

fn write_name<'l>(mut line: Line<'l>, name: &Name) -> Line<'l> {
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
fn event_word(kind: Kind, line: Line<'_>) -> Line<'_> {
    match kind {
        Kind::New | Kind::ExpectNew => line.constant("    [NEW] "),
        Kind::Update | Kind::ExpectUpdate => line.constant(" [UPDATE] "),
        Kind::Destroy | Kind::ExpectDestroy => line.constant("[DESTROY] "),
        _ => line,
    }
}

#[inline(always)]
fn direction<'l>(
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
fn addresses<'l>(
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
fn ntop(line: Line<'_>, address: IpAddr) -> Line<'_> {
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
fn ports<'l>(tuple: &Tuple, line: Line<'l>) -> Line<'l> {
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

fn stats_cpu<'l>(cpu: u16, stats: &StatsCpu, line: Line<'l>) -> Line<'l> {
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

fn expect_stats<'l>(cpu: u16, stats: &ExpectStats, line: Line<'l>) -> Line<'l> {
    let fields = [
        ("expect_new=", stats.new),
        ("expect_create=", stats.create),
        ("expect_delete=", stats.delete),
    ];
    cpu_line(cpu, &fields, line)
}

fn cpu_line<'l>(cpu: u16, fields: &[(&str, Option<u32>)], mut line: Line<'l>) -> Line<'l> {
    // Writing to a line does not fail.
    let _ = write!(line, "cpu={cpu:<4}\t");
    for (word, value) in fields {
        if let Some(value) = value {
            line = line.text(word).number_and(*value, b' ');
        }
    }
    line
}

fn stats_global<'l>(stats: &StatsGlobal, line: Line<'l>) -> Line<'l> {
    match stats.entries {
        Some(entries) => line.number(entries),
        None => line,
    }
}
