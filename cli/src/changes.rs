//! Changes to every entry that a dump returns.

use crate::live::place;
use crate::options::output::OutputOptions;
use crate::output::{Output, print_error};
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::error::Error;
use ctnetlink::format::text::Text;
use ctnetlink::socket::{Socket, SocketError};
use ctnetlink::{Message, MessageBuf};
use std::ops::ControlFlow;

/// Why an entry was not changed.
pub(crate) enum Failure {
    /// The entry does not exist any more.
    Gone,
    /// The change is not possible for this entry.
    Refused(String),
    /// No change is possible.
    Stop(Stop),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        match error {
            error if error.is_not_found() => Self::Gone,
            SocketError::Rejected(_) => Self::Refused(error.to_string()),
            error => Self::Stop(error.into()),
        }
    }
}

/// Calls `change` for the messages of a dump that match, and reports what it did not change.
///
/// `change` gets a socket of its own, because the dump occupies the other, and a function that
/// prints a message. The last line on standard error is the number of changed entries and `done`,
/// such as `entries deleted`.
pub(crate) fn change_each(
    dump: MessageBuf,
    options: &OutputOptions,
    done: &str,
    matches: impl Fn(&Message<'_>) -> bool,
    mut change: impl FnMut(
        &mut Socket,
        &Message<'_>,
        &mut dyn FnMut(&Message<'_>),
    ) -> Result<(), Failure>,
) -> Result<Status, Stop> {
    let printer = Printer::new(options)?;
    let mut out = Output::default();
    let (mut dumping, mut changing) = (Socket::open()?, Socket::open()?);
    let (mut number, mut changed, mut refused) = (0, 0_u64, 0_u64);
    let mut result = Ok(());
    let outcome = dumping.exchange(dump, |message| {
        if !matches(&message) {
            return ControlFlow::Continue(());
        }
        number += 1;
        let mut print = |message: &Message<'_>| printer.print(&place(number, 1), message, &mut out);
        match change(&mut changing, &message, &mut print) {
            Ok(()) => changed += 1,
            Err(Failure::Gone) => {}
            Err(Failure::Refused(problem)) => {
                refused += 1;
                let entry = Text::default().line(&message, None).unwrap_or_default();
                out.problems.error(format_args!("{entry}: {problem}"));
            }
            Err(Failure::Stop(stop)) => result = Err(stop),
        }
        if result.is_ok() {
            result = out.emit_if_due().map_err(Stop::from);
        }
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    out.emit()?;
    result?;
    if outcome.interrupted {
        print_error("the table changed during the dump; entries may have been missed");
    }
    eprintln!("{changed} {done}");
    Ok(match (changed, refused) {
        (0, 1..) => Status::Failed,
        _ => Status::flawed_if(refused > 0 || outcome.interrupted || out.counts.errors > 0),
    })
}
