//! Runs tests in a network namespace of their own, which has its own connection tracking table.
#![allow(dead_code, unused_imports, reason = "each test program uses a part")]

mod flow;

pub(crate) use flow::flow;

use ctnetlink::socket::Socket;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const INSIDE: &str = "CTNETLINK_TEST_IN_NAMESPACE";

/// Runs the test of that name in a network namespace of its own.
///
/// Returns `true` inside it. Outside it returns `false` when the test has passed or cannot run.
pub(crate) fn enter(test: &str) -> bool {
    enter_with(test, "-Urn")
}

/// Runs the test of that name in namespaces that `unshare` creates with these options.
///
/// Returns what [`enter`] returns.
pub(crate) fn enter_with(test: &str, options: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        let _ = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.arg(options);
        command
    };
    match unshare().arg("true").stdin(Stdio::null()).output() {
        Err(error) => return skipped(test, &format!("unshare: {error}")),
        Ok(output) if !output.status.success() => {
            return skipped(test, String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(_) => {}
    }
    let output = unshare()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = text.lines().filter(|l| l.starts_with("SKIPPED ") || l.starts_with("MEASURED "));
    said.for_each(say);
    assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stdout));
    false
}

/// Writes a line that the test harness does not capture.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Reports why a test cannot run on this machine.
pub(crate) fn skipped(test: &str, reason: &str) -> bool {
    say(&format!("SKIPPED {test}: {reason}"));
    false
}

/// Opens a socket, if the kernel has connection tracking over netlink.
pub(crate) fn socket(test: &str) -> Option<Socket> {
    let opened = Socket::open().and_then(|mut socket| {
        socket.set_timeout(Some(Duration::from_secs(20)))?;
        socket.stats()?;
        Ok(socket)
    });
    match opened {
        Ok(socket) => Some(socket),
        Err(error) => {
            skipped(test, &format!("no ctnetlink: {error}"));
            None
        }
    }
}

/// Waits until a netlink socket of the netfilter family has exactly this mask of groups.
pub(crate) fn wait_for_listener(groups: u32) {
    wait_for_listeners(groups, 1);
}

/// Waits until `count` netfilter sockets are subscribed to exactly these groups, as a mask.
pub(crate) fn wait_for_listeners(groups: u32, count: usize) {
    let end = Instant::now() + Duration::from_secs(20);
    let wanted = format!("{groups:08x}");
    loop {
        let table = std::fs::read_to_string("/proc/self/net/netlink").unwrap();
        let rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        let is_listener =
            |row: &Vec<&str>| row.get(1) == Some(&"12") && row.get(3) == Some(&&*wanted);
        if rows.filter(is_listener).count() >= count {
            return;
        }
        assert!(Instant::now() < end, "no socket is subscribed to {wanted}:\n{table}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the number of bytes in the receive buffer of the socket with this mask of groups.
pub(crate) fn received_bytes(groups: u32) -> u32 {
    let wanted = format!("{groups:08x}");
    let table = std::fs::read_to_string("/proc/thread-self/net/netlink").unwrap();
    let mut rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(1) == Some(&"12") && row.get(3) == Some(&&*wanted)).unwrap();
    row[4].parse().unwrap()
}
