//! Measures `ctnetlink log`: `cargo bench -p ctnetlink-cli --bench log [-- --quick]`.
//!
//! A million flows are created and deleted in a network namespace, and a collector on the loopback
//! device counts the records. ulogd2 does the same, if it is installed. As root, receive buffers are
//! large enough for all events; otherwise both programs lose some, which is counted.

mod collector;
#[path = "../../../tests/namespace/flow.rs"]
mod flow;
mod process;
mod ulogd;

use collector::{Collected, Tcp, Udp};
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{Extension, Socket};
use flow::flow;
use process::Watched;
use std::error::Error;
use std::io::Read as _;
use std::process::{Command, Stdio};

const COMMAND: &str = env!("CARGO_BIN_EXE_ctnetlink");
/// The argument with which this program calls itself in the namespace.
const INSIDE: &str = "--inside-namespace";
/// The number of flows that exist at the same time.
const ROUND: u32 = 50_000;
/// A receive buffer for the events of a round.
const LARGE: usize = 256 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let is_quick = args.iter().any(|arg| arg == "--quick");
    if args.iter().any(|arg| arg == INSIDE) {
        return inside(if is_quick { 2 * ROUND } else { 1_000_000 });
    }
    let can = |options: &str| {
        let output = Command::new("unshare").args([options, "true"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    // In the initial user namespace, root may have any receive buffer.
    let Some(options) = ["-n", "-Urn"].into_iter().find(|options| can(options)) else {
        println!("SKIPPED log: no network namespace of its own");
        return Ok(());
    };
    let mut command = Command::new("unshare");
    command.arg(options).arg(std::env::current_exe()?).arg(INSIDE);
    command.args(is_quick.then_some("--quick"));
    if command.status()?.success() { Ok(()) } else { Err("inside the namespace".into()) }
}

fn inside(flows: u32) -> Result<(), Box<dyn Error>> {
    Command::new("ip").args(["link", "set", "lo", "up"]).status()?;
    let opened = Socket::open().and_then(|mut socket| socket.stats().map(|_| socket));
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(error) => {
            println!("SKIPPED log: no ctnetlink: {error}");
            return Ok(());
        }
    };
    for extension in [Extension::Timestamp, Extension::Acct, Extension::Events] {
        extension.enable()?;
    }
    println!(
        "\n| {flows} flows | received | not sent | dropped by the kernel | CPU µs per event | user | \
         system | idle MB | peak MB |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for dest in ["ipfix+udp://127.0.0.1", "ipfix+tcp://127.0.0.1"] {
        ours(&mut socket, flows, dest, LARGE)?;
        // Twice, because other programs on the machine disturb the measurement.
        ulogd::measure(&mut socket, flows)?;
    }
    // Losses have to be counted, too.
    ours(&mut socket, flows, "ipfix+tcp://127.0.0.1", 64 << 10)?;
    Ok(())
}

/// Creates flows and deletes them, a part at a time.
fn load(socket: &mut Socket, flows: u32) -> Result<(), Box<dyn Error>> {
    for first in (0..flows).step_by(ROUND as usize) {
        let last = flows.min(first + ROUND);
        let requests = (first..last).map(|n| request::create(&flow(n)));
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        socket.request_all(requests, |n, error| panic!("{n}: {error}"))?;
        socket.request(request::flush(&Selector::default()))?;
    }
    Ok(())
}

fn ours(socket: &mut Socket, flows: u32, dest: &str, buffer: usize) -> Result<(), Box<dyn Error>> {
    let collector: Box<dyn FnOnce() -> Collected> = match dest.starts_with("ipfix+tcp") {
        true => Tcp::start(4739)?,
        false => Udp::start(4739)?,
    };
    let child = Command::new(COMMAND)
        .args(["log", "--to", dest, "--buffer", &buffer.to_string()])
        .stderr(Stdio::piped())
        .spawn()?;
    let mut watched = Watched::new(child)?;
    load(socket, flows)?;
    watched.wait_until_idle()?;
    let mut child = watched.terminate()?;
    let mut errors = String::new();
    child.stderr.take().ok_or("no standard error")?.read_to_string(&mut errors)?;
    child.wait()?;
    let number = |name: &str| {
        let words = errors.lines().last()?.split(' ').filter_map(|word| word.split_once('='));
        words.into_iter().find(|word| word.0 == name)?.1.parse::<u64>().ok()
    };
    let read = number("flows").ok_or("no last line")?;
    let dropped = number("dropped").ok_or("no last line")?;
    let collected = collector();
    let name = format!("`ctnetlink log --to {dest} --buffer {buffer}`");
    watched.print(&name, read, &collected, Some(dropped));
    let total = collected.records + collected.not_sent;
    if total != u64::from(flows) {
        return Err(format!("{total} flows are accounted for: {collected:?}\n{errors}").into());
    }
    Ok(())
}
