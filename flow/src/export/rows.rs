//! Files of rows, such as CSV and JSON lines.

use super::log_file::LogFile;
use super::problem::Problem;
use super::timer::{Timer, ns};
use super::{Counts, Destination, PAUSE};
use crate::Flow;
use std::io;
use std::time::Duration;

/// The number of bytes that are collected before they are written.
const FULL: usize = 64 << 10;
/// The number of bytes that may wait while the file cannot be written.
const MAX_WAITING: usize = 4 << 20;
/// How long a row may wait.
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// How a flow becomes a row.
#[derive(Clone, Copy, Debug)]
pub struct RowFormat {
    /// Appends what a new file begins with.
    pub header: fn(&mut Vec<u8>),
    /// Appends a row with the end of its line.
    pub row: fn(&Flow<'_>, &mut Vec<u8>),
}

/// A destination that writes a row for each flow to a file.
///
/// A row waits at most a second. If the disk is full, the file ends with a whole row, and what waits is
/// written later if there is space again.
///
/// # Examples
/// ```
/// use ctnetlink_flow::export::{Destination as _, LogFile, RowFile, RowFormat};
///
/// # let path = std::env::temp_dir().join(format!("ctnetlink-rows-{}.txt", std::process::id()));
/// let now = 1_795_552_006_123_456_789;
/// let format = RowFormat {
///     header: |out| out.extend_from_slice(b"original tuple\n"),
///     row: |flow, out| out.extend_from_slice(format!("{}\n", flow.entry.orig).as_bytes()),
/// };
/// let mut file = RowFile::new(LogFile::open(&path, None, now)?, format);
/// // A program calls `push` for each flow, and `tick` after each batch of them.
/// file.finish(now);
/// assert_eq!(std::fs::read(&path)?, b"original tuple\n");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RowFile {
    file: LogFile,
    format: RowFormat,
    /// Rows that are not written.
    waiting: Vec<u8>,
    rows: u64,
    counts: Counts,
    /// Runs while rows wait.
    flush: Option<Timer>,
    /// Runs after an error, until the next attempt.
    pause: Option<Timer>,
    problem: Option<Problem>,
}

impl RowFile {
    /// Creates a destination that writes to `file`, beginning with the header if the file is empty.
    #[must_use]
    pub fn new(file: LogFile, format: RowFormat) -> Self {
        let mut rows = Self {
            file,
            format,
            waiting: Vec::new(),
            rows: 0,
            counts: Counts::default(),
            flush: None,
            pause: None,
            problem: None,
        };
        rows.begin();
        rows
    }

    fn begin(&mut self) {
        if self.file.length() == 0 {
            (self.format.header)(&mut self.waiting);
        }
    }

    fn write(&mut self, now: u64) {
        let result = match self.waiting.is_empty() {
            true => Ok(()),
            false => self.file.write_whole(&self.waiting),
        };
        let had_failed = self.pause.is_some();
        match result {
            Ok(()) => {
                self.counts.bytes += self.waiting.len() as u64;
                self.counts.records += std::mem::take(&mut self.rows);
                self.waiting.clear();
                (self.flush, self.pause) = (None, None);
            }
            Err(error) => {
                self.pause = Some(Timer::new(now, ns(PAUSE)));
                if !had_failed {
                    self.problem = Some(Problem::Write(self.file.path().to_owned(), error));
                }
            }
        }
    }

    /// Gives up what could not be written.
    fn discard(&mut self) {
        self.counts.not_sent += std::mem::take(&mut self.rows);
        self.waiting.clear();
        (self.flush, self.pause) = (None, None);
    }

    fn start_file(&mut self, now: u64) -> io::Result<()> {
        self.file.rotate(now)?;
        self.discard();
        self.begin();
        Ok(())
    }
}

impl Destination for RowFile {
    fn push(&mut self, flow: &Flow<'_>, now: u64) {
        if self.waiting.len() >= MAX_WAITING {
            self.counts.not_sent += 1;
            return;
        }
        (self.format.row)(flow, &mut self.waiting);
        self.rows += 1;
        if self.flush.is_none() {
            self.flush = Some(Timer::new(now, ns(FLUSH_AFTER)));
        }
        if self.waiting.len() >= FULL && self.pause.is_none() {
            self.write(now);
        }
    }

    fn tick(&mut self, now: u64) {
        // The header of a file is not a row, so that nothing runs.
        let timer = self.pause.or(self.flush);
        if timer.is_some_and(|timer| timer.is_due(now)) {
            self.write(now);
        }
        if self.file.is_rotation_due(now) {
            self.rotate(now);
        }
    }

    fn next_deadline(&self) -> u64 {
        let timer = self.pause.or(self.flush).map_or(u64::MAX, Timer::end);
        timer.min(self.file.next_rotation())
    }

    fn rotate(&mut self, now: u64) {
        self.write(now);
        if let Err(error) = self.start_file(now) {
            self.problem = Some(Problem::Rotate(self.file.path().to_owned(), error));
        }
    }

    fn finish(&mut self, now: u64) {
        self.write(now);
        self.discard();
    }

    fn counts(&self) -> Counts {
        Counts { waiting: self.rows, ..self.counts }
    }

    fn take_problem(&mut self) -> Option<Problem> {
        self.problem.take()
    }
}
