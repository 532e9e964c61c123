//! Large captures, made of the packets of the golden captures.

use ctnetlink::Kind;
use ctnetlink::capture::{PcapngWriter, Reader};
use ctnetlink::wire::Endian;
use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// The nanoseconds between two repetitions of a packet, more than the duration of a recording.
const LATER: u64 = 3_600_000_000_000;

struct Packet {
    time: u64,
    packet_type: u16,
    data: Vec<u8>,
    /// The number of its messages of ctnetlink and of every netlink family.
    messages: u64,
}

/// A file that is deleted when it is no longer needed.
pub(crate) struct Capture {
    pub(crate) path: PathBuf,
    pub(crate) packets: u64,
    /// The number of messages of ctnetlink and of every netlink family.
    ///
    /// The file also contains nftables messages.
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Capture {
    pub(crate) fn of_messages(messages: u64) -> Result<Self, Box<dyn Error>> {
        Self::until(|_, written| written >= messages)
    }

    pub(crate) fn of_packets(packets: u64) -> Result<Self, Box<dyn Error>> {
        Self::until(|written, _| written >= packets)
    }

    /// Repeats the golden packets until `is_enough` returns `true` for the number of packets and messages.
    fn until(is_enough: impl Fn(u64, u64) -> bool) -> Result<Self, Box<dyn Error>> {
        let golden = golden()?;
        let name = format!("captures-{}.pcapng", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let output = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        let mut capture = Self { path, packets: 0, messages: 0, bytes: 0 };
        let mut writer = PcapngWriter::new(output)?;
        let rounds = (0..).flat_map(|round| golden.iter().map(move |packet| (round, packet)));
        for (round, packet) in rounds {
            if is_enough(capture.packets, capture.messages) {
                break;
            }
            let time = packet.time + round * LATER;
            writer.write_packet(time, packet.packet_type, 12, &packet.data)?;
            capture.packets += 1;
            capture.messages += packet.messages;
        }
        writer.flush()?;
        writer.into_inner().get_ref().sync_all()?;
        capture.bytes = fs::metadata(&capture.path)?.len();
        Ok(capture)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the packets of the golden captures of this machine's byte order.
fn golden() -> Result<Vec<Packet>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path().join("nlmon.pcapng")))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    let mut packets = Vec::new();
    for file in files {
        read(&file, &mut packets)?;
    }
    Ok(packets)
}

fn read(file: &Path, packets: &mut Vec<Packet>) -> Result<(), Box<dyn Error>> {
    let mut reader = Reader::new(File::open(file)?)?;
    while let Some(packet) = reader.next_packet() {
        let packet = packet?;
        if packet.endian != Endian::NATIVE {
            continue;
        }
        let messages = packet.messages();
        let ours = messages.filter(|message| matches!(message, Ok(m) if m.kind() != Kind::Foreign));
        packets.push(Packet {
            time: packet.time.unwrap_or_default(),
            packet_type: packet.packet_type.unwrap_or_default(),
            data: packet.data.to_vec(),
            messages: ours.count() as u64,
        });
    }
    Ok(())
}
