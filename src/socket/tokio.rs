//! The same on tokio.

use super::buffer::Buffer;
use super::error::SocketError;
use super::events::subscribe;
use super::exchange::{Exchange, Next, Outcome};
use super::link::{self, RECEIVING, SENDING};
use super::requests::entry;
use crate::error::Error;
use crate::request::{self, Selector};
use crate::{Conntrack, Group, Message, MessageBuf};
use core::fmt;
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{AsyncSocket as _, AsyncSocketExt as _, SocketAddr};

/// [`Socket`](super::Socket) for programs that run on tokio, as far as they need it there.
///
/// A future that is dropped half way leaves answers behind; the next exchange passes over them.
pub struct TokioSocket {
    socket: netlink_sys::TokioSocket,
    portid: u32,
    seq: u32,
    buffer: Buffer,
}

impl TokioSocket {
    /// Opens a socket. Must be called within a tokio runtime with I/O enabled.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn open() -> Result<Self, SocketError> {
        let (socket, portid) = open()?;
        Ok(Self { socket, portid, seq: 0, buffer: Buffer::default() })
    }

    /// As [`Socket::request`](super::Socket::request).
    ///
    /// # Errors
    /// [`Refused`](SocketError::Refused) and the others.
    pub async fn request(
        &mut self,
        make: impl FnOnce(u32) -> Result<MessageBuf, Error>,
    ) -> Result<Outcome, SocketError> {
        self.exchange(make, |_| ()).await
    }

    /// As [`Socket::exchange`](super::Socket::exchange).
    ///
    /// # Errors
    /// [`Refused`](SocketError::Refused) and the others.
    pub async fn exchange(
        &mut self,
        make: impl FnOnce(u32) -> Result<MessageBuf, Error>,
        mut take: impl FnMut(Message<'_>),
    ) -> Result<Outcome, SocketError> {
        self.seq = self.seq.wrapping_add(1);
        let request = make(self.seq)?;
        let kernel = SocketAddr::new(0, 0);
        let sent = self.socket.send_to(request.as_bytes(), &kernel).await;
        sent.map_err(SocketError::io(SENDING))?;
        let mut exchange = Exchange::new(&request, self.portid);
        loop {
            receive(&self.socket, &mut self.buffer).await?;
            while let Some(place) = self.buffer.take() {
                match exchange.take(self.buffer.message(place?)?)? {
                    Next::Answer(message) => take(message),
                    Next::LastAnswer(message) => {
                        take(message);
                        return Ok(exchange.outcome);
                    }
                    Next::End => return Ok(exchange.outcome),
                    Next::Aside => {}
                }
            }
        }
    }

    /// The entries that `only` selects, and whether the dump was interrupted.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn entries(
        &mut self,
        only: &Selector,
    ) -> Result<(Vec<Conntrack>, Outcome), SocketError> {
        let mut entries = Vec::new();
        let take = |message: Message<'_>| entries.extend(entry(&message));
        let outcome = self.exchange(|seq| request::dump(only, seq), take).await?;
        Ok((entries, outcome))
    }
}

/// [`Events`](super::Events) for programs that run on tokio.
pub struct TokioEvents {
    socket: netlink_sys::TokioSocket,
    portid: u32,
    losses: u64,
}

impl TokioEvents {
    /// Opens a socket that is subscribed to `groups`. Must be called within a tokio runtime with
    /// I/O enabled.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn open(groups: &[Group]) -> Result<Self, SocketError> {
        let (socket, portid) = open()?;
        for &group in groups {
            subscribe(socket.socket_ref(), group)?;
        }
        Ok(Self { socket, portid, losses: 0 })
    }

    /// The next event. A future that is dropped has lost nothing.
    ///
    /// # Errors
    /// As [`Events::next`](super::Events::next).
    pub async fn next<'b>(&mut self, buffer: &'b mut Buffer) -> Result<Message<'b>, SocketError> {
        loop {
            if let Some(place) = buffer.take() {
                return buffer.message(place?);
            }
            receive(&self.socket, buffer).await.inspect_err(|error| {
                self.losses += u64::from(matches!(error, SocketError::Lost));
            })?;
        }
    }

    /// As [`Events::losses`](super::Events::losses).
    #[must_use]
    pub const fn losses(&self) -> u64 {
        self.losses
    }

    /// As [`Events::dropped`](super::Events::dropped).
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn dropped(&self) -> Result<u64, SocketError> {
        link::dropped(self.portid)
    }

    /// As [`Events::set_receive_buffer`](super::Events::set_receive_buffer).
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        link::set_receive_buffer(self.socket.socket_ref(), bytes)
    }
}

impl fmt::Debug for TokioSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioSocket").field("portid", &self.portid).finish_non_exhaustive()
    }
}

impl fmt::Debug for TokioEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioEvents").field("portid", &self.portid).finish_non_exhaustive()
    }
}

fn open() -> Result<(netlink_sys::TokioSocket, u32), SocketError> {
    let mut socket = netlink_sys::TokioSocket::new(NETLINK_NETFILTER)
        .map_err(SocketError::io("opening a netlink socket of the netfilter family"))?;
    let portid = link::prepare(socket.socket_mut())?;
    Ok((socket, portid))
}

/// Receives the next datagram of the kernel; others' are passed over.
async fn receive(
    socket: &netlink_sys::TokioSocket,
    buffer: &mut Buffer,
) -> Result<(), SocketError> {
    loop {
        let mut room = buffer.room();
        let capacity = room.len();
        let sender = socket.recv_from(&mut room).await.map_err(SocketError::io(RECEIVING))?;
        let length = capacity - room.len();
        // This way of receiving does not tell a datagram that was cut from one that just fits.
        if length == capacity {
            return Err(SocketError::Truncated { length, capacity });
        }
        if sender.port_number() == 0 {
            buffer.filled(length);
            return Ok(());
        }
    }
}
