//! Collectors over TCP.

use super::exporter::{Exporter, MessageSize, Options};
use super::problem::Problem;
use super::timer::{Timer, ns};
use super::{Counts, Destination};
use crate::Flow;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How soon a message that the socket did not take is tried again.
const BUSY: Duration = Duration::from_millis(20);

/// The options of a [`TcpExporter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// The least time between two attempts to connect, once all addresses have been tried.
    ///
    /// RFC 7011 demands that it is a minute or more by default.
    pub retry: Duration,
    /// How long the end may take, until everything is sent.
    pub patience: Duration,
}

/// A minute between attempts, and five seconds at the end.
impl Default for TcpOptions {
    fn default() -> Self {
        Self { retry: Duration::from_secs(60), patience: Duration::from_secs(5) }
    }
}

/// A destination that sends IPFIX messages to a collector over TCP.
///
/// Nothing waits for the collector: what the connection does not take stays in a buffer of
/// [`max_waiting`](Options::max_waiting) bytes, and further records are dropped and counted. When a
/// connection is lost, what was not given to the kernel counts as not sent, and the next connection
/// is a new session, with its templates. The collector's kernel may lose more when the collector is
/// killed: TCP does not tell what it received.
///
/// # Examples
/// ```no_run
/// use ctnetlink_flow::export::{Destination as _, Options, TcpExporter, TcpOptions};
///
/// let now = 1_795_552_006_123_456_789;
/// let addresses = vec!["192.0.2.7:4739".parse()?];
/// let mut collector =
///     TcpExporter::new(addresses, TcpOptions::default(), Options::default(), now);
/// // A program calls `push` for each flow, and `tick` after each batch of them.
/// collector.finish(now);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TcpExporter {
    exporter: Exporter,
    addresses: Vec<SocketAddr>,
    options: TcpOptions,
    state: State,
    /// The message that is being written, as far as it is not.
    unwritten: Vec<u8>,
    size: MessageSize,
    /// The buffer was full at the last tick.
    is_full: bool,
    problem: Option<Problem>,
}

#[derive(Debug)]
enum State {
    Closed {
        /// Runs until the next attempt.
        pause: Option<Timer>,
    },
    Connecting {
        stream: TcpStream,
        /// The position of the address.
        address: usize,
        /// Runs until the next round of attempts may begin.
        pause: Timer,
    },
    Connected {
        stream: TcpStream,
        pause: Timer,
    },
}

impl TcpExporter {
    /// Creates a destination with the addresses of one collector, which are tried in turn.
    ///
    /// The first call of [`tick`](Destination::tick) connects.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>, tcp: TcpOptions, options: Options, now: u64) -> Self {
        Self {
            exporter: Exporter::new(options, now),
            addresses,
            options: tcp,
            state: State::Closed { pause: None },
            unwritten: Vec::new(),
            size: MessageSize::default(),
            is_full: false,
            problem: None,
        }
    }

    /// Goes on as far as that is possible without waiting.
    fn advance(&mut self, now: u64) {
        if let State::Closed { pause } = self.state {
            if pause.is_none_or(|pause| pause.is_due(now)) {
                self.connect(0, Timer::new(now, ns(self.options.retry)));
            }
        }
        if let State::Connecting { .. } = self.state {
            self.check_connection();
        }
        if let State::Connected { .. } = self.state {
            if let Err(error) = self.write(now) {
                self.disconnect(error, now);
            }
        }
    }

    /// Begins to connect to an address or, if that fails at once, to those after it.
    fn connect(&mut self, first: usize, pause: Timer) {
        self.state = State::Closed { pause: Some(pause) };
        for (position, &address) in self.addresses.iter().enumerate().skip(first) {
            match begin(address) {
                Ok(stream) => {
                    self.state = State::Connecting { stream, address: position, pause };
                    return;
                }
                Err(error) => {
                    let retry = self.options.retry;
                    self.problem = Some(Problem::Connect { address, error, retry });
                }
            }
        }
    }

    /// Finds out whether the connection exists now.
    fn check_connection(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Closed { pause: None });
        let State::Connecting { stream, address, pause } = state else {
            self.state = state;
            return;
        };
        if !is_writable(&stream, Duration::ZERO) {
            self.state = State::Connecting { stream, address, pause };
            return;
        }
        match stream.take_error() {
            Ok(None) => self.state = State::Connected { stream, pause },
            Ok(Some(error)) | Err(error) => {
                if let Some(&failed) = self.addresses.get(address) {
                    let retry = self.options.retry;
                    self.problem = Some(Problem::Connect { address: failed, error, retry });
                }
                self.connect(address + 1, pause);
            }
        }
    }

    /// Writes messages until there are none, or the socket takes no more.
    fn write(&mut self, now: u64) -> io::Result<()> {
        let State::Connected { stream, .. } = &mut self.state else { return Ok(()) };
        loop {
            if self.unwritten.is_empty() {
                if !self.exporter.has_message() {
                    return Ok(());
                }
                // A message to a collector that has closed the connection would be lost.
                check_open(stream)?;
                let Some(message) = self.exporter.next_message(now) else { return Ok(()) };
                self.unwritten.extend_from_slice(message.bytes);
                self.size = MessageSize::from(&message);
            }
            match stream.write(&self.unwritten) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the session.
    fn disconnect(&mut self, error: io::Error, now: u64) {
        if let State::Connected { pause, .. } = self.state {
            self.state = State::Closed { pause: Some(pause) };
        }
        self.problem = Some(Problem::Disconnected { error, retry: self.options.retry });
        self.discard(now);
    }

    /// Counts what waits as not sent, and begins a new session.
    fn discard(&mut self, now: u64) {
        if !self.unwritten.is_empty() {
            self.unwritten.clear();
            self.exporter.failed(self.size, now);
        }
        self.exporter.start_session(now);
    }

    fn has_unsent(&self) -> bool {
        !self.unwritten.is_empty() || self.exporter.has_message()
    }
}

impl Destination for TcpExporter {
    fn push(&mut self, flow: &Flow<'_>, now: u64) {
        self.exporter.push(flow, now);
    }

    fn lost(&mut self, events: u64, now: u64) {
        self.exporter.lost(events, now);
    }

    fn tick(&mut self, now: u64) {
        self.exporter.tick(now);
        self.advance(now);
        let is_full = self.exporter.is_full();
        if is_full && !self.is_full && matches!(self.state, State::Connected { .. }) {
            self.problem = Some(Problem::Full);
        }
        self.is_full = is_full;
    }

    fn next_deadline(&self) -> u64 {
        let of_exporter = self.exporter.next_deadline();
        match &self.state {
            State::Closed { pause } => pause.map_or(0, Timer::end).min(of_exporter),
            State::Connecting { .. } => 0,
            State::Connected { .. } if self.has_unsent() => 0,
            State::Connected { .. } => of_exporter,
        }
    }

    fn is_waiting(&self) -> bool {
        self.exporter.is_full() && !matches!(self.state, State::Closed { .. })
    }

    /// Waits for the collector, but not longer than [`TcpOptions::patience`].
    fn finish(&mut self, now: u64) {
        self.exporter.finish(now);
        let end = Instant::now() + self.options.patience;
        self.advance(now);
        while self.has_unsent() && Instant::now() < end {
            match &self.state {
                State::Connecting { stream, .. } | State::Connected { stream, .. } => {
                    is_writable(stream, BUSY);
                }
                // An attempt would be too early.
                State::Closed { .. } => break,
            }
            self.advance(now);
        }
        self.discard(now);
    }

    fn counts(&self) -> Counts {
        self.exporter.counts()
    }

    fn take_problem(&mut self) -> Option<Problem> {
        self.problem.take()
    }
}

/// Begins to connect, without waiting.
fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // A collector's host that vanishes is noticed.
    sockopt::set_socket_keepalive(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error.into()),
    }
}

/// Waits until the socket can be written or has an error.
fn is_writable(stream: &TcpStream, timeout: Duration) -> bool {
    let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
    poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&timeout)).is_ok_and(|ready| ready > 0)
}

/// Returns an error if the other side has closed the connection.
fn check_open(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut [0; 512]) {
        Ok(0) => {
            Err(io::Error::new(ErrorKind::ConnectionAborted, "the collector closed the connection"))
        }
        // Collectors do not send anything; what they send means nothing.
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
