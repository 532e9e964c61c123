//! Flows of every kind on the running kernel: the records of `log` beside the lines of conntrack(8).
#![cfg(target_os = "linux")]

#[path = "../../flow/tests/collector/mod.rs"]
mod collector;
#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use collector::Collector;
use ctnetlink::flat::NatRange;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::Extension;
use ctnetlink::{Conntrack, IpProto, Tuple};
use namespace::{enter, skipped, socket, wait_for_listener, wait_for_listeners};
use run::{create, signal, start, stdout, success};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DESTROY: u32 = 0b100;
/// More than 32 bits can count.
const LARGE: u64 = (4 << 30) + (1 << 20);

type Row = Map<String, Value>;

fn set(sysctl: &str, value: &str) {
    let path = format!("/proc/sys/net/netfilter/{sysctl}");
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Runs a program, and returns `false` if it fails or is not installed.
fn runs(program: &str, args: &[&str]) -> bool {
    let status =
        Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The logger and conntrack(8), which receive the same events.
struct Observed {
    log: Child,
    conntrack: Child,
    folder: PathBuf,
}

/// What both have said, by the id of the entry.
struct Said {
    rows: BTreeMap<u64, Row>,
    lines: BTreeMap<u64, String>,
    /// The values of IPFIX elements.
    records: BTreeMap<u64, BTreeMap<u16, u128>>,
}

impl Observed {
    fn start(name: &str) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let dests = [format!("json:{}", path("rows")), format!("ipfix:{}", path("records"))];
        let mut conntrack = Command::new("conntrack");
        conntrack.args(["-E", "-e", "DESTROY", "-o", "id,ktimestamp"]).env("TZ", "UTC");
        let lines = std::fs::File::create(path("lines")).unwrap();
        let conntrack = conntrack.stdout(lines).stderr(Stdio::null()).spawn().ok()?;
        wait_for_listener(DESTROY);
        let log = start(&["log", "--to", &dests[0], "--to", &dests[1]]);
        wait_for_listeners(DESTROY, 2);
        Some(Self { log, conntrack, folder })
    }

    fn end(mut self) -> Said {
        std::thread::sleep(Duration::from_millis(300));
        signal(self.log, "-TERM");
        let _ = Command::new("kill").args(["-INT", &self.conntrack.id().to_string()]).status();
        let _ = self.conntrack.wait();
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap();
        let rows = read("rows")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Row>>();
        let id_of = |line: &str| numbers(line, "id").last().copied().expect("an id");
        let mut collector = Collector::default();
        collector.stream(&std::fs::read(self.folder.join("records")).unwrap());
        assert_eq!((collector.left_over, collector.undecoded), (0, 0));
        // ICMP has an id of its own before that of the entry.
        Said {
            rows: rows.into_iter().map(|row| (row["id"].as_u64().unwrap(), row)).collect(),
            lines: read("lines").lines().map(|line| (id_of(line), line.to_owned())).collect(),
            records: collector
                .records
                .into_iter()
                .map(|record| (record[&148] as u64, record))
                .collect(),
        }
    }
}

/// Returns the values of a key in a line of conntrack(8): of both directions, if both have it.
fn values<'l>(line: &'l str, key: &str) -> Vec<&'l str> {
    let words = line.split_ascii_whitespace().filter_map(|word| word.split_once('='));
    words.filter(|word| word.0 == key).map(|word| word.1).collect()
}

fn numbers(line: &str, key: &str) -> Vec<u64> {
    values(line, key).into_iter().filter_map(|value| value.parse().ok()).collect()
}

impl Said {
    /// Compares each record with the line of conntrack(8) about the same entry.
    fn compare(&self) {
        assert_eq!(self.rows.len(), self.lines.len(), "{:?}\n{:?}", self.rows.keys(), self.lines);
        assert_eq!(self.rows.keys().collect::<Vec<_>>(), self.records.keys().collect::<Vec<_>>());
        for (id, line) in &self.lines {
            let (row, record) = (&self.rows[id], &self.records[id]);
            let text = |column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
            let number = |column: &str| row.get(column).and_then(Value::as_u64);
            let both = |first: &str, second: &str| -> Vec<_> {
                [number(first), number(second)].into_iter().flatten().collect()
            };
            let addresses = |key, first: &str, second: &str| {
                let parsed: Vec<_> = values(line, key).into_iter().map(addr).collect();
                assert_eq!(
                    parsed,
                    [addr(&text(first).unwrap()), addr(&text(second).unwrap())],
                    "{line}"
                );
            };
            addresses("src", "src_addr", "reply_src_addr");
            addresses("dst", "dst_addr", "reply_dst_addr");
            // Keys of GRE are not ports.
            if number("proto_number") != Some(47) {
                assert_eq!(numbers(line, "sport"), both("src_port", "reply_src_port"), "{line}");
                assert_eq!(numbers(line, "dport"), both("dst_port", "reply_dst_port"), "{line}");
            }
            assert_eq!(numbers(line, "packets"), both("orig_packets", "reply_packets"), "{line}");
            assert_eq!(numbers(line, "bytes"), both("orig_bytes", "reply_bytes"), "{line}");
            assert_eq!(numbers(line, "zone").first().copied(), number("zone"), "{line}");
            assert_eq!(
                numbers(line, "mark").first().copied().filter(|mark| *mark != 0),
                number("mark"),
                "{line}"
            );
            assert_eq!(line.contains("[start="), number("start_ns").is_some(), "{line}");

            let element = |number: u16| record.get(&number).map(|value| *value as u64);
            let ms = |column: &str| number(column).map(|ns| ns / 1_000_000);
            assert_eq!((element(152), element(153)), (ms("start_ns"), ms("end_ns")), "{line}");
            assert_eq!(
                (element(1), element(2)),
                (number("orig_bytes"), number("orig_packets")),
                "{line}"
            );
            assert_eq!(
                (element(4), element(234)),
                (number("proto_number"), number("zone")),
                "{line}"
            );
            let ports = if number("proto_number") == Some(47) { None } else { number("src_port") };
            assert_eq!(element(7), ports, "{line}");
            let is_nat = text("snat_addr").is_some() || text("dnat_addr").is_some();
            assert_eq!(element(225).is_some(), is_nat && number("ip_version") == Some(4), "{line}");
        }
    }

    /// Returns why the flow of this destination port or protocol ended.
    fn end_reason(&self, is_wanted: impl Fn(&Row) -> bool) -> u128 {
        let (id, _) = self.rows.iter().find(|(_, row)| is_wanted(row)).expect("a row");
        self.records[id][&136]
    }
}

/// Sends a datagram and an answer.
fn udp(address: &str) -> u16 {
    let server = UdpSocket::bind((address, 0)).unwrap();
    let client = UdpSocket::bind((address, 0)).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    client.send(b"a question").unwrap();
    let mut buffer = [0; 64];
    let (length, peer) = server.recv_from(&mut buffer).unwrap();
    server.send_to(&buffer[..length], peer).unwrap();
    client.recv(&mut buffer).unwrap();
    server.local_addr().unwrap().port()
}

/// Opens a connection, sends `bytes` and closes or resets it.
fn tcp(address: &str, bytes: u64, reset: bool) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let reader = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        if reset {
            // Data that nobody reads makes the kernel reset the connection.
            std::thread::sleep(Duration::from_millis(100));
            return;
        }
        let mut buffer = vec![0; 1 << 20];
        while stream.read(&mut buffer).is_ok_and(|length| length > 0) {}
    });
    let mut stream = TcpStream::connect((address, port)).unwrap();
    let chunk = vec![0x5a; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(chunk.len() as u64);
        stream.write_all(&chunk[..length as usize]).unwrap();
        left -= length;
    }
    if reset {
        reader.join().unwrap();
        return port;
    }
    drop(stream);
    reader.join().unwrap();
    port
}

/// Lists the table, which removes the entries whose timer has run out.
fn remove_expired() {
    std::thread::sleep(Duration::from_millis(2_500));
    success(&["list"]);
}

#[test]
fn flows_of_every_kind_are_what_conntrack_prints() {
    const TEST: &str = "flows_of_every_kind_are_what_conntrack_prints";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let rules = "add table inet t; add chain inet t o { type filter hook output priority 0; }; \
                 add rule inet t o ct state new accept";
    if !runs("nft", &[rules]) || !runs("conntrack", &["-V"]) {
        skipped(TEST, "nft or conntrack(8) does not run");
        return;
    }
    // Entries of before have neither times nor counters.
    for name in ["nf_conntrack_timestamp", "nf_conntrack_acct"] {
        set(name, "0");
    }
    set("nf_conntrack_events", "1");
    let old = |n: u32| Conntrack { mark: None, ..namespace::flow(n) };
    create(&mut socket, [old(0x1111)]);
    for extension in [Extension::Timestamp, Extension::Acct] {
        extension.enable().unwrap();
    }
    let Some(observed) = Observed::start("flow-kinds") else { return };

    udp("127.0.0.1");
    udp("::1");
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"nobody", "127.0.0.1:9").unwrap();
    tcp("127.0.0.1", LARGE, false);
    tcp("::1", 4_321, false);
    assert!(runs("ping", &["-c", "2", "-i", "0.2", "127.0.0.1"]));
    assert!(runs("ping", &["-c", "1", "::1"]));
    let gre = Tuple {
        src: Some(addr("192.0.2.1")),
        dst: Some(addr("198.51.100.7")),
        proto: Some(IpProto::GRE),
        src_port: Some(0x1a2b),
        dst_port: Some(0x3c4d),
        ..Tuple::default()
    };
    let mut flows = vec![Conntrack { timeout: Some(600), ..Conntrack::new(gre) }];
    let v6: [SocketAddr; 2] =
        ["[2001:db8::1]:40001".parse().unwrap(), "[2001:db8::2]:53".parse().unwrap()];
    flows.push(Conntrack { timeout: Some(600), ..Conntrack::new(Tuple::udp(v6[0], v6[1])) });
    for (n, source, destination) in [
        (0x2221, Some("203.0.113.9"), None),
        (0x2222, None, Some("192.0.2.77")),
        (0x2223, Some("203.0.113.10"), Some("192.0.2.78")),
    ] {
        let range = |to: Option<&str>| NatRange { min_ip: to.map(addr), ..NatRange::default() };
        let mut entry = namespace::flow(n);
        entry.rare_mut().nat_src = range(source);
        entry.rare_mut().nat_dst = range(destination);
        flows.push(entry);
    }
    flows.push(Conntrack { zone: Some(0x3a3b), ..namespace::flow(0x3331) });
    create(&mut socket, flows);
    socket.request(request::flush(&Selector::default())).unwrap();

    let said = observed.end();
    said.compare();
    let large = said.rows.values().filter_map(|row| row.get("orig_bytes")?.as_u64()).max();
    assert!(large > Some(LARGE), "{large:?}");
    let has = |column: &str| said.rows.values().filter(|row| row.contains_key(column)).count();
    assert_eq!(said.rows.len(), 14);
    assert_eq!((has("snat_addr"), has("dnat_addr"), has("zone"), has("icmp_type")), (2, 2, 1, 2));
    assert_eq!((has("start_ns"), has("orig_bytes")), (13, 13));
}

#[test]
fn the_reason_of_an_end_is_what_happened() {
    const TEST: &str = "the_reason_of_an_end_is_what_happened";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let rules = "add table inet t; add chain inet t o { type filter hook output priority 0; }; \
                 add rule inet t o ct state new accept";
    if !runs("nft", &[rules]) || !runs("conntrack", &["-V"]) {
        skipped(TEST, "nft or conntrack(8) does not run");
        return;
    }
    for extension in [Extension::Timestamp, Extension::Acct, Extension::Events] {
        extension.enable().unwrap();
    }
    for (sysctl, seconds) in [
        ("nf_conntrack_tcp_timeout_time_wait", "1"),
        ("nf_conntrack_tcp_timeout_last_ack", "1"),
        ("nf_conntrack_tcp_timeout_close", "1"),
        ("nf_conntrack_udp_timeout", "1"),
        ("nf_conntrack_udp_timeout_stream", "1"),
    ] {
        set(sysctl, seconds);
    }
    let Some(observed) = Observed::start("end-reasons") else { return };
    let closed = tcp("127.0.0.1", 4_321, false);
    let reset = tcp("127.0.0.1", 4_322, true);
    let idle = udp("127.0.0.1");
    remove_expired();
    create(&mut socket, [namespace::flow(0x1234)]);
    assert!(runs("conntrack", &["-D", "-s", "10.0.18.52"]));

    let said = observed.end();
    said.compare();
    let to = |port: u16| {
        move |row: &Row| row.get("dst_port").and_then(Value::as_u64) == Some(port.into())
    };
    assert_eq!(said.end_reason(to(closed)), 3);
    assert_eq!(said.end_reason(to(reset)), 3);
    assert_eq!(said.end_reason(to(idle)), 1);
    assert_eq!(said.end_reason(to(5353)), 4);
    assert!(stdout(&success(&["count"])).starts_with('0'));
}
