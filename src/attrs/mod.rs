//! The sets that stand at the top of a message, and the values in them.
//!
//! | set | messages |
//! |---|---|
//! | [`CtattrType`] | `IPCTNL_MSG_CT_NEW`, `GET`, `DELETE`, `GET_CTRZERO`, `GET_DYING`, `GET_UNCONFIRMED` |
//! | [`CtattrStatsCpu`] | `IPCTNL_MSG_CT_GET_STATS_CPU` |
//! | [`CtattrStatsGlobal`] | `IPCTNL_MSG_CT_GET_STATS` |
//! | [`CtattrExpect`] | `IPCTNL_MSG_EXP_NEW`, `GET`, `DELETE` |
//! | [`CtattrExpectStats`] | `IPCTNL_MSG_EXP_GET_STATS_CPU` |

mod conntrack;
mod expect;
mod stats;
mod status;

pub use conntrack::{CtAttr, CtattrType};
pub use expect::{CtattrExpect, ExpectAttr, ExpectFlags};
pub use stats::{
    CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, ExpectStatsAttr, StatsCpuAttr,
    StatsGlobalAttr,
};
pub use status::Status;
