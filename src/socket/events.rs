//! Events.

use super::buffer::Buffer;
use super::error::SocketError;
use super::link::{self, Link, Received};
use crate::{Group, Message};
use core::time::Duration;
use rustix::net::RecvFlags;
use std::os::fd::{AsFd, BorrowedFd};

/// A socket that receives events.
///
/// Since Linux 5.19 and unless the sysctl `net.netfilter.nf_conntrack_events` is 1, only entries
/// created while somebody listens have events, their end included.
///
/// The kernel does not wait for a slow reader. When its buffer is full events are dropped, and the
/// next receive call returns [`SocketError::Lost`]; the socket works on.
#[derive(Debug)]
pub struct Events {
    link: Link,
    losses: u64,
}

impl Events {
    /// Opens a socket that is subscribed to `groups`. Needs `CAP_NET_ADMIN` in the network
    /// namespace.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn open(groups: &[Group]) -> Result<Self, SocketError> {
        let events = Self { link: Link::open()?, losses: 0 };
        groups.iter().try_for_each(|&group| events.subscribe(group))?;
        Ok(events)
    }

    /// Adds a group.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn subscribe(&self, group: Group) -> Result<(), SocketError> {
        subscribe(&self.link.socket, group)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn unsubscribe(&self, group: Group) -> Result<(), SocketError> {
        self.link
            .socket
            .drop_membership(group.number())
            .map_err(SocketError::io("leaving a netlink group"))
    }

    /// The next event. `Ok(None)`: the timeout passed, a signal was handled, or a non-blocking
    /// socket has none.
    ///
    /// # Errors
    /// [`Lost`](SocketError::Lost), [`Truncated`](SocketError::Truncated) and
    /// [`Malformed`](SocketError::Malformed): events are missing, and more can be received.
    /// [`Io`](SocketError::Io).
    pub fn next<'b>(&mut self, buffer: &'b mut Buffer) -> Result<Option<Message<'b>>, SocketError> {
        loop {
            if let Some(place) = buffer.take() {
                return buffer.message(place?).map(Some);
            }
            if !self.receive(buffer)? {
                return Ok(None);
            }
        }
    }

    /// Receives the next datagram whole, for [`Buffer::datagram`] and [`Buffer::messages`]. `false`
    /// where [`next`](Self::next) returns `None`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, SocketError> {
        self.receive_with(buffer, RecvFlags::empty())
    }

    fn receive_with(&mut self, buffer: &mut Buffer, more: RecvFlags) -> Result<bool, SocketError> {
        match self.link.receive(buffer, more) {
            Err(error) => {
                self.losses += u64::from(matches!(error, SocketError::Lost));
                Err(error)
            }
            Ok(received) => Ok(received == Received::Datagram),
        }
    }

    /// Gives `take` every event that has arrived already, without waiting for more. Afterwards the
    /// kernel delivers again if it had stopped because of a loss.
    ///
    /// # Errors
    /// As [`next`](Self::next), except for [`Lost`](SocketError::Lost), which is counted.
    pub fn drain(
        &mut self,
        buffer: &mut Buffer,
        mut take: impl FnMut(&Message<'_>),
    ) -> Result<(), SocketError> {
        // As much as can have lain in the kernel's buffer when this began: no endless race with
        // what arrives meanwhile.
        let mut left =
            self.link.socket.get_rx_buf_sz().map_err(SocketError::io(link::RECEIVING))?;
        loop {
            while let Some(place) = buffer.take() {
                take(&buffer.message(place?)?);
            }
            match self.receive_with(buffer, RecvFlags::DONTWAIT) {
                Ok(true) => left = left.saturating_sub(buffer.datagram().len()),
                Ok(false) => return Ok(()),
                Err(SocketError::Lost) => {}
                Err(error) => return Err(error),
            }
            if left == 0 {
                while let Some(place) = buffer.take() {
                    take(&buffer.message(place?)?);
                }
                return Ok(());
            }
        }
    }

    /// How often events were lost on this socket. Each time it was one event or many: see
    /// [`dropped`](Self::dropped).
    #[must_use]
    pub const fn losses(&self) -> u64 {
        self.losses
    }

    /// How many events the kernel has dropped on this socket so far, from the column `Drops` of
    /// `/proc/net/netlink`.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io): there is no such file, or the thread has changed its namespace.
    pub fn dropped(&self) -> Result<u64, SocketError> {
        link::dropped(self.link.portid)
    }

    /// Waits until there is something to receive, a loss included; `false` after `timeout` or a
    /// signal.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn wait(&self, timeout: Duration) -> Result<bool, SocketError> {
        self.link.wait(timeout)
    }

    /// How long to wait for an event; `None` is for ever.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        self.link.set_timeout(timeout)
    }

    /// Whether not to wait at all, for use with `poll`, `epoll` and the like.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<(), SocketError> {
        let doing = "making a socket non-blocking";
        self.link.socket.set_non_blocking(nonblocking).map_err(SocketError::io(doing))
    }

    /// Sets the size of the kernel's receive buffer in bytes, and returns the size that it has now.
    ///
    /// The kernel doubles what is asked for, because it counts its own administration, some 500
    /// bytes an event and more, in. With `CAP_NET_ADMIN` in the initial user namespace any size can
    /// be had (`SO_RCVBUFFORCE`), else up to the sysctl `net.core.rmem_max`.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        self.link.set_receive_buffer(bytes)
    }

    /// The socket, for options that have no method here. Do not clone it: netlink-sys would close
    /// it with the first of the two that is dropped.
    #[must_use]
    pub const fn netlink(&self) -> &netlink_sys::Socket {
        &self.link.socket
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.socket.as_fd()
    }
}

pub(super) fn subscribe(socket: &netlink_sys::Socket, group: Group) -> Result<(), SocketError> {
    let doing = "joining a netlink group of connection tracking";
    socket.add_membership(group.number()).map_err(SocketError::io(doing))
}
