//! Tests of the simulated kernels: their messages, allocation sizes, and the life of entries.
//!
//! Each test names the source of its expected values: releases with functions in
//! `net/netfilter/nf_conntrack_netlink.c` (unless another file is named), commits, or recordings.

#[cfg(feature = "capture")]
mod created;
mod dump;
mod entry;
mod event;
mod life;
mod machine;
mod netns;
mod nfnetlink;
mod proc_line;
mod rebuilt;
#[cfg(feature = "capture")]
mod recorded;
mod requests;
mod size;
#[cfg(feature = "capture")]
mod wide;
