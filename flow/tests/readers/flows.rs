//! The flows that the readers get: one of each shape, and each DESTROY event of the recordings.

use crate::common::{destroy, gre, icmp4, icmp6, tcp4, tcp6, with_nat};
use ctnetlink::capture::Reader;
use ctnetlink::format::Json;
use ctnetlink::wire::Endian;
use ctnetlink::{Conntrack, Counters, Kind, Message, MessageBuf, Timestamp};
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::Encoder;
use serde_json::Value;
use std::path::Path;

/// A flow that ended.
pub(crate) struct Ended {
    bytes: Vec<u8>,
    endian: Endian,
}

impl Ended {
    fn message(&self) -> Message<'_> {
        Message::parse_with(&self.bytes, self.endian).expect("a message")
    }

    /// Returns what `ctnetlink decode --format json` prints.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&Json::default().line(&self.message())).expect("JSON")
    }

    /// Adds the records to an encoder, and returns their number.
    pub(crate) fn push(&self, encoder: &mut Encoder, now: u64) -> u32 {
        let (message, mut entry) = (self.message(), Conntrack::default());
        let refuse = |error| panic!("a message that does not decode: {error}");
        entry.read_message(&message, refuse).expect("a message about an entry");
        encoder.push(&Flow::new(message, &entry), now)
    }
}

impl From<MessageBuf> for Ended {
    fn from(message: MessageBuf) -> Self {
        Self { bytes: message.into_bytes(), endian: Endian::NATIVE }
    }
}

/// Returns a flow of each shape.
pub(crate) fn of_each_shape() -> Vec<Ended> {
    let mut flows = Vec::new();
    for entry in [tcp4(), tcp6(), icmp4(), icmp6(), gre()] {
        for n in 0..32 {
            let mut entry = if n & 1 == 0 { entry.clone() } else { with_nat(entry.clone()) };
            entry.zone = (n & 2 != 0).then_some(0x3a3b);
            entry.mark = (n & 4 != 0).then_some(0x4c4d_4e4f);
            if n & 8 != 0 {
                entry.timestamp = Timestamp::default();
            }
            if n & 16 != 0 {
                (entry.counters_orig, entry.counters_reply) =
                    (Counters::default(), Counters::default());
            }
            flows.push(destroy(&entry).into());
        }
    }
    flows
}

/// Returns the DESTROY events of all recordings.
pub(crate) fn recorded() -> Vec<Ended> {
    // The package that runs may be in any subdirectory of the repository.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1);
    let golden = above
        .map(|folder| folder.join("tests/golden"))
        .find(|folder| folder.join("linux-6.18").is_dir());
    let golden = golden.expect("the repository's golden data");
    let mut flows = Vec::new();
    for folder in std::fs::read_dir(golden).expect("a folder").flatten() {
        let name = folder.file_name().into_string().expect("a name");
        let Ok(files) = std::fs::read_dir(folder.path()) else { continue };
        if !name.starts_with("linux-") {
            continue;
        }
        for file in files.flatten().map(|file| file.path()) {
            let is_capture =
                ["jsonl", "pcap", "pcapng"].map(|end| file.extension() == Some(end.as_ref()));
            if !is_capture.contains(&true) {
                continue;
            }
            let mut reader =
                Reader::open(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            while let Some(packet) = reader.next_packet() {
                let packet = packet.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                let messages = packet.messages().flatten();
                let ended = messages.filter(|message| message.kind() == Kind::Destroy);
                let owned = ended.map(|message| Ended {
                    bytes: message.as_bytes().to_vec(),
                    endian: message.endian(),
                });
                flows.extend(owned.filter(|ended| ended.message().errors().is_empty()));
            }
        }
    }
    assert!(flows.len() > 300, "{}", flows.len());
    flows
}
