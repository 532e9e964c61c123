//! The paths: every operation of the crate on messages about entries, starting from bytes.

use super::draw::draw;
use super::golden::{self, Golden};
use super::measure::{Group, Path, each};
use ctnetlink::flat::{FlowTimes, Layout};
use ctnetlink::format::Json;
use ctnetlink::format::text::Text;
use ctnetlink::kernel::Kernel;
use ctnetlink::msg_size::{CtShape, ctnetlink_nlmsg_size};
use ctnetlink::sim::{NfConn, Rebuilder, Recorded, Reply, Skb, ctnetlink_fill_info};
use ctnetlink::wire::{AttrSet, Attrs, NlmFlags, Visitor, WriteBuf};
use ctnetlink::{Conntrack, Family, Kind, Message, MessageBuilder, MsgType};
use std::collections::BTreeMap;
use std::hint::black_box;

/// Returns the paths over all messages and those over replies, each also for messages of one layout.
pub fn groups() -> [Group; 4] {
    let golden: &'static [Golden] = Vec::leak(golden::entries());
    let of = |wanted: Kind| -> &'static [Golden] {
        let golden = golden.iter().filter(|golden| golden.message().kind() == wanted);
        Vec::leak(golden.cloned().collect())
    };
    let replies = of(Kind::Reply);
    let name = "replies about entries";
    let name_one = "replies about entries, of the most frequent layout";
    [
        all(golden),
        destroyed(of_one_shape(of(Kind::Destroy))),
        dumped(name, ["memcpy-dump", "walk-dump", "fill-info"], replies),
        dumped(
            name_one,
            ["memcpy-dump-one", "walk-dump-one", "fill-info-one"],
            of_one_shape(replies),
        ),
    ]
}

/// Returns the messages of the layout that is most frequent among messages with times.
pub fn of_one_shape(golden: &'static [Golden]) -> &'static [Golden] {
    let types = |golden: &Golden| -> Vec<_> {
        let attrs = golden.message().conntrack_attrs().expect("a message about an entry");
        attrs.raw().flatten().map(|attr| (attr.nla_type, attr.payload.len())).collect()
    };
    let mut shapes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in golden {
        shapes.entry(types(one)).or_default().push(one.clone());
    }
    let has_times = |shape: &[(u16, usize)]| shape.iter().any(|attr| attr.0 & 0x3fff == 20);
    let with_times = shapes.into_iter().filter(|(shape, _)| has_times(shape)).map(|(_, of)| of);
    Vec::leak(with_times.max_by_key(Vec::len).expect("a recording with times"))
}

/// Returns the paths over DESTROY events of one layout.
///
/// They are typical for a flow logger: the processor predicts their branches well.
fn destroyed(golden: &'static [Golden]) -> Group {
    let messages = draw(golden.iter().map(|golden| &golden.bytes[..]));
    let name = "DESTROY events of the most frequent layout";
    let mut group = Group::new(name, ["memcpy-one", "walk-one"], messages);
    let flat = Vec::leak(golden.iter().map(|golden| decode(&golden.message())).collect());
    group.paths.extend([
        flat_decode("flat-decode-one", golden).target(0.7),
        flow_times("flow-times-one", golden).target(0.3),
        flat_dump("flat-dump-one", flat).target(0.5),
        text("text-one", golden).target(4.0),
        json("json-one", golden).target(6.0),
    ]);
    group
}

pub fn all(golden: &'static [Golden]) -> Group {
    let messages = draw(golden.iter().map(|golden| &golden.bytes[..]));
    let mut group = Group::new("every message about an entry", ["memcpy", "walk"], messages);
    let flat: Vec<_> = golden.iter().map(|golden| decode(&golden.message())).collect();
    let flat: &'static [Conntrack] = Vec::leak(flat);
    group.paths.extend([
        flat_decode("flat-decode", golden).target(0.7),
        each("flat-new", "decode into a new struct", golden, |golden| {
            black_box(decode(&golden.message()));
        }),
        flow_times("flow-times", golden).target(0.3),
        each("typed-tree", "visit every decoded attribute", golden, |golden| {
            golden.message().visit(&mut Touch).expect("a kernel wrote it");
        }),
        each("rebuild", "re-encode the message", golden, |golden| {
            black_box(golden.message().rebuild().expect("a kernel wrote it"));
        }),
        each("check", "visit, re-encode and compare, as `ctnetlink check`", golden, |golden| {
            let message = golden.message();
            message.visit(&mut Touch).expect("a kernel wrote it");
            let rebuilt = message.rebuild().expect("a kernel wrote it");
            assert!(black_box(rebuilt.as_bytes()) == message.as_bytes());
        }),
        flat_dump("flat-dump", flat).target(0.5),
        flat_request(flat),
        {
            let kernel = kernel(&golden[0]);
            each("msg-size", "compute the kernel's message size", flat, move |ct| {
                black_box(ctnetlink_nlmsg_size(black_box(&kernel), &CtShape::from(ct)));
            })
        },
        text("text", golden).target(4.0),
        json("json", golden).target(6.0),
    ]);
    group
}

fn dumped(
    name: &'static str,
    [copy, walk, fill_info]: [&'static str; 3],
    golden: &'static [Golden],
) -> Group {
    let entries: Vec<_> = golden.iter().map(Entry::of).collect();
    let entries: &'static [Entry] = Vec::leak(entries);
    let messages = draw(entries.iter().map(|entry| entry.emitted));
    let mut group = Group::new(name, [copy, walk], messages);
    let mut skb = WriteBuf::new();
    let emit = move |entry: &Entry| {
        skb.clear();
        entry.fill_info(&mut skb);
        black_box(&skb);
    };
    let path = each(fill_info, "run the simulated `ctnetlink_fill_info`", entries, emit);
    group.paths.push(path.target(0.5));
    group
}

fn flat_decode(name: &'static str, golden: &'static [Golden]) -> Path {
    let mut ct = Conntrack::default();
    each(name, "decode into a reused struct", golden, move |golden| {
        ct.read_message(&golden.message(), refuse).expect("a message about an entry");
        black_box(&ct);
    })
}

fn flow_times(name: &'static str, golden: &'static [Golden]) -> Path {
    let mut flow = FlowTimes::default();
    each(name, "decode the original tuple and times", golden, move |golden| {
        flow.read_message(&golden.message(), refuse).expect("a message about an entry");
        black_box(&flow);
    })
}

fn decode(message: &Message<'_>) -> Conntrack {
    message.conntrack().expect("a message about an entry")
}

fn refuse(error: ctnetlink::error::Error) {
    panic!("a kernel wrote it: {error}");
}

struct Touch;

impl<'a> Visitor<'a> for Touch {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for attr in attrs.iter() {
            let attr = attr.expect("a kernel wrote it");
            black_box(&attr);
            S::visit_nest(&attr, self);
        }
    }
}

fn flat_dump(name: &'static str, flat: &'static [Conntrack]) -> Path {
    let mut buf = WriteBuf::new();
    let builder = MessageBuilder {
        flags: NlmFlags::MULTI,
        ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4)
    };
    each(name, "encode a struct as a dump reply", flat, move |ct| {
        buf.clear();
        let mut builder = builder;
        builder.nfgenmsg.nfgen_family = ct.family;
        builder.write(&mut buf, |out| ct.write_as(Layout::Dump, out)).expect("it fits");
        black_box(&buf);
    })
}

fn flat_request(flat: &'static [Conntrack]) -> Path {
    let mut buf = WriteBuf::new();
    let builder = MessageBuilder {
        flags: NlmFlags::REQUEST,
        ..MessageBuilder::new(MsgType::CT_NEW, Family::IPV4)
    };
    each("flat-request", "encode a struct as a request", flat, move |ct| {
        buf.clear();
        let mut builder = builder;
        builder.nfgenmsg.nfgen_family = ct.family;
        builder.write(&mut buf, |out| ct.write_as(Layout::Request, out)).expect("it fits");
        black_box(&buf);
    })
}

fn text(name: &'static str, golden: &'static [Golden]) -> Path {
    let text = Text { extended: true, id: true, ktimestamp: true, ..Text::default() };
    let mut line = Vec::new();
    each(
        name,
        "print a line of conntrack(8) with extended, id, ktimestamp",
        golden,
        move |golden| {
            line.clear();
            let is_there = text.write(&golden.message(), Some(golden.received), &mut line);
            assert!(is_there, "an entry has a line");
            black_box(&line);
        },
    )
}

fn json(name: &'static str, golden: &'static [Golden]) -> Path {
    let mut line = Vec::new();
    each(name, "print a line of JSON", golden, move |golden| {
        line.clear();
        Json::default().write(&golden.message(), &mut line);
        black_box(&line);
    })
}

fn kernel(golden: &Golden) -> Kernel {
    let arch = golden.arch.parse().expect("a known machine");
    Kernel { arch, ..Kernel::new(golden.release.parse().expect("a known release")) }
}

/// The simulated kernel's entry for a recorded reply.
struct Entry {
    kernel: Kernel,
    ct: NfConn,
    reply: Reply,
    emitted: &'static [u8],
}

impl Entry {
    fn of(golden: &Golden) -> Self {
        let kernel = kernel(golden);
        let message = golden.message();
        let mut rebuilder = Rebuilder::new(kernel);
        rebuilder.rebuild(&message, &Recorded::default()).expect("it decodes");
        let ct = rebuilder.entries().next().expect("the entry that was shown").clone();
        let header = message.header();
        let flags = header.nlmsg_flags & NlmFlags::DUMP_FILTERED;
        let reply = Reply { flags, ..Reply::to(header.nlmsg_pid, header.nlmsg_seq) };
        let mut entry = Self { kernel, ct, reply, emitted: &[] };
        let mut emitted = WriteBuf::new();
        entry.fill_info(&mut emitted);
        // Pads depend on the position of the message in its datagram.
        assert!(*emitted == golden.bytes || golden.arch == "riscv64", "another message");
        entry.emitted = Vec::leak(emitted.into_bytes());
        entry
    }

    fn fill_info(&self, skb: &mut WriteBuf) {
        let (kernel, ct, reply) = (&self.kernel, &self.ct, &self.reply);
        ctnetlink_fill_info(kernel, ct, 0, reply, Skb::UNLIMITED, skb).expect("it fits");
    }
}
