//! Tests of `Rebuilder`: removed attributes, unconfirmed entries and security contexts.

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

/// Labels that a request set to 0 and a helper that it removed are in no later message.
///
/// This was recorded on Linux 5.10 to 7.2.
#[test]
fn removed_labels_and_helpers_are_in_no_later_message() {
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
        // An event without IPCT_LABEL has no information about labels.
        let mark = IpctEvents::MARK;
        assert_rebuilt(&mut rebuilder, &event(&kernel, mark, &ct), &of(mark));
        assert_rebuilt(&mut rebuilder, &dump(&kernel, &ct), &Recorded::default());
    }
}

/// Replies to GET_UNCONFIRMED do not contain the extensions that entries have (recorded on 5.10).
#[test]
fn unconfirmed_entries_keep_their_extensions() {
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

/// With an AppArmor profile of eight letters, the size is 4 bytes smaller (recorded on 5.10 to 7.2).
#[test]
fn apparmor_counts_a_context_without_its_nul() {
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
