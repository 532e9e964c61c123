//! The paths of a flow logger: from the bytes of a DESTROY event to an IPFIX record.

use crate::harness::draw::draw;
use crate::harness::golden::{self, Golden};
use crate::harness::measure::{Group, Path, each};
use crate::harness::paths::of_one_shape;
use ctnetlink::{Conntrack, Kind, Message};
use ctnetlink_flow::Flow;
use ctnetlink_flow::ipfix::{Config, Encoder};
use std::hint::black_box;

/// Returns the paths over DESTROY events of the most frequent layout.
pub(crate) fn group() -> Group {
    let golden: Vec<_> = golden::entries()
        .into_iter()
        .filter(|golden| golden.message().kind() == Kind::Destroy)
        .collect();
    let golden = of_one_shape(Vec::leak(golden));
    // One layout of records, too.
    let golden: Vec<_> = golden.iter().filter(|golden| !is_translated(golden)).cloned().collect();
    let golden: &'static [Golden] = Vec::leak(golden);
    let messages = draw(golden.iter().map(|golden| &golden.bytes[..]));
    let name = "DESTROY events of the most frequent layout, without NAT";
    let mut group = Group::new(name, ["memcpy-flow", "walk-flow"], messages);
    group.paths.extend([
        encode("ipfix-encode", Config::default(), golden),
        encode("ipfix-encode-udp", Config { max_message: 1472, ..Config::default() }, golden),
        record("ipfix-record", golden).target(1.0),
    ]);
    group
}

fn is_translated(golden: &Golden) -> bool {
    let message = golden.message();
    let entry = message.conntrack().expect("a message about an entry");
    Flow::new(message, &entry).is_translated()
}

/// Returns a path that begins with decoded entries.
fn encode(name: &'static str, config: Config, golden: &'static [Golden]) -> Path {
    let entry = |golden: &Golden| golden.message().conntrack().expect("a message about an entry");
    let flat: Vec<_> = golden.iter().map(|golden| (golden.message(), entry(golden))).collect();
    let flat: &'static [(Message<'_>, Conntrack)] = Vec::leak(flat);
    let now = golden[0].received;
    let mut encoder = Encoder::new(config);
    each(
        name,
        "encode a decoded entry as a record of an IPFIX message",
        flat,
        move |(message, entry)| {
            encoder.push(&Flow::new(*message, entry), now);
            while let Some(message) = encoder.next_message() {
                black_box(message.bytes);
            }
        },
    )
}

/// Returns a path that begins with bytes.
fn record(name: &'static str, golden: &'static [Golden]) -> Path {
    let mut encoder = Encoder::new(Config { max_message: 1472, ..Config::default() });
    let mut entry = Conntrack::default();
    each(name, "decode the event and encode its record", golden, move |golden| {
        let message = golden.message();
        let refuse = |error| panic!("a kernel wrote it: {error}");
        entry.read_message(&message, refuse).expect("a message about an entry");
        encoder.push(&Flow::new(message, &entry), golden.received);
        while let Some(message) = encoder.next_message() {
            black_box(message.bytes);
        }
    })
}
