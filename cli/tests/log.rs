//! Tests of `log` on the running kernel, in network namespaces.
#![cfg(target_os = "linux")]

#[path = "../../flow/tests/collector/mod.rs"]
mod collector;
#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use collector::Collector;
use ctnetlink::flat::NatRange;
#[cfg(feature = "metrics")]
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{Extension, Socket};
use namespace::{enter, enter_with, flow, skipped, socket, wait_for_listener};
use run::{create, interrupt, signal, start, stderr};
use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// The mask of the group of DESTROY events.
const DESTROY: u32 = 0b100;
/// The mask of the groups of NEW and DESTROY events.
const NEW_AND_DESTROY: u32 = 0b101;
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts `ctnetlink log`, and waits until it receives events.
fn log(args: &[&str]) -> Child {
    let child = start(&[&["log", "--enable"], args].concat());
    wait_for_listener(DESTROY);
    child
}

/// Creates flows and deletes them.
fn flows(socket: &mut Socket, numbers: std::ops::Range<u32>) {
    create(socket, numbers.map(flow));
    socket.request(request::flush(&Selector::default())).unwrap();
}

/// Returns the numbers of the last line, by name.
fn last_line(errors: &str) -> impl Fn(&str) -> u64 {
    let line = errors.lines().last().unwrap().to_owned();
    move |name| {
        let words = line.split(' ').map(|word| word.split_once('=').unwrap());
        words.into_iter().find(|word| word.0 == name).unwrap().1.parse().unwrap()
    }
}

/// Returns the last two bytes of the source addresses: the numbers of the flows.
fn numbers(collector: &Collector) -> Vec<u128> {
    let mut numbers: Vec<_> =
        collector.records.iter().map(|record| record[&8] & 0xff_ffff).collect();
    numbers.sort_unstable();
    numbers
}

struct Udp {
    socket: UdpSocket,
    collector: Collector,
}

impl Udp {
    fn bind(port: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        Self { socket, collector: Collector::default() }
    }

    fn until(&mut self, is_done: impl Fn(&Collector) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut buffer = [0; 65_535];
        while !is_done(&self.collector) {
            assert!(Instant::now() < end, "{:?}", self.collector);
            if let Ok(length) = self.socket.recv(&mut buffer) {
                self.collector.message(&buffer[..length]);
            }
        }
    }

    /// Reads what has arrived.
    fn drain(&mut self) {
        let mut buffer = [0; 65_535];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.collector.message(&buffer[..length]);
        }
    }
}

/// Reads a connection until something is true or it ends.
fn read_stream(
    stream: &mut TcpStream,
    collector: &mut Collector,
    is_done: impl Fn(&Collector) -> bool,
) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while !is_done(collector) {
        let length = stream.read(&mut buffer).unwrap();
        if length == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..length]);
        let read = collector.stream(&bytes);
        bytes.drain(..read);
    }
}

fn read_file(path: &Path) -> Collector {
    let mut collector = Collector::default();
    collector.stream(&fs::read(path).unwrap());
    assert_eq!((collector.left_over, collector.undecoded), (0, 0), "{}", path.display());
    collector
}

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ctnetlink-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn dest(&self, prefix: &str, name: &str) -> String {
        format!("{prefix}:{}", self.path(name).display())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_single_flow_arrives_within_a_second() {
    const TEST: &str = "a_single_flow_arrives_within_a_second";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut udp = Udp::bind(4739);
    let child = log(&["--to", "ipfix+udp://127.0.0.1"]);
    for number in 0x1234..0x1237 {
        flows(&mut socket, number..number + 1);
        let ended = Instant::now();
        udp.until(|collector| collector.records.len() as u32 == number - 0x1233);
        assert!(ended.elapsed() < Duration::from_millis(1200), "{:?}", ended.elapsed());
    }
    let record = &udp.collector.records[0];
    // 10.0.18.52:40001 to 198.51.100.7:5353, UDP, deleted by a program.
    let expected = [(8, 0x0a00_1234), (12, 0xc633_6407), (7, 40001), (11, 5353), (4, 17), (136, 4)];
    for (element, value) in expected {
        assert_eq!(record[&element], value, "{element}");
    }
    let output = signal(child, "-TERM");
    assert_eq!(
        stderr(&output).lines().last(),
        Some("flows=3 losses=0 dropped=0 sent=3 not_sent=0")
    );
}

#[test]
fn a_signal_sends_the_last_message_and_the_statistics() {
    const TEST: &str = "a_signal_sends_the_last_message_and_the_statistics";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut udp = Udp::bind(9995);
    for (turn, name) in (1..).zip(["-TERM", "-INT"]) {
        let child = log(&["--to", "ipfix+udp://127.0.0.1:9995?domain=4711&mtu=1280"]);
        flows(&mut socket, 100 * turn..100 * turn + 17);
        // Much less than the second after which the message would be sent anyway.
        std::thread::sleep(Duration::from_millis(100));
        let output = signal(child, name);
        let last = last_line(stderr(&output));
        assert_eq!((last("flows"), last("sent"), last("not_sent")), (17, 17, 0));
        udp.drain();
        let expected: Vec<_> = (0..17).map(|n| u128::from(100 * turn + n)).collect();
        assert_eq!(numbers(&udp.collector), expected, "{name}");
        let statistics = &udp.collector.statistics;
        assert_eq!((statistics[&42], statistics[&163], statistics[&166]), (17, 17, 0));
        assert_eq!(statistics[&149], 4711);
        assert!(udp.collector.longest <= 1252, "{}", udp.collector.longest);
        udp.collector = Collector::default();
    }
}

#[test]
fn events_that_the_kernel_dropped_are_reported_to_the_collector() {
    const TEST: &str = "events_that_the_kernel_dropped_are_reported_to_the_collector";
    const COUNT: u32 = 3000;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let mut udp = Udp::bind(4739);
    let child = log(&["--to", "ipfix+udp://127.0.0.1", "--buffer", "65536"]);
    let pid = child.id().to_string();
    let kill =
        |signal| assert!(Command::new("kill").args([signal, &pid[..]]).status().unwrap().success());
    create(&mut socket, (0..COUNT).map(flow));
    kill("-STOP");
    socket.request(request::flush(&Selector::default())).unwrap();
    kill("-CONT");
    // Without a signal, within a second.
    udp.until(|collector| collector.statistics.get(&166).is_some_and(|&lost| lost > 0));
    flows(&mut socket, COUNT..COUNT + 9);
    std::thread::sleep(Duration::from_millis(100));
    let output = interrupt(child, "-TERM");
    udp.drain();
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("events lost: the receive buffer was full; "), "{errors}");
    let last = last_line(errors);
    assert!(last("losses") > 0 && last("dropped") > 1000, "{errors}");
    assert_eq!(last("flows") + last("dropped"), u64::from(COUNT) + 9);
    assert_eq!((last("sent"), last("not_sent")), (last("flows"), 0));
    assert_eq!(udp.collector.missing, 0);
    let received = udp.collector.records.len() as u128;
    assert_eq!(received + udp.collector.not_sent(), u128::from(COUNT) + 9);
}

/// A program that is killed at the end of a test, whatever its result is.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn nfcapd_finds_no_gap_in_flows_losses_and_statistics() {
    const TEST: &str = "nfcapd_finds_no_gap_in_flows_losses_and_statistics";
    const COUNT: u32 = 20_000;
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let directory = Directory::new("nfcapd");
    let report = fs::File::create(directory.path("report")).unwrap();
    let nfcapd = Command::new("nfcapd")
        .args(["-p", "4739", "-b", "127.0.0.1", "-t", "3600", "-w", directory.0.to_str().unwrap()])
        .stdin(std::process::Stdio::null())
        .stdout(report.try_clone().unwrap())
        .stderr(report)
        .spawn();
    let Ok(nfcapd) = nfcapd else {
        skipped(TEST, "no nfcapd");
        return;
    };
    let mut nfcapd = Killed(nfcapd);
    std::thread::sleep(Duration::from_secs(1));
    let child = log(&["--to", "ipfix+udp://127.0.0.1?domain=7", "--buffer", "65536"]);
    // Losses make statistics between the records.
    let pid = child.id().to_string();
    let kill = |signal: &str| {
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    };
    create(&mut socket, (0..2000).map(flow));
    kill("-STOP");
    socket.request(request::flush(&Selector::default())).unwrap();
    kill("-CONT");
    for first in (2000..COUNT).step_by(500) {
        flows(&mut socket, first..first + 500);
        // The collector is slower than the logger.
        std::thread::sleep(Duration::from_millis(40));
    }
    std::thread::sleep(Duration::from_secs(1));
    let output = interrupt(child, "-TERM");
    let last = last_line(stderr(&output));
    assert!(last("dropped") > 0, "{}", stderr(&output));
    std::thread::sleep(Duration::from_secs(1));
    let pid = nfcapd.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    nfcapd.0.wait().unwrap();
    let report = fs::read_to_string(directory.path("report")).unwrap();
    let expected = format!(
        "Flows: {}, Packets: 0, Bytes: 0, Sequence Errors: 0, Bad Packets: 0",
        last("sent")
    );
    assert!(report.contains(&expected), "{expected} in\n{report}");
}

#[test]
fn a_collector_over_udp_is_absent_then_killed_then_restarted() {
    const TEST: &str = "a_collector_over_udp_is_absent_then_killed_then_restarted";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let child = log(&["--to", "ipfix+udp://127.0.0.1"]);
    let pause = || std::thread::sleep(Duration::from_millis(1100));
    let mut received = 0;
    for turn in 0..2 {
        flows(&mut socket, 100 * turn..100 * turn + 20);
        pause();
        let mut udp = Udp::bind(4739);
        // The templates follow within a second or two after the collector's host no longer reports errors.
        for n in 0..4 {
            flows(&mut socket, 100 * turn + 30 + n..100 * turn + 31 + n);
            pause();
        }
        udp.drain();
        let last = u128::from(100 * turn + 33);
        assert!(numbers(&udp.collector).contains(&last), "{:?}", udp.collector);
        received += udp.collector.records.len() + udp.collector.undecoded as usize;
    }
    let output = interrupt(child, "-TERM");
    let errors = stderr(&output);
    let last = last_line(errors);
    assert_eq!((last("flows"), last("sent") + last("not_sent")), (48, 48), "{errors}");
    assert!(last("not_sent") >= 40 && received >= 6, "{errors}");
    assert!(errors.contains("ipfix+udp://127.0.0.1: Connection refused"), "{errors}");
}

#[test]
fn a_collector_over_tcp_is_absent_then_killed_then_restarted() {
    const TEST: &str = "a_collector_over_tcp_is_absent_then_killed_then_restarted";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let child = log(&["--to", "ipfix+tcp://127.0.0.1?retry=1"]);
    let mut received = 0;
    for turn in 0..2 {
        flows(&mut socket, 100 * turn..100 * turn + 20);
        std::thread::sleep(Duration::from_millis(1500));
        let listener = TcpListener::bind("127.0.0.1:4739").unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut collector = Collector::default();
        flows(&mut socket, 100 * turn + 30..100 * turn + 35);
        let last = u128::from(100 * turn + 34);
        read_stream(&mut stream, &mut collector, |collector| numbers(collector).contains(&last));
        assert_eq!((collector.missing, collector.undecoded), (0, 0));
        received += collector.records.len() as u64;
    }
    let output = interrupt(child, "-TERM");
    let errors = stderr(&output);
    let last = last_line(errors);
    assert_eq!((last("flows"), last("sent") + last("not_sent")), (50, 50), "{errors}");
    assert_eq!(last("sent"), received, "{errors}");
    assert!(errors.contains("127.0.0.1:4739: Connection refused"), "{errors}");
    assert!(errors.contains("the connection ended: "), "{errors}");
}

#[test]
fn several_destinations_get_every_flow_and_files_are_reopened() {
    const TEST: &str = "several_destinations_get_every_flow_and_files_are_reopened";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let directory = Directory::new("several");
    let dest = |prefix, name| directory.dest(prefix, name);
    let (csv, json) = (dest("csv", "flows.csv"), dest("json", "flows.json"));
    let ipfix = dest("ipfix", "flows.ipfix");
    let child = log(&["--to", &csv, "--to", &json, "--to", &ipfix, "--count", "7"]);
    flows(&mut socket, 0x1234..0x1237);
    std::thread::sleep(Duration::from_millis(300));
    for name in ["flows.csv", "flows.json", "flows.ipfix"] {
        fs::rename(directory.path(name), directory.path(&format!("{name}.1"))).unwrap();
    }
    assert!(
        Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success()
    );
    std::thread::sleep(Duration::from_millis(500));
    flows(&mut socket, 0x2234..0x2238);
    let output = child.wait_with_output().unwrap();
    let errors = stderr(&output);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors.lines().last(), Some("flows=7 losses=0 dropped=0 sent=21 not_sent=0"));
    for (end, first, count) in [(".1", 0x1234_u32, 3), ("", 0x2234, 4)] {
        let text = |name| fs::read_to_string(directory.path(&format!("{name}{end}"))).unwrap();
        let ipfix = read_file(&directory.path(&format!("flows.ipfix{end}")));
        let expected: Vec<_> = (0..count).map(|n| u128::from(first + n)).collect();
        assert_eq!(numbers(&ipfix), expected);
        let (csv, json) = (text("flows.csv"), text("flows.json"));
        assert_eq!(csv.lines().count(), expected.len() + 1, "{csv}");
        let rows: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut marks: Vec<_> =
            rows.iter().map(|row| u128::from(row["mark"].as_u64().unwrap())).collect();
        marks.sort_unstable();
        assert_eq!(marks, expected);
        // The times are those of the IPFIX records.
        let start = |record: &std::collections::BTreeMap<u16, u128>| record[&152];
        let mut starts: Vec<_> = ipfix.records.iter().map(start).collect();
        let mut of_rows: Vec<_> = rows
            .iter()
            .map(|row| u128::from(row["start_ns"].as_u64().unwrap() / 1_000_000))
            .collect();
        starts.sort_unstable();
        of_rows.sort_unstable();
        assert_eq!(starts, of_rows);
    }
}

#[test]
fn new_events_are_read_only_for_nat_events() {
    const TEST: &str = "new_events_are_read_only_for_nat_events";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let directory = Directory::new("nat");
    let (nat, plain) = (directory.dest("ipfix", "nat"), directory.dest("ipfix", "plain"));
    let nat = format!("{nat}?nat-events");
    let child = start(&["log", "--enable", "--to", &nat, "--to", &plain, "--count", "2"]);
    wait_for_listener(NEW_AND_DESTROY);
    let mut translated = flow(0x1234);
    translated.rare_mut().nat_src =
        NatRange { min_ip: "203.0.113.9".parse().ok(), ..NatRange::default() };
    create(&mut socket, [translated, flow(0x1235)]);
    socket.request(request::flush(&Selector::default())).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = stderr(&output);
    assert_eq!(errors.lines().last(), Some("flows=2 losses=0 dropped=0 sent=4 not_sent=0"));
    // Creation and deletion of a session, with the address after NAT.
    let nat = read_file(&directory.path("nat"));
    let events: Vec<_> = nat.records.iter().map(|record| (record[&230], record[&225])).collect();
    assert_eq!(events, [(4, 0xcb00_7109), (5, 0xcb00_7109)]);
    assert_eq!(numbers(&read_file(&directory.path("plain"))), [0x1234, 0x1235]);
}

#[test]
fn a_full_disk_ends_nothing() {
    const TEST: &str = "a_full_disk_ends_nothing";
    let true = enter_with(TEST, "-Urnm") else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let directory = Directory::new("full");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "none", directory.0.to_str().unwrap()])
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        skipped(TEST, "no tmpfs");
        return;
    }
    let filler = directory.path("filler");
    let child =
        log(&["--to", &directory.dest("ipfix", "flows"), "--to", &directory.dest("csv", "csv")]);
    flows(&mut socket, 0..100);
    std::thread::sleep(Duration::from_millis(1300));
    // The last bytes of the disk.
    let _ = fs::write(&filler, vec![0x5a; 256 << 10]);
    flows(&mut socket, 1000..3000);
    std::thread::sleep(Duration::from_millis(1300));
    for name in ["flows", "csv"] {
        let length = fs::metadata(directory.path(name)).unwrap().len();
        assert!(length > 0, "{name}");
    }
    let whole = read_file(&directory.path("flows"));
    assert_eq!(numbers(&whole), (0..100).collect::<Vec<_>>());
    fs::remove_file(&filler).unwrap();
    fs::remove_file(directory.path("csv")).unwrap();
    std::thread::sleep(Duration::from_millis(1300));
    let output = interrupt(child, "-TERM");
    let errors = stderr(&output);
    assert!(errors.contains("/flows: No space left on device (os error 28); "), "{errors}");
    let expected: Vec<_> = (0..100).chain(1000..3000).collect();
    assert_eq!(numbers(&read_file(&directory.path("flows"))), expected);
    let last = last_line(errors);
    assert_eq!((last("flows"), last("sent") + last("not_sent")), (2100, 4200), "{errors}");
}

/// Returns the metrics of a server.
#[cfg(feature = "metrics")]
fn metrics(address: &str) -> String {
    use std::io::Write as _;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    text.to_owned()
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_count_flows_by_destination_and_protocol() {
    const TEST: &str = "metrics_count_flows_by_destination_and_protocol";
    let true = enter(TEST) else { return };
    let Some(mut socket) = socket(TEST) else { return };
    let directory = Directory::new("metrics");
    let address = "127.0.0.1:9477";
    let udp = "ipfix+udp://127.0.0.1";
    let csv = directory.dest("csv", "flows.csv");
    let child = log(&["--to", udp, "--to", &csv, "--metrics", address]);
    let mut tcp = flow(0x1240);
    (tcp.orig.proto, tcp.reply.proto) = (Some(IpProto::TCP), Some(IpProto::TCP));
    create(&mut socket, (0x1234..0x1237).map(flow).chain([tcp]));
    std::thread::sleep(Duration::from_millis(100));
    socket.request(request::flush(&Selector::default())).unwrap();
    std::thread::sleep(Duration::from_millis(1300));
    // The collector is absent: the datagram with the records counts as not sent once the next one is sent.
    flows(&mut socket, 0x2234..0x2235);
    std::thread::sleep(Duration::from_millis(1300));
    let text = metrics(address);
    let csv_bytes = fs::metadata(directory.path("flows.csv")).unwrap().len();
    for line in [
        "ctnetlink_events_total 5".to_owned(),
        "ctnetlink_losses_total 0".into(),
        "ctnetlink_dropped_events_total 0".into(),
        format!("ctnetlink_records_total{{destination=\"{csv}\"}} 5"),
        format!("ctnetlink_bytes_total{{destination=\"{csv}\"}} {csv_bytes}"),
        format!("ctnetlink_records_not_sent_total{{destination=\"{csv}\"}} 0"),
        format!("ctnetlink_records_waiting{{destination=\"{csv}\"}} 0"),
        "ctnetlink_flow_duration_seconds_count{protocol=\"udp\"} 4".into(),
        "ctnetlink_flow_duration_seconds_count{protocol=\"tcp\"} 1".into(),
        "# UNIT ctnetlink_flow_duration_seconds seconds".into(),
        "# EOF".into(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    let value = |start: &str| -> f64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("{start} in\n{text}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    let udp = format!("{{destination=\"{udp}\"");
    assert!(value(&format!("ctnetlink_records_not_sent_total{udp}")) >= 4.0, "{text}");
    // Three flows of 0.1 s and more, and one of nearly no time.
    let sum = value("ctnetlink_flow_duration_seconds_sum{protocol=\"udp\"}");
    assert!((0.3..2.0).contains(&sum), "{text}");
    // A record waits for its message, at most a second.
    let of_stop = format!("{udp},since=\"stop\"}}");
    let count = value(&format!("ctnetlink_lag_seconds_count{of_stop}"));
    let lag = value(&format!("ctnetlink_lag_seconds_sum{of_stop}")) / count;
    assert!(count >= 1.0 && (0.5..1.2).contains(&lag), "{text}");
    interrupt(child, "-TERM");
}

#[test]
fn the_unit_is_valid_and_closed() {
    const TEST: &str = "the_unit_is_valid_and_closed";
    let unit = include_str!("../../docs/ctnetlink-log.service");
    let directory = Directory::new("unit");
    let path = directory.path("ctnetlink-log.service");
    // The verification wants the program to exist.
    let unit = unit.replace("/usr/local/bin/ctnetlink", env!("CARGO_BIN_EXE_ctnetlink"));
    fs::write(&path, unit).unwrap();
    let analyze = |args: &[&str]| Command::new("systemd-analyze").args(args).arg(&path).output();
    let Ok(verified) = analyze(&["verify", "--man=no"]) else {
        skipped(TEST, "no systemd-analyze");
        return;
    };
    assert!(verified.status.success() && verified.stderr.is_empty(), "{}", stderr(&verified));
    // Since systemd 250. 0 is closed, 10 is open.
    let secure = analyze(&["security", "--offline=true", "--threshold=20"]).unwrap();
    if stderr(&secure).contains("nrecognized option") {
        skipped(TEST, "systemd is older than 250");
        return;
    }
    assert!(secure.status.success(), "{}", run::stdout(&secure));
}

#[test]
fn what_the_kernel_does_not_record_is_said_in_one_sentence_each() {
    const TEST: &str = "what_the_kernel_does_not_record_is_said_in_one_sentence_each";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    for name in ["timestamp", "acct"] {
        fs::write(format!("/proc/sys/net/netfilter/nf_conntrack_{name}"), "0").unwrap();
    }
    let directory = Directory::new("sysctls");
    let dest = directory.dest("ipfix", "flows");
    let output = run::run(&["log", "--to", &dest, "--for", "0.1"]);
    let expected = "\
ctnetlink: warning: net.netfilter.nf_conntrack_timestamp is 0, so entries have no start and stop times; `sysctl -w net.netfilter.nf_conntrack_timestamp=1` enables them for new entries
ctnetlink: warning: net.netfilter.nf_conntrack_acct is 0, so entries have no packet and byte counters; `sysctl -w net.netfilter.nf_conntrack_acct=1` enables them for new entries
ctnetlink: warning: net.netfilter.nf_conntrack_events is not 1, so entries that were created while no program listened have no events; `sysctl -w net.netfilter.nf_conntrack_events=1` enables them for new entries
flows=0 losses=0 dropped=0 sent=0 not_sent=0
";
    assert_eq!(stderr(&output), expected);
    let output = run::run(&["log", "--to", &dest, "--for", "0.1", "--enable"]);
    assert_eq!(stderr(&output), "flows=0 losses=0 dropped=0 sent=0 not_sent=0\n");
    for name in ["timestamp", "acct", "events"] {
        let path = format!("/proc/sys/net/netfilter/nf_conntrack_{name}");
        assert_eq!(fs::read_to_string(path).unwrap(), "1\n", "{name}");
    }
}

#[test]
fn cap_net_admin_is_enough_and_an_unprivileged_user_may_run_it() {
    const TEST: &str = "cap_net_admin_is_enough_and_an_unprivileged_user_may_run_it";
    let true = enter_with(TEST, "-n") else { return };
    let Some(mut socket) = socket(TEST) else { return };
    for extension in [Extension::Timestamp, Extension::Acct, Extension::Events] {
        extension.enable().unwrap();
    }
    let directory = Directory::new("user");
    let readable = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    readable(&directory.0, 0o777);
    // The build directory may not be readable for others.
    let program = directory.path("ctnetlink");
    fs::copy(env!("CARGO_BIN_EXE_ctnetlink"), &program).unwrap();
    readable(&program, 0o755);
    let mut udp = Udp::bind(4739);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"])
        .args(["--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin"])
        .arg("--bounding-set=-all,+net_admin")
        .arg(&program)
        .args(["log", "--enable", "--to", "ipfix+udp://127.0.0.1"])
        .args(["--to", &directory.dest("ipfix", "flows")])
        .stderr(std::process::Stdio::piped());
    let Ok(child) = command.spawn() else {
        skipped(TEST, "no setpriv");
        return;
    };
    wait_for_listener(DESTROY);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(status.contains("\nUid:\t65534\t65534\t"), "{status}");
    // Bit 12 is CAP_NET_ADMIN.
    assert!(status.contains("\nCapEff:\t0000000000001000\n"), "{status}");
    flows(&mut socket, 0x1234..0x1250);
    std::thread::sleep(Duration::from_millis(100));
    let output = signal(child, "-TERM");
    udp.drain();
    assert_eq!(numbers(&udp.collector).len(), 28);
    assert_eq!(numbers(&read_file(&directory.path("flows"))).len(), 28);
    assert_eq!(
        stderr(&output).lines().last(),
        Some("flows=28 losses=0 dropped=0 sent=56 not_sent=0")
    );
}
