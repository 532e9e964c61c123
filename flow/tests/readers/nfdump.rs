//! What nfcapd stores and nfdump prints: milliseconds, both counters, NAT and the ICMP type.

use super::common::{icmp4, icmp6, tcp4, tcp6, with_nat};
use super::{common, flows::Ended, is_installed};
use ctnetlink_flow::ipfix::{Config, Encoder, Statistics};
use serde_json::Value;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A collector that runs, with the folder of its files.
struct Nfcapd {
    process: Child,
    folder: PathBuf,
    socket: UdpSocket,
}

impl Nfcapd {
    fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let port = common::free_udp_port();
        let log = std::fs::File::create(folder.join("log")).expect("a file");
        let process = Command::new("nfcapd")
            .args(["-p", &port.to_string(), "-b", "127.0.0.1", "-t", "3600", "-B", "8000000", "-w"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nfcapd runs");
        common::wait_for_udp(port);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(("127.0.0.1", port)).expect("a port");
        Self { process, folder, socket }
    }

    fn send(&self, encoder: &mut Encoder) {
        while let Some(message) = encoder.next_message() {
            self.socket.send(message.bytes).expect("a datagram");
        }
    }

    /// Ends the collector, and returns its log.
    fn end(&mut self) -> String {
        // What was sent is received first.
        std::thread::sleep(Duration::from_millis(500));
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        let end = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().expect("a child").is_none() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::fs::read_to_string(self.folder.join("log")).expect("a log")
    }

    fn flows(&self) -> Vec<Value> {
        let mut files = std::fs::read_dir(&self.folder).expect("a folder").flatten();
        let is_data =
            |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("nfcapd.2");
        let file = files.find(is_data).expect("nfcapd wrote a file").path();
        let output = Command::new("nfdump")
            .env("TZ", "UTC")
            .arg("-r")
            .arg(file)
            .args(["-o", "json"])
            .output();
        let output = output.expect("nfdump runs").stdout;
        serde_json::from_slice(&output).expect("JSON")
    }
}

impl Drop for Nfcapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn nfdump_shows_milliseconds_counters_nat_and_icmp() {
    if !is_installed("nfcapd") {
        return;
    }
    let mut nfcapd = Nfcapd::start("nfdump-fields");
    let mut encoder = Encoder::new(Config { max_message: 1472, ..Config::default() });
    for entry in [tcp4(), with_nat(tcp4()), tcp6(), icmp4(), icmp6()] {
        Ended::from(common::destroy(&entry)).push(&mut encoder, common::NOW);
    }
    encoder.flush(common::NOW);
    nfcapd.send(&mut encoder);
    let log = nfcapd.end();
    assert!(log.contains("Flows: 5,") && log.contains("Sequence Errors: 0"), "{log}");
    let flows = nfcapd.flows();
    assert_eq!(flows.len(), 5, "{flows:?}");
    for flow in &flows {
        assert_eq!(flow["first"], "2026-11-24T20:26:46.123", "{flow}");
        assert_eq!(flow["last"], "2026-11-24T20:26:51.123", "{flow}");
        assert_eq!(flow["in_packets"], 1_111, "{flow}");
        assert_eq!(flow["in_bytes"], 0x1_2345_6789_u64, "{flow}");
        assert_eq!(flow["out_packets"], 2_222, "{flow}");
        assert_eq!(flow["out_bytes"], 0x2_3456_789a_u64, "{flow}");
    }
    let [plain, nat, v6, icmp, icmpv6] = &flows[..] else { unreachable!() };
    assert_eq!((&plain["src4_addr"], &plain["src_port"]), (&"10.1.2.3".into(), &40_961.into()));
    assert_eq!(
        (&nat["src4_xlt_ip"], &nat["src_xlt_port"]),
        (&"203.0.113.9".into(), &"61234".into())
    );
    assert_eq!((&nat["dst4_xlt_ip"], &nat["dst_xlt_port"]), (&"192.0.2.77".into(), &"8080".into()));
    assert_eq!(v6["dst6_addr"], "2001:db8:a:b:c:d:e:f");
    assert_eq!((&icmp["icmp_type"], &icmp["icmp_code"]), (&8.into(), &0.into()));
    assert_eq!((&icmpv6["icmp_type"], &icmpv6["icmp_code"]), (&128.into(), &0.into()));
}

#[test]
fn nfcapd_finds_no_sequence_error_and_each_lost_record() {
    if !is_installed("nfcapd") {
        return;
    }
    let mut nfcapd = Nfcapd::start("nfdump-sequence");
    let mut encoder = Encoder::new(Config { max_message: 1472, ..Config::default() });
    let flow = Ended::from(common::destroy(&tcp4()));
    for n in 1..=100_000_u32 {
        flow.push(&mut encoder, common::NOW);
        if n % 10_000 == 0 {
            encoder.push_statistics(&Statistics::default(), common::NOW);
            encoder.resend_templates(common::NOW);
        }
        if n % 500 == 0 {
            nfcapd.send(&mut encoder);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let log = nfcapd.end();
    assert!(log.contains("Flows: 100000,") && log.contains("Sequence Errors: 0"), "{log}");

    let mut nfcapd = Nfcapd::start("nfdump-gap");
    let mut encoder = Encoder::new(Config { max_message: 1472, ..Config::default() });
    for _ in 0..100 {
        flow.push(&mut encoder, common::NOW);
    }
    encoder.flush(common::NOW);
    for n in 0.. {
        let Some(message) = encoder.next_message() else { break };
        if n != 3 {
            nfcapd.socket.send(message.bytes).expect("a datagram");
        }
    }
    let log = nfcapd.end();
    assert!(log.contains("Sequence Errors: 1"), "{log}");
}
