//! Export of flow records to collectors and files, with an account of what was not sent.
//!
//! | destination | type |
//! |---|---|
//! | a collector over UDP | `UdpExporter` (feature `export`, Linux) |
//! | a collector over TCP | `TcpExporter` (feature `export`, Linux) |
//! | an IPFIX file | [`IpfixFile`] |
//! | a file of rows, such as CSV | [`RowFile`] |
//! | a socket of your own | [`Exporter`], which does no input or output |
//!
//! All but the last are a [`Destination`]. None of them ever waits for a collector while flows arrive,
//! and none ends because a collector is gone: records that cannot be sent are counted, and the
//! collector gets the number in the statistics (RFC 7011, section 4). SCTP, the third transport
//! protocol of IPFIX, is not supported.

mod exporter;
mod file;
mod log_file;
mod problem;
mod rows;
#[cfg(all(feature = "export", target_os = "linux"))]
mod tcp;
mod timer;
#[cfg(all(feature = "export", target_os = "linux"))]
mod udp;

pub use exporter::{Exporter, MessageSize, Options};
pub use file::IpfixFile;
pub use log_file::LogFile;
pub use problem::Problem;
pub use rows::{RowFile, RowFormat};
#[cfg(all(feature = "export", target_os = "linux"))]
pub use tcp::{TcpExporter, TcpOptions};
#[cfg(all(feature = "export", target_os = "linux"))]
pub use udp::UdpExporter;

use crate::Flow;
use std::time::Duration;

/// The time between two attempts to write what could not be written.
const PAUSE: Duration = Duration::from_secs(1);

/// The port of collectors, assigned by IANA.
pub const PORT: u16 = 4739;

/// Receives flows and sends their records.
///
/// Times are nanoseconds since the Unix epoch.
pub trait Destination {
    /// Adds a flow.
    fn push(&mut self, flow: &Flow<'_>, now: u64);

    /// Notes that the kernel dropped events.
    fn lost(&mut self, events: u64, now: u64) {
        let _ = (events, now);
    }

    /// Sends what is due.
    ///
    /// It has to be called after every batch of flows, and at [`next_deadline`](Self::next_deadline).
    fn tick(&mut self, now: u64);

    /// Returns the time at which [`tick`](Self::tick) has something to do.
    fn next_deadline(&self) -> u64;

    /// Returns `true` if a collector does not receive fast enough, so that further records are dropped.
    ///
    /// A program whose flows can wait calls [`tick`](Self::tick) until it returns `false`.
    fn is_waiting(&self) -> bool {
        false
    }

    /// Starts a new file, if this is a file.
    fn rotate(&mut self, now: u64) {
        let _ = now;
    }

    /// Sends everything that waits, and the last statistics.
    ///
    /// What cannot be sent within a few seconds counts as not sent.
    fn finish(&mut self, now: u64);

    /// Returns what was sent, and what was not.
    fn counts(&self) -> Counts;

    /// Takes the newest problem, of those that have not been taken.
    ///
    /// A problem that lasts is returned once.
    fn take_problem(&mut self) -> Option<Problem>;
}

/// What a destination has sent, and what it has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of messages that were sent.
    pub messages: u64,
    /// The number of bytes that were sent.
    pub bytes: u64,
    /// The number of flow records that were sent.
    pub records: u64,
    /// The number of flow records that could not be sent.
    ///
    /// Events that the kernel dropped are not part of it.
    pub not_sent: u64,
    /// The number of flow records that wait to be sent.
    pub waiting: u64,
}

/// When records were lost.
#[derive(Clone, Copy, Debug)]
struct Loss {
    first: u64,
    last: u64,
    any: bool,
}

impl Loss {
    /// Creates the state before the first loss: the times are those of the start.
    const fn none(start: u64) -> Self {
        Self { first: start, last: start, any: false }
    }

    const fn note(&mut self, now: u64) {
        if !self.any {
            self.first = now;
            self.any = true;
        }
        self.last = now;
    }
}
