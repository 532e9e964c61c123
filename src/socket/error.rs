//! What can go wrong with a socket.

use crate::error::Error;
use crate::spec::AttrSpec;
use crate::wire::control::NlMsgErr;
use crate::wire::{AttrSet, Attrs, Visitor};
use crate::{Body, Message};
use core::fmt;
use rustix::io::Errno;
use std::io;

/// Why something could not be had from the kernel.
#[derive(Debug)]
#[non_exhaustive]
pub enum SocketError {
    /// The kernel refused the request.
    Refused(Refused),
    /// The socket's receive buffer was full and the kernel dropped messages (`ENOBUFS`).
    ///
    /// On [`Events`](super::Events): events are missing. From here on the kernel drops further
    /// ones until the buffer has been read empty, without telling again;
    /// [`Table::resynchronise`](super::Table::resynchronise) heeds that. On
    /// [`Socket`](super::Socket): an answer is missing; whether the request was carried out is not
    /// known.
    Lost,
    /// A datagram did not fit the [`Buffer`](super::Buffer) and was cut; it is gone.
    Truncated {
        /// Its length, as far as that is known.
        length: usize,
        /// The size of the buffer.
        capacity: usize,
    },
    /// No answer came within the socket's timeout.
    TimedOut,
    /// What the kernel sent cannot be split into messages, or the request cannot be written.
    Malformed(Error),
    /// A system call failed.
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        error: io::Error,
    },
}

impl SocketError {
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| match error.raw_os_error() {
            Some(errno) if errno == Errno::NOBUFS.raw_os_error() => Self::Lost,
            _ => Self::Io { doing, error },
        }
    }

    /// The positive errno, if the kernel refused the request.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused(refused) => Some(refused.errno),
            Self::Io { error, .. } => error.raw_os_error(),
            _ => None,
        }
    }

    /// Whether the kernel says that there is no such entry (`ENOENT`).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.errno == Errno::NOENT.raw_os_error())
    }

    /// Whether the kernel says that there is such an entry already (`EEXIST`).
    #[must_use]
    pub fn already_exists(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.errno == Errno::EXIST.raw_os_error())
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Lost => {
                f.write_str("messages were lost because the socket's receive buffer was full")
            }
            Self::Truncated { length, capacity } => write!(
                f,
                "a datagram of {length} bytes or more was cut to the buffer's {capacity} and is lost"
            ),
            Self::TimedOut => f.write_str("no answer from the kernel in time"),
            Self::Malformed(error) => error.fmt(f),
            Self::Io { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl core::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for SocketError {
    fn from(error: Error) -> Self {
        Self::Malformed(error)
    }
}

/// The kernel's refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The positive errno.
    pub errno: i32,
    /// The kernel's sentence on what is wrong. Often there is none.
    pub message: Option<String>,
    /// Bytes from the start of the request to the attribute that is wrong, where the kernel says.
    pub offset: Option<u32>,
    /// The attribute that stands there in the request.
    pub attr: Option<&'static AttrSpec>,
}

impl Refused {
    pub(super) fn new(error: &NlMsgErr<'_>, request: &Message<'_>) -> Self {
        let offset = error.offset();
        let mut seek = Seek { offset: offset.and_then(|o| usize::try_from(o).ok()), found: None };
        // A request of ours has a body.
        let _ = request.visit(&mut seek);
        Self {
            errno: error.error.saturating_neg(),
            message: error.message().map(|text| text.to_string_lossy().into_owned()),
            offset,
            attr: seek.found,
        }
    }

    /// The end of a dump with an error.
    pub(super) fn dump(status: i32) -> Self {
        Self { errno: status.saturating_neg(), message: None, offset: None, attr: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the kernel refused: {}", io::Error::from_raw_os_error(self.errno))?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        match (self.attr, self.offset) {
            (Some(attr), Some(offset)) => write!(f, " ({} at byte {offset})", attr.name),
            (None, Some(offset)) => write!(f, " (at byte {offset} of the request)"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Refused {}

/// Finds the attribute at an offset.
struct Seek {
    offset: Option<usize>,
    found: Option<&'static AttrSpec>,
}

impl<'a> Visitor<'a> for Seek {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for raw in attrs.raw().flatten() {
            if Some(raw.offset) == self.offset {
                self.found = S::SPEC.get(raw.number());
            } else if let Ok(attr) = S::decode(raw) {
                S::visit_nest(&attr, self);
            }
        }
    }
}

/// What the body of an `NLMSG_ERROR` says.
pub(super) fn error_of<'a>(message: &Message<'a>) -> Result<Option<NlMsgErr<'a>>, Error> {
    match message.body()? {
        Body::Error(error) => Ok(Some(error)),
        _ => Ok(None),
    }
}
