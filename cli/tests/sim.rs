//! Runs `ctnetlink sim` on the golden messages.
//!
//! The simulated kernel must send the recorded bytes and compute the recorded allocation sizes.

use std::path::Path;
use std::process::Command;

/// Runs `ctnetlink sim`, and returns its last line and `true` if it succeeded.
fn sim(file: &str, args: &[&str]) -> (String, bool) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctnetlink"));
    let output = command.arg("sim").arg(golden.join(file)).args(args).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    (stdout.lines().last().unwrap_or_default().to_owned(), output.status.success())
}

/// Checks that everything is exact.
///
/// The numbers detect a truncated file.
#[track_caller]
fn assert_exact(file: &str, args: &[&str], messages: usize, sizes: usize) {
    let all = format!("messages={messages} exact={messages} sizes={sizes} sizes_exact={sizes}");
    assert_eq!(sim(file, args), (all, true), "{file} {args:?}");
}

#[test]
fn linux_5_10_is_exact() {
    assert_exact("linux-5.10/messages.jsonl", &["--kernel", "5.10"], 170, 95);
    assert_exact("linux-5.10/richer.jsonl", &["--kernel", "5.10.223"], 68, 23);
}

#[test]
fn linux_6_1_is_exact() {
    assert_exact("linux-6.1/messages.jsonl", &["--kernel", "6.1"], 184, 109);
    assert_exact("linux-6.1/richer.jsonl", &["--kernel", "6.1.176"], 58, 20);
}

#[test]
fn linux_6_12_is_exact() {
    assert_exact("linux-6.12/messages.jsonl", &["--kernel", "6.12.111+deb12-amd64"], 181, 107);
    assert_exact("linux-6.12/richer.jsonl", &["--kernel", "6.12.117+deb13-amd64"], 67, 25);
}

#[test]
fn linux_6_18_is_exact() {
    assert_exact("linux-6.18/messages.jsonl", &["--kernel", "6.18.44"], 176, 0);
    assert_exact("linux-6.18/richer.jsonl", &["--kernel", "6.18.44"], 51, 0);
}

#[test]
fn linux_7_2_is_exact() {
    assert_exact("linux-7.2/messages.jsonl", &["--kernel", "7.2"], 179, 107);
    assert_exact("linux-7.2/richer.jsonl", &["--kernel", "7.2.13"], 155, 66);
}

#[test]
fn linux_7_2_on_s390x_is_exact() {
    let args = ["--kernel", "7.2", "--arch", "s390x"];
    assert_exact("linux-7.2-s390x/messages.jsonl", &args, 177, 106);
    assert_exact("linux-7.2-s390x/labels_and_filters.jsonl", &args, 15, 0);
}

#[test]
fn linux_7_2_on_riscv64_is_exact() {
    let args = ["--kernel", "7.2", "--arch", "riscv64"];
    assert_exact("linux-7.2-riscv64/messages.jsonl", &args, 176, 106);
    assert_exact("linux-7.2-riscv64/labels_and_filters.jsonl", &args, 15, 0);
}

#[test]
fn linux_6_1_on_i386_is_exact() {
    let args = ["--kernel", "6.1.176", "--arch", "i386"];
    assert_exact("linux-6.1-i386/messages.jsonl", &args, 186, 118);
    assert_exact("linux-6.1-i386/labels_and_filters.jsonl", &args, 19, 0);
    assert_exact("linux-6.1-i386/wide.jsonl", &args, 184, 0);
}

#[test]
fn linux_7_2_on_armhf_is_exact() {
    let args = ["--kernel", "7.2.13", "--arch", "arm"];
    assert_exact("linux-7.2-armhf/richer.jsonl", &args, 60, 19);
}

#[test]
fn linux_7_2_on_arm64_with_pages_of_16_kib_is_exact() {
    let args = ["--kernel", "7.2.13", "--arch", "arm64,page=16384"];
    assert_exact("linux-7.2-arm64-16k/messages.jsonl", &args, 178, 112);
    assert_exact("linux-7.2-arm64-16k/labels_and_filters.jsonl", &args, 19, 0);
    assert_exact("linux-7.2-arm64-16k/wide.jsonl", &args, 177, 0);
}

#[test]
fn linux_7_2_on_mips_is_exact() {
    let args = ["--kernel", "7.2.13", "--arch", "mips"];
    assert_exact("linux-7.2-mips/messages.jsonl", &args, 167, 105);
    assert_exact("linux-7.2-mips/labels_and_filters.jsonl", &args, 28, 7);
    assert_exact("linux-7.2-mips/wide.jsonl", &args, 169, 78);
}

#[test]
fn the_wrong_release_leads_to_differences() {
    let (line, exact) = sim("linux-7.2/messages.jsonl", &["--kernel", "6.12"]);
    assert!(!exact, "{line}");
    let (line, exact) = sim("linux-7.2-riscv64/messages.jsonl", &["--kernel", "7.2"]);
    assert!(!exact, "{line}");
    // The sizes of expectation events depend on the page size.
    let args = ["--kernel", "7.2.13", "--arch", "arm64"];
    let (line, exact) = sim("linux-7.2-arm64-16k/messages.jsonl", &args);
    assert!(!exact, "{line}");
}

/// The recordings of the running kernel by `ctnetlink record`, and of an nlmon device.
#[test]
fn captures_are_exact() {
    assert_exact("linux-6.18/flows.pcapng", &["--kernel", "6.18.44"], 45, 0);
    assert_exact("linux-7.2/nlmon.pcapng", &["--kernel", "7.2"], 623, 0);
    let args = ["--kernel", "7.2", "--arch", "s390x"];
    assert_exact("linux-7.2-s390x/nlmon.pcapng", &args, 624, 0);
    let args = ["--kernel", "7.2.13", "--arch", "mips"];
    assert_exact("linux-7.2-mips/nlmon.pcapng", &args, 1052, 0);
}

/// The lines of `decode --format json -o hex` have no key `kind`.
#[test]
fn lines_without_kind_are_exact() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/linux-7.2");
    let mut decode = Command::new(env!("CARGO_BIN_EXE_ctnetlink"));
    decode.args(["decode", "--format", "json", "-o", "hex"]).arg(golden.join("nlmon.pcapng"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sim_without_kind.jsonl");
    std::fs::write(&file, decode.output().unwrap().stdout).unwrap();
    let (line, is_exact) = sim(file.to_str().unwrap(), &["--kernel", "7.2"]);
    assert!(is_exact && line.starts_with("messages=6"), "{line}");
}

#[test]
fn unknown_releases_are_rejected() {
    for release in ["99.9", "2.6.38", "2.6.40", "3.20", "4.21", "6.20", "7.3"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctnetlink"));
        let output = command.args(["sim", "-", "--kernel", release]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("expected a release from 2.6.39 to 7.2"), "{errors}");
    }
}

#[test]
fn wrong_arguments_are_rejected() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctnetlink"));
    let output = command.args(["sim", "-", "--kernel", "new"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
