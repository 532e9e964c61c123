//! Records events in a pcapng file, which Wireshark and `ctnetlink decode` read.
//!
//! ```sh
//! sudo cargo run --features socket,capture --example record_events -- events.pcapng 60
//! ```

use ctnetlink::Group;
use ctnetlink::capture::PcapngWriter;
use ctnetlink::socket::{Buffer, Events, SocketError};
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The packet type of multicast packets on Linux.
const PACKET_MULTICAST: u16 = 2;
const NETLINK_NETFILTER: u16 = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("expected a file name")?;
    let seconds = args.next().map(|text| text.parse()).transpose()?.unwrap_or(10);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut file = PcapngWriter::new(BufWriter::new(File::create(path)?))?;
    let mut events = Events::subscribe(&Group::CONNTRACK)?;
    let mut buffer = Buffer::default();
    let mut packets = 0;
    while Instant::now() < end {
        match events.try_recv_datagram(&mut buffer) {
            Ok(true) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
                let datagram = buffer.datagram();
                file.write_packet(now, PACKET_MULTICAST, NETLINK_NETFILTER, datagram)?;
                packets += 1;
            }
            Ok(false) => {
                file.flush()?;
                events.wait(Duration::from_millis(200))?;
            }
            Err(SocketError::Overrun) => {
                eprintln!("{} events dropped", events.dropped_events()?)
            }
            Err(error) => return Err(error.into()),
        }
    }
    file.flush()?;
    eprintln!("{packets} packets recorded");
    Ok(())
}
