//! Collectors over UDP.

use super::exporter::{Exporter, MessageSize, Options};
use super::problem::Problem;
use super::{Counts, Destination};
use crate::Flow;
use rustix::net::sockopt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How often templates are sent again.
const TEMPLATE_INTERVAL: Duration = Duration::from_secs(60);
/// The longest packet if the path MTU is not known, as RFC 7011 has it.
const UNKNOWN_MTU: u32 = 512;
/// The longest packet if the path has a higher MTU, as the loopback device does.
const HIGHEST_MTU: u32 = 1500;
/// The number of errors of earlier datagrams that a send call may report before it sends.
const EARLIER_ERRORS: usize = 3;

/// A destination that sends IPFIX messages to a collector over UDP.
///
/// No packet exceeds the path MTU that the kernel knows, or 1500 bytes. All templates are sent again
/// every minute, and sooner after the host of the collector has reported that nobody receives.
/// Datagrams that it reports so count as not sent.
///
/// # Examples
/// ```no_run
/// use ctnetlink_flow::export::{Destination as _, Options, UdpExporter};
///
/// let now = 1_795_552_006_123_456_789;
/// let address = "192.0.2.7:4739".parse()?;
/// let mut collector = UdpExporter::connect(address, None, Options::default(), now)?;
/// // A program calls `push` for each flow, and `tick` after each batch of them.
/// collector.finish(now);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UdpExporter {
    exporter: Exporter,
    socket: UdpSocket,
    address: SocketAddr,
    /// The length of the longest packet, if the user knows better than the kernel.
    mtu: Option<u32>,
    /// The length of the longest message.
    max_message: usize,
    /// The last message, of which an error may still be reported.
    previous: Option<MessageSize>,
    is_failing: bool,
    /// The socket failed, not the collector.
    is_broken: bool,
    problem: Option<Problem>,
}

impl UdpExporter {
    /// Opens a socket that sends to `address`.
    ///
    /// `mtu` is the number of bytes in the longest packet; if it is `None`, the kernel is asked. The
    /// options [`max_message`](crate::ipfix::Config::max_message) and
    /// [`template_interval`](Options::template_interval) are set by this function.
    ///
    /// # Errors
    /// Returns an error if a system call fails, for example because there is no route. It is not an
    /// error if no collector runs at the address.
    pub fn connect(
        address: SocketAddr,
        mtu: Option<u32>,
        mut options: Options,
        now: u64,
    ) -> io::Result<Self> {
        let socket = open(address)?;
        let max_message = max_message(&socket, address, mtu);
        options.ipfix.max_message = max_message;
        options.template_interval = Some(TEMPLATE_INTERVAL);
        let exporter = Exporter::new(options, now);
        Ok(Self {
            exporter,
            socket,
            address,
            mtu,
            max_message,
            previous: None,
            is_failing: false,
            is_broken: false,
            problem: None,
        })
    }

    fn send(&mut self, now: u64) {
        while let Some(message) = self.exporter.next_message(now) {
            let size = MessageSize::from(&message);
            let mut result = self.socket.send(message.bytes);
            let mut refused = None;
            for _ in 0..EARLIER_ERRORS {
                match result {
                    // The error of an earlier datagram; this one has not been sent.
                    Err(error) if is_refused(&error) => refused = Some(error),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    other => {
                        result = other;
                        break;
                    }
                }
                result = self.socket.send(message.bytes);
            }
            let was_failing = std::mem::replace(&mut self.is_failing, false);
            if let Some(error) = refused {
                self.fail_previous(was_failing, error, now);
            }
            self.previous = match result {
                Ok(_) => Some(size),
                Err(error) => {
                    self.exporter.failed(size, now);
                    self.fail(was_failing, error, now);
                    None
                }
            };
        }
    }

    /// Notes that nobody received the previous message.
    fn fail_previous(&mut self, was_failing: bool, error: io::Error, now: u64) {
        if let Some(previous) = self.previous.take() {
            self.exporter.failed(previous, now);
        }
        self.exporter.resend_templates_soon(now);
        self.note(was_failing, error);
    }

    /// Does what may help the next message.
    fn fail(&mut self, was_failing: bool, error: io::Error, now: u64) {
        if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) {
            self.ask_mtu(now);
        } else if !is_refused(&error) {
            self.is_broken = true;
        }
        self.exporter.resend_templates_soon(now);
        self.note(was_failing, error);
    }

    fn note(&mut self, was_failing: bool, error: io::Error) {
        self.is_failing = true;
        if !was_failing {
            self.problem = Some(Problem::Send(error));
        }
    }

    /// Replaces the socket: its source address may be gone.
    fn reopen(&mut self, now: u64) {
        if let Ok(socket) = open(self.address) {
            self.socket = socket;
            self.is_broken = false;
            // A new port is a new session.
            self.previous = None;
            self.exporter.start_session(now);
        }
    }

    /// Follows changes of the path MTU.
    fn ask_mtu(&mut self, now: u64) {
        let max_message = max_message(&self.socket, self.address, self.mtu);
        if max_message != self.max_message {
            self.max_message = max_message;
            self.exporter.set_max_message(max_message, now);
        }
    }
}

impl Destination for UdpExporter {
    fn push(&mut self, flow: &Flow<'_>, now: u64) {
        self.exporter.push(flow, now);
    }

    fn lost(&mut self, events: u64, now: u64) {
        self.exporter.lost(events, now);
    }

    fn tick(&mut self, now: u64) {
        if self.is_broken {
            self.reopen(now);
        }
        if self.exporter.next_deadline() <= now {
            self.ask_mtu(now);
        }
        self.exporter.tick(now);
        self.send(now);
    }

    fn next_deadline(&self) -> u64 {
        self.exporter.next_deadline()
    }

    fn finish(&mut self, now: u64) {
        self.exporter.finish(now);
        self.send(now);
        if let Ok(Some(error)) = self.socket.take_error() {
            self.fail_previous(self.is_failing, error, now);
        }
    }

    fn counts(&self) -> Counts {
        self.exporter.counts()
    }

    fn take_problem(&mut self) -> Option<Problem> {
        self.problem.take()
    }
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionRefused
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket)
}

/// Returns the number of bytes in the longest message.
fn max_message(socket: &UdpSocket, address: SocketAddr, mtu: Option<u32>) -> usize {
    let (headers, path_mtu) = match address {
        SocketAddr::V4(_) => (20 + 8, sockopt::ip_mtu(socket)),
        SocketAddr::V6(_) => (40 + 8, sockopt::ipv6_mtu(socket)),
    };
    let mtu = mtu.unwrap_or_else(|| path_mtu.unwrap_or(UNKNOWN_MTU).min(HIGHEST_MTU));
    mtu.saturating_sub(headers) as usize
}
