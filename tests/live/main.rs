//! Tests requests against the running kernel, and decodes its messages.
//!
//! Each test runs itself again in a network namespace of its own, with an empty connection tracking
//! table. Lines that begin with `SKIPPED live:` report what this machine does not support.
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
