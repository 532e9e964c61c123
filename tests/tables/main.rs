//! Every attribute of every table, and what goes wrong with attributes and messages, by bytes written
//! by hand from the kernel's header.

mod bytes;
mod lengths;
mod messages;
mod row;
mod rows;
mod values;
