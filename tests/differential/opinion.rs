//! Compares the text of simulated messages with that of libnetfilter_conntrack.
//!
//! conntrack(8) uses this library. It reads the messages of the simulated kernel, and its text must be
//! equal to ours.
//! `tests/golden/oracle/lnfct_text.c` is compiled with this machine's cc.

use crate::compare::hex;
use crate::generate::{Abilities, Step, a_round, expectations};
use crate::namespace::{say, skip};
use crate::random::Random;
use ctnetlink::format::text::{LabelMap, Text};
use ctnetlink::kernel::Kernel;
use ctnetlink::sim::{Clock, DumpBuffers, DumpRequest, Helper, Listener, ModuleParams, Net};
use ctnetlink::wire::Endian;
use ctnetlink::{Group, Message};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SECOND: u64 = 1_000_000_000;
const NOON: u64 = 1_800_000_000;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Returns the messages that the simulated kernel of a release sends in reply to random requests.
fn sent_by(release: &str) -> Vec<Vec<u8>> {
    let kernel = Kernel::new(release.parse().unwrap());
    let can = Abilities { kernel, helpers: Helper::in_tree(), labels_used: true };
    let module = ModuleParams { tstamp: true, acct: true };
    let clock = Clock { real_ns: NOON * SECOND + 123_456_789, jiffies: 1 << 33 };
    let mut net = Net::nf_conntrack_init_net(kernel, module, clock, None).unwrap();
    net.labels_used = true;
    let groups = vec![Group::New, Group::Update, Group::Destroy];
    net.listeners.push(Listener { groups, ..Listener::default() });
    let mut random = Random::new(u64::from(kernel.release.minor));
    let mut sent = Vec::new();
    let steps = a_round(&mut random, &can).into_iter().chain(expectations(&mut random, &can));
    for step in steps {
        net.advance(random.below(3000) as u64);
        match step {
            // The port id is 0: conntrack(8) would add any other to the library's text.
            Step::New(flags, ct) => drop(net.ctnetlink_new_conntrack(0, flags, &ct)),
            Step::Delete(ct, _) => drop(net.ctnetlink_del_conntrack(0, &ct)),
            Step::Get(ct, zero) => {
                sent.extend(net.ctnetlink_get_conntrack((7, 1), zero, &ct));
            }
            Step::Dump(..) => {
                let request = DumpRequest { portid: 7, seq: 2, ..DumpRequest::default() };
                let dump = net.dump(&request, DumpBuffers::fresh(&kernel)).unwrap();
                sent.extend(dump.iter().flat_map(|datagram| {
                    let messages = ctnetlink::Messages::with_endian(datagram, Endian::Little);
                    messages.map(|message| message.unwrap().as_bytes().to_vec())
                }));
            }
            _ => {}
        }
    }
    net.flush(0);
    sent.append(&mut net.listeners[0].received);
    sent
}

/// Compiles the oracle and returns its path.
///
/// # Errors
///
/// Returns the reason if it cannot be compiled.
fn oracle(dir: &Path) -> Result<PathBuf, String> {
    let program = dir.join("lnfct_text");
    let mut cc = Command::new("cc");
    cc.arg("-O1").arg("-o").arg(&program).arg(golden().join("oracle/lnfct_text.c"));
    let output = cc.args(["-lnetfilter_conntrack", "-lmnl"]).output();
    let output = output.map_err(|error| format!("cc: {error}"))?;
    if output.status.success() {
        return Ok(program);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr.lines().find(|line| line.contains("error")).unwrap_or_default();
    Err(format!("libnetfilter_conntrack: {line}"))
}

#[test]
fn text_of_simulated_messages_equals_that_of_libnetfilter_conntrack() {
    if cfg!(not(target_endian = "little")) {
        skip("libnetfilter_conntrack: the messages are little-endian, and this machine is not");
        return;
    }
    let dir = std::env::temp_dir().join(format!("ctnetlink-opinion-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let program = match oracle(&dir) {
        Ok(program) => program,
        Err(reason) => return skip(&format!("libnetfilter_conntrack: {reason}")),
    };
    let labels = golden().join("connlabel.conf");
    let releases = ["2.6.39", "3.10", "4.9", "4.18", "5.4", "5.10", "6.1", "6.12", "6.18", "7.2"];
    let messages: Vec<_> = releases.iter().flat_map(|release| sent_by(release)).collect();
    let now = NOON + 1000;
    let mut child = Command::new(program)
        .args(["--now", &now.to_string(), "--labelmap"])
        .arg(&labels)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = messages.iter().map(|message| hex(message) + "\n").collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    std::fs::remove_dir_all(&dir).ok();

    let map = LabelMap::parse(&std::fs::read_to_string(labels).unwrap());
    let plain = Text { as_of: Some(now * SECOND), ..Text::default() };
    let all = Text {
        extended: true,
        id: true,
        ktimestamp: true,
        labels: Some(map),
        as_of: Some(now * SECOND),
        ..Text::default()
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), messages.len());
    for (bytes, answer) in messages.iter().zip(answers.lines()) {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let message = Message::parse_with(bytes, Endian::Little).unwrap();
        for (key, text) in [("text", &plain), ("text_all", &all)] {
            let Some(theirs) = answer[key].as_str() else { continue };
            let ours = text.line(&message, None).unwrap_or_default();
            compared += 1;
            if ours != theirs {
                wrong.push(format!("{}\n  ours   {ours}\n  theirs {theirs}", hex(bytes)));
            }
        }
    }
    let number = messages.len();
    say(&format!("differential: libnetfilter_conntrack messages={number} lines={compared}"));
    let first = &wrong[..wrong.len().min(8)];
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), first.join("\n"));
    assert!(compared > 2000, "{compared}");
}
