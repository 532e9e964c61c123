//! The destinations of flow records out of captures.

use crate::destination::{NamedDestination, is_closed_pipe};
use crate::options::destination::{Dest, Target};
use crate::options::time::now;
use crate::output::print_error;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink_flow::Flow;
use ctnetlink_flow::export::Problem;
use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The number of flows after which destinations send.
const BATCH: u64 = 256;
/// How long to wait for a collector that does not receive fast enough.
const PAUSE: Duration = Duration::from_millis(1);

/// The destinations of a command that reads captures.
///
/// Nothing is dropped because a collector is slow: the captures can wait. A file that cannot be written
/// gets no further records, so that it has no gap.
pub(super) struct Exports {
    exports: Vec<Export>,
    pushed: u64,
}

struct Export {
    to: NamedDestination,
    failure: Option<Failure>,
    /// The number of flows after the failure.
    skipped: u64,
}

/// Why a file gets no further records.
enum Failure {
    /// Nobody reads standard output any more, which is no error.
    Closed,
    Write(String),
}

impl Exports {
    /// Opens the destinations, and empties files that exist.
    pub(super) fn open(dests: &[Dest]) -> Result<Self, Stop> {
        let now = now().unwrap_or(0);
        let open = |dest: &Dest| {
            if let (Target::Csv(path) | Target::Json(path) | Target::IpfixFile(path), None) =
                (&dest.target, dest.rotate)
            {
                empty(path)?;
            }
            Ok(Export { to: NamedDestination::open(dest, now)?, failure: None, skipped: 0 })
        };
        Ok(Self { exports: dests.iter().map(open).collect::<Result<_, Stop>>()?, pushed: 0 })
    }

    /// Returns `true` if a destination also needs the NEW events.
    pub(super) fn takes_new(&self) -> bool {
        self.exports.iter().any(|export| export.to.takes_new)
    }

    /// Adds a flow; one that is not wanted goes only where NEW events are needed.
    pub(super) fn push(&mut self, flow: &Flow<'_>, is_wanted: bool) {
        let now = now().unwrap_or(0);
        for export in &mut self.exports {
            if export.failure.is_some() {
                export.skipped += 1;
            } else if is_wanted || export.to.takes_new {
                if export.to.destination.is_waiting() {
                    export.send();
                }
                export.to.destination.push(flow, now);
            }
        }
        self.pushed += 1;
        if self.pushed % BATCH == 0 {
            self.exports.iter_mut().for_each(Export::send);
        }
    }

    /// Sends what waits, and reports what could not be sent.
    pub(super) fn finish(&mut self) -> Status {
        self.exports.iter_mut().map(Export::finish).max().unwrap_or(Status::Done)
    }
}

impl Export {
    fn send(&mut self) {
        loop {
            self.to.destination.tick(now().unwrap_or(0));
            self.note_problem();
            if !self.to.destination.is_waiting() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    fn note_problem(&mut self) {
        match self.to.destination.take_problem() {
            Some(problem) if is_closed_pipe(&problem) => self.failure = Some(Failure::Closed),
            Some(Problem::Write(_, error)) => {
                self.failure = Some(Failure::Write(error.to_string()));
            }
            // The command waits, so that nothing is dropped.
            Some(Problem::Full) | None => {}
            Some(problem) => print_error(format_args!("{}: {problem}", self.to.name)),
        }
    }

    fn finish(&mut self) -> Status {
        self.to.destination.finish(now().unwrap_or(0));
        self.note_problem();
        let counts = self.to.destination.counts();
        let missing = counts.not_sent + self.skipped;
        let name = &self.to.name;
        match &self.failure {
            Some(Failure::Closed) => return Status::Done,
            Some(Failure::Write(error)) => {
                print_error(format_args!("{name}: {error}; {missing} records are missing"));
            }
            None if missing == 0 => return Status::Done,
            None => print_error(format_args!("{name}: {missing} records were not sent")),
        }
        if counts.records == 0 { Status::Failed } else { Status::Flawed }
    }
}

/// Empties a file that exists.
fn empty(path: &Path) -> Result<(), Stop> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        File::create(path).map_err(|error| Stop::file(path, &error))?;
    }
    Ok(())
}
