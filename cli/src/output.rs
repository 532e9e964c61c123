//! Buffered output of a command, and the form of its messages.

use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};

/// Standard output is written when this many bytes have been collected.
const FULL: usize = 64 << 10;

/// Prints an error to standard error.
pub(crate) fn print_error(problem: impl Display) {
    print(&format!("ctnetlink: error: {problem}\n"));
}

/// Prints a warning to standard error: a problem that does not change the exit status.
pub(crate) fn print_warning(problem: impl Display) {
    print(&format!("ctnetlink: warning: {problem}\n"));
}

/// Prints to standard error.
///
/// Errors are ignored, because there is no other place to report them.
fn print(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Text for the two standard streams, and the counts that go with it.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) problems: Problems,
    pub(crate) counts: Counts,
}

/// Errors and warnings that have not been printed.
#[derive(Default)]
pub(crate) struct Problems(String);

/// The counts of a command.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    /// Messages that were printed, or encoded to the same bytes.
    pub(crate) good: u64,
    /// Messages with errors, and parts of the input that could not be read.
    pub(crate) errors: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.messages += more.messages;
        self.good += more.good;
        self.errors += more.errors;
    }
}

impl Problems {
    /// Adds an error, which the caller counts.
    pub(crate) fn error(&mut self, problem: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "ctnetlink: error: {problem}");
    }

    /// Adds a warning: a problem that does not change the exit status.
    pub(crate) fn warning(&mut self, problem: impl Display) {
        let _ = writeln!(self.0, "ctnetlink: warning: {problem}");
    }
}

impl Output {
    /// Writes everything if much has been collected, or if there is a problem to report.
    pub(crate) fn emit_if_due(&mut self) -> io::Result<()> {
        match self.stdout.len() >= FULL || !self.problems.0.is_empty() {
            true => self.emit(),
            false => Ok(()),
        }
    }

    /// Writes everything, and keeps the allocations.
    pub(crate) fn emit(&mut self) -> io::Result<()> {
        if !self.stdout.is_empty() {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&self.stdout)?;
            stdout.flush()?;
            self.stdout.clear();
        }
        print(&self.problems.0);
        self.problems.0.clear();
        Ok(())
    }
}
