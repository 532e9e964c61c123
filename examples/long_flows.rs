//! Prints the flows of a capture that lasted longer than ten seconds.
//!
//! ```sh
//! cargo run --features capture --example long_flows tests/golden/linux-6.18/flows.pcapng
//! ```

use ctnetlink::Kind;
use ctnetlink::capture::Reader;
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("expected a capture file")?;
    let mut reader = Reader::open(path)?;
    while let Some(packet) = reader.next_packet() {
        for message in packet?.messages() {
            let message = message?;
            let duration = message.flow_times().ok().and_then(|flow| flow.timestamp.duration());
            if message.kind() == Kind::Destroy && duration > Some(Duration::from_secs(10)) {
                println!("{} lasted {duration:?}", message.conntrack()?.orig);
            }
        }
    }
    Ok(())
}
