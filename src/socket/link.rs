//! A netlink socket of the netfilter family, before it is one for requests or events.

use super::buffer::Buffer;
use super::error::SocketError;
use core::time::Duration;
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};
use std::io;

/// What a receive call came back with.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Received {
    Datagram,
    /// The timeout passed, or a non-blocking socket has nothing.
    Nothing,
    /// A signal was handled.
    Signal,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) socket: Socket,
    pub(super) portid: u32,
}

impl Link {
    pub(super) fn open() -> Result<Self, SocketError> {
        let mut socket = Socket::new(NETLINK_NETFILTER)
            .map_err(SocketError::io("opening a netlink socket of the netfilter family"))?;
        let portid = prepare(&mut socket)?;
        Ok(Self { socket, portid })
    }

    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), SocketError> {
        loop {
            match self.socket.send_to(bytes, &SocketAddr::new(0, 0), 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(drop).map_err(SocketError::io(SENDING)),
            }
        }
    }

    /// Receives the next datagram of the kernel; others' are passed over.
    pub(super) fn receive(
        &self,
        buffer: &mut Buffer,
        more: RecvFlags,
    ) -> Result<Received, SocketError> {
        let flags = i32::try_from((RecvFlags::TRUNC | more).bits()).unwrap_or(0);
        loop {
            let mut room = buffer.room();
            let capacity = room.len();
            match self.socket.recv_from(&mut room, flags) {
                Ok((_, sender)) if sender.port_number() != 0 => {}
                Ok((length, _)) if length > capacity => {
                    return Err(SocketError::Truncated { length, capacity });
                }
                Ok((length, _)) => {
                    buffer.filled(length);
                    return Ok(Received::Datagram);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(Received::Nothing),
                    io::ErrorKind::Interrupted => return Ok(Received::Signal),
                    _ => return Err(SocketError::io(RECEIVING)(error)),
                },
            }
        }
    }

    pub(super) fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        sockopt::set_socket_timeout(&self.socket, sockopt::Timeout::Recv, timeout)
            .map_err(|error| SocketError::io("setting the timeout of a socket")(error.into()))
    }

    /// Waits until there is something to receive; `false` after `timeout` or a signal.
    pub(super) fn wait(&self, timeout: Duration) -> Result<bool, SocketError> {
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(SocketError::io(RECEIVING)(error.into())),
        }
    }

    pub(super) fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        set_receive_buffer(&self.socket, bytes)
    }
}

pub(super) const SENDING: &str = "sending to the kernel";
pub(super) const RECEIVING: &str = "receiving from the kernel";

/// Sets options and an address; returns that address.
pub(super) fn prepare(socket: &mut Socket) -> Result<u32, SocketError> {
    let option = SocketError::io("setting an option of a netlink socket");
    // Kernels before 4.12 and 4.2 do not know these, and refuse requests in fewer words.
    for result in [socket.set_ext_ack(true), socket.set_cap_ack(true)] {
        match result {
            Err(error) if error.raw_os_error() == Some(Errno::NOPROTOOPT.raw_os_error()) => {}
            result => result.map_err(&option)?,
        }
    }
    let address = socket.bind_auto().map_err(SocketError::io("binding a netlink socket"))?;
    Ok(address.port_number())
}

/// Sets the size of the kernel's receive buffer; returns what it now is.
pub(super) fn set_receive_buffer(socket: &Socket, bytes: usize) -> Result<usize, SocketError> {
    let doing = "setting the size of a receive buffer";
    // The kernel's own limit for one that may exceed net.core.rmem_max.
    let bytes = bytes.min(i32::MAX as usize / 2);
    if sockopt::set_socket_recv_buffer_size_force(socket, bytes).is_err() {
        sockopt::set_socket_recv_buffer_size(socket, bytes)
            .map_err(|error| SocketError::io(doing)(error.into()))?;
    }
    socket.get_rx_buf_sz().map_err(SocketError::io(doing))
}

/// How many messages the kernel has dropped because the buffer of the socket of that address was
/// full: the column `Drops` of `/proc/net/netlink`.
pub(super) fn dropped(portid: u32) -> Result<u64, SocketError> {
    // Not /proc/net: that is the namespace of the main thread.
    let table = std::fs::read_to_string("/proc/thread-self/net/netlink")
        .map_err(SocketError::io("/proc/thread-self/net/netlink"))?;
    let drops = table.lines().skip(1).find_map(|line| {
        // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
        let mut fields = line.split_ascii_whitespace().skip(1);
        let family: isize = fields.next()?.parse().ok()?;
        let pid: u32 = fields.next()?.parse().ok()?;
        let drops = fields.nth(5)?.parse().ok()?;
        (family == NETLINK_NETFILTER && pid == portid).then_some(drops)
    });
    drops.ok_or_else(|| SocketError::Io {
        doing: "/proc/thread-self/net/netlink",
        error: io::ErrorKind::NotFound.into(),
    })
}
