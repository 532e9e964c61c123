//! Helpers in user space.

use super::{Done, TCP, UDP, create, delete, dump, flow, flush, get, update};
use crate::netlink::Netlink;
use crate::recorder::{Recorder, built};
use ctnetlink::attrs::ExpectFlags;
use ctnetlink::flat::{Help, Tuple};
use ctnetlink::nested::IpProto;
use ctnetlink::{Body, Conntrack, Expectation, Family, Message, request};

/// Returns an attribute of another subsystem than ctnetlink.
pub(crate) fn attr(number: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = [len.to_ne_bytes(), number.to_ne_bytes()].concat();
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn nest(number: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    attr(number | 0x8000, &parts.concat())
}

/// Returns a request to another subsystem than ctnetlink, which is not recorded.
pub(crate) fn request_of(
    subsystem: u16,
    message: u16,
    flags: u16,
    family: u8,
    id: u16,
    attrs: &[Vec<u8>],
) -> Vec<u8> {
    let attrs = attrs.concat();
    let len = u32::try_from(20 + attrs.len()).unwrap_or(u32::MAX);
    let mut bytes = len.to_ne_bytes().to_vec();
    bytes.extend((subsystem << 8 | message).to_ne_bytes());
    // The flags REQUEST and ACK are added.
    bytes.extend((flags | 5).to_ne_bytes());
    bytes.extend([1_u32.to_ne_bytes(), 0_u32.to_ne_bytes()].concat());
    bytes.extend([family, 0]);
    bytes.extend(id.to_be_bytes());
    bytes.extend(attrs);
    bytes
}

/// Sends a request to another subsystem and receives its acknowledgement.
///
/// # Errors
///
/// Returns the errno as text.
pub(crate) fn ask(socket: &Netlink, request: &[u8]) -> Done {
    socket.send(request)?;
    let answer = socket.receive()?;
    let message = Message::parse(&answer).map_err(|error| error.to_string())?;
    match message.body() {
        Ok(Body::Error(error)) if error.error == 0 => Ok(()),
        Ok(Body::Error(error)) => Err(format!("errno {}", -error.error)),
        other => Err(format!("{other:?}")),
    }
}

fn string(number: u16, text: &str) -> Vec<u8> {
    attr(number, format!("{text}\0").as_bytes())
}

fn be32(number: u16, value: u32) -> Vec<u8> {
    attr(number, &value.to_be_bytes())
}

/// Returns `NFNL_MSG_CTHELPER_NEW` for a helper with `data` bytes per entry and three classes.
fn new_helper(name: &str, family: Family, proto: IpProto, data: u32) -> Vec<u8> {
    let policy = |number: u16| {
        let name = string(1, &format!("class-{number}"));
        nest(2 + number, &[name, be32(2, 4), be32(3, 300)])
    };
    let l3 = attr(1, &u16::from(family.0).to_be_bytes());
    request_of(
        9,
        0,
        0x400 | 0x200,
        0,
        0,
        &[
            string(1, name),
            nest(2, &[l3, attr(2, &[proto.0])]),
            be32(3, 0),
            nest(4, &[be32(1, 3), policy(0), policy(1), policy(2)]),
            be32(5, data),
            // The helper is enabled.
            be32(6, 1),
        ],
    )
}

pub(crate) fn user_space_helper(r: &mut Recorder) -> Done {
    let socket = Netlink::open(&[], 1 << 20)?;
    let helpers = [
        ("recorded", Family::IPV4, UDP, 20_u8),
        ("recorded", Family::IPV6, UDP, 32),
        ("fifteen_letters", Family::IPV6, TCP, 7),
        ("fifteen_letters", Family::IPV4, TCP, 32),
        ("without_data", Family::IPV4, UDP, 0),
    ];
    for (name, family, proto, data) in helpers {
        ask(&socket, &new_helper(name, family, proto, data.into()))
            .map_err(|error| format!("nfnetlink_cthelper: {error}"))?;
    }
    for (n, (name, family, proto, data)) in (600..).zip(helpers) {
        let info: Vec<u8> = (1..=data).map(|n| n.wrapping_mul(7)).collect();
        let help = |info: &[u8]| Help { name: Some(name.into()), info: Some(info.into()) };
        let without = Help { name: Some(name.into()), info: None };
        let ct = Conntrack { help: help(&info), ..flow(family, proto, n) };
        // Linux 5.10 dereferences a null pointer here, which kills the sender and leaves the kernel in an
        // undefined state; 6.1.176 does not.
        if r.since(6, 1) && create(r, &ct)? {
            get(r, &ct)?;
        }
        let other = Conntrack { help: without.clone(), ..flow(family, proto, n + 10) };
        create(r, &other)?;
        get(r, &other)?;
        let reversed: Vec<u8> = info.iter().rev().copied().collect();
        update(r, &Conntrack { help: help(&reversed), mark: Some(1), ..other.clone() })?;
        get(r, &other)?;
        expect(r, &other, name)?;
        // The helper of an entry is removed.
        let gone = Help { name: Some("".into()), info: None };
        update(r, &Conntrack { help: gone, ..other.clone() })?;
        get(r, &other)?;
        delete(r, &other)?;
    }
    dump(r)?;
    flush(r)?;
    for (name, ..) in helpers {
        // NFNL_MSG_CTHELPER_DEL removes all helpers of that name; the second one finds none.
        let _ = ask(&socket, &request_of(9, 2, 0, 0, 0, &[string(1, name)]));
    }
    Ok(())
}

fn expect(r: &mut Recorder, master: &Conntrack, helper: &str) -> Done {
    for class in 0..4 {
        let expected = Expectation {
            class: Some(class),
            flags: Some(ExpectFlags::from_bits_retain((class * 2 + 1) & 7)),
            help_name: (class == 2).then(|| helper.into()),
            timeout: Some(90),
            ..expectation(master, 7000 + class as u16)
        };
        make(r, &expected)?;
    }
    dump_expectations(r)
}

/// Returns an expectation of a flow from the server to the client of `master`.
pub(crate) fn expectation(master: &Conntrack, port: u16) -> Expectation {
    let any = |family| match family {
        Family::IPV6 => std::net::Ipv6Addr::UNSPECIFIED.into(),
        _ => std::net::IpAddr::from(std::net::Ipv4Addr::UNSPECIFIED),
    };
    let ones = |family| match family {
        Family::IPV6 => std::net::Ipv6Addr::from_bits(u128::MAX).into(),
        _ => std::net::IpAddr::from(std::net::Ipv4Addr::BROADCAST),
    };
    let is_any = port % 2 == 0;
    let mask = if is_any { any(master.family) } else { ones(master.family) };
    Expectation {
        tuple: Tuple {
            src: if is_any { Some(mask) } else { master.reply.src },
            src_port: Some(if is_any { 0 } else { 20 }),
            dst_port: Some(port),
            zone: None,
            ..master.reply
        },
        mask: Tuple {
            src: Some(mask),
            dst: Some(ones(master.family)),
            src_port: Some(if is_any { 0 } else { 0xffff }),
            dst_port: Some(0xffff),
            zone: None,
            ..master.reply
        },
        master: Tuple { zone: None, ..master.orig },
        family: master.family,
        ..Expectation::default()
    }
}

pub(crate) fn make(r: &mut Recorder, expected: &Expectation) -> Done {
    let made = r.ask("reply", Some("exp_new"), built(request::create_expectation(expected))?)?;
    if made == 0 {
        r.ask("get_exp", Some("exp_get"), built(request::get_expectation(expected))?)?;
    }
    Ok(())
}

pub(crate) fn dump_expectations(r: &mut Recorder) -> Done {
    let all = request::dump_expectations(Family::UNSPEC);
    r.ask("dump_exp", Some("dump"), all).map(drop)
}
