//! The command line.

use crate::recorder::Recorder;
use crate::{scenes, traffic};
use std::process::ExitCode;

const USAGE: &str = "usage: ctnetlink-recorder record FILE.jsonl [SCENE…]
       ctnetlink-recorder serve tcp|udp ADDRESS:PORT SECONDS
       ctnetlink-recorder talk tcp|udp ADDRESS:PORT LINES";

pub(crate) fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["record", file, ref scenes @ ..] => record(file, scenes),
        ["serve", protocol, address, seconds] => traffic::serve(protocol, address, seconds),
        ["talk", protocol, address, lines] => traffic::talk(protocol, address, lines),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn record(file: &str, wanted: &[&str]) -> Result<(), String> {
    let mut recorder = Recorder::open()?;
    for (name, scene) in scenes::ALL {
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        recorder.scene(name);
        if let Err(reason) = scene(&mut recorder) {
            eprintln!("SKIPPED {name}: {reason}");
        }
    }
    recorder.write(file)
}
