//! The errors of a transport, and its datagrams in a buffer.

use super::buffer::Buffer;
use super::error::SocketError;
use super::transport::Transport;
use crate::Group;
use core::time::Duration;
use std::io;

/// The result of a receive call.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Received {
    Datagram,
    /// The timeout passed, or the call does not wait and nothing has arrived.
    Nothing,
    /// A signal was handled.
    Signal,
}

pub(super) const OPENING: &str = "opening a netlink socket of the netfilter family";
pub(super) const RECEIVING: &str = "receiving from the kernel";

/// Waits until a receive call has a result.
///
/// Returns `false` after `timeout` or a signal.
pub(super) fn wait(
    transport: &impl Transport,
    timeout: Option<Duration>,
) -> Result<bool, SocketError> {
    transport.wait(timeout).map_err(SocketError::io(RECEIVING))
}

pub(super) fn join(transport: &impl Transport, group: Group) -> Result<(), SocketError> {
    let doing = "joining a netlink group of connection tracking";
    transport.join(group.into()).map_err(SocketError::io(doing))
}

pub(super) fn send(transport: &impl Transport, bytes: &[u8]) -> Result<(), SocketError> {
    transport.send(bytes).map_err(SocketError::io("sending to the kernel"))
}

/// Receives the next datagram from the kernel.
pub(super) fn receive(
    transport: &impl Transport,
    buffer: &mut Buffer,
    wait: bool,
) -> Result<Received, SocketError> {
    let room = buffer.room();
    let capacity = room.len();
    match transport.receive(room, wait) {
        Ok(length) if length > capacity => Err(SocketError::Truncated { length, capacity }),
        Ok(length) => {
            buffer.filled(length);
            Ok(Received::Datagram)
        }
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock => Ok(Received::Nothing),
            io::ErrorKind::Interrupted => Ok(Received::Signal),
            _ => Err(SocketError::io(RECEIVING)(error)),
        },
    }
}

/// Sets the size of the kernel's receive buffer, and returns the resulting size.
pub(super) fn set_receive_buffer(
    transport: &impl Transport,
    bytes: usize,
) -> Result<usize, SocketError> {
    let doing = "setting the size of a receive buffer";
    transport.set_receive_buffer(bytes).map_err(SocketError::io(doing))
}

/// Returns the number of messages that the kernel dropped on the socket.
pub(super) fn dropped(transport: &impl Transport) -> Result<u64, SocketError> {
    transport.drops().map_err(SocketError::io("reading the number of dropped messages"))
}
