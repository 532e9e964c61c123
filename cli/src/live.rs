//! What the subcommands on the running kernel share.

use crate::matcher::Matcher;
use crate::messages::Place;
use crate::options::listen::{Listen, Times};
use crate::options::time::now;
use crate::output::{print_error, print_warning};
use crate::socket_filter;
use crate::stop::Stop;
use ctnetlink::Group;
use ctnetlink::socket::{Events, Extension, SocketError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a signal that arrives just before a wait may stay unnoticed.
const TICK: Duration = Duration::from_millis(250);

/// Opens a socket for events.
///
/// The kernel drops some of the events that do not match.
pub(crate) fn open(listen: &Listen, groups: &[Group], matcher: &Matcher) -> Result<Events, Stop> {
    let events = Events::subscribe(&[])?;
    let size = events.set_receive_buffer(listen.buffer)?;
    socket_filter::attach(&events, matcher)?;
    // Groups come last: events that arrive before that would find a small buffer and no filter.
    groups.iter().try_for_each(|&group| events.join(group))?;
    // Warnings come after the error of a missing permission.
    // The kernel doubles the size for its own use, in what it reports too.
    let size = size / 2;
    if size < listen.buffer {
        let wanted = listen.buffer;
        print_warning(format_args!(
            "the receive buffer has {size} bytes instead of {wanted}: raise the sysctl \
             net.core.rmem_max or run with CAP_NET_ADMIN in the initial user namespace"
        ));
    }
    Ok(events)
}

/// Enables times if that is wanted.
pub(crate) fn enable_times(times: &Times) -> Result<(), Stop> {
    if times.timestamps { enable(Extension::Timestamp) } else { Ok(()) }
}

/// Warns if the kernel records no times, unless they were enabled.
pub(crate) fn note_times(times: &Times) {
    if !times.timestamps {
        note(Extension::Timestamp);
    }
}

/// Sets the sysctl of an extension.
pub(crate) fn enable(extension: Extension) -> Result<(), Stop> {
    extension.enable().map(drop).map_err(|error| Stop::Unusable(error.to_string()))
}

/// Warns if the kernel does not record something.
pub(crate) fn note(extension: Extension) {
    match extension.is_enabled() {
        Ok(true) => {}
        Ok(false) => print_warning(extension.hint()),
        Err(error) => print_warning(error),
    }
}

/// Decides when to end: on SIGINT or SIGTERM, after a number of events, or after a time.
pub(crate) struct Until {
    signal: Arc<AtomicBool>,
    deadline: Option<Instant>,
    events_left: Option<u64>,
}

impl Until {
    pub(crate) fn new(listen: &Listen) -> Result<Self, Stop> {
        let signal = Arc::new(AtomicBool::new(false));
        for number in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // A second signal terminates the process at once.
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
            || self.is_count_reached()
            || self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Returns `true` if the wanted number of events has been counted.
    pub(crate) fn is_count_reached(&self) -> bool {
        self.events_left == Some(0)
    }

    /// Waits for events, at most until the end.
    pub(crate) fn wait(&self, events: &Events) -> Result<(), SocketError> {
        self.wait_at_most(events, TICK)
    }

    /// Waits for events for `timeout`, at most until the end.
    pub(crate) fn wait_at_most(
        &self,
        events: &Events,
        timeout: Duration,
    ) -> Result<(), SocketError> {
        let timeout = timeout.min(TICK);
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        events.wait(left.map_or(timeout, |left| left.min(timeout))).map(drop)
    }
}

/// Reports an error of one receive call, if the next call may succeed.
pub(crate) fn survive(error: SocketError, events: &Events) -> Result<(), Stop> {
    match error {
        SocketError::Overrun => {
            let dropped =
                events.dropped_events().map_or(String::new(), |n| format!("; {n} so far"));
            print_error(format_args!("events lost: the receive buffer was full{dropped}"));
            Ok(())
        }
        SocketError::Truncated { .. } | SocketError::Malformed(_) => {
            print_error(error);
            Ok(())
        }
        error => Err(error.into()),
    }
}

/// Returns the losses, for the last line.
pub(crate) fn losses(events: &Events) -> String {
    let dropped = events.dropped_events().map_or_else(|_| "unknown".into(), |n| n.to_string());
    format!("losses={} dropped={dropped}", events.overruns())
}

/// Returns the place of a message from the running kernel.
pub(crate) fn place(packet: u64, message: usize) -> Place<'static> {
    Place { file: Path::new("kernel"), packet, time: now(), message }
}

impl From<SocketError> for Stop {
    fn from(error: SocketError) -> Self {
        Self::Unusable(error.to_string())
    }
}
