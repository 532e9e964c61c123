//! The errors of the sockets.

use crate::error::Error;
use crate::spec::AttrSpec;
use crate::wire::control::NlMsgErr;
use crate::wire::{AttrSet, Attrs, Visitor};
use crate::{Body, Message, MsgType};
use core::fmt;
use rustix::io::Errno;
use std::io;

/// An error from a conntrack socket.
///
/// Its text includes the cause, so that [`source`](core::error::Error::source) is `None`; the cause
/// is in the variant.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Conntrack;
/// use ctnetlink::request;
/// use ctnetlink::socket::{Socket, SocketError};
///
/// /// Deletes an entry. Returns `false` if there is none.
/// fn delete(socket: &mut Socket, ct: &Conntrack) -> Result<bool, SocketError> {
///     match socket.request(request::delete(ct)?) {
///         Ok(_) => Ok(true),
///         Err(error) if error.is_not_found() => Ok(false),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SocketError {
    /// The kernel rejected the request.
    Rejected(Rejection),
    /// The receive buffer was full, and the kernel dropped messages (`ENOBUFS`).
    ///
    /// The socket remains usable. On [`Events`](super::Events), events are missing, and the kernel
    /// silently drops further ones until the receive buffer has been read empty;
    /// [`Table::resync`](super::Table::resync) recovers from that. On [`Socket`](super::Socket), a
    /// part of the reply is missing, and the request may have been carried out.
    Overrun,
    /// A datagram was larger than the [`Buffer`](super::Buffer) and was discarded.
    Truncated {
        /// The length of the datagram.
        length: usize,
        /// The size of the buffer.
        capacity: usize,
    },
    /// No reply arrived before the timeout of the socket.
    TimedOut,
    /// A datagram does not consist of messages, or the request cannot be encoded.
    Malformed(Error),
    /// A system call failed.
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// The error of the system call.
        error: io::Error,
    },
}

impl SocketError {
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| match error.raw_os_error() {
            Some(errno) if errno == Errno::NOBUFS.raw_os_error() => Self::Overrun,
            _ => Self::Io { doing, error },
        }
    }

    /// Returns the OS error number if the kernel rejected the request or a system call failed.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Rejected(rejection) => Some(rejection.errno),
            Self::Io { error, .. } => error.raw_os_error(),
            _ => None,
        }
    }

    /// Returns `true` if the kernel rejected the request because there is no such entry (`ENOENT`).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is_rejected_with(Errno::NOENT)
    }

    /// Returns `true` if the kernel rejected the request because the entry exists (`EEXIST`).
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.is_rejected_with(Errno::EXIST)
    }

    fn is_rejected_with(&self, errno: Errno) -> bool {
        matches!(self, Self::Rejected(rejection) if rejection.errno == errno.raw_os_error())
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Overrun => {
                f.write_str("the receive buffer of the socket was full and messages were dropped")
            }
            Self::Truncated { length, capacity } => write!(
                f,
                "discarded a datagram of {length} bytes, which exceeds the buffer of {capacity} bytes"
            ),
            Self::TimedOut => f.write_str("no reply from the kernel before the timeout"),
            Self::Malformed(error) => error.fmt(f),
            Self::Io { doing, error } => {
                write!(f, "{doing}: {error}")?;
                match error.raw_os_error() == Some(Errno::PERM.raw_os_error()) {
                    true => write!(f, "; {NEEDS_CAP_NET_ADMIN}"),
                    false => Ok(()),
                }
            }
        }
    }
}

impl core::error::Error for SocketError {}

impl From<Error> for SocketError {
    fn from(error: Error) -> Self {
        Self::Malformed(error)
    }
}

/// How to get the permission that all requests and subscriptions need.
pub(super) const NEEDS_CAP_NET_ADMIN: &str =
    "this needs CAP_NET_ADMIN in the network namespace: run it as root, for example with sudo";

/// An error with which the kernel rejected a request.
///
/// # Examples
/// ```no_run
/// use ctnetlink::socket::{Socket, SocketError};
/// use ctnetlink::{Conntrack, Tuple, request};
///
/// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// // An entry without a timeout, which the kernel rejects.
/// match Socket::open()?.request(request::create(&Conntrack::new(orig))?) {
///     Err(SocketError::Rejected(rejection)) => assert_eq!(rejection.errno, 22), // EINVAL
///     other => println!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The OS error number, positive.
    pub errno: i32,
    /// The extended-ack message of the kernel, which many errors lack.
    pub message: Option<String>,
    /// The offset of the wrong attribute in the request, if the kernel reports it.
    pub offset: Option<u32>,
    /// The attribute at that offset.
    pub attr: Option<&'static AttrSpec>,
    /// What to do about it, where the error number does not say it.
    pub hint: Option<&'static str>,
}

impl Rejection {
    pub(super) fn new(error: &NlMsgErr<'_>, request: &Message<'_>) -> Self {
        let offset = error.offset();
        let mut seek = Seek { offset: offset.and_then(|o| usize::try_from(o).ok()), found: None };
        // An undecodable body has no attributes to find.
        let _ = request.visit(&mut seek);
        let errno = error.error.saturating_neg();
        Self {
            errno,
            message: error.message().map(|text| text.to_string_lossy().into_owned()),
            offset,
            attr: seek.found,
            hint: hint(errno, request.msg_type()),
        }
    }

    /// The error that ended a dump.
    pub(super) fn dump(status: i32) -> Self {
        let errno = status.saturating_neg();
        Self { errno, message: None, offset: None, attr: None, hint: None }
    }
}

fn hint(errno: i32, msg_type: MsgType) -> Option<&'static str> {
    match msg_type {
        _ if errno != Errno::PERM.raw_os_error() => None,
        MsgType::CT_NEW => Some(
            "this needs CAP_NET_ADMIN in the network namespace (run it as root, for example with \
             sudo), and an entry without FIXED_TIMEOUT if it changes the timeout",
        ),
        _ => Some(NEEDS_CAP_NET_ADMIN),
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = io::Error::from_raw_os_error(self.errno);
        write!(f, "the kernel rejected the request: {error}")?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        match (self.attr, self.offset) {
            (Some(attr), Some(offset)) => write!(f, " ({} at byte {offset})", attr.name)?,
            (None, Some(offset)) => write!(f, " (at byte {offset} of the request)")?,
            _ => {}
        }
        self.hint.map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl core::error::Error for Rejection {}

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

/// Decodes the body of an `NLMSG_ERROR`.
///
/// Returns `None` for other messages.
pub(super) fn error_of<'a>(message: &Message<'a>) -> Result<Option<NlMsgErr<'a>>, Error> {
    match message.body()? {
        Body::Error(error) => Ok(Some(error)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::error::Error as _;

    /// Returns the texts of an error and of its sources.
    fn chain(error: &dyn core::error::Error) -> Vec<String> {
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        texts
    }

    #[test]
    fn a_cause_appears_once_in_the_chain() {
        let malformed = crate::wire::RawMessage::parse(&[9; 8], crate::wire::Endian::NATIVE);
        let cause = malformed.unwrap_err().to_string();
        let malformed = SocketError::Malformed(malformed.unwrap_err());
        let refused = io::Error::from_raw_os_error(Errno::ACCESS.raw_os_error());
        let io = SocketError::Io { doing: "reading", error: refused };
        for (error, cause) in [(malformed, &*cause), (io, "Permission denied")] {
            let texts = chain(&error);
            let times = texts.iter().map(|text| text.matches(cause).count()).sum::<usize>();
            assert_eq!(times, 1, "{texts:?}");
        }
    }

    #[test]
    fn a_missing_capability_is_named() {
        let eperm = io::Error::from_raw_os_error(Errno::PERM.raw_os_error());
        let io = SocketError::Io { doing: "joining", error: eperm };
        assert!(io.to_string().contains("CAP_NET_ADMIN"), "{io}");
        assert_eq!(io.errno(), Some(1));
        for (errno, msg_type, is_named) in
            [(1, MsgType::CT_GET, true), (1, MsgType::CT_NEW, true), (2, MsgType::CT_GET, false)]
        {
            let hint = hint(errno, msg_type);
            let rejection = Rejection { errno, message: None, offset: None, attr: None, hint };
            let text = rejection.to_string();
            assert_eq!(text.contains("CAP_NET_ADMIN"), is_named, "{text}");
            assert!(rejection.source().is_none());
        }
    }
}
