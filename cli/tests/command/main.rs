//! Tests of the output and exit status of the command on files.

mod captures;
#[cfg(feature = "compression")]
mod compressed;
mod json;
#[path = "../run/mod.rs"]
mod run;
mod status;
