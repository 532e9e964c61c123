//! The running kernel as the judge of what the crate writes, and of what it reads.
//!
//! Each test runs itself again in a network namespace of its own, with an empty connection tracking
//! table. What this machine cannot do is said in lines that begin `SKIPPED live:`.
#![cfg(target_os = "linux")]

mod change;
mod create;
mod errors;
mod events;
mod expect;
mod flows;
mod namespace;
mod net;
mod select;
mod statistics;
