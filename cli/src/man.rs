//! `ctnetlink man`.

use crate::status::{self, Status};
use crate::stop::Stop;
use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Write the manual pages
///
/// Writes ctnetlink.1 and one page per subcommand, such as ctnetlink-decode.1. man(1) finds them in
/// ~/.local/share/man/man1 and /usr/local/share/man/man1.
#[derive(clap::Args)]
pub(crate) struct Man {
    /// Directory to write to; it is created if it does not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub(crate) fn run(args: &Man, command: Command) -> Result<Status, Stop> {
    let directory = &args.output;
    // `help` would get a page for each word that it takes.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    std::fs::create_dir_all(directory)
        .and_then(|()| write(&command, directory))
        .map_err(|error| Stop::file(directory, &error))?;
    Ok(Status::Done)
}

/// Writes the page of a command and those of its subcommands.
fn write(command: &Command, directory: &Path) -> io::Result<()> {
    command.get_subcommands().try_for_each(|subcommand| write(subcommand, directory))?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    // The exit statuses get a section of their own; clap_mangen would call it EXTRA.
    let page = clap_mangen::Man::new(command.clone().after_help(None))
        .title(name.to_uppercase())
        // clap_mangen leaves an empty date out, and man(1) takes the next argument for it.
        .date(" ")
        .source(concat!("ctnetlink ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut file = File::create(directory.join(page.get_filename()))?;
    page.render(&mut file)?;
    let mut statuses = Roff::new();
    statuses.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in status::MEANINGS {
        let number = bold((status as u8).to_string());
        statuses.control("TP", []).text([number]).text([roman(meaning)]);
    }
    statuses.to_writer(&mut file)
}
