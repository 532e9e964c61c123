//! Simulates one TCP flow from its first packet to its DESTROY event.
//!
//! The example prints the events that each listener receives, attribute by attribute. It needs no
//! privileges.
//!
//! ```sh
//! cargo run --example one_flow [RELEASE]
//! ```

use ctnetlink::format::Annotate;
use ctnetlink::kernel::Kernel;
use ctnetlink::nested::{IpProto, TcpFlags, TcpState};
use ctnetlink::sim::{
    Clock, CtSeq, DeltaTime, Dir, L4State, Listener, ModuleParams, Net, NfConntrackTuple,
    NfConntrackZone, Packet, ct_seq_show,
};
use ctnetlink::{Group, Message};
use std::error::Error;
use std::net::Ipv4Addr;

fn main() -> Result<(), Box<dyn Error>> {
    let release = std::env::args().nth(1).unwrap_or_else(|| "6.14".into());
    let kernel = Kernel::new(release.parse()?);
    let module = ModuleParams { tstamp: true, acct: true };
    let clock = Clock { real_ns: 1_800_000_000_000_000_000, jiffies: 0 };
    let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None)
        .map_err(|failure| format!("{failure:?}"))?;
    for group in [Group::New, Group::Update, Group::Destroy] {
        net.listeners.push(Listener { groups: vec![group], ..Listener::default() });
    }
    println!("Linux {release}");

    println!("\nSYN: the entry is created, but is not in the table yet.");
    let client = (Ipv4Addr::new(192, 0, 2, 1).into(), 40000);
    let server = (Ipv4Addr::new(198, 51, 100, 7).into(), 443);
    let orig = NfConntrackTuple::ports(IpProto::TCP, client, server);
    let mut ct = net.init_conntrack(orig, orig.inverted(), NfConntrackZone::default());
    let syn = packet(Dir::Original, TcpState::SYN_SENT, 120);
    net.first_packet(&mut ct, &syn);
    net.advance(4);

    println!("The SYN leaves 4 ms later: the entry is confirmed.");
    let id = net.confirm(ct, &syn);
    print_received(&mut net)?;

    println!("\nSYN-ACK, 20 ms later:");
    net.advance(20);
    net.packet(id, &packet(Dir::Reply, TcpState::SYN_RECV, 60))?;
    print_received(&mut net)?;

    println!("\nACK: the connection is established, and the entry is assured.");
    net.advance(20);
    let ack = packet(Dir::Original, TcpState::ESTABLISHED, 432_000);
    net.packet(id, &Packet { assured: true, ..ack })?;
    print_received(&mut net)?;

    println!("\n/proc/net/nf_conntrack 5 seconds later:");
    net.advance(5000);
    let Clock { real_ns: time_now, jiffies } = net.clock;
    let seq = CtSeq { time_now, jiffies, delta_time: DeltaTime::Released };
    if let Some(ct) = net.entry(id) {
        print!("{}", ct_seq_show(&kernel, ct, &seq));
    }

    println!("\nThe socket with port id 4321 deletes the entry.");
    net.delete(4321, id)?;
    print_received(&mut net)
}

fn packet(dir: Dir, state: TcpState, timeout: u32) -> Packet {
    let flags = [TcpFlags::WINDOW_SCALE | TcpFlags::SACK_PERM; 2];
    let proto = L4State::Tcp { state, scale: [7, 7], flags };
    Packet { dir, len: 60, proto: Some(proto), timeout, ..Packet::default() }
}

fn print_received(net: &mut Net) -> Result<(), Box<dyn Error>> {
    for socket in &mut net.listeners {
        for bytes in socket.received.drain(..) {
            let message = Message::parse_with(&bytes, net.kernel.arch.endian())?;
            print!("to {:?}:\n{}", socket.groups, Annotate::new(message));
        }
    }
    Ok(())
}
