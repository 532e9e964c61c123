//! `ctnetlink completions`.

use crate::status::Status;
use crate::stop::Stop;
use clap::Command;
use clap_complete::Shell;
use std::io::{self, Write as _};

/// Print a completion script for a shell
///
/// Redirect it to a file that the shell reads, such as
/// ~/.local/share/bash-completion/completions/ctnetlink.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell that reads the script
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Completions, mut command: Command) -> Result<Status, Stop> {
    // The generator panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "ctnetlink", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Status::Done)
}
