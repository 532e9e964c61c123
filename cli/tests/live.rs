//! Tests of `list`, `watch` and `record` on the running kernel, in network namespaces.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use ctnetlink::attrs::Status;
use ctnetlink::flat::{NatRange, PortRange, ProtoInfo, Sctp, Tcp, Tuple};
use ctnetlink::nested::{IpProto, SctpState, TcpState};
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::Extension;
use ctnetlink::{Conntrack, Family};
use namespace::{enter, flow, skipped, socket, wait_for_listener};
use run::{ALL, FLOWS, command, create, lines, other, signal, start, stderr, stdout, success};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Returns entries of several kinds, so that their lines differ in more than numbers.
fn kinds() -> Vec<Conntrack> {
    let of = |proto, n| {
        let mut ct = flow(n);
        (ct.orig.proto, ct.reply.proto) = (Some(proto), Some(proto));
        ct
    };
    let v6 = |text: &str| text.parse::<IpAddr>().ok();
    let ping = |src, dst, icmp_type| Tuple {
        src: v6(src),
        dst: v6(dst),
        proto: Some(IpProto::ICMPV6),
        icmp_type: Some(icmp_type),
        icmp_code: Some(0),
        icmp_id: Some(0x1234),
        ..Tuple::default()
    };
    let ping = Conntrack {
        family: Family::IPV6,
        orig: ping("2001:db8::1", "2001:db8:1:2::3", 128),
        reply: ping("2001:db8:1:2::3", "2001:db8::1", 129),
        ..flow(0x51)
    };
    vec![
        flow(0x4321),
        Conntrack { zone: Some(0x201), mark: Some(0), ..flow(0x4322) },
        of(IpProto::TCP, 0x4323),
        of(IpProto::SCTP, 0x4324),
        of(IpProto::GRE, 0x4325),
        of(IpProto(89), 0x4326),
        ping,
    ]
}

/// Turns on tracking of the loopback device's packets.
///
/// Returns `false` if nft is missing.
fn track() -> bool {
    let rules =
        "table inet t { chain c { type filter hook output priority 0; ct state new counter; }; }";
    let child = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return false };
    child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

/// Sends packets of a TCP flow and, in both directions, of a UDP flow.
///
/// The TCP flow exists as long as the returned sockets.
fn traffic() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:8080").unwrap();
    let mut client = TcpStream::connect("127.0.0.1:8080").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"ping").unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    let a = UdpSocket::bind("[::1]:5353").unwrap();
    let b = UdpSocket::bind("[::1]:5354").unwrap();
    a.send_to(b"ping", "[::1]:5354").unwrap();
    let (_, from) = b.recv_from(&mut [0; 4]).unwrap();
    b.send_to(b"pong", from).unwrap();
    a.recv_from(&mut [0; 4]).unwrap();
    (client, server)
}

#[test]
fn list_prints_the_lines_of_conntrack() {
    const TEST: &str = "list_prints_the_lines_of_conntrack";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let _ = Extension::Timestamp.enable();
    let _ = Extension::Acct.enable();
    create(&mut socket, kinds());
    let mut count = kinds().len();
    let ends = if track() {
        count += 2;
        Some(traffic())
    } else {
        skipped(TEST, "no nft: without packets");
        None
    };
    for words in ["extended,id,ktimestamp", "id", "extended"] {
        let ours = || success(&["list", "-o", words]).stdout;
        // Timeouts and ages change while the two programs run. The output is compared if the lines of
        // `ctnetlink` before and after the run of conntrack(8) are equal.
        let theirs = (0..200).find_map(|_| {
            let before = ours();
            let Some(theirs) = other("conntrack", &["-L", "-o", words]) else {
                return Some((before, None));
            };
            (ours() == before).then_some((before, Some(theirs)))
        });
        let (ours, theirs) = theirs.expect("the table never stands still");
        let ours = String::from_utf8(ours).unwrap();
        assert_eq!(ours.lines().count(), count, "{ours}");
        match theirs {
            Some(theirs) => assert_eq!(lines(&ours), lines(&theirs)),
            None => {
                skipped(TEST, "no conntrack");
                return;
            }
        }
    }
    drop(ends);
}

#[test]
fn conntrack_reads_entries_that_the_crate_created() {
    const TEST: &str = "conntrack_reads_entries_that_the_crate_created";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let tcp = |n: u32, state| {
        let mut ct = flow(n);
        (ct.orig.proto, ct.reply.proto) = (Some(IpProto::TCP), Some(IpProto::TCP));
        let tcp = Tcp { state: Some(state), ..Tcp::default() };
        Conntrack { protoinfo: Some(ProtoInfo::Tcp(tcp)), ..ct }
    };
    let mut sctp = flow(0x11_2233);
    (sctp.orig.proto, sctp.reply.proto) = (Some(IpProto::SCTP), Some(IpProto::SCTP));
    sctp.protoinfo = Some(ProtoInfo::Sctp(Sctp {
        state: Some(SctpState::SHUTDOWN_SENT),
        vtag_original: Some(0x0102_0304),
        vtag_reply: Some(0x0506_0708),
    }));
    sctp.timeout = Some(54_321);
    let mut nat = flow(0x11_2244);
    nat.rare_mut().nat_src = NatRange {
        min_ip: "203.0.113.9".parse().ok(),
        max_ip: None,
        ports: PortRange { min: Some(0x3412), max: None },
    };
    nat.reply = flow(0x11_2244).reply;
    let mut split = flow(0x11_2255);
    split.orig.zone = Some(0x0102);
    let assured = Status::CONFIRMED | Status::SEEN_REPLY | Status::ASSURED;
    let written = [
        (tcp(0x11_2266, TcpState::LAST_ACK), &["tcp      6 ", " LAST_ACK ", " mark=1122918 "][..]),
        (
            Conntrack { status: Some(assured), zone: Some(0x0403), ..flow(0x11_2277) },
            &["src=10.17.34.119 ", " [ASSURED] mark=1122935 zone=1027 "],
        ),
        (
            Conntrack { status: Some(Status::CONFIRMED), ..flow(0x11_2288) },
            &["src=10.17.34.136 ", " [UNREPLIED] src=198.51.100.7 "],
        ),
        (sctp, &["sctp     132 543", " SHUTDOWN_SENT src=10.17.34.51 "]),
        (nat, &["src=10.17.34.68 ", " dst=203.0.113.9 sport=5353 dport=13330 "]),
        (split, &["src=10.17.34.85 ", " dport=5353 zone-orig=258 "]),
    ];
    let (entries, expected): (Vec<_>, Vec<_>) = written.into_iter().unzip();
    create(&mut socket, entries);
    let Some(theirs) = other("conntrack", &["-L"]) else {
        skipped(TEST, "no conntrack");
        return;
    };
    assert_eq!(theirs.lines().count(), expected.len(), "{theirs}");
    for parts in expected {
        let line = theirs.lines().find(|line| parts.iter().all(|part| line.contains(part)));
        assert!(line.is_some(), "{parts:?} in\n{theirs}");
    }
}

#[test]
fn list_applies_filters() {
    const TEST: &str = "list_applies_filters";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    create(&mut socket, kinds());
    let count = |args: &[&str]| {
        let args = [&["list"], args].concat();
        stdout(&success(&args)).lines().count()
    };
    assert_eq!(count(&[]), 7);
    assert_eq!(count(&["-f", "ipv6"]), 1);
    assert_eq!(count(&["--family", "ipv4"]), 6);
    assert_eq!(count(&["-p", "tcp"]), 1);
    assert_eq!(count(&["-p", "89"]), 1);
    assert_eq!(count(&["-s", "10.0.67.35"]), 1);
    assert_eq!(count(&["-d", "198.51.100.7"]), 6);
    // Linux 5.8 to 7.2 apply this filter incorrectly.
    assert_eq!(count(&["-s", "2001:db8::1"]), 1);
    assert_eq!(count(&["-q", "2001:db8::1", "-r", "2001:db8:1:2::3"]), 1);
    assert_eq!(count(&["-s", "2001:db8::2"]), 0);
    // The kernel applies this filter only to TCP and UDP, and only with a protocol.
    assert_eq!(count(&["--dport", "5353"]), 5);
    assert_eq!(count(&["--sport", "40001", "-p", "sctp"]), 1);
    assert_eq!(count(&["--sport", "40002", "-p", "sctp"]), 0);
    assert_eq!(count(&["-m", "0x4321"]), 1);
    assert_eq!(count(&["-m", "0x4300/0xff00"]), 5);
    assert_eq!(count(&["-u", "SEEN_REPLY"]), 7);
    assert_eq!(count(&["-u", "seen_reply,assured"]), 0);
    assert_eq!(count(&["-w", "513"]), 1);
    assert_eq!(count(&["-w", "0"]), 6);
    let json = success(&["list", "--format", "json", "-m", "0x4321"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["conntrack"]["orig"]["src"], "10.0.67.33");
    let annotated = success(&["list", "--format", "annotate", "-m", "0x4321"]);
    assert!(stdout(&annotated).contains("CTA_MARK"));
    assert_eq!(count(&["expect"]), 0);
    assert_eq!(count(&["dying"]), 0);
    assert_eq!(count(&["unconfirmed"]), 0);
    let refused = command(&["list", "-s", "2001:db8::1", "-f", "ipv4"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn watch_prints_new_update_and_destroy_events() {
    const TEST: &str = "watch_prints_new_update_and_destroy_events";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let watch = start(&[
        "watch",
        "--timestamps",
        "-o",
        "timestamp,id,ktimestamp,extended",
        "--count",
        "3",
        "--for",
        "60",
    ]);
    wait_for_listener(FLOWS);
    let ct = flow(0x4321);
    create(&mut socket, [ct.clone()]);
    let change = Conntrack { status: None, timeout: None, mark: Some(0x1234_5678), ..ct.clone() };
    socket.request(request::update(&change).unwrap()).unwrap();
    let id = socket.entry(&ct).unwrap().unwrap().id.unwrap();
    socket.request(request::delete(&ct).unwrap()).unwrap();
    let output = watch.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<_> = stdout(&output).lines().collect();
    let words = ["]\t    [NEW] ipv4 ", "]\t [UPDATE] ipv4 ", "]\t[DESTROY] ipv4 "];
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, word) in lines.iter().zip(words) {
        assert!(line.starts_with('[') && line.contains(word), "{line}");
        assert!(line.contains("src=10.0.67.33 dst=198.51.100.7 sport=40001 dport=5353"), "{line}");
        assert!(
            line.contains(&format!(" id={id} [USERSPACE] portid={}", socket.portid())),
            "{line}"
        );
    }
    assert!(lines[1].contains(" mark=305419896 "), "{}", lines[1]);
    assert!(lines[2].contains(" [start=") && lines[2].contains(" [stop="), "{}", lines[2]);
    assert_eq!(stderr(&output).lines().last(), Some("events=3 losses=0 dropped=0"));
}

#[test]
fn watch_counts_lost_events() {
    const TEST: &str = "watch_counts_lost_events";
    const COUNT: u32 = 3000;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    // The output is a pipe that is not read, so that the command blocks soon.
    let watch = start(&["watch", "--buffer", "4096", "--format", "annotate", "--event", "new"]);
    wait_for_listener(1);
    create(&mut socket, (0..COUNT).map(flow));
    std::thread::sleep(Duration::from_millis(200));
    let pid = watch.id().to_string();
    let interrupt = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        Command::new("kill").args(["-INT", &pid]).status().unwrap()
    });
    let output = watch.wait_with_output().unwrap();
    assert!(interrupt.join().unwrap().success());
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    assert!(errors.contains("events lost: the receive buffer was full; "), "{errors}");
    let last = errors.lines().last().unwrap();
    let numbers: Vec<u64> =
        last.split(' ').map(|word| word.split_once('=').unwrap().1.parse().unwrap()).collect();
    let [events, losses, dropped] = numbers[..] else { panic!("{last}") };
    assert!(losses > 0 && events + dropped == u64::from(COUNT), "{last}");
}

#[test]
fn a_record_is_exact_and_complete() {
    const TEST: &str = "a_record_is_exact_and_complete";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let file = std::env::temp_dir().join(format!("ctnetlink-record-{}.pcapng", std::process::id()));
    let path = file.to_str().unwrap();
    create(&mut socket, (0..500).map(flow));
    let record = start(&["record", "-o", path, "--dump", "--timestamps"]);
    wait_for_listener(ALL);
    // The recording starts with a dump of the table.
    std::thread::sleep(Duration::from_millis(500));
    create(&mut socket, (1000..1040).map(flow));
    socket.request(request::delete(&flow(1000)).unwrap()).unwrap();
    let only = Selector { mark: Some((1001, u32::MAX)), ..Selector::default() };
    socket.request(request::flush(&only)).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let output = signal(record, "-TERM");
    // The packets are a request, 500 entries, the end of the dump, 40 NEW events and 2 DESTROY events.
    let last = stderr(&output).lines().last().unwrap();
    assert!(last.ends_with(&format!(" messages={} losses=0 dropped=0", 502 + 42)), "{last}");
    let packets = last.split(' ').next().unwrap().strip_prefix("packets=").unwrap();

    let check = success(&["check", path]);
    assert_eq!(stdout(&check).lines().last(), Some("messages=544 exact=544 errors=0"));
    let decoded = success(&["decode", "--format", "json", path]);
    let messages: Vec<serde_json::Value> =
        stdout(&decoded).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages[0]["kind"], "request");
    let marks = |kind: &str| -> BTreeSet<u64> {
        let of = messages.iter().filter(|message| message["kind"] == kind);
        of.map(|message| message["conntrack"]["mark"].as_u64().unwrap_or(0)).collect()
    };
    assert_eq!(marks("reply"), (0..500).collect());
    assert_eq!(marks("new"), (1000..1040).collect());
    assert_eq!(marks("destroy"), [1000, 1001].into());
    assert!(messages.iter().filter(|m| m["kind"] == "destroy").all(|m| m["duration"].is_u64()));
    let times: Vec<_> = messages.iter().map(|message| message["time"].as_u64().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().any(|time| time % 1000 != 0));

    match other("tshark", &["-n", "-r", path, "-T", "fields", "-e", "frame.protocols"]) {
        Some(text) => {
            assert_eq!(text.lines().count().to_string(), packets);
            assert!(text.lines().all(|line| line.contains("netlink")), "{text}");
        }
        None => {
            skipped(TEST, "no tshark: the file was not opened with it");
        }
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn errors_are_reported() {
    const TEST: &str = "errors_are_reported";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    let output = command(&["record", "-o", "/nonexistent/file", "--for", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nonexistent/file: No such file"), "{}", stderr(&output));
    // A recording can be written to a pipe.
    let output = success(&["record", "-o", "-", "--dump", "--for", "0.3"]);
    assert!(stderr(&output).ends_with("packets=2 messages=2 losses=0 dropped=0\n"));
    assert!(output.stdout.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    // Without events, the command ends after the given time.
    let output = success(&["watch", "--for", "0.3"]);
    assert_eq!(stderr(&output).lines().last(), Some("events=0 losses=0 dropped=0"));
    assert!(stderr(&output).contains("nf_conntrack_timestamp is 0"), "{}", stderr(&output));
}
