//! Test vectors for authors of other codecs: messages of a simulated kernel, valid and broken.
//!
//! [`Vectors`] is an endless iterator. The same kernel and seed give the same vectors on every
//! machine, because all random numbers come from the generator PCG-XSH-RR 64/32 (PCG32), which its
//! paper defines. Values come in turns, boundaries first, so that [`Vectors::ENOUGH`] vectors contain
//! everything that [`Coverage`] asks for. [`Malformations`] derives broken messages from them.
//!
//! # Examples
//!
//! ```
//! use ctnetlink::sim::vectors::{Coverage, Vectors};
//! use ctnetlink::kernel::{Kernel, Release};
//!
//! let kernel = Kernel::new(Release::series(6, 12));
//! let mut coverage = Coverage::new(&kernel);
//! Vectors::new(kernel, 1).take(Vectors::ENOUGH).for_each(|vector| coverage.add(&vector));
//! assert_eq!(coverage.missing().count(), 0);
//! assert_eq!(coverage.unexpected().count(), 0);
//! ```

mod coverage;
mod draw;
mod entry;
mod fields;
mod malformed;

pub use coverage::Coverage;
pub use fields::Field;
pub use malformed::{Malformations, Malformed};

use super::dump::{DumpBuffers, DumpRequest};
use super::event::ctnetlink_conntrack_event;
use super::expect::{NfConntrackExpect, ctnetlink_exp_fill_info, ctnetlink_expect_event};
use super::fill_info::{Reply, Skb, ctnetlink_fill_info};
use super::net::{Clock, ModuleParams, Net};
use super::nf_conn::{IpctEvents, NfConn};
use super::stats::{
    IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info,
    ctnetlink_stat_ct_fill_info,
};
use crate::kernel::Kernel;
use crate::msg_size::ctnetlink_nlmsg_size;
use crate::wire::{NlmFlags, WriteBuf};
use crate::{Family, Message};
use alloc::boxed::Box;
use alloc::vec::Vec;
use draw::Draw;

/// The kind of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum VectorKind {
    /// An entry in a dump.
    Dump,
    /// An entry in a dump with a filter.
    DumpFiltered,
    /// An entry that has ended, in a dump of GET_DYING, since Linux 3.8.
    DumpDying,
    /// An entry in a dump of GET_UNCONFIRMED, from Linux 3.8 to 5.18.
    DumpUnconfirmed,
    /// The reply to a GET.
    Get,
    /// The reply to a GET_CTRZERO.
    CtrZero,
    /// An event of an entry.
    Event,
    /// An expectation in a dump.
    DumpExp,
    /// An event of an expectation.
    EventExp,
    /// The counters of a CPU, since Linux 3.6.
    StatsCpu,
    /// The size of the table, since Linux 3.6.
    Stats,
    /// The expectation counters of a CPU, since Linux 3.6.
    ExpStatsCpu,
    /// The end of a dump.
    Done,
}

impl VectorKind {
    /// The kinds in the order in which they repeat.
    const ORDER: &'static [Self] = &[
        Self::Event,
        Self::Dump,
        Self::Dump,
        Self::Done,
        Self::Event,
        Self::Event,
        Self::DumpExp,
        Self::DumpExp,
        Self::Done,
        Self::EventExp,
        Self::StatsCpu,
        Self::Stats,
        Self::ExpStatsCpu,
        Self::Get,
        Self::CtrZero,
        Self::Event,
        Self::DumpFiltered,
        Self::DumpFiltered,
        Self::Done,
        Self::EventExp,
        Self::Event,
        Self::Event,
        Self::Dump,
        Self::Dump,
        Self::Dump,
        Self::Done,
        Self::Event,
        Self::DumpDying,
        Self::Done,
        Self::Event,
        Self::DumpUnconfirmed,
        Self::Done,
        Self::Event,
        Self::Event,
        Self::Dump,
        Self::Dump,
        Self::Done,
    ];

    /// Returns the name in files, which is that of the recordings if they have the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dump => "dump",
            Self::DumpFiltered => "dump_filter",
            Self::DumpDying => "dump_dying",
            Self::DumpUnconfirmed => "dump_unconfirmed",
            Self::Get => "get",
            Self::CtrZero => "ctrzero",
            Self::Event => "event",
            Self::DumpExp => "dump_exp",
            Self::EventExp => "event_exp",
            Self::StatsCpu => "stats_cpu",
            Self::Stats => "stats",
            Self::ExpStatsCpu => "exp_stats_cpu",
            Self::Done => "done",
        }
    }

    /// Returns `true` if the message belongs to a dump, whose messages share datagrams.
    const fn is_dump(self) -> bool {
        matches!(
            self,
            Self::Dump
                | Self::DumpFiltered
                | Self::DumpDying
                | Self::DumpUnconfirmed
                | Self::DumpExp
        )
    }

    /// Returns `true` if the release sends this kind.
    fn is_sent(self, kernel: &Kernel) -> bool {
        let since_3_6 = kernel.release >= crate::kernel::Release::new(3, 6, 0);
        let since_3_8 = kernel.release >= crate::kernel::Release::new(3, 8, 0);
        match self {
            Self::StatsCpu | Self::Stats | Self::ExpStatsCpu => since_3_6,
            Self::DumpDying => since_3_8,
            Self::DumpUnconfirmed => since_3_8 && !kernel.release.events_are_automatic(),
            Self::Event | Self::EventExp => kernel.config.events,
            _ => true,
        }
    }
}

/// The state from which a message was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// An entry.
    Entry(Box<NfConn>),
    /// An expectation.
    Expect(Box<NfConntrackExpect>),
    /// The counters of a CPU.
    Cpu(Box<IpConntrackStat>),
    /// The size of the table, and its limit.
    Table(u32, u32),
    /// The end of a dump.
    Done,
}

/// A test vector: a message of the simulated kernel, and its state.
///
/// # Examples
/// See the [module](self).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vector {
    /// The kind of the vector.
    pub kind: VectorKind,
    /// The bytes of the message.
    pub bytes: Vec<u8>,
    /// The number of the datagram, from 0.
    pub datagram: usize,
    /// The offset of the message in its datagram.
    pub offset: usize,
    /// The state, with times relative to the message.
    pub source: Source,
    /// The changes that an event of an entry reports.
    pub events: Option<IpctEvents>,
    /// [`ctnetlink_nlmsg_size`] of the entry.
    pub nlmsg_size: Option<usize>,
    /// The size that the kernel allocates for an event.
    pub alloc: Option<usize>,
}

impl Vector {
    /// Returns the attributes of the message as a tree.
    #[must_use]
    pub fn fields(&self, kernel: &Kernel) -> Vec<Field> {
        let message = Message::parse_with(&self.bytes, kernel.arch.endian());
        message.map(|message| Field::of(&message)).unwrap_or_default()
    }
}

/// An endless iterator over the test vectors of a kernel.
///
/// # Examples
/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Vectors {
    kernel: Kernel,
    draw: Draw,
    step: usize,
    datagram: usize,
    /// The size of the datagram so far, in a dump.
    end: usize,
    /// The requester and the request of the dump.
    to: (u32, u32),
    filtered: bool,
}

impl Vectors {
    /// The number of vectors that contain everything that [`Coverage`] asks for.
    ///
    /// It was tried with every release and named machine, and with many seeds.
    pub const ENOUGH: usize = 2000;

    /// Creates the vectors of a kernel and a seed.
    #[must_use]
    pub fn new(kernel: Kernel, seed: u64) -> Self {
        let draw = Draw::new(seed);
        Self { kernel, draw, step: 0, datagram: 0, end: 0, to: (0, 0), filtered: false }
    }

    fn next_kind(&mut self) -> VectorKind {
        loop {
            let order = VectorKind::ORDER;
            let at = self.step % order.len();
            self.step += 1;
            let kind = order.get(at).copied().unwrap_or(VectorKind::Done);
            let is_empty_dump = kind == VectorKind::Done && self.end == 0;
            if kind.is_sent(&self.kernel) && !is_empty_dump {
                return kind;
            }
        }
    }

    /// Returns the requester and the request of a reply, which stay the same in a dump.
    fn requester(&mut self, kind: VectorKind) -> (u32, u32) {
        let goes_on = kind == VectorKind::Done || kind.is_dump() && self.end > 0;
        if !goes_on {
            // The portid of an answer is never 0.
            let portid = self.draw.u32("portid", 1);
            self.to = (portid, self.draw.u32("seq", 0));
        }
        self.to
    }

    fn event(&mut self) -> Option<Vector> {
        let kernel = self.kernel;
        let events = self.draw.events(&kernel);
        let ct = self.draw.event_entry(&kernel, events);
        let portid = self.draw.u32("event portid", 0);
        let event = ctnetlink_conntrack_event(&kernel, events, &ct, 0, portid).ok()??;
        let alloc = Some(event.alloc);
        Some(Vector { events: Some(events), alloc, ..self.of_entry(ct, event.bytes) })
    }

    fn answer(&mut self, kind: VectorKind) -> Option<Vector> {
        let kernel = self.kernel;
        let mut ct = self.draw.entry(&kernel, "dump");
        if kind == VectorKind::DumpDying {
            self.draw.end(&kernel, &mut ct);
        }
        let to = self.requester(kind);
        let filtered = kind == VectorKind::DumpFiltered && kernel.release.dump_says_filtered();
        self.filtered = filtered;
        let reply = Reply {
            flags: if filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() },
            extinfo: kind != VectorKind::DumpUnconfirmed,
            ..Reply::to(to.0, to.1)
        };
        let mut bytes = WriteBuf::new();
        let skb = Skb { offset: self.offset(kind), ..Skb::UNLIMITED };
        ctnetlink_fill_info(&kernel, &ct, 0, &reply, skb, &mut bytes).ok()?;
        Some(self.of_entry(ct, bytes.into_bytes()))
    }

    fn offset(&self, kind: VectorKind) -> usize {
        if kind.is_dump() { self.end } else { 0 }
    }

    fn of_entry(&self, ct: NfConn, bytes: Vec<u8>) -> Vector {
        let size = ctnetlink_nlmsg_size(&self.kernel, &ct.shape(&self.kernel));
        Vector { nlmsg_size: Some(size), ..self.of(Source::Entry(Box::new(ct)), bytes) }
    }

    /// Creates a vector whose kind and place are set later.
    fn of(&self, source: Source, bytes: Vec<u8>) -> Vector {
        Vector {
            kind: VectorKind::Done,
            bytes,
            datagram: self.datagram,
            offset: 0,
            source,
            events: None,
            nlmsg_size: None,
            alloc: None,
        }
    }

    fn expectation(&mut self, kind: VectorKind) -> Option<Vector> {
        let kernel = self.kernel;
        let exp = self.draw.expectation(&kernel);
        if kind == VectorKind::EventExp {
            let destroyed = self.draw.turn("destroyed expectation", 2) == 1;
            let portid = self.draw.u32("event portid", 0);
            let event = ctnetlink_expect_event(&kernel, destroyed, &exp, 0, portid).ok()?;
            let alloc = Some(event.alloc);
            return Some(Vector { alloc, ..self.of(Source::Expect(Box::new(exp)), event.bytes) });
        }
        let to = self.requester(kind);
        let mut bytes = WriteBuf::new();
        let skb = Skb { offset: self.offset(kind), ..Skb::UNLIMITED };
        ctnetlink_exp_fill_info(&kernel, &exp, 0, to, skb, &mut bytes).ok()?;
        Some(self.of(Source::Expect(Box::new(exp)), bytes.into_bytes()))
    }

    fn statistics(&mut self, kind: VectorKind) -> Vector {
        let kernel = self.kernel;
        let to = self.requester(kind);
        if kind == VectorKind::Stats {
            let [entries, max] = ["entries", "max_entries"].map(|axis| self.draw.u32(axis, 0));
            let bytes = ctnetlink_stat_ct_fill_info(&kernel, entries, max, to);
            return self.of(Source::Table(entries, max), bytes);
        }
        let st = self.draw.cpu();
        let cpu = self.draw.u16("cpu", 0);
        let bytes = if kind == VectorKind::StatsCpu {
            ctnetlink_ct_stat_cpu_fill_info(&kernel, cpu, &st, to)
        } else {
            ctnetlink_exp_stat_fill_info(&kernel, cpu, &st, to)
        };
        self.of(Source::Cpu(Box::new(st)), bytes)
    }

    /// Creates the `NLMSG_DONE` of the previous dump, from a namespace without entries.
    fn done(&mut self) -> Option<Vector> {
        let (portid, seq) = self.to;
        let clock = Clock { real_ns: 0, jiffies: 0 };
        let mut net =
            Net::nf_conntrack_init_net(self.kernel, ModuleParams::default(), clock, None).ok()?;
        let family = if self.filtered { Family::IPV4 } else { Family::UNSPEC };
        let request = DumpRequest { portid, seq, family, ..DumpRequest::default() };
        self.filtered = false;
        let bytes = net.dump(&request, DumpBuffers::fresh(&self.kernel)).ok()?.pop()?;
        Some(self.of(Source::Done, bytes))
    }
}

impl Iterator for Vectors {
    type Item = Vector;

    fn next(&mut self) -> Option<Vector> {
        // A state that does not fit the event that the kernel allocates is lost there, and left out
        // here.
        for _ in 0..1000 {
            let kind = self.next_kind();
            if !kind.is_dump() && self.end > 0 {
                self.end = 0;
                self.datagram += 1;
            }
            let vector = match kind {
                VectorKind::Event => self.event(),
                VectorKind::DumpExp | VectorKind::EventExp => self.expectation(kind),
                VectorKind::StatsCpu | VectorKind::Stats | VectorKind::ExpStatsCpu => {
                    Some(self.statistics(kind))
                }
                VectorKind::Done => self.done(),
                _ => self.answer(kind),
            };
            let Some(mut vector) = vector else { continue };
            vector.kind = kind;
            vector.datagram = self.datagram;
            vector.offset = self.offset(kind);
            if kind.is_dump() {
                self.end += vector.bytes.len();
            } else {
                self.datagram += 1;
            }
            return Some(vector);
        }
        None
    }
}
