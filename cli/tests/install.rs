//! Checks the manual pages with man(1) and mandoc(1), and the completion scripts with the shells.
#![cfg(target_os = "linux")]

#[path = "../../tests/namespace/mod.rs"]
mod namespace;
mod run;

use namespace::skipped;
use run::{stderr, stdout, success};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Returns the output of another program, or `None` if it is not installed.
fn program(test: &str, program: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new(program).args(args).env("LC_ALL", "C.UTF-8").output();
    if output.is_err() {
        skipped(test, &format!("no {program}"));
    }
    output.ok()
}

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ctnetlink-{name}-{}", std::process::id()))
}

/// Returns the first words of the lines in a part of the help.
fn words<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    let part = help.split_once(heading).unwrap().1.trim_start_matches('\n');
    let lines = part.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

fn subcommands(help: &str) -> Vec<&str> {
    let mut names = words(help, "Commands:");
    names.retain(|name| *name != "help");
    assert!(names.len() >= 8 && names.contains(&"decode"), "{names:?}");
    names
}

#[test]
fn every_subcommand_has_a_manual_page_that_man_reads() {
    const TEST: &str = "every_subcommand_has_a_manual_page_that_man_reads";
    let directory = directory("man");
    success(&["man", "-o", directory.to_str().unwrap()]);
    let help = success(&["--help"]);
    let names = subcommands(stdout(&help));
    // There are two more pages: ctnetlink.1 and ctnetlink-create-expect.1.
    assert_eq!(fs::read_dir(&directory).unwrap().count(), names.len() + 2);
    let path = |name: &str| directory.join(format!("ctnetlink-{name}.1"));
    let others = [directory.join("ctnetlink.1"), path("create-expect")];
    for page in names.iter().map(|name| path(name)).chain(others) {
        let page = page.to_str().unwrap();
        if let Some(lint) = program(TEST, "mandoc", &["-T", "lint", "-W", "error", page]) {
            assert_eq!((stdout(&lint), stderr(&lint)), ("", ""), "{page}");
        }
        if let Some(man) = program(TEST, "man", &["--warnings", "-l", "-Tutf8", page]) {
            assert!(man.status.success(), "{man:?}");
            assert_eq!(stderr(&man), "", "{page}");
        }
    }
    // A page contains all options of the help.
    let page = path("decode");
    if let Some(man) = program(TEST, "man", &["-l", page.to_str().unwrap()]) {
        let page = stdout(&man);
        assert!(page.starts_with("CTNETLINK-DECODE(1)"), "{page}");
        for option in ["--format", "--as-of", "--jobs", "annotate", "ktimestamp", "EXIT STATUS"] {
            assert!(page.contains(option), "{option}: {page}");
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn shells_complete_subcommands_and_options() {
    const TEST: &str = "shells_complete_subcommands_and_options";
    let directory = directory("completions");
    fs::create_dir_all(&directory).unwrap();
    let write = |shell: &str| {
        let path = directory.join(shell);
        fs::write(&path, success(&["completions", shell]).stdout).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let cases = [
        ("", "de", "decode"),
        ("", "rec", "record"),
        ("decode", "--lab", "--labelmap"),
        ("vectors", "--verif", "--verify"),
    ];
    for (subcommand, typed, wanted) in cases {
        let position = if subcommand.is_empty() { 1 } else { 2 };
        let line = format!("ctnetlink {subcommand} {typed}");
        let bash = format!(
            "source {}; COMP_WORDS=({line}); COMP_CWORD={position}; \
             _ctnetlink ctnetlink {typed} ctnetlink; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            write("bash"),
        );
        let fish = format!("source {}; complete -C '{line}'", write("fish"));
        for (shell, script) in [("bash", &bash), ("fish", &fish)] {
            let Some(output) = program(TEST, shell, &["-c", script]) else { continue };
            let found = stdout(&output);
            let mut first = found.lines().filter_map(|line| line.split_whitespace().next());
            assert!(first.any(|word| word == wanted), "{shell}: {line}: {output:?}");
        }
    }
    if let Some(output) = program(TEST, "zsh", &["-n", &write("zsh")]) {
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    fs::remove_dir_all(directory).unwrap();
}
