//! Runs every API on the golden messages.

mod common;

use common::{Golden, KERNELS, LABELLED, all, of, read};
use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::{ExpectStats, Labels, Layout, Record, StatsCpu, StatsGlobal};
use ctnetlink::format::{Annotate, MessageRecord};
use ctnetlink::spec::Form;
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Endian, RawAttr, Visitor, nla_total_size};
use ctnetlink::{Body, Conntrack, Expectation, Kind, Message, MessageBuilder, MsgType};
use std::collections::{BTreeMap, BTreeSet};

/// Checks every attribute list in a message on its own.
#[derive(Default)]
struct Runs {
    errors: Vec<String>,
    pads: usize,
    /// The offset and the first bytes of every attribute, which the annotation must contain.
    attrs: Vec<(usize, String)>,
}

impl<'a> Visitor<'a> for Runs {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        let mut len = 0;
        let copy = AttrsBuf::<S>::build(attrs.endian(), |out| {
            for raw in attrs.raw().filter_map(Result::ok) {
                // The output starts with other bytes, so that bytes that are not written are detected.
                out.put_raw(&raw);
            }
        });
        assert_eq!(copy.unwrap().as_attrs().as_bytes(), attrs.as_bytes());
        for raw in attrs.raw() {
            let raw = raw.unwrap();
            self.attrs.push((raw.offset, first_bytes(&raw)));
            match S::decode(raw) {
                Ok(attr) => {
                    assert_eq!(S::payload_len(&attr), raw.payload.len(), "{attr:?}");
                    len += nla_total_size(S::payload_len(&attr));
                    let form = S::SPEC.get(raw.number()).map(|spec| spec.form);
                    let is_pad = raw.payload.is_empty() && !matches!(form, Some(Form::Nest(_)));
                    self.pads += usize::from(is_pad);
                    S::visit_nest(&attr, self);
                }
                Err(error) => {
                    self.errors.push(error.to_string());
                    len += nla_total_size(raw.payload.len());
                }
            }
        }
        assert_eq!(len, attrs.as_bytes().len(), "the exact length");
        assert_eq!(attrs.to_buf().as_attrs(), attrs);
    }
}

fn first_bytes(raw: &RawAttr<'_>) -> String {
    let len = raw.endian.u16_bytes(raw.payload.len() as u16 + 4);
    let ty = raw.endian.u16_bytes(raw.nla_type);
    format!("{:02x}{:02x} {:02x}{:02x}", len[0], len[1], ty[0], ty[1])
}

fn runs(message: &Message<'_>) -> Runs {
    let mut runs = Runs::default();
    message.visit(&mut runs).unwrap();
    runs
}

#[test]
fn every_message_passes_every_api() {
    for golden in all() {
        let Golden { place, bytes, .. } = &golden;
        let message = golden.message();
        assert_eq!(message.as_bytes(), bytes, "{place}");

        // Checks the views, and each attribute list on its own.
        if golden.is_mutated() {
            continue;
        }
        let runs = runs(&message);
        if golden.is_from_kernel() {
            assert_eq!(runs.errors, [""; 0], "{place}");
        }

        // Checks the re-encoded message.
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes, "{place}");

        // Checks the owned message.
        let owned = message.to_buf();
        assert_eq!(owned.as_message(), message, "{place}");
        assert_eq!(owned.into_bytes(), *bytes, "{place}");

        // Checks that the annotation has a line for every attribute and prints every byte.
        let annotated = Annotate::new(message).to_string();
        for (offset, first) in &runs.attrs {
            let start = format!("{offset:>5}  {first} ");
            assert!(annotated.contains(&start), "{place}: {start}\n{annotated}");
        }
        let printed: String = annotated.lines().map(bytes_of_line).collect();
        assert_eq!(printed, golden.hex, "{place}\n{annotated}");

        // Checks the JSON.
        let record = MessageRecord::new(&message);
        assert_eq!(record.errors.len(), runs.errors.len(), "{place}");
        let json = serde_json::to_value(&record).unwrap();
        if let Some(conntrack) = json.get("conntrack") {
            let back: Conntrack = serde_json::from_value(conntrack.clone()).unwrap();
            let direct = message.conntrack().unwrap();
            assert_eq!(back, direct, "{place}");
        }
    }
}

/// Returns the hexadecimal digits of an annotated line.
fn bytes_of_line(line: &str) -> String {
    let column = line.get(7..).unwrap().split("  ").next().unwrap();
    column.chars().filter(char::is_ascii_hexdigit).collect()
}

/// Returns the decoded struct of a message, re-encoded in the kernel's layout.
fn flat_and_back(message: &Message<'_>) -> Vec<u8> {
    let layout = if message.kind() == Kind::Reply { Layout::Dump } else { Layout::Event };
    let builder = MessageBuilder::try_from(message).unwrap();
    let built = match message.body().unwrap() {
        Body::Conntrack(..) => Conntrack::try_from(*message).unwrap().to_message(&builder, layout),
        Body::Expect(_, attrs) => {
            let expectation = Expectation::try_decode(attrs).unwrap();
            builder.build(|out| expectation.write(out))
        }
        Body::StatsCpu(_, attrs) => {
            let stats = StatsCpu::try_decode(attrs).unwrap();
            builder.build(|out| stats.write(out))
        }
        Body::StatsGlobal(_, attrs) => {
            let stats = StatsGlobal::try_decode(attrs).unwrap();
            builder.build(|out| stats.write(out))
        }
        Body::ExpectStats(_, attrs) => {
            let stats = ExpectStats::try_decode(attrs).unwrap();
            builder.build(|out| stats.write(out))
        }
        other => panic!("{other:?}"),
    };
    built.unwrap().into_bytes()
}

#[test]
fn decoded_structs_are_reencoded_to_the_bytes_of_the_kernel() {
    for kernel in KERNELS {
        let (mut exact, mut padded) = (0, 0);
        for golden in of(kernel) {
            if !golden.is_from_kernel() || golden.is_error() {
                continue;
            }
            let message = golden.message();
            let back = flat_and_back(&message);
            if runs(&message).pads > 0 {
                // A decoded struct loses only pads.
                padded += 1;
                let again = Message::parse_with(&back, golden.endian).unwrap();
                assert_eq!(flat_and_back(&again), back, "{}", golden.place);
                assert_eq!(back.len() + 4 * runs(&message).pads, golden.bytes.len());
            } else {
                exact += 1;
                assert_eq!(back, golden.bytes, "{}", golden.place);
            }
        }
        let pads = ["linux-7.2-mips", "linux-7.2-riscv64"].contains(&kernel);
        assert_eq!(padded > 0, pads, "{kernel}");
        assert!(exact >= 20 && exact + padded >= 160, "{kernel}: {exact} {padded}");
    }
}

#[test]
fn requests_survive_decoding_to_a_struct() {
    let mut accepted = 0;
    for golden in all().iter().filter(|golden| !golden.is_from_kernel() && !golden.is_mutated()) {
        let message = golden.message();
        let Ok(attrs) = message.conntrack_attrs() else { continue };
        let Ok(ct) = Conntrack::try_decode(attrs) else { continue };
        // A struct has each attribute once, but the recorder also sent duplicates.
        let raw: Vec<_> = attrs.raw().map(Result::unwrap).collect();
        let numbers: BTreeSet<_> = raw.iter().map(RawAttr::number).collect();
        // The encoder writes the NUL that some requests omit.
        let help = attrs.iter().find_map(|attr| match attr {
            Ok(CtAttr::Help(help)) => help.raw().next()?.ok(),
            _ => None,
        });
        if numbers.len() < raw.len() || help.is_some_and(|name| !name.payload.ends_with(&[0])) {
            continue;
        }
        let back = MessageBuilder::try_from(&message)
            .unwrap()
            .build(|out| ct.write_as(Layout::Request, out))
            .unwrap();
        // The recorder wrote attributes in various orders; the encoder writes them by number.
        let sorted = |message: &Message<'_>| {
            let attrs = message.conntrack_attrs().unwrap();
            let mut raw: Vec<_> = attrs
                .raw()
                .map(|raw| raw.map(|raw| (raw.nla_type, raw.payload.to_vec())))
                .collect::<Result<_, _>>()
                .unwrap();
            raw.sort();
            raw
        };
        assert_eq!(sorted(&back.as_message()), sorted(&message), "{}", golden.place);
        accepted += usize::from(golden.errno == Some(0));
    }
    assert!(accepted > 200, "{accepted}");
}

#[test]
fn messages_have_the_recorded_kind() {
    for golden in all() {
        let message = golden.message();
        let kind = message.kind();
        let expected: &[Kind] = match golden.kind.as_str() {
            "request" => &[Kind::Request],
            "event" if message.msg_type().0 >> 8 == 2 => &[Kind::ExpectNew, Kind::ExpectDestroy],
            "event" => &[Kind::New, Kind::Update, Kind::Destroy],
            "error" => &[Kind::Control],
            _ => &[Kind::Reply],
        };
        assert!(expected.contains(&kind), "{}: {kind:?}", golden.place);
        let body = message.body().unwrap();
        let fits = match golden.kind.as_str() {
            "stats_cpu" => matches!(body, Body::StatsCpu(..)),
            "stats" => matches!(body, Body::StatsGlobal(..)),
            "exp_stats_cpu" => {
                message.msg_type() == MsgType::CT_GET_CTRZERO
                    && matches!(body, Body::ExpectStats(..))
            }
            "dump_exp" | "get_exp" => matches!(body, Body::Expect(..)),
            "request" => golden.is_mutated() || !matches!(body, Body::Other(_)),
            "error" => {
                matches!(body, Body::Error(error) if !error.is_ack() || error.message().is_some())
            }
            _ => matches!(body, Body::Conntrack(..) | Body::Expect(..)),
        };
        assert!(fits, "{}: {body:?}", golden.place);
    }
}

#[test]
fn kernels_send_only_known_attributes() {
    let mut seen = BTreeSet::new();
    for golden in all().iter().filter(|golden| golden.is_from_kernel()) {
        let record = MessageRecord::new(&golden.message());
        assert!(record.unknown.is_empty() && record.errors.is_empty(), "{}", golden.place);
        if let Ok(attrs) = golden.message().conntrack_attrs() {
            seen.extend(attrs.raw().map(|raw| raw.unwrap().number()));
        }
    }
    // These are all top-level attributes that kernels send, except for CTA_SECMARK (before 2.6.37).
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18, 19, 20, 22, 24, 27]
    );
}

#[test]
fn a_pad_of_the_event_time_is_not_a_status() {
    let mut padded = 0;
    for golden in read("linux-7.2-riscv64", "messages.jsonl") {
        let message = golden.message();
        if !message.kind().is_event() {
            continue;
        }
        let Ok(attrs) = message.conntrack_attrs() else { continue };
        let numbered_3: Vec<_> =
            attrs.raw().map(Result::unwrap).filter(|r| r.number() == 3).collect();
        let status = u32::from_be_bytes(numbered_3[0].payload.try_into().unwrap());
        let ct = Conntrack::try_from(message).unwrap();
        assert_eq!(ct.status, Some(Status::from_bits_retain(status)), "{}", golden.place);
        assert!(ct.status.unwrap().contains(Status::CONFIRMED), "{}", golden.place);
        if let [_, pad] = numbered_3[..] {
            padded += 1;
            assert!(pad.payload.is_empty());
            let typed: Vec<_> = attrs.iter().map(Result::unwrap).collect();
            let [.., before, last] = typed[..] else { panic!() };
            assert_eq!(before, CtAttr::TimestampEventPad);
            assert!(matches!(last, CtAttr::TimestampEvent(_)));
        }
    }
    assert!(padded > 50, "{padded}");
}

#[test]
fn labels_have_the_numbers_that_the_kernel_set() {
    // xt_connlabel set label n for UDP port 6000 + n.
    for kernel in LABELLED {
        let mut labels = BTreeSet::new();
        for golden in read(kernel, "labels_and_filters.jsonl") {
            let Ok(ct) = Conntrack::try_from(golden.message()) else { continue };
            let (Some(set), Some(port @ 6000..=6127)) = (ct.labels, ct.orig.dst_port) else {
                continue;
            };
            assert_eq!(set.iter().collect::<Vec<_>>(), [(port - 6000) as u8], "{}", golden.place);
            labels.extend(set.iter());
        }
        let set: &[u8] = match kernel {
            "linux-7.2-mips" => &[3, 31, 32, 63, 64, 127],
            _ => &[3, 63, 64, 127],
        };
        assert_eq!(labels.into_iter().collect::<Vec<_>>(), set, "{kernel}");
    }
}

#[test]
fn big_and_little_endian_machines_send_equal_values() {
    // The same program created the same entries on both machines.
    let entries = |kernel: &str| -> BTreeMap<String, Conntrack> {
        let messages = read(kernel, "messages.jsonl");
        let new = messages.iter().filter(|golden| golden.message().kind() == Kind::New);
        let by_netlink = new.filter(|golden| golden.message().header().nlmsg_pid != 0);
        by_netlink
            .filter_map(|golden| Conntrack::try_from(golden.message()).ok())
            .map(|mut ct| {
                // Each kernel chooses these values, and a second may have passed.
                ct.id = None;
                ct.timeout = None;
                ct.timestamp_event = None;
                if ct.snat().is_some() || ct.dnat().is_some() {
                    ct.reply = Default::default();
                }
                (format!("{:?} {:?}", ct.orig, ct.zone), ct)
            })
            .collect()
    };
    let [little, big] = ["linux-7.2", "linux-7.2-s390x"].map(entries);
    let (mut compared, mut labelled) = (0, 0);
    for (key, entry) in &little {
        if let Some(other) = big.get(key) {
            // The program wrote the same bytes on both machines, which are different labels.
            let swapped = entry.labels.map(|labels| {
                let bits = labels.bits();
                let words = [bits as u64, (bits >> 64) as u64].map(u64::swap_bytes);
                Labels::from_bits(u128::from(words[1]) << 64 | u128::from(words[0]))
            });
            let expected = Conntrack { labels: swapped, ..entry.clone() };
            assert_eq!(expected, *other);
            labelled += usize::from(swapped.is_some());
            compared += 1;
        }
    }
    assert!(
        compared > 30 && labelled > 5,
        "{compared} ({labelled} with labels) of {} and {}",
        little.len(),
        big.len()
    );
}

#[test]
fn nat_is_visible_in_tuples_and_status() {
    let (mut sources, mut destinations) = (0, 0);
    for golden in all().iter().filter(|golden| golden.is_from_kernel()) {
        let Ok(ct) = Conntrack::try_from(golden.message()) else { continue };
        let Some(status) = ct.status else { continue };
        // The ranges of the recorder were 10.9.8.7 and 10.9.8.8, and that of the rule 10.1.1.x.
        assert_eq!(ct.snat().is_some(), status.contains(Status::SRC_NAT), "{}", golden.place);
        assert_eq!(ct.dnat().is_some(), status.contains(Status::DST_NAT), "{}", golden.place);
        if let Some(to) = ct.snat() {
            assert_eq!((Some(to.addr), to.port), (ct.reply.dst, ct.reply.dst_port));
            assert_ne!((ct.orig.src, ct.orig.src_port), (Some(to.addr), to.port));
            sources += 1;
        }
        if let Some(to) = ct.dnat() {
            assert_eq!((Some(to.addr), to.port), (ct.reply.src, ct.reply.src_port));
            destinations += 1;
        }
    }
    assert!(sources > 20 && destinations > 20, "{sources} {destinations}");
}

#[test]
fn a_big_endian_message_can_be_written_in_little_endian() {
    for golden in read("linux-7.2-s390x", "messages.jsonl") {
        let message = golden.message();
        let (true, Ok(attrs)) = (golden.is_from_kernel(), message.conntrack_attrs()) else {
            continue;
        };
        let builder = MessageBuilder {
            endian: Endian::Little,
            ..MessageBuilder::try_from(&message).unwrap()
        };
        let turned = builder
            .build::<CtattrType>(|out| attrs.iter().for_each(|attr| out.put(attr.unwrap())))
            .unwrap();
        assert_eq!(turned.as_bytes().len(), golden.bytes.len());
        assert_ne!(turned.as_bytes(), golden.bytes);
        let turned = Conntrack::try_from(turned.as_message()).unwrap();
        assert_eq!(turned, Conntrack::try_from(message).unwrap(), "{}", golden.place);
    }
}

/// The first cell of the tables is the folder; the fourth and fifth are the numbers of messages.
#[test]
fn the_readme_counts_the_messages() {
    let readme = std::fs::read_to_string(common::golden_dir().join("README.md")).unwrap();
    let mut file = "messages.jsonl";
    let mut tables = [0; 2];
    for line in readme.lines() {
        if line.starts_with("The second recording (`richer.jsonl`)") {
            file = "richer.jsonl";
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, folder, _, _, messages, with_text, ..] = cells[..] else { continue };
        let Some(folder) = folder.strip_prefix("`linux-").and_then(|f| f.strip_suffix('`')) else {
            continue;
        };
        let path = common::golden_dir().join(format!("linux-{folder}")).join(file);
        let recorded = std::fs::read_to_string(path).unwrap();
        let texts = recorded.lines().filter(|line| line.contains("\"text\":"));
        let counts = [recorded.lines().count(), texts.count()].map(|count| count.to_string());
        assert_eq!(
            [messages, with_text],
            counts.each_ref().map(|count| &**count),
            "{folder} {file}"
        );
        tables[usize::from(file == "richer.jsonl")] += 1;
    }
    assert_eq!(tables, [common::KERNELS.len(), common::RICHER.len()]);
}
