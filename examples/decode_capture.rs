//! Prints the flows that ended in a capture, with their duration.
//!
//! ```sh
//! cargo run --features capture --example decode_capture tests/golden/linux-6.18/flows.pcapng
//! ```

use ctnetlink::Kind;
use ctnetlink::capture::Reader;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("expected a capture file")?;
    let mut reader = Reader::open(path)?;
    while let Some(packet) = reader.next_packet() {
        for message in packet?.messages() {
            let message = message?;
            if message.kind() == Kind::Destroy {
                let flow = message.conntrack()?;
                println!("{} lasted {:?}", flow.orig, flow.timestamp.duration());
            }
        }
    }
    Ok(())
}
