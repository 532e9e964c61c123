//! The command `ctnetlink`; `ctnetlink help` describes it.
#![allow(missing_docs, reason = "clap makes help of the documentation")]

mod answer;
mod args;
#[cfg(target_os = "linux")]
mod changes;
mod check;
mod completions;
#[cfg(target_os = "linux")]
mod count;
#[cfg(target_os = "linux")]
mod create;
mod decode;
mod decompress;
#[cfg(target_os = "linux")]
mod delete;
mod destination;
mod flows;
#[cfg(target_os = "linux")]
mod get;
mod input;
#[cfg(target_os = "linux")]
mod list;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod log;
mod man;
mod matcher;
mod messages;
#[cfg(all(feature = "metrics", target_os = "linux"))]
mod metrics;
#[cfg(all(not(feature = "metrics"), target_os = "linux"))]
#[path = "no_metrics.rs"]
mod metrics;
mod options;
mod output;
mod parallel;
mod print;
#[cfg(target_os = "linux")]
mod record;
mod sim;
#[cfg(target_os = "linux")]
mod socket_filter;
#[cfg(target_os = "linux")]
mod stats;
mod status;
mod stop;
#[cfg(target_os = "linux")]
mod tape;
#[cfg(target_os = "linux")]
mod update;
mod vectors;
#[cfg(target_os = "linux")]
mod watch;
mod wireshark_plugin;

use args::{Args, Command};
use clap::{CommandFactory as _, Parser as _};
use status::Status;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Decode(args) => decode::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Flows(args) => flows::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Answer(args) => answer::run(&args),
        #[cfg(target_os = "linux")]
        Command::List(args) => list::run(&args),
        #[cfg(target_os = "linux")]
        Command::Watch(args) => watch::run(&args),
        #[cfg(target_os = "linux")]
        Command::Record(args) => record::run(&args),
        #[cfg(target_os = "linux")]
        Command::Log(args) => log::run(&args),
        #[cfg(target_os = "linux")]
        Command::Get(args) => get::run(&args),
        #[cfg(target_os = "linux")]
        Command::Count(args) => count::run(&args),
        #[cfg(target_os = "linux")]
        Command::Stats(args) => stats::run(&args),
        #[cfg(target_os = "linux")]
        Command::Create(args) => create::run(&args),
        #[cfg(target_os = "linux")]
        Command::Update(args) => update::run(&args),
        #[cfg(target_os = "linux")]
        Command::Delete(args) => delete::run(&args),
        #[cfg(target_os = "linux")]
        Command::Flush(args) => delete::flush(&args),
        Command::Vectors(args) => vectors::run(&args),
        Command::WiresharkPlugin(args) => wireshark_plugin::run(&args),
        Command::Completions(args) => completions::run(&args, Args::command()),
        Command::Man(args) => man::run(&args, Args::command()),
    };
    Status::of(result).into()
}
