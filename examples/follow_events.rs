//! Prints the flows that end.
//!
//! ```sh
//! sudo cargo run --features socket --example follow_events -- 10 # number of flows
//! ```

use ctnetlink::Group;
use ctnetlink::socket::{Events, SocketError};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(usize::MAX), |text| text.parse())?;
    let mut events = Events::subscribe(&[Group::Destroy])?;
    for _ in 0..count {
        match events.recv() {
            Ok(message) => println!("{}", message.conntrack()?.orig),
            Err(SocketError::Overrun) => eprintln!("{} events dropped", events.dropped_events()?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
