//! Checks that the files of the command do not import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Returns the paths after `crate::` in a file, up to the first name that is not a module.
fn imports(text: &str) -> impl Iterator<Item = String> {
    text.split("crate::").skip(1).map(|rest| {
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_' || c == ':';
        rest.split(|c: char| !is_part(c)).next().unwrap_or_default().to_owned()
    })
}

#[test]
fn no_file_imports_itself_through_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let mut texts = BTreeMap::new();
    for path in paths {
        let module = path.strip_prefix(&root).unwrap().with_extension("");
        let module = module.to_str().unwrap().trim_end_matches("/mod").replace('/', "::");
        texts.insert(module, fs::read_to_string(path).unwrap());
    }
    let module = |import: String| {
        let mut path = &import[..];
        while !texts.contains_key(path) {
            path = path.rsplit_once("::")?.0;
        }
        Some(path.to_owned())
    };
    let mut left: BTreeMap<&str, BTreeSet<String>> = texts
        .iter()
        .map(|(name, text)| {
            let imported = imports(text).filter_map(module).filter(|imported| imported != name);
            (&name[..], imported.collect())
        })
        .collect();
    assert!(left["list"].contains("options::filter"), "{left:?}");
    // Removes files without imports, then those that imported only them, and so on.
    loop {
        let done: BTreeSet<String> = left
            .iter()
            .filter(|(_, imported)| !imported.iter().any(|name| left.contains_key(&name[..])))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        if done.is_empty() {
            break;
        }
        left.retain(|name, _| !done.contains(*name));
    }
    assert!(left.is_empty(), "imported in a circle, or importing such a file: {left:#?}");
}
