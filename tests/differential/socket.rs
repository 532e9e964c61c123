//! Netlink sockets of the running kernel.

use ctnetlink::wire::{FlagSense, NlmFlags};
use ctnetlink::{Body, Kind, Message, MessageBuf};
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// The maximum time that the kernel may need for a reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// The messages with which the kernel replied to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The errno of the error message, or 0.
    pub(crate) errno: i32,
    /// The datagrams, without the acknowledgement.
    pub(crate) datagrams: Vec<Vec<u8>>,
}

pub(crate) struct Netlink {
    socket: Socket,
    pub(crate) portid: u32,
}

impl Netlink {
    pub(crate) fn open(groups: &[u32]) -> std::io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        let address = socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        socket.set_cap_ack(true).ok();
        socket.set_rx_buf_sz(8_u32 << 20)?;
        for &group in groups {
            socket.add_membership(group)?;
        }
        Ok(Self { socket, portid: address.port_number() })
    }

    /// Sets the smallest receive buffer, which two or three messages fill.
    pub(crate) fn fill_up(&self) {
        self.socket.set_rx_buf_sz(1_u32).unwrap();
    }

    /// Asks the kernel to treat an event that this socket loses as not delivered.
    pub(crate) fn wants_no_loss(&self) {
        self.socket.set_broadcast_error(true).unwrap();
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        assert_eq!(self.socket.send(bytes, 0).unwrap(), bytes.len());
    }

    /// Returns the next datagram, if one has arrived.
    pub(crate) fn poll(&self) -> Option<Vec<u8>> {
        let mut datagram = Vec::with_capacity(1 << 17);
        match self.socket.recv(&mut datagram, 0) {
            Ok(_) => Some(datagram),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns all datagrams that have arrived.
    pub(crate) fn drain(&self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.poll()).collect()
    }

    pub(crate) fn receive(&self) -> Vec<u8> {
        let start = Instant::now();
        loop {
            if let Some(datagram) = self.poll() {
                return datagram;
            }
            assert!(start.elapsed() < PATIENCE, "the kernel does not reply");
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Sends a request, and receives all messages up to the acknowledgement, error or end of the dump.
    pub(crate) fn ask(&self, request: &MessageBuf) -> Answer {
        self.send(request.as_bytes());
        let request = request.as_message();
        let is_get = request.msg_type().flag_sense() == FlagSense::Get;
        let is_dump = is_get && request.header().nlmsg_flags.intersects(NlmFlags::DUMP);
        let mut answer = Answer::default();
        loop {
            let datagram = self.receive();
            let first = Message::parse(&datagram).unwrap();
            assert_eq!(first.header().nlmsg_seq, request.header().nlmsg_seq, "{first:?}");
            match first.body().unwrap() {
                Body::Error(error) => {
                    answer.errno = -error.error;
                    return answer;
                }
                Body::Done(_) if is_dump => {
                    answer.datagrams.push(datagram);
                    return answer;
                }
                _ => answer.datagrams.push(datagram),
            }
        }
    }
}

/// Returns the messages in datagrams.
pub(crate) fn messages(datagrams: &[Vec<u8>]) -> impl Iterator<Item = Message<'_>> {
    let all = datagrams.iter().flat_map(|bytes| ctnetlink::messages(bytes));
    all.map(Result::unwrap).filter(|message| message.kind() != Kind::Control)
}
