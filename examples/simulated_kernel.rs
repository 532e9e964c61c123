//! Follows the flows of a simulated Linux with the sockets that programs use on a real one.
//!
//! ```sh
//! cargo run --example simulated_kernel --features socket -- 5.10
//! ```

use ctnetlink::kernel::Kernel;
use ctnetlink::request;
use ctnetlink::sim::{Clock, ModuleParams, Net};
use ctnetlink::socket::SimNet;
use ctnetlink::{Conntrack, Group, Tuple};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let release = std::env::args().nth(1).unwrap_or_else(|| "7.2".to_owned());
    let kernel = Kernel::new(release.parse()?);
    let module = ModuleParams { acct: true, tstamp: true };
    let clock = Clock { real_ns: 1_764_000_000_000_000_000, jiffies: 1 << 32 };
    let net = SimNet::new(Net::nf_conntrack_init_net(kernel, module, clock, None)?);

    let mut events = net.events(&Group::CONNTRACK)?;
    let mut socket = net.socket()?;
    let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    let flow = Conntrack { timeout: Some(30), ..Conntrack::new(orig) };
    socket.request(request::create(&flow)?)?;
    if let Err(error) = socket.request(request::create(&flow)?) {
        println!("a second time: {error}");
    }
    // The flow ends when its timeout has passed.
    net.with(|net| {
        net.advance(30_000);
        net.reap_expired();
    });
    while let Some(event) = events.try_recv()? {
        let flow = event.conntrack()?;
        println!("{:?} {}, duration {:?}", event.kind(), flow.orig, flow.timestamp.duration());
    }
    Ok(())
}
