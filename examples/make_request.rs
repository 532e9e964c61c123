//! Builds requests for a socket of your own and prints their bytes.
//!
//! ```sh
//! cargo run --example make_request
//! ```

use ctnetlink::format::Annotate;
use ctnetlink::request::{self, Selector};
use ctnetlink::{Conntrack, Family, IpProto, Status, Tuple};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
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
    let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    let status = Status::CONFIRMED | Status::SEEN_REPLY;
    let ct = Conntrack { timeout: Some(120), status: Some(status), ..Conntrack::new(orig) };
    let create = request::create(&ct)?.with_seq(2);
    println!("{}", Annotate::new(create.as_message()));
    Ok(())
}
