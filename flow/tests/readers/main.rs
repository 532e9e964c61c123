//! What other programs read in our IPFIX.
//!
//! A program that is not installed costs a line that begins with `SKIPPED`.

#[path = "../common/mod.rs"]
mod common;
mod flows;
mod network;
mod nfdump;
mod pmacct;
mod time;
mod tshark;

use ctnetlink_flow::ipfix::{Config, Encoder};
use flows::Ended;
use std::io::Write as _;

/// Returns `true` if a program is installed, and reports if it is not.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let is_installed = folders.any(|folder| folder.join(program).is_file());
    if !is_installed {
        // Written past the test harness, which keeps what a test that passes prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED readers: {program} is not installed");
    }
    is_installed
}

/// Returns a message for each flow.
fn messages(config: Config, flows: &[Ended]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(config);
    let mut messages = Vec::new();
    for flow in flows {
        assert!(flow.push(&mut encoder, common::NOW) > 0, "no record of {}", flow.json());
        encoder.flush(common::NOW);
        while let Some(message) = encoder.next_message() {
            messages.push(message.bytes.to_vec());
        }
    }
    messages
}
