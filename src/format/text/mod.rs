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

mod label_map;
mod parts;

pub use self::label_map::LabelMap;
use self::parts::{
    UNKNOWN, direction, event_end, event_word, expect_stats, has_line, name, number, state,
    stats_cpu, stats_global, write_expectation,
};
use super::time::{TimeZone, push_ctime};
use crate::attrs::Status;
use crate::error::Error;
use crate::flat::{ExpectStats, Record as _, StatsCpu, StatsGlobal, Timestamp};
use crate::line::{Buffer, Line, Sink};
use crate::{Body, Conntrack, Expectation, Kind, Message};
use alloc::string::String;
use core::fmt::Write as _;

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
