//! Prints flows when they start, change and end, with start, stop and duration.
//!
//! ```sh
//! sudo cargo run --features socket --example watch_events -- 60 # seconds; without limit by default
//! ```

use ctnetlink::format::rfc3339;
use ctnetlink::socket::{Events, Extension, SocketError};
use ctnetlink::{Group, Kind};
use std::error::Error;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map(|text| text.parse()).transpose()?;
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    // Without this sysctl the kernel records no times. Flows that exist already get none.
    Extension::Timestamp.enable()?;
    let mut events = Events::subscribe(&Group::CONNTRACK)?;
    events.set_receive_buffer(4 << 20)?;
    while end.is_none_or(|end| Instant::now() < end) {
        let message = match events.recv_timeout(Duration::from_millis(200)) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(SocketError::Overrun) => {
                eprintln!("{} events dropped", events.dropped_events()?);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let ct = message.conntrack()?;
        let word = match message.kind() {
            Kind::New => "began",
            Kind::Update => "changed",
            Kind::Destroy => "ended",
            _ => continue,
        };
        let (Some(src), Some(dst)) = (ct.orig.src, ct.orig.dst) else { continue };
        print!("{src} -> {dst} {word}");
        if let Some(start) = ct.timestamp.start {
            print!(", start {}", rfc3339(start));
        }
        if let Some(stop) = ct.timestamp.stop {
            print!(", stop {}", rfc3339(stop));
        }
        if let Some(duration) = ct.timestamp.duration() {
            print!(", duration {duration:?}");
        }
        println!();
    }
    Ok(())
}
