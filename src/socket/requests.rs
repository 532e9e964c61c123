//! The blocking socket for requests.

use super::buffer::Buffer;
use super::error::SocketError;
use super::exchange::{Exchange, Outcome, Session, Step};
use super::kernel_socket::KernelSocket;
use super::link::{self, Received};
use super::transport::Transport;
use crate::error::{Error, ErrorKind};
use crate::flat::{ExpectStats, StatsCpu, StatsGlobal};
use crate::request::{self, Selector};
use crate::{Conntrack, Expectation, Family, Message, MessageBuf};
use core::ops::ControlFlow;
use core::time::Duration;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

/// Number of attempts to get a dump that was not interrupted.
pub(super) const ATTEMPTS: u32 = 3;
/// Size of a datagram from which on no request is added.
///
/// The send buffer holds several of these.
const BATCH_BYTES: usize = 32 << 10;
/// Number of requests per datagram.
///
/// Their acknowledgements take about 1 KiB each and must fit the default receive buffer of 208 KiB.
const BATCH_REQUESTS: usize = 100;

/// A socket that sends requests and receives the replies.
///
/// The module [`request`] builds the requests; the socket numbers them. A reply that is not read to
/// its end, because of an error or because the caller ended it, is skipped before the next request.
///
/// # Examples
/// ```no_run
/// use ctnetlink::request::{self, Selector};
/// use ctnetlink::socket::Socket;
/// use ctnetlink::{Conntrack, Family};
///
/// let mut socket = Socket::open()?;
/// let only = Selector { family: Family::IPV6, ..Selector::default() };
/// for ct in socket.entries(&only)? {
///     println!("{:?} -> {:?}", ct.orig.src, ct.orig.dst);
/// }
/// socket.request(request::flush(&only))?;
/// println!("{:?} entries left", socket.stats()?.entries);
/// # Ok::<(), ctnetlink::socket::SocketError>(())
/// ```
#[derive(Debug)]
pub struct Socket<T = KernelSocket> {
    socket: T,
    session: Session,
    buffer: Buffer,
}

impl Socket {
    /// Opens a socket for requests.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn open() -> Result<Self, SocketError> {
        let socket = KernelSocket::open().map_err(SocketError::io(link::OPENING))?;
        Ok(Self::with_transport(socket))
    }

    /// Returns the underlying socket, for options that have no method here.
    ///
    /// Do not clone it: netlink-sys closes the file descriptor when the first clone is dropped.
    #[must_use]
    pub const fn netlink(&self) -> &netlink_sys::Socket {
        self.socket.netlink()
    }
}

impl<T: Transport> Socket<T> {
    /// Creates a socket from another transport.
    #[must_use]
    pub fn with_transport(socket: T) -> Self {
        let session = Session::new(socket.portid());
        Self { socket, session, buffer: Buffer::default() }
    }

    /// Sends a request and waits for its acknowledgement or, if it is a GET, for its reply.
    ///
    /// The content of the reply is ignored; [`exchange`](Self::exchange) passes it on.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn request(&mut self, request: MessageBuf) -> Result<Outcome, SocketError> {
        self.exchange(request, |_| ControlFlow::Continue(()))
    }

    /// Sends a request and calls `take` for each message of the reply.
    ///
    /// The socket sets the sequence number, and `NLM_F_ACK` in requests that change something. The
    /// exchange ends early if `take` returns [`ControlFlow::Break`].
    ///
    /// # Errors
    /// Returns [`Rejected`](SocketError::Rejected) if the kernel rejects the request. Returns
    /// [`Overrun`](SocketError::Overrun), [`Truncated`](SocketError::Truncated),
    /// [`TimedOut`](SocketError::TimedOut), [`Malformed`](SocketError::Malformed) or
    /// [`Io`](SocketError::Io) if the reply is lost; the request may have been carried out, and
    /// `take` may have been called.
    pub fn exchange(
        &mut self,
        request: MessageBuf,
        mut take: impl FnMut(Message<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, SocketError> {
        let mut exchange = self.start(request)?;
        self.send_datagram(exchange.as_bytes())?;
        self.session.sent(&exchange);
        loop {
            self.receive()?;
            if self.session.read(&mut exchange, &mut self.buffer, &mut take)?.is_break() {
                return Ok(exchange.outcome);
            }
        }
    }

    fn start(&mut self, request: MessageBuf) -> Result<Exchange, SocketError> {
        while self.session.skip_dump(&self.socket, &mut self.buffer)? {}
        Ok(self.session.start(request))
    }

    /// Receives the next datagram into the socket's own buffer.
    fn receive(&mut self) -> Result<(), SocketError> {
        loop {
            match link::receive(&self.socket, &mut self.buffer, true)? {
                Received::Datagram => return Ok(()),
                Received::Nothing => return Err(SocketError::TimedOut),
                Received::Signal => {}
            }
        }
    }

    /// Sends a dump request again if the dump was interrupted, at most `attempts` times in all.
    ///
    /// [`Outcome::interrupted`] is set if the last attempt was interrupted, too. The dump ends early
    /// if `take` returns [`ControlFlow::Break`].
    ///
    /// # Examples
    /// ```no_run
    /// use ctnetlink::request::{self, Selector};
    /// use ctnetlink::socket::{Socket, Step};
    /// use std::ops::ControlFlow;
    ///
    /// let mut socket = Socket::open()?;
    /// let dump = request::dump(&Selector::default());
    /// let mut messages = Vec::new();
    /// socket.dump_consistent(5, &dump, |step| {
    ///     match step {
    ///         Step::Restart => messages.clear(),
    ///         Step::Message(message) => messages.push(message.to_buf()),
    ///         _ => {}
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// # Ok::<(), ctnetlink::socket::SocketError>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn dump_consistent(
        &mut self,
        attempts: u32,
        dump: &MessageBuf,
        mut take: impl FnMut(Step<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, SocketError> {
        let mut attempts_left = attempts;
        loop {
            if take(Step::Restart).is_break() {
                return Ok(Outcome::default());
            }
            let mut is_over = false;
            let outcome = self.exchange(dump.clone(), |message| {
                let flow = take(Step::Message(message));
                is_over |= flow.is_break();
                flow
            })?;
            attempts_left = attempts_left.saturating_sub(1);
            if is_over || !outcome.interrupted || attempts_left == 0 {
                return Ok(outcome);
            }
        }
    }

    /// Sends many requests, several per datagram, and returns how many the kernel carried out.
    ///
    /// Calls `rejected` with the position and the error of each request that the kernel rejects.
    /// Replies are ignored.
    ///
    /// # Examples
    /// ```no_run
    /// use ctnetlink::request::{self, Selector};
    /// use ctnetlink::socket::Socket;
    ///
    /// let mut socket = Socket::open()?;
    /// let entries = socket.entries(&Selector { mark: Some((7, 0xff)), ..Selector::default() })?;
    /// let requests = entries.iter().map(request::delete).collect::<Result<Vec<_>, _>>()?;
    /// let deleted = socket.request_all(requests, |n, error| eprintln!("{n}: {error}"))?;
    /// println!("{deleted} entries deleted");
    /// # Ok::<(), ctnetlink::socket::SocketError>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`Malformed`](SocketError::Malformed) if a request is a dump, and otherwise the
    /// errors of [`exchange`](Self::exchange) except for [`Rejected`](SocketError::Rejected).
    /// Earlier requests may have been carried out.
    pub fn request_all(
        &mut self,
        requests: impl IntoIterator<Item = MessageBuf>,
        mut rejected: impl FnMut(u64, SocketError),
    ) -> Result<u64, SocketError> {
        let mut requests = requests.into_iter().fuse();
        let mut datagram = Vec::new();
        // The requests of the current datagram, in order, with their positions.
        let mut waiting: VecDeque<(u64, Exchange)> = VecDeque::new();
        let mut position = 0;
        let mut carried_out = 0;
        loop {
            datagram.clear();
            while datagram.len() < BATCH_BYTES && waiting.len() < BATCH_REQUESTS {
                let Some(request) = requests.next() else { break };
                let nlmsg_type = request.as_message().header().nlmsg_type;
                let exchange = self.start(request)?;
                if exchange.is_dump() {
                    return Err(Error::at(0, ErrorKind::MessageType { nlmsg_type }).into());
                }
                datagram.extend_from_slice(exchange.as_bytes());
                datagram.resize(datagram.len().next_multiple_of(4), 0);
                waiting.push_back((position, exchange));
                position += 1;
            }
            if waiting.is_empty() {
                return Ok(carried_out);
            }
            self.send_datagram(&datagram)?;
            // The kernel replies in order.
            while let Some((position, exchange)) = waiting.front_mut() {
                let read = self
                    .session
                    .read(exchange, &mut self.buffer, &mut |_| ControlFlow::Continue(()));
                match read {
                    Ok(ControlFlow::Continue(())) => {
                        self.receive()?;
                        continue;
                    }
                    Ok(ControlFlow::Break(())) => carried_out += 1,
                    Err(error @ SocketError::Rejected(_)) => rejected(*position, error),
                    Err(error) => return Err(error),
                }
                waiting.pop_front();
            }
        }
    }

    /// Returns the entries that `only` selects.
    ///
    /// Malformed attributes are `None`. A dump that was interrupted is repeated up to two times; the
    /// last one is returned as it is.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn entries(&mut self, only: &Selector) -> Result<Vec<Conntrack>, SocketError> {
        self.collect(&request::dump(only), entry)
    }

    /// Returns the entry with the original or reply tuple of `ct` and its zone.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange), except for `ENOENT`, which is `None`.
    pub fn entry(&mut self, ct: &Conntrack) -> Result<Option<Conntrack>, SocketError> {
        match self.collect(&request::get(ct), entry) {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(|mut found| found.pop()),
        }
    }

    /// Returns all expectations of a layer 3 protocol; [`Family::UNSPEC`] is any.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn expectations(&mut self, family: Family) -> Result<Vec<Expectation>, SocketError> {
        let request = request::dump_expectations(family);
        self.collect(&request, |message| message.expectation().ok())
    }

    /// Returns the number of entries in the table and the largest possible number.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn stats(&mut self) -> Result<StatsGlobal, SocketError> {
        let mut all = self.collect(&request::stats(), |message| message.stats_global().ok())?;
        Ok(all.pop().unwrap_or_default())
    }

    /// Returns the statistics of each CPU.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn stats_cpu(&mut self) -> Result<Vec<StatsCpu>, SocketError> {
        self.collect(&request::stats_cpu(), |message| message.stats_cpu().ok())
    }

    /// Returns the expectation statistics of each CPU.
    ///
    /// # Errors
    /// Returns the errors of [`exchange`](Self::exchange).
    pub fn expect_stats_cpu(&mut self) -> Result<Vec<ExpectStats>, SocketError> {
        self.collect(&request::expect_stats_cpu(), |message| message.expect_stats().ok())
    }

    /// Returns what `decode` makes of the messages of a reply, from a consistent dump if possible.
    fn collect<R>(
        &mut self,
        request: &MessageBuf,
        decode: impl Fn(&Message<'_>) -> Option<R>,
    ) -> Result<Vec<R>, SocketError> {
        let mut all = Vec::new();
        self.dump_consistent(ATTEMPTS, request, |step| {
            match step {
                Step::Restart => all.clear(),
                Step::Message(message) => all.extend(decode(&message)),
            }
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// Sends a datagram unchanged, for use with [`receive_datagram`](Self::receive_datagram).
    ///
    /// A dump that is requested in this way must be received to its end.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn send_datagram(&mut self, datagram: &[u8]) -> Result<(), SocketError> {
        link::send(&self.socket, datagram)
    }

    /// Receives a datagram into a buffer of the caller.
    ///
    /// Returns `false` if none arrives before the timeout, or after a signal.
    ///
    /// # Errors
    /// Returns [`Overrun`](SocketError::Overrun), [`Truncated`](SocketError::Truncated) or
    /// [`Io`](SocketError::Io).
    pub fn receive_datagram(&mut self, buffer: &mut Buffer) -> Result<bool, SocketError> {
        let received = link::receive(&self.socket, buffer, true)?;
        Ok(received == Received::Datagram)
    }

    /// Sets how long to wait for each datagram of a reply; `None`, the default, is without limit.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        let doing = "setting the timeout of a socket";
        self.socket.set_timeout(timeout).map_err(SocketError::io(doing))
    }

    /// Sets the size of the kernel's receive buffer, as
    /// [`Events::set_receive_buffer`](super::Events::set_receive_buffer) does.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        link::set_receive_buffer(&self.socket, bytes)
    }

    /// Returns the port ID of the socket.
    ///
    /// It is the `nlmsg_pid` of replies, and of the events that the socket's requests cause.
    #[must_use]
    pub const fn portid(&self) -> u32 {
        self.session.portid
    }

    /// Returns the transport of the socket.
    #[must_use]
    pub const fn transport(&self) -> &T {
        &self.socket
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Decodes the entry in a message; malformed attributes are `None`.
pub(super) fn entry(message: &Message<'_>) -> Option<Conntrack> {
    message.conntrack().ok()
}
