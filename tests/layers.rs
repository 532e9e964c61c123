//! A module of the library uses only modules of lower layers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the modules in the order of DESIGN.md's table of layers, the lowest first.
fn layers() -> Vec<String> {
    let design = include_str!("../DESIGN.md");
    let (_, section) = design.split_once("\n## Layers\n").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("a next section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(module, _)| module.to_owned()).collect()
}

/// Returns the source without comments, strings with a comment's beginning in them cut as well.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let code = lines.collect::<Vec<_>>().join("\n");
    // Unit tests may use any layer.
    match code.split_once("#[cfg(test)]\nmod tests") {
        Some((code, _)) => code.to_owned(),
        None => code,
    }
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the first names of the paths in a `use` group such as `{attrs::{A, B}, Family}`.
fn first_names(group: &str) -> Vec<String> {
    let (mut names, mut name, mut depth, mut is_first) = (Vec::new(), String::new(), 0, true);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => is_first = true,
            _ if c.is_alphanumeric() || c == '_' => {
                if depth == 0 && is_first {
                    name.push(c);
                }
                continue;
            }
            _ => {}
        }
        if !name.is_empty() {
            names.push(std::mem::take(&mut name));
            is_first = c == ',' && depth == 0;
        }
    }
    names.extend((!name.is_empty()).then_some(name));
    names
}

/// Replaces `super::` where it means the crate in a module that is `depth` modules below it.
fn with_crate(code: &str, depth: usize) -> String {
    assert!(!code.contains("crate as "), "the crate has one name");
    code.replace(&"super::".repeat(depth), "crate::")
}

/// Returns what a source names directly under `crate::`.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, after) in
        code.match_indices("crate::").map(|(at, found)| code.split_at(at + found.len()))
    {
        match after.strip_prefix('{') {
            Some(group) => {
                let mut depth = 1;
                let end = group.find(|c| {
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    depth == 0
                });
                names.extend(first_names(&group[..end.expect("a closing brace")]));
            }
            None => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
                names.insert(after[..end.unwrap_or(after.len())].to_owned());
            }
        }
    }
    names
}

/// Returns the module of each name that `src/lib.rs` re-exports.
fn re_exports(lib: &str) -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    for statement in lib.split(';').filter_map(|statement| statement.split_once("pub use ")) {
        let (module, names) = statement.1.split_once("::").expect("a path");
        let names = names.trim_start_matches('{').trim_end_matches('}');
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        modules.extend(names.map(|name| (name.to_owned(), module.to_owned())));
    }
    modules
}

#[test]
fn no_module_uses_a_higher_layer() {
    let layers = layers();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = code(&src.join("lib.rs"));
    let modules = re_exports(&lib);
    let declared = lib.lines().filter_map(|line| {
        line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    });
    let in_table: BTreeSet<_> = layers.iter().cloned().collect();
    assert_eq!(declared.collect::<BTreeSet<_>>(), in_table, "DESIGN.md lists every module");

    let position = |module: &str| layers.iter().position(|layer| layer == module);
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut arrows = BTreeSet::new();
    for file in files.iter().filter(|file| **file != src.join("lib.rs")) {
        let inside = file.strip_prefix(&src).unwrap();
        let first = Path::new(inside.components().next().unwrap().as_os_str());
        let from = first.file_stem().unwrap().to_str().unwrap();
        let depth = inside.with_extension("").iter().filter(|part| *part != "mod").count();
        let (code, place) = (code(file), inside.display());
        let named = used(&code);
        for name in used(&with_crate(&code, depth)) {
            let to = modules.get(&name).unwrap_or(&name);
            let Some(to_position) = position(to) else {
                // In a module inside a file, `super::` is that file.
                assert!(!named.contains(&name), "{place}: crate::{name} is in no layer");
                continue;
            };
            assert!(
                to_position <= position(from).unwrap(),
                "{place}: `{from}` uses `{to}` ({name}), a higher layer"
            );
            arrows.insert((from.to_owned(), to.clone()));
        }
    }
    // The reading of sources finds what is known to be there.
    for (from, to) in
        [("sim", "shapes"), ("flat", "message"), ("wire", "line"), ("socket", "request")]
    {
        assert!(arrows.contains(&(from.to_owned(), to.to_owned())), "{from} -> {to}");
    }
}

#[test]
fn files_of_the_simulated_kernel_use_only_those_before_them() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim");
    let text = fs::read_to_string(directory.join("mod.rs")).unwrap();
    let (_, list) = text.split_once("//! # Layers\n").expect("a section");
    let (list, _) = list.split_once("//! # ").expect("a next section");
    let order: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    let declared = text.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    assert_eq!(declared.collect::<BTreeSet<_>>(), order.iter().copied().collect());

    let mut arrows = 0;
    for (at, name) in order.iter().enumerate() {
        let code = code(&directory.join(name).with_extension("rs"));
        for used in used(&code.replace("super::", "crate::").replace("crate::sim::", "crate::")) {
            if let Some(to) = order.iter().position(|file| *file == used) {
                assert!(to <= at, "sim/{name}.rs uses {used}, which is listed after it");
                arrows += 1;
            }
        }
    }
    assert!(arrows > order.len(), "{arrows} imports");
}

#[test]
fn paths_in_groups_are_found() {
    let code =
        "use crate::{Family, attrs::{CtAttr, CtattrType}, wire};\nlet x = crate::sim::Net::new();";
    let expected = ["Family", "attrs", "sim", "wire"].map(str::to_owned);
    assert_eq!(used(code), expected.into());
    assert_eq!(
        used(&with_crate("use super::super::{flat, wire};", 2)),
        ["flat", "wire"].map(str::to_owned).into()
    );
}
