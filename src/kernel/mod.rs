//! A kernel: its release, its configuration, its machine.

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
    /// What changed when.
    pub release: Release,
    /// What it was built with.
    pub config: Config,
    /// What it runs on.
    pub arch: Arch,
}

impl Kernel {
    /// A release as distributions build it, on x86-64.
    #[must_use]
    pub const fn new(release: Release) -> Self {
        Self { release, config: Config::DISTRIBUTION, arch: Arch::X86_64 }
    }

    /// Whether the timestamp extension exists: the release has it and it was built in.
    #[must_use]
    pub fn has_timestamp(&self) -> bool {
        self.release.has_timestamp() && self.config.timestamp
    }

    /// Whether the labels extension exists.
    #[must_use]
    pub const fn has_labels(&self) -> bool {
        self.release.has_labels() && self.config.labels
    }

    /// Whether 64-bit values may get a pad, and sizes count it.
    #[must_use]
    pub const fn pads(&self) -> bool {
        self.arch.pads && self.release.aligns_64bit()
    }

    /// Which identifiers a protocol's tuples have: decided by what the kernel tracks as a protocol of
    /// its own.
    #[must_use]
    pub const fn l4proto(&self, protonum: IpProto) -> L4Proto {
        match protonum {
            IpProto::TCP | IpProto::UDP => L4Proto::Ports,
            _ => self.other_l4proto(protonum),
        }
    }

    /// Not inlined: the protocols of nearly all flows are asked for before.
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

    /// A buffer of this machine of which the first byte lies `offset` bytes into its datagram.
    #[must_use]
    pub fn write_limits(&self, limit: usize, offset: usize) -> WriteLimits {
        WriteLimits { limit, pad_from: self.pads().then_some(offset) }
    }
}

/// Which identifiers a protocol's tuples have beside its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L4Proto {
    /// Two ports or GRE keys.
    Ports,
    /// ICMP id, type, code.
    Icmp,
    /// The same, numbered as ICMPv6.
    Icmpv6,
    /// None.
    Generic,
}

/// The Kconfig options that change bytes or sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `NF_CONNTRACK_TIMESTAMP`, off unless chosen. Without it every function about timestamps is an
    /// empty stub and its size 0.
    pub timestamp: bool,
    /// `NF_CONNTRACK_MARK`.
    pub mark: bool,
    /// `NF_CONNTRACK_ZONES`.
    pub zones: bool,
    /// `NF_CONNTRACK_LABELS`.
    pub labels: bool,
    /// `NF_CONNTRACK_SECMARK`. Bytes change only if a security module names the mark as well.
    pub secmark: bool,
    /// `NF_NAT`.
    pub nat: bool,
    /// `NETFILTER_SYNPROXY`.
    pub synproxy: bool,
    /// `NF_CONNTRACK_EVENTS`.
    pub events: bool,
    /// `NF_CT_PROTO_SCTP`.
    pub proto_sctp: bool,
    /// `NF_CT_PROTO_DCCP`, up to 6.15.
    pub proto_dccp: bool,
    /// `NF_CT_PROTO_UDPLITE`, up to 7.0.
    pub proto_udplite: bool,
    /// `NF_CT_PROTO_GRE`.
    pub proto_gre: bool,
}

impl Config {
    /// As Debian and others build it: with everything.
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
