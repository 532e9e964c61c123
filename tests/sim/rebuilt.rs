//! `Rebuilder`: what an entry has lost again, and entries that are not confirmed yet.

use crate::entry::{dump, event, everything, kernel};
use ctnetlink::Message;
use ctnetlink::flat::{Labels, Name};
use ctnetlink::sim::{
    IpctEvents, NfConnHelp, NfConnLabels, Rebuilder, Recorded, RecordedKind, Reply,
    SecurityContext, Skb, ctnetlink_fill_info,
};
use ctnetlink::wire::{Endian, WriteBuf};

#[track_caller]
fn assert_rebuilt(rebuilder: &mut Rebuilder, bytes: &[u8], recorded: &Recorded) {
    let message = Message::parse_with(bytes, Endian::Little).unwrap();
    let rebuilt = rebuilder.rebuild(&message, recorded).unwrap().unwrap();
    assert!(rebuilt.bytes == bytes, "{:x?}\n{:x?}", rebuilt.bytes, bytes);
}

/// Recorded on 5.10 to 7.2: labels that a request set to 0, and a helper that it took away, are in
/// no message any more.
#[test]
fn labels_and_helper_are_lost() {
    let kernel = kernel("7.2");
    let of = |events| Recorded { ipct_events: Some(events), ..Recorded::default() };
    let [with, changed] = [IpctEvents::NEW | IpctEvents::LABEL, IpctEvents::LABEL];
    let mut ct = everything();
    for is_event in [true, false] {
        let mut rebuilder = Rebuilder::new(kernel);
        assert_rebuilt(&mut rebuilder, &event(&kernel, with, &everything()), &of(with));
        ct.labels = Some(NfConnLabels { bits: Labels::default(), words: 2 });
        ct.help = Some(NfConnHelp::default());
        if is_event {
            assert_rebuilt(&mut rebuilder, &event(&kernel, changed, &ct), &of(changed));
        }
        // An event without IPCT_LABEL says nothing of labels.
        let mark = IpctEvents::MARK;
        assert_rebuilt(&mut rebuilder, &event(&kernel, mark, &ct), &of(mark));
        assert_rebuilt(&mut rebuilder, &dump(&kernel, &ct), &Recorded::default());
    }
}

/// Recorded on 5.10: GET_UNCONFIRMED sends no extensions. They are there all the same.
#[test]
fn unconfirmed() {
    let kernel = kernel("5.10");
    let mut rebuilder = Rebuilder::new(kernel);
    let recorded = Recorded::default();
    assert_rebuilt(&mut rebuilder, &dump(&kernel, &everything()), &recorded);
    let mut bytes = WriteBuf::new();
    let reply = Reply { extinfo: false, ..Reply::to(9, 1) };
    ctnetlink_fill_info(&kernel, &everything(), 0, &reply, Skb::UNLIMITED, &mut bytes).unwrap();
    let unconfirmed = Recorded { kind: RecordedKind::Unconfirmed, ..recorded };
    assert_rebuilt(&mut rebuilder, &bytes, &unconfirmed);
    assert_rebuilt(&mut rebuilder, &dump(&kernel, &everything()), &recorded);
}

/// Recorded on 5.10 to 7.2 with an AppArmor profile of eight letters: 4 bytes are missing in the size.
#[test]
fn a_context_counted_without_its_nul() {
    let kernel = kernel("7.2");
    let mut ct = everything();
    ct.secctx = Some(SecurityContext { name: Name::from("recorded"), len: 8 });
    let bytes = event(&kernel, IpctEvents::SECMARK, &ct);
    let message = Message::parse_with(&bytes, Endian::Little).unwrap();
    let alloc = |context_without_nul| {
        let events = Some(IpctEvents::SECMARK);
        let recorded = Recorded { ipct_events: events, context_without_nul, ..Recorded::default() };
        Rebuilder::new(kernel).rebuild(&message, &recorded).unwrap().unwrap().alloc.unwrap()
    };
    assert_eq!(alloc(false) - alloc(true), 4);
}
