//! The command as scripts see it.

mod captures;
#[cfg(feature = "compression")]
mod compressed;
mod json;
mod run;
mod status;
