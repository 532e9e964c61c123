//! `ctnetlink log`.

use crate::destination::{NamedDestination, is_closed_pipe};
use crate::live::{Until, enable, losses, note, open};
use crate::matcher::Matcher;
use crate::metrics::Metrics;
use crate::options::destination::{Dest, HELP};
use crate::options::listen::Listen;
use crate::options::time::now;
use crate::output::{print_error, print_warning};
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::socket::{Buffer, Events, Extension, SocketError};
use ctnetlink::{Conntrack, Group, Kind};
use ctnetlink_flow::Flow;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a complete flow record needs.
const EXTENSIONS: [Extension; 3] = [Extension::Timestamp, Extension::Acct, Extension::Events];
/// The number of datagrams after which destinations send.
const BATCH: usize = 256;
/// The number of datagrams at once after which more are expected soon.
///
/// A nap lets them collect, which saves a system call and a change of context for each.
const MANY: usize = 4;
const NAP: Duration = Duration::from_millis(1);
/// The least time between two attempts to send what a collector did not take.
const BUSY: Duration = Duration::from_millis(20);
/// The least time between two reports of losses.
const REPORT: Duration = Duration::from_secs(1);

/// Log the flows that end to files and collectors, as they end
///
/// Every flow is one record, made of its DESTROY event: no table is kept. Nothing waits for a slow
/// destination; what cannot be sent is counted. Ends on Ctrl-C or SIGTERM, when everything is sent.
/// SIGHUP starts new files. The last line on standard error is `flows=N losses=N dropped=N sent=N
/// not_sent=N`: the flows that ended, how often the kernel dropped events, how many, and the records
/// of all destinations. Needs CAP_NET_ADMIN in the network namespace until the sockets are open.
#[derive(clap::Args)]
pub(crate) struct Log {
    /// Destination of the records, once or more often
    #[arg(long, value_name = "DEST", required = true, long_help = HELP)]
    to: Vec<Dest>,
    /// Set the sysctls nf_conntrack_timestamp, nf_conntrack_acct and nf_conntrack_events to 1
    ///
    /// They remain set after the command has ended. Flows that already exist do not get times or
    /// counters.
    #[arg(long)]
    enable: bool,
    /// Serve counts and times at http://ADDR:PORT/metrics, as OpenMetrics text
    #[cfg(feature = "metrics")]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics: Option<std::net::SocketAddr>,
    #[command(flatten)]
    listen: Listen,
}

pub(crate) fn run(args: &Log) -> Result<Status, Stop> {
    let mut until = Until::new(&args.listen)?;
    let hangup = hangup()?;
    if args.enable {
        EXTENSIONS.into_iter().try_for_each(enable)?;
    }
    let start = now().unwrap_or(0);
    let outputs = args.to.iter().map(|dest| NamedDestination::open(dest, start));
    let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
    let mut groups = vec![Group::Destroy];
    if outputs.iter().any(|output| output.takes_new) {
        groups.push(Group::New);
    }
    let mut events = open(&args.listen, &groups, &Matcher::default())?;
    if !args.enable {
        EXTENSIONS.into_iter().for_each(note);
    }
    let metrics = start_metrics(args, &outputs)?;
    let mut logger = Logger::new(outputs, metrics, &events);
    let result = logger.follow(&mut until, &hangup, &mut events);
    logger.finish(&events);
    let (sent, not_sent) = logger.sums();
    eprintln!("flows={} {} sent={sent} not_sent={not_sent}", logger.flows, losses(&events));
    result?;
    let is_flawed = events.overruns() + not_sent > 0;
    Ok(logger.status.max(Status::flawed_if(is_flawed)))
}

/// Returns what SIGHUP sets.
fn hangup() -> Result<Arc<AtomicBool>, Stop> {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&flag))
        .map_err(|error| Stop::Unusable(format!("catching signals: {error}")))?;
    Ok(flag)
}

#[cfg(feature = "metrics")]
fn start_metrics(args: &Log, outputs: &[NamedDestination]) -> Result<Option<Metrics>, Stop> {
    let names: Vec<_> = outputs.iter().map(|output| &output.name[..]).collect();
    args.metrics.map(|address| Metrics::start(address, &names)).transpose()
}

#[cfg(not(feature = "metrics"))]
fn start_metrics(_: &Log, _: &[NamedDestination]) -> Result<Option<Metrics>, Stop> {
    Ok(None)
}

struct Logger {
    outputs: Vec<NamedDestination>,
    metrics: Option<Metrics>,
    buffer: Buffer,
    entry: Conntrack,
    host: Option<String>,
    flows: u64,
    losses: Losses,
    status: Status,
}

/// The events that the kernel dropped.
#[derive(Default)]
struct Losses {
    /// The number of dropped events that the destinations know of.
    known: u64,
    /// The number that the next flow is given.
    before_next: u64,
    /// Events may still be dropped without another error.
    may_continue: bool,
    reported: Option<Instant>,
}

impl Logger {
    fn new(outputs: Vec<NamedDestination>, metrics: Option<Metrics>, events: &Events) -> Self {
        let losses = Losses::default();
        if let Err(error) = events.dropped_events() {
            print_warning(format_args!("the number of dropped events is not known: {error}"));
        }
        let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        Self {
            outputs,
            metrics,
            buffer: Buffer::default(),
            entry: Conntrack::default(),
            host: host.map(|host| host.trim_end().to_owned()),
            flows: 0,
            losses,
            status: Status::Done,
        }
    }

    /// Logs flows until the end.
    fn follow(
        &mut self,
        until: &mut Until,
        hangup: &AtomicBool,
        events: &mut Events,
    ) -> Result<(), Stop> {
        while !until.is_over() {
            let received = self.receive(until, events)?;
            let now = now().unwrap_or(0);
            if hangup.swap(false, Ordering::Relaxed) {
                self.outputs.iter_mut().for_each(|output| output.destination.rotate(now));
            }
            if self.losses.may_continue {
                self.note_losses(events, now);
            }
            self.outputs.iter_mut().for_each(|output| output.destination.tick(now));
            self.report_problems()?;
            self.publish(events, now);
            match received {
                BATCH.. => {}
                MANY.. => std::thread::sleep(NAP),
                _ => until.wait_at_most(events, self.time_left(now))?,
            }
        }
        Ok(())
    }

    /// Reads a batch of events, and returns the number of datagrams.
    fn receive(&mut self, until: &mut Until, events: &mut Events) -> Result<usize, Stop> {
        for received in 0..BATCH {
            match events.try_recv_datagram(&mut self.buffer) {
                Ok(true) => self.read_datagram(until),
                Ok(false) => return Ok(received),
                Err(SocketError::Overrun) => self.note_losses(events, now().unwrap_or(0)),
                Err(error @ SocketError::Truncated { .. }) => {
                    print_error(error);
                    self.status = Status::Flawed;
                }
                Err(error) => return Err(error.into()),
            }
            if until.is_count_reached() {
                return Ok(received);
            }
        }
        Ok(BATCH)
    }

    fn read_datagram(&mut self, until: &mut Until) {
        let event_time = now();
        let Self { outputs, metrics, buffer, entry, host, losses, .. } = self;
        for message in buffer.messages() {
            let read = message.and_then(|message| {
                let mut is_exact = true;
                entry.read_message(&message, |error| {
                    print_error(error);
                    is_exact = false;
                })?;
                Ok((message, is_exact))
            });
            let message = match read {
                Ok((message, true)) => message,
                Ok((message, false)) => {
                    self.status = Status::Flawed;
                    message
                }
                Err(error) => {
                    print_error(error);
                    self.status = Status::Flawed;
                    continue;
                }
            };
            let is_end = message.kind() == Kind::Destroy;
            let flow = Flow {
                event_time,
                host: host.as_deref(),
                lost_before: Some(std::mem::take(&mut losses.before_next)),
                ..Flow::new(message, entry)
            };
            if let Some(metrics) = metrics {
                metrics.event(&flow);
            }
            for (n, output) in outputs.iter_mut().enumerate() {
                if !is_end && !output.takes_new {
                    continue;
                }
                output.destination.push(&flow, event_time.unwrap_or(0));
                if let Some(metrics) = metrics.as_mut().filter(|metrics| metrics.wants_sample(n)) {
                    metrics.sample(n, &flow, &output.destination.counts());
                }
            }
            if is_end {
                self.flows += 1;
                until.count();
            }
        }
    }

    /// Gives the number of dropped events to the destinations.
    fn note_losses(&mut self, events: &Events, now: u64) {
        let dropped = events.dropped_events().unwrap_or(self.losses.known);
        let new = dropped - self.losses.known;
        // After an error, further events are dropped silently until the buffer is empty.
        self.losses.may_continue = new > 0;
        self.losses.known = dropped;
        self.losses.before_next += new;
        for output in &mut self.outputs {
            output.destination.lost(new, now);
        }
        if new > 0 && self.losses.reported.is_none_or(|time| time.elapsed() >= REPORT) {
            self.losses.reported = Some(Instant::now());
            print_error(format_args!(
                "events lost: the receive buffer was full; {dropped} so far; a larger --buffer holds more"
            ));
        }
    }

    fn report_problems(&mut self) -> Result<(), Stop> {
        for output in &mut self.outputs {
            match output.destination.take_problem() {
                Some(problem) if is_closed_pipe(&problem) => {
                    return Err(Stop::Output(io::ErrorKind::BrokenPipe.into()));
                }
                Some(problem) => print_error(format_args!("{}: {problem}", output.name)),
                None => {}
            }
        }
        Ok(())
    }

    fn publish(&mut self, events: &Events, now: u64) {
        if let Some(metrics) = &mut self.metrics {
            metrics.update_losses(events.overruns(), self.losses.known);
            for (n, output) in self.outputs.iter().enumerate() {
                metrics.update(n, &output.destination.counts(), now);
            }
        }
    }

    /// Returns how long nothing has to be sent.
    fn time_left(&self, now: u64) -> Duration {
        let deadlines = self.outputs.iter().map(|output| output.destination.next_deadline());
        let left = deadlines.min().unwrap_or(u64::MAX).saturating_sub(now);
        Duration::from_nanos(left).max(BUSY)
    }

    /// Sends what waits.
    fn finish(&mut self, events: &Events) {
        let now = now().unwrap_or(0);
        self.note_losses(events, now);
        self.outputs.iter_mut().for_each(|output| output.destination.finish(now));
        // Nobody reads standard output any more; the other problems are of interest.
        let _ = self.report_problems();
    }

    /// Returns the records that all destinations have sent, and those that they have not.
    fn sums(&self) -> (u64, u64) {
        let counts = self.outputs.iter().map(|output| output.destination.counts());
        counts.fold((0, 0), |(sent, not_sent), counts| {
            (sent + counts.records, not_sent + counts.not_sent)
        })
    }
}
