//! Kernels: release, build configuration and machine.

mod arch;
mod parse;
mod release;

pub use arch::{Arch, ParseArchError};
pub use parse::ParseReleaseError;
pub use release::{DumpOrder, ProtoinfoSize, Release};

use crate::nested::IpProto;
use crate::wire::WriteLimits;

/// A kernel: everything outside an entry that decides bytes and sizes.
///
/// # Examples
///
/// ```
/// use ctnetlink::kernel::{Arch, Kernel};
///
/// let kernel = Kernel::new("6.12".parse()?);
/// assert_eq!(kernel.arch, Arch::X86_64);
/// let kernel = Kernel { arch: Arch::S390X, ..kernel };
/// # Ok::<(), ctnetlink::kernel::ParseReleaseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The release.
    pub release: Release,
    /// The build configuration.
    pub config: Config,
    /// The machine.
    pub arch: Arch,
}

impl Kernel {
    /// Creates a kernel that is configured as distributions do, on x86-64.
    #[must_use]
    pub const fn new(release: Release) -> Self {
        Self { release, config: Config::DISTRIBUTION, arch: Arch::X86_64 }
    }

    /// Returns `true` if the kernel has the timestamp extension.
    #[must_use]
    pub fn has_timestamp(&self) -> bool {
        self.release.has_timestamp() && self.config.timestamp
    }

    /// Returns `true` if the kernel has the labels extension.
    #[must_use]
    pub const fn has_labels(&self) -> bool {
        self.release.has_labels() && self.config.labels
    }

    /// Returns `true` if the kernel aligns 64-bit values with pad attributes.
    #[must_use]
    pub const fn pads(&self) -> bool {
        self.arch.pads && self.release.aligns_64bit()
    }

    /// Returns the identifiers in the tuples of a protocol.
    ///
    /// The kernel has them for the protocols that it tracks as their own.
    #[must_use]
    pub const fn l4proto(&self, protonum: IpProto) -> L4Proto {
        match protonum {
            IpProto::TCP | IpProto::UDP => L4Proto::Ports,
            _ => self.other_l4proto(protonum),
        }
    }

    /// It is not inlined, because `l4proto` handles the protocols of nearly all flows.
    #[inline(never)]
    const fn other_l4proto(&self, protonum: IpProto) -> L4Proto {
        match protonum {
            IpProto::ICMP => L4Proto::Icmp,
            IpProto::ICMPV6 => L4Proto::Icmpv6,
            IpProto::GRE if self.config.proto_gre => L4Proto::Ports,
            IpProto::SCTP if self.config.proto_sctp => L4Proto::Ports,
            IpProto::DCCP if self.config.proto_dccp && self.release.tracks_dccp() => L4Proto::Ports,
            IpProto::UDPLITE if self.config.proto_udplite && self.release.tracks_udplite() => {
                L4Proto::Ports
            }
            _ => L4Proto::Generic,
        }
    }

    /// Returns the limits of a buffer that starts `offset` bytes into its datagram.
    #[must_use]
    pub fn write_limits(&self, limit: usize, offset: usize) -> WriteLimits {
        WriteLimits { limit, pad_from: self.pads().then_some(offset) }
    }
}

/// The identifiers in the tuples of a protocol, besides its number.
///
/// # Examples
/// ```
/// use ctnetlink::IpProto;
/// use ctnetlink::kernel::{Kernel, L4Proto};
///
/// // Linux 6.16 has removed DCCP.
/// let [before, after] = ["6.15", "6.16"].map(|release| Kernel::new(release.parse().unwrap()));
/// assert_eq!(before.l4proto(IpProto::DCCP), L4Proto::Ports);
/// assert_eq!(after.l4proto(IpProto::DCCP), L4Proto::Generic);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L4Proto {
    /// Two ports or GRE keys.
    Ports,
    /// ICMP id, type and code.
    Icmp,
    /// ICMPv6 id, type and code.
    Icmpv6,
    /// No identifiers.
    Generic,
}

/// A build configuration: the Kconfig options that decide bytes and sizes.
///
/// # Examples
/// ```
/// use ctnetlink::kernel::{Config, Kernel};
///
/// // A kernel that is built without labels.
/// let config = Config { labels: false, ..Config::DISTRIBUTION };
/// let kernel = Kernel { config, ..Kernel::new("5.10".parse()?) };
/// assert!(kernel.config.mark && !kernel.config.labels);
/// # Ok::<(), ctnetlink::kernel::ParseReleaseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `NF_CONNTRACK_TIMESTAMP`, without which there are no timestamps; off by default.
    pub timestamp: bool,
    /// `NF_CONNTRACK_MARK`.
    pub mark: bool,
    /// `NF_CONNTRACK_ZONES`.
    pub zones: bool,
    /// `NF_CONNTRACK_LABELS`.
    pub labels: bool,
    /// `NF_CONNTRACK_SECMARK`, which matters if a security module has a context for the mark.
    pub secmark: bool,
    /// `NF_NAT`.
    pub nat: bool,
    /// `NETFILTER_SYNPROXY`.
    pub synproxy: bool,
    /// `NF_CONNTRACK_EVENTS`.
    pub events: bool,
    /// `NF_CT_PROTO_SCTP`.
    pub proto_sctp: bool,
    /// `NF_CT_PROTO_DCCP`, up to Linux 6.15.
    pub proto_dccp: bool,
    /// `NF_CT_PROTO_UDPLITE`, up to Linux 7.0.
    pub proto_udplite: bool,
    /// `NF_CT_PROTO_GRE`.
    pub proto_gre: bool,
}

impl Config {
    /// The configuration of Debian and other distributions: all options.
    pub const DISTRIBUTION: Self = Self {
        timestamp: true,
        mark: true,
        zones: true,
        labels: true,
        secmark: true,
        nat: true,
        synproxy: true,
        events: true,
        proto_sctp: true,
        proto_dccp: true,
        proto_udplite: true,
        proto_gre: true,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DISTRIBUTION
    }
}
