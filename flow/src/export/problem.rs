//! What goes wrong during export.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A problem of a destination.
///
/// None of them ends the export. Records that are lost by it are counted.
///
/// Its text includes the cause, so that [`source`](std::error::Error::source) is `None`; the cause is
/// in the variant.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A datagram could not be sent, or nobody received an earlier one.
    Send(io::Error),
    /// The collector did not accept the connection.
    Connect {
        /// The address of the collector.
        address: SocketAddr,
        /// The cause.
        error: io::Error,
        /// The least time between two attempts.
        retry: Duration,
    },
    /// The connection ended.
    Disconnected {
        /// The cause.
        error: io::Error,
        /// The least time between two attempts.
        retry: Duration,
    },
    /// The collector does not receive fast enough: records are dropped.
    Full,
    /// A file could not be written.
    Write(PathBuf, io::Error),
    /// The next file could not be opened; the old one is used further.
    Rotate(PathBuf, io::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => {
                write!(f, "{error}; records are sent all the same, check that the collector runs")
            }
            Self::Connect { address, error, retry } => {
                write!(f, "{address}: {error}; the next attempt is after {} s", retry.as_secs())
            }
            Self::Disconnected { error, retry } => write!(
                f,
                "the connection ended: {error}; attempts to connect are at least {} s apart",
                retry.as_secs()
            ),
            Self::Full => f.write_str(
                "the collector does not receive fast enough: records are dropped and counted",
            ),
            Self::Write(path, error) => write!(
                f,
                "{}: {error}; it is written again later, and records that do not fit the buffer \
                 meanwhile are dropped and counted",
                path.display()
            ),
            Self::Rotate(path, error) => {
                write!(f, "{}: {error}; the old file is used further", path.display())
            }
        }
    }
}

impl std::error::Error for Problem {}
