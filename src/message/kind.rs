//! Requests, replies and events.

/// What a message is: a request, a reply, or an event about an entry or an expectation.
///
/// # Examples
/// ```
/// use ctnetlink::{Kind, request};
///
/// let kind = request::stats().as_message().kind();
/// assert_eq!(kind, Kind::Request);
/// assert!(!kind.is_event() && Kind::Destroy.is_event());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// A request from user space to the kernel.
    Request,
    /// A reply with data: an entry or expectation of a dump or of a single GET, or statistics.
    Reply,
    /// An event: an entry entered the table (`NLM_F_CREATE` or `NLM_F_EXCL` is set).
    New,
    /// An event: an entry in the table changed.
    Update,
    /// An event: an entry left the table.
    Destroy,
    /// An event: a helper expects a flow.
    ExpectNew,
    /// An event: an expectation changed, which no kernel has ever sent.
    ExpectUpdate,
    /// An event: an expectation ended.
    ExpectDestroy,
    /// An acknowledgement, an error, the end of a dump, or another netlink control message.
    Control,
    /// A message of another netfilter subsystem.
    Foreign,
}

impl Kind {
    /// Returns `true` if the message is a multicast event about an entry or an expectation.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::New
                | Self::Update
                | Self::Destroy
                | Self::ExpectNew
                | Self::ExpectUpdate
                | Self::ExpectDestroy
        )
    }
}
