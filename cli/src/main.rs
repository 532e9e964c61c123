//! The command `ctnetlink`; `ctnetlink help` says what it does.
#![allow(missing_docs, reason = "clap makes help of the documentation")]

mod args;
mod check;
mod completions;
mod decode;
mod input;
#[cfg(target_os = "linux")]
mod list;
#[cfg(target_os = "linux")]
mod live;
mod man;
mod messages;
mod options;
mod output;
mod parallel;
mod print;
#[cfg(target_os = "linux")]
mod record;
mod sim;
mod stop;
mod vectors;
#[cfg(target_os = "linux")]
mod watch;

use args::{Args, Command};
use clap::Parser as _;
use std::io;
use std::process::ExitCode;
use stop::Stop;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Decode(args) => decode::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Sim(args) => sim::run(&args),
        #[cfg(target_os = "linux")]
        Command::List(args) => list::run(&args),
        #[cfg(target_os = "linux")]
        Command::Watch(args) => watch::run(&args),
        #[cfg(target_os = "linux")]
        Command::Record(args) => record::run(&args),
        Command::Vectors(args) => vectors::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    match result {
        Ok(code) => code,
        // A closed pipe (`… | head`) is not an error.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Stop::Output(error)) => {
            eprintln!("standard output: {error}");
            ExitCode::from(2)
        }
        Err(Stop::Unusable(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}
