//! Logs one line per flow that ends, without a table of its own.
//!
//! It receives DESTROY events only: they contain both times and the counters. Event loss affects the
//! flows of the lost events only.
//!
//! ```sh
//! sudo cargo run --features socket --example flow_log -- 60 # seconds; without limit by default
//! ```

use ctnetlink::nested::IpProto;
use ctnetlink::socket::{Events, Extension, SocketError};
use ctnetlink::{Conntrack, Group};
use std::error::Error;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map(|text| text.parse()).transpose()?;
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    for extension in [Extension::Timestamp, Extension::Acct] {
        extension.enable()?;
    }
    let mut events = Events::subscribe(&[Group::Destroy])?;
    events.set_receive_buffer(4 << 20)?;
    while end.is_none_or(|end| Instant::now() < end) {
        match events.recv_timeout(Duration::from_millis(200)) {
            Ok(Some(message)) => {
                log(&message.conntrack()?);
            }
            Ok(None) => {}
            Err(SocketError::Overrun) => eprintln!("{} events dropped", events.dropped_events()?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn log(ct: &Conntrack) {
    let number = |value: Option<u64>| value.map_or("-".into(), |value| value.to_string());
    let address = |value: Option<std::net::IpAddr>| value.map_or("-".into(), |a| a.to_string());
    println!(
        "start={} stop={} ns={} proto={} src={} sport={} dst={} dport={} sent={} received={}",
        number(ct.timestamp.start), // nanoseconds since the Unix epoch
        number(ct.timestamp.stop),
        number(ct.timestamp.duration_ns()),
        ct.orig.proto.unwrap_or(IpProto(0)),
        address(ct.orig.src),
        ct.orig.src_port.unwrap_or(0),
        address(ct.orig.dst),
        ct.orig.dst_port.unwrap_or(0),
        number(ct.counters_orig.bytes),
        number(ct.counters_reply.bytes),
    );
}
