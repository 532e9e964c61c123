//! The sockets for programs that run on tokio.

use super::buffer::Buffer;
use super::error::SocketError;
use super::events::count_overruns;
use super::exchange::{Outcome, Session};
use super::kernel_socket::KernelSocket;
use super::link::{self, RECEIVING};
use super::requests::{ATTEMPTS, entry};
use super::transport::AsyncTransport;
use crate::request::{self, Selector};
use crate::{Conntrack, Group, Message, MessageBuf};
use core::fmt;
use core::future::poll_fn;
use core::ops::ControlFlow;
use core::task::Poll;

/// A [`Socket`](super::Socket) for programs that run on tokio.
///
/// # Cancel safety
///
/// The methods are not cancel safe: if a future is dropped before it is ready, the request may have
/// been carried out. The socket remains usable. It skips the rest of the reply before the next
/// request.
///
/// # Examples
/// ```no_run
/// use ctnetlink::request::Selector;
/// use ctnetlink::socket::{SocketError, TokioSocket};
///
/// async fn print_entries() -> Result<(), SocketError> {
///     let mut socket = TokioSocket::open()?;
///     for ct in socket.entries(&Selector::default()).await? {
///         println!("{:?} -> {:?}", ct.orig.src, ct.orig.dst);
///     }
///     Ok(())
/// }
/// ```
pub struct TokioSocket<T = KernelSocket<netlink_sys::TokioSocket>> {
    socket: T,
    session: Session,
    buffer: Buffer,
}

impl TokioSocket {
    /// Opens a socket for requests and registers it with tokio.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    ///
    /// # Panics
    /// Panics outside a tokio runtime with I/O enabled.
    pub fn open() -> Result<Self, SocketError> {
        Ok(Self::with_transport(open()?))
    }
}

impl<T: AsyncTransport> TokioSocket<T> {
    /// Creates a socket from another transport.
    #[must_use]
    pub fn with_transport(socket: T) -> Self {
        let session = Session::new(socket.portid());
        Self { socket, session, buffer: Buffer::default() }
    }

    /// Sends a request and waits for its acknowledgement or reply, as
    /// [`Socket::request`](super::Socket::request) does.
    ///
    /// # Errors
    /// Returns the errors of [`Socket::exchange`](super::Socket::exchange).
    pub async fn request(&mut self, request: MessageBuf) -> Result<Outcome, SocketError> {
        self.exchange(request, |_| ControlFlow::Continue(())).await
    }

    /// Sends a request and calls `take` for each message of the reply, as
    /// [`Socket::exchange`](super::Socket::exchange) does.
    ///
    /// # Errors
    /// Returns the errors of [`Socket::exchange`](super::Socket::exchange).
    pub async fn exchange(
        &mut self,
        request: MessageBuf,
        mut take: impl FnMut(Message<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, SocketError> {
        while self.session.skip_dump(&self.socket, &mut self.buffer)? {
            yield_now().await;
        }
        let mut exchange = self.session.start(request);
        link::send(&self.socket, exchange.as_bytes())?;
        self.session.sent(&exchange);
        loop {
            receive(&self.socket, &mut self.buffer).await?;
            if self.session.read(&mut exchange, &mut self.buffer, &mut take)?.is_break() {
                return Ok(exchange.outcome);
            }
        }
    }

    /// Returns the entries that `only` selects, as [`Socket::entries`](super::Socket::entries) does.
    ///
    /// # Errors
    /// Returns the errors of [`Socket::exchange`](super::Socket::exchange).
    pub async fn entries(&mut self, only: &Selector) -> Result<Vec<Conntrack>, SocketError> {
        let mut attempts_left = ATTEMPTS;
        loop {
            let mut entries = Vec::new();
            let take = |message: Message<'_>| {
                entries.extend(entry(&message));
                ControlFlow::Continue(())
            };
            let outcome = self.exchange(request::dump(only), take).await?;
            attempts_left -= 1;
            if !outcome.interrupted || attempts_left == 0 {
                return Ok(entries);
            }
        }
    }

    /// Returns the entry with the tuple and zone of `ct`, as [`Socket::entry`](super::Socket::entry)
    /// does.
    ///
    /// # Errors
    /// Returns the errors of [`Socket::exchange`](super::Socket::exchange), except for `ENOENT`.
    pub async fn entry(&mut self, ct: &Conntrack) -> Result<Option<Conntrack>, SocketError> {
        let mut found = None;
        let take = |message: Message<'_>| {
            found = entry(&message);
            ControlFlow::Continue(())
        };
        match self.exchange(request::get(ct), take).await {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(|_| found),
        }
    }
}

/// An [`Events`](super::Events) socket for programs that run on tokio.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Group;
/// use ctnetlink::socket::{SocketError, TokioEvents};
///
/// async fn follow() -> Result<(), SocketError> {
///     let mut events = TokioEvents::subscribe(&[Group::Destroy])?;
///     loop {
///         match events.recv().await {
///             Ok(message) => println!("{:?}", message.kind()),
///             Err(SocketError::Overrun) => eprintln!("{} dropped", events.dropped_events()?),
///             Err(error) => return Err(error),
///         }
///     }
/// }
/// ```
pub struct TokioEvents<T = KernelSocket<netlink_sys::TokioSocket>> {
    socket: T,
    buffer: Buffer,
    overruns: u64,
}

impl TokioEvents {
    /// Opens a socket that is subscribed to `groups`, and registers it with tokio.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    ///
    /// # Panics
    /// Panics outside a tokio runtime with I/O enabled.
    pub fn subscribe(groups: &[Group]) -> Result<Self, SocketError> {
        Self::with_transport(open()?, groups)
    }
}

impl<T: AsyncTransport> TokioEvents<T> {
    /// Creates a socket from another transport, and subscribes it to `groups`.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if the transport cannot join a group.
    pub fn with_transport(socket: T, groups: &[Group]) -> Result<Self, SocketError> {
        groups.iter().try_for_each(|&group| link::join(&socket, group))?;
        Ok(Self { socket, buffer: Buffer::default(), overruns: 0 })
    }

    /// Returns the next event, waiting for one if necessary.
    ///
    /// Cancel safe: dropping the future loses no event.
    ///
    /// # Errors
    /// Returns the errors of [`Events::recv`](super::Events::recv).
    pub async fn recv(&mut self) -> Result<Message<'_>, SocketError> {
        loop {
            if let Some(place) = self.buffer.take() {
                return self.buffer.message(place?);
            }
            let received = receive(&self.socket, &mut self.buffer).await;
            count_overruns(received, &mut self.overruns)?;
        }
    }

    /// Returns how often [`recv`](Self::recv) has returned [`SocketError::Overrun`].
    #[must_use]
    pub const fn overruns(&self) -> u64 {
        self.overruns
    }

    /// Returns the number of events that the kernel has dropped on this socket so far.
    ///
    /// # Errors
    /// Returns the errors of [`Events::dropped_events`](super::Events::dropped_events).
    pub fn dropped_events(&self) -> Result<u64, SocketError> {
        link::dropped(&self.socket)
    }

    /// Sets the size of the kernel's receive buffer, as
    /// [`Events::set_receive_buffer`](super::Events::set_receive_buffer) does.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        link::set_receive_buffer(&self.socket, bytes)
    }
}

impl<T> fmt::Debug for TokioSocket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioSocket").field("session", &self.session).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for TokioEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioEvents").field("overruns", &self.overruns).finish_non_exhaustive()
    }
}

fn open() -> Result<KernelSocket<netlink_sys::TokioSocket>, SocketError> {
    KernelSocket::open_on_tokio().map_err(SocketError::io(link::OPENING))
}

/// Receives the next datagram from the kernel.
async fn receive(socket: &impl AsyncTransport, buffer: &mut Buffer) -> Result<(), SocketError> {
    let room = buffer.room();
    let capacity = room.len();
    let received = poll_fn(|context| socket.poll_receive(context, room)).await;
    let length = received.map_err(SocketError::io(RECEIVING))?;
    // The length of a truncated datagram may be that of the buffer.
    if length >= capacity {
        return Err(SocketError::Truncated { length, capacity });
    }
    buffer.filled(length);
    Ok(())
}

/// Lets other tasks run.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
