//! Recorded requests to create an entry, carried out in a simulated namespace: its NEW event is the
//! recorded one, byte for byte. The id and the times are the
//! recorded kernel's, and a jiffy's difference in what is left of the timeout.

use crate::entry::kernel;
use crate::recorded::{golden, kernels};
use ctnetlink::flat::Record as _;
use ctnetlink::sim::{Clock, Group, Kernel, ModuleParams, Net, Socket};
use ctnetlink::{Conntrack, Kind, Message, MsgType};
use serde_json::Value;

fn unhex(line: &Value) -> Vec<u8> {
    let hex = line["hex"].as_str().unwrap();
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// Carries the request out at the time of the event; the event that the listener got.
fn create(kernel: Kernel, plain: bool, request: &Conntrack, event: &Message<'_>) -> Vec<u8> {
    let shown = Conntrack::try_from(*event).unwrap();
    let clock = Clock { real_ns: shown.timestamp_event.unwrap_or(1), jiffies: 0 };
    let module = ModuleParams { tstamp: !plain, acct: !plain };
    let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
    net.labels_used = true;
    net.set_next_id(shown.id.unwrap());
    net.sockets.push(Socket { groups: vec![Group::New], ..Socket::default() });
    let mut request = request.clone();
    // A jiffy that passed between creation and event shows as a second less.
    if request.timeout.map(|seconds| seconds - 1) == shown.timeout {
        request.timeout = shown.timeout;
    }
    let created = net.ctnetlink_create_conntrack(event.header().nlmsg_pid, &request);
    assert!(created.is_ok(), "{created:?}: {request:?}");
    net.sockets[0].received.pop().unwrap()
}

#[test]
fn created_as_recorded() {
    let v6_18 = ("linux-6.18", kernel("6.18"));
    for (folder, kernel) in kernels().into_iter().chain([v6_18]) {
        let text = std::fs::read_to_string(golden(folder, "messages.jsonl")).unwrap();
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let events: Vec<_> =
            lines.iter().filter(|line| line["kind"] == "event").map(unhex).collect();
        let mut compared = 0;
        for line in lines.iter().filter(|line| line["kind"] == "request" && line["errno"] == 0) {
            let bytes = unhex(line);
            let message = Message::parse(&bytes, kernel.arch.endian).unwrap();
            if message.msg_type() != MsgType::CT_NEW || line.get("op").is_some() {
                continue;
            }
            let request = Conntrack::try_from(message).unwrap();
            // NAT is not simulated.
            if !request.nat_src.is_absent() || !request.nat_dst.is_absent() {
                continue;
            }
            let of_request = |event: &Message<'_>| {
                let shown = Conntrack::from_message(event, &mut |_| {});
                event.kind() == Kind::New
                    && shown.is_ok_and(|shown| {
                        shown.orig.src == request.orig.src
                            && shown.orig.src_port == request.orig.src_port
                            && shown.orig.icmp_id == request.orig.icmp_id
                    })
            };
            let parsed =
                events.iter().map(|event| Message::parse(event, kernel.arch.endian).unwrap());
            let Some(event) = parsed.into_iter().find(of_request) else { continue };
            let plain = line.get("plain").is_some();
            let created = create(kernel, plain, &request, &event);
            assert!(
                created == event.as_bytes(),
                "{folder}: request {}\nsimulated {}\nrecorded  {}",
                line["hex"],
                hex(&created),
                hex(event.as_bytes())
            );
            compared += 1;
        }
        assert!(compared >= 13, "{folder}: {compared} compared");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
