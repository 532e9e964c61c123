//! Errors that end a command.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

/// Why a command ends early.
pub(crate) enum Stop {
    /// The arguments, a file or the kernel cannot be used.
    Unusable(String),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Stop {
    /// Creates the error for a file that cannot be used.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::Unusable(format!("{}: {error}", path.display()))
    }
}

impl From<ctnetlink::error::Error> for Stop {
    fn from(error: ctnetlink::error::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(sentence) => f.write_str(sentence),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}
