//! Tests of the JSON of `decode` as input.

use crate::run::{golden, run, run_on, stderr, stdout};

#[test]
fn json_with_messages_can_be_read_back() {
    let file = golden("linux-7.2/nlmon.pcapng");
    let json = run(&["decode", "--format", "json", "-o", "hex", &file]);
    assert!(stdout(&json).lines().count() > 900);
    for options in [&["-o", "ktimestamp,id"][..], &["--format", "annotate"]] {
        let direct = run(&[&["decode", &file], options].concat());
        let read_back = run_on(&[&["decode", "-"], options].concat(), &json.stdout);
        // The packet numbers differ: JSON has one packet per message.
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with("# ")).map(str::to_owned).collect()
        };
        assert!(lines(stdout(&direct)).len() > 200);
        assert_eq!(lines(stdout(&direct)), lines(stdout(&read_back)), "{options:?}");
    }
    let check = run_on(&["check", "-"], &json.stdout);
    assert_eq!(stdout(&check), stdout(&run(&["check", &file])));
}

#[test]
fn json_without_messages_is_rejected_with_one_error() {
    let json = run(&["decode", "--format", "json", &golden("linux-7.2/nlmon.pcapng")]);
    for subcommand in ["decode", "check"] {
        let output = run_on(&[subcommand, "-"], &json.stdout);
        assert_eq!(output.status.code(), Some(2));
        let errors: Vec<_> =
            stderr(&output).lines().filter(|line| line.contains("error:")).collect();
        assert_eq!(
            errors,
            [
                "ctnetlink: error: -: byte 0: expected JSON objects with the bytes of a message in the \
              key `hex`, as `ctnetlink decode --format json -o hex` writes them"
            ]
        );
    }
}

#[test]
fn the_message_bytes_need_json() {
    for format in ["text", "annotate"] {
        let output = run_on(&["decode", "-", "-o", "hex", "--format", format], b"");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stderr(&output), "ctnetlink: error: `-o hex` needs `--format json`\n");
    }
}
