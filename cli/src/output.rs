//! What a command prints, gathered before it is written.

use std::io::{self, Write as _};

/// So much is gathered before it is written.
const FULL: usize = 64 << 10;

/// What was made of messages: UTF-8 for the two standard streams, and numbers.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) counts: Counts,
}

/// What a command has seen so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    /// Those of them that came out as they should: printed, or encoded to the same bytes.
    pub(crate) good: u64,
    /// What is in error: messages, and what is none.
    pub(crate) errors: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.messages += more.messages;
        self.good += more.good;
        self.errors += more.errors;
    }
}

impl Output {
    /// Writes if it is worth it. People are told of problems at once, and behind what came before.
    pub(crate) fn emit_if_due(&mut self) -> io::Result<()> {
        match self.stdout.len() >= FULL || !self.stderr.is_empty() {
            true => self.emit(),
            false => Ok(()),
        }
    }

    /// Writes everything, and keeps the memory for what follows.
    pub(crate) fn emit(&mut self) -> io::Result<()> {
        if !self.stdout.is_empty() {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&self.stdout)?;
            stdout.flush()?;
            self.stdout.clear();
        }
        if !self.stderr.is_empty() {
            eprint!("{}", self.stderr);
            self.stderr.clear();
        }
        Ok(())
    }
}
