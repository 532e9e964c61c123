//! A simulated conntrack: what the kernel would send, byte for byte.
mod dump;
mod event;
mod expect;
mod fill_info;
mod kernel;
mod life;
mod net;
mod nf_conn;
mod proc_line;
mod rebuild;
mod release;
mod stats;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use dump::{DumpBuffers, DumpRequest};
pub use event::{
    Event, Group, ctnetlink_conntrack_event, ctnetlink_dump_event_timestamp, kind_of_event,
};
pub use expect::{ExpectNat, NfConntrackExpect, ctnetlink_exp_fill_info, ctnetlink_expect_event};
pub use fill_info::{
    Reply, Skb, ctnetlink_dump_acct, ctnetlink_dump_ct_seq_adj, ctnetlink_dump_ct_synproxy,
    ctnetlink_dump_extinfo, ctnetlink_dump_helpinfo, ctnetlink_dump_id, ctnetlink_dump_info,
    ctnetlink_dump_labels, ctnetlink_dump_mark, ctnetlink_dump_master, ctnetlink_dump_protoinfo,
    ctnetlink_dump_secctx, ctnetlink_dump_status, ctnetlink_dump_timeout, ctnetlink_dump_timestamp,
    ctnetlink_dump_tuples, ctnetlink_dump_tuples_ip, ctnetlink_dump_tuples_proto,
    ctnetlink_dump_use, ctnetlink_fill_info, nf_ct_expires,
};
pub use kernel::{Arch, Config, Kernel, L4Proto, ParseArchError};
pub use life::{Dir, Packet};
pub use net::{Clock, Errno, InitFailure, InitStep, ModuleParams, Net, Socket, Sysctls};
pub use nf_conn::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp, NfConnLabels, NfConnNat,
    NfConnSynproxy, NfConnTstamp, NfConntrackEcache, NfConntrackTuple, NfConntrackZone, NfCtSeqadj,
    SecurityContext, ZoneDir,
};
pub use proc_line::{CtSeq, DeltaTime, ct_seq_show};
pub use rebuild::{Rebuilder, Rebuilt, Recorded, RecordedKind};
pub use release::{DumpOrder, ParseReleaseError, ProtoinfoSize, Release};
pub use stats::{
    IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info,
    ctnetlink_stat_ct_fill_info,
};
