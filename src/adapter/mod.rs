//! The crates that this one works with.

#[cfg(all(feature = "netlink-sys", target_os = "linux"))]
pub mod socket;
