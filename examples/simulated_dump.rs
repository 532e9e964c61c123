//! Lists the table of a simulated Linux 5.10, decoded from the datagrams of its dump.
//!
//! ```sh
//! cargo run --example simulated_dump
//! ```

use ctnetlink::kernel::Kernel;
use ctnetlink::sim::{
    Clock, DumpBuffers, DumpRequest, ModuleParams, Net, NfConntrackTuple, Packet,
};
use ctnetlink::{IpProto, Kind, Messages};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let kernel = Kernel::new("5.10".parse()?);
    let mut net = namespace_with_flows(kernel)?;
    let request = DumpRequest { portid: 4711, seq: 1, ..DumpRequest::default() };
    for datagram in net.dump(&request, DumpBuffers::fresh(&kernel))? {
        for message in Messages::with_endian(&datagram, kernel.arch.endian()) {
            let message = message?;
            if message.kind() == Kind::Reply {
                println!("{}", message.conntrack()?.orig);
            }
        }
    }
    Ok(())
}

/// Returns a network namespace whose table has 100 UDP flows.
fn namespace_with_flows(kernel: Kernel) -> Result<Net, Box<dyn Error>> {
    let clock = Clock { real_ns: 1_700_000_000_000_000_000, jiffies: 0 };
    let module = ModuleParams { acct: true, tstamp: true };
    let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None)?;
    let (client, server) = ("192.0.2.1".parse()?, "198.51.100.7".parse()?);
    let packet = Packet { len: 60, timeout: 30, ..Packet::default() };
    for port in 40_000..40_100 {
        let orig = NfConntrackTuple::ports(IpProto::UDP, (client, port), (server, 53));
        let mut entry = net.init_conntrack(orig, orig.inverted(), Default::default());
        net.first_packet(&mut entry, &packet);
        net.confirm(entry, &packet);
    }
    Ok(net)
}
