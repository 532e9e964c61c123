//! A simulated kernel that sends the messages of each Linux release, byte for byte.
//!
//! # Examples
//!
//! ```
//! use ctnetlink::nested::IpProto;
//! use ctnetlink::kernel::{Kernel, Release};
//! use ctnetlink::sim::{Clock, Listener, ModuleParams, Net, NfConntrackTuple, Packet};
//! use ctnetlink::{Conntrack, Group, Message};
//! use std::net::Ipv4Addr;
//!
//! // A namespace of Linux 2.6.39 with timestamps, and a logger.
//! let kernel = Kernel::new(Release::V2_6_39);
//! let module = ModuleParams { tstamp: true, acct: true };
//! let clock = Clock { real_ns: 1_300_000_000_000_000_000, jiffies: 0 };
//! let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
//! net.listeners.push(Listener { groups: vec![Group::Destroy], ..Listener::default() });
//!
//! // A flow that ends when its timeout of 30 seconds has passed.
//! let host = |n, port| (Ipv4Addr::new(192, 0, 2, n).into(), port);
//! let orig = NfConntrackTuple::ports(IpProto::UDP, host(1, 4000), host(2, 53));
//! let packet = Packet { len: 60, timeout: 30, ..Packet::default() };
//! let mut ct = net.init_conntrack(orig, orig.inverted(), Default::default());
//! net.first_packet(&mut ct, &packet);
//! net.confirm(ct, &packet);
//! net.advance(30_000);
//! net.reap_expired();
//!
//! let event = Message::parse_with(&net.listeners[0].received[0], kernel.arch.endian())?;
//! let flow = Conntrack::try_from(event)?;
//! assert_eq!(flow.timestamp.duration_ns(), Some(30_000_000_000));
//! assert_eq!(flow.counters_orig.bytes, Some(60));
//! # Ok::<(), ctnetlink::error::Error>(())
//! ```
//!
//! # Overview
//!
//! Functions that mirror a kernel function carry its name and keep its order, so that they can be
//! compared with its source.
//!
//! | | |
//! |---|---|
//! | [`kernel`](crate::kernel) | release, build options and machine; what changed when |
//! | [`NfConn`] | an entry: its state, and the extensions that it has |
//! | [`ctnetlink_fill_info`] | replies to dump, GET and GET_CTRZERO |
//! | [`ctnetlink_conntrack_event`] | events, with [the size that the kernel allocates](crate::msg_size) |
//! | [`ctnetlink_exp_fill_info`], [`ctnetlink_expect_event`] | replies and events about expectations |
//! | [`ctnetlink_ct_stat_cpu_fill_info`], … | statistics |
//! | [`ct_seq_show`] | lines of `/proc/net/nf_conntrack` |
//! | [`Net`] | a namespace: sysctls, clock, table, sockets, the life of entries |
//! | [`Net::receive`], [`Net::recvmsg`] | datagrams to the kernel and from it: [`NetlinkSocket`] |
//! | [`Rebuilder`] | entries as recorded messages show them |
//!
//! # Layers
//!
//! Each file uses only those before it:
//!
//! 1. State: `errno`, `helper`, `nf_conn`.
//! 2. Messages from state: `dump_tuples`, `out`, `fill_info`, `event`, `expect`, `stats`, `proc_line`.
//! 3. State from messages: `rebuild`.
//! 4. Requests as the kernel reads them: `nla`, `policy`, `parse`, `filter`.
//! 5. A namespace: `table`, `netlink_socket`, `net`.
//! 6. What happens to it: `delivery`, `expectations`, `life`, `lookup`, `change`, `nat`, `dump`, `requests`,
//!    `expect_requests`.
//! 7. Datagrams of requests: `nfnetlink`.
//!
//! # Accuracy
//!
//! The module reproduces recordings of Linux 5.10, 6.1, 6.12, 6.18 and 7.2 byte for byte, and the
//! sizes that those kernels allocated: on x86-64, and on i386 (6.1), arm64 with pages of 16 KiB, mips,
//! riscv64 and s390x (7.2). Other releases follow their sources; methods of
//! [`Release`](crate::kernel::Release) say where only sources before and after a change were read. The
//! caller decides the order of the table, ids, and the effect of packets on a protocol's state: a
//! kernel's order and ids are random, and the module has no protocol trackers.

mod change;
mod delivery;
mod dump;
mod dump_tuples;
mod errno;
mod event;
mod expect;
mod expect_requests;
mod expectations;
mod fill_info;
mod filter;
mod helper;
mod life;
mod lookup;
mod nat;
mod net;
mod netlink_socket;
mod nf_conn;
mod nfnetlink;
mod nla;
mod out;
mod parse;
mod policy;
mod proc_line;
mod rebuild;
mod requests;
mod stats;
mod table;
#[cfg(feature = "vectors")]
pub mod vectors;

pub use dump::{DumpBuffers, DumpRequest};
pub use dump_tuples::{
    ctnetlink_dump_tuples, ctnetlink_dump_tuples_ip, ctnetlink_dump_tuples_proto,
};
pub use errno::Errno;
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
pub use helper::Helper;
pub use life::Packet;
pub use net::{Clock, InitFailure, InitStep, Listener, ModuleParams, Net, Sysctls};
pub use netlink_socket::{Datagram, NetlinkSocket};
pub use nf_conn::{
    Dir, IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp, NfConnLabels, NfConnNat,
    NfConnSynproxy, NfConnTstamp, NfConntrackEcache, NfConntrackTuple, NfConntrackZone, NfCtSeqadj,
    SecurityContext, ZoneDir,
};
pub use out::Out;
pub use proc_line::{CtSeq, DeltaTime, ct_seq_show};
pub use rebuild::{Rebuilder, Rebuilt, Recorded, RecordedKind};
pub use stats::{
    IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info,
    ctnetlink_stat_ct_fill_info,
};
