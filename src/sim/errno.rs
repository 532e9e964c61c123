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
    /// `EADDRINUSE`: another socket has the port id.
    Eaddrinuse,
    /// `EALREADY`: an expectation of another master has the tuple.
    Ealready,
    /// `EMFILE`: the master has as many expectations as its helper allows.
    Emfile,
    /// `ENOBUFS`: the receive buffer of the socket is full.
    Enobufs,
    /// `ENOMEM`: the table is full.
    Enomem,
    /// `ENOSPC`: the entry has no labels extension.
    Enospc,
    /// `ENOTSUPP`, which only kernels know: the subsystem does not take requests of this type.
    Enotsupp,
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
            Self::Eaddrinuse => "EADDRINUSE",
            Self::Ealready => "EALREADY",
            Self::Emfile => "EMFILE",
            Self::Enobufs => "ENOBUFS",
            Self::Enomem => "ENOMEM",
            Self::Enotsupp => "ENOTSUPP",
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
            Self::Enomem => 12,
            Self::Einval => 22,
            Self::Emfile => 24,
            Self::Enospc => 28,
            Self::Erange => 34,
            Self::Eopnotsupp => 95,
            Self::Eaddrinuse => 98,
            Self::Enobufs => 105,
            Self::Ealready => 114,
            Self::Enotsupp => 524,
        }
    }
}
