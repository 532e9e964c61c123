//! What the commands on the running kernel share.

use crate::args::now;
use crate::input::{Place, Stop};
use ctnetlink::socket::{Events, Extension, Group, SocketError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The kernel's receive buffer, doubled by the kernel: room for some ten thousand events.
const RECEIVE_BUFFER: usize = 4 << 20;
/// How long a signal that comes at a bad moment may stay unseen.
const TICK: Duration = Duration::from_millis(250);

/// Which events to receive, and until when.
#[derive(clap::Args)]
pub(crate) struct Listen {
    /// Ends after so many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Ends after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// The size of the kernel's receive buffer: what exceeds it is lost, and told.
    #[arg(long, value_name = "BYTES", default_value_t = RECEIVE_BUFFER)]
    buffer: usize,
    /// Has the kernel record the times of flows that begin from now on (sysctl
    /// net.netfilter.nf_conntrack_timestamp), also after this command has ended.
    #[arg(long)]
    timestamps: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

impl Listen {
    /// Opens a socket for events, which does not wait.
    pub(crate) fn open(&self, groups: &[Group]) -> Result<Events, Stop> {
        if self.timestamps {
            Extension::Timestamp.enable().map_err(|error| Stop::Unusable(error.to_string()))?;
        } else {
            note_times();
        }
        let events = Events::open(&[])?;
        events.set_receive_buffer(self.buffer)?;
        events.set_nonblocking(true)?;
        // The size first: what arrives between the two would find a small one.
        groups.iter().try_for_each(|&group| events.subscribe(group))?;
        Ok(events)
    }
}

/// Tells people that the kernel records no times, if so.
pub(crate) fn note_times() {
    match Extension::Timestamp.is_on() {
        Ok(true) => {}
        Ok(false) => eprintln!("{}", Extension::Timestamp.off()),
        Err(error) => eprintln!("{error}"),
    }
}

/// When to end: on Ctrl-C or SIGTERM, after so many events, after so much time.
pub(crate) struct Until {
    signal: Arc<AtomicBool>,
    deadline: Option<Instant>,
    events_left: Option<u64>,
}

impl Until {
    pub(crate) fn new(listen: &Listen) -> Result<Self, Stop> {
        let signal = Arc::new(AtomicBool::new(false));
        for number in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Whoever asks a second time is not made to wait.
            signal_hook::flag::register_conditional_shutdown(number, 1, Arc::clone(&signal))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&signal)))
                .map_err(|error| Stop::Unusable(format!("catching signals: {error}")))?;
        }
        let deadline = listen.duration.and_then(|duration| Instant::now().checked_add(duration));
        Ok(Self { signal, deadline, events_left: listen.count })
    }

    /// Counts an event.
    pub(crate) fn count(&mut self) {
        self.events_left = self.events_left.map(|left| left.saturating_sub(1));
    }

    pub(crate) fn is_over(&self) -> bool {
        self.signal.load(Ordering::Relaxed)
            || self.events_left == Some(0)
            || self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Waits for events, but not past the end.
    pub(crate) fn wait(&self, events: &Events) -> Result<(), SocketError> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        events.wait(left.map_or(TICK, |left| left.min(TICK))).map(drop)
    }
}

/// Tells what went wrong with one receive call, where the next one may do well.
pub(crate) fn survive(error: SocketError, events: &Events) -> Result<(), Stop> {
    match error {
        SocketError::Lost => {
            let dropped = events.dropped().map_or(String::new(), |n| format!("; {n} so far"));
            eprintln!("events lost: the receive buffer was full{dropped}");
            Ok(())
        }
        SocketError::Truncated { .. } | SocketError::Malformed(_) => {
            eprintln!("{error}");
            Ok(())
        }
        error => Err(error.into()),
    }
}

/// The losses, for the last line.
pub(crate) fn losses(events: &Events) -> String {
    let dropped = events.dropped().map_or_else(|_| "unknown".into(), |n| n.to_string());
    format!("losses={} dropped={dropped}", events.losses())
}

/// Where a message from the running kernel was found.
pub(crate) fn place(packet: u64, message: usize) -> Place<'static> {
    Place { file: Path::new("kernel"), packet, time: now(), message }
}

impl From<SocketError> for Stop {
    fn from(error: SocketError) -> Self {
        Self::Unusable(error.to_string())
    }
}
