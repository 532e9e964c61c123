//! A flow logger that keeps no table: from a capture, it prints each flow that ended, with its
//! duration.
//!
//! ```sh
//! cargo run --features capture --example decode_capture tests/golden/linux-7.2/nlmon.pcapng
//! ```

use ctnetlink::Kind;
use ctnetlink::capture::Reader;
use std::error::Error;
use std::fs::File;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let mut reader = Reader::new(File::open(path)?)?;
    while let Some(packet) = reader.next_packet() {
        let packet = packet?;
        for message in packet.messages() {
            let message = message?;
            // A DESTROY event says all about a flow: who, how much, since when, until when.
            if message.kind() != Kind::Destroy {
                continue;
            }
            let ct = message.conntrack()?;
            let (Some(src), Some(dst)) = (ct.orig.src, ct.orig.dst) else { continue };
            let bytes = ct.counters_orig.bytes.unwrap_or(0) + ct.counters_reply.bytes.unwrap_or(0);
            match ct.timestamp.duration() {
                Some(duration) => println!("{src} -> {dst}: {bytes} bytes in {duration:?}"),
                None => println!("{src} -> {dst}: {bytes} bytes"),
            }
        }
    }
    Ok(())
}
