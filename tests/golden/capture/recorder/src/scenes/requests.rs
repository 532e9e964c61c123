//! Selectors, and requests that the kernel rejects.

use super::{Done, TCP, UDP, address, create, flow, flush, put_bytes};
use crate::recorder::{Recorder, built};
use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::{Record as _, Tuple};
use ctnetlink::nested::{FilterAttr, FilterFlags, IpProto};
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::{NlmFlags, Writer};
use ctnetlink::{Conntrack, Family, MessageBuilder, MsgType};

fn ask(
    r: &mut Recorder,
    kind: &'static str,
    op: &'static str,
    builder: (MsgType, NlmFlags, Family),
    body: impl FnOnce(&mut Writer<'_, CtattrType>),
) -> Done {
    let (msg_type, flags, family) = builder;
    let flags = NlmFlags::REQUEST | flags;
    let request =
        MessageBuilder { flags, ..MessageBuilder::new(msg_type, family) }.build::<CtattrType>(body);
    r.ask(kind, Some(op), built(request)?).map(drop)
}

/// Records dumps and flushes with every kind of selector, on a small table.
pub(crate) fn filters(r: &mut Recorder) -> Done {
    let flows = [
        (Family::IPV4, TCP),
        (Family::IPV4, UDP),
        (Family::IPV4, IpProto::ICMP),
        (Family::IPV6, TCP),
        (Family::IPV6, IpProto::ICMPV6),
    ];
    let fill = |r: &mut Recorder| -> Done {
        for (n, (family, proto)) in (800..).zip(flows) {
            let zone = (n == 803).then_some(0x0506);
            create(r, &Conntrack { zone, mark: Some((n - 800).into()), ..flow(family, proto, n) })?;
        }
        Ok(())
    };
    fill(r)?;
    let [v4, v6] =
        [Family::IPV4, Family::IPV6].map(|f| Selector { family: f, ..Selector::default() });
    let assured = Status::ASSURED | Status::CONFIRMED;
    let icmp = |family, n| {
        flow(family, if family == Family::IPV4 { IpProto::ICMP } else { IpProto::ICMPV6 }, n).orig
    };
    let only = [
        v4.clone(),
        v6.clone(),
        Selector { mark: Some((1, 3)), ..Selector::default() },
        Selector { mark: Some((0x8000_0000, u32::MAX)), ..Selector::default() },
        Selector { status: Some((Status::CONFIRMED, assured)), ..Selector::default() },
        Selector { status: Some((Status::empty(), Status::ASSURED)), ..v6.clone() },
        Selector { zone: Some(0x0506), ..Selector::default() },
        Selector { zone: Some(0), ..Selector::default() },
        Selector { orig: flow(Family::IPV4, TCP, 800).orig, ..v4.clone() },
        Selector { reply: flow(Family::IPV4, UDP, 801).reply, ..v4.clone() },
        Selector { orig: icmp(Family::IPV4, 802), ..v4.clone() },
        Selector { orig: icmp(Family::IPV6, 804), ..v6.clone() },
        Selector { orig: Tuple { proto: Some(TCP), ..Tuple::default() }, ..v6.clone() },
        Selector {
            orig: Tuple { src: Some(address(Family::IPV6, 1, 803)), ..Tuple::default() },
            ..v6.clone()
        },
        Selector {
            orig: Tuple { zone: Some(0x0506), ..Tuple::default() },
            reply: Tuple { proto: Some(UDP), dst_port: Some(1), ..Tuple::default() },
            ..v4.clone()
        },
    ];
    for only in &only {
        // A kernel ignores unknown selectors, and then dumps the whole table.
        let heeded = only.status.is_none_or(|_| r.since(5, 15))
            && only.zone.is_none_or(|_| r.since(6, 8))
            || only.family != Family::UNSPEC;
        let kind = if heeded { "dump_filter" } else { "dump" };
        r.ask(kind, Some("dump"), request::dump(only))?;
    }
    r.ask("ctrzero", Some("dump"), request::dump_and_reset(&v6))?;
    for only in &only {
        r.ask("reply", Some("flush"), request::flush(only))?;
        fill(r)?;
    }
    flush(r)
}

/// Records requests with one mistake each.
///
/// The socket requests extended acknowledgements, with and without a copy of the request.
pub(crate) fn refusals(r: &mut Recorder) -> Done {
    create(r, &flow(Family::IPV4, TCP, 900))?;
    for capped in [false, true] {
        r.wants_words(capped);
        refused(r)?;
    }
    r.wants_words(false);
    flush(r)
}

fn refused(r: &mut Recorder) -> Done {
    let known = flow(Family::IPV4, TCP, 900);
    let get = (MsgType::CT_GET, NlmFlags::empty(), Family::IPV4);
    let dump = (MsgType::CT_GET, NlmFlags::DUMP, Family::IPV4);
    let new = (MsgType::CT_NEW, NlmFlags::CREATE | NlmFlags::EXCL, Family::IPV4);
    let change = (MsgType::CT_NEW, NlmFlags::empty(), Family::IPV4);
    let remove = (MsgType::CT_DELETE, NlmFlags::empty(), Family::IPV4);
    // A GET request without a tuple, one for a missing entry, and one for an existing entry.
    ask(r, "get", "refused", get, |_| ())?;
    ask(r, "get", "refused", get, |out| {
        out.nest(CtAttr::TupleOrig, |out| flow(Family::IPV4, UDP, 999).orig.write(out));
    })?;
    r.ask("reply", Some("refused"), built(request::create(&known))?)?;
    ask(r, "reply", "refused", new, |_| ())?;
    ask(r, "reply", "refused", remove, |out| {
        out.nest(CtAttr::TupleOrig, |out| known.orig.write(out));
        out.put(CtAttr::Id(1));
    })?;
    // These values are invalid for their attributes.
    for attr in [
        CtAttr::TimestampEvent(0x0102_0304_0506_0708),
        CtAttr::Zone(5),
        CtAttr::Status(Status::DYING | Status::CONFIRMED),
        CtAttr::Secmark(0x0a0b_0c0d),
        CtAttr::Use(9),
        CtAttr::StatusMask(Status::ASSURED),
        CtAttr::MarkMask(7),
    ] {
        ask(r, "reply", "refused", change, |out| {
            out.nest(CtAttr::TupleOrig, |out| known.orig.write(out));
            out.put(attr);
        })?;
    }
    for labels in [&[1, 2, 3][..], &[9; 24]] {
        ask(r, "reply", "refused", change, |out| {
            out.nest(CtAttr::TupleOrig, |out| known.orig.write(out));
            put_bytes(out, 22, labels);
        })?;
    }
    // These filters lack a family, have an unknown bit, lack the compared value, or have only a mask.
    let filter = |flags: u32| {
        move |out: &mut Writer<'_, CtattrType>| {
            out.nest(CtAttr::Filter, |out| {
                out.put(FilterAttr::OrigFlags(FilterFlags::from_bits_retain(flags)));
            });
        }
    };
    let unspec = (MsgType::CT_GET, NlmFlags::DUMP, Family::UNSPEC);
    ask(r, "dump_filter", "refused", unspec, filter(1))?;
    ask(r, "dump_filter", "refused", dump, filter(0x8000_0000))?;
    ask(r, "dump_filter", "refused", dump, filter(0x10))?;
    ask(r, "dump_filter", "refused", dump, |out| out.put(CtAttr::StatusMask(Status::ASSURED)))?;
    ask(r, "dump_filter", "refused", dump, |out| out.put(CtAttr::MarkMask(7)))?;
    // These message types do not exist, or only with DUMP.
    for msg_type in [MsgType::CT_GET_DYING, MsgType(0x01ff), MsgType(0x02ff)] {
        ask(r, "reply", "refused", (msg_type, NlmFlags::empty(), Family::IPV4), |_| ())?;
    }
    malformed(r, &known)
}

/// Records requests with malformed attributes, which no builder creates.
fn malformed(r: &mut Recorder, known: &Conntrack) -> Done {
    let base = |seq| {
        let mut bytes = built(request::update(known))?.with_seq(seq).into_bytes();
        bytes.truncate(20 + 52);
        Ok::<_, String>(bytes)
    };
    // The endings are a status of two bytes, an empty mark, a header with a length that is too large, one
    // with a length that is too small, an unknown TCP state, a window scale of 200, and a helper's
    // name without its NUL.
    let endings: [&[u8]; 7] = [
        &[6, 0, 3, 0, 1, 2, 0, 0],
        &[4, 0, 8, 0],
        &[0xff, 0, 8, 0, 1, 2, 3, 4],
        &[3, 0, 8, 0, 1, 2, 3, 4],
        &[16, 0, 4, 0x80, 12, 0, 1, 0x80, 5, 0, 1, 0, 99, 0, 0, 0],
        &[24, 0, 4, 0x80, 20, 0, 1, 0x80, 5, 0, 1, 0, 3, 0, 0, 0, 5, 0, 2, 0, 200, 0, 0, 0],
        &[
            24, 0, 5, 0x80, 20, 0, 1, 0, 97, 98, 99, 100, 101, 102, 103, 104, 97, 98, 99, 100, 101,
            102, 103, 104,
        ],
    ];
    for ending in endings {
        let seq = r.next_seq();
        let mut bytes = base(seq)?;
        bytes.extend_from_slice(ending);
        let len = u32::try_from(bytes.len()).unwrap_or_default();
        bytes.splice(..4, len.to_ne_bytes());
        r.ask_bytes("reply", Some("refused"), &bytes)?;
    }
    Ok(())
}
