//! The simulated kernel of each release: what it sends, what it allocates, and the life of entries.
//!
//! Each test names what its expectation was read from: releases whose sources were read (functions
//! of `net/netfilter/nf_conntrack_netlink.c` unless another file is named), commits, or recordings.

#[cfg(feature = "capture")]
mod created;
mod dump;
mod entry;
mod event;
mod layers;
mod life;
mod machine;
mod netns;
mod proc_line;
mod rebuilt;
#[cfg(feature = "capture")]
mod recorded;
mod requests;
mod size;
#[cfg(feature = "capture")]
mod wide;
