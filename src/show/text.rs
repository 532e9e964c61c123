//! The lines that conntrack(8) prints.
