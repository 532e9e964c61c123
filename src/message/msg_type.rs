//! The types of messages, with the attribute set of each.

use crate::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
};
use crate::spec::{Direction, MsgSpec};
use crate::wire::control::NlmsgerrAttrs;
use crate::wire::values::open_enum;
use crate::wire::{AttrSet, FlagSense};

open_enum! {
    /// A message type, `nlmsg_type`.
    ///
    /// The high byte is the netfilter subsystem (1 is conntrack, 2 is expectations), the low byte the
    /// message of that subsystem. Types below 16 are messages that every netlink family has.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::MsgType;
    ///
    /// assert_eq!(MsgType::from(0x0102), MsgType::CT_DELETE);
    /// assert_eq!(MsgType::CT_DELETE.to_string(), "IPCTNL_MSG_CT_DELETE");
    /// ```
    MsgType(u16), "nlmsg_type", "" {
        /// A message without content.
        NOOP = 1 "NLMSG_NOOP";
        /// An error, or an acknowledgement if the error number is 0.
        ERROR = 2 "NLMSG_ERROR";
        /// The end of a dump.
        DONE = 3 "NLMSG_DONE";
        /// A notice that data was lost.
        ///
        /// Current kernels do not send it; their receive call fails with `ENOBUFS` instead.
        OVERRUN = 4 "NLMSG_OVERRUN";
        /// An entry in a dump, or a NEW or UPDATE event; as a request, create or change an entry.
        CT_NEW = 0x0100 "IPCTNL_MSG_CT_NEW";
        /// A request for one entry or, with `NLM_F_DUMP`, for the table.
        CT_GET = 0x0101 "IPCTNL_MSG_CT_GET";
        /// A DESTROY event; as a request, delete an entry or, without tuples, flush the table.
        CT_DELETE = 0x0102 "IPCTNL_MSG_CT_DELETE";
        /// A request as [`CT_GET`](Self::CT_GET), which also sets the counters to 0.
        ///
        /// The kernel also gives this type to its replies to
        /// [`EXP_GET_STATS_CPU`](Self::EXP_GET_STATS_CPU).
        CT_GET_CTRZERO = 0x0103 "IPCTNL_MSG_CT_GET_CTRZERO";
        /// Statistics of each CPU, since Linux 3.6.
        CT_GET_STATS_CPU = 0x0104 "IPCTNL_MSG_CT_GET_STATS_CPU";
        /// The size of the table, since Linux 3.6.
        CT_GET_STATS = 0x0105 "IPCTNL_MSG_CT_GET_STATS";
        /// A request for entries whose DESTROY event could not be delivered, since Linux 3.8.
        CT_GET_DYING = 0x0106 "IPCTNL_MSG_CT_GET_DYING";
        /// A request for entries that are not in the table yet, since Linux 3.8.
        ///
        /// Since Linux 5.19 the kernel returns none.
        CT_GET_UNCONFIRMED = 0x0107 "IPCTNL_MSG_CT_GET_UNCONFIRMED";
        /// An expectation in a dump or a NEW event; as a request, create an expectation.
        EXP_NEW = 0x0200 "IPCTNL_MSG_EXP_NEW";
        /// A request for expectations.
        EXP_GET = 0x0201 "IPCTNL_MSG_EXP_GET";
        /// A DESTROY event of an expectation; as a request, delete expectations.
        EXP_DELETE = 0x0202 "IPCTNL_MSG_EXP_DELETE";
        /// A request for expectation statistics of each CPU, since Linux 3.6.
        ///
        /// The replies have the type 0x0103.
        EXP_GET_STATS_CPU = 0x0203 "IPCTNL_MSG_EXP_GET_STATS_CPU";
    }
}

impl MsgType {
    /// Returns `true` if the type belongs to conntrack or to expectations.
    #[must_use]
    pub const fn is_ctnetlink(self) -> bool {
        matches!(self.0 >> 8, 1 | 2)
    }

    /// Every message type in each direction in which it is sent, with its attribute set.
    pub const SPECS: &'static [MsgSpec] = &[
        Self::NOOP.in_direction(Direction::FromKernel),
        Self::ERROR.in_direction(Direction::FromKernel),
        Self::DONE.in_direction(Direction::FromKernel),
        Self::OVERRUN.in_direction(Direction::FromKernel),
        Self::CT_NEW.in_direction(Direction::ToKernel),
        Self::CT_NEW.in_direction(Direction::FromKernel),
        Self::CT_GET.in_direction(Direction::ToKernel),
        Self::CT_DELETE.in_direction(Direction::ToKernel),
        Self::CT_DELETE.in_direction(Direction::FromKernel),
        Self::CT_GET_CTRZERO.in_direction(Direction::ToKernel),
        Self::CT_GET_CTRZERO.in_direction(Direction::FromKernel),
        Self::CT_GET_STATS_CPU.in_direction(Direction::ToKernel),
        Self::CT_GET_STATS_CPU.in_direction(Direction::FromKernel),
        Self::CT_GET_STATS.in_direction(Direction::ToKernel),
        Self::CT_GET_STATS.in_direction(Direction::FromKernel),
        Self::CT_GET_DYING.in_direction(Direction::ToKernel),
        Self::CT_GET_UNCONFIRMED.in_direction(Direction::ToKernel),
        Self::EXP_NEW.in_direction(Direction::ToKernel),
        Self::EXP_NEW.in_direction(Direction::FromKernel),
        Self::EXP_GET.in_direction(Direction::ToKernel),
        Self::EXP_DELETE.in_direction(Direction::ToKernel),
        Self::EXP_DELETE.in_direction(Direction::FromKernel),
        Self::EXP_GET_STATS_CPU.in_direction(Direction::ToKernel),
    ];

    /// Returns the description of this type in one direction, or `None` if it is not sent in it.
    #[must_use]
    pub fn spec(self, direction: Direction) -> Option<&'static MsgSpec> {
        Self::SPECS.iter().find(|spec| spec.number == self.0 && spec.direction == direction)
    }

    const fn in_direction(self, direction: Direction) -> MsgSpec {
        let name = match self.name() {
            Some(name) => name,
            None => panic!("every message type has a name"),
        };
        let set = match self.content(matches!(direction, Direction::ToKernel)) {
            Content::Conntrack => Some(CtattrType::SPEC),
            Content::StatsCpu => Some(CtattrStatsCpu::SPEC),
            Content::StatsGlobal => Some(CtattrStatsGlobal::SPEC),
            Content::Expect => Some(CtattrExpect::SPEC),
            Content::ExpectStats => Some(CtattrExpectStats::SPEC),
            Content::Error | Content::Done => Some(NlmsgerrAttrs::SPEC),
            Content::Other => None,
        };
        MsgSpec::new(self.0, name, direction, set)
    }

    /// Returns what a message of this type contains.
    #[inline]
    pub(super) const fn content(self, is_request: bool) -> Content {
        match self {
            Self::ERROR => Content::Error,
            Self::DONE => Content::Done,
            Self::CT_NEW
            | Self::CT_GET
            | Self::CT_DELETE
            | Self::CT_GET_DYING
            | Self::CT_GET_UNCONFIRMED => Content::Conntrack,
            Self::CT_GET_CTRZERO if is_request => Content::Conntrack,
            // The kernel gives its replies to EXP_GET_STATS_CPU the type 0x0103.
            Self::CT_GET_CTRZERO | Self::EXP_GET_STATS_CPU => Content::ExpectStats,
            Self::CT_GET_STATS_CPU => Content::StatsCpu,
            Self::CT_GET_STATS => Content::StatsGlobal,
            Self::EXP_NEW | Self::EXP_GET | Self::EXP_DELETE => Content::Expect,
            _ => Content::Other,
        }
    }

    /// Returns the meaning of the flags from 0x100 on in messages of this type.
    #[must_use]
    pub const fn flag_sense(self) -> FlagSense {
        match self {
            Self::ERROR | Self::DONE => FlagSense::Ack,
            Self::CT_NEW | Self::EXP_NEW => FlagSense::New,
            Self::CT_DELETE | Self::EXP_DELETE => FlagSense::Plain,
            _ if self.is_ctnetlink() => FlagSense::Get,
            _ => FlagSense::Plain,
        }
    }
}

/// The content of a message after its fixed part.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Conntrack,
    StatsCpu,
    StatsGlobal,
    Expect,
    ExpectStats,
    Error,
    Done,
    Other,
}
