//! A simulated conntrack: what the kernel of each release sends of its entries, byte for byte.
//!
//! ```
//! use ctnetlink::nested::IpProto;
//! use ctnetlink::kernel::{Kernel, Release};
//! use ctnetlink::sim::{Clock, ModuleParams, Net, NfConntrackTuple, Packet, Socket};
//! use ctnetlink::{Conntrack, Group, Message};
//! use std::net::Ipv4Addr;
//!
//! // A namespace of Linux 2.6.39 that stamps its flows, and a logger.
//! let kernel = Kernel::new(Release::V2_6_39);
//! let module = ModuleParams { tstamp: true, acct: true };
//! let clock = Clock { real_ns: 1_300_000_000_000_000_000, jiffies: 0 };
//! let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
//! net.sockets.push(Socket { groups: vec![Group::Destroy], ..Socket::default() });
//!
//! // A flow that lasts until its 30 seconds are over.
//! let host = |n, port| (Ipv4Addr::new(192, 0, 2, n).into(), port);
//! let orig = NfConntrackTuple::ports(IpProto::UDP, host(1, 4000), host(2, 53));
//! let packet = Packet { len: 60, timeout: 30, ..Packet::default() };
//! let mut ct = net.init_conntrack(orig, orig.inverted(), Default::default());
//! net.first_packet(&mut ct, &packet);
//! net.confirm(ct, &packet);
//! net.advance(30_000);
//! net.reap_expired();
//!
//! let event = Message::parse_with(&net.sockets[0].received[0], kernel.arch.endian)?;
//! let flow = Conntrack::try_from(event)?;
//! assert_eq!(flow.timestamp.duration_ns(), Some(30_000_000_000));
//! assert_eq!(flow.counters_orig.bytes, Some(60));
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```
//!
//! # What is where
//!
//! Functions that mirror the kernel carry its names and keep its order, so that they can be held
//! beside its source.
//!
//! | | |
//! |---|---|
//! | [`Release`](crate::kernel::Release) | what changed when, a method a change |
//! | [`kernel`](crate::kernel) | release, build options, machine |
//! | [`NfConn`] | an entry: its state, and extensions that it has or not |
//! | [`ctnetlink_fill_info`] | answers to dump, GET, GET_CTRZERO |
//! | [`ctnetlink_conntrack_event`] | events, with [the size that the kernel allocates](crate::msg_size) |
//! | [`ctnetlink_exp_fill_info`], [`ctnetlink_expect_event`] | the same of expectations |
//! | [`ctnetlink_ct_stat_cpu_fill_info`], … | statistics |
//! | [`ct_seq_show`] | lines of `/proc/net/nf_conntrack` |
//! | [`Net`] | a namespace: sysctls, clock, table, listeners, the life of entries |
//! | [`Rebuilder`] | from recorded messages back to entries |
//!
//! # How far it can be trusted
//!
//! Recordings of 5.10, 6.1, 6.12, 6.18 and 7.2 (x86-64, and 7.2 on s390x and riscv64) come out byte
//! for byte, and so do the sizes that those kernels allocated. Other releases follow their sources;
//! methods of [`Release`](crate::kernel::Release) say where only neighbours of a change were read. The table's order, ids
//! and what protocols make of packets are the caller's: there is no hash and no tracker here.

mod dump;
mod dump_tuples;
mod event;
mod expect;
mod fill_info;
mod life;
mod net;
mod nf_conn;
mod out;
mod proc_line;
mod rebuild;
mod requests;
mod stats;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use dump::{DumpBuffers, DumpRequest};
pub use dump_tuples::{
    ctnetlink_dump_tuples, ctnetlink_dump_tuples_ip, ctnetlink_dump_tuples_proto,
};
pub use event::{
    Event, conntrack_event_len, ctnetlink_conntrack_event, ctnetlink_dump_event_timestamp,
    kind_of_event,
};
pub use expect::{ExpectNat, NfConntrackExpect, ctnetlink_exp_fill_info, ctnetlink_expect_event};
pub use fill_info::{
    Reply, Skb, ctnetlink_dump_acct, ctnetlink_dump_ct_seq_adj, ctnetlink_dump_ct_synproxy,
    ctnetlink_dump_extinfo, ctnetlink_dump_helpinfo, ctnetlink_dump_id, ctnetlink_dump_info,
    ctnetlink_dump_labels, ctnetlink_dump_mark, ctnetlink_dump_master, ctnetlink_dump_protoinfo,
    ctnetlink_dump_secctx, ctnetlink_dump_status, ctnetlink_dump_timeout, ctnetlink_dump_timestamp,
    ctnetlink_dump_use, ctnetlink_fill_info, nf_ct_expires,
};
pub use life::{Dir, Packet};
pub use net::{Clock, Errno, InitFailure, InitStep, ModuleParams, Net, Socket, Sysctls};
pub use nf_conn::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp, NfConnLabels, NfConnNat,
    NfConnSynproxy, NfConnTstamp, NfConntrackEcache, NfConntrackTuple, NfConntrackZone, NfCtSeqadj,
    SecurityContext, ZoneDir,
};
pub use out::Out;
pub use proc_line::{CtSeq, DeltaTime, ct_seq_show};
pub use rebuild::{Rebuilder, Rebuilt, Recorded, RecordedKind};
pub use requests::Helper;
pub use stats::{
    IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info,
    ctnetlink_stat_ct_fill_info,
};
