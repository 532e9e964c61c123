//! Runs each test in a network namespace of its own.

use crate::probe::Machine;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The environment variable with the test's name, set in the process inside the namespace.
const INSIDE: &str = "CTNETLINK_DIFFERENTIAL";

/// Runs a test's body in a namespace of its own.
///
/// The name of the test is derived from the type name of the closure.
pub(crate) fn alone<F: FnOnce(&mut Machine)>(body: F) {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, test) = path.split_once("::").expect("a path within this crate");
    if std::env::var(INSIDE).as_deref() == Ok(test) {
        match Machine::open() {
            Ok(mut machine) => body(&mut machine),
            Err(reason) => skip(&reason),
        }
        return;
    }
    match unshare() {
        Ok(flag) => run_inside(flag, test),
        Err(reason) => skip(&reason),
    }
}

/// Prints a line that libtest does not capture.
pub(crate) fn say(line: &str) {
    std::io::stderr().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

/// Reports what is not tested and why.
pub(crate) fn skip(reason: &str) {
    say(&format!("SKIPPED differential: {reason}"));
}

/// Returns the option of unshare(1) with which this user can create a network namespace.
fn unshare() -> Result<&'static str, String> {
    let mut reason = String::new();
    for flag in ["-n", "-Urn"] {
        match Command::new("unshare").args([flag, "true"]).stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => return Ok(flag),
            Ok(output) => reason = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => reason = format!("unshare(1): {error}"),
        }
    }
    Err(format!("no network namespace of its own: {reason}"))
}

fn run_inside(flag: &str, test: &str) {
    let mut command = Command::new("unshare");
    command.arg(flag).arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, test);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for line in stderr.lines() {
        if line.starts_with("SKIPPED differential: ") || line.starts_with("differential: ") {
            say(line);
        }
    }
    let is_run = output.status.success() && stdout.contains(" 1 passed");
    assert!(is_run, "{test} in its namespace: {}\n{stdout}{stderr}", output.status);
}

/// Loads a ruleset.
///
/// # Errors
///
/// Returns the reason if nft(8) is not installed or rejects the ruleset.
pub(crate) fn nft(ruleset: &str) -> Result<(), String> {
    let child =
        Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("nft(8): {error}"))?;
    child.stdin.take().unwrap().write_all(ruleset.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("nft(8): {}", stderr.lines().next().unwrap_or_default()))
}
