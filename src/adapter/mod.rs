//! Ways into other crates' worlds.
//!
//! * `packet`: messages and attributes for netlink-packet-core, netlink-proto and their relatives
//!   (features `netlink-packet-core`, `netlink-packet-utils`).
//! * `socket`: sockets of the running kernel through netlink-sys (features `netlink-sys`,
//!   `tokio_socket`; Linux only).

#[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
pub mod packet;
#[cfg(all(feature = "netlink-sys", target_os = "linux"))]
pub mod socket;
