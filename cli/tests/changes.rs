//! Compares the commands that read and change entries with conntrack(8).
//!
//! Each test has a network namespace of its own.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use ctnetlink::Conntrack;
use ctnetlink::flat::Help;
use ctnetlink::nested::IpProto;
use ctnetlink::request;
use namespace::{enter, flow, skipped, socket};
use run::{command, create, other, stderr, stdout, success};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::{Command, Output};

/// The options of `create` and `conntrack -I`.
const ENTRIES: [&str; 10] = [
    "-s 10.1.2.3 -d 192.0.2.9 -p udp --sport 4001 --dport 53 -t 3001 -m 0x1234",
    "-s 10.1.2.4 -d 192.0.2.9 -p tcp --sport 4002 --dport 80 -t 3002 --state ESTABLISHED \
     -u ASSURED,SEEN_REPLY -n 203.0.113.5:777",
    "-s 10.1.2.5 -d 192.0.2.9 -p tcp --orig-port-src 4003 --orig-port-dst 80 -t 3003 \
     --state CLOSE_WAIT -g 203.0.113.6",
    "-s 10.1.2.6 -d 192.0.2.9 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 3004",
    "-s 2001:db8::1 -d 2001:db8::9 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 77 \
     -t 3005",
    "-s 10.1.2.7 -d 192.0.2.9 -p gre --srckey 0x11 --dstkey 0x22 -t 3006 -w 3",
    "-s 10.1.2.8 -d 192.0.2.9 -p sctp --sport 11 --dport 22 -t 3007 --state ESTABLISHED \
     --orig-vtag 9 --reply-vtag 8 --orig-zone 4",
    "-r 10.1.2.18 -q 192.0.2.9 -p udp --reply-port-src 5 --reply-port-dst 6 -t 3008 --reply-zone 5",
    "-s 10.1.2.10 -d 192.0.2.9 -p 89 -t 3009",
    "-s 10.1.2.11 -d 192.0.2.9 -r 192.0.2.10 -q 10.1.2.12 -p udp --sport 1 --dport 2 \
     --reply-port-src 3 --reply-port-dst 4 -t 3010",
];

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn ours(line: &str) -> Output {
    command(&words(line)).output().unwrap()
}

/// Runs `ctnetlink`, which must succeed, and returns its standard output.
fn succeed(line: &str) -> String {
    stdout(&success(&words(line))).to_owned()
}

/// Runs conntrack(8), which must succeed, and returns its standard output.
fn theirs(line: &str) -> String {
    other("conntrack", &words(line)).unwrap()
}

fn last_line(output: &Output) -> &str {
    stderr(output).lines().last().unwrap_or_default()
}

/// Enters a network namespace, if the machine has the programs that the test needs.
fn begin(test: &str) -> bool {
    if !enter(test) || socket(test).is_none() {
        return false;
    }
    let has_conntrack = Command::new("conntrack").arg("--version").output().is_ok();
    has_conntrack || skipped(test, "no conntrack")
}

/// Returns the lines of conntrack(8) for both families, sorted.
fn listed() -> Vec<String> {
    let text =
        ["ipv4", "ipv6"].map(|family| theirs(&format!("-L -o extended -f {family}"))).concat();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Returns the table as JSON, without the keys that differ between entries created in the same way.
fn table() -> Vec<Value> {
    let json = succeed("list --format json");
    let mut entries: Vec<Value> = json
        .lines()
        .map(|line| {
            let mut message: Value = serde_json::from_str(line).unwrap();
            let mut entry = message["conntrack"].take();
            for key in ["id", "timeout", "timestamp"] {
                entry.as_object_mut().unwrap().remove(key);
            }
            entry
        })
        .collect();
    entries.sort_by_key(Value::to_string);
    entries
}

/// Calls `take` until no second passes between its two results.
fn within_a_second<T: PartialEq + std::fmt::Debug>(take: impl Fn() -> (T, T)) {
    let pair = (0..20).map(|_| take()).find(|(a, b)| a == b);
    if pair.is_none() {
        let (a, b) = take();
        assert_eq!(a, b);
    }
}

#[test]
fn create_makes_the_same_entries_as_conntrack() {
    const TEST: &str = "create_makes_the_same_entries_as_conntrack";
    let true = begin(TEST) else { return };
    for entry in ENTRIES {
        within_a_second(|| {
            theirs(&format!("-I {entry}"));
            let expected = (listed(), table());
            assert_eq!((expected.0.len(), expected.1.len()), (1, 1), "{entry}");
            theirs("-F");
            // conntrack(8) exchanges the bytes of the tags on little-endian machines.
            let tags = |tag: u32| [tag, tag.to_be()].map(|tag| format!("-vtag {tag}"));
            let entry = [tags(8), tags(9)]
                .iter()
                .fold(entry.to_owned(), |entry, [theirs, ours]| entry.replace(theirs, ours));
            let created = ours(&format!("create {entry}"));
            assert_eq!(created.status.code(), Some(0), "{entry}: {}", stderr(&created));
            assert_eq!(last_line(&created), "1 entry created");
            let found = (listed(), table());
            theirs("-F");
            (found, expected)
        });
    }
}

#[test]
fn create_accepts_one_direction_in_part() {
    const TEST: &str = "create_accepts_one_direction_in_part";
    let true = begin(TEST) else { return };
    succeed(
        "create -s 10.1.2.3 -d 192.0.2.9 -p udp --sport 4001 --dport 53 -t 3001 -q 203.0.113.7",
    );
    let line = theirs("-L");
    let reply = "src=192.0.2.9 dst=203.0.113.7 sport=53 dport=4001 mark=0 use=1\n";
    assert!(line.ends_with(reply), "{line}");
}

#[test]
fn entries_that_cannot_be_created_are_reported() {
    const TEST: &str = "entries_that_cannot_be_created_are_reported";
    let true = begin(TEST) else { return };
    let entry = ENTRIES[0];
    succeed(&format!("create {entry}"));
    for (line, status, message) in [
        (format!("create {entry}"), 2, "ctnetlink: error: the entry exists"),
        (format!("create -A {}", entry.replace("-m 0x1234", "-m 7")), 0, "0 entries created"),
        ("create -s 10.0.0.1 -p udp --sport 1 --dport 2 -t 5".into(), 2, "--src and --dst"),
        ("create -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 5".into(), 2, "--proto"),
        ("create -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 -t 5".into(), 2, "--sport and --dport"),
        (
            "create -s 10.0.0.1 -d 10.0.0.2 -p icmp -t 5".into(),
            2,
            "--icmp-type, --icmp-code and --icmp-id",
        ),
        ("create -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 2".into(), 2, "--timeout"),
        ("create -s 10.0.0.0/8 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 5".into(), 2, "--src"),
        ("create -s ::1 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 5".into(), 2, "not an address"),
        (
            "create -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 5 -n".into(),
            2,
            "address for --src-nat",
        ),
        (
            "create -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 5 --state CLOSE".into(),
            2,
            "udp",
        ),
    ] {
        let output = ours(&line);
        assert_eq!(output.status.code(), Some(status), "{line}: {}", stderr(&output));
        assert!(last_line(&output).contains(message), "{line}: {}", stderr(&output));
    }
    // The failed commands did not change the entry.
    assert_eq!(theirs("-C"), "1\n");
    assert!(theirs("-L").contains(" mark=4660 "));
}

#[test]
fn get_finds_the_same_entries_as_conntrack() {
    const TEST: &str = "get_finds_the_same_entries_as_conntrack";
    let true = begin(TEST) else { return };
    let keys = [
        "-s 10.1.2.3 -d 192.0.2.9 -p udp --sport 4001 --dport 53",
        "-s 10.1.2.4 -d 192.0.2.9 -p tcp --sport 4002 --dport 80",
        "-s 10.1.2.6 -d 192.0.2.9 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77",
    ];
    for entry in ENTRIES {
        theirs(&format!("-I {entry}"));
    }
    for key in keys {
        within_a_second(|| (succeed(&format!("get {key}")), theirs(&format!("-G {key}"))));
    }
    // conntrack(8) cannot look up an entry by its reply direction or in a zone.
    let reply = "-r 192.0.2.9 -q 203.0.113.5 -p tcp --reply-port-src 80 --reply-port-dst 777";
    within_a_second(|| (succeed(&format!("get {reply}")), theirs(&format!("-G {}", keys[1]))));
    let key = "-s 10.1.2.7 -d 192.0.2.9 -p gre --srckey 0x11 --dstkey 0x22";
    assert!(succeed(&format!("get {key} -w 3")).contains(" zone=3 "));
    let json: Value =
        serde_json::from_str(&succeed(&format!("get {} --format json", keys[1]))).unwrap();
    assert_eq!(json["conntrack"]["orig"]["src"], "10.1.2.4");
    for (line, message) in [
        (format!("get {key}"), "ctnetlink: error: no such entry"),
        (format!("get expect {key}"), "ctnetlink: error: no such expectation"),
        ("get -s 10.1.2.3 -d 192.0.2.9 -p udp".into(), "--sport and --dport"),
        ("get".into(), "--src and --dst"),
    ] {
        let output = ours(&line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(last_line(&output).contains(message), "{line}: {}", stderr(&output));
    }
}

#[test]
fn update_makes_the_same_changes_as_conntrack() {
    const TEST: &str = "update_makes_the_same_changes_as_conntrack";
    let true = begin(TEST) else { return };
    let create = || {
        theirs("-F");
        // conntrack(8) 1.4.7 does not update entries whose directions are not the reverse of each other.
        for n in [0, 3, 4] {
            theirs(&format!("-I {}", ENTRIES[n]));
        }
        theirs(
            "-I -s 10.1.2.5 -d 192.0.2.9 -p tcp --sport 4003 --dport 80 -t 3003 --state CLOSE_WAIT",
        );
    };
    for change in [
        "-s 10.1.2.3 -m 0x0f0f",
        "-s 10.1.2.3 -m 0x0f00/0xff00 -t 500",
        "-d 192.0.2.9 -u SEEN_REPLY,ASSURED",
        "-s 10.1.2.0/24 -t 777",
        "-s 2001:db8::1 -m 4",
    ] {
        within_a_second(|| {
            create();
            let mut expected: Vec<_> =
                theirs(&format!("-U {change}")).lines().map(str::to_owned).collect();
            let expected_table = table();
            create();
            let output = ours(&format!("update {change}"));
            assert_eq!(output.status.code(), Some(0), "{change}: {}", stderr(&output));
            let mut lines: Vec<_> = stdout(&output).lines().map(str::to_owned).collect();
            assert_eq!(last_line(&output), format!("{} entries updated", lines.len()));
            // conntrack(8) 1.4.7 prints some of the entries.
            lines.retain(|line| expected.contains(line));
            assert!(!expected.is_empty());
            lines.sort();
            expected.sort();
            ((lines, table()), (expected, expected_table))
        });
    }
}

#[test]
fn update_adds_and_removes_labels() {
    const TEST: &str = "update_adds_and_removes_labels";
    let true = begin(TEST) else { return };
    let entry = ENTRIES[0];
    // Entries have labels only while a rule uses labels.
    success(&words(&format!("create {entry} --label-add 3")));
    let output = ours("update -s 10.1.2.3 --label-add 3");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    theirs("-F");
    let rule = "table inet t { chain c { type filter hook output priority 0; ct label set 1; }; }";
    if other("nft", &[rule]).is_none() {
        skipped(TEST, "no nft");
        return;
    }
    succeed(&format!("create {entry} --label-add 3,77"));
    let labels = || table()[0]["labels"].clone();
    assert_eq!(labels(), json!([3, 77]));
    for (change, expected) in [
        ("--label-add 127", json!([3, 77, 127])),
        ("--label-del 3,5", json!([77, 127])),
        ("--label-del 77 --label-add 77,8", json!([8, 77, 127])),
        ("-l 8 -m 5", json!([8, 77, 127])),
        ("--label-del", Value::Null),
    ] {
        assert!(succeed(&format!("update -s 10.1.2.3 {change}")).contains("src=10.1.2.3 "));
        assert_eq!(labels(), expected, "{change}");
    }
    assert_eq!(stderr(&ours("update -l 8 -m 6")), "0 entries updated\n");
}

#[test]
fn update_reports_entries_that_it_does_not_change() {
    const TEST: &str = "update_reports_entries_that_it_does_not_change";
    let true = begin(TEST) else { return };
    for entry in ENTRIES {
        theirs(&format!("-I {entry}"));
    }
    // An entry with NAT.
    assert!(succeed("update -s 10.1.2.4 -m 5/6 -t 99").contains(" mark=5 "));
    let output = ours("update -s 10.1.2.0/24 --state LAST_ACK");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(last_line(&output), "2 entries updated");
    assert_eq!(theirs("-L -p tcp --state LAST_ACK").lines().count(), 2);
    let errors = stderr(&output).lines().filter(|line| line.starts_with("ctnetlink: error: "));
    assert!(errors.clone().any(|line| line.contains("src=10.1.2.6 ") && line.contains("icmp")));
    assert_eq!(errors.count(), 6, "{}", stderr(&output));
    for (line, status, message) in [
        ("update -p udp --state LAST_ACK", 2, "0 entries updated"),
        ("update -s 10.9.9.9 -m 1", 0, "0 entries updated"),
        ("update -s 10.1.2.3", 2, "new value"),
    ] {
        let output = ours(line);
        assert_eq!(output.status.code(), Some(status), "{line}: {}", stderr(&output));
        assert!(last_line(&output).contains(message), "{line}: {}", stderr(&output));
    }
}

#[test]
fn delete_and_flush_print_the_deleted_entries() {
    const TEST: &str = "delete_and_flush_print_the_deleted_entries";
    let true = begin(TEST) else { return };
    for entry in ENTRIES {
        theirs(&format!("-I {entry}"));
    }
    for (filter, count) in
        [("-p tcp -n", 1), ("-s 10.1.2.3", 1), ("-w 3", 1), ("-s 2001:db8::1", 1), ("-p udp", 2)]
    {
        let before = listed();
        let output = ours(&format!("delete {filter} -o extended"));
        assert_eq!(output.status.code(), Some(0), "{filter}: {}", stderr(&output));
        assert_eq!(last_line(&output), format!("{count} entries deleted"));
        let after = listed();
        assert_eq!(before.len() - after.len(), count, "{filter}");
        // The timeouts decrease.
        let tuples = |line: &str| line.split_once("src=").unwrap().1.to_owned();
        let mut removed: Vec<_> = before.iter().map(|line| tuples(line)).collect();
        removed.retain(|line| !after.iter().any(|left| tuples(left) == *line));
        let mut printed: Vec<_> = stdout(&output).lines().map(tuples).collect();
        removed.sort();
        printed.sort();
        assert_eq!(printed, removed, "{filter}");
    }
    let left = listed().len();
    for (line, status, message) in [
        ("delete", 2, "expected a filter"),
        ("delete -s 10.9.9.9", 0, "0 entries deleted"),
        ("delete expect -m 5", 2, "filter expectations"),
        ("flush -f ipv6", 0, "0 entries deleted"),
    ] {
        let output = ours(line);
        assert_eq!(output.status.code(), Some(status), "{line}: {}", stderr(&output));
        assert!(last_line(&output).contains(message), "{line}: {}", stderr(&output));
    }
    assert_eq!((left, theirs("-C")), (4, "4\n".to_owned()));
    let output = ours("flush --format json");
    assert_eq!(last_line(&output), "4 entries deleted");
    let sources: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["conntrack"]["orig"]["src"].take())
        .collect();
    assert_eq!(sources.len(), 4);
    assert!(sources.contains(&"10.1.2.5".into()), "{sources:?}");
    assert_eq!(theirs("-C"), "0\n");
}

/// The command deletes entries while it receives the dump.
#[test]
fn delete_removes_all_entries_of_a_large_table() {
    const TEST: &str = "delete_removes_all_entries_of_a_large_table";
    let true = begin(TEST) else { return };
    let mut socket = socket(TEST).unwrap();
    create(&mut socket, (0..3000).map(flow));
    theirs(&format!("-I {}", ENTRIES[8]));
    let output = ours("delete -d 198.51.100.7");
    assert_eq!((last_line(&output), theirs("-C")), ("3000 entries deleted", "1\n".to_owned()));
    let lines: BTreeSet<_> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 3000);
}

#[test]
fn count_and_stats_equal_those_of_conntrack() {
    const TEST: &str = "count_and_stats_equal_those_of_conntrack";
    let true = begin(TEST) else { return };
    for entry in ENTRIES {
        theirs(&format!("-I {entry}"));
    }
    assert_eq!(succeed("count"), "10\n");
    assert_eq!(succeed("count"), theirs("-C"));
    assert_eq!(succeed("count expect"), theirs("-C expect"));
    let lines =
        |text: String| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(succeed("stats")), lines(theirs("-S")));
    assert_eq!(lines(succeed("stats expect")), lines(theirs("-S expect")));
    let inserted: u64 = succeed("stats --format json")
        .lines()
        .map(|line| {
            let message: Value = serde_json::from_str(line).unwrap();
            message["stats_cpu"]["insert"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(inserted, 10);
}

#[test]
fn expectations_equal_those_of_conntrack() {
    const TEST: &str = "expectations_equal_those_of_conntrack";
    let true = begin(TEST) else { return };
    let mut socket = socket(TEST).unwrap();
    let mut master = flow(0x1_0203);
    (master.orig.proto, master.reply.proto) = (Some(IpProto::TCP), Some(IpProto::TCP));
    let help = Help { name: Some("ftp".into()), info: None };
    let master = Conntrack { help, ..master };
    if socket.request(request::create(&master).unwrap()).is_err() {
        skipped(TEST, "the kernel has no helper for FTP");
        return;
    }
    let expectation = "-s 10.1.2.3 -d 198.51.100.7 -p tcp --sport 40001 --dport 5353 -t 300 \
         --tuple-src 10.5.5.5 --tuple-dst 10.6.6.6 --tuple-port-src 31 --tuple-port-dst 32 \
         --mask-src 255.255.255.255 --mask-dst 255.255.255.0 --mask-port-src 0 \
         --mask-port-dst 65535";
    // conntrack(8) 1.4.7 does not print the protocol and the ports of the expected flow.
    theirs(&format!("-I expect {expectation}"));
    within_a_second(|| (succeed("list expect"), theirs("-L expect")));
    let output = ours("delete expect -s 10.5.5.0/24");
    assert_eq!(last_line(&output), "1 expectations deleted");
    assert!(stdout(&output).contains(" proto=0 src=10.5.5.5 dst=10.6.6.6 "));
    assert_eq!(theirs("-C expect"), "0\n");

    let output = ours(&format!("create expect {expectation}"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(last_line(&output), "1 expectation created");
    // The kernel reads only the source of the mask.
    let line = " proto=6 src=10.5.5.5 dst=10.6.6.6 sport=31 dport=32 mask-src=255.255.255.255 \
                mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.1.2.3 \
                master-dst=198.51.100.7 sport=40001 dport=5353 class=0 helper=ftp\n";
    assert!(theirs("-L expect").ends_with(line), "{}", theirs("-L expect"));
    assert_eq!(succeed("count expect"), theirs("-C expect"));
    let again = ours(&format!("create expect {expectation}"));
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(last_line(&again), "ctnetlink: error: the expectation exists");
    // conntrack(8) requires ports of the reply direction, which expectations do not have.
    let key = "-s 10.5.5.5 -d 10.6.6.6 -p tcp --sport 31 --dport 32";
    let unused = "--reply-port-src 1 --reply-port-dst 2";
    within_a_second(|| {
        (succeed(&format!("get expect {key}")), theirs(&format!("-G expect {key} {unused}")))
    });
    assert_eq!(last_line(&ours("delete expect -s 10.5.5.6")), "0 expectations deleted");
    assert_eq!(theirs("-C expect"), "1\n");
    let output = ours("delete expect -d 10.6.6.6 -p tcp --format json");
    assert_eq!(last_line(&output), "1 expectations deleted");
    let json: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(json["expectation"]["tuple"]["dst_port"], 32);
    assert_eq!(theirs("-C expect"), "0\n");
    succeed(&format!("create expect {expectation}"));
    assert_eq!(last_line(&ours("flush expect")), "1 expectations deleted");
    assert_eq!(theirs("-C expect"), "0\n");
}
