//! Executes recorded requests to create an entry in a simulated namespace.
//!
//! The NEW event must be identical to the recorded one, byte for byte. The id and the times are copied
//! from the recording, and so is a difference of one jiffy in the remaining timeout.

use crate::entry::kernel;
use crate::recorded::{golden, kernels};
use ctnetlink::flat::{Name, Record as _};
use ctnetlink::kernel::Kernel;
use ctnetlink::sim::{Clock, Helper, Listener, ModuleParams, Net};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Group, Kind, Message, MsgType};
use serde_json::Value;

pub(crate) fn unhex(line: &Value) -> Vec<u8> {
    let hex = line["hex"].as_str().unwrap();
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// The extensions that the entry got at its creation.
struct Extensions {
    acct: bool,
    timestamp: bool,
    labels: bool,
}

impl Extensions {
    fn of(line: &Value) -> Self {
        let has = |name: &str| {
            let ext = line["ext"].as_array();
            ext.is_some_and(|ext| ext.iter().any(|value| value == name))
        };
        Self { acct: has("acct"), timestamp: has("timestamp"), labels: has("labels") }
    }
}

/// Executes the request at the time of the event, and returns the event that the listener received.
fn create(kernel: Kernel, ext: &Extensions, request: &Conntrack, event: &Message<'_>) -> Vec<u8> {
    let shown = Conntrack::try_from(*event).unwrap();
    let clock = Clock { real_ns: shown.timestamp_event.unwrap_or(1), jiffies: 0 };
    let module = ModuleParams { tstamp: ext.timestamp, acct: ext.acct };
    let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
    net.labels_used = ext.labels;
    net.set_next_id(shown.id.unwrap());
    net.listeners.push(Listener { groups: vec![Group::New], ..Listener::default() });
    let mut request = request.clone();
    // If a jiffy passes between creation and event, the timeout is one second less.
    if request.timeout.and_then(|seconds| seconds.checked_sub(1)) == shown.timeout {
        request.timeout = shown.timeout;
    }
    let created = net.ctnetlink_create_conntrack(event.header().nlmsg_pid, &request);
    assert!(created.is_ok(), "{created:?}: {request:?}");
    net.listeners[0].received.pop().unwrap()
}

/// Returns `true` if the simulation cannot execute the request: NAT, masters and user-space helpers.
fn needs_more(request: &Conntrack) -> bool {
    let is_in_tree = |name: &Name| Helper::in_tree().iter().any(|helper| helper.name == *name);
    !request.rare().nat_src.is_empty()
        || !request.rare().nat_dst.is_empty()
        || !request.master.is_empty()
        || !request.help.name.as_ref().is_none_or(is_in_tree)
}

#[test]
fn requests_cause_the_recorded_event() {
    let arm = Kernel { arch: "arm".parse().unwrap(), ..kernel("7.2.13") };
    let without_dump = [("linux-6.18", kernel("6.18")), ("linux-7.2-armhf", arm)];
    for (folder, kernel) in kernels().into_iter().chain(without_dump) {
        for file in ["messages.jsonl", "richer.jsonl", "wide.jsonl"] {
            let Ok(text) = std::fs::read_to_string(golden(folder, file)) else { continue };
            let lines: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let compared = compare_created(&format!("{folder}/{file}"), kernel, &lines);
            let least = if file == "messages.jsonl" { 6 } else { 1 };
            assert!(compared >= least, "{folder}/{file}: {compared} compared");
        }
    }
}

fn compare_created(file: &str, kernel: Kernel, lines: &[Value]) -> usize {
    let mut compared = 0;
    for (n, line) in lines.iter().enumerate() {
        let bytes = unhex(line);
        let message = Message::parse_with(&bytes, kernel.arch.endian()).unwrap();
        let is_request = line["kind"] == "request" && line["errno"] == 0;
        let creates = message.header().nlmsg_flags.contains(NlmFlags::CREATE);
        if !is_request
            || !creates
            || message.msg_type() != MsgType::CT_NEW
            || line.get("op").is_some()
        {
            continue;
        }
        // The kernel accepts labels of 3 bytes and ignores them.
        let Ok(request) = Conntrack::try_from(message) else { continue };
        if needs_more(&request) {
            continue;
        }
        let is_its = |event: &Message<'_>| {
            let shown = event.conntrack();
            event.kind() == Kind::New
                && shown.is_ok_and(|shown| {
                    shown.orig.src == request.orig.src
                        && shown.orig.src_port == request.orig.src_port
                        && shown.orig.icmp_id == request.orig.icmp_id
                })
        };
        let of_request = |line: &&Value| {
            let bytes = unhex(line);
            line["kind"] == "event"
                && is_its(&Message::parse_with(&bytes, kernel.arch.endian()).unwrap())
        };
        let Some(event) = lines[n..].iter().find(of_request) else { continue };
        let recorded = unhex(event);
        let parsed = Message::parse_with(&recorded, kernel.arch.endian()).unwrap();
        let created = create(kernel, &Extensions::of(event), &request, &parsed);
        assert!(
            created == recorded,
            "{file}: request {}\nsimulated {}\nrecorded  {}",
            line["hex"],
            hex(&created),
            hex(&recorded)
        );
        compared += 1;
    }
    compared
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
