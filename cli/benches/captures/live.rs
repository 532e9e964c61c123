//! Dumps of a large table of the running kernel, in a network namespace of its own.

use crate::COMMAND;
use crate::child::{Output, best_of};
use crate::flow::flow;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{Extension, Socket};
use ctnetlink::{Message, MsgType};
use netlink_sys::{SocketAddr, protocols::NETLINK_NETFILTER};
use std::error::Error;
use std::process::Command;

/// The argument with which this program calls itself in the namespace.
pub(crate) const INSIDE: &str = "--inside-namespace";
/// The argument with which it calls itself to receive a dump and nothing more.
pub(crate) const RECEIVE: &str = "--receive";
/// The maximum size of a datagram of a dump.
const DATAGRAM: usize = 32 << 10;

pub(crate) fn outside(is_quick: bool) -> Result<(), Box<dyn Error>> {
    println!();
    let unshare = |program: &str| {
        let mut command = Command::new("unshare");
        command.arg("-Urn").arg(program);
        command
    };
    if !unshare("true").output().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED list: no network namespace of its own");
        return Ok(());
    }
    let this = std::env::current_exe()?;
    let mut command = unshare(&this.to_string_lossy());
    command.arg(INSIDE).args(is_quick.then_some("--quick"));
    if command.status()?.success() { Ok(()) } else { Err("inside the namespace".into()) }
}

pub(crate) fn inside(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (wanted, times) = if is_quick { (2_000, 1) } else { (200_000, 5) };
    let mut socket = match Socket::open().and_then(|mut socket| socket.stats().map(|_| socket)) {
        Ok(socket) => socket,
        Err(error) => {
            println!("SKIPPED list: no ctnetlink: {error}");
            return Ok(());
        }
    };
    for extension in [Extension::Timestamp, Extension::Acct] {
        if let Err(error) = extension.enable() {
            println!("entries without {}: {error}", extension.sysctl());
        }
    }
    let requests = (0..wanted).map(|n| request::create(&flow(n))).collect::<Result<Vec<_>, _>>()?;
    let made = socket.request_all(requests, |_, _| ())?;
    if made < u64::from(wanted) {
        println!("SKIPPED list of {wanted} entries: the table accepts {made}");
    }
    println!(
        "\n| {made} live entries | s | user s | system s | entries per CPU s | peak MB | lines |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let this = std::env::current_exe()?;
    let this = this.to_string_lossy();
    for (name, program, args) in [
        ("receiving the dump without decoding it", &*this, RECEIVE),
        ("`ctnetlink list`", COMMAND, "list"),
        ("`conntrack -L`", "conntrack", "-L"),
    ] {
        if program == "conntrack" && Command::new(program).arg("--version").output().is_err() {
            println!("\nSKIPPED {program}: not installed");
            continue;
        }
        let ran = best_of(times, Output::Pipe, || {
            let mut command = Command::new(program);
            command.arg(args);
            command
        })?;
        println!(
            "| {name} | {:.3} | {:.2} | {:.2} | {:.0} | {:.1} | {} |",
            ran.wall.as_secs_f64(),
            ran.user.as_secs_f64(),
            ran.system.as_secs_f64(),
            made as f64 / ran.cpu().as_secs_f64(),
            ran.peak_kib as f64 / 1024.0,
            ran.lines,
        );
    }
    Ok(())
}

/// Receives a dump and decodes nothing: the minimum that every program that prints a dump does.
pub(crate) fn receive() -> Result<(), Box<dyn Error>> {
    let mut socket = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(request::dump(&Selector::default()).with_seq(1).as_bytes(), 0)?;
    let mut datagram = Vec::with_capacity(DATAGRAM);
    loop {
        datagram.clear();
        socket.recv(&mut datagram, 0)?;
        match Message::parse(&datagram)?.msg_type() {
            MsgType::DONE => return Ok(()),
            MsgType::ERROR => return Err("the kernel rejected the dump".into()),
            _ => {}
        }
    }
}
