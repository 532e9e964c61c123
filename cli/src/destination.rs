//! Opens the destinations of flow records.

#[cfg(target_os = "linux")]
use crate::options::destination::Host;
use crate::options::destination::{Dest, Target};
use crate::stop::Stop;
use ctnetlink_flow::export::{
    Destination, IpfixFile, LogFile, Options, Problem, RowFile, RowFormat,
};
#[cfg(target_os = "linux")]
use ctnetlink_flow::export::{TcpExporter, TcpOptions, UdpExporter};
use ctnetlink_flow::ipfix::Mode;
use ctnetlink_flow::{csv, json};
use std::io;
#[cfg(target_os = "linux")]
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

/// How long a record may wait for others: everything arrives within a second.
const FLUSH_AFTER: Duration = Duration::from_millis(900);

const CSV: RowFormat = RowFormat { header: csv::write_header, row: csv::write_row };
const JSON: RowFormat = RowFormat { header: |_| {}, row: json::write_row };

/// A destination with its name.
pub(crate) struct NamedDestination {
    pub(crate) name: String,
    /// NEW events become records, too.
    pub(crate) takes_new: bool,
    pub(crate) destination: Box<dyn Destination + Send>,
}

impl NamedDestination {
    /// Opens a destination.
    ///
    /// A file that exists is continued.
    pub(crate) fn open(dest: &Dest, now: u64) -> Result<Self, Stop> {
        Ok(Self {
            name: dest.name.clone(),
            takes_new: dest.ipfix.mode == Mode::NatEvents,
            destination: open(dest, now)?,
        })
    }
}

/// Returns `true` if nobody reads standard output any more.
pub(crate) fn is_closed_pipe(problem: &Problem) -> bool {
    matches!(problem, Problem::Write(path, error)
        if path.as_os_str() == "-" && error.kind() == io::ErrorKind::BrokenPipe)
}

fn open(dest: &Dest, now: u64) -> Result<Box<dyn Destination + Send>, Stop> {
    let options = Options { ipfix: dest.ipfix, flush_after: FLUSH_AFTER, ..Options::default() };
    let file = |path: &Path| {
        if path == Path::new("-") {
            return Ok(LogFile::stdout());
        }
        LogFile::open(path, dest.rotate, now).map_err(|error| Stop::file(path, &error))
    };
    Ok(match &dest.target {
        Target::Csv(path) => Box::new(RowFile::new(file(path)?, CSV)),
        Target::Json(path) => Box::new(RowFile::new(file(path)?, JSON)),
        Target::IpfixFile(path) => {
            let file = IpfixFile::new(file(path)?, options, now);
            Box::new(file.map_err(|error| Stop::file(path, &error))?)
        }
        #[cfg(not(target_os = "linux"))]
        Target::IpfixUdp(_) | Target::IpfixTcp(_) => {
            return Err(Stop::Unusable(format!("{}: collectors need Linux", dest.name)));
        }
        #[cfg(target_os = "linux")]
        Target::IpfixUdp(host) => {
            let address = resolve(dest, host)?.remove(0);
            let opened = UdpExporter::connect(address, dest.mtu, options, now);
            Box::new(opened.map_err(|error| failed(dest, &error))?)
        }
        #[cfg(target_os = "linux")]
        Target::IpfixTcp(host) => {
            let addresses = resolve(dest, host)?;
            let tcp = TcpOptions::default();
            let tcp = TcpOptions { retry: dest.retry.unwrap_or(tcp.retry), ..tcp };
            Box::new(TcpExporter::new(addresses, tcp, options, now))
        }
    })
}

/// Returns the addresses of a collector, of which there is at least one.
#[cfg(target_os = "linux")]
fn resolve(dest: &Dest, host: &Host) -> Result<Vec<SocketAddr>, Stop> {
    let addresses = (&host.name[..], host.port).to_socket_addrs();
    let addresses: Vec<_> = addresses.map_err(|error| failed(dest, &error))?.collect();
    match addresses.is_empty() {
        true => Err(failed(dest, &io::Error::other("the host has no address"))),
        false => Ok(addresses),
    }
}

#[cfg(target_os = "linux")]
fn failed(dest: &Dest, error: &io::Error) -> Stop {
    Stop::Unusable(format!("{}: {error}", dest.name))
}
