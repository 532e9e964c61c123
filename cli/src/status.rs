//! The exit status, which is the same for every subcommand.

use crate::output::print_error;
use crate::stop::Stop;
use std::io;
use std::process::ExitCode;

/// The exit statuses and their meanings, for `--help` and the manual pages.
pub(crate) const MEANINGS: [(Status, &str); 3] = [
    (Status::Done, "Everything was read or done"),
    (
        Status::Flawed,
        "Part of the input was broken or not exact, or part of the changes failed; that was \
         reported, and the rest was read or done",
    ),
    (
        Status::Failed,
        "Nothing could be done, or a file was not usable: arguments, files, permission",
    ),
];

/// Returns the part of every `--help` that lists the exit statuses.
pub(crate) fn help() -> String {
    let lines = MEANINGS.map(|(status, meaning)| format!("\n  {}  {meaning}", status as u8));
    format!("Exit status:{}", lines.concat())
}

/// The result of a subcommand; of several results, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Everything was read or done.
    Done = 0,
    /// Part of the input was malformed or not exact, or part of the changes failed, as reported.
    Flawed = 1,
    /// A file could not be read or written, as reported.
    Failed = 2,
}

impl Status {
    /// Returns `Done` if there are no flaws, and `Flawed` otherwise.
    pub(crate) fn flawed_if(is_flawed: bool) -> Self {
        if is_flawed { Self::Flawed } else { Self::Done }
    }

    /// Reports an error that ended the subcommand, and returns the exit status.
    pub(crate) fn of(result: Result<Self, Stop>) -> Self {
        match result {
            Ok(status) => status,
            // A closed pipe (`… | head`) is not an error.
            Err(Stop::Output(problem)) if problem.kind() == io::ErrorKind::BrokenPipe => Self::Done,
            Err(stop) => {
                print_error(stop);
                Self::Failed
            }
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}
