//! `ctnetlink count`.

use crate::options::table::Table;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::request;
use ctnetlink::socket::Socket;
use std::io::{self, Write as _};

/// Print the number of entries, like `conntrack -C`
///
/// Needs CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Count {
    /// Table to count
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
}

pub(crate) fn run(args: &Count) -> Result<Status, Stop> {
    let mut socket = Socket::open()?;
    let count = match args.table {
        Table::Conntrack => socket.stats()?.entries.unwrap_or_default().into(),
        Table::Expect => socket.request(request::dump_expectations(Family::UNSPEC))?.messages,
    };
    writeln!(io::stdout(), "{count}")?;
    Ok(Status::Done)
}
