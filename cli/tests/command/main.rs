//! The command as scripts see it.

mod captures;
mod run;
mod status;
