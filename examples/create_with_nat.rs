//! Creates an entry with labels, a helper and source NAT, and reads it back.
//!
//! The kernel stores the labels only if a rule of the network namespace uses labels. The helper needs
//! the kernel module `nf_conntrack_ftp`; without it the entry is created without a helper.
//!
//! ```sh
//! sudo unshare -n cargo run --features socket --example create_with_nat
//! ```

use ctnetlink::flat::Help;
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, Labels, Status, Tuple, request};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:21".parse()?);
    let mut flow = Conntrack {
        timeout: Some(120),
        status: Some(Status::CONFIRMED),
        labels: Some(Labels::from_bits(0b1001)),
        help: Help { name: Some("ftp".into()), ..Help::default() },
        ..Conntrack::new(orig)
    };
    flow.rare_mut().nat_src.min_ip = Some("203.0.113.5".parse()?);
    let mut socket = Socket::open()?;
    if let Err(error) = socket.request(request::create(&flow)?) {
        eprintln!("without a helper: {error}");
        flow.help = Help::default();
        socket.request(request::create(&flow)?)?;
    }
    let found = socket.entry(&flow)?.unwrap_or_default();
    println!("replies go to {:?}, labels {:?}", found.reply.dst, found.labels);
    println!("helper {:?}, source NAT to {:?}", found.help.name, found.snat());
    Ok(())
}
