//! Options that several subcommands share, one group per file.

pub(crate) mod bits;
pub(crate) mod destination;
#[cfg(target_os = "linux")]
pub(crate) mod event;
#[cfg(target_os = "linux")]
pub(crate) mod expectation;
pub(crate) mod filter;
pub(crate) mod jobs;
pub(crate) mod labels;
#[cfg(target_os = "linux")]
pub(crate) mod listen;
pub(crate) mod nat;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod release;
pub(crate) mod state;
#[cfg(target_os = "linux")]
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod tuple;
#[cfg(target_os = "linux")]
pub(crate) mod values;
pub(crate) mod word_size;
