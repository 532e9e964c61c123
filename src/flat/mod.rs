//! Flat values: a struct with a field for each attribute, where absent is `None` and not zero.
//!
//! [`Conntrack`], [`Expectation`] and the statistics are what most tools want. They are made from
//! attributes in one pass and without a heap allocation, unless a name is longer than the kernel's
//! own limits or a helper has data of its own. What they cannot hold is the order of attributes,
//! attributes that their table does not name, duplicates (the last one wins, as in the kernel),
//! empty nests and padding; for those there are [`Attrs`](crate::wire::Attrs).
//!
//! Fields are added as the kernel adds attributes: write literals with `..Default::default()`.

pub(crate) mod conntrack;
mod decode;
mod expectation;
mod flow_times;
mod labels;
mod name;
mod parts;
mod read_shapes;
pub(crate) mod record;
mod stats;
pub(crate) mod tuple;
mod write_shapes;

pub use conntrack::{Conntrack, Endpoint, Layout, RequestOnly};
pub use expectation::{ExpectNat, Expectation};
pub use flow_times::FlowTimes;
pub use labels::{LabelError, LabelIter, Labels};
pub use name::Name;
pub use parts::{
    Counters, Dccp, Filter, Help, NatRange, PortRange, ProtoInfo, Sctp, SecCtx, SeqAdj, SynProxy,
    Tcp, Timestamp,
};
pub use record::Record;
pub use stats::{ExpectStats, StatsCpu, StatsGlobal};
pub use tuple::Tuple;
