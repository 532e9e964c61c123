//! The argument that chooses a table.

use clap::ValueEnum;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// Conntrack entries
    Conntrack,
    /// Expectations
    Expect,
}
