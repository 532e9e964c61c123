//! Expectations of the kernel's helpers.

use super::helpers::{dump_expectations, expectation, make};
use super::{Done, TCP, UDP, create, dump, flow, flush, get, update};
use crate::machine::{nft, run};
use crate::recorder::{Recorder, built};
use crate::traffic::send;
use ctnetlink::attrs::ExpectFlags;
use ctnetlink::flat::{ExpectNat, Help, Tuple};
use ctnetlink::{Conntrack, Expectation, Family, request};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

const FUNCTIONS: [&str; 6] =
    ["nat-follow-master", "Q.931", "callforwarding", "sip", "pptp", "no-such"];

/// The commands of an FTP client and the replies of its server, by host.
const COMMANDS: [(&str, &str, &str); 2] = [
    ("127.0.0.1", "PORT 127,0,0,1,27,88\r\n", "227 Entering Passive (127,0,0,1,27,89)\r\n"),
    ("[::1]", "EPRT |2|::1|7000|\r\n", "229 Extended Passive (|||7001|)\r\n"),
];

pub(crate) fn over_netlink(r: &mut Recorder) -> Done {
    let helpers = [
        ("ftp", TCP),
        ("sip", UDP),
        ("sip", TCP),
        ("tftp", UDP),
        ("amanda", UDP),
        ("irc", TCP),
        ("Q.931", TCP),
        ("RAS", UDP),
        ("H.245", TCP),
        ("sane", TCP),
        ("pptp", TCP),
        ("netbios-ns", UDP),
    ];
    for family in [Family::IPV4, Family::IPV6] {
        for (n, (name, proto)) in (700..).zip(helpers) {
            let help = Help { name: Some(name.into()), info: None };
            let mut master = Conntrack { help, ..flow(family, proto, n) };
            if n % 3 == 0 {
                master.zone = Some(0x1234);
            }
            if !create(r, &master)? {
                continue;
            }
            get(r, &master)?;
            for step in 0..8_u16 {
                let function = FUNCTIONS.get(usize::from(step + n) % FUNCTIONS.len());
                let nat = ExpectNat {
                    dir: Some(u32::from(step & 1)),
                    tuple: Tuple { zone: None, src_port: Some(4444), ..master.orig },
                };
                let mut expected = Expectation {
                    zone: master.zone.filter(|_| step != 7),
                    class: (step > 0).then_some(u32::from(step % 5)),
                    flags: Some(ExpectFlags::from_bits_retain(u32::from(step))),
                    function: function.filter(|_| step % 2 == 1).map(|&name| name.into()),
                    nat: if step % 3 == 2 { nat } else { ExpectNat::default() },
                    ..expectation(&master, 7100 + step)
                };
                // Older kernels accept a class only together with the helper's name.
                if step % 2 == 0 {
                    expected.help_name = Some(name.into());
                }
                make(r, &expected)?;
                if step == 3 {
                    let gone = built(request::delete_expectation(&expected))?;
                    r.ask("reply", Some("exp_delete"), gone)?;
                }
            }
            if n > 701 {
                // Removing the helper removes its expectations; then the helper is set again.
                for name in ["", name] {
                    let help = Help { name: Some(name.into()), info: None };
                    update(r, &Conntrack { help, timeout: None, ..master.clone() })?;
                    get(r, &master)?;
                }
            }
            if n == 701 {
                dump_expectations(r)?;
                r.ask(
                    "dump_exp",
                    Some("dump"),
                    request::dump_expectations_of(&master.orig, family),
                )?;
            }
        }
    }
    // A master without a helper.
    for (n, family) in [(730, Family::IPV4), (731, Family::IPV6)] {
        let master = flow(family, TCP, n);
        create(r, &master)?;
        make(r, &expectation(&master, 7301))?;
        let alone = Expectation { help_name: Some("ftp".into()), ..expectation(&master, 7302) };
        make(r, &alone)?;
    }
    dump_expectations(r)?;
    r.ask("dump_exp", Some("dump"), request::dump_expectations(Family::IPV6))?;
    let by_helper = Expectation { help_name: Some("sip".into()), ..Expectation::default() };
    r.ask("reply", Some("exp_delete"), built(request::delete_expectation(&by_helper))?)?;
    r.ask("reply", Some("exp_flush"), request::flush_expectations())?;
    r.ask("exp_stats_cpu", Some("stats"), request::expect_stats_cpu())?;
    dump(r)?;
    flush(r)
}

/// Records helpers that read packets: FTP in both directions, and TFTP.
pub(crate) fn of_packets(r: &mut Recorder) -> Done {
    nft("table inet helpers {
  ct helper ftp4 { type \"ftp\" protocol tcp; l3proto ip; }
  ct helper ftp6 { type \"ftp\" protocol tcp; l3proto ip6; }
  ct helper tftp4 { type \"tftp\" protocol udp; l3proto ip; }
  ct helper tftp6 { type \"tftp\" protocol udp; l3proto ip6; }
  chain output {
    type filter hook output priority 0; policy accept;
    ip protocol tcp tcp dport 21 ct helper set \"ftp4\"
    ip6 nexthdr tcp tcp dport 21 ct helper set \"ftp6\"
    ip protocol udp udp dport 69 ct helper set \"tftp4\"
    ip6 nexthdr udp udp dport 69 ct helper set \"tftp6\"
  }
}")?;
    for (host, command, answer) in COMMANDS {
        ftp(r, host, command, answer)?;
        // A TFTP read request, whose reply comes from another port.
        let from = format!("{host}:6069");
        let client = send(&from, &format!("{host}:69"), b"\0\x01file\0octet\0")?;
        r.settle()?;
        dump_expectations(r)?;
        let server = UdpSocket::bind(format!("{host}:6070")).map_err(|error| error.to_string())?;
        let _ = server.send_to(b"\0\x03\0\x01data", from);
        drop(client);
        r.settle()?;
    }
    dump(r)?;
    flush(r)?;
    // With source NAT the helper writes a longer address into the stream.
    run("ip addr add 10.99.123.145/32 dev lo")?;
    run("ip addr add fd99::1234:5678:9abc/128 dev lo nodad")?;
    nft("table inet moved {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr 127.0.0.1 tcp dport 21 snat ip to 10.99.123.145
    ip6 daddr ::1 tcp dport 21 snat ip6 to fd99::1234:5678:9abc
  }
}")?;
    for (host, command, answer) in COMMANDS {
        ftp(r, host, command, answer)?;
    }
    dump(r)?;
    run("nft delete table inet moved")?;
    run("nft delete table inet helpers")?;
    flush(r)
}

fn ftp(r: &mut Recorder, host: &str, command: &str, answer: &str) -> Done {
    let text = |error: std::io::Error| error.to_string();
    let control = TcpListener::bind(format!("{host}:21")).map_err(text)?;
    let [active, passive] = [7000, 7001].map(|port| TcpListener::bind(format!("{host}:{port}")));
    let (active, passive) = (active.map_err(text)?, passive.map_err(text)?);
    let mut client = TcpStream::connect(format!("{host}:21")).map_err(text)?;
    let (mut server, _) = control.accept().map_err(text)?;
    server.write_all(b"220 ready\r\n").map_err(text)?;
    r.settle()?;
    client.write_all(command.as_bytes()).map_err(text)?;
    r.settle()?;
    dump_expectations(r)?;
    // The server opens the first connection, and the client the second.
    let to = active.local_addr().map_err(text)?;
    let data = TcpStream::connect(to).map_err(text)?;
    let accepted = active.accept().map_err(text)?;
    r.settle()?;
    drop((data, accepted));
    server.write_all(answer.as_bytes()).map_err(text)?;
    r.settle()?;
    dump_expectations(r)?;
    let to: SocketAddr = passive.local_addr().map_err(text)?;
    let data = TcpStream::connect(to).map_err(text)?;
    let accepted = passive.accept().map_err(text)?;
    r.settle()?;
    dump(r)?;
    drop((data, accepted));
    let _ = client.read(&mut [0; 64]);
    drop((client, server));
    r.settle()
}
