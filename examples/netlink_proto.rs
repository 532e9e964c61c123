//! Prints the flows in the table, then those that end, through netlink-proto and tokio.
//!
//! ```sh
//! sudo cargo run --features netlink-packet-core --example netlink_proto -- 60 # seconds
//! ```

use ctnetlink::Group;
use ctnetlink::packet::CtNetlinkMessage;
use ctnetlink::request::{self, Selector};
use futures_util::{Stream, StreamExt};
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_proto::sys::{AsyncSocket, SocketAddr, protocols::NETLINK_NETFILTER};
use std::error::Error;
use std::time::Duration;

type Netlink = NetlinkMessage<CtNetlinkMessage>;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(10), |text| text.parse())?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(seconds))
}

async fn run(seconds: u64) -> Result<(), Box<dyn Error>> {
    let (mut connection, handle, events) = netlink_proto::new_connection(NETLINK_NETFILTER)?;
    // Subscribed before the dump, so that no flow is missed between the two.
    let groups = 1 << (u32::from(Group::Destroy) - 1);
    connection.socket_mut().socket_mut().bind(&SocketAddr::new(0, groups))?;
    tokio::spawn(connection);

    // netlink-proto numbers the requests.
    let dump = Netlink::try_from(request::dump(&Selector::default()))?;
    print("active", handle.request(dump, SocketAddr::new(0, 0))?).await?;
    let ended = print("ended", events.map(|(message, _)| message));
    tokio::time::timeout(Duration::from_secs(seconds), ended).await.unwrap_or(Ok(()))
}

async fn print(
    state: &str,
    mut messages: impl Stream<Item = Netlink> + Unpin,
) -> Result<(), Box<dyn Error>> {
    while let Some(message) = messages.next().await {
        match message.payload {
            NetlinkPayload::InnerMessage(inner) => {
                println!("{state}: {}", inner.as_message().conntrack()?.orig);
            }
            NetlinkPayload::Overrun(_) => eprintln!("events were dropped"),
            other => return Err(format!("unexpected reply: {other:?}").into()),
        }
    }
    Ok(())
}
