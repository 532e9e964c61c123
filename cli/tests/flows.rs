//! Runs `ctnetlink flows` on recorded captures.

mod run;

use run::{golden, other, run, stderr, stdout, success};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The captures of the recordings.
fn captures() -> Vec<PathBuf> {
    let mut captures: Vec<_> = std::fs::read_dir(golden(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "pcapng"))
        .collect();
    captures.sort();
    assert!(captures.len() >= 5, "{captures:?}");
    captures
}

/// Returns a capture of ten flows, all of which end.
fn flows() -> String {
    golden("linux-6.18/flows.pcapng")
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the last line of standard error without the errors of a recording before it.
fn counts(output: &std::process::Output) -> &str {
    stderr(output).lines().last().unwrap()
}

#[test]
fn every_destroy_event_is_a_row_with_the_values_of_decode() {
    // The path in the JSON of `decode`, and the column.
    let paths = [
        ("/time", "event_ns"),
        ("/conntrack/timestamp/start", "start_ns"),
        ("/conntrack/timestamp/stop", "end_ns"),
        ("/duration", "duration_ns"),
        ("/conntrack/orig/src", "src_addr"),
        ("/conntrack/orig/dst", "dst_addr"),
        ("/conntrack/orig/src_port", "src_port"),
        ("/conntrack/orig/dst_port", "dst_port"),
        ("/conntrack/reply/src", "reply_src_addr"),
        ("/conntrack/reply/dst", "reply_dst_addr"),
        ("/conntrack/reply/src_port", "reply_src_port"),
        ("/conntrack/reply/dst_port", "reply_dst_port"),
        ("/conntrack/counters_orig/packets", "orig_packets"),
        ("/conntrack/counters_orig/bytes", "orig_bytes"),
        ("/conntrack/counters_reply/packets", "reply_packets"),
        ("/conntrack/counters_reply/bytes", "reply_bytes"),
        ("/conntrack/mark", "mark"),
        ("/conntrack/id", "id"),
        ("/conntrack/zone", "zone"),
        ("/snat/addr", "snat_addr"),
        ("/snat/port", "snat_port"),
        ("/dnat/addr", "dnat_addr"),
        ("/dnat/port", "dnat_port"),
    ];
    let mut present = vec![0; paths.len()];
    for capture in captures() {
        let capture = capture.to_str().unwrap();
        let decoded = run(&["decode", "--format", "json", capture]);
        let rows = run(&["flows", "--format", "json", capture]);
        assert_eq!(decoded.status, rows.status);
        let is_destroy =
            |message: &Value| message["kind"] == "destroy" && message.get("conntrack").is_some();
        let decoded = objects(stdout(&decoded));
        let destroyed: Vec<_> = decoded.iter().filter(|message| is_destroy(message)).collect();
        let found = objects(stdout(&rows));
        assert_eq!(found.len(), destroyed.len(), "{capture}");
        assert!(!found.is_empty(), "{capture}");
        for (row, message) in found.iter().zip(destroyed) {
            for ((path, column), present) in paths.iter().zip(&mut present) {
                assert_eq!(row.get(column), message.pointer(path), "{capture}: {column}: {row}");
                *present += usize::from(row.get(column).is_some());
            }
        }
        let (messages, flows) = (decoded.len(), found.len());
        let expected =
            format!("messages={messages} flows={flows} without_row={} ", messages - flows);
        assert!(counts(&rows).starts_with(&expected), "{}", stderr(&rows));
    }
    let never = paths.iter().zip(present).find(|(_, present)| *present == 0);
    assert_eq!(never, None);
}

#[test]
fn the_table_is_for_people() {
    let output = success(&["flows", "-p", "tcp", "-d", "198.51.100.7", &flows()]);
    let expected = "\
START                           DURATION            PROTO    SOURCE                 \
DESTINATION            NAT                        PACKETS        BYTES                EVENT
2026-11-25T00:18:01.963803852Z       1.402808106 s  tcp      192.0.2.1:58240        \
198.51.100.7:443       dst 192.0.2.2:443          8 / 6          724 / 20320          \
destroy, TIME_WAIT\n";
    assert_eq!(stdout(&output), expected);
    assert_eq!(stderr(&output), "messages=45 flows=1 without_row=44 errors=0\n");
}

#[test]
fn events_and_filters_choose_the_rows() {
    let flows = flows();
    let count = |args: &[&str]| {
        let output = success(&[&["flows", "--format", "json", &flows], args].concat());
        let rows = objects(stdout(&output));
        for row in &rows {
            assert_eq!(row["host"], json!("gateway"), "{row}");
        }
        let line = counts(&output).to_owned();
        assert!(line.contains(&format!(" flows={} without_row={} ", rows.len(), 45 - rows.len())));
        rows.len()
    };
    let host = ["--host", "gateway"];
    let count = |args: &[&str]| count(&[&host, args].concat());
    assert_eq!(count(&[]), 10);
    assert_eq!(count(&["-e", "new"]), 10);
    assert_eq!(count(&["-e", "new,destroy"]), 20);
    assert_eq!(count(&["-e", "new,destroy,update"]), 45);
    assert_eq!(count(&["-f", "ipv6"]), 3);
    assert_eq!(count(&["-p", "icmp"]), 1);
    assert_eq!(count(&["-g", "192.0.2.2"]), 2);
}

#[test]
fn rows_do_not_depend_on_the_number_of_threads() {
    for capture in captures() {
        let capture = capture.to_str().unwrap();
        let rows = |jobs: &str| {
            let events = "destroy,new,update,reply";
            let args = ["flows", "--format", "csv", "-e", events, "--jobs", jobs, capture];
            run(&args)
        };
        let (one, three) = (rows("1"), rows("3"));
        assert!(one.stdout.len() > 1000 && one.stdout == three.stdout, "{capture}");
        assert_eq!(stderr(&one), stderr(&three));
    }
}

/// Prints the rows of a CSV file as the JSON of the command, by Python's own reader.
const READ_CSV: &str = "
import csv, json, sys
text = ('event_time', 'start_time', 'end_time', 'proto', 'state', 'helper', 'secctx', 'host', 'rest')
for row in csv.DictReader(open(sys.argv[1], newline='')):
    present = {k: v for k, v in row.items() if v != ''}
    print(json.dumps({k: v if k in text or k == 'event' or k.endswith('_addr') else int(v)
                      for k, v in present.items()}))
";

#[test]
fn python_reads_the_csv() {
    let capture = captures().into_iter().find(|path| path.ends_with("linux-7.2/nlmon.pcapng"));
    let capture = capture.unwrap();
    let rows = |format: &str| {
        let events = ["-e", "destroy,new,update,reply"];
        let args = [&["flows", "--format", format, capture.to_str().unwrap()], &events[..]];
        run(&args.concat())
    };
    let file = std::env::temp_dir().join(format!("ctnetlink-flows-{}.csv", std::process::id()));
    std::fs::write(&file, rows("csv").stdout).unwrap();
    let read = other("python3", &["-c", READ_CSV, file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    let Some(read) = read else {
        println!("SKIPPED csv: no python3");
        return;
    };
    let expected = objects(stdout(&rows("json")));
    assert!(expected.len() > 100);
    assert_eq!(objects(&read), expected);
}

#[test]
fn a_broken_message_is_reported_and_still_a_row() {
    // A DESTROY event with a mark of two bytes, and CTA_ZONE 513.
    let text = "24000000020100000000000000000000020000000600080012340000060012000201 0000";
    let file = std::env::temp_dir().join(format!("ctnetlink-broken-{}.hex", std::process::id()));
    std::fs::write(&file, text.replace(' ', "")).unwrap();
    let output = run(&["flows", "--format", "json", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let row = &objects(stdout(&output))[0];
    assert_eq!((&row["zone"], row.get("mark")), (&json!(513), None));
    let rest: Value = serde_json::from_str(row["rest"].as_str().unwrap()).unwrap();
    assert_eq!(rest["errors"][0]["attribute"], json!("CTA_MARK"));
    assert!(stderr(&output).contains("CTA_MARK at byte 20"), "{}", stderr(&output));
    assert_eq!(counts(&output), "messages=1 flows=1 without_row=0 errors=1");
}

#[test]
fn a_missing_file_is_status_2() {
    let output = run(&["flows", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(counts(&output), "messages=0 flows=0 without_row=0 errors=0");
}
