//! Requests and events of the running kernel through netlink-proto, in a network namespace.

use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::packet::CtNetlinkMessage;
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Body, Conntrack, Family, Kind, MessageBuf};
use futures_util::{Stream, StreamExt};
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_proto::ConnectionHandle;
use netlink_proto::sys::{AsyncSocket, SocketAddr, protocols::NETLINK_NETFILTER};
use std::io::Write;
use std::process::Command;
use std::time::Duration;

type Netlink = NetlinkMessage<CtNetlinkMessage>;

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "CTNETLINK_TEST_INSIDE";
/// The output of that process before the reason why it tested nothing.
const SKIP: &str = "not tested: ";
/// The last output of that process.
const DONE: &str = "tested all";
const FLOWS: u16 = 3;
const FLOOD: u16 = 300;

#[test]
fn live() {
    if std::env::var_os(INSIDE).is_some() {
        match inside() {
            Ok(()) => println!("{DONE}"),
            Err(reason) => println!("{SKIP}{reason}"),
        }
        return;
    }
    if let Err(reason) = outside() {
        // Not through `eprintln!`, which the test harness captures.
        let _ = writeln!(std::io::stderr(), "SKIPPED packet: {reason}");
    }
}

/// Runs this test again in new user and network namespaces.
///
/// `Err` is the reason why it cannot run.
fn outside() -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let unshare = |args: &[&str]| Command::new("unshare").arg("-Urn").args(args).output();
    let probe = unshare(&["true"]).map_err(|error| format!("unshare: {error}"))?;
    if !probe.status.success() {
        return Err(String::from_utf8_lossy(&probe.stderr).trim().to_owned());
    }
    let output = Command::new("unshare")
        .arg("-Urn")
        .arg(program)
        .args(["live::live", "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some((_, reason)) = text.split_once(SKIP) {
        return Err(reason.lines().next().unwrap_or_default().to_owned());
    }
    assert!(
        output.status.success() && text.contains(DONE),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn inside() -> Result<(), String> {
    run(talk())
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), test).await.unwrap() })
}

fn flow(n: u16) -> Conntrack {
    let (client, server) = ("192.0.2.1".parse().ok(), "198.51.100.7".parse().ok());
    let proto = Some(IpProto::UDP);
    let (src_port, dst_port) = (Some(40_000 + n), Some(53));
    Conntrack {
        family: Family::IPV4,
        orig: Tuple { src: client, dst: server, proto, src_port, dst_port, ..Tuple::default() },
        reply: Tuple {
            src: server,
            dst: client,
            proto,
            src_port: dst_port,
            dst_port: src_port,
            ..Tuple::default()
        },
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(120),
        mark: Some(u32::from(n)),
        ..Conntrack::default()
    }
}

fn send(
    handle: &ConnectionHandle<CtNetlinkMessage>,
    request: MessageBuf,
) -> impl Stream<Item = Netlink> + use<> {
    handle.request(request.try_into().unwrap(), SocketAddr::new(0, 0)).unwrap()
}

/// Returns the OS error number of a reply.
fn errno(answer: &Netlink) -> Option<i32> {
    let buf = MessageBuf::from(answer);
    match buf.as_message().body() {
        Ok(Body::Error(error)) => Some(-error.error),
        _ => None,
    }
}

fn entry(answer: &Netlink) -> (Kind, Conntrack) {
    let NetlinkPayload::InnerMessage(inner) = &answer.payload else { panic!("{answer:?}") };
    let message = inner.as_message();
    assert_eq!(message.rebuild().unwrap().as_bytes(), message.as_bytes());
    (message.kind(), message.try_into().unwrap())
}

async fn talk() -> Result<(), String> {
    // This file shows the network namespace of this thread.
    let sysctl = "/proc/sys/net/netfilter/nf_conntrack_timestamp";
    let is_stamped = std::fs::write(sysctl, "1").is_ok();

    let (mut connection, handle, mut events) =
        netlink_proto::new_connection::<CtNetlinkMessage>(NETLINK_NETFILTER)
            .map_err(|error| format!("NETLINK_NETFILTER: {error}"))?;
    let socket = connection.socket_mut().socket_mut();
    // Room for some dozens of events.
    socket.set_rx_buf_sz(16_384_u32).map_err(|error| format!("SO_RCVBUF: {error}"))?;
    // NFNLGRP_CONNTRACK_NEW, _UPDATE, _DESTROY
    socket.bind(&SocketAddr::new(0, 0b111)).map_err(|error| format!("bind: {error}"))?;
    tokio::spawn(connection);

    // Without ctnetlink the first reply is an error, ENOENT or EINVAL depending on the release.
    let mut answers = send(&handle, request::dump(&Selector::default()));
    if let Some(answer) = answers.next().await {
        return match errno(&answer) {
            Some(errno) => Err(format!("ctnetlink: {}", std::io::Error::from_raw_os_error(errno))),
            None => panic!("a new namespace has no flows: {answer:?}"),
        };
    }

    for n in 0..FLOWS {
        let answers: Vec<_> = send(&handle, request::create(&flow(n)).unwrap()).collect().await;
        assert!(answers.is_empty(), "only an acknowledgement: {answers:?}");
        let (event, _) = events.next().await.unwrap();
        let (kind, ct) = entry(&event);
        assert_eq!((kind, &ct.orig, ct.mark.unwrap_or(0)), (Kind::New, &flow(n).orig, n.into()));
    }
    // The kernel rejects it and returns the request.
    let answers: Vec<_> = send(&handle, request::create(&flow(0)).unwrap()).collect().await;
    assert_eq!(answers.iter().map(errno).collect::<Vec<_>>(), [Some(17)], "EEXIST");

    let answers: Vec<_> = send(&handle, request::dump(&Selector::default())).collect().await;
    let mut marks = Vec::new();
    for answer in &answers {
        let (kind, ct) = entry(answer);
        assert_eq!(kind, Kind::Reply);
        assert_eq!(ct.timestamp.start.is_some(), is_stamped);
        marks.push(ct.mark.unwrap());
    }
    marks.sort_unstable();
    assert_eq!(marks, [0, 1, 2]);

    // A single GET needs NLM_F_ACK …
    let mut get: Netlink = request::get(&flow(1)).try_into().unwrap();
    let mut open = handle.request(get.clone(), SocketAddr::new(0, 0)).unwrap();
    get.header.flags |= NlmFlags::ACK.bits();
    let answers: Vec<_> = handle.request(get, SocketAddr::new(0, 0)).unwrap().collect().await;
    assert_eq!(answers.len(), 1);
    assert_eq!(entry(&answers[0]).1.mark, Some(1));
    // … or its stream stays open, as the documentation of `packet` says.
    assert_eq!(entry(&open.next().await.unwrap()).1.mark, Some(1));
    let end = tokio::time::timeout(Duration::from_millis(100), open.next()).await;
    assert!(end.is_err(), "netlink-proto ends it now: {end:?}");

    let answers: Vec<_> = send(&handle, request::flush(&Selector::default())).collect().await;
    assert!(answers.is_empty(), "{answers:?}");
    for _ in 0..FLOWS {
        let (event, _) = events.next().await.unwrap();
        let (kind, ct) = entry(&event);
        assert_eq!(kind, Kind::Destroy);
        assert_eq!(ct.timestamp.duration().is_some(), is_stamped);
    }

    // More events than the receive buffer holds, while nothing reads them.
    let others = std::thread::spawn(|| run(flood())).join();
    others.unwrap();
    let mut received = 0;
    loop {
        match events.next().await.unwrap().0.payload {
            NetlinkPayload::InnerMessage(_) => received += 1,
            NetlinkPayload::Overrun(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(received < FLOOD, "{received}");
    let table = send(&handle, request::dump(&Selector::default()));
    assert_eq!(table.count().await, usize::from(FLOOD), "the table is complete");
    Ok(())
}

/// Creates flows over another connection.
async fn flood() {
    let (connection, handle, _) =
        netlink_proto::new_connection::<CtNetlinkMessage>(NETLINK_NETFILTER).unwrap();
    tokio::spawn(connection);
    for n in 0..FLOOD {
        let answers = send(&handle, request::create(&flow(n)).unwrap());
        assert_eq!(answers.count().await, 0);
    }
}
