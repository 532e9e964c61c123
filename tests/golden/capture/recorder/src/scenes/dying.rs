//! Dying and unconfirmed entries, which are not in the table.

use super::helpers::{ask, attr, request_of};
use super::{Done, TCP, UDP, create, delete, flow, flush};
use crate::machine::{nft, run};
use crate::netlink::Netlink;
use crate::recorder::Recorder;
use crate::traffic::send;
use ctnetlink::flat::Labels;
use ctnetlink::nested::IpProto;
use ctnetlink::{Conntrack, Family, request};
use std::time::Duration;

/// Makes the kernel keep ended entries: a listener with reports of event loss does not read its events.
pub(crate) fn dying(r: &mut Recorder) -> Done {
    let deaf = Netlink::open(&[3], 1)?;
    deaf.wants_no_loss()?;
    let protocols = [
        (Family::IPV4, TCP),
        (Family::IPV6, TCP),
        (Family::IPV4, UDP),
        (Family::IPV6, UDP),
        (Family::IPV4, IpProto::ICMP),
        (Family::IPV6, IpProto::ICMPV6),
    ];
    let mut made = Vec::new();
    for n in 0..18 {
        let (family, proto) = protocols[usize::from(n) % protocols.len()];
        let ct = Conntrack {
            mark: Some(n.into()),
            labels: (n % 4 == 0).then(|| Labels::from_bits(1 << n)),
            zone: (n % 5 == 0).then_some(0x0300 + n),
            ..flow(family, proto, 1000 + n)
        };
        if create(r, &ct)? {
            made.push(ct);
        }
    }
    for ct in &made {
        delete(r, ct)?;
    }
    for family in [Family::UNSPEC, Family::IPV6] {
        r.ask("dying", Some("dump"), request::dump_dying(family))?;
    }
    // The kernel repeats the DESTROY events until they are delivered.
    r.wait(Duration::from_millis(20))?;
    drop(deaf);
    r.wait(Duration::from_millis(600))?;
    r.ask("dying", Some("dump"), request::dump_dying(Family::UNSPEC))?;
    flush(r)
}

/// Lists entries whose first packets wait in a queue, which kernels do up to Linux 5.18.
pub(crate) fn unconfirmed(r: &mut Recorder) -> Done {
    let queue = Netlink::open(&[], 1 << 20)?;
    // NFQNL_MSG_CONFIG binds queue 77, and requests packets without their contents.
    let bind = [attr(1, &[1, 0, 0, 0]), attr(2, &[0, 0, 0, 0, 1])];
    ask(&queue, &request_of(3, 2, 0, 0, 77, &bind))
        .map_err(|error| format!("nfnetlink_queue: {error}"))?;
    nft("table inet waiting {
  chain output {
    type filter hook output priority 20; policy accept;
    udp dport 5061 ct mark set 0x11223344 ct label set 5 queue num 77
    udp dport 5062 ct zone set 5 queue num 77
  }
}")?;
    let mut waiting = Vec::new();
    for host in ["127.0.0.1", "[::1]"] {
        for port in [5061, 5062] {
            let [from, to] = [format!("{host}:{}", port + 1000), format!("{host}:{port}")];
            waiting.push(send(&from, &to, b"wait")?);
        }
    }
    r.settle()?;
    for family in [Family::UNSPEC, Family::IPV6] {
        r.ask("unconfirmed", Some("dump"), request::dump_unconfirmed(family))?;
    }
    drop(waiting);
    // Closing the socket removes the queue and the packets in it.
    drop(queue);
    run("nft delete table inet waiting")?;
    flush(r)
}
