//! What the benchmarks share: the messages, the paths over them, and how they are measured.
#![allow(dead_code, unreachable_pub, reason = "each program uses a part")]

pub mod draw;
pub mod golden;
pub mod measure;
pub mod paths;
pub mod unit;
