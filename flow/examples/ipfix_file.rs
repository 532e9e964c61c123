//! Writes the flows of a capture to an IPFIX file.
//!
//! Run `cargo run -p ctnetlink-flow --example ipfix_file -- CAPTURE FILE.ipfix`.

use ctnetlink::Conntrack;
use ctnetlink::capture::Reader;
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Encoder};
use std::fs::File;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let capture = args.next().unwrap_or("tests/golden/linux-6.18/flows.pcapng".into());
    let mut file = File::create(args.next().unwrap_or("/dev/null".into()))?;
    let mut reader = Reader::open(capture)?;
    let mut encoder = Encoder::new(Config::default());
    let (mut entry, mut now) = (Conntrack::default(), 0);
    while let Some(packet) = reader.next_packet() {
        let packet = packet?;
        now = packet.time.unwrap_or(now);
        for message in packet.messages() {
            let message = message?;
            // Messages that are not about an entry have no record.
            if entry.read_message(&message, |error| eprintln!("{error}")).is_ok() {
                encoder.push(&Flow::new(message, &entry), now);
            }
        }
    }
    encoder.flush(now);
    while let Some(message) = encoder.next_message() {
        file.write_all(message.bytes)?;
        println!("{} records", message.records);
    }
    Ok(())
}
