//! A kernel: its release, its configuration, its machine.

mod parse;
mod release;

pub use parse::{ParseArchError, ParseReleaseError};
pub use release::{DumpOrder, ProtoinfoSize, Release};

use crate::nested::IpProto;
use crate::wire::{Endian, WriteLimits};

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
        self.arch.pads_64bit && self.release.aligns_64bit()
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
    /// `HZ`: jiffies a second.
    pub hz: u32,
}

impl Config {
    /// As Debian and others build it: everything, and 250 jiffies a second.
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
        hz: 250,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DISTRIBUTION
    }
}

/// What of a machine decides bytes and sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arch {
    /// The kernel's name for it.
    pub name: &'static str,
    /// The byte order of headers and of labels.
    pub endian: Endian,
    /// Bytes of an `unsigned long`.
    pub word: usize,
    /// Bytes that an skb needs for itself at the end of its memory: `struct skb_shared_info`, 320
    /// bytes, rounded up to cache lines.
    pub skb_overhead: usize,
    /// It has no `HAVE_EFFICIENT_UNALIGNED_ACCESS`: the kernel aligns 64-bit values with pads.
    pub pads_64bit: bool,
}

impl Arch {
    /// 64-bit PC.
    pub const X86_64: Self = Self::named("x86_64", Endian::Little, false);
    /// 64-bit ARM.
    pub const ARM64: Self = Self::named("arm64", Endian::Little, false);
    /// IBM Z: big-endian, with cache lines of 256 bytes.
    pub const S390X: Self = Self { skb_overhead: 512, ..Self::named("s390x", Endian::Big, false) };
    /// 64-bit RISC-V, built for machines that may lack efficient unaligned access.
    pub const RISCV64: Self = Self::named("riscv64", Endian::Little, true);

    /// Those that have a name here.
    pub const NAMED: &'static [Self] = &[Self::X86_64, Self::ARM64, Self::S390X, Self::RISCV64];

    const fn named(name: &'static str, endian: Endian, pads_64bit: bool) -> Self {
        Self { name, endian, word: 8, skb_overhead: 320, pads_64bit }
    }
}
