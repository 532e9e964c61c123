//! Multicast groups.

use core::fmt;

/// A multicast group of `NETLINK_NETFILTER`.
///
/// `u32::from(group)` is the kernel's number (`enum nfnetlink_groups`), as
/// `NETLINK_ADD_MEMBERSHIP` takes it.
///
/// # Examples
/// ```
/// use ctnetlink::Group;
///
/// assert_eq!(u32::from(Group::Destroy), 3);
/// assert_eq!(Group::try_from(3), Ok(Group::Destroy));
/// assert_eq!(Group::try_from(7).unwrap_err().to_string(), "expected a group from 1 to 6, found 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// `NFNLGRP_CONNTRACK_NEW`: an entry entered the table.
    New = 1,
    /// `NFNLGRP_CONNTRACK_UPDATE`: an entry changed.
    Update = 2,
    /// `NFNLGRP_CONNTRACK_DESTROY`: an entry left the table.
    Destroy = 3,
    /// `NFNLGRP_CONNTRACK_EXP_NEW`: a helper expects a flow.
    ExpectNew = 4,
    /// `NFNLGRP_CONNTRACK_EXP_UPDATE`: no kernel has ever sent an event to it.
    ExpectUpdate = 5,
    /// `NFNLGRP_CONNTRACK_EXP_DESTROY`: an expectation ended.
    ExpectDestroy = 6,
}

impl Group {
    /// The groups of events about entries.
    pub const CONNTRACK: [Self; 3] = [Self::New, Self::Update, Self::Destroy];
    /// The groups of events about expectations.
    pub const EXPECT: [Self; 2] = [Self::ExpectNew, Self::ExpectDestroy];
}

impl From<Group> for u32 {
    fn from(group: Group) -> Self {
        group as Self
    }
}

impl TryFrom<u32> for Group {
    type Error = UnknownGroup;

    fn try_from(number: u32) -> Result<Self, UnknownGroup> {
        Ok(match number {
            1 => Self::New,
            2 => Self::Update,
            3 => Self::Destroy,
            4 => Self::ExpectNew,
            5 => Self::ExpectUpdate,
            6 => Self::ExpectDestroy,
            _ => return Err(UnknownGroup(number)),
        })
    }
}

/// An error from the conversion of a number that is not a conntrack group.
///
/// # Examples
/// ```
/// use ctnetlink::{Group, UnknownGroup};
///
/// assert_eq!(Group::try_from(3), Ok(Group::Destroy));
/// assert_eq!(Group::try_from(7), Err(UnknownGroup(7)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownGroup(
    /// The number.
    pub u32,
);

impl fmt::Display for UnknownGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a group from 1 to 6, found {}", self.0)
    }
}

impl core::error::Error for UnknownGroup {}
