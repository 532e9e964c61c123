//! Netlink sockets of the netfilter family.

use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// The maximum time that the kernel may need for a reply; emulated machines are slow.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Netlink {
    socket: Socket,
}

impl Netlink {
    /// Opens a socket with a receive buffer of `buffer` bytes.
    pub(crate) fn open(groups: &[u32], buffer: u32) -> Result<Self, String> {
        let open = || -> std::io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_NETFILTER)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            socket.set_non_blocking(true)?;
            socket.set_rx_buf_sz(buffer)?;
            for &group in groups {
                socket.add_membership(group)?;
            }
            Ok(socket)
        };
        open().map(|socket| Self { socket }).map_err(|error| format!("NETLINK_NETFILTER: {error}"))
    }

    /// Requests extended acknowledgements, with or without a copy of the request in errors.
    pub(crate) fn wants_words(&self, capped: bool) {
        let _ = self.socket.set_ext_ack(true);
        let _ = self.socket.set_cap_ack(capped);
    }

    /// Asks the kernel to treat lost events as not delivered, so that it repeats DESTROY events.
    pub(crate) fn wants_no_loss(&self) -> Result<(), String> {
        self.socket.set_broadcast_error(true).map_err(|error| error.to_string())
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> Result<(), String> {
        self.socket.send(bytes, 0).map(drop).map_err(|error| format!("sending: {error}"))
    }

    /// Returns the next datagram, if one has arrived.
    pub(crate) fn poll(&self) -> Result<Option<Vec<u8>>, String> {
        let mut datagram = Vec::with_capacity(1 << 17);
        match self.socket.recv(&mut datagram, 0) {
            Ok(_) => Ok(Some(datagram)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(format!("receiving: {error}")),
        }
    }

    pub(crate) fn receive(&self) -> Result<Vec<u8>, String> {
        let start = Instant::now();
        loop {
            if let Some(datagram) = self.poll()? {
                return Ok(datagram);
            }
            if start.elapsed() > PATIENCE {
                return Err("the kernel does not reply".into());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}
