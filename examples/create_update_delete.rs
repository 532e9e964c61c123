//! Creates an entry in the running kernel's table, lists the table, changes the entry and deletes it.
//!
//! ```sh
//! sudo unshare -n cargo run --features socket --example create_update_delete
//! ```

use ctnetlink::request::{self, Selector};
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, Status, Tuple};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    let key = Conntrack::new(orig);
    let flow = Conntrack { timeout: Some(120), status: Some(Status::CONFIRMED), ..key.clone() };
    let mut socket = Socket::open()?;
    socket.request(request::create(&flow)?)?;
    for flow in socket.entries(&Selector::default())? {
        println!("{}", flow.orig);
    }
    // Fields that are `None` stay unchanged.
    socket.request(request::update(&Conntrack { mark: Some(42), ..key.clone() })?)?;
    println!("mark {:?}", socket.entry(&key)?.and_then(|flow| flow.mark));
    socket.request(request::delete(&key)?)?;
    println!("there is {:?}", socket.entry(&key)?);
    Ok(())
}
