//! The blocking socket for events.

use super::buffer::Buffer;
use super::error::SocketError;
use super::kernel_socket::KernelSocket;
use super::link::{self, Received};
use super::transport::Transport;
use crate::{Group, Message};
use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

/// A socket that receives events.
///
/// Since Linux 5.19, an entry has events only if a socket was subscribed when the entry was
/// created, unless the sysctl `net.netfilter.nf_conntrack_events` is 1. This includes its DESTROY
/// event.
///
/// # Event loss
///
/// The kernel does not wait for a slow reader. When the receive buffer is full, it drops events,
/// and the next receive call returns [`SocketError::Overrun`]. The socket remains usable. The
/// kernel then drops every further event until the receive buffer has been read empty.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Group;
/// use ctnetlink::socket::{Events, SocketError};
///
/// let mut events = Events::subscribe(&[Group::New, Group::Destroy])?;
/// events.set_receive_buffer(4 << 20)?;
/// loop {
///     match events.recv() {
///         Ok(message) => println!("{:?}", message.kind()),
///         Err(SocketError::Overrun) => eprintln!("{} events dropped", events.dropped_events()?),
///         Err(error) => return Err(error),
///     }
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), SocketError>(())
/// ```
#[derive(Debug)]
pub struct Events<T = KernelSocket> {
    socket: T,
    buffer: Buffer,
    overruns: u64,
}

impl Events {
    /// Opens a socket that is subscribed to `groups`.
    ///
    /// Subscribing needs `CAP_NET_ADMIN` in the network namespace. To set the size of the receive
    /// buffer before the first event can arrive, pass no groups and use [`join`](Self::join).
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn subscribe(groups: &[Group]) -> Result<Self, SocketError> {
        let socket = KernelSocket::open().map_err(SocketError::io(link::OPENING))?;
        Self::with_transport(socket, groups)
    }

    /// Returns the underlying socket, for options that have no method here.
    ///
    /// Do not clone it: netlink-sys closes the file descriptor when the first clone is dropped.
    #[must_use]
    pub const fn netlink(&self) -> &netlink_sys::Socket {
        self.socket.netlink()
    }
}

impl<T: Transport> Events<T> {
    /// Creates a socket from another transport, and subscribes it to `groups`.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if the transport cannot join a group.
    pub fn with_transport(socket: T, groups: &[Group]) -> Result<Self, SocketError> {
        let events = Self { socket, buffer: Buffer::default(), overruns: 0 };
        groups.iter().try_for_each(|&group| events.join(group))?;
        Ok(events)
    }

    /// Subscribes to another group.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn join(&self, group: Group) -> Result<(), SocketError> {
        link::join(&self.socket, group)
    }

    /// Unsubscribes from a group.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn leave(&self, group: Group) -> Result<(), SocketError> {
        let doing = "leaving a netlink group of connection tracking";
        self.socket.leave(group.into()).map_err(SocketError::io(doing))
    }

    /// Returns the next event, waiting for one if necessary.
    ///
    /// The call continues to wait after a signal was handled.
    ///
    /// # Errors
    /// After [`Overrun`](SocketError::Overrun), [`Truncated`](SocketError::Truncated) and
    /// [`Malformed`](SocketError::Malformed) events are missing, and the next call returns the
    /// events that follow. Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn recv(&mut self) -> Result<Message<'_>, SocketError> {
        loop {
            if let Some(place) = self.buffer.take() {
                return self.buffer.message(place?);
            }
            if self.receive(true)? == Received::Nothing {
                link::wait(&self.socket, None)?;
            }
        }
    }

    /// Returns the next event if one has arrived, without waiting.
    ///
    /// # Errors
    /// Returns the errors of [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<Message<'_>>, SocketError> {
        self.recv_timeout(Duration::ZERO)
    }

    /// Returns the next event, or `None` if none arrives within `timeout`.
    ///
    /// The call continues to wait after a signal was handled.
    ///
    /// # Errors
    /// Returns the errors of [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message<'_>>, SocketError> {
        // A timeout that the clock cannot represent does not end.
        let end = Instant::now().checked_add(timeout);
        loop {
            if let Some(place) = self.buffer.take() {
                return self.buffer.message(place?).map(Some);
            }
            if self.receive(false)? != Received::Nothing {
                continue;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            link::wait(&self.socket, left)?;
        }
    }

    /// Receives the next datagram into a buffer of the caller, waiting for one if necessary.
    ///
    /// This serves programs that store or forward whole datagrams. Messages of an earlier datagram
    /// that [`recv`](Self::recv) has not returned yet stay for the next call to it.
    ///
    /// # Errors
    /// Returns the errors of [`recv`](Self::recv), except for
    /// [`Malformed`](SocketError::Malformed).
    pub fn recv_datagram(&mut self, buffer: &mut Buffer) -> Result<(), SocketError> {
        loop {
            match self.receive_into(buffer, true)? {
                Received::Datagram => return Ok(()),
                Received::Nothing => link::wait(&self.socket, None).map(drop)?,
                Received::Signal => {}
            }
        }
    }

    /// Receives a datagram into a buffer of the caller, and returns `false` if none has arrived.
    ///
    /// # Errors
    /// Returns the errors of [`recv_datagram`](Self::recv_datagram).
    pub fn try_recv_datagram(&mut self, buffer: &mut Buffer) -> Result<bool, SocketError> {
        loop {
            match self.receive_into(buffer, false)? {
                Received::Datagram => return Ok(true),
                Received::Nothing => return Ok(false),
                Received::Signal => {}
            }
        }
    }

    fn receive(&mut self, wait: bool) -> Result<Received, SocketError> {
        count_overruns(link::receive(&self.socket, &mut self.buffer, wait), &mut self.overruns)
    }

    fn receive_into(&mut self, buffer: &mut Buffer, wait: bool) -> Result<Received, SocketError> {
        count_overruns(link::receive(&self.socket, buffer, wait), &mut self.overruns)
    }

    /// Calls `take` for every event that has arrived, without waiting for more.
    ///
    /// After event loss the kernel delivers events again once the receive buffer is empty; this
    /// call empties it. If events are lost again meanwhile, it continues until the buffer has been
    /// empty since.
    ///
    /// # Errors
    /// Returns the errors of [`recv`](Self::recv), except for [`Overrun`](SocketError::Overrun),
    /// which is counted.
    pub fn drain(&mut self, mut take: impl FnMut(&Message<'_>)) -> Result<(), SocketError> {
        let capacity = self.socket.receive_buffer().map_err(SocketError::io(link::RECEIVING))?;
        // The receive buffer holds less than `capacity` bytes of datagrams. Once as many have been
        // received since the last overrun, it has been empty. Without this limit a busy kernel
        // could keep the loop running.
        let mut left = capacity;
        loop {
            while let Some(place) = self.buffer.take() {
                take(&self.buffer.message(place?)?);
            }
            if left == 0 {
                return Ok(());
            }
            match self.receive(false) {
                Ok(Received::Datagram) => left = left.saturating_sub(self.buffer.datagram().len()),
                Ok(Received::Nothing) => return Ok(()),
                Ok(Received::Signal) => {}
                Err(SocketError::Overrun) => left = capacity,
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns how often a receive call of this socket has returned [`SocketError::Overrun`].
    ///
    /// Each overrun is the loss of one or more events; see [`dropped_events`](Self::dropped_events).
    #[must_use]
    pub const fn overruns(&self) -> u64 {
        self.overruns
    }

    /// Returns the number of events that the kernel has dropped on this socket so far.
    ///
    /// The number is in the column `Drops` of `/proc/net/netlink`.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if the file cannot be read, or if the thread has moved to
    /// another network namespace.
    pub fn dropped_events(&self) -> Result<u64, SocketError> {
        link::dropped(&self.socket)
    }

    /// Waits until a receive call has a result, and returns `false` after `timeout` or a signal.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn wait(&self, timeout: Duration) -> Result<bool, SocketError> {
        link::wait(&self.socket, Some(timeout))
    }

    /// Sets the size of the kernel's receive buffer in bytes, and returns the resulting size.
    ///
    /// The kernel doubles the requested size because it counts its own overhead, at least 500 bytes
    /// per event. The size is unlimited with `CAP_NET_ADMIN` in the initial user namespace
    /// (`SO_RCVBUFFORCE`), and otherwise limited by the sysctl `net.core.rmem_max`.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if a system call fails.
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        link::set_receive_buffer(&self.socket, bytes)
    }

    /// Returns the transport of the socket.
    #[must_use]
    pub const fn transport(&self) -> &T {
        &self.socket
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

pub(super) fn count_overruns<T>(
    result: Result<T, SocketError>,
    overruns: &mut u64,
) -> Result<T, SocketError> {
    result.inspect_err(|error| *overruns += u64::from(matches!(error, SocketError::Overrun)))
}
