//! Reads only the times of a flow from a message, without copies or allocations.
//!
//! ```sh
//! cargo run --example read_times
//! ```

use ctnetlink::attrs::{CtAttr, CtattrType};
use ctnetlink::nested::TimestampAttr;
use ctnetlink::{Family, Message, MessageBuilder, MsgType};

fn main() -> Result<(), ctnetlink::error::Error> {
    // A program would receive these bytes from a socket.
    let received =
        MessageBuilder::new(MsgType::CT_DELETE, Family::IPV4).build::<CtattrType>(|out| {
            out.put(CtAttr::Mark(0x1234));
            out.nest(CtAttr::Timestamp, |out| {
                out.put(TimestampAttr::Start(1_795_335_637_011_746_123));
                out.put(TimestampAttr::Stop(1_795_335_638_202_520_456));
            });
        })?;

    let message = Message::parse(received.as_bytes())?;
    let times = message.conntrack_attrs()?.find(|attr| match attr {
        CtAttr::Timestamp(times) => Some(times),
        _ => None,
    });
    for time in times.iter().flat_map(|times| times.iter()) {
        match time? {
            TimestampAttr::Start(ns) => println!("started at {ns} ns"),
            TimestampAttr::Stop(ns) => println!("stopped at {ns} ns"),
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
