//! Sockets of a simulated namespace.

use super::error::SocketError;
use super::events::Events;
use super::requests::Socket;
use super::transport::Transport;
use crate::Group;
use crate::sim::{Errno, Net, NetlinkSocket};
#[cfg(feature = "tokio")]
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A simulated namespace that sockets share.
///
/// It makes [`Socket`], [`Events`] and [`Table`](super::Table) work without a kernel: tests of
/// programs that use them need no privileges. The kernel of the namespace must have this machine's byte
/// order, since sockets decode in it. Clones are handles of the same namespace, for other threads.
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::request;
/// use ctnetlink::sim::{Clock, ModuleParams, Net};
/// use ctnetlink::socket::SimNet;
/// use ctnetlink::{Conntrack, Group, Tuple};
///
/// let clock = Clock { real_ns: 1_700_000_000_000_000_000, jiffies: 1 << 32 };
/// let module = ModuleParams { tstamp: true, acct: true };
/// let kernel = Kernel::new("5.10".parse()?);
/// let net = SimNet::new(Net::nf_conntrack_init_net(kernel, module, clock, None)?);
///
/// let mut events = net.events(&[Group::Destroy])?;
/// let mut socket = net.socket()?;
/// let orig = Tuple::udp("192.0.2.1:4000".parse()?, "192.0.2.2:53".parse()?);
/// let flow = Conntrack { timeout: Some(30), ..Conntrack::new(orig) };
/// socket.request(request::create(&flow)?)?;
/// net.with(|net| net.advance(10_000));
/// socket.request(request::delete(&flow)?)?;
///
/// let ended = events.recv()?.conntrack()?;
/// assert_eq!(ended.timestamp.duration_ns(), Some(10_000_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SimNet {
    shared: Arc<Shared>,
}

struct Shared {
    net: Mutex<Net>,
    /// Something may have arrived at a socket.
    arrived: Condvar,
    #[cfg(feature = "tokio")]
    wakers: Mutex<Vec<core::task::Waker>>,
}

impl SimNet {
    /// Creates a handle of a namespace.
    #[must_use]
    pub fn new(net: Net) -> Self {
        let shared = Shared {
            net: Mutex::new(net),
            arrived: Condvar::new(),
            #[cfg(feature = "tokio")]
            wakers: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Calls a function with the namespace, such as to move its clock or to send packets.
    pub fn with<T>(&self, change: impl FnOnce(&mut Net) -> T) -> T {
        let result = change(&mut self.lock());
        self.shared.arrived.notify_all();
        #[cfg(feature = "tokio")]
        {
            let wakers = &mut *self.shared.wakers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(wakers).into_iter().for_each(core::task::Waker::wake);
        }
        result
    }

    /// Opens a netlink socket.
    ///
    /// As those of the running kernel, it has the options `NETLINK_EXT_ACK` and `NETLINK_CAP_ACK`.
    ///
    /// # Errors
    /// Returns [`Io`](SocketError::Io) if there are 2³² − 1 sockets.
    pub fn open(&self) -> Result<SimSocket, SocketError> {
        let portid = self.with(|net| {
            let socket = net.open(0)?;
            (socket.ext_ack, socket.cap_ack) = (true, true);
            Ok(socket.portid())
        });
        let portid = portid.map_err(io_error).map_err(SocketError::io(super::link::OPENING))?;
        Ok(SimSocket {
            net: self.clone(),
            portid,
            timeout: Mutex::default(),
            #[cfg(feature = "tokio")]
            is_ready: false.into(),
        })
    }

    /// Opens a socket for requests.
    ///
    /// # Errors
    /// Returns the errors of [`open`](Self::open).
    pub fn socket(&self) -> Result<Socket<SimSocket>, SocketError> {
        self.open().map(Socket::with_transport)
    }

    /// Opens a socket that is subscribed to `groups`.
    ///
    /// # Errors
    /// Returns the errors of [`open`](Self::open).
    pub fn events(&self, groups: &[Group]) -> Result<Events<SimSocket>, SocketError> {
        Events::with_transport(self.open()?, groups)
    }

    fn lock(&self) -> MutexGuard<'_, Net> {
        self.shared.net.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SimNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimNet").finish_non_exhaustive()
    }
}

/// A socket of a [`SimNet`], which is closed when it is dropped.
///
/// # Examples
/// See [`SimNet`].
#[derive(Debug)]
pub struct SimSocket {
    net: SimNet,
    portid: u32,
    timeout: Mutex<Option<Duration>>,
    /// Whether a task has been told that the socket is readable, as a reactor would.
    #[cfg(feature = "tokio")]
    is_ready: core::sync::atomic::AtomicBool,
}

impl SimSocket {
    fn socket<T>(&self, change: impl FnOnce(&mut NetlinkSocket) -> T) -> io::Result<T> {
        let mut net = self.net.lock();
        net.socket_mut(self.portid).map(change).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Receives a datagram if one has arrived.
    fn take(&self, net: &mut Net, room: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(datagram) = net.recvmsg(self.portid, room.len()).map_err(io_error)? else {
            return Ok(None);
        };
        room.iter_mut().zip(&datagram.bytes).for_each(|(to, from)| *to = *from);
        Ok(Some(datagram.bytes.len()))
    }

    /// Waits until the socket is readable, and returns `None` after the timeout.
    fn wait_locked(&self, timeout: Option<Duration>) -> Option<MutexGuard<'_, Net>> {
        // A timeout that the clock cannot represent does not end.
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut net = self.net.lock();
        while !net.socket(self.portid).is_some_and(NetlinkSocket::is_readable) {
            let arrived = &self.net.shared.arrived;
            net = match end {
                None => arrived.wait(net).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    arrived.wait_timeout(net, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Some(net)
    }
}

impl Transport for SimSocket {
    fn portid(&self) -> u32 {
        self.portid
    }

    fn join(&self, group: u32) -> io::Result<()> {
        self.socket(|socket| socket.join(group))?.map_err(io_error)
    }

    fn leave(&self, group: u32) -> io::Result<()> {
        self.socket(|socket| socket.leave(group))?.map_err(io_error)
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.net.with(|net| net.receive(self.portid, datagram));
        Ok(())
    }

    fn receive(&self, room: &mut [u8], wait: bool) -> io::Result<usize> {
        let timeout = *self.timeout.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.wait_locked(if wait { timeout } else { Some(Duration::ZERO) });
        let received = match waited {
            Some(mut net) => self.take(&mut net, room)?,
            None => None,
        };
        received.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        Ok(self.wait_locked(timeout).is_some())
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
        Ok(())
    }

    fn set_receive_buffer(&self, bytes: usize) -> io::Result<usize> {
        self.socket(|socket| {
            socket.set_receive_buffer(bytes);
            socket.receive_buffer
        })
    }

    fn receive_buffer(&self) -> io::Result<usize> {
        self.socket(|socket| socket.receive_buffer)
    }

    fn drops(&self) -> io::Result<u64> {
        self.socket(|socket| socket.drops())
    }
}

#[cfg(feature = "tokio")]
impl super::transport::AsyncTransport for SimSocket {
    /// As a socket of tokio, it is not ready in the first poll, whatever has arrived.
    fn poll_receive(
        &self,
        context: &mut core::task::Context<'_>,
        room: &mut [u8],
    ) -> core::task::Poll<io::Result<usize>> {
        let mut net = self.net.lock();
        if !self.is_ready.swap(true, Ordering::Relaxed) {
            context.waker().wake_by_ref();
            return core::task::Poll::Pending;
        }
        match self.take(&mut net, room).transpose() {
            Some(result) => core::task::Poll::Ready(result),
            None => {
                self.is_ready.store(false, Ordering::Relaxed);
                let wakers = &self.net.shared.wakers;
                let mut wakers = wakers.lock().unwrap_or_else(PoisonError::into_inner);
                wakers.push(context.waker().clone());
                core::task::Poll::Pending
            }
        }
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        self.net.lock().close(self.portid);
    }
}

/// Returns the error of a system call of the running machine.
fn io_error(errno: Errno) -> io::Error {
    match errno {
        // The number differs between machines, and the sockets know it.
        Errno::Enobufs => rustix::io::Errno::NOBUFS.into(),
        errno => io::Error::from_raw_os_error(errno.number()),
    }
}
