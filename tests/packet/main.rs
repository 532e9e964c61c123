//! Messages through netlink-packet-core 0.9 and 0.7.

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "netlink-packet-core")]
mod live;

#[cfg(feature = "netlink-packet-core")]
mod core_09;

#[cfg(feature = "netlink-packet-utils")]
mod core_07;

/// Sends a value through one version and receives it through the other.
#[cfg(all(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
#[test]
fn both_stacks_at_once() {
    use core_07::stack as old;
    use core_09::stack as new;
    use ctnetlink::packet::CtNetlinkMessage;

    let mut passed = 0;
    for golden in common::native() {
        let Ok(message) = CtNetlinkMessage::try_from(golden.message()) else { continue };
        let sent = new::NetlinkMessage::from(message.clone());
        let mut bytes = vec![0; sent.buffer_len()];
        sent.serialize(&mut bytes);
        assert_eq!(bytes, golden.bytes, "{}", golden.place);
        let mut resent = old::NetlinkMessage::from(message.clone());
        resent.finalize();
        let mut bytes = vec![0; resent.buffer_len()];
        resent.serialize(&mut bytes);
        assert_eq!(bytes, golden.bytes, "{}", golden.place);
        if golden.msg_type().is_ctnetlink() {
            let received = old::NetlinkMessage::<CtNetlinkMessage>::deserialize(&bytes).unwrap();
            assert_eq!(received.payload, old::NetlinkPayload::InnerMessage(message));
            passed += 1;
        }
    }
    assert!(passed > 1000 || cfg!(target_endian = "big"), "{passed}");
}
