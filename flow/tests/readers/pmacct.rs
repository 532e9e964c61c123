//! What nfacctd reads of uniflows: it ignores the reverse elements of a biflow.

use super::common::{tcp4, with_nat};
use super::{common, flows::Ended, is_installed};
use ctnetlink_flow::ipfix::{Config, Encoder, Mode};
use serde_json::Value;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn nfacctd_shows_the_counters_of_both_uniflows() {
    if !is_installed("nfacctd") {
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pmacct");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let (port, output) = (common::free_udp_port(), folder.join("output"));
    let config = format!(
        "daemonize: false\nnfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nplugins: print\n\
         print_output: json\nprint_refresh_time: 1\nprint_output_file: {}\n\
         print_output_file_append: true\n\
         aggregate: src_host, dst_host, src_port, dst_port, proto, timestamp_start, timestamp_end, \
         post_nat_src_host, post_nat_dst_host, post_nat_src_port, post_nat_dst_port\n\
         timestamps_since_epoch: true\ntimestamps_secs: false\n",
        output.display()
    );
    std::fs::write(folder.join("config"), config).expect("a file");
    let mut nfacctd = Command::new("nfacctd");
    nfacctd.arg("-f").arg(folder.join("config")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = nfacctd.spawn().expect("nfacctd runs");
    common::wait_for_udp(port);

    let mut encoder =
        Encoder::new(Config { mode: Mode::Uniflow, max_message: 1472, ..Config::default() });
    Ended::from(common::destroy(&with_nat(tcp4()))).push(&mut encoder, common::NOW);
    encoder.flush(common::NOW);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    while let Some(message) = encoder.next_message() {
        socket.send_to(message.bytes, ("127.0.0.1", port)).expect("a datagram");
    }
    // nfacctd writes what it has when it ends.
    std::thread::sleep(Duration::from_secs(1));
    Command::new("kill").args(["-INT", &process.id().to_string()]).status().expect("kill runs");
    process.wait().expect("a child");
    let text = std::fs::read_to_string(&output).unwrap_or_default();
    let rows: Vec<Value> = text.lines().flat_map(serde_json::from_str).collect();

    let row = |src: &str| {
        rows.iter().find(|row| row["ip_src"] == src).unwrap_or_else(|| panic!("{rows:?}"))
    };
    let (forward, reply) = (row("10.1.2.3"), row("192.0.2.77"));
    assert_eq!(
        (&forward["packets"], &forward["bytes"]),
        (&1_111.into(), &0x1_2345_6789_u64.into())
    );
    assert_eq!((&reply["packets"], &reply["bytes"]), (&2_222.into(), &0x2_3456_789a_u64.into()));
    assert_eq!(forward["post_nat_ip_src"], "203.0.113.9");
    assert_eq!(forward["post_nat_port_dst"], 8_080);
    assert_eq!(reply["post_nat_ip_dst"], "10.1.2.3");
    for row in [forward, reply] {
        assert_eq!(row["timestamp_start"], "1795552006.123000");
        assert_eq!(row["timestamp_end"], "1795552011.123000");
    }
}
