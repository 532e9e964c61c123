//! Every attribute of every set, and malformed attributes and messages.
//!
//! The bytes are written by hand from the kernel's header.

mod bytes;
mod lengths;
mod messages;
mod row;
mod rows;
mod values;
