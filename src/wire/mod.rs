//! Netlink bytes: alignment, attributes, headers. Knows nothing of conntrack.

mod endian;

pub use endian::Endian;
