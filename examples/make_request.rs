//! Builds requests for a socket of your own and prints their bytes.
//!
//! ```sh
//! cargo run --example make_request
//! ```

use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::format::Annotate;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::{Conntrack, Family};

fn main() -> Result<(), ctnetlink::error::Error> {
    // The IPv4 flows to port 443 whose mark has bit 4 set.
    let only = Selector {
        family: Family::IPV4,
        mark: Some((0x10, 0x10)),
        orig: Tuple { proto: Some(IpProto::TCP), dst_port: Some(443), ..Tuple::default() },
        ..Selector::default()
    };
    let dump = request::dump(&only);
    println!("{}", Annotate::new(dump.as_message()));

    // A new entry.
    let client = "192.0.2.1".parse().ok();
    let server = "198.51.100.7".parse().ok();
    let ct = Conntrack {
        family: Family::IPV4,
        orig: Tuple {
            src: client,
            dst: server,
            proto: Some(IpProto::UDP),
            src_port: Some(40000),
            dst_port: Some(53),
            ..Tuple::default()
        },
        reply: Tuple {
            src: server,
            dst: client,
            proto: Some(IpProto::UDP),
            src_port: Some(53),
            dst_port: Some(40000),
            ..Tuple::default()
        },
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(120),
        ..Conntrack::default()
    };
    let create = request::create(&ct)?.with_seq(2);
    println!("{}", Annotate::new(create.as_message()));
    Ok(())
}
