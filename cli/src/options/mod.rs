//! Options that several subcommands share, one group per file.

#[cfg(target_os = "linux")]
pub(crate) mod event;
pub(crate) mod filter;
pub(crate) mod jobs;
pub(crate) mod labels;
#[cfg(target_os = "linux")]
pub(crate) mod listen;
pub(crate) mod nat;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod state;
pub(crate) mod time;
pub(crate) mod tuple;
