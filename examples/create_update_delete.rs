//! Creates an entry in the running kernel's table, changes it, and deletes it.
//!
//! ```sh
//! sudo unshare -n cargo run --features netlink-sys --example create_update_delete
//! ```

use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, Family, request};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (client, server) = ("192.0.2.1".parse()?, "198.51.100.7".parse()?);
    let flow = Conntrack {
        family: Family::IPV4,
        orig: Tuple {
            src: Some(client),
            dst: Some(server),
            proto: Some(IpProto::UDP),
            src_port: Some(40000),
            dst_port: Some(53),
            ..Tuple::default()
        },
        reply: Tuple {
            src: Some(server),
            dst: Some(client),
            proto: Some(IpProto::UDP),
            src_port: Some(53),
            dst_port: Some(40000),
            ..Tuple::default()
        },
        // A status must contain CONFIRMED.
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(120),
        ..Conntrack::default()
    };
    let mut socket = Socket::open()?;
    socket.request(request::create(&flow)?)?;
    println!("created, id {:?}", socket.entry(&flow)?.and_then(|ct| ct.id));

    // A second time it is refused, and the kernel says why.
    if let Err(error) = socket.request(request::create(&flow)?) {
        println!("{error}");
    }

    // What is absent from an update stays as it is; the tuples say which entry is meant.
    let change = Conntrack { status: None, timeout: None, mark: Some(0x2a), ..flow.clone() };
    socket.request(request::update(&change)?)?;
    println!("mark {:?}", socket.entry(&flow)?.and_then(|ct| ct.mark));

    socket.request(request::delete(&flow)?)?;
    println!("there is {:?}", socket.entry(&flow)?);
    Ok(())
}
