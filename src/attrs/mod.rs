//! The top-level attribute sets of messages, and the values in them.
//!
//! Each set is a type without values, such as [`CtattrType`]: the parameter of
//! [`Attrs`](crate::wire::Attrs) and [`Writer`](crate::wire::Writer). Its attributes are an enum, such
//! as [`CtAttr`], whose pages say when the kernel sends each of them. Attributes inside of other
//! attributes are in [`nested`](crate::nested).
//!
//! | set | attributes | messages |
//! |---|---|---|
//! | [`CtattrType`] | [`CtAttr`] | `IPCTNL_MSG_CT_NEW`, `GET`, `DELETE`, `GET_CTRZERO`, `GET_DYING`, `GET_UNCONFIRMED` |
//! | [`CtattrStatsCpu`] | [`StatsCpuAttr`] | `IPCTNL_MSG_CT_GET_STATS_CPU` |
//! | [`CtattrStatsGlobal`] | [`StatsGlobalAttr`] | `IPCTNL_MSG_CT_GET_STATS` |
//! | [`CtattrExpect`] | [`ExpectAttr`] | `IPCTNL_MSG_EXP_NEW`, `GET`, `DELETE` |
//! | [`CtattrExpectStats`] | [`ExpectStatsAttr`] | `IPCTNL_MSG_EXP_GET_STATS_CPU` |
//!
//! # Examples
//! ```
//! use ctnetlink::attrs::{CtAttr, CtattrType};
//! use ctnetlink::wire::{AttrsBuf, Endian};
//!
//! let attrs = AttrsBuf::<CtattrType>::build(Endian::Big, |out| out.put(CtAttr::Mark(0x1234)))?;
//! let mark = attrs.as_attrs().find(|attr| match attr {
//!     CtAttr::Mark(mark) => Some(mark),
//!     _ => None,
//! });
//! assert_eq!(mark, Some(0x1234));
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```

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
