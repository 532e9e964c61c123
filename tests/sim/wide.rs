//! Compares the simulated kernel with `wide.jsonl`: labels of every length, and long timeouts.

use crate::created::unhex;
use crate::recorded::{golden, kernels};
use ctnetlink::attrs::ExpectFlags;
use ctnetlink::flat::{Expectation, Record as _};
use ctnetlink::kernel::{Arch, Kernel};
use ctnetlink::nested::IpProto;
use ctnetlink::sim::{
    Clock, Errno, ExpectNat, Listener, ModuleParams, Net, NfConntrackExpect, NfConntrackTuple,
};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Group, Kind, Message, MsgType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Returns the lines of one scene, with the kernel that sent them.
fn scene(name: &str) -> Vec<(Kernel, Vec<Value>)> {
    let mut scenes = Vec::new();
    for (folder, kernel) in kernels() {
        let Ok(text) = std::fs::read_to_string(golden(folder, "wide.jsonl")) else { continue };
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        scenes.push((kernel, lines.filter(|line| line["scene"] == name).collect()));
    }
    assert_eq!(scenes.len(), 3);
    scenes
}

fn net(kernel: Kernel) -> Net {
    let clock = Clock { real_ns: 1_795_000_000_000_000_000, jiffies: 4_294_900_000 };
    let mut net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None).unwrap();
    net.labels_used = true;
    let groups = vec![Group::New, Group::Update, Group::ExpectDestroy];
    net.listeners.push(Listener { groups, ..Listener::default() });
    net
}

/// Returns the labels in the NEW and UPDATE events of each flow, by its port.
fn labels_of_events<'m>(
    events: impl Iterator<Item = Message<'m>>,
) -> BTreeMap<Option<u16>, Vec<Option<u128>>> {
    let mut labels: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        if matches!(event.kind(), Kind::New | Kind::Update) {
            let ct = Conntrack::try_from(event).unwrap();
            labels.entry(ct.orig.src_port).or_default().push(ct.labels.map(|labels| labels.bits()));
        }
    }
    labels
}

/// The requests have labels of 0 to 24 bytes, with and without a mask of the same or another length.
///
/// The simulated kernel accepts the same requests as the recorded one, and then has the same labels.
#[test]
fn labels_of_every_length_are_accepted_as_recorded() {
    for (kernel, lines) in scene("labels") {
        let endian = kernel.arch.endian();
        let mut net = net(kernel);
        let (mut created, mut changed, mut refused) = (0, 0, 0);
        for line in lines.iter().filter(|line| line.get("length").is_some()) {
            let bytes = unhex(line);
            let message = Message::parse_with(&bytes, endian).unwrap();
            let errno = line["errno"].as_i64().unwrap() as i32;
            let length = line["length"].as_u64().unwrap();
            let strict = Conntrack::try_from(message);
            let is_decodable = length % 4 == 0 && length <= 16;
            assert_eq!(strict.is_ok(), is_decodable, "{line}");
            let is_create = message.header().nlmsg_flags.contains(NlmFlags::CREATE);
            if !is_decodable && errno != 0 {
                refused += 1;
                continue;
            }
            // The kernel ignores labels that do not decode.
            let request = message.conntrack().unwrap();
            let flags = message.header().nlmsg_flags;
            let result = net.ctnetlink_new_conntrack(message.header().nlmsg_pid, flags, &request);
            assert_eq!(result.err().map_or(0, Errno::number), errno, "{line}");
            created += usize::from(is_create && errno == 0);
            changed += usize::from(!is_create && errno == 0);
        }
        assert!(created >= 13 && changed >= 8 && refused >= 6, "{created} {changed} {refused}");
        let recorded: Vec<_> =
            lines.iter().filter(|line| line["kind"] == "event").map(unhex).collect();
        let parse = |bytes| Message::parse_with(bytes, endian).unwrap();
        let recorded = labels_of_events(recorded.iter().map(|bytes| parse(bytes)));
        let simulated = &net.listeners[0].received;
        let simulated = labels_of_events(simulated.iter().map(|bytes| parse(bytes)));
        assert_eq!(simulated, recorded, "{}", kernel.arch);
        assert_eq!(recorded.len(), created);
    }
}

/// Returns an expectation without a master.
fn expectation() -> NfConntrackExpect {
    let [src, dst] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    NfConntrackExpect {
        tuple: NfConntrackTuple::ports(IpProto::TCP, (src, 0), (dst, 20)),
        mask_src: src,
        mask_src_id: 0,
        master: NfConntrackTuple::ports(IpProto::TCP, (src, 40_000), (dst, 21)),
        master_id: 0,
        nat: ExpectNat::default(),
        timeout: 0,
        id: 77,
        flags: ExpectFlags::empty(),
        class: 0,
        helper: None,
        expectfn: None,
    }
}

/// The timeout that an expectation has after a change, or `None` if it is gone, and if it expired.
fn changed(kernel: Kernel, seconds: u32) -> (Option<u32>, bool) {
    let mut net = net(kernel);
    net.nf_ct_expect_related_report(expectation(), 0);
    net.ctnetlink_change_expect(77, seconds).unwrap();
    let is_expired = net.expectations().all(|exp| exp.is_expired(&kernel, net.clock.jiffies));
    let reply = net.ctnetlink_get_expect(77, (1, 9));
    let shown = reply.map(|bytes| {
        let message = Message::parse_with(&bytes, kernel.arch.endian()).unwrap();
        Expectation::try_decode(message.expectation_attrs().unwrap()).unwrap().timeout.unwrap()
    });
    net.reap_expired_expectations();
    assert_eq!(net.expectations().count(), usize::from(!is_expired));
    (shown.ok(), is_expired)
}

/// A GET request right after the creation returns the timeout, or one second less.
#[test]
fn long_timeouts_of_expectations_wrap_as_recorded() {
    for (kernel, lines) in scene("exp_timeouts") {
        let endian = kernel.arch.endian();
        let messages: Vec<_> = lines.iter().map(unhex).collect();
        let timeout_of = |n: usize| {
            let message = Message::parse_with(messages.get(n)?, endian).unwrap();
            let attrs =
                message.expectation_attrs().ok().filter(|_| lines[n]["kind"] == "get_exp")?;
            Expectation::try_decode(attrs).unwrap().timeout
        };
        let mut compared = 0;
        for (n, line) in lines.iter().enumerate() {
            let message = Message::parse_with(&messages[n], endian).unwrap();
            if line["kind"] != "request" || message.msg_type() != MsgType::EXP_GET {
                continue;
            }
            let seconds = u32::try_from(line["timeout"].as_u64().unwrap()).unwrap();
            let (simulated, is_expired) = changed(kernel, seconds);
            match (timeout_of(n + 1), simulated) {
                (Some(recorded), Some(simulated)) => {
                    assert!(simulated - recorded <= 1, "{line}: {simulated}, not {recorded}");
                }
                // A timer may remove the expectation before the request.
                (None, _) => assert!(is_expired, "{line}: {simulated:?}"),
                (Some(recorded), None) => panic!("{line}: gone, not {recorded}"),
            }
            compared += 1;
        }
        assert_eq!(compared, 17, "{}", kernel.arch);
    }
    // On 6.18.44 and x86-64 the expectation was observed to exist.
    let x86 = Kernel { arch: Arch::X86_64, ..crate::entry::kernel("6.18.44") };
    assert_eq!(changed(x86, 8_589_935), (Some(8_589_935), false));
}
