//! Runs every subcommand on the running kernel, without the permission that it needs.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use namespace::{enter, socket};
use run::{stderr, stdout};
use std::process::{Command, Stdio};

#[test]
fn the_error_names_the_capability_and_nothing_else() {
    const TEST: &str = "the_error_names_the_capability_and_nothing_else";
    let true = enter(TEST) else { return };
    let Some(_socket) = socket(TEST) else { return };
    let entry = "-s 10.1.2.3 -d 192.0.2.9 -p udp --sport 4001 --dport 53";
    let key = "-s 10.1.2.3 -d 192.0.2.9 -p udp --sport 1 --dport 2 -t 5";
    for line in [
        "list -o ktimestamp",
        "watch --for 5",
        "watch --for 5 --timestamps",
        "record -o - --for 5",
        "log --to csv:- --for 5",
        "log --to csv:- --for 5 --enable",
        &format!("get {entry}"),
        "count",
        "count expect",
        "stats",
        &format!("create {entry} -t 5"),
        &format!(
            "create expect {key} --tuple-src 10.0.0.1 --tuple-dst 10.0.0.2 --tuple-port-src 3 \
             --tuple-port-dst 4"
        ),
        "update -s 10.1.2.3 -m 1",
        "delete -s 10.1.2.3",
        "flush",
    ] {
        // The capabilities in a new user namespace do not apply to the network namespace.
        let output = Command::new("unshare")
            .args(["-U", env!("CARGO_BIN_EXE_ctnetlink")])
            .args(line.split_whitespace())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {errors}");
        assert_eq!(stdout(&output), "", "{line}");
        assert_eq!(errors.lines().count(), 1, "{line}: {errors}");
        assert!(errors.starts_with("ctnetlink: error: "), "{line}: {errors}");
        assert!(errors.contains("CAP_NET_ADMIN"), "{line}: {errors}");
        assert!(!errors.contains("sysctl"), "{line}: {errors}");
    }
}
