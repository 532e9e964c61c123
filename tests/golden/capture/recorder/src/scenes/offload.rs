//! A router between two other namespaces, with a flowtable, a SYN proxy and ICMP errors.

use super::{Done, TCP, dump, flush};
use crate::machine::{Peer, nft, run, sysctl};
use crate::recorder::{Recorder, built};
use ctnetlink::attrs::Status;
use ctnetlink::request::{self, Selector};
use ctnetlink::{Body, Conntrack, Kind, Message};
use std::process::Child;
use std::time::Duration;

/// The client is at 10.77.1.2 and fd77:1::2, the server at 10.77.2.2 and fd77:2::2.
struct Router {
    client: Peer,
    server: Peer,
}

impl Router {
    fn new() -> Result<Self, String> {
        let peers = [Peer::new()?, Peer::new()?];
        for (n, peer) in (1..).zip(&peers) {
            run(&format!("ip link add rec{n} type veth peer name eth0 netns {}", peer.pid()))?;
            run(&format!("ip addr add 10.77.{n}.1/24 dev rec{n}"))?;
            run(&format!("ip addr add fd77:{n}::1/64 dev rec{n} nodad"))?;
            run(&format!("ip link set rec{n} up"))?;
            for command in [
                "ip link set lo up",
                &format!("ip addr add 10.77.{n}.2/24 dev eth0"),
                &format!("ip addr add fd77:{n}::2/64 dev eth0 nodad"),
                "ip link set eth0 up",
                &format!("ip route add default via 10.77.{n}.1"),
                &format!("ip route add default via fd77:{n}::1"),
            ] {
                peer.run(command)?;
            }
        }
        sysctl("net/ipv4/ip_forward", "1")?;
        sysctl("net/ipv6/conf/all/forwarding", "1")?;
        let [client, server] = peers;
        Ok(Self { client, server })
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = run("ip link del rec1");
        let _ = run("ip link del rec2");
    }
}

pub(crate) fn offload(r: &mut Recorder) -> Done {
    let router = Router::new()?;
    r.wait(Duration::from_millis(500))?;
    // The TTL of this packet expires at the router.
    for command in
        ["ping -c 1 -W 1 -t 1 10.77.2.2", "ping -c 1 10.77.2.2", "ping -6 -c 1 fd77:2::2"]
    {
        if let Err(reason) = router.client.run(command) {
            // ping fails if it receives "time exceeded".
            eprintln!("{reason}");
        }
    }
    r.settle()?;
    let rules = |counter: &str| {
        format!(
            "table inet fast {{
  flowtable f {{ hook ingress priority 0; devices = {{ rec1, rec2 }}; {counter} }}
  chain forward {{
    type filter hook forward priority 0; policy accept;
    meta l4proto {{ tcp, udp }} ct state established ct mark set 0x77 flow add @f
  }}
}}"
        )
    };
    if let Err(reason) = nft(&rules("counter;")).or_else(|_| nft(&rules(""))) {
        eprintln!("SKIPPED flowtable: {reason}");
    } else {
        for (protocol, address) in [
            ("tcp", "10.77.2.2:5071"),
            ("tcp", "[fd77:2::2]:5072"),
            ("udp", "10.77.2.2:5073"),
            ("udp", "[fd77:2::2]:5074"),
        ] {
            fast(r, &router, protocol, address)?;
        }
        run("nft delete table inet fast")?;
        flush(r)?;
    }
    synproxy(r, &router)
}

fn fast(r: &mut Recorder, router: &Router, protocol: &str, address: &str) -> Done {
    let mut server = router.server.start(&format!("serve {protocol} {address} 6"))?;
    r.wait(Duration::from_millis(300))?;
    let client = router.client.start(&format!("talk {protocol} {address} 40"))?;
    r.wait(Duration::from_millis(1200))?;
    dump(r)?;
    for ct in offloaded(r) {
        r.ask("get", Some("get"), request::get(&ct))?;
        let key = Conntrack {
            family: ct.family,
            orig: ct.orig,
            mark: Some(0x78),
            ..Conntrack::default()
        };
        r.ask("reply", Some("update"), built(request::update(&key))?)?;
        let assured = Some(Status::CONFIRMED | Status::SEEN_REPLY | Status::ASSURED);
        let status = Conntrack { status: assured, timeout: Some(99), ..key.clone() };
        r.ask("reply", Some("update"), built(request::update(&status))?)?;
        let offloaded = Some((Status::OFFLOAD, Status::OFFLOAD));
        let only = Selector { status: offloaded, ..Selector::default() };
        let kind = if r.since(5, 15) { "dump_filter" } else { "dump" };
        r.ask(kind, Some("dump"), request::dump(&only))?;
        if ct.orig.proto != Some(TCP) {
            // Kernels before 6.4 may reject it with EBUSY; 5.10.223 and 6.1.176 do not.
            r.ask("reply", Some("delete"), built(request::delete(&ct))?)?;
        }
    }
    ended(client);
    r.wait(Duration::from_millis(300))?;
    dump(r)?;
    let _ = server.kill();
    let _ = server.wait();
    Ok(())
}

/// Waits for a client, and reports if it failed.
fn ended(mut client: Child) {
    if !client.wait().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED a connection: its client failed");
    }
}

/// Returns the offloaded entries of the last dump.
fn offloaded(r: &Recorder) -> Vec<Conntrack> {
    let is_offloaded = |ct: &Conntrack| ct.status.is_some_and(|s| s.contains(Status::OFFLOAD));
    let all = r.of_last_dump().into_iter().filter_map(|message: Message<'_>| {
        let is_entry =
            message.kind() == Kind::Reply && matches!(message.body(), Ok(Body::Conntrack(..)));
        is_entry.then(|| Conntrack::try_from(message).ok()).flatten()
    });
    let found: Vec<_> = all.filter(is_offloaded).collect();
    if found.is_empty() {
        eprintln!("SKIPPED offload: the table contains no offloaded entry");
    }
    found
}

/// Records a SYN proxy, which stores its initial sequence number and adjusts later ones.
fn synproxy(r: &mut Recorder, router: &Router) -> Done {
    sysctl("net/ipv4/tcp_syncookies", "2")?;
    sysctl("net/ipv4/tcp_timestamps", "1")?;
    sysctl("net/netfilter/nf_conntrack_tcp_loose", "0")?;
    nft("table inet proxy {
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    iifname rec1 tcp dport 5081-5082 tcp flags syn notrack
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    tcp dport 5081-5082 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    tcp dport 5081-5082 ct state invalid drop
  }
}")?;
    for address in ["10.77.2.2:5081", "[fd77:2::2]:5082"] {
        let mut server = router.server.start(&format!("serve tcp {address} 6"))?;
        r.wait(Duration::from_millis(300))?;
        let client = router.client.start(&format!("talk tcp {address} 8"))?;
        r.wait(Duration::from_millis(600))?;
        dump(r)?;
        ended(client);
        let _ = server.kill();
        let _ = server.wait();
        r.settle()?;
    }
    run("nft delete table inet proxy")?;
    flush(r)
}
