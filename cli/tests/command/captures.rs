//! Tests of `decode` and `check` on captures.

use crate::run::{command, golden, run, run_on, stderr, stdout};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Output, Stdio};

/// The folders of the golden recordings.
fn kernels() -> Vec<String> {
    let folders = std::fs::read_dir(golden("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = folders.map(|name| name.into_string().unwrap());
    let mut kernels: Vec<_> = names.filter(|name| name.starts_with("linux-")).collect();
    kernels.sort();
    assert!(kernels.len() >= 10, "{kernels:?}");
    kernels
}

/// `messages=N exact=N errors=N`.
fn counts(output: &Output) -> [u64; 3] {
    let last = stdout(output).lines().last().unwrap();
    let fields: Vec<_> = last.split(' ').map(|field| field.split_once('=').unwrap()).collect();
    let [("messages", a), ("exact", b), ("errors", c)] = fields[..] else { panic!("{last}") };
    [a, b, c].map(|number| number.parse().unwrap())
}

/// The captures of nlmon devices, of which there is none of Linux 6.18 and of armhf.
fn nlmon_captures(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let has_none = |kernel: &str| ["linux-6.18", "linux-7.2-armhf"].contains(&kernel);
    let wanted = kernels().into_iter().filter(|kernel| !has_none(kernel) && is_wanted(kernel));
    wanted.map(|kernel| golden(&format!("{kernel}/nlmon.pcapng"))).collect()
}

fn captures() -> Vec<String> {
    let mut files = nlmon_captures(|_| true);
    files.push(golden("linux-7.2/nlmon.pcap"));
    files
}

/// Tests the flows of `tests/golden/capture/flows.py`.
///
/// They are four of TCP over IPv4 (one with NAT), one of TCP over IPv6, three of UDP, and two of ping.
#[test]
fn the_first_command_of_the_readme_prints_ten_ended_flows() {
    let readme = std::fs::read_to_string("../README.md").unwrap();
    let prefix = "cargo run --release -- ";
    let arguments = readme.lines().find_map(|line| line.strip_prefix(prefix)).unwrap();
    let arguments: Vec<_> = arguments.split(' ').collect();
    let output = command(&arguments).current_dir("..").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let ended: Vec<_> = stdout(&output).lines().filter(|l| l.starts_with("[DESTROY]")).collect();
    let count = |words: &[&str]| {
        ended.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    };
    assert_eq!(count(&[" tcp ", " dst=192.0.2.2 "]), 3);
    assert_eq!(count(&[" tcp ", " dst=2001:db8::2 "]), 1);
    assert_eq!(count(&[" tcp ", " dst=198.51.100.7 ", " src=192.0.2.2 "]), 1);
    assert_eq!(count(&[" udp ", " packets=1 bytes=31 "]), 2);
    assert_eq!(count(&[" udp ", " packets=1 bytes=51 "]), 1);
    assert_eq!(count(&[" icmp ", " packets=2 bytes=168 "]), 1);
    assert_eq!(count(&[" icmpv6 ", " packets=1 bytes=104 "]), 1);
    assert_eq!(count(&["[start=Wed Nov 25 00:18:", "[stop=Wed Nov 25 00:18:"]), 10);
    // The client held one connection for 10.7 seconds.
    assert_eq!(count(&[" tcp ", " delta-time=12 "]), 1);
    assert_eq!(ended.len(), 10);
}

#[test]
fn messages_from_kernels_are_reencoded_exactly() {
    let mut total = 0;
    for file in captures() {
        let output = run(&["check", &file]);
        let [messages, exact, errors] = counts(&output);
        assert_eq!(messages, exact, "{file}");
        // The captures also contain requests of the recorder with malformed attributes.
        assert!(messages > 200 && (1..20).contains(&errors), "{file}: {messages} {errors}");
        assert_eq!(output.status.code(), Some(1), "{file}");
        total += messages;
    }
    assert!(total > 4000, "{total}");

    let kernels = kernels();
    let files = ["messages.jsonl", "richer.jsonl", "wide.jsonl"];
    let files =
        kernels.iter().flat_map(|kernel| files.map(|file| golden(&format!("{kernel}/{file}"))));
    for file in files.filter(|file| std::path::Path::new(file).exists()) {
        let lines = std::fs::read_to_string(&file).unwrap();
        let sent: String = lines
            .lines()
            .filter(|line| !line.contains("\"request\""))
            .map(|l| format!("{l}\n"))
            .collect();
        let output = run_on(&["check", "-"], sent.as_bytes());
        let [messages, exact, errors] = counts(&output);
        assert_eq!((exact, errors), (messages, 0), "{file}: {}", stderr(&output));
        let all = run(&["check", &file]);
        let [messages, exact, errors] = counts(&all);
        assert_eq!(exact, messages);
        assert_eq!(all.status.code(), Some(i32::from(errors > 0)));
    }
}

#[test]
fn captures_print_as_with_conntrack() {
    let file = golden("linux-7.2/nlmon.pcapng");
    let output = run(&["decode", &file, "-o", "ktimestamp,id"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert!(lines.len() > 200);
    let destroyed: Vec<_> = lines.iter().filter(|line| line.starts_with("[DESTROY] ")).collect();
    assert!(destroyed.len() > 20);
    let timed =
        destroyed.iter().filter(|l| l.contains(" [start=") && l.contains(" [stop=")).count();
    assert!(timed > 20, "{timed} of {}", destroyed.len());
    assert!(lines.iter().any(|line| line.starts_with("    [NEW] tcp      6 ")));
    assert!(lines.iter().any(|line| line.starts_with(" [UPDATE] ")));
    // The age of an active flow is computed at the time of its packet, not at the current time.
    let ages = lines.iter().filter_map(|line| line.split("delta-time=").nth(1));
    for age in ages {
        let seconds: u64 = age.split(' ').next().unwrap().parse().unwrap();
        assert!(seconds < 3600, "{age}");
    }
}

#[test]
fn json_is_one_object_per_line() {
    let file = golden("linux-7.2/nlmon.pcapng");
    let output = run(&["decode", "--format", "json", &file]);
    assert_eq!(output.status.code(), Some(1));
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for line in stdout(&output).lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["packet"].as_u64().unwrap() > 0);
        assert!(value["time"].as_u64().unwrap() > 1_700_000_000_000_000_000);
        let kind = value["kind"].as_str().unwrap();
        *kinds.entry(kind.into()).or_default() += 1;
        if kind == "destroy" {
            if let Some(timestamp) = value["conntrack"].get("timestamp") {
                let [start, stop] = ["start", "stop"].map(|key| timestamp[key].as_u64().unwrap());
                assert_eq!(value["duration"].as_u64(), Some(stop - start));
            }
        }
    }
    for kind in ["request", "reply", "new", "update", "destroy", "control", "foreign"] {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn annotation_names_every_attribute() {
    let file = golden("linux-7.2-s390x/nlmon.pcapng");
    let output = run(&["decode", "--format", "annotate", &file]);
    assert_eq!(output.status.code(), Some(1));
    for name in ["CTA_TIMESTAMP_START", "CTA_LABELS", "IPCTNL_MSG_CT_DELETE", "NLMSG_DONE status 0"]
    {
        let name = name.split(' ').next().unwrap();
        assert!(stdout(&output).contains(name), "{name}");
    }
}

#[test]
fn times_follow_tz_and_as_of() {
    // The recorded entry started at 2026-11-22 08:41:58 UTC.
    let hex = "f4000000000102000100000037c5e0d1020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002009c440000060003001b5a00003400028014000180080001007f000001080002007f0000011c0002800500010011000000060002001b5a0000060003009c44000006001200000900000800030000000188080008000000002a08000c00546b34fa08000b0000000001080007000000001d1c0009800c00010000000000000000010c000200000000000000001d1c000a800c00010000000000000000000c0002000000000000000000100014800c00010018ea516a43f9b688\n";
    let line = |args: &[&str], tz: Option<&str>| {
        let mut command = command(args);
        if let Some(tz) = tz {
            command.env("TZ", tz);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(hex.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let utc = line(&["decode", "-", "-o", "ktimestamp"], None);
    assert!(utc.contains("mark=42 zone=9 [start=Sun Nov 22 08:41:58 2026] use=1"), "{utc}");
    let berlin = line(&["decode", "-", "-o", "ktimestamp"], Some("CET-1CEST,M3.5.0,M10.5.0/3"));
    assert!(berlin.contains("[start=Sun Nov 22 09:41:58 2026]"), "{berlin}");
    let times = [
        "1795336925000000000",
        "2026-11-22T08:42:05Z",
        "2026-11-22T09:42:05+01:00",
        "2026-11-22T08:42:05",
        "2026-11-22 08:42:05.250",
    ];
    for as_of in times {
        let aged = line(&["decode", "-", "--as-of", as_of], None);
        assert!(aged.contains(" delta-time=7 use=1"), "{as_of}: {aged}");
    }
    // The given time is 15 h 17 min 55 s later.
    let aged = line(&["decode", "-", "--as-of", "2026-11-23"], None);
    assert!(aged.contains(" delta-time=55082 use=1"), "{aged}");
    let aged = line(&["decode", "-", "--as-of", "2026-11-22 09:42:05"], Some("<+01>-1"));
    assert!(aged.contains(" delta-time=7 use=1"), "{aged}");
    let now = line(&["decode", "-", "--as-of", "now"], None);
    assert!(now.contains(" delta-time="), "{now}");
}

/// In this capture a rule set label n for port 6000 + n.
///
/// With the default of 8-byte words, the numbers differ.
#[test]
fn labels_of_32_bit_big_endian_machines_have_the_right_numbers() {
    let file = golden("linux-7.2-mips/labels_and_filters.jsonl");
    let decode = |args: &[&str]| {
        let output = run(&[&["decode", "--format", "json", &file], args].concat());
        let lines = stdout(&output).lines().map(str::parse::<serde_json::Value>);
        let lines = lines.map(|line| line.unwrap()["conntrack"].take());
        let labels = |ct: serde_json::Value| {
            let [label] = &ct["labels"].as_array().unwrap()[..] else { panic!("{ct}") };
            (ct["orig"]["dst_port"].as_u64().unwrap() - 6000, label.as_u64().unwrap())
        };
        let labels: Vec<_> = lines.map(labels).collect();
        assert!(labels.len() > 20, "{}", labels.len());
        labels
    };
    for (set, label) in decode(&["--word-size", "4"]) {
        assert_eq!(label, set);
    }
    for (set, label) in decode(&[]) {
        assert_eq!(label, set ^ 32);
    }
    assert_eq!(run(&["decode", "--word-size", "2", &file]).status.code(), Some(2));
}

#[test]
fn a_time_in_another_unit_is_rejected() {
    for (number, unit) in [
        ("1795336925", "seconds"),
        ("1795336925000", "milliseconds"),
        ("1795336925000000", "microseconds"),
    ] {
        let output = run(&["decode", "/dev/null", "--as-of", number]);
        assert_eq!(output.status.code(), Some(2));
        let expected =
            format!("in {unit}, this is 1795336925000000000 or 2026-11-22T08:42:05.000000000Z");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    }
}

#[test]
fn an_unknown_time_zone_is_reported() {
    let output = command(&["decode", "/dev/null"]).env("TZ", "Mars/Olympus_Mons").output().unwrap();
    let warning = "ctnetlink: warning: unknown time zone `Mars/Olympus_Mons` in the environment \
                   variable TZ; times are in UTC\n";
    assert!(stderr(&output).starts_with(warning), "{}", stderr(&output));
}

#[test]
fn malformed_input_is_reported_and_the_rest_decodes() {
    // The message contains CTA_MARK 255.
    let good = "1c0000000001000000000000000000000200000008000800000000ff";
    // The message ends in the middle of CTA_MARK.
    let cut = "1c00000000010000000000000000000002000000060008001234";
    // CTA_MARK of two bytes, then CTA_ZONE 7.
    let short = "240000000001000000000000000000000200000006000800123400000600120000070000";
    let lines = [good, "zz", cut, short, good];
    let output = run_on(&["decode", "--format", "json", "-"], (lines.join("\n") + "\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let json: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let packets: Vec<_> = json.iter().map(|line| line["packet"].as_u64().unwrap()).collect();
    assert_eq!(packets, [1, 4, 5]);
    assert_eq!(json[0]["conntrack"]["mark"], 255);
    assert_eq!(json[1]["errors"][0]["attribute"], "CTA_MARK");
    assert_eq!(json[1]["conntrack"]["zone"], 7);
    let errors = stderr(&output);
    assert!(errors.contains("-: line 2"), "{errors}");
    assert!(errors.contains("-: packet 3 message 1 at byte"), "{errors}");
    assert!(
        errors
            .contains("-: packet 4 message 1: CTA_MARK at byte 20: payload is 2 bytes, expected 4"),
        "{errors}"
    );
}

#[test]
fn errors_of_messages_that_do_not_match_are_reported() {
    // CTA_MARK of two bytes, then CTA_ZONE 7.
    let short = "240000000001000000000000000000000200000006000800123400000600120000070000\n";
    let output = run_on(&["decode", "-", "-m", "0x1234"], short.as_bytes());
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    let error = "ctnetlink: error: -: packet 1 message 1: CTA_MARK at byte 20";
    assert!(stderr(&output).contains(error), "{}", stderr(&output));
}

#[test]
fn a_truncated_capture_decodes_up_to_the_cut() {
    let whole = std::fs::read(golden("linux-6.12/nlmon.pcapng")).unwrap();
    let all = counts(&run_on(&["check", "-"], &whole))[0];
    let output = run_on(&["check", "-"], &whole[..whole.len() / 2]);
    let [messages, exact, errors] = counts(&output);
    assert!(messages * 3 > all && messages < all, "{messages} of {all}");
    assert_eq!((exact, output.status.code()), (messages, Some(1)));
    assert!(errors > 0 && stderr(&output).contains("bytes, found "));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let file = golden("linux-6.12/nlmon.pcapng");
    let mut child = command(&["decode", &file, &file, &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

/// A temporary file, which is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("ctnetlink-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Returns a capture with sections of several kernels and some thousand messages.
fn many_messages(is_wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let files = nlmon_captures(is_wanted).into_iter().map(|file| std::fs::read(file).unwrap());
    files.collect::<Vec<_>>().concat().repeat(2)
}

/// Changes bytes of packets, so that messages do not decode, and of blocks, so that packets are lost.
///
/// The lengths of blocks, which are little-endian, do not change.
fn break_some(capture: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut packets) = (0, 0);
    while at < capture.len() {
        let length = word(capture, at + 4) as usize;
        assert!(length >= 12);
        if word(capture, at) == 6 {
            packets += 1;
            match packets % 23 {
                // These are the length of the first attribute, that of the message, and the interface.
                3 if length > 90 => capture[at + 64] ^= 0x55,
                11 => capture[at + 44] ^= 0x0f,
                19 => capture[at + 8] = 9,
                _ => {}
            }
        }
        at += length;
    }
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let whole = many_messages(|_| true);
    let mut broken =
        many_messages(|kernel| !["linux-7.2-mips", "linux-7.2-s390x"].contains(&kernel));
    break_some(&mut broken);
    let cut = &whole[..whole.len() / 2 + 7];
    for (name, bytes) in [("whole", &whole[..]), ("broken", &broken), ("cut", cut)] {
        let file = Scratch::new(name, bytes);
        let small = golden("linux-7.2/nlmon.pcap");
        for args in [
            &["check"][..],
            &["decode", "-o", "ktimestamp,id,timestamp,extended,labels"],
            &["decode", "--format", "json"],
            &["decode", "--format", "annotate"],
        ] {
            let with = |jobs: &str| {
                run(&[args, &["--jobs", jobs, file.path(), "/nonexistent", &small]].concat())
            };
            let one = with("1");
            assert_eq!(one.status.code(), Some(2));
            assert!(one.stdout.len() > 20);
            assert!(name != "broken" || stderr(&one).lines().count() > 100);
            for jobs in ["2", "3", "8"] {
                let several = with(jobs);
                assert_eq!(several.status, one.status);
                assert!(several.stdout == one.stdout, "{name} {args:?} --jobs {jobs}");
                assert_eq!(stderr(&several), stderr(&one), "{name} {args:?} --jobs {jobs}");
            }
            // Standard input, which is not read in batches, leads to the same output except for the name.
            let piped = run_on(&[args, &["-"]].concat(), bytes);
            let alone = run(&[args, &[file.path()]].concat());
            let renamed = |text: &str| text.replace(file.path(), "-");
            assert!(stdout(&piped) == renamed(stdout(&alone)), "{name} {args:?}");
            assert_eq!(stderr(&piped), renamed(stderr(&alone)), "{name} {args:?}");
        }
    }
}

#[test]
fn every_error_is_reported_once_in_the_order_of_the_bytes() {
    // CTA_MARK of two bytes, CTA_TUPLE_ORIG whose CTA_TUPLE_IP has an address of three, CTA_ZONE of one.
    let broken = "38000000{type}{flags}0000000000000000 02000000 0600080012340000 \
                  10000180 0c000180 0700010001020300 0500120007000000 1c000a00";
    let line = |nlmsg_type, flags| {
        broken.replace("{type}", nlmsg_type).replace("{flags}", flags).replace(' ', "") + "\n"
    };
    // The messages are an update, a deletion, and a request, which has no line of text.
    let input = line("0001", "0000") + &line("0201", "0000") + &line("0101", "0100");
    let mut told = Vec::new();
    for format in ["text", "json", "annotate"] {
        let output = run_on(&["decode", "--format", format, "-"], input.as_bytes());
        let lines: Vec<_> = stderr(&output).lines().filter(|line| line.contains(": -: ")).collect();
        told.push(lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
    }
    let errors = [
        "CTA_MARK at byte 20: payload is 2 bytes, expected 4",
        "CTA_IP_V4_SRC at byte 36: payload is 3 bytes, expected 4",
        "CTA_ZONE at byte 44: payload is 1 bytes, expected 2",
        "in ctattr_type at byte 52: nla_len is 28, expected at most the 4 bytes left",
    ];
    let expected: Vec<_> = (1..4)
        .flat_map(|packet| {
            errors.map(|error| format!("ctnetlink: error: -: packet {packet} message 1: {error}"))
        })
        .collect();
    assert_eq!(told, [&expected[..]; 3]);
}

#[test]
fn messages_from_a_pipe_are_printed_immediately() {
    let mut child = command(&["decode", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for mark in 1..4_u8 {
        writeln!(stdin, "1c0000000001000000000000000000000200000008000800000000{mark:02x}")
            .unwrap();
        // The line arrives before the next message is sent.
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"mark\":{mark}")), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
