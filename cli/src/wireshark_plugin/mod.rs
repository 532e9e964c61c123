//! `ctnetlink wireshark-plugin`: a dissector for Wireshark in Lua.

mod json_keys;
mod tables;

use crate::status::Status;
use crate::stop::Stop;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The part of the plugin that does not depend on the attributes.
const DISSECTOR: &str = include_str!("../../assets/wireshark.lua");

/// Print a Wireshark plugin that shows and filters every attribute
///
/// Write it to the folder "Personal Lua Plugins", which Wireshark lists under Help, About, Folders:
/// ~/.local/lib/wireshark/plugins on Linux. docs/wireshark.md lists fields and display filters.
#[derive(clap::Args)]
pub(crate) struct WiresharkPlugin {
    /// File to write instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &WiresharkPlugin) -> Result<Status, Stop> {
    let plugin = format!("{}{DISSECTOR}", tables::tables());
    match &args.output {
        Some(path) => fs::write(path, plugin).map_err(|error| Stop::file(path, &error))?,
        None => io::stdout().write_all(plugin.as_bytes())?,
    }
    Ok(Status::Done)
}
