//! The command `ctnetlink`; `ctnetlink help` says what it does.
#![allow(missing_docs, reason = "clap makes help of the documentation")]

mod args;
mod check;
mod decode;
mod input;
mod sim;
mod vectors;

use args::{Args, Command};
use clap::Parser as _;
use input::Stop;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Decode(args) => decode::run(&args),
        Command::Check { files } => check::run(&files),
        Command::Sim(args) => sim::run(&args),
        Command::Vectors(args) => vectors::run(&args),
    };
    match result {
        Ok(code) => code,
        // Whoever read the output has had enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Stop::Output(error)) => {
            eprintln!("standard output: {error}");
            ExitCode::from(2)
        }
        Err(Stop::File(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}
