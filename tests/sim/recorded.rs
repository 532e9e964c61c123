//! Tests of complete tables.
//!
//! A recorded dump becomes the table of a simulated namespace. The namespace must dump it in identical
//! datagrams, and print the recorded lines of `/proc/net/nf_conntrack`.

use crate::entry::kernel;
use ctnetlink::capture::Reader;
use ctnetlink::kernel::Kernel;
use ctnetlink::sim::{
    Clock, CtSeq, DeltaTime, DumpBuffers, DumpRequest, L4State, ModuleParams, Net, NfConn,
    Rebuilder, Recorded, ct_seq_show,
};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Kind, Message, MsgType};
use std::path::{Path, PathBuf};

pub(crate) fn golden(folder: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder).join(file)
}

/// Returns the recordings with a dump of the whole table, and their kernels.
pub(crate) fn kernels() -> [(&'static str, Kernel); 9] {
    let on = |release, arch: &str| Kernel { arch: arch.parse().unwrap(), ..kernel(release) };
    [
        ("linux-5.10", kernel("5.10")),
        ("linux-6.1", kernel("6.1")),
        ("linux-6.1-i386", on("6.1.176", "i386")),
        ("linux-6.12", kernel("6.12.111")),
        ("linux-7.2", kernel("7.2")),
        ("linux-7.2-arm64-16k", on("7.2.13", "arm64,page=16384")),
        ("linux-7.2-mips", on("7.2.13", "mips")),
        ("linux-7.2-riscv64", on("7.2", "riscv64")),
        ("linux-7.2-s390x", on("7.2", "s390x")),
    ]
}

/// Returns the datagrams of the recorded dump of the whole table, the last one with `NLMSG_DONE`.
fn recorded_dump(folder: &str) -> Vec<Vec<u8>> {
    let file = std::fs::File::open(golden(folder, "nlmon.pcapng")).unwrap();
    let mut reader = Reader::new(file).unwrap();
    let mut dump: Vec<Vec<u8>> = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        let first = Message::parse_with(packet.data, packet.endian).unwrap();
        let is_filtered = first.header().nlmsg_flags.contains(NlmFlags::DUMP_FILTERED);
        match (first.msg_type(), first.kind()) {
            // Replies to single GET requests come first. The dump comes after its request.
            (_, Kind::Request) => dump.clear(),
            (MsgType::CT_NEW, Kind::Reply) if !is_filtered => dump.push(packet.data.to_vec()),
            (MsgType::DONE, _) if dump.len() > 1 => {
                dump.push(packet.data.to_vec());
                return dump;
            }
            _ => {}
        }
    }
    panic!("{folder}: no dump of the whole table")
}

/// Returns the entries of a dump in its order.
///
/// In older releases the use count of an entry that begins a later datagram includes the reference of the
/// dump.
fn entries(kernel: Kernel, dump: &[Vec<u8>]) -> Vec<NfConn> {
    let mut rebuilder = Rebuilder::new(kernel);
    let mut entries = Vec::new();
    for (n, datagram) in dump.iter().enumerate() {
        for (m, message) in
            ctnetlink::Messages::with_endian(datagram, kernel.arch.endian()).enumerate()
        {
            let message = message.unwrap();
            if message.kind() != Kind::Reply {
                continue;
            }
            rebuilder.rebuild(&message, &Recorded::default()).unwrap();
            let id = Conntrack::try_from(message).unwrap().id.unwrap();
            let mut ct = rebuilder.entries().find(|ct| ct.id == id).unwrap().clone();
            if n > 0 && m == 0 && kernel.release.dump_holds_next_entry() {
                ct.use_count -= 1;
            }
            entries.push(ct);
        }
    }
    entries
}

/// The datagrams are those of a socket that has been read with 32 KiB before.
#[test]
fn tables_are_dumped_in_the_recorded_datagrams() {
    for (folder, kernel) in kernels() {
        let recorded = recorded_dump(folder);
        assert!(recorded.len() >= 3, "{folder}: {} datagrams", recorded.len());
        let header = *Message::parse_with(&recorded[0], kernel.arch.endian()).unwrap().header();
        assert_eq!(header.nlmsg_flags, NlmFlags::MULTI);
        let clock = Clock { real_ns: 0, jiffies: 0 };
        let module = ModuleParams::default();
        let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
        for ct in entries(kernel, &recorded) {
            net.adopt(ct);
        }
        let request = DumpRequest {
            portid: header.nlmsg_pid,
            seq: header.nlmsg_seq,
            ..DumpRequest::default()
        };
        let dump = net.dump(&request, DumpBuffers::read_before(&kernel)).unwrap();
        let lengths = |dump: &[Vec<u8>]| dump.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(&dump), lengths(&recorded), "{folder}");
        assert!(dump == recorded, "{folder}");
    }
}

/// Returns a line without the remaining seconds, which change between the dump and the read.
fn without_seconds(line: &str) -> (Vec<&str>, u64) {
    let mut words: Vec<_> = line.split_ascii_whitespace().collect();
    let seconds = words.remove(4).parse().unwrap();
    (words, seconds)
}

fn delta_time(line: &str) -> Option<u64> {
    line.split_once("delta-time=")?.1.split_once(' ')?.0.parse().ok()
}

/// Every line of the file is that of an entry in the dump, and every remaining entry has a line.
///
/// The test compares all characters except for the remaining seconds, which may be less by up to 3, and
/// for `use`, which is one more than in the dump. The order of lines differs. `delta-time` is computed at
/// the time of the read(2) of the line, which increases along the file. There must be increasing times
/// that lead to every `delta-time`.
#[test]
fn proc_net_nf_conntrack_has_the_recorded_lines() {
    for (folder, kernel) in kernels() {
        let path = golden(folder, "proc_net_nf_conntrack.txt");
        let Ok(text) = std::fs::read_to_string(path) else {
            assert!(!["linux-5.10", "linux-7.2", "linux-7.2-riscv64"].contains(&folder));
            continue;
        };
        compare_proc(folder, kernel, &entries(kernel, &recorded_dump(folder)), &text);
    }
}

/// Sets the timeouts of GRE, which no message contains.
///
/// They are 0 in entries that were created over netlink, which have the extension of the SYN proxy.
/// Entries created by packets have the defaults of 30 and 180 seconds.
fn with_gre_timeouts(ct: &NfConn) -> NfConn {
    let gre = |timeout, stream_timeout| L4State::Gre { timeout, stream_timeout };
    match ct.proto {
        L4State::Gre { .. } if ct.synproxy.is_none() => {
            NfConn { proto: gre(30, 180), ..ct.clone() }
        }
        _ => ct.clone(),
    }
}

fn compare_proc(folder: &str, kernel: Kernel, entries: &[NfConn], text: &str) {
    let mut table: Vec<NfConn> = entries.iter().map(with_gre_timeouts).collect();
    // This is the earliest time at which the read(2) of a line can have started.
    let mut now = 0;
    for line in text.lines() {
        let is_this = |ct: &NfConn| {
            // Only the `delta-time` of this line is checked here, and all of them together below.
            let start = ct.tstamp.map_or(0, |tstamp| tstamp.start);
            let time_now = start + delta_time(line).unwrap_or(0) * 1_000_000_000;
            let seq = CtSeq { time_now, jiffies: 0, delta_time: DeltaTime::Released };
            let simulated = ct_seq_show(&kernel, ct, &seq);
            let (simulated, before) = without_seconds(&simulated);
            let (recorded, after) = without_seconds(line);
            simulated == recorded && (after..=after + 3).contains(&before)
        };
        let found = table.iter().position(is_this);
        let found = found.unwrap_or_else(|| panic!("{folder}: no entry has this line: {line}"));
        let ct = table.swap_remove(found);
        if let (Some(tstamp), Some(seconds)) = (ct.tstamp, delta_time(line)) {
            let first = tstamp.start + seconds * 1_000_000_000;
            // A read before START leads to a `delta-time` of 0, too.
            now = now.max(if seconds == 0 { 0 } else { first });
            assert!(now < first + 1_000_000_000, "{folder}: time went back: {line}");
        }
    }
    assert!(table.is_empty(), "{folder}: no line for {table:?}");
}
