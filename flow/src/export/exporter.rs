//! Export without input and output: when to send what, and what was sent.

use super::timer::{Timer, ns};
use super::{Counts, Loss};
use crate::Flow;
use crate::ipfix::{Config, Encoder, IpfixMessage, Statistics};
use std::time::Duration;

/// The options of an [`Exporter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The options of the messages.
    pub ipfix: Config,
    /// How long a record may wait for its message to become full.
    pub flush_after: Duration,
    /// How often all templates are sent again; `None` means never.
    ///
    /// Over UDP this is a must, because datagrams get lost and collectors are restarted. Over TCP and in
    /// files, a template is sent once.
    pub template_interval: Option<Duration>,
    /// How often statistics are sent.
    ///
    /// They are also sent after each loss, and at the end.
    pub statistics_interval: Duration,
    /// The number of bytes that may wait to be sent.
    ///
    /// Beyond that, records are dropped before they become part of a message, and are counted.
    pub max_waiting: usize,
    /// The number that the statistics contain as the exporting process.
    pub process: u32,
}

/// Messages of any length that wait at most a second.
///
/// Templates are not repeated, statistics are sent each minute, and 4 MiB may wait.
impl Default for Options {
    fn default() -> Self {
        Self {
            ipfix: Config::default(),
            flush_after: Duration::from_secs(1),
            template_interval: None,
            statistics_interval: Duration::from_secs(60),
            max_waiting: 4 << 20,
            process: std::process::id(),
        }
    }
}

/// The size of a message that was taken out of an [`Exporter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageSize {
    /// The number of bytes.
    pub bytes: usize,
    /// The number of flow records.
    pub records: u32,
}

impl From<&IpfixMessage<'_>> for MessageSize {
    fn from(message: &IpfixMessage<'_>) -> Self {
        Self { bytes: message.bytes.len(), records: message.records }
    }
}

/// Decides when messages are sent, and counts what was sent and what was not.
///
/// It does no input or output, so that programs with any kind of socket can use it. The caller
/// gives it flows, the number of events that the kernel dropped, and the time, and sends the
/// messages that it returns. Times are nanoseconds since the Unix epoch; a clock that is set back
/// does no harm.
///
/// # Examples
/// A program on tokio calls [`tick`](Self::tick) at [`next_deadline`](Self::next_deadline), and then
/// sends:
/// ```
/// use ctnetlink_flow::export::{Exporter, MessageSize};
/// # use std::future::Future;
/// # struct Socket;
/// # impl Socket { async fn send(&self, _: &[u8]) -> std::io::Result<usize> { Ok(0) } }
///
/// async fn send(exporter: &mut Exporter, socket: &Socket, now: u64) {
///     exporter.tick(now);
///     while let Some(message) = exporter.next_message(now) {
///         let size = MessageSize::from(&message);
///         if socket.send(message.bytes).await.is_err() {
///             exporter.failed(size, now);
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Exporter {
    encoder: Encoder,
    options: Options,
    counts: Counts,
    /// The events that the kernel dropped.
    lost: u64,
    /// The records of all flows so far.
    observed: u64,
    loss: Loss,
    /// Runs while a message is open.
    flush: Option<Timer>,
    templates: Option<Timer>,
    statistics: Timer,
    is_statistics_due: bool,
}

impl Exporter {
    /// Creates an exporter at the start of a transport session.
    #[must_use]
    pub fn new(options: Options, now: u64) -> Self {
        Self {
            encoder: Encoder::new(options.ipfix),
            options,
            counts: Counts::default(),
            lost: 0,
            observed: 0,
            loss: Loss::none(now),
            flush: None,
            templates: options.template_interval.map(|interval| Timer::new(now, ns(interval))),
            statistics: Timer::new(now, ns(options.statistics_interval)),
            is_statistics_due: false,
        }
    }

    /// Adds the records of a flow.
    ///
    /// If too much waits, the records are dropped and counted as not sent.
    #[inline]
    pub fn push(&mut self, flow: &Flow<'_>, now: u64) {
        if self.is_full() {
            let records = u64::from(self.encoder.record_count(flow));
            self.observed += records;
            self.not_sent(records, now);
            return;
        }
        let records = self.encoder.push(flow, now);
        self.observed += u64::from(records);
        if records > 0 && self.flush.is_none() {
            self.flush = Some(Timer::new(now, ns(self.options.flush_after)));
        }
    }

    /// Notes that the kernel dropped events, so that the next statistics report them.
    pub fn lost(&mut self, events: u64, now: u64) {
        if events > 0 {
            self.lost += events;
            self.observed += events;
            self.note_loss(now);
        }
    }

    /// Does what is due: completes messages, and repeats templates and statistics.
    pub fn tick(&mut self, now: u64) {
        let is_due = |timer: Option<Timer>| timer.is_some_and(|timer| timer.is_due(now));
        if is_due(self.templates) {
            self.encoder.resend_templates(now);
            self.templates = self.options.template_interval.map(|t| Timer::new(now, ns(t)));
        }
        if is_due(self.flush) {
            self.encoder.flush(now);
        }
        if !self.encoder.has_open_message() {
            self.flush = None;
        }
        if self.statistics.is_due(now) {
            self.is_statistics_due = true;
            self.statistics = Timer::new(now, ns(self.options.statistics_interval));
        }
    }

    /// Returns the time at which [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> u64 {
        let timers = [Some(self.statistics), self.flush, self.templates];
        timers.into_iter().flatten().map(Timer::end).min().unwrap_or(u64::MAX)
    }

    /// Completes the open message, and adds the last statistics.
    pub fn finish(&mut self, now: u64) {
        self.encoder.flush(now);
        self.flush = None;
        self.is_statistics_due = true;
    }

    /// Takes the next message to send, which then counts as sent.
    ///
    /// If it cannot be sent, call [`failed`](Self::failed).
    pub fn next_message(&mut self, now: u64) -> Option<IpfixMessage<'_>> {
        if self.is_statistics_due && self.encoder.queued_bytes() == 0 {
            // Statistics count what was sent before them, so that they are made last.
            if self.encoder.has_open_message() {
                self.encoder.flush(now);
            } else {
                self.is_statistics_due = false;
                let statistics = self.statistics();
                self.encoder.push_statistics(&statistics, now);
            }
        }
        let message = self.encoder.next_message()?;
        self.counts.messages += 1;
        self.counts.bytes += message.bytes.len() as u64;
        self.counts.records += u64::from(message.records);
        Some(message)
    }

    /// Returns `true` if a message can be taken.
    #[must_use]
    pub fn has_message(&self) -> bool {
        self.is_statistics_due || self.encoder.queued_bytes() > 0
    }

    /// Returns `true` if so much waits that records are dropped.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.encoder.queued_bytes() >= self.options.max_waiting
    }

    /// Counts a message as not sent that was taken before.
    pub fn failed(&mut self, message: MessageSize, now: u64) {
        self.counts.messages -= 1;
        self.counts.bytes -= message.bytes as u64;
        self.counts.records -= u64::from(message.records);
        self.not_sent(message.records.into(), now);
    }

    /// Begins a new transport session: a new connection or a new file.
    ///
    /// Records that wait belong to the old session and count as not sent. Statistics go on.
    pub fn start_session(&mut self, now: u64) {
        let discarded = self.encoder.start_session();
        self.flush = None;
        self.not_sent(discarded, now);
    }

    /// Sends all templates again after [`flush_after`](Options::flush_after), because the collector
    /// may have lost them.
    pub fn resend_templates_soon(&mut self, now: u64) {
        let soon = Timer::new(now, ns(self.options.flush_after));
        let is_earlier = |timer: &Timer| timer.end() <= soon.end();
        self.templates = Some(self.templates.filter(is_earlier).unwrap_or(soon));
    }

    /// Sets the number of bytes in the longest message, from the next message on.
    pub fn set_max_message(&mut self, max_message: usize, now: u64) {
        self.encoder.set_max_message(max_message, now);
    }

    /// Returns what was sent, and what was not.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        let done = self.counts.records + self.counts.not_sent;
        Counts { waiting: self.observed - self.lost - done, ..self.counts }
    }

    /// Returns what the statistics report.
    #[must_use]
    pub const fn statistics(&self) -> Statistics {
        Statistics {
            messages: self.counts.messages,
            bytes: self.counts.bytes,
            records: self.counts.records,
            observed: self.observed,
            not_sent: self.lost + self.counts.not_sent,
            first_loss: self.loss.first,
            last_loss: self.loss.last,
            process: self.options.process,
        }
    }

    fn not_sent(&mut self, records: u64, now: u64) {
        if records > 0 {
            self.counts.not_sent += records;
            self.note_loss(now);
        }
    }

    /// Makes the collector know soon.
    fn note_loss(&mut self, now: u64) {
        self.loss.note(now);
        let soon = Timer::new(now, ns(self.options.flush_after));
        if soon.end() < self.statistics.end() {
            self.statistics = soon;
        }
    }
}
