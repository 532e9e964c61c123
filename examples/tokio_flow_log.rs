//! Logs the flows that end, on tokio.
//!
//! The example receives only DESTROY events, and keeps no table.
//!
//! ```sh
//! sudo cargo run --features tokio --example tokio_flow_log -- 60 # seconds
//! ```

use ctnetlink::Group;
use ctnetlink::socket::{Extension, SocketError, TokioEvents};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(10), |text| text.parse())?;
    let log = async { tokio::time::timeout(Duration::from_secs(seconds), log()).await };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(log).unwrap_or(Ok(()))
}

async fn log() -> Result<(), Box<dyn Error>> {
    // Without this sysctl the kernel records no times.
    Extension::Timestamp.enable()?;
    let mut events = TokioEvents::subscribe(&[Group::Destroy])?;
    loop {
        match events.recv().await {
            Ok(message) => {
                let flow = message.conntrack()?;
                println!("{} lasted {:?}", flow.orig, flow.timestamp.duration());
            }
            Err(SocketError::Overrun) => eprintln!("{} events dropped", events.dropped_events()?),
            Err(error) => return Err(error.into()),
        }
    }
}
