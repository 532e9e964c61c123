//! Collectors that count records.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The set of the statistics about what was not sent.
const NOT_SENT: u16 = 513;

/// What a collector has received.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The number of flow records.
    pub(crate) records: u64,
    /// The number of flows that the newest statistics report as lost.
    pub(crate) not_sent: u64,
    pub(crate) messages: u64,
    /// The length of the records of each template.
    lengths: BTreeMap<u16, usize>,
}

impl Collected {
    fn message(&mut self, message: &[u8]) -> Option<()> {
        self.messages += 1;
        let mut rest = message.get(16..)?;
        while !rest.is_empty() {
            let (set, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
            let content = rest.get(4..length)?;
            match set {
                2 => self.templates(content)?,
                NOT_SENT => {
                    self.not_sent = u64::from_be_bytes(content.get(4..12)?.try_into().ok()?);
                }
                256..=511 => {
                    self.records += (content.len() / self.lengths.get(&set)?) as u64;
                }
                _ => {}
            }
            rest = rest.get(length..)?;
        }
        Some(())
    }

    fn templates(&mut self, mut set: &[u8]) -> Option<()> {
        while set.len() >= 4 {
            let (id, count) = (u16_at(set, 0)?, u16_at(set, 2)?);
            set = set.get(4..)?;
            let mut length = 0;
            for _ in 0..count {
                let size = if u16_at(set, 0)? & 0x8000 == 0 { 4 } else { 8 };
                length += usize::from(u16_at(set, 2)?);
                set = set.get(size..)?;
            }
            self.lengths.insert(id, length);
        }
        Some(())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

type Finish = Box<dyn FnOnce() -> Collected>;

pub(crate) struct Udp;

impl Udp {
    /// Starts a collector, and returns what ends it.
    pub(crate) fn start(port: u16) -> io::Result<Finish> {
        let socket = UdpSocket::bind(("127.0.0.1", port))?;
        socket2::SockRef::from(&socket).set_recv_buffer_size(1 << 30)?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let reader = thread::spawn(move || {
            let (mut collected, mut buffer) = (Collected::default(), vec![0; 1 << 16]);
            loop {
                match socket.recv(&mut buffer) {
                    Ok(length) => drop(collected.message(&buffer[..length])),
                    Err(_) if flag.load(Ordering::Relaxed) => return collected,
                    Err(_) => {}
                }
            }
        });
        Ok(Box::new(move || {
            is_over.store(true, Ordering::Relaxed);
            reader.join().unwrap_or_default()
        }))
    }
}

pub(crate) struct Tcp;

impl Tcp {
    /// Starts a collector that ends with its first connection.
    pub(crate) fn start(port: u16) -> io::Result<Finish> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let reader = thread::spawn(move || -> io::Result<Collected> {
            let (mut stream, _) = listener.accept()?;
            let (mut collected, mut bytes) = (Collected::default(), Vec::new());
            let mut buffer = vec![0; 1 << 18];
            loop {
                let length = stream.read(&mut buffer)?;
                if length == 0 {
                    return Ok(collected);
                }
                bytes.extend_from_slice(&buffer[..length]);
                let mut at = 0;
                while let Some(length) = u16_at(&bytes[at..], 2) {
                    let Some(message) = bytes.get(at..at + usize::from(length)) else { break };
                    collected.message(message);
                    at += message.len();
                }
                bytes.drain(..at);
            }
        });
        Ok(Box::new(move || match reader.join() {
            Ok(Ok(collected)) => collected,
            _ => Collected::default(),
        }))
    }
}
