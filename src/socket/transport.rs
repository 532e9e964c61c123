//! What carries datagrams between a socket and a kernel.

use core::time::Duration;
use std::io;

/// A netlink socket below [`Socket`](super::Socket) and [`Events`](super::Events).
///
/// [`KernelSocket`](super::KernelSocket) is a socket of the running kernel, and
/// [`SimSocket`](super::SimSocket) one of a simulated kernel. Implement it to carry datagrams by other
/// means.
///
/// # Examples
/// ```
/// use ctnetlink::socket::{Socket, SocketError, Transport};
///
/// /// Returns the number of entries, from the running kernel or from a simulated one.
/// fn count(socket: &mut Socket<impl Transport>) -> Result<u32, SocketError> {
///     Ok(socket.stats()?.entries.unwrap_or(0))
/// }
/// ```
///
/// # Errors
///
/// The methods return the errors of the system calls that they stand for. `ENOBUFS` from
/// [`receive`](Self::receive) is event loss.
pub trait Transport {
    /// Returns the port id of the socket.
    fn portid(&self) -> u32;

    /// Joins a multicast group, by its number.
    fn join(&self, group: u32) -> io::Result<()>;

    /// Leaves a multicast group, by its number.
    fn leave(&self, group: u32) -> io::Result<()>;

    /// Sends a datagram to the kernel.
    fn send(&self, datagram: &[u8]) -> io::Result<()>;

    /// Receives the next datagram from the kernel, and returns its length.
    ///
    /// A datagram that exceeds `room` is cut, but the length is its own. Without `wait`, or after the
    /// timeout of the socket, the call fails with [`WouldBlock`](io::ErrorKind::WouldBlock) if no
    /// datagram has arrived.
    fn receive(&self, room: &mut [u8], wait: bool) -> io::Result<usize>;

    /// Waits until [`receive`](Self::receive) has a result.
    ///
    /// Returns `false` after `timeout` or a signal; `None` waits without limit.
    fn wait(&self, timeout: Option<Duration>) -> io::Result<bool>;

    /// Sets how long [`receive`](Self::receive) waits; `None` is without limit.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Sets the size of the receive buffer in bytes, and returns the resulting size.
    fn set_receive_buffer(&self, bytes: usize) -> io::Result<usize>;

    /// Returns the size of the receive buffer in bytes.
    fn receive_buffer(&self) -> io::Result<usize>;

    /// Returns the number of messages that the kernel has dropped on the socket.
    fn drops(&self) -> io::Result<u64>;
}

/// A [`Transport`] for programs that run on tokio.
///
/// # Examples
/// ```
/// use ctnetlink::socket::{AsyncTransport, SocketError, TokioEvents};
///
/// /// Waits for an event, from the running kernel or from a simulated one.
/// async fn wait(events: &mut TokioEvents<impl AsyncTransport>) -> Result<(), SocketError> {
///     events.recv().await.map(drop)
/// }
/// ```
#[cfg(feature = "tokio")]
pub trait AsyncTransport: Transport {
    /// Receives the next datagram from the kernel, and returns its length.
    ///
    /// A datagram that exceeds `room` is cut; the length is then at least that of `room`.
    fn poll_receive(
        &self,
        context: &mut core::task::Context<'_>,
        room: &mut [u8],
    ) -> core::task::Poll<io::Result<usize>>;
}
