//! How fast the command is from end to end: `cargo bench -p ctnetlink-cli --bench captures [-- --quick]`.
//!
//! What a machine lacks is told in lines that start with `SKIPPED`.

mod capture;
mod child;
#[cfg(target_os = "linux")]
mod live;

use capture::Capture;
use child::{Output, Ran, best_of};
use std::error::Error;
use std::path::Path;
use std::process::Command;

const COMMAND: &str = env!("CARGO_BIN_EXE_ctnetlink");
/// What tshark is given: at its speed, more would take minutes.
const TSHARK_PACKETS: u64 = 64_000;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    #[cfg(target_os = "linux")]
    if args.iter().any(|arg| arg == live::INSIDE) {
        return live::inside(is_quick(&args));
    }
    let is_quick = is_quick(&args);
    let (messages, times) = if is_quick { (20_000, 1) } else { (1_000_000, 3) };
    captures(messages, times)?;
    tshark(if is_quick { 1_000 } else { TSHARK_PACKETS }, times)?;
    #[cfg(target_os = "linux")]
    live::outside(is_quick)?;
    Ok(())
}

fn is_quick(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--quick")
}

/// Large files, with one thread and with as many as there are cores.
fn captures(messages: u64, times: usize) -> Result<(), Box<dyn Error>> {
    let capture = Capture::of_messages(messages)?;
    let Capture { packets, messages, bytes, .. } = capture;
    println!("\n{messages} messages in {packets} packets, {bytes} bytes of pcapng\n");
    println!("| command | output | s | messages/s | MB/s | CPU s | peak MB |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    let cores = std::thread::available_parallelism()?.to_string();
    for (args, what) in [
        (&["decode"][..], "text"),
        (&["decode", "-o", "extended,id,ktimestamp"], "text, more"),
        (&["decode", "--format", "json"], "JSON"),
        (&["check"], "check"),
    ] {
        let jobs: &[&[&str]] =
            if has_jobs(args[0])? { &[&["--jobs", "1"], &["--jobs", &cores]] } else { &[&[]] };
        for jobs in jobs {
            for output in [Output::Pipe, Output::Null] {
                let ran = best_of(times, output, || ours(args, jobs, &capture.path))?;
                row(what, jobs, output, &ran, &capture);
            }
        }
    }
    Ok(())
}

/// Whether that command can use more than one core.
fn has_jobs(command: &str) -> Result<bool, Box<dyn Error>> {
    let help = Command::new(COMMAND).args([command, "--help"]).output()?;
    Ok(String::from_utf8_lossy(&help.stdout).contains("--jobs"))
}

fn ours(args: &[&str], jobs: &[&str], file: &Path) -> Command {
    let mut command = Command::new(COMMAND);
    command.args(args).args(jobs).arg(file);
    command
}

fn row(what: &str, jobs: &[&str], output: Output, ran: &Ran, capture: &Capture) {
    let seconds = ran.wall.as_secs_f64();
    println!(
        "| {what} {} | {output} | {seconds:.2} | {:.0} | {:.0} | {:.2} | {:.1} |",
        jobs.join(" "),
        capture.messages as f64 / seconds,
        capture.bytes as f64 / seconds / 1e6,
        ran.cpu.as_secs_f64(),
        ran.peak_kib as f64 / 1024.0,
    );
}

/// JSON of the same packets from us and from tshark.
fn tshark(packets: u64, times: usize) -> Result<(), Box<dyn Error>> {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("\nSKIPPED tshark: not installed");
        return Ok(());
    }
    let capture = Capture::of_packets(packets)?;
    let path = &capture.path;
    let theirs = best_of(1, Output::Pipe, || {
        let mut command = Command::new("tshark");
        command.args(["-T", "json", "-r"]).arg(path);
        command
    })?;
    let ours = best_of(times, Output::Pipe, || ours(&["decode", "--format", "json"], &[], path))?;
    println!("\n| JSON of {} packets | µs a packet | peak MB | MB of output |", capture.packets);
    println!("|---|---:|---:|---:|");
    for (who, ran) in [("tshark -T json", &theirs), ("ctnetlink decode --format json", &ours)] {
        println!(
            "| `{who}` | {:.2} | {:.1} | {:.1} |",
            ran.wall.as_secs_f64() * 1e6 / capture.packets as f64,
            ran.peak_kib as f64 / 1024.0,
            ran.read as f64 / 1e6,
        );
    }
    let ratio = theirs.wall.as_secs_f64() / ours.wall.as_secs_f64();
    println!("\ntshark takes {ratio:.0} times as long");
    Ok(())
}
