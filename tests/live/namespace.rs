//! Runs each test in a network namespace of its own.

use crate::net::Net;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The environment variable with the test's name, set in the process inside the namespace.
const INSIDE: &str = "CTNETLINK_LIVE";

/// Runs a test's body in a namespace of its own.
///
/// The name of the test is derived from the type name of the closure.
pub(crate) fn alone<F: FnOnce(&mut Net)>(body: F) {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, test) = path.split_once("::").expect("a path within this crate");
    if std::env::var(INSIDE).as_deref() == Ok(test) {
        match Net::open() {
            Ok(mut net) => body(&mut net),
            Err(reason) => skip(&reason),
        }
        return;
    }
    match unshare() {
        Ok(flag) => run_inside(flag, test),
        Err(reason) => skip(reason),
    }
}

/// Reports what is not tested and why, in a line that libtest does not capture.
pub(crate) fn skip(reason: &str) {
    std::io::stderr().write_all(format!("\nSKIPPED live: {reason}\n").as_bytes()).unwrap();
}

/// Returns the option of unshare(1) with which this user can create a network namespace.
fn unshare() -> Result<&'static str, &'static str> {
    static FLAG: OnceLock<Result<&str, String>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let mut reason = String::new();
        for flag in ["-n", "-Urn"] {
            match Command::new("unshare").args([flag, "true"]).stdin(Stdio::null()).output() {
                Ok(output) if output.status.success() => return Ok(flag),
                Ok(output) => reason = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
                Err(error) => reason = format!("unshare(1): {error}"),
            }
        }
        Err(format!("no network namespace of its own: {reason}"))
    });
    flag.as_ref().map(|flag| *flag).map_err(String::as_str)
}

fn run_inside(flag: &str, test: &str) {
    let mut command = Command::new("unshare");
    command.arg(flag).arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, test);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for line in stderr.lines() {
        if let Some(reason) = line.strip_prefix("SKIPPED live: ") {
            skip(reason);
        }
    }
    let is_run = output.status.success() && stdout.contains(" 1 passed");
    assert!(is_run, "{test} in its namespace: {}\n{stdout}{stderr}", output.status);
}

/// Loads a ruleset for `what`.
///
/// If nft(8) is not installed or rejects the ruleset, the function reports that and returns `false`.
pub(crate) fn nft(ruleset: &str, what: &str) -> bool {
    let child =
        Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            skip(&format!("{what}: nft(8): {error}"));
            return false;
        }
    };
    child.stdin.take().unwrap().write_all(ruleset.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        skip(&format!("{what}: nft(8): {}", stderr.lines().next().unwrap_or_default()));
    }
    output.status.success()
}
