//! The kernels that tests of the sockets run on.

use ctnetlink::Group;
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::{Clock, ModuleParams, Net};
use ctnetlink::socket::{Events, KernelSocket, SimNet, SimSocket, Socket, Transport};
use std::time::Duration;

/// A kernel to which sockets can be opened.
pub(crate) trait Host {
    type Link: Transport;

    fn socket(&self) -> Socket<Self::Link>;

    fn events(&self, groups: &[Group]) -> Events<Self::Link>;
}

/// The running kernel.
pub(crate) struct Running;

impl Host for Running {
    type Link = KernelSocket;

    fn socket(&self) -> Socket {
        let socket = Socket::open().unwrap();
        socket.set_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }

    fn events(&self, groups: &[Group]) -> Events {
        Events::subscribe(groups).unwrap()
    }
}

impl Host for SimNet {
    type Link = SimSocket;

    fn socket(&self) -> Socket<SimSocket> {
        let socket = SimNet::socket(self).unwrap();
        socket.set_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }

    fn events(&self, groups: &[Group]) -> Events<SimSocket> {
        SimNet::events(self, groups).unwrap()
    }
}

/// Returns a namespace of a simulated kernel on a machine of this byte order.
pub(crate) fn simulated() -> SimNet {
    let arch = if cfg!(target_endian = "big") { Arch::S390X } else { Arch::X86_64 };
    let kernel = Kernel { arch, ..Kernel::new(Release::new(6, 18, 44)) };
    let clock = Clock { real_ns: 1_764_000_000_123_456_789, jiffies: 1 << 32 };
    let net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None).unwrap();
    SimNet::new(net)
}

#[cfg(feature = "tokio")]
pub(crate) mod on_tokio {
    use super::{Group, Running, SimNet, SimSocket};
    use ctnetlink::socket::{AsyncTransport, KernelSocket, TokioEvents, TokioSocket};

    /// A kernel to which sockets of tokio can be opened.
    pub(crate) trait TokioHost: super::Host {
        type AsyncLink: AsyncTransport;

        fn tokio_socket(&self) -> TokioSocket<Self::AsyncLink>;

        fn tokio_events(&self, groups: &[Group]) -> TokioEvents<Self::AsyncLink>;
    }

    impl TokioHost for Running {
        type AsyncLink = KernelSocket<netlink_sys::TokioSocket>;

        fn tokio_socket(&self) -> TokioSocket {
            TokioSocket::open().unwrap()
        }

        fn tokio_events(&self, groups: &[Group]) -> TokioEvents {
            TokioEvents::subscribe(groups).unwrap()
        }
    }

    impl TokioHost for SimNet {
        type AsyncLink = SimSocket;

        fn tokio_socket(&self) -> TokioSocket<SimSocket> {
            TokioSocket::with_transport(self.open().unwrap())
        }

        fn tokio_events(&self, groups: &[Group]) -> TokioEvents<SimSocket> {
            TokioEvents::with_transport(self.open().unwrap(), groups).unwrap()
        }
    }
}
