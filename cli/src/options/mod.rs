//! Options that several subcommands share, one group per file.

#[cfg(target_os = "linux")]
pub(crate) mod event;
#[cfg(target_os = "linux")]
pub(crate) mod filter;
pub(crate) mod jobs;
#[cfg(target_os = "linux")]
pub(crate) mod listen;
pub(crate) mod output;
pub(crate) mod time;
#[cfg(target_os = "linux")]
pub(crate) mod tuple;
