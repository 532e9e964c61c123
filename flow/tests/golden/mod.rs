//! Reads the recordings in tests/golden.
#![allow(dead_code, reason = "each test program uses a part")]

use ctnetlink::Endian;
use ctnetlink::capture::Reader;
use std::path::{Path, PathBuf};

/// A recorded packet.
pub(crate) struct Packet {
    pub(crate) place: String,
    pub(crate) time: Option<u64>,
    pub(crate) endian: Endian,
    pub(crate) bytes: Vec<u8>,
}

/// Returns the directories of the recordings.
pub(crate) fn kernels() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let entries = std::fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path());
    let is_kernel = |path: &PathBuf| name(path).starts_with("linux-");
    let mut kernels: Vec<_> = entries.filter(is_kernel).collect();
    kernels.sort();
    assert!(kernels.len() >= 10, "{kernels:?}");
    kernels
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Returns the packets of all recordings of a kernel.
pub(crate) fn packets(kernel: &Path) -> Vec<Packet> {
    let entries = std::fs::read_dir(kernel).unwrap().map(|entry| entry.unwrap().path());
    let is_recording = |path: &PathBuf| {
        path.extension().is_some_and(|ext| ["jsonl", "pcap", "pcapng"].iter().any(|e| ext == *e))
    };
    let mut files: Vec<_> = entries.filter(is_recording).collect();
    files.sort();
    let word_size = if name(kernel).contains("mips") { 4 } else { 8 };
    let mut packets = Vec::new();
    for file in files {
        let mut reader = Reader::open(&file).unwrap().with_word_size(word_size);
        while let Some(packet) = reader.next_packet() {
            let packet = packet.unwrap();
            packets.push(Packet {
                place: format!("{}/{}: packet {}", name(kernel), name(&file), packet.number),
                time: packet.time,
                endian: packet.endian,
                bytes: packet.data.to_vec(),
            });
        }
    }
    packets
}
