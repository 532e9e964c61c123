//! The command line: the subcommands, each declared in a file of its own.

use crate::status;
use clap::{Parser, Subcommand};

/// Inspect Linux connection tracking messages from captures and from the running kernel
///
/// FILE is pcap or pcapng of an nlmon device, raw netlink bytes, lines of hexadecimal bytes, JSON
/// lines with a key `hex`, or bytes as xxd, `hexdump -C`, `od -tx1`, Wireshark, strace or C print them;
/// the content decides. `-` is standard input.
#[derive(Parser)]
#[command(name = "ctnetlink", version, after_help = status::help())]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
#[command(mut_subcommands = |command| command.after_help(status::help()))]
pub(crate) enum Command {
    Decode(crate::decode::Decode),
    Check(crate::check::Check),
    Flows(crate::flows::Flows),
    Sim(crate::sim::Sim),
    Answer(crate::answer::Answer),
    #[cfg(target_os = "linux")]
    List(crate::list::List),
    #[cfg(target_os = "linux")]
    Watch(crate::watch::Watch),
    #[cfg(target_os = "linux")]
    Record(crate::record::Record),
    #[cfg(target_os = "linux")]
    Log(crate::log::Log),
    #[cfg(target_os = "linux")]
    Get(crate::get::Get),
    #[cfg(target_os = "linux")]
    Count(crate::count::Count),
    #[cfg(target_os = "linux")]
    Stats(crate::stats::Stats),
    #[cfg(target_os = "linux")]
    Create(crate::create::Create),
    #[cfg(target_os = "linux")]
    Update(crate::update::Update),
    #[cfg(target_os = "linux")]
    Delete(crate::delete::Delete),
    #[cfg(target_os = "linux")]
    Flush(crate::delete::Flush),
    Vectors(crate::vectors::Args),
    WiresharkPlugin(crate::wireshark_plugin::WiresharkPlugin),
    Completions(crate::completions::Completions),
    Man(crate::man::Man),
}
