//! A socket of the running kernel on tokio.

use super::kernel_socket::{KernelSocket, Netlink, prepare};
use super::transport::AsyncTransport;
use core::task::{Context, Poll, ready};
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{AsyncSocket as _, TokioSocket};
use std::io;

impl Netlink for TokioSocket {
    fn netlink(&self) -> &netlink_sys::Socket {
        self.socket_ref()
    }
}

impl KernelSocket<TokioSocket> {
    pub(super) fn open_on_tokio() -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_NETFILTER)?;
        let portid = prepare(socket.socket_mut())?;
        Ok(Self { socket, portid })
    }
}

impl AsyncTransport for KernelSocket<TokioSocket> {
    /// Skips datagrams from other processes.
    fn poll_receive(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let capacity = room.len();
        loop {
            let mut rest = &mut *room;
            let sender = ready!(self.socket.poll_recv_from(context, &mut rest))?;
            if sender.port_number() == 0 {
                return Poll::Ready(Ok(capacity - rest.len()));
            }
        }
    }
}
