//! Entries that are created over netlink.

use super::{Done, TCP, UDP, create, delete, dump, flow, flush, get, put_bytes, update};
use crate::recorder::{Recorder, built};
use ctnetlink::attrs::Status;
use ctnetlink::flat::{Labels, ProtoInfo, SynProxy, Tcp, Tuple};
use ctnetlink::nested::{IpProto, TcpState};
use ctnetlink::request;
use ctnetlink::{Conntrack, Family};
use std::time::Duration;

fn established() -> Option<ProtoInfo> {
    let state = Some(TcpState::ESTABLISHED);
    Some(ProtoInfo::Tcp(Tcp {
        state,
        wscale_original: Some(7),
        wscale_reply: Some(9),
        ..Tcp::default()
    }))
}

/// Records zones of both directions, of only the original one, and of only the reply.
pub(crate) fn zones(r: &mut Recorder) -> Done {
    let protocols = [
        (Family::IPV4, TCP),
        (Family::IPV6, TCP),
        (Family::IPV4, UDP),
        (Family::IPV6, UDP),
        (Family::IPV4, IpProto::ICMP),
        (Family::IPV6, IpProto::ICMPV6),
        (Family::IPV6, IpProto::SCTP),
        (Family::IPV4, IpProto(253)),
    ];
    let mut made = Vec::new();
    for (n, (family, proto)) in (1..).zip(protocols) {
        for side in 0..3 {
            let mut ct = flow(family, proto, n * 4 + side);
            let zone = Some(0x0101 * (n + 1) + side);
            match side {
                0 => ct.orig.zone = zone,
                1 => ct.reply.zone = zone,
                _ => ct.zone = zone,
            }
            ct.protoinfo = established().filter(|_| proto == TCP);
            if create(r, &ct)? {
                made.push(ct);
            }
        }
    }
    // An entry with a master, each in a zone of one direction; the tuple of the master has no zone.
    for (n, family) in [(90, Family::IPV4), (91, Family::IPV6)] {
        let mut master = flow(family, TCP, n);
        master.reply.zone = Some(77);
        create(r, &master)?;
        let mut child = flow(family, TCP, n + 10);
        child.orig.zone = None;
        child.reply.zone = Some(77);
        child.master = Tuple { zone: None, ..master.orig };
        if create(r, &child)? {
            get(r, &child)?;
        }
    }
    for ct in &made {
        get(r, ct)?;
        update(r, &Conntrack { mark: Some(0x0a0b_0c0d), timeout: None, ..ct.clone() })?;
    }
    // The reply tuple is enough to find an entry.
    for ct in made.iter().skip(1).step_by(3) {
        get(r, &Conntrack { orig: Tuple::default(), ..ct.clone() })?;
    }
    dump(r)?;
    for ct in &made {
        delete(r, ct)?;
    }
    flush(r)
}

/// Records the status bits that a request may set.
pub(crate) fn status(r: &mut Recorder) -> Done {
    let bits = [
        Status::FIXED_TIMEOUT,
        Status::ASSURED,
        Status::from_bits_retain(1 << 11),
        Status::from_bits_retain(1 << 12),
        Status::HELPER,
        Status::from_bits_retain(1 << 14),
        Status::from_bits_retain(1 << 15),
        Status::from_bits_retain(1 << 20),
        Status::DYING,
        Status::EXPECTED,
    ];
    for (n, bit) in (200..).zip(bits) {
        let family = if n % 2 == 0 { Family::IPV4 } else { Family::IPV6 };
        let base = flow(family, if n % 3 == 0 { TCP } else { UDP }, n);
        let ct = Conntrack { status: Some(Status::CONFIRMED | bit), ..base.clone() };
        if create(r, &ct)? {
            get(r, &ct)?;
            let known = Some(Status::CONFIRMED | Status::SEEN_REPLY | Status::ASSURED | bit);
            update(r, &Conntrack { status: known, timeout: None, ..base.clone() })?;
            update(r, &Conntrack { status: None, timeout: Some(77), ..base.clone() })?;
            get(r, &ct)?;
        }
        r.ask("ctrzero", Some("get"), request::get_and_reset(&ct))?;
    }
    // A request may set the numbers of a SYN proxy on an entry of any protocol.
    for (n, proto) in [(220, TCP), (221, UDP)] {
        let synproxy = SynProxy { isn: Some(0x1122_3344), its: Some(5), tsoff: Some(u32::MAX) };
        let ct = Conntrack { synproxy, ..flow(Family::IPV6, proto, n) };
        create(r, &ct)?;
        get(r, &ct)?;
    }
    dump(r)?;
    flush(r)
}

/// Records labels of other lengths than 16 bytes, with and without a mask of the same length.
pub(crate) fn labels(r: &mut Recorder) -> Done {
    use ctnetlink::attrs::{CtAttr, CtattrType};
    use ctnetlink::flat::Record as _;
    use ctnetlink::wire::NlmFlags;
    use ctnetlink::{MessageBuilder, MsgType};
    let lengths = [0, 3, 4, 8, 12, 16, 20];
    for (n, len) in (300..).zip(lengths) {
        let bytes: Vec<u8> = (1..=len).collect();
        let ct = flow(Family::IPV4, UDP, n);
        let whole = Conntrack { labels: Some(Labels::from_bits(u128::MAX / 3)), ..ct.clone() };
        let masks: [Option<Vec<u8>>; 3] = [None, Some(vec![0xf0; len.into()]), Some(vec![1; 4])];
        create(r, &whole)?;
        for mask in masks {
            let flags = NlmFlags::REQUEST;
            let builder =
                MessageBuilder { flags, ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4) };
            let update = builder.build::<CtattrType>(|out| {
                out.nest(CtAttr::TupleOrig, |out| ct.orig.write(out));
                put_bytes(out, 22, &bytes);
                if let Some(mask) = &mask {
                    put_bytes(out, 23, mask);
                }
            });
            r.ask("reply", Some("update"), built(update)?)?;
        }
        get(r, &ct)?;
        let flags = NlmFlags::REQUEST | NlmFlags::CREATE;
        let builder =
            MessageBuilder { flags, ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4) };
        let ct = flow(Family::IPV4, UDP, n + 20);
        let create = builder.build::<CtattrType>(|out| {
            out.nest(CtAttr::TupleOrig, |out| ct.orig.write(out));
            out.nest(CtAttr::TupleReply, |out| ct.reply.write(out));
            out.put(CtAttr::Timeout(300));
            put_bytes(out, 22, &bytes);
        });
        r.ask("reply", None, built(create)?)?;
    }
    dump(r)?;
    flush(r)
}

/// Turns counters and times on and off while entries exist, which keep their extensions.
pub(crate) fn switches(r: &mut Recorder) -> Done {
    let mut made = Vec::new();
    let all = [(true, true), (false, true), (true, false), (false, false)];
    for (n, (acct, timestamp)) in (400..).zip(all) {
        r.switch("acct", acct)?;
        r.switch("timestamp", timestamp)?;
        let port = 5400 + (n - 400);
        for host in ["127.0.0.1", "[::1]"] {
            let [from, to] = [format!("{host}:{}", port + 100), format!("{host}:{port}")];
            crate::traffic::udp(&from, &to, b"counted", 2)?;
        }
        r.settle()?;
        for (family, proto) in [(Family::IPV4, TCP), (Family::IPV6, TCP), (Family::IPV4, UDP)] {
            let ct = Conntrack {
                protoinfo: established().filter(|_| proto == TCP),
                labels: Some(Labels::from_bits(1 << 77)),
                ..flow(family, proto, n)
            };
            create(r, &ct)?;
            made.push(ct);
        }
    }
    r.switch("acct", true)?;
    r.switch("timestamp", false)?;
    for ct in &made {
        update(r, &Conntrack { mark: Some(3), timeout: Some(55), labels: None, ..ct.clone() })?;
    }
    r.switch("timestamp", true)?;
    for ct in &made {
        get(r, ct)?;
        r.ask("ctrzero", Some("get"), request::get_and_reset(ct))?;
    }
    dump(r)?;
    for ct in &made {
        delete(r, ct)?;
    }
    flush(r)
}

/// Records expired entries, found by a dump, by a GET request, and by garbage collection.
pub(crate) fn expiry(r: &mut Recorder) -> Done {
    let mut made = Vec::new();
    for (n, (family, proto)) in (500..).zip([
        (Family::IPV4, TCP),
        (Family::IPV6, TCP),
        (Family::IPV4, UDP),
        (Family::IPV6, IpProto::ICMPV6),
        (Family::IPV4, IpProto::SCTP),
        (Family::IPV6, IpProto::DCCP),
    ]) {
        let ct = Conntrack {
            timeout: Some(u32::from(n % 2)),
            mark: Some(n.into()),
            protoinfo: established().filter(|_| proto == TCP),
            ..flow(family, proto, n)
        };
        create(r, &ct)?;
        made.push(ct);
    }
    r.wait(Duration::from_millis(2300))?;
    for ct in made.iter().step_by(2) {
        get(r, ct)?;
    }
    dump(r)?;
    flush(r)
}
