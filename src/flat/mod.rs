//! Decoded structs, with one field per attribute.
//!
//! An absent attribute is `None`, not zero. [`Message::conntrack`](crate::Message::conntrack) and its
//! siblings return [`Conntrack`], [`Expectation`] and the statistics. They are decoded in one pass and
//! without a heap allocation, unless a name is longer than 22 bytes or a helper has data of its own.
//!
//! The structs do not keep the order of attributes, unknown attributes, duplicates (the last one wins,
//! as in the kernel), empty nested attributes and padding. Use [`Attrs`](crate::wire::Attrs) if you
//! need those.
//!
//! Fields are added as the kernel adds attributes: write literals with `..Default::default()`.

pub(crate) mod conntrack;
mod declare;
mod decode;
mod entry;
mod expectation;
mod flow_times;
mod labels;
mod name;
mod nat_range;
mod parts;
mod protoinfo;
mod read_shapes;
pub(crate) mod record;
mod stats;
pub(crate) mod tuple;
mod write_shapes;

pub use conntrack::{Conntrack, Endpoint, Rare};
pub use entry::Layout;
pub use expectation::{ExpectNat, Expectation};
pub use flow_times::FlowTimes;
pub use labels::{LabelError, LabelIter, Labels};
pub use name::Name;
pub use nat_range::{NatRange, PortRange};
pub use parts::{Counters, Counters32, Filter, Help, SecCtx, SeqAdj, SynProxy, Timestamp};
pub use protoinfo::{Dccp, ProtoInfo, Sctp, Tcp};
pub use record::Record;
pub use stats::{ExpectStats, StatsCpu, StatsGlobal};
pub use tuple::Tuple;
