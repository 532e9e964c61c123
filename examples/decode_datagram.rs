//! Decodes a datagram and prints the flows that ended.
//!
//! ```sh
//! cargo run --example decode_datagram
//! ```

use ctnetlink::flat::Layout;
use ctnetlink::{Conntrack, Kind, MessageBuilder, MsgType, Timestamp, Tuple};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let datagram = received()?;
    for message in ctnetlink::messages(&datagram) {
        let message = message?;
        if message.kind() == Kind::Destroy {
            let flow = message.conntrack()?;
            println!("{} lasted {:?}", flow.orig, flow.timestamp.duration());
        }
    }
    Ok(())
}

/// Returns a DESTROY event, which a program would receive from a netlink socket.
fn received() -> Result<Vec<u8>, Box<dyn Error>> {
    let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:443".parse()?);
    let timestamp =
        Timestamp { start: Some(1_795_335_637_011_746_123), stop: Some(1_795_335_638_202_520_456) };
    let flow = Conntrack { timestamp, ..Conntrack::new(orig) };
    let builder = MessageBuilder::new(MsgType::CT_DELETE, flow.family);
    Ok(flow.to_message(&builder, Layout::Event)?.into_bytes())
}
