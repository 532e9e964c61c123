//! Multicast groups.

/// A multicast group of `NETLINK_NETFILTER`, by the kernel's number (`enum nfnetlink_groups`, the
/// number for `NETLINK_ADD_MEMBERSHIP`).
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
    /// `NFNLGRP_CONNTRACK_EXP_UPDATE`: no kernel has ever sent one.
    ExpectUpdate = 5,
    /// `NFNLGRP_CONNTRACK_EXP_DESTROY`: an expectation is gone.
    ExpectDestroy = 6,
}

impl Group {
    /// All that happens to entries.
    pub const CONNTRACK: [Self; 3] = [Self::New, Self::Update, Self::Destroy];
    /// All that happens to expectations.
    pub const EXPECT: [Self; 2] = [Self::ExpectNew, Self::ExpectDestroy];

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}
