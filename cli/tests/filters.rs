//! Compares the filters with those of conntrack(8), on the running kernel.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use ctnetlink::flat::Labels;
use ctnetlink::nested::IpProto;
use ctnetlink::socket::Extension;
use ctnetlink::{Conntrack, Family, request};
use namespace::{enter, flow, skipped, socket, wait_for_listener, wait_for_listeners};
use run::{
    FLOWS, command, create, interrupt, lines, other, signal, start, stderr, stdout, success,
};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Entries that `conntrack -I` creates, one per line.
const ENTRIES: &str = "\
    -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 1001 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 0x21
    -s 10.0.1.1 -d 10.0.0.3 -p tcp --sport 1002 --dport 81 --state SYN_SENT
    -s 10.0.0.5 -d 10.0.9.2 -p udp --sport 1003 --dport 53 -w 7 -u SEEN_REPLY
    -s 10.0.0.5 -d 10.0.9.2 -p udp --sport 1004 --dport 53 --orig-zone 8
    -s 10.0.0.5 -d 10.0.9.2 -p udp --sport 1005 --dport 53 --reply-zone 9
    -s 10.0.0.6 -d 10.0.9.3 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 513
    -s 10.0.0.6 -d 10.0.9.3 -p icmp --icmp-type 13 --icmp-code 0 --icmp-id 515
    -s 2001:db8::1 -d 2001:db8::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 514
    -s 2001:db8::1 -d 2001:db8:1::2 -p tcp --sport 1006 --dport 443 --state CLOSE_WAIT
    -s 10.0.0.7 -d 10.0.9.4 -p udp --sport 1007 --dport 53 -n 192.0.2.9
    -s 10.0.0.7 -d 10.0.9.4 -p udp --sport 1008 --dport 53 -g 192.0.2.10
    -s 10.0.0.7 -d 10.0.9.4 -p udp --sport 1009 --dport 53 -n 192.0.2.9:4000
    -s 2001:db8::7 -d 2001:db8::9 -p udp --sport 1010 --dport 53 -n 2001:db8::99
    -s 10.0.0.8 -d 10.0.9.5 -p sctp --sport 1011 --dport 5000 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2
    -s 10.0.0.8 -d 10.0.9.5 -p gre --srckey 0x11 --dstkey 0x22
    -s 10.0.0.8 -d 10.0.9.5 -p 89";

/// Filters that conntrack(8) also has, and the number of entries that match.
const SHARED: &[(&str, usize)] = &[
    ("", 16),
    ("-f ipv6", 3),
    ("-s 10.0.0.0/24", 12),
    ("-d 10.0.9.0/24 -p udp", 6),
    ("-s 10.0.0.5 --mask-src 255.255.255.254", 3),
    ("-d 10.0.9.4 --mask-dst 255.255.255.253", 3),
    ("-s 2001:db8::/32", 3),
    ("-d 2001:db8::/48", 2),
    ("-s 2001:db8::1 --mask-src ffff:ffff::7", 2),
    ("-s 2001:db8::1", 2),
    ("-r 192.0.2.10", 1),
    ("-q 192.0.2.9", 2),
    ("-p TCP", 3),
    ("--protonum tcp", 3),
    ("-p tcp --state ESTABLISHED", 1),
    ("-p tcp --state CLOSE_WAIT", 1),
    ("-p tcp --state LISTEN", 0),
    ("-p sctp --state ESTABLISHED", 1),
    ("-p udp --dport 53", 7),
    ("-p udp --reply-port-dst 4000", 1),
    ("-p icmp", 2),
    ("-p icmp --icmp-type 8", 1),
    ("-p icmp --icmp-id 515", 1),
    ("-p icmp --icmp-type 8 --icmp-code 0 --icmp-id 515", 0),
    ("-f ipv6 -p icmpv6 --icmpv6-type 128", 1),
    ("-p gre --srckey 0x11", 1),
    ("-p gre --dstkey 34", 1),
    ("-n", 3),
    ("-n 192.0.2.9", 2),
    ("-n 192.0.2.9:4000", 1),
    ("-n 192.0.2.10", 0),
    ("-f ipv6 -n 2001:db8::99", 1),
    ("-g", 1),
    ("-g 192.0.2.10", 1),
    ("-j", 4),
    ("-j 192.0.2.10", 1),
    ("--any-nat 192.0.2.9", 2),
    ("-n -g", 0),
    ("-m 0x21", 1),
    ("-m 0x20/0xf0", 1),
    ("-u ASSURED,SEEN_REPLY", 1),
    ("-u seen_reply", 2),
    ("-u UNREPLIED", 14),
    ("-w 7", 1),
    ("--orig-zone 8", 1),
    ("--orig-zone 7", 0),
    ("--orig-zone 0", 15),
    ("--reply-zone 9", 1),
];

/// Filters that go beyond those of conntrack(8).
const OURS: &[(&str, usize)] = &[
    ("-w 8", 1),
    ("-w 9", 1),
    ("-w 0", 13),
    ("-r 10.0.9.0/24", 10),
    ("-p tcp --state established", 1),
    ("--state ESTABLISHED", 2),
    ("--dport 53", 7),
    ("--icmp-type 128", 1),
    ("-n 192.0.2.9:1007", 1),
    ("-n [2001:db8::99]", 1),
    ("-n [2001:db8::99]:1010", 1),
    ("-n [2001:db8::99]:1011", 0),
    ("-u CONFIRMED", 16),
    ("-u ASSURED,UNREPLIED", 0),
    ("-m 0/0xffffffff", 15),
];

fn words(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

/// Creates [`ENTRIES`].
///
/// Returns `None` if conntrack(8) is missing.
fn insert() -> Option<()> {
    for entry in ENTRIES.lines() {
        other("conntrack", &[&["-I", "-t", "3456"], &words(entry)[..]].concat())?;
    }
    Some(())
}

/// Returns the ids of the entries in lines of text.
///
/// The lines of ICMP contain another `id=` before the id of the entry.
fn ids(text: &str) -> Vec<&str> {
    let ids = text.lines().filter_map(|line| line.rsplit_once(" id=")?.1.split(' ').next());
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

#[test]
fn filters_select_what_conntrack_selects() {
    const TEST: &str = "filters_select_what_conntrack_selects";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    let Some(()) = insert() else {
        skipped(TEST, "no conntrack");
        return;
    };
    for (filter, count) in SHARED {
        let ours = success(&[&["list", "-o", "id"], &words(filter)[..]].concat());
        let ours = ids(stdout(&ours));
        let theirs = other("conntrack", &[&["-L", "-o", "id"], &words(filter)[..]].concat());
        assert_eq!(ours, ids(&theirs.unwrap()), "{filter}");
        assert_eq!(ours.len(), *count, "{filter}");
    }
    // The difference that the help of -w describes.
    let help = success(&["list", "--help"]);
    assert!(stdout(&help).contains("differs from `conntrack -w`"), "{}", stdout(&help));
    for (zone, count) in [("8", 0), ("9", 0), ("0", 15)] {
        let theirs = other("conntrack", &["-L", "-o", "id", "-w", zone]).unwrap();
        assert_eq!(ids(&theirs).len(), count, "{zone}");
    }
    for (filter, count) in OURS {
        let ours = success(&[&["list", "-o", "id"], &words(filter)[..]].concat());
        assert_eq!(ids(stdout(&ours)).len(), *count, "{filter}");
    }
}

#[test]
fn decode_and_record_filter_as_list_does() {
    const TEST: &str = "decode_and_record_filter_as_list_does";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    let Some(()) = insert() else {
        skipped(TEST, "no conntrack");
        return;
    };
    let directory = std::env::temp_dir().join(format!("ctnetlink-filters-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let whole = directory.join("whole.pcapng");
    let whole = whole.to_str().unwrap();
    success(&["record", "-o", whole, "--dump", "--for", "0.1"]);
    for (filter, count) in SHARED.iter().chain(OURS) {
        let decoded = success(&[&["decode", whole, "-o", "id"], &words(filter)[..]].concat());
        assert_eq!(ids(stdout(&decoded)).len(), *count, "{filter}");
    }
    // The kernel does not support some of these filters, which the command applies.
    for (filter, count) in [("-n", 3), ("-f ipv6 -d 2001:db8::/48", 2), ("-w 7", 1), ("-u 4", 1)] {
        let path = directory.join("part.pcapng");
        let path = path.to_str().unwrap();
        let recorded = success(
            &[&["record", "-o", path, "--dump", "--for", "0.1"], &words(filter)[..]].concat(),
        );
        // The packets are the request, the entries and the end of the dump.
        let messages = format!(" messages={} losses=0 dropped=0", count + 2);
        assert!(stderr(&recorded).trim_end().ends_with(&messages), "{filter}: {recorded:?}");
        let decoded = success(&["decode", path, "-o", "id"]);
        assert_eq!(ids(stdout(&decoded)).len(), count, "{filter}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn labels_filter_by_number_and_by_name() {
    const TEST: &str = "labels_filter_by_number_and_by_name";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    // Entries have labels only if a rule uses one.
    let rule = "table inet t { chain c { type filter hook output priority 0; ct label set 1; }; }";
    if other("nft", &[rule]).is_none() {
        skipped(TEST, "no nft");
        return;
    }
    let labeled =
        |n, labels: &[u8]| Conntrack { labels: Some(Labels::try_from(labels).unwrap()), ..flow(n) };
    create(&mut socket, [labeled(0x21, &[3]), labeled(0x22, &[3, 77]), flow(0x23)]);
    let directory = std::env::temp_dir().join(format!("ctnetlink-labels-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("xtables")).unwrap();
    let map = directory.join("xtables/connlabel.conf");
    std::fs::write(&map, "# labels\n3 suspicious\n77 slow-path\n").unwrap();
    let map = map.to_str().unwrap();
    let list = |args: &[&str]| success(&[&["list", "-o", "id"], args].concat());
    for (filter, count) in [("3", 2), ("77", 1), ("3,77", 1), ("5", 0)] {
        assert_eq!(ids(stdout(&list(&["-l", filter]))).len(), count, "{filter}");
    }
    for (filter, count) in [("suspicious", 2), ("slow-path", 1), ("suspicious,slow-path", 1)] {
        let ours = list(&["--labelmap", map, "-l", filter]);
        // conntrack(8) 1.4.7 reads the map only from one path.
        let script = format!(
            "mount --bind {} /etc && exec conntrack -L -o id -l {filter}",
            directory.display()
        );
        let theirs = other("unshare", &["-m", "sh", "-c", &script]);
        assert_eq!(ids(stdout(&ours)).len(), count, "{filter}");
        match theirs {
            Some(theirs) => assert_eq!(ids(stdout(&ours)), ids(&theirs), "{filter}"),
            None => {
                skipped(TEST, "no unshare");
            }
        }
    }
    let unknown = command(&["list", "-l", "unheard-of"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("unknown label `unheard-of`"), "{}", stderr(&unknown));
    std::fs::remove_dir_all(directory).unwrap();
}

/// Returns entries of both families and of several protocols, each with a mark of its own.
fn mixed() -> Vec<Conntrack> {
    let with = |n, proto| {
        let mut ct = flow(n);
        (ct.orig.proto, ct.reply.proto) = (Some(proto), Some(proto));
        ct
    };
    let v6 = |n, src: &str| {
        let dst = "2001:db8:7::5".parse().ok();
        let mut ct = Conntrack { family: Family::IPV6, ..flow(n) };
        (ct.orig.src, ct.orig.dst) = (src.parse().ok(), dst);
        (ct.reply.src, ct.reply.dst) = (dst, src.parse().ok());
        ct
    };
    vec![
        flow(0x4321),
        flow(0x4322),
        with(0x4421, IpProto::TCP),
        with(0x4521, IpProto(89)),
        v6(0x51, "2001:db8:1:2:3:4:5:6"),
        v6(0x52, "2001:db8:1:2:3:4:5:7"),
        v6(0x53, "2001:db8:1:2:ffff:4:5:6"),
    ]
}

#[test]
fn watch_filters_events() {
    const TEST: &str = "watch_filters_events";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let filters = [
        ("", 7),
        ("-f ipv4", 4),
        ("-f ipv6", 3),
        ("-s 10.0.67.33", 1),
        ("-s 10.0.67.0/24", 2),
        ("-s 10.0.0.33 --mask-src 255.255.0.255", 3),
        ("-d 198.51.100.7", 4),
        ("-q 10.0.67.34", 1),
        ("-r 198.51.100.0/25 -q 10.0.68.0/23", 2),
        ("-s 2001:db8:1:2:3:4:5:7", 1),
        ("-s 2001:db8:1:2::/65", 2),
        ("-s 2001:db8:1:2::/64 -d 2001:db8:7::5", 3),
        ("-s 2001:db8:1:2:0:4:5:6 --mask-src ffff:ffff:ffff:ffff:0:ffff:ffff:ffff", 2),
        ("-p tcp", 1),
        ("-p 89", 1),
        ("-p udp -f ipv6", 3),
        ("-p udp -s 10.0.0.0/8 -d 198.51.100.7", 2),
        ("-m 0x4321", 1),
        ("--sport 40001", 6),
    ];
    let watchers: Vec<_> = filters
        .iter()
        .map(|(filter, _)| start(&[&["watch", "-e", "new"], &words(filter)[..]].concat()))
        .collect();
    wait_for_listeners(1, filters.len());
    create(&mut socket, mixed());
    std::thread::sleep(Duration::from_millis(300));
    for (watcher, (filter, count)) in watchers.into_iter().zip(filters) {
        let output = signal(watcher, "-INT");
        let last = stderr(&output).lines().last().unwrap();
        assert_eq!(last, format!("events={count} losses=0 dropped=0"), "{filter}");
        assert_eq!(lines(stdout(&output)).len(), count, "{filter}");
    }
}

/// A stopped reader with a small buffer loses all events that the kernel's filter does not drop.
#[test]
fn the_kernel_drops_events_that_do_not_match() {
    const TEST: &str = "the_kernel_drops_events_that_do_not_match";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let filters = [
        ("-s 10.0.67.33", 1),
        ("-d 203.0.113.0/24", 0),
        ("-q 10.0.67.33", 1),
        ("-s 2001:db8:1:2:ffff::/80", 1),
        ("-f ipv6", 3),
        ("-p tcp", 1),
    ];
    let watch = |filter: &str| {
        let args = ["watch", "-e", "new", "--buffer", "4096"];
        start(&[&args, &words(filter)[..]].concat())
    };
    let mut watchers: Vec<_> = filters.iter().map(|(filter, _)| watch(filter)).collect();
    // The kernel's filter does not check marks.
    watchers.push(watch("-m 0x4321"));
    wait_for_listeners(1, watchers.len());
    let send = |signal: &str| {
        for watcher in &watchers {
            let pid = watcher.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        }
    };
    send("-STOP");
    create(&mut socket, (0x2000..0x2400).map(flow));
    create(&mut socket, mixed());
    send("-CONT");
    std::thread::sleep(Duration::from_millis(300));
    let outputs: Vec<_> = watchers.into_iter().map(|watcher| interrupt(watcher, "-INT")).collect();
    let last = |n: usize| stderr(&outputs[n]).lines().last().unwrap();
    for (n, (filter, count)) in filters.iter().enumerate() {
        assert_eq!(last(n), format!("events={count} losses=0 dropped=0"), "{filter}");
    }
    assert!(!last(filters.len()).contains("losses=0"), "{}", last(filters.len()));
}

#[test]
fn record_filters_events() {
    const TEST: &str = "record_filters_events";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let path = std::env::temp_dir().join(format!("ctnetlink-part-{}.pcapng", std::process::id()));
    let path = path.to_str().unwrap();
    let filter = ["--event-mask", "NEW,UPDATES,DESTROY", "-s", "10.0.67.0/24", "-m", "0x4322"];
    let record =
        start(&[&["record", "-o", path, "--count", "2", "--for", "20"], &filter[..]].concat());
    wait_for_listener(FLOWS);
    create(&mut socket, mixed());
    socket.request(request::delete(&flow(0x4321)).unwrap()).unwrap();
    socket.request(request::delete(&flow(0x4322)).unwrap()).unwrap();
    let output = record.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let last = stderr(&output).lines().last().unwrap();
    assert_eq!(last, "packets=2 messages=2 losses=0 dropped=0");
    let decoded = success(&["decode", path]);
    let kinds: Vec<_> =
        stdout(&decoded).lines().map(|line| line.trim_start().split(' ').next()).collect();
    assert_eq!(kinds, [Some("[NEW]"), Some("[DESTROY]")]);
    assert!(stdout(&decoded).lines().all(|line| line.contains(" src=10.0.67.34 ")));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn zero_resets_the_counters_that_it_prints() {
    const TEST: &str = "zero_resets_the_counters_that_it_prints";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    Extension::Acct.enable().unwrap();
    let rule =
        "table inet t { chain c { type filter hook output priority 0; ct state new counter; }; }";
    if other("nft", &[rule]).is_none() {
        skipped(TEST, "no nft");
        return;
    }
    let sender = UdpSocket::bind("127.0.0.1:4567").unwrap();
    let _receiver = UdpSocket::bind("127.0.0.1:7654").unwrap();
    sender.send_to(b"three", "127.0.0.1:7654").unwrap();
    sender.send_to(b"three", "127.0.0.1:7654").unwrap();
    let counters = |args: &[&str]| {
        let output = success(&[&["list"], args].concat());
        let line = stdout(&output).lines().find(|line| line.contains("dport=7654")).unwrap();
        line.split(' ').find_map(|word| word.strip_prefix("bytes=")).unwrap().to_owned()
    };
    // A packet has 20 bytes of IPv4 header, 8 of UDP header and 5 of data.
    assert_eq!(counters(&[]), "66");
    assert_eq!(counters(&["--zero"]), "66");
    assert_eq!(counters(&["-z", "-f", "ipv4"]), "0");
    sender.send_to(b"three", "127.0.0.1:7654").unwrap();
    let rejected = command(&["list", "-z", "-p", "udp"]).output().unwrap();
    assert_eq!(rejected.status.code(), Some(2));
    assert_eq!(counters(&[]), "33");
}

#[test]
fn contradictory_filters_are_rejected() {
    let reject = |args: &[&str], problem: &str| {
        let output =
            command(&[&["decode", "/dev/null"], args].concat()).stdout(Stdio::null()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(problem), "{args:?}: {}", stderr(&output));
    };
    reject(&["-s", "2001:db8::1", "-f", "ipv4"], "2001:db8::1 is not an address of ipv4");
    reject(&["-s", "10.0.0.1", "-d", "2001:db8::1"], "2001:db8::1 is not an address of ipv4");
    reject(&["-s", "10.0.0.0/33"], "expected a length from 0 to 32");
    reject(&["-s", "example.org"], "`example.org` is not an IP address");
    reject(&["-s", "10.0.0.0/8", "--mask-src", "255.0.0.0"], "exclude each other");
    reject(&["-s", "10.0.0.0", "--mask-src", "ffff::"], "--mask-src is not a mask for 10.0.0.0");
    reject(&["--mask-dst", "255.0.0.0"], "--dst");
    reject(&["-u", "SEEN_REPLY,UNREPLIED"], "no entry is UNREPLIED and has SEEN_REPLY");
    reject(&["-u", "SEEN"], "unknown status bit `SEEN`");
    reject(&["--state", "OPENED"], "expected a state of TCP, SCTP or DCCP");
    reject(&["--icmp-type", "256"], "expected a number from 0 to 255");
    reject(&["--sport", "65536"], "expected a number from 0 to 65535");
    reject(&["-m", "0x100000000"], "expected VALUE or VALUE/MASK");
    reject(&["-n", "10.0.0.0/8"], "expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT");
    reject(&["-l", "128"], "unknown label `128`");
}
