//! Prints the flows of the running kernel, as `conntrack -L` does.
//!
//! ```sh
//! sudo cargo run --features socket --example list_flows
//! ```

use ctnetlink::format::text::Text;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{Socket, SocketError};
use std::ops::ControlFlow;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), SocketError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    let text = Text { id: true, ktimestamp: true, ..Text::default() };
    let mut socket = Socket::open()?;
    // The default selects the whole table.
    let only = Selector::default();
    let outcome = socket.exchange(request::dump(&only), |message| {
        if let Some(line) = text.line(&message, Some(now)) {
            println!("{line}");
        }
        ControlFlow::Continue(())
    })?;
    eprintln!("{} flows", outcome.messages);
    Ok(())
}
