//! The command as scripts see it.

mod captures;
mod json;
mod run;
mod status;
