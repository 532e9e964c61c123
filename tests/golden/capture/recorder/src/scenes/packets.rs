//! Packets over the loopback device.

use super::{Done, dump, flush};
use crate::machine::{nft, run, sysctl};
use crate::recorder::Recorder;
use crate::traffic::{send, udp};
use ctnetlink::request;

const HOSTS: [&str; 2] = ["127.0.0.1", "[::1]"];

/// Activates the loopback device, and loads rules that track all packets and use labels.
pub(crate) fn setup(r: &mut Recorder) -> Done {
    run("ip link set lo up mtu 1500")?;
    r.switch("acct", true)?;
    r.switch("timestamp", true)?;
    // By default, kernels since Linux 5.19 send events only if there is a listener.
    sysctl("net/netfilter/nf_conntrack_events", "1")?;
    nft("flush ruleset
table inet recorder {
  chain output {
    type filter hook output priority 0; policy accept;
    udp dport 5300 ct label set 5
    ct state new,established accept
  }
}")?;
    r.labels_are_used();
    Ok(())
}

fn exchange(ports: &[u16], rounds: usize) -> Done {
    for port in ports {
        for host in HOSTS {
            let [from, to] = [format!("{host}:{}", port + 1000), format!("{host}:{port}")];
            udp(&from, &to, b"0123456789", rounds)?;
        }
    }
    Ok(())
}

/// Records zones that rules set: of one direction each, and of both.
pub(crate) fn zones(r: &mut Recorder) -> Done {
    nft("table inet zones {
  chain output {
    type filter hook output priority raw; policy accept;
    udp dport 5021 ct original zone set 21
    udp dport 5022 ct reply zone set 22
    udp sport 5022 ct reply zone set 22
    udp dport 5023 ct zone set 23
    udp sport 5023 ct zone set 23
  }
}")?;
    exchange(&[5021, 5022, 5023], 3)?;
    r.settle()?;
    dump(r)?;
    run("nft delete table inet zones")?;
    flush(r)
}

/// Records marks and labels that rules set during a flow, and rules that select events.
pub(crate) fn marks(r: &mut Recorder) -> Done {
    nft("table inet marks {
  chain output {
    type filter hook output priority 10; policy accept;
    udp dport 5031 ct packets > 2 ct mark set ct mark or 0x10
    udp sport 5031 ct mark set 0x01020304
    udp dport 5032 ct label set 5
    udp sport 5032 ct label set 127
    udp dport 5033 ct event set new,destroy
    udp dport 5034 ct event set 0x490
    udp dport 5034 ct mark set 9
    udp dport 5035 ct mark set 0
    udp sport 5035 ct mark set 7 ct label set 64
  }
}")?;
    exchange(&[5031, 5032, 5033, 5034, 5035], 4)?;
    r.settle()?;
    dump(r)?;
    run("nft delete table inet marks")?;
    flush(r)
}

/// Records fragmented datagrams, ICMP errors that belong to a flow, and echo requests.
pub(crate) fn fragments_and_errors(r: &mut Recorder) -> Done {
    for host in HOSTS {
        udp(&format!("{host}:6041"), &format!("{host}:5041"), &[7; 5000], 2)?;
        // No socket is bound to the port, so that there are two errors "port unreachable".
        let client = send(&format!("{host}:6042"), &format!("{host}:5042"), &[7; 3000])?;
        r.settle()?;
        let _ = client.send_to(&[8; 10], format!("{host}:5042"));
        r.settle()?;
    }
    for command in [
        "ping -c 2 -i 0.3 127.0.0.1",
        "ping -6 -c 2 -i 0.3 ::1",
        "ping -c 1 -s 4000 127.0.0.1",
        "ping -6 -c 1 -s 4000 ::1",
    ] {
        if let Err(reason) = run(command) {
            eprintln!("SKIPPED echo: {reason}");
        }
    }
    r.settle()?;
    dump(r)?;
    flush(r)
}

/// Records the statistics after more flows than the table may contain.
pub(crate) fn full_table(r: &mut Recorder) -> Done {
    let statistics = |r: &mut Recorder| {
        r.ask("stats", Some("stats"), request::stats())?;
        r.ask("stats_cpu", Some("stats"), request::stats_cpu())?;
        r.ask("exp_stats_cpu", Some("stats"), request::expect_stats_cpu())
    };
    statistics(r)?;
    let path = "net/netfilter/nf_conntrack_max";
    let before = std::fs::read_to_string(format!("/proc/sys/{path}"));
    let before = before.map_err(|error| format!("{path}: {error}"))?;
    sysctl(path, "16")?;
    for port in 0..40 {
        let _ = send("127.0.0.1:0", &format!("127.0.0.1:{}", 5600 + port), b"more");
    }
    r.settle()?;
    statistics(r)?;
    sysctl(path, before.trim())?;
    flush(r)
}
