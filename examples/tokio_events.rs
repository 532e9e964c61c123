//! Lists the flows there are, then each that begins, changes or ends, through netlink-proto and tokio.
//!
//! Needs `CAP_NET_ADMIN`. To try it without, in a namespace that has a table of its own:
//!
//! ```sh
//! cargo build --example tokio_events
//! unshare -Urn sh -c '
//!     echo 1 > /proc/sys/net/netfilter/nf_conntrack_timestamp
//!     target/debug/examples/tokio_events --events 2 --seconds 5 & sleep 1
//!     conntrack -I -p udp -s 192.0.2.1 -d 198.51.100.7 --sport 40000 --dport 53 -t 60
//!     conntrack -F; wait'
//! ```
//!
//! `--dump` stops after the list, `--events N` after N events, `--seconds N` after that time.
//!
//! A flow that began while nobody listened has no events, its end included, unless the sysctl
//! `net.netfilter.nf_conntrack_events` is 1; its default is 2, "if there is a listener".

use ctnetlink::format::rfc3339;
use ctnetlink::packet::CtNetlinkMessage;
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Body, Message, MessageBuf};
use futures_util::StreamExt;
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_proto::sys::{AsyncSocket, SocketAddr, protocols::NETLINK_NETFILTER};
use netlink_proto::{ConnectionHandle, new_connection};
use std::error::Error;
use std::time::Duration;

/// `NFNLGRP_CONNTRACK_NEW`, `_UPDATE` and `_DESTROY`, as the bits that bind(2) takes.
const EVENTS: u32 = 1 << 0 | 1 << 1 | 1 << 2;

/// `NetlinkMessage` with ctnetlink inside: the one type that netlink-proto needs to know.
type Netlink = NetlinkMessage<CtNetlinkMessage>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut limit = Limit { events: usize::MAX, time: Duration::MAX };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse().ok()).ok_or("which number?");
        match arg.as_str() {
            "--dump" => limit.events = 0,
            "--events" => limit.events = number()?,
            "--seconds" => limit.time = Duration::from_secs(number()? as u64),
            _ => return Err(format!("{arg}: unknown; --dump, --events N or --seconds N").into()),
        }
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(limit))
}

struct Limit {
    events: usize,
    time: Duration,
}

async fn run(limit: Limit) -> Result<(), Box<dyn Error>> {
    let (mut connection, handle, mut unsolicited) =
        new_connection::<CtNetlinkMessage>(NETLINK_NETFILTER)?;
    let socket = connection.socket_mut().socket_mut();
    // Subscribed before the list is asked for, so that nothing falls between the two.
    socket.bind(&SocketAddr::new(0, EVENTS))?;
    socket.set_ext_ack(true)?;
    tokio::spawn(connection);

    list(&handle).await?;
    let watch = async {
        let mut count = 0;
        while count < limit.events {
            let Some((message, _)) = unsolicited.next().await else { break };
            match &message.payload {
                NetlinkPayload::InnerMessage(inner) => {
                    print(&inner.as_message());
                    count += 1;
                }
                // The kernel had more events than the socket's buffer has room for.
                NetlinkPayload::Overrun(_) => {
                    println!("events were lost; what there is now:");
                    list(&handle).await?;
                }
                _ => {}
            }
        }
        Ok(())
    };
    tokio::time::timeout(limit.time, watch).await.unwrap_or(Ok(()))
}

/// Asks for the table and prints it.
async fn list(handle: &ConnectionHandle<CtNetlinkMessage>) -> Result<(), Box<dyn Error>> {
    // netlink-proto numbers requests itself.
    let request: Netlink = request::dump(&Selector::default()).try_into()?;
    let mut is_exact = true;
    let mut answers = handle.request(request, SocketAddr::new(0, 0))?;
    while let Some(answer) = answers.next().await {
        match &answer.payload {
            NetlinkPayload::InnerMessage(inner) => {
                let message = inner.as_message();
                is_exact &= !message.header().nlmsg_flags.contains(NlmFlags::DUMP_INTR);
                print(&message);
            }
            NetlinkPayload::Error(error) => {
                let sentence = sentence(&answer).unwrap_or_default();
                return Err(format!("the kernel refuses: {error} {sentence}").into());
            }
            other => return Err(format!("unexpected: {other:?}").into()),
        }
    }
    if !is_exact {
        println!("the table changed meanwhile; flows may be missing");
    }
    Ok(())
}

/// What the kernel says about an error, in words. netlink-packet-core does not decode that.
fn sentence(answer: &Netlink) -> Option<String> {
    let buf = MessageBuf::from(answer);
    match buf.as_message().body() {
        Ok(Body::Error(error)) => Some(error.message()?.to_string()),
        _ => None,
    }
}

fn print(message: &Message<'_>) {
    let ct = match message.conntrack() {
        Ok(ct) => ct,
        Err(error) => return eprintln!("{error}"),
    };
    let endpoint = |addr: Option<_>, port: Option<u16>| match (addr, port) {
        (Some(addr), Some(port)) => std::net::SocketAddr::new(addr, port).to_string(),
        (Some(addr), None) => addr.to_string(),
        _ => "?".to_owned(),
    };
    let src = endpoint(ct.orig.src, ct.orig.src_port);
    let dst = endpoint(ct.orig.dst, ct.orig.dst_port);
    print!("{:<8}{src} -> {dst}", format!("{:?}", message.kind()));
    // Absent unless the sysctl nf_conntrack_timestamp was on when the flow began.
    if let Some(start) = ct.timestamp.start {
        print!(" start={}", rfc3339(start));
    }
    if let Some(stop) = ct.timestamp.stop {
        print!(" stop={}", rfc3339(stop));
    }
    if let Some(duration) = ct.timestamp.duration() {
        print!(" duration={duration:?}");
    }
    println!();
}
