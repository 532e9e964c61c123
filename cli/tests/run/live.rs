//! Runs commands and other programs on a running kernel.

use super::{command, stderr};
use ctnetlink::Conntrack;
use ctnetlink::request;
use ctnetlink::socket::Socket;
use std::process::{Child, Command, Output, Stdio};

/// The mask of the groups of entry events.
pub(crate) const FLOWS: u32 = 0b00_0111;
/// The mask of the groups of entry and expectation events.
pub(crate) const ALL: u32 = 0b10_1111;

pub(crate) fn start(args: &[&str]) -> Child {
    command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Returns the standard output of another program, or `None` if it is not installed.
pub(crate) fn other(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).env("TZ", "UTC").output().ok()?;
    assert!(output.status.success(), "{program} {args:?}: {}", stderr(&output));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Terminates a command with a signal, as Ctrl-C or a service manager does.
pub(crate) fn signal(child: Child, name: &str) -> Output {
    let output = interrupt(child, name);
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

/// Terminates a command that may have reported errors.
pub(crate) fn interrupt(child: Child, name: &str) -> Output {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    child.wait_with_output().unwrap()
}

pub(crate) fn create(socket: &mut Socket, flows: impl IntoIterator<Item = Conntrack>) {
    let requests = flows.into_iter().map(|ct| request::create(&ct).unwrap());
    socket.request_all(requests, |n, error| panic!("{n}: {error}")).unwrap();
}
