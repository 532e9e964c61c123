//! Requests for statistics.

use super::bare;
use crate::wire::NlmFlags;
use crate::{Family, MessageBuf, MsgType};

/// Builds a request for the number of entries and the largest possible number (`conntrack -C`).
///
/// Since Linux 3.6.
///
/// # Examples
/// ```
/// use ctnetlink::{MsgType, request};
///
/// // A netlink header and an nfgenmsg.
/// let request = request::stats();
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_STATS);
/// assert_eq!(request.as_bytes().len(), 16 + 4);
/// ```
#[must_use]
pub fn stats() -> MessageBuf {
    bare(MsgType::CT_GET_STATS, Family::UNSPEC, NlmFlags::empty())
}

/// Builds a request for the statistics of each CPU (`conntrack -S`).
///
/// Since Linux 3.6.
///
/// # Examples
/// ```
/// use ctnetlink::{MsgType, request};
///
/// let request = request::stats_cpu();
/// assert_eq!(request.as_message().msg_type(), MsgType::CT_GET_STATS_CPU);
/// ```
#[must_use]
pub fn stats_cpu() -> MessageBuf {
    bare(MsgType::CT_GET_STATS_CPU, Family::UNSPEC, NlmFlags::DUMP)
}

/// Builds a request for the expectation statistics of each CPU (`conntrack -S expect`).
///
/// Since Linux 3.6.
///
/// # Examples
/// ```
/// use ctnetlink::{MsgType, request};
///
/// let request = request::expect_stats_cpu();
/// assert_eq!(request.as_message().msg_type(), MsgType::EXP_GET_STATS_CPU);
/// ```
#[must_use]
pub fn expect_stats_cpu() -> MessageBuf {
    bare(MsgType::EXP_GET_STATS_CPU, Family::UNSPEC, NlmFlags::DUMP)
}
