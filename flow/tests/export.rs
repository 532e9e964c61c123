//! Exports flows to collectors and files that are absent, slow, killed or full.

mod collector;

use collector::Collector;
use ctnetlink::{Conntrack, Endian, Message, Tuple};
use ctnetlink_flow::Flow;
use ctnetlink_flow::export::{
    Destination, Exporter, IpfixFile, LogFile, Options, RowFile, RowFormat,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A DESTROY event that is reduced to its headers.
const DESTROY: [u8; 20] = [0x14, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
const START: u64 = 1_795_552_006_123_456_789;
const SECOND: u64 = 1_000_000_000;

fn entry(id: u32) -> Conntrack {
    let port = 1024 + id % 60_000;
    let src = format!("192.0.2.1:{port}").parse().unwrap();
    let orig = Tuple::udp(src, "198.51.100.7:5353".parse().unwrap());
    Conntrack { id: Some(id), ..Conntrack::new(orig) }
}

/// Pushes flows with these ids.
fn push(destination: &mut dyn Destination, ids: std::ops::Range<u32>, now: u64) {
    let message = Message::parse_with(&DESTROY, Endian::Little).unwrap();
    for id in ids {
        destination.push(&Flow::new(message, &entry(id)), now);
    }
}

fn ids(collector: &Collector) -> Vec<u128> {
    collector.records.iter().map(|record| record[&148]).collect()
}

/// Takes all messages.
fn collect(exporter: &mut Exporter, collector: &mut Collector, now: u64) {
    while let Some(message) = exporter.next_message(now) {
        collector.message(message.bytes);
    }
}

#[test]
fn a_partial_message_waits_at_most_a_second() {
    let mut exporter = Exporter::new(Options::default(), START);
    let message = Message::parse_with(&DESTROY, Endian::Little).unwrap();
    exporter.push(&Flow::new(message, &entry(0x1234)), START + 7);
    assert_eq!(exporter.next_deadline(), START + 7 + SECOND);
    exporter.tick(START + 6 + SECOND);
    assert!(exporter.next_message(START).is_none());
    exporter.tick(START + 7 + SECOND);
    let mut collector = Collector::default();
    collect(&mut exporter, &mut collector, START);
    assert_eq!(ids(&collector), [0x1234]);
    // A clock that is set back does not make the next one wait.
    exporter.push(&Flow::new(message, &entry(0x1235)), START + SECOND);
    exporter.tick(START - 3600 * SECOND);
    collect(&mut exporter, &mut collector, START);
    assert_eq!(ids(&collector), [0x1234, 0x1235]);
}

#[test]
fn losses_reach_the_collector_within_a_second() {
    let mut exporter = Exporter::new(Options { process: 4711, ..Options::default() }, START);
    let message = Message::parse_with(&DESTROY, Endian::Little).unwrap();
    for id in 1..=5 {
        exporter.push(&Flow::new(message, &entry(id)), START);
    }
    exporter.lost(17, START + 3 * SECOND + 2_000_000);
    exporter.tick(START + 4 * SECOND + 2_000_000);
    let mut collector = Collector::default();
    collect(&mut exporter, &mut collector, START + 4 * SECOND);
    assert_eq!(collector.records.len(), 5);
    // Messages, records, flows, losses, process and times of the losses in milliseconds.
    let expected = [(41, 1), (42, 5), (163, 22), (166, 17), (144, 4711)];
    for (element, value) in expected {
        assert_eq!(collector.statistics[&element], value, "{element}");
    }
    for element in [152, 153] {
        assert_eq!(collector.statistics[&element], 1_795_552_009_125, "{element}");
    }
    // Without more losses, the next statistics are due after a minute.
    exporter.tick(START + 63 * SECOND);
    assert!(exporter.next_message(START).is_none());
    exporter.tick(START + 64 * SECOND + 2_000_000);
    collect(&mut exporter, &mut collector, START + 65 * SECOND);
    assert_eq!(collector.statistics[&41], 2);
}

#[test]
fn what_does_not_fit_the_buffer_is_dropped_before_it_is_encoded() {
    let mut options = Options { max_waiting: 1500, ..Options::default() };
    options.ipfix.max_message = 500;
    let mut exporter = Exporter::new(options, START);
    let message = Message::parse_with(&DESTROY, Endian::Little).unwrap();
    for id in 0..1000 {
        exporter.push(&Flow::new(message, &entry(id)), START);
    }
    assert!(exporter.is_full());
    let not_sent = exporter.counts().not_sent;
    exporter.finish(START);
    let mut collector = Collector::default();
    collect(&mut exporter, &mut collector, START);
    assert_eq!((collector.missing, collector.undecoded), (0, 0));
    assert!(collector.records.len() > 30, "{}", collector.records.len());
    assert_eq!(collector.records.len() as u64 + not_sent, 1000);
    assert_eq!(collector.not_sent(), not_sent.into());
    assert_eq!(exporter.statistics().observed, 1000);
}

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ctnetlink-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn read(path: &Path) -> Collector {
    let mut collector = Collector::default();
    collector.stream(&std::fs::read(path).unwrap());
    assert_eq!((collector.left_over, collector.undecoded), (0, 0), "{}", path.display());
    collector
}

#[test]
fn each_file_begins_with_its_templates() {
    let directory = Directory::new("rotation");
    let interval = Some(Duration::from_secs(3600));
    let name = directory.path("flows.ipfix");
    let file = LogFile::open(&name, interval, START).unwrap();
    let mut file = IpfixFile::new(file, Options::default(), START).unwrap();
    push(&mut file, 0..3000, START);
    file.tick(START + 3599 * SECOND);
    push(&mut file, 3000..3001, START + 3599 * SECOND);
    file.tick(START + 3600 * SECOND);
    push(&mut file, 3001..3003, START + 3601 * SECOND);
    // As SIGHUP does.
    file.rotate(START + 3602 * SECOND);
    push(&mut file, 3003..3004, START + 3603 * SECOND);
    file.finish(START + 3604 * SECOND);
    let files = ["20261124T202646Z", "20261124T212646Z", "20261124T212648Z"]
        .map(|time| read(&directory.path(&format!("flows-{time}.ipfix"))));
    assert_eq!(ids(&files[0]), (0..3001).collect::<Vec<_>>());
    assert_eq!(ids(&files[1]), [3001, 3002]);
    assert_eq!(ids(&files[2]), [3003]);
    assert_eq!(file.counts().records, 3004);
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 3);
    assert!(file.take_problem().is_none());
}

#[test]
fn a_file_that_exists_is_continued_and_reopened() {
    let directory = Directory::new("append");
    let name = directory.path("flows.ipfix");
    let open = || {
        let file = LogFile::open(&name, None, START).unwrap();
        IpfixFile::new(file, Options::default(), START).unwrap()
    };
    let mut file = open();
    push(&mut file, 7..9, START);
    file.finish(START);
    let mut file = open();
    push(&mut file, 9..10, START);
    // As logrotate does.
    std::fs::rename(&name, directory.path("flows.ipfix.1")).unwrap();
    file.rotate(START);
    push(&mut file, 10..11, START);
    file.finish(START);
    assert_eq!(ids(&read(&directory.path("flows.ipfix.1"))), [7, 8, 9]);
    assert_eq!(ids(&read(&name)), [10]);
}

#[test]
fn a_part_of_a_message_at_the_end_of_a_file_is_cut_off() {
    let directory = Directory::new("crash");
    let name = directory.path("flows.ipfix");
    let open = || {
        let file = LogFile::open(&name, None, START).unwrap();
        IpfixFile::new(file, Options::default(), START).map_err(|error| error.to_string())
    };
    let mut file = open().unwrap();
    push(&mut file, 7..9, START);
    file.finish(START);
    let whole = std::fs::read(&name).unwrap();
    for part in [1, 3, 4, 15, 100] {
        // As if the program had been killed while it wrote the same messages again.
        std::fs::write(&name, [&whole[..], &whole[..part]].concat()).unwrap();
        let mut file = open().unwrap();
        push(&mut file, 9..10, START);
        file.finish(START);
        assert_eq!(ids(&read(&name)), [7, 8, 9], "{part}");
    }
    let text = b"root:x:0:0:root:/root:/bin/bash\n";
    std::fs::write(&name, text).unwrap();
    let error = open().unwrap_err();
    assert_eq!(error, "expected IPFIX at byte 0: the file contains something else");
    assert_eq!(std::fs::read(&name).unwrap(), text);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_once_and_its_records_are_counted() {
    let file = LogFile::open(Path::new("/dev/full"), None, START).unwrap();
    let mut file = IpfixFile::new(file, Options::default(), START).unwrap();
    for second in 0..5 {
        push(&mut file, 0..4000, START + second * SECOND);
        file.tick(START + second * SECOND);
        let problem = file.take_problem().map(|problem| problem.to_string());
        let expected = "/dev/full: No space left on device (os error 28); it is written again \
                        later, and records that do not fit the buffer meanwhile are dropped and \
                        counted";
        assert_eq!(problem.as_deref(), (second == 0).then_some(expected), "{second}");
    }
    file.finish(START + 5 * SECOND);
    assert_eq!((file.counts().records, file.counts().not_sent), (0, 20_000));
}

#[test]
fn rows_wait_at_most_a_second_and_each_file_has_a_header() {
    let directory = Directory::new("rows");
    let name = directory.path("flows.csv");
    let format = RowFormat {
        header: |out| out.extend_from_slice(b"id\n"),
        row: |flow, out| out.extend_from_slice(format!("{}\n", flow.entry.id.unwrap()).as_bytes()),
    };
    let text = |name: &Path| std::fs::read_to_string(name).unwrap();
    let mut rows = RowFile::new(LogFile::open(&name, None, START).unwrap(), format);
    push(&mut rows, 7..9, START);
    assert_eq!(rows.next_deadline(), START + SECOND);
    rows.tick(START + SECOND - 1);
    assert_eq!(text(&name), "");
    rows.tick(START + SECOND);
    assert_eq!(text(&name), "id\n7\n8\n");
    std::fs::rename(&name, directory.path("flows.csv.1")).unwrap();
    rows.rotate(START);
    push(&mut rows, 9..10, START);
    rows.finish(START);
    // A file that exists is continued.
    let mut rows = RowFile::new(LogFile::open(&name, None, START).unwrap(), format);
    push(&mut rows, 10..11, START);
    rows.finish(START);
    assert_eq!(text(&directory.path("flows.csv.1")), "id\n7\n8\n");
    assert_eq!(text(&name), "id\n9\n10\n");
    assert_eq!((rows.counts().records, rows.counts().bytes), (1, 3));
}

#[cfg(all(feature = "export", target_os = "linux"))]
mod sockets {
    use super::*;
    use ctnetlink_flow::export::{TcpExporter, TcpOptions, UdpExporter};
    use std::io::Read as _;
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::time::Instant;

    /// A collector's socket, which holds what tests send until it is read.
    fn udp(address: &str) -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn receive(socket: &UdpSocket, collector: &mut Collector) {
        let mut buffer = [0; 65_535];
        while let Ok(length) = socket.recv(&mut buffer) {
            collector.message(&buffer[..length]);
        }
    }

    #[test]
    fn no_packet_exceeds_the_mtu() {
        // Headers of IP and UDP: 28 bytes, and 48 for IPv6.
        for (address, mtu, least, most) in [
            ("127.0.0.1:0", Some(512), 450, 484),
            ("[::1]:0", Some(512), 430, 464),
            ("127.0.0.1:0", Some(1280), 1200, 1252),
            // The device's MTU is 65536.
            ("127.0.0.1:0", None, 1420, 1472),
            ("[::1]:0", None, 1400, 1452),
        ] {
            let (socket, address) = udp(address);
            let mut exporter =
                UdpExporter::connect(address, mtu, Options::default(), START).unwrap();
            push(&mut exporter, 0..100, START);
            exporter.finish(START);
            let mut collector = Collector::default();
            receive(&socket, &mut collector);
            assert_eq!(ids(&collector), (0..100).collect::<Vec<_>>(), "{address} {mtu:?}");
            assert!((least..=most).contains(&collector.longest), "{}", collector.longest);
            assert_eq!(exporter.counts().records, 100);
        }
    }

    #[test]
    fn templates_are_sent_again_every_minute() {
        let (socket, address) = udp("127.0.0.1:0");
        let mut exporter = UdpExporter::connect(address, None, Options::default(), START).unwrap();
        push(&mut exporter, 0..1, START);
        exporter.tick(START + SECOND);
        let mut first = Collector::default();
        receive(&socket, &mut first);
        assert_eq!((ids(&first), first.announced), (vec![0], 1));
        push(&mut exporter, 1..2, START + 59 * SECOND);
        exporter.tick(START + 60 * SECOND);
        // A collector that was restarted reads what follows.
        let mut second = Collector::default();
        receive(&socket, &mut second);
        push(&mut exporter, 2..3, START + 61 * SECOND);
        exporter.finish(START + 62 * SECOND);
        receive(&socket, &mut second);
        assert_eq!((second.announced, second.missing), (3, 0));
        // The record before the templates is lost for it.
        assert_eq!((ids(&second), second.undecoded), (vec![2], 1));
    }

    #[test]
    fn datagrams_that_nobody_received_count_as_not_sent() {
        let (socket, address) = udp("127.0.0.1:0");
        drop(socket);
        let mut exporter = UdpExporter::connect(address, None, Options::default(), START).unwrap();
        for second in 0..4 {
            push(&mut exporter, second..second + 1, START + u64::from(second) * SECOND);
            exporter.tick(START + u64::from(second + 1) * SECOND);
        }
        let problem = exporter.take_problem().unwrap().to_string();
        assert!(problem.starts_with("Connection refused (os error 111); "), "{problem}");
        let (socket, _) = udp(&address.to_string());
        let mut collector = Collector::default();
        for second in 4..20 {
            push(&mut exporter, second..second + 1, START + u64::from(second) * SECOND);
            exporter.tick(START + u64::from(second + 1) * SECOND);
            receive(&socket, &mut collector);
        }
        exporter.finish(START + 21 * SECOND);
        receive(&socket, &mut collector);
        // The collector has the templates long before a minute has passed.
        let ids = ids(&collector);
        assert!(ids.len() >= 13 && ids.last() == Some(&19), "{ids:?}");
        assert_eq!(collector.missing, 0);
        // Records that it received without a template are sent; all before are not.
        assert_eq!(exporter.counts().not_sent, 4);
        assert_eq!(exporter.counts().records, 16);
        assert_eq!(collector.not_sent(), 4);
        assert!(exporter.take_problem().is_none());
    }

    #[test]
    fn a_collector_that_ends_before_the_last_datagram_is_noticed() {
        let (socket, address) = udp("127.0.0.1:0");
        let mut exporter = UdpExporter::connect(address, None, Options::default(), START).unwrap();
        push(&mut exporter, 0..20, START);
        exporter.tick(START);
        drop(socket);
        push(&mut exporter, 20..21, START);
        exporter.finish(START + SECOND);
        assert!(exporter.counts().not_sent >= 1, "{:?}", exporter.counts());
        assert_eq!(exporter.counts().records + exporter.counts().not_sent, 21);
    }

    /// Calls `tick` until something is true.
    fn until(exporter: &mut TcpExporter, now: u64, mut is_done: impl FnMut(&TcpExporter) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !is_done(exporter) {
            assert!(Instant::now() < end, "{exporter:?}");
            exporter.tick(now);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Reads what has arrived, until `count` records have or the connection ends.
    fn read_stream(stream: &mut TcpStream, collector: &mut Collector, count: usize) {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        while collector.records.len() < count {
            let length = stream.read(&mut buffer).unwrap();
            if length == 0 {
                return;
            }
            bytes.extend_from_slice(&buffer[..length]);
            let read = collector.stream(&bytes);
            bytes.drain(..read);
        }
    }

    #[test]
    fn a_collector_is_absent_then_killed_then_restarted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let options = Options::default();
        let mut exporter = TcpExporter::new(vec![address], TcpOptions::default(), options, START);
        push(&mut exporter, 0..50, START);
        let mut problem = None;
        until(&mut exporter, START + SECOND, |_| true);
        until(&mut exporter, START + SECOND, |_| true);
        for _ in 0..200 {
            exporter.tick(START + SECOND);
            problem = exporter.take_problem().or(problem);
        }
        let problem = problem.unwrap().to_string();
        let expected =
            format!("{address}: Connection refused (os error 111); the next attempt is after 60 s");
        assert_eq!(problem, expected);

        // It does not connect within a minute, and sends what it has kept after that.
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        (0..50).for_each(|_| exporter.tick(START + 59 * SECOND));
        assert!(listener.accept().is_err());
        until(&mut exporter, START + 61 * SECOND, |exporter| exporter.counts().records == 50);
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(false).unwrap();
        let mut first = Collector::default();
        read_stream(&mut stream, &mut first, 50);
        assert_eq!(ids(&first), (0..50).collect::<Vec<_>>());

        // The collector is killed: the next message is not sent.
        drop((stream, listener));
        push(&mut exporter, 50..53, START + 62 * SECOND);
        let mut problem = None;
        until(&mut exporter, START + 64 * SECOND, |exporter| exporter.counts().not_sent == 3);
        problem = exporter.take_problem().or(problem);
        let problem = problem.unwrap().to_string();
        assert!(problem.starts_with("the connection ended: the collector closed"), "{problem}");

        // It is restarted, and gets the templates first.
        let listener = TcpListener::bind(address).unwrap();
        push(&mut exporter, 53..60, START + 65 * SECOND);
        until(&mut exporter, START + 122 * SECOND, |exporter| exporter.counts().records == 57);
        let (mut stream, _) = listener.accept().unwrap();
        exporter.finish(START + 123 * SECOND);
        drop(exporter);
        let mut second = Collector::default();
        read_stream(&mut stream, &mut second, usize::MAX);
        assert_eq!(ids(&second), (53..60).collect::<Vec<_>>());
        assert_eq!((second.missing, second.undecoded, second.not_sent()), (0, 0, 3));
    }

    #[test]
    fn a_slow_collector_stalls_nothing_and_loses_no_sequence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options { max_waiting: 200_000, ..Options::default() };
        let mut exporter = TcpExporter::new(vec![address], TcpOptions::default(), options, START);
        const COUNT: u32 = 400_000;
        for first in (0..COUNT).step_by(500) {
            push(&mut exporter, first..first + 500, START);
            exporter.tick(START);
        }
        let problem = exporter.take_problem().unwrap().to_string();
        assert!(problem.starts_with("the collector does not receive fast enough"), "{problem}");
        let (mut stream, _) = listener.accept().unwrap();
        let reader = std::thread::spawn(move || {
            let mut collector = Collector::default();
            read_stream(&mut stream, &mut collector, usize::MAX);
            collector
        });
        exporter.finish(START + SECOND);
        let counts = exporter.counts();
        drop(exporter);
        let collector = reader.join().unwrap();
        assert!(counts.not_sent > 10_000, "{counts:?}");
        assert_eq!((collector.missing, collector.undecoded), (0, 0));
        assert_eq!(collector.records.len() as u64, counts.records);
        assert_eq!(counts.records + counts.not_sent, u64::from(COUNT));
        assert_eq!(collector.not_sent(), counts.not_sent.into());
    }
}
