//! The errors with which the simulated kernel rejects requests.

use core::fmt;

/// An error number of the simulated kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// `ENOENT`: there is no such entry.
    Enoent,
    /// `EBUSY`: the status or the helper cannot be changed that way.
    Ebusy,
    /// `EEXIST`: there is such an entry already.
    Eexist,
    /// `EINVAL`: something is missing or out of range.
    Einval,
    /// `ENOSPC`: the entry has no labels extension.
    Enospc,
    /// `EOPNOTSUPP`: the kernel cannot do it, or not to this entry.
    Eopnotsupp,
    /// `EPERM`: the entry does not allow it.
    Eperm,
    /// `ERANGE`: a number is out of range.
    Erange,
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enoent => "ENOENT",
            Self::Ebusy => "EBUSY",
            Self::Eexist => "EEXIST",
            Self::Einval => "EINVAL",
            Self::Enospc => "ENOSPC",
            Self::Eopnotsupp => "EOPNOTSUPP",
            Self::Eperm => "EPERM",
            Self::Erange => "ERANGE",
        })
    }
}

impl core::error::Error for Errno {}

impl Errno {
    /// Returns the error number on most machines, such as x86, ARM, RISC-V and s390.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Eperm => 1,
            Self::Enoent => 2,
            Self::Ebusy => 16,
            Self::Eexist => 17,
            Self::Einval => 22,
            Self::Enospc => 28,
            Self::Erange => 34,
            Self::Eopnotsupp => 95,
        }
    }
}
