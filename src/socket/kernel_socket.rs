//! A socket of the running kernel.

use super::transport::Transport;
use core::fmt;
use core::time::Duration;
use netlink_sys::SocketAddr;
use netlink_sys::protocols::NETLINK_NETFILTER;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A socket of the running kernel.
///
/// # Examples
/// See [`Socket`](super::Socket), which has one unless another [`Transport`] is chosen.
pub struct KernelSocket<S = netlink_sys::Socket> {
    pub(super) socket: S,
    pub(super) portid: u32,
}

/// A socket of netlink-sys, blocking or not.
pub(super) trait Netlink {
    fn netlink(&self) -> &netlink_sys::Socket;
}

impl Netlink for netlink_sys::Socket {
    fn netlink(&self) -> &netlink_sys::Socket {
        self
    }
}

impl KernelSocket {
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
        let portid = prepare(&mut socket)?;
        Ok(Self { socket, portid })
    }

    /// Returns the underlying socket, for options that have no method here.
    ///
    /// Do not clone it: netlink-sys closes the file descriptor when the first clone is dropped.
    #[must_use]
    pub const fn netlink(&self) -> &netlink_sys::Socket {
        &self.socket
    }
}

/// Sets the options of a socket and binds it.
///
/// Returns its port ID.
pub(super) fn prepare(socket: &mut netlink_sys::Socket) -> io::Result<u32> {
    // Kernels before 4.12 and 4.2 lack these options: their errors are an error number alone.
    for result in [socket.set_ext_ack(true), socket.set_cap_ack(true)] {
        match result {
            Err(error) if error.raw_os_error() == Some(Errno::NOPROTOOPT.raw_os_error()) => {}
            result => result?,
        }
    }
    Ok(socket.bind_auto()?.port_number())
}

impl<S: Netlink> Transport for KernelSocket<S> {
    fn portid(&self) -> u32 {
        self.portid
    }

    fn join(&self, group: u32) -> io::Result<()> {
        self.socket.netlink().add_membership(group)
    }

    fn leave(&self, group: u32) -> io::Result<()> {
        self.socket.netlink().drop_membership(group)
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        loop {
            match self.socket.netlink().send_to(datagram, &SocketAddr::new(0, 0), 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(drop),
            }
        }
    }

    /// Skips datagrams from other processes.
    fn receive(&self, room: &mut [u8], wait: bool) -> io::Result<usize> {
        let wait = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        let flags = i32::try_from((RecvFlags::TRUNC | wait).bits()).unwrap_or(0);
        loop {
            let mut room = &mut *room;
            let (length, sender) = self.socket.netlink().recv_from(&mut room, flags)?;
            if sender.port_number() == 0 {
                return Ok(length);
            }
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        match poll(&mut [PollFd::new(self.socket.netlink(), PollFlags::IN)], timeout.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let socket = self.socket.netlink();
        Ok(sockopt::set_socket_timeout(socket, sockopt::Timeout::Recv, timeout)?)
    }

    fn set_receive_buffer(&self, bytes: usize) -> io::Result<usize> {
        let socket = self.socket.netlink();
        // The kernel's limit for a size that may exceed net.core.rmem_max.
        let bytes = bytes.min(i32::MAX as usize / 2);
        if sockopt::set_socket_recv_buffer_size_force(socket, bytes).is_err() {
            sockopt::set_socket_recv_buffer_size(socket, bytes)?;
        }
        self.receive_buffer()
    }

    fn receive_buffer(&self) -> io::Result<usize> {
        self.socket.netlink().get_rx_buf_sz()
    }

    /// Reads the column `Drops` of `/proc/net/netlink`.
    fn drops(&self) -> io::Result<u64> {
        // /proc/net shows the namespace of the main thread instead.
        let table = std::fs::read_to_string("/proc/thread-self/net/netlink")?;
        let drops = table.lines().skip(1).find_map(|line| {
            // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
            let mut fields = line.split_ascii_whitespace().skip(1);
            let family: isize = fields.next()?.parse().ok()?;
            let pid: u32 = fields.next()?.parse().ok()?;
            let drops = fields.nth(5)?.parse().ok()?;
            (family == NETLINK_NETFILTER && pid == self.portid).then_some(drops)
        });
        drops.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl AsFd for KernelSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

// netlink-sys does not implement `Debug` for its socket of tokio.
impl<S> fmt::Debug for KernelSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KernelSocket").field("portid", &self.portid).finish_non_exhaustive()
    }
}
