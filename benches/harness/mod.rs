//! The code that the benchmarks share: the messages, the paths and the measurement.
#![allow(dead_code, unreachable_pub, reason = "each program uses a part")]

pub mod count;
pub mod draw;
pub mod golden;
pub mod measure;
pub mod paths;
pub mod unit;
