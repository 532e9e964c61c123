//! A simulated conntrack: what the kernel would send, byte for byte.
mod kernel;
mod release;

pub use kernel::{Arch, Config, Kernel, L4Proto, ParseArchError};
pub use release::{DumpOrder, ParseReleaseError, ProtoinfoSize, Release};
