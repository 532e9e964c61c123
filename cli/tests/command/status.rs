//! Tests of the exit status of every subcommand.

use crate::run::{golden, run, run_on, stderr, stdout};

/// A message with CTA_MARK 255.
const GOOD: &[u8] = b"1c0000000001000000000000000000000200000008000800000000ff\n";
/// A message with a CTA_MARK of two bytes.
const MALFORMED: &[u8] = b"1c000000000100000000000000000000020000000600080012340000\n";

/// Runs `args` with each of `decode` and `check`, and checks the exit status.
///
/// Errors must be reported if, and only if, the status is not 0.
#[track_caller]
fn assert_status(args: &[&str], input: &[u8], status: i32) {
    for subcommand in ["decode", "check"] {
        let output = run_on(&[&[subcommand], args].concat(), input);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{subcommand} {args:?}: {errors}");
        let has_error = errors.lines().any(|line| line.starts_with("ctnetlink: error: "));
        assert_eq!(has_error, status != 0, "{subcommand} {args:?}: {errors}");
    }
}

#[test]
fn every_help_lists_the_exit_statuses() {
    let help = run(&["--help"]);
    let help = stdout(&help);
    let subcommands: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(subcommands.len() >= 4, "{help}");
    for subcommand in subcommands {
        for flag in ["--help", "-h"] {
            let output = run(&[subcommand, flag]);
            let help = stdout(&output);
            assert!(help.contains("\nExit status:\n  0  Everything "), "{subcommand}: {help}");
        }
    }
}

#[test]
fn status_is_0_if_everything_was_read() {
    assert_status(&["-"], GOOD, 0);
    // Packets of other protocols are counted, and are not an error.
    let messages = std::fs::read(golden("linux-7.2/richer.jsonl")).unwrap();
    let lines = messages.split_inclusive(|byte| *byte == b'\n');
    let sent: Vec<u8> =
        lines.filter(|l| !l.windows(9).any(|w| w == b"\"request\"")).flatten().copied().collect();
    assert!(sent.len() > 10_000);
    assert_status(&["-"], &sent, 0);
}

#[test]
fn status_is_1_if_part_of_the_input_is_malformed() {
    assert_status(&["-"], MALFORMED, 1);
    assert_status(&["-"], b"123\n0g\n", 1);
    assert_status(&["-"], &[GOOD, b"zz\n"].concat(), 1);
    for (file, cut) in [("linux-7.2/nlmon.pcapng", 7), ("linux-7.2/nlmon.pcap", 9)] {
        let file = std::fs::read(golden(file)).unwrap();
        assert_status(&["-"], &file[..file.len() - cut], 1);
    }
    let mut file = std::fs::read(golden("linux-7.2/nlmon.pcapng")).unwrap();
    file[12] = 3;
    assert_status(&["-"], &file, 1);
    let output = run_on(&["decode", "-"], &file);
    assert!(stderr(&output).contains("version 3"), "{}", stderr(&output));
}

#[test]
fn status_is_2_if_a_file_cannot_be_read() {
    assert_status(&["/nonexistent"], b"", 2);
    assert_status(&["/"], b"", 2);
    for input in [&b"Lorem ipsum\n"[..], b"0g\n", b"", b"\x7fELF\x02\x01\x01\0"] {
        assert_status(&["-"], input, 2);
    }
    // The other files are still read.
    let output = run_on(&["check", "/nonexistent", "-"], GOOD);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "messages=1 exact=1 errors=0\n");
    let output = run_on(&["decode", "/nonexistent", "-"], GOOD);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("mark=255"), "{}", stdout(&output));
}

#[test]
fn status_is_2_for_wrong_arguments() {
    let good = golden("linux-6.12/nlmon.pcapng");
    for args in [
        &["decode"][..],
        &["decode", &good, "-o", "nonsense"],
        &["decode", &good, "--as-of", "yesterday"],
        &["decode", &good, "--labelmap", "/nonexistent"],
        &["check"],
        &["sim", "/nonexistent", "--kernel", "6.12"],
        &["sim", "-", "--kernel", "new"],
        &["vectors", "--verify", "/nonexistent"],
        &["vectors", "--kernel", "6.12", "-o", "/dev/null"],
        &["nonsense"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn sim_has_the_same_statuses() {
    let file = golden("linux-6.12/richer.jsonl");
    assert_eq!(run(&["sim", &file, "--kernel", "6.12"]).status.code(), Some(0));
    let other = run(&["sim", &golden("linux-7.2/richer.jsonl"), "--kernel", "6.12"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).starts_with("ctnetlink: error: "), "{}", stderr(&other));
}

#[test]
fn packets_of_other_devices_are_reported() {
    let ethernet =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    let packet = [[1, 0, 0, 0], [0; 4], [4, 0, 0, 0], [4, 0, 0, 0], [9; 4]].concat();
    let output = run_on(&["decode", "-"], &[&ethernet[..], &packet].concat());
    let warning = "ctnetlink: warning: -: skipped 1 packets that were not captured on a netlink \
                   device (link type 1)";
    assert!(stderr(&output).contains(warning), "{}", stderr(&output));
}
