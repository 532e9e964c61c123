//! Options of the subcommands that receive events.

use crate::options::time::seconds;
use std::time::Duration;

/// The default size of the receive buffer, which the kernel doubles: room for about 10,000 events.
const RECEIVE_BUFFER: usize = 4 << 20;

#[derive(clap::Args)]
pub(crate) struct Listen {
    /// Stop after N events
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Stop after SECONDS
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    /// Size of the kernel's receive buffer; events that do not fit are lost and reported
    #[arg(long, alias = "buffer-size", value_name = "BYTES", default_value_t = RECEIVE_BUFFER)]
    pub(crate) buffer: usize,
}

#[derive(clap::Args)]
pub(crate) struct Times {
    /// Enable the sysctl net.netfilter.nf_conntrack_timestamp, so that new flows have times
    ///
    /// The sysctl remains enabled after the command has ended. Flows that already exist do not get times.
    #[arg(long)]
    pub(crate) timestamps: bool,
}
