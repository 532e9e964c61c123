//! Records the running kernel shortly, in a network namespace of its own.
//!
//! Every message must be re-encoded to identical bytes, and the simulated kernel of that release must
//! send identical messages.
#![cfg(target_os = "linux")]

use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::{Rebuilder, Recorded, RecordedKind};
use ctnetlink::{Kind, Message};
use serde_json::Value;
use std::io::Write as _;
use std::process::Command;

/// Prints a line that the test harness does not capture.
fn skipped(reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED recorder: {reason}");
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

#[test]
fn recorded_messages_are_rebuilt_exactly() {
    for (program, arg) in [("ip", "-V"), ("nft", "-v"), ("unshare", "-V")] {
        if let Err(error) = Command::new(program).arg(arg).output() {
            return skipped(&format!("{program}: {error}"));
        }
    }
    let Ok(arch) = std::env::consts::ARCH.replace("aarch64", "arm64").parse::<Arch>() else {
        return skipped("this architecture is not simulated");
    };
    let file = std::env::temp_dir().join(format!("ctnetlink-recorder-{}", std::process::id()));
    let scenes = ["setup", "zones", "labels", "switches", "filters", "refusals"];
    let mut command = Command::new("unshare");
    command.args(["-Urn", env!("CARGO_BIN_EXE_ctnetlink-recorder"), "record"]);
    let output = command.arg(&file).args(scenes).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().filter_map(|line| line.strip_prefix("SKIPPED ")).for_each(skipped);
    let Ok(text) = std::fs::read_to_string(&file) else {
        return skipped(said.lines().last().unwrap_or("no recording"));
    };
    std::fs::remove_file(&file).unwrap();

    let mut rebuilder: Option<Rebuilder> = None;
    let mut rebuilt = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let rebuilder = rebuilder.get_or_insert_with(|| {
            let release: Release = line["kernel"].as_str().unwrap().parse().unwrap();
            // A distribution's release x.y.0 contains the stable updates of its series.
            let release = match release {
                Release { major, minor, patch: 0 } => Release::series(major, minor),
                release => release,
            };
            Rebuilder::new(Kernel { arch, ..Kernel::new(release) })
        });
        let bytes = unhex(line["hex"].as_str().unwrap());
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.rebuild().unwrap().as_bytes(), bytes, "{line}");
        if matches!(message.kind(), Kind::Request | Kind::Control) {
            continue;
        }
        let kind = match line["kind"].as_str().unwrap() {
            "ctrzero" => RecordedKind::CtrZero,
            "dump_filter" => RecordedKind::Filtered,
            _ => RecordedKind::Plain,
        };
        let ext = line["ext"].as_array().cloned().unwrap_or_default();
        let has = |name: &str| ext.iter().any(|ext| ext == name);
        let recorded = Recorded {
            kind,
            acct: has("acct"),
            timestamp: has("timestamp"),
            labels: has("labels"),
            ..Recorded::default()
        };
        let again = rebuilder.rebuild(&message, &recorded).unwrap().unwrap();
        assert!(again.bytes == bytes, "{line}");
        rebuilt += 1;
    }
    assert!(rebuilt > 100 || said.contains("SKIPPED setup"), "{rebuilt}: {said}");
    let _ = writeln!(std::io::stderr(), "recorder: {rebuilt} messages rebuilt exactly");
}
