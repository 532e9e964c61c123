//! The netlink socket below the sockets for requests and events.

use super::buffer::Buffer;
use super::error::SocketError;
use crate::Group;
use core::time::Duration;
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};
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

pub(super) fn open() -> Result<(Socket, u32), SocketError> {
    let mut socket = Socket::new(NETLINK_NETFILTER).map_err(opening())?;
    let portid = prepare(&mut socket)?;
    Ok((socket, portid))
}

pub(super) fn opening() -> impl Fn(io::Error) -> SocketError {
    SocketError::io("opening a netlink socket of the netfilter family")
}

pub(super) fn set_timeout(socket: &Socket, timeout: Option<Duration>) -> Result<(), SocketError> {
    sockopt::set_socket_timeout(socket, sockopt::Timeout::Recv, timeout)
        .map_err(|error| SocketError::io("setting the timeout of a socket")(error.into()))
}

/// Waits until a receive call has a result.
///
/// Returns `false` after `timeout` or a signal.
pub(super) fn wait(socket: &Socket, timeout: Option<Duration>) -> Result<bool, SocketError> {
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], timeout.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(SocketError::io(RECEIVING)(error.into())),
    }
}

pub(super) fn join(socket: &Socket, group: Group) -> Result<(), SocketError> {
    let doing = "joining a netlink group of connection tracking";
    socket.add_membership(u32::from(group)).map_err(SocketError::io(doing))
}

pub(super) const RECEIVING: &str = "receiving from the kernel";

pub(super) fn send(socket: &Socket, bytes: &[u8]) -> Result<(), SocketError> {
    loop {
        match socket.send_to(bytes, &SocketAddr::new(0, 0), 0) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map(drop).map_err(SocketError::io("sending to the kernel")),
        }
    }
}

/// Receives the next datagram from the kernel.
///
/// Skips datagrams from other processes.
pub(super) fn receive(
    socket: &Socket,
    buffer: &mut Buffer,
    flags: RecvFlags,
) -> Result<Received, SocketError> {
    let flags = i32::try_from((RecvFlags::TRUNC | flags).bits()).unwrap_or(0);
    loop {
        let mut room = buffer.room();
        let capacity = room.len();
        match socket.recv_from(&mut room, flags) {
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

/// Sets the options of a socket and binds it.
///
/// Returns its port ID.
pub(super) fn prepare(socket: &mut Socket) -> Result<u32, SocketError> {
    let option = SocketError::io("setting an option of a netlink socket");
    // Kernels before 4.12 and 4.2 lack these options: their errors are an error number alone.
    for result in [socket.set_ext_ack(true), socket.set_cap_ack(true)] {
        match result {
            Err(error) if error.raw_os_error() == Some(Errno::NOPROTOOPT.raw_os_error()) => {}
            result => result.map_err(&option)?,
        }
    }
    let address = socket.bind_auto().map_err(SocketError::io("binding a netlink socket"))?;
    Ok(address.port_number())
}

/// Sets the size of the kernel's receive buffer.
///
/// Returns the size that it then has.
pub(super) fn set_receive_buffer(socket: &Socket, bytes: usize) -> Result<usize, SocketError> {
    let doing = "setting the size of a receive buffer";
    // The kernel's limit for a size that may exceed net.core.rmem_max.
    let bytes = bytes.min(i32::MAX as usize / 2);
    if sockopt::set_socket_recv_buffer_size_force(socket, bytes).is_err() {
        sockopt::set_socket_recv_buffer_size(socket, bytes)
            .map_err(|error| SocketError::io(doing)(error.into()))?;
    }
    socket.get_rx_buf_sz().map_err(SocketError::io(doing))
}

/// Returns the number of messages that the kernel dropped on the socket with that port ID.
///
/// It is in the column `Drops` of `/proc/net/netlink`.
pub(super) fn dropped(portid: u32) -> Result<u64, SocketError> {
    // /proc/net shows the namespace of the main thread instead.
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
