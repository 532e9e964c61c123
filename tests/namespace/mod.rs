//! Tests in a network namespace of their own, where they may do what they like to the kernel's
//! table.
#![allow(dead_code, reason = "each test program uses a part")]

use ctnetlink::adapter::socket::Socket;
use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::{Conntrack, Family};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const INSIDE: &str = "CTNETLINK_TEST_IN_NAMESPACE";

/// Runs the test of that name in a namespace of its own: `true` in there. Outside it is done by
/// then, or could not be.
pub(crate) fn enter(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        let _ = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.arg("-Urn");
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

/// Writes past the test harness, which would keep it to itself.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Reports what this machine cannot show.
pub(crate) fn skipped(test: &str, reason: &str) -> bool {
    say(&format!("SKIPPED {test}: {reason}"));
    false
}

/// A socket, where the kernel has connection tracking over netlink.
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

/// The `n`th of many flows.
pub(crate) fn flow(n: u32) -> Conntrack {
    let [_, a, b, c] = n.to_be_bytes();
    let client = IpAddr::from(Ipv4Addr::new(10, a, b, c));
    let server = IpAddr::from(Ipv4Addr::new(198, 51, 100, 7));
    let tuple = |src, dst, src_port, dst_port| Tuple {
        src: Some(src),
        dst: Some(dst),
        proto: Some(IpProto::UDP),
        src_port: Some(src_port),
        dst_port: Some(dst_port),
        ..Tuple::default()
    };
    Conntrack {
        family: Family::IPV4,
        orig: tuple(client, server, 40001, 5353),
        reply: tuple(server, client, 5353, 40001),
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(600),
        mark: Some(n),
        ..Conntrack::default()
    }
}

/// Waits until a netlink socket of the netfilter family listens to exactly these groups, as a mask.
pub(crate) fn wait_for_listener(groups: u32) {
    let end = Instant::now() + Duration::from_secs(20);
    let wanted = format!("{groups:08x}");
    loop {
        let table = std::fs::read_to_string("/proc/self/net/netlink").unwrap();
        let mut rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        if rows.any(|row| row.get(1) == Some(&"12") && row.get(3) == Some(&&*wanted)) {
            return;
        }
        assert!(Instant::now() < end, "nobody listens to {wanted}:\n{table}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
