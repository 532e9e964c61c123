//! Checks of the rules for prose in CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files and directories that follow the rules.
const FOLLOWS: &[&str] = &[
    "benches",
    "cli/benches",
    "cli/src",
    "cli/tests",
    "examples",
    "fuzz/fuzz_targets",
    "src",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DESIGN.md",
    "README.md",
    "docs",
    "flow",
    "tests/common",
    "tests/differential",
    "tests/golden.rs",
    "tests/golden/capture",
    "tests/json.rs",
    "tests/layers.rs",
    "tests/live",
    "tests/mutations.rs",
    "tests/namespace",
    "tests/packet",
    "tests/prose.rs",
    "tests/shapes.rs",
    "tests/sim",
    "tests/smoke.rs",
    "tests/socket.rs",
    "tests/spec.rs",
    "tests/tables",
    "tests/text.rs",
    "tests/uapi.rs",
    "tests/vectors.rs",
];

/// Phrases that are nearly always wrong, in pieces so that this file does not contain them.
const PHRASES: [[&str; 2]; 6] = [
    ["as it ", "lies"],
    ["as they ", "lie"],
    ["held ", "against"],
    ["so ", "many"],
    ["to be ", "had"],
    ["passed ", "over"],
];

/// The longest first paragraph of a documentation comment, in characters as rendered.
const LONGEST_SUMMARY: usize = 100;

/// A documentation comment, and what it documents.
struct Doc {
    line: usize,
    summary: String,
    has_examples: bool,
    /// The line of code after the comment and its attributes; empty for `//!`.
    item: String,
}

#[test]
fn summaries_are_one_short_sentence() {
    let mut wrong = Vec::new();
    for (path, text) in files("rs") {
        for Doc { line, summary, item, .. } in docs(&text) {
            let mut say = |what: &str| wrong.push(format!("{path}:{line}: {what}: {summary}"));
            let length = rendered(&summary).chars().count();
            if length > LONGEST_SUMMARY {
                say(&format!("{length} characters"));
            }
            if has_two_sentences(&summary) {
                say("two sentences");
            }
            // The help of the command, which clap makes of such comments, has no period.
            if !path.starts_with("cli/") && !summary.ends_with(['.', ':', '?']) {
                say("no period");
            }
            if is_function(&item) && summary.starts_with("Whether ") {
                say("a function \"Returns `true` if …\"");
            }
        }
    }
    assert!(wrong.is_empty(), "{} summaries\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn public_items_of_a_file_have_summaries_of_their_own() {
    let mut wrong = Vec::new();
    for (path, text) in files("rs") {
        let mut items: BTreeMap<String, usize> = BTreeMap::new();
        for Doc { line, summary, item, .. } in docs(&text) {
            // Without indentation: not methods, fields and variants.
            if item.starts_with("pub ") {
                if let Some(first) = items.insert(summary.clone(), line) {
                    wrong.push(format!("{path}:{line}: also in line {first}: {summary}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The types of the simulated kernel that have examples; the others are parts of the kernel's state.
const SIM: &[&str] = &[
    "Clock",
    "Coverage",
    "DumpBuffers",
    "DumpRequest",
    "Event",
    "IpConntrackStat",
    "Listener",
    "ModuleParams",
    "Net",
    "NfConn",
    "NfConnTstamp",
    "NfConntrackTuple",
    "Packet",
    "Rebuilder",
    "Rebuilt",
    "Recorded",
    "Sysctls",
    "Vector",
    "Vectors",
];

#[test]
fn public_types_have_examples() {
    let (mut count, mut without) = (0, Vec::new());
    for (path, text) in files("rs") {
        let is_private = ["src/lib.rs", "src/line/", "src/shapes/"];
        if !path.starts_with("src/") || is_private.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        for Doc { line, has_examples, item, .. } in docs(&text) {
            let mut words = item.split_whitespace();
            let (Some("pub"), Some("struct" | "enum" | "trait"), Some(name)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            if path.starts_with("src/sim/") && !SIM.contains(&name) || name == "Fields" {
                continue;
            }
            count += 1;
            if !has_examples {
                without.push(format!("{path}:{line}: {name}"));
            }
        }
    }
    assert!(count > 100, "{count} types");
    assert!(without.is_empty(), "without `# Examples`:\n{}", without.join("\n"));
}

#[test]
fn no_phrase_needs_a_second_reading() {
    let mut wrong = Vec::new();
    for (path, text) in files("rs").into_iter().chain(files("md")) {
        for (number, line) in text.lines().enumerate() {
            for phrase in PHRASES.map(|pieces| pieces.concat()) {
                let is_there = line.match_indices(&phrase).any(|(at, _)| {
                    !line[..at].ends_with(char::is_alphanumeric)
                        && !line[at + phrase.len()..].starts_with(char::is_alphanumeric)
                });
                if is_there {
                    wrong.push(format!("{path}:{}: {phrase:?}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} phrases\n{}", wrong.len(), wrong.join("\n"));
}

/// The files that follow the rules, by their path in the repository.
fn files(extension: &str) -> Vec<(String, String)> {
    fn walk(path: PathBuf, files: &mut Vec<PathBuf>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(entry.unwrap().path(), files));
        } else {
            files.push(path);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for path in FOLLOWS {
        let path = root.join(path);
        assert!(path.exists(), "{}", path.display());
        walk(path, &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty());
    let name = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The documentation comments of a file.
fn docs(text: &str) -> Vec<Doc> {
    let mut docs = Vec::new();
    let lines: Vec<_> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let marker = ["///", "//!"].into_iter().find(|marker| {
            lines[at].trim_start().strip_prefix(marker).is_some_and(|rest| !rest.starts_with('/'))
        });
        let Some(marker) = marker else {
            at += 1;
            continue;
        };
        let start = at;
        let mut comment = Vec::new();
        while let Some(doc) = lines.get(at).and_then(|line| line.trim_start().strip_prefix(marker))
        {
            comment.push(doc.trim());
            at += 1;
        }
        let has_examples = comment.contains(&"# Examples");
        let paragraph = comment.into_iter().take_while(|line| !line.is_empty());
        let summary = paragraph.collect::<Vec<_>>().join(" ");
        let is_code = |line: &&&str| !line.trim_start().starts_with("#[");
        let item = lines[at..].iter().find(is_code).filter(|_| marker == "///");
        let item = item.copied().unwrap_or("").to_owned();
        docs.push(Doc { line: start + 1, summary, has_examples, item });
    }
    docs
}

/// A summary without the targets of its links and the marks of code.
fn rendered(summary: &str) -> String {
    let mut out = String::new();
    let mut rest = summary;
    while let Some((before, link)) = rest.split_once("](") {
        out.push_str(before);
        rest = link.split_once(')').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace(['`', '[', ']'], "")
}

fn has_two_sentences(summary: &str) -> bool {
    let is_end =
        |before: &str| !["e.g", "i.e", "vs", "etc"].iter().any(|end| before.ends_with(end));
    summary.match_indices(". ").any(|(at, _)| is_end(&summary[..at]))
        || summary.contains("? ")
        || summary.contains("! ")
}

fn is_function(item: &str) -> bool {
    let mut words = item.split_whitespace();
    words.any(|word| word == "fn") && !item.trim_start().starts_with("//")
}

#[test]
fn the_rules() {
    let text = "//! A module. With more.\n\n    /// Whether it is\n    /// empty.\n    ///\n    /// More.\n\
                \x20   #[inline]\n    pub(crate) fn is_empty() {}\n//// no documentation\n";
    let docs = docs(text);
    let lines: Vec<_> = docs.iter().map(|doc| (doc.line, doc.summary.as_str())).collect();
    assert_eq!(lines, [(1, "A module. With more."), (3, "Whether it is empty.")]);
    assert!(has_two_sentences("A module. With more.") && !has_two_sentences("Linux 2.6 has it."));
    assert!(is_function(&docs[1].item) && !is_function(&docs[0].item));
    assert_eq!(rendered("See [`Body`](ErrorKind::Body) now."), "See Body now.");
}
