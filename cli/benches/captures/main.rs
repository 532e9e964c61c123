//! Measures the command: `cargo bench -p ctnetlink-cli --bench captures [-- --quick]`.
//!
//! A line that starts with `SKIPPED` reports each program or feature that the machine lacks.

mod capture;
mod child;
#[cfg(target_os = "linux")]
#[path = "../../../tests/namespace/flow.rs"]
mod flow;
#[cfg(target_os = "linux")]
mod live;

use capture::Capture;
use child::{Output, Ran, best_of};
use std::error::Error;
use std::path::Path;
use std::process::Command;

const COMMAND: &str = env!("CARGO_BIN_EXE_ctnetlink");
/// The number of packets for tshark, which would take minutes for more.
const TSHARK_PACKETS: u64 = 64_000;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    #[cfg(target_os = "linux")]
    if args.iter().any(|arg| arg == live::INSIDE) {
        return live::inside(is_quick(&args));
    }
    #[cfg(target_os = "linux")]
    if args.iter().any(|arg| arg == live::RECEIVE) {
        return live::receive();
    }
    let is_quick = is_quick(&args);
    let (messages, times) = if is_quick { (20_000, 1) } else { (1_000_000, 7) };
    captures(messages, times)?;
    tshark(if is_quick { 1_000 } else { TSHARK_PACKETS }, times)?;
    #[cfg(target_os = "linux")]
    live::outside(is_quick)?;
    Ok(())
}

fn is_quick(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--quick")
}

/// Measures `decode` and `check` on large files, on one core and on all.
fn captures(messages: u64, times: usize) -> Result<(), Box<dyn Error>> {
    let capture = Capture::of_messages(messages)?;
    let Capture { packets, messages, bytes, .. } = capture;
    println!("\n{messages} messages in {packets} packets, {bytes} bytes of pcapng\n");
    println!("| command | output | s | messages/s | MB/s | CPU s | peak MB |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for args in [
        &["decode"][..],
        &["decode", "-o", "extended,id,ktimestamp"],
        &["decode", "--format", "json"],
        &["check"],
    ] {
        for jobs in jobs(args)? {
            for output in [Output::Pipe, Output::Null] {
                let ran = best_of(times, output, || ours(args, &jobs, &capture.path))?;
                let seconds = ran.wall.as_secs_f64();
                println!(
                    "| `{}` | {output} | {seconds:.2} | {:.0} | {:.0} | {:.2} | {:.1} |",
                    line(args, &jobs),
                    messages as f64 / seconds,
                    bytes as f64 / seconds / 1e6,
                    ran.cpu().as_secs_f64(),
                    ran.peak_kib as f64 / 1024.0,
                );
            }
        }
    }
    Ok(())
}

/// Returns the options for one core and for all cores, if the command has such an option.
fn jobs(args: &[&str]) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let help = Command::new(COMMAND).args(args).arg("--help").output()?;
    if !String::from_utf8_lossy(&help.stdout).contains("--jobs") {
        return Ok(vec![Vec::new()]);
    }
    let mut cores = vec![1, std::thread::available_parallelism()?.get()];
    cores.dedup();
    Ok(cores.iter().map(|cores| vec!["--jobs".to_owned(), cores.to_string()]).collect())
}

fn ours(args: &[&str], jobs: &[String], file: &Path) -> Command {
    let mut command = Command::new(COMMAND);
    command.args(args).args(jobs).arg(file);
    command
}

fn line(args: &[&str], jobs: &[String]) -> String {
    let jobs = jobs.iter().map(String::as_str);
    let words: Vec<_> =
        std::iter::once("ctnetlink").chain(args.iter().copied()).chain(jobs).collect();
    words.join(" ")
}

/// Measures JSON of the same packets from the command and from tshark.
fn tshark(packets: u64, times: usize) -> Result<(), Box<dyn Error>> {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("\nSKIPPED tshark: not installed");
        return Ok(());
    }
    let capture = Capture::of_packets(packets)?;
    println!(
        "\n| JSON of {packets} packets | output | µs per packet | times as fast | peak MB | MB |"
    );
    println!("|---|---|---:|---:|---:|---:|");
    let args = ["decode", "--format", "json"];
    for output in [Output::Pipe, Output::Null] {
        let theirs = best_of(1, output, || {
            let mut command = Command::new("tshark");
            command.args(["-T", "json", "-r"]).arg(&capture.path);
            command
        })?;
        let row = |who: &str, ran: &Ran| {
            println!(
                "| `{who}` | {output} | {:.2} | {:.0} | {:.1} | {:.0} |",
                ran.wall.as_secs_f64() * 1e6 / packets as f64,
                theirs.wall.as_secs_f64() / ran.wall.as_secs_f64(),
                ran.peak_kib as f64 / 1024.0,
                ran.read as f64 / 1e6,
            );
        };
        row("tshark -T json", &theirs);
        for jobs in jobs(&args)? {
            // A run takes a few hundredths of a second, so that more runs are needed to find an
            // undisturbed one.
            let ran = best_of(2 * times, output, || ours(&args, &jobs, &capture.path))?;
            row(&line(&args, &jobs), &ran);
        }
    }
    Ok(())
}
