//! A file of the library uses only files of the same or lower layers, and never itself through others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

/// A path in a source, such as `crate::wire::Attrs`, or that of a module, such as `wire::attrs`.
type Names = Vec<String>;

/// The sources of the library.
struct Library {
    /// The code of each module that is a file.
    code: BTreeMap<Names, String>,
    /// What each file imports, by the name that it gives it.
    imports: BTreeMap<Names, Vec<(String, Names)>>,
}

impl Library {
    fn read() -> Self {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&src, &mut files);
        let code = files.iter().map(|file| (module(file.strip_prefix(&src).unwrap()), code(file)));
        Self::new(code.collect())
    }

    fn new(code: BTreeMap<Names, String>) -> Self {
        let imports = |code: &String| {
            let imports = statements(code).flat_map(|(_, tree)| trees(tree));
            imports.map(|(path, name)| (name, path)).collect()
        };
        let imports = code.iter().map(|(module, code)| (module.clone(), imports(code))).collect();
        Self { code, imports }
    }

    /// Returns the module of the file that declares what `path` means in the module `from`.
    ///
    /// It is `None` for another crate.
    fn file(&self, from: &[String], path: &[String]) -> Option<Names> {
        let (first, mut rest) = path.split_first()?;
        let mut at = from.to_vec();
        match &first[..] {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
                while let Some(("super", after)) = rest.split_first().map(|(f, r)| (&f[..], r)) {
                    at.pop();
                    rest = after;
                }
            }
            _ => {
                rest = path;
                let is_here = self.code.contains_key(&[from, &path[..1]].concat());
                if !is_here {
                    return None;
                }
            }
        }
        while let Some((name, after)) = rest.split_first() {
            at.push(name.clone());
            if !self.code.contains_key(&at) {
                at.pop();
                return Some(if name == "*" { at } else { self.declaring(&at, name) });
            }
            rest = after;
        }
        Some(at)
    }

    /// Returns the module of the file that declares a name of the module `of`, maybe elsewhere.
    fn declaring(&self, of: &[String], name: &str) -> Names {
        let imports = &self.imports[of];
        if let Some((_, path)) = imports.iter().find(|(import, _)| import == name) {
            return self.file(of, path).unwrap_or(of.to_vec());
        }
        for (_, path) in imports.iter().filter(|(import, _)| import == "*") {
            let all = self.file(of, &path[..path.len() - 1]);
            if let Some(all) = all.filter(|all| all != of && declares(&self.code[all], name)) {
                return all;
            }
        }
        of.to_vec()
    }

    /// Returns the files that each file uses.
    ///
    /// A re-export (`pub use`) is no use: it gives a name to what other files use.
    fn arrows(&self) -> BTreeMap<Names, BTreeSet<Names>> {
        let arrows = |(from, code): (&Names, &String)| {
            let private = statements(code).filter(|(is_public, _)| !is_public);
            let imported = private.flat_map(|(_, tree)| trees(tree)).map(|(path, _)| path);
            let outside = statements(code).fold(code.clone(), |code, (_, tree)| {
                code.replacen(&format!("use {tree};"), "", 1)
            });
            let paths = imported.chain(paths(&outside));
            let used = paths.filter_map(|path| self.file(from, &path));
            (from.clone(), used.filter(|to| to != from).collect())
        };
        self.code.iter().map(arrows).collect()
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

/// Returns the module of a file: `wire::attrs` for `wire/attrs.rs`, `wire` for `wire/mod.rs`.
fn module(file: &Path) -> Names {
    let parts = file.with_extension("");
    let parts = parts.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| part != "mod" && part != "lib").collect()
}

/// Returns the source without comments, strings with a comment's beginning in them cut as well.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let code = lines.collect::<Vec<_>>().join("\n");
    // Unit tests may use anything.
    match code.split_once("\n#[cfg(test)]\n") {
        Some((code, tests)) if tests.lines().next().unwrap().ends_with("mod tests {") => {
            code.to_owned()
        }
        _ => code,
    }
}

/// Returns the trees of the `use` statements in a source, and whether each is a re-export.
fn statements(code: &str) -> impl Iterator<Item = (bool, &str)> {
    code.match_indices("use ").filter_map(|(at, word)| {
        let line = code[..at].rsplit('\n').next().unwrap_or_default();
        // The word may be the end of another one.
        let is_public = line.trim_start().starts_with("pub") && line.ends_with(' ');
        let line = line.trim();
        let (tree, _) = code[at + word.len()..].split_once(';')?;
        (line.is_empty() || is_public).then_some((is_public, tree))
    })
}

/// Returns the paths of a `use` tree such as `crate::{attrs::{A, B as C}, Family}`, and their names.
fn trees(tree: &str) -> Vec<(Names, String)> {
    let mut found = Vec::new();
    expand(&mut tree.chars().peekable(), &[], &mut found);
    found
}

/// Appends the paths at the start of the text, all of which begin with `before`.
fn expand(text: &mut Peekable<Chars<'_>>, before: &[String], found: &mut Vec<(Names, String)>) {
    let mut path = before.to_vec();
    loop {
        let name = word(text);
        if !name.is_empty() {
            path.push(name);
        }
        match text.peek() {
            Some(':') => {
                text.next();
                text.next();
            }
            Some('{') => {
                text.next();
                while text.peek().is_some_and(|c| *c != '}') {
                    expand(text, &path, found);
                    while text.next_if(|c| *c == ',' || c.is_whitespace()).is_some() {}
                }
                text.next();
                return;
            }
            Some('*') => {
                text.next();
                path.push("*".to_owned());
            }
            _ => {
                let is_renamed = {
                    let mut ahead = text.clone();
                    word(&mut ahead) == "as"
                };
                let name = match is_renamed {
                    true => {
                        word(text);
                        word(text)
                    }
                    false => path.last().cloned().unwrap_or_default(),
                };
                // `self` in a group is what the group is of.
                if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                    path.pop();
                }
                found.push((path, name));
                return;
            }
        }
    }
}

/// Takes a name after white space; an empty one if there is none.
fn word(text: &mut Peekable<Chars<'_>>) -> String {
    while text.next_if(|c| c.is_whitespace()).is_some() {}
    std::iter::from_fn(|| text.next_if(|c| c.is_alphanumeric() || *c == '_')).collect()
}

/// Returns the paths in a source that start at the crate or at the parent module.
fn paths(code: &str) -> Vec<Names> {
    let starts = ["crate::", "super::"].into_iter().flat_map(|start| code.match_indices(start));
    let starts = starts.filter(|(at, _)| !code[..*at].ends_with("super::"));
    starts.flat_map(|(at, _)| trees(&code[at..])).map(|(path, _)| path).collect()
}

/// Returns `true` if a source declares an item of this name.
fn declares(code: &str, name: &str) -> bool {
    ["fn ", "struct ", "enum ", "trait ", "type ", "const ", "static "].iter().any(|kind| {
        code.match_indices(&format!("{kind}{name}")).any(|(at, found)| {
            !code[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    })
}

/// Returns the modules in the order of DESIGN.md's table of layers, the lowest first.
fn layers() -> Vec<String> {
    let design = include_str!("../DESIGN.md");
    let (_, section) = design.split_once("\n## Layers\n").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("a next section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(module, _)| module.to_owned()).collect()
}

#[test]
fn no_module_uses_a_higher_layer() {
    let (library, layers) = (Library::read(), layers());
    let top: BTreeSet<_> = library.code.keys().filter_map(|module| module.first()).collect();
    assert_eq!(top, layers.iter().collect(), "DESIGN.md lists every module");

    let layer = |module: &Names| layers.iter().position(|layer| Some(layer) == module.first());
    let mut arrows = BTreeSet::new();
    for (from, used) in library.arrows().iter().filter(|(from, _)| !from.is_empty()) {
        for to in used {
            assert!(!to.is_empty(), "{}: uses a name that is in no layer", from.join("::"));
            assert!(layer(to) <= layer(from), "{from:?} uses {to:?}, which is in a higher layer");
            arrows.insert((from[0].clone(), to[0].clone()));
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
fn no_file_uses_itself_through_others() {
    let mut left = Library::read().arrows();
    let names = |text: &str| text.split("::").map(str::to_owned).collect::<Names>();
    assert!(left[&names("flat::entry")].contains(&names("wire::attrs")), "{left:?}");
    // Removes files that use no other, then those that used only them, and so on.
    loop {
        let done: Vec<Names> = left
            .iter()
            .filter(|(_, used)| !used.iter().any(|file| left.contains_key(file)))
            .map(|(file, _)| file.clone())
            .collect();
        if done.is_empty() {
            break;
        }
        left.retain(|file, _| !done.contains(file));
    }
    // Removes files that no other of them uses, so that only the circles are reported.
    loop {
        let used: BTreeSet<Names> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|file, _| used.contains(file));
        if left.len() == before {
            break;
        }
    }
    let circles = left.iter().map(|(file, used)| {
        let used = used.iter().filter(|file| left.contains_key(*file));
        format!(
            "{} uses {}",
            file.join("::"),
            used.map(|file| file.join("::")).collect::<Vec<_>>().join(", ")
        )
    });
    assert!(left.is_empty(), "circles:\n{}", circles.collect::<Vec<_>>().join("\n"));
}

#[test]
fn files_of_the_simulated_kernel_use_only_those_before_them() {
    let library = Library::read();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim");
    let text = fs::read_to_string(directory.join("mod.rs")).unwrap();
    let (_, list) = text.split_once("//! # Layers\n").expect("a section");
    let (list, _) = list.split_once("//! # ").expect("a next section");
    let order: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    let declared = text.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    assert_eq!(declared.collect::<BTreeSet<_>>(), order.iter().copied().collect());

    let position = |module: &Names| match &module[..] {
        [sim, file, ..] if sim == "sim" => order.iter().position(|listed| listed == file),
        _ => None,
    };
    let mut arrows = 0;
    for (from, used) in library.arrows() {
        for to in used {
            if let (Some(at), Some(to_at)) = (position(&from), position(&to)) {
                assert!(to_at <= at, "{from:?} uses {to:?}, which is listed after it");
                arrows += 1;
            }
        }
    }
    assert!(arrows > order.len(), "{arrows} imports");
}

#[test]
fn the_reading_of_sources() {
    let sources = [
        ("", "pub use a::{One, b::*};"),
        ("a", "mod b;\npub(crate) use self::b::Two as Other;\npub struct One;"),
        ("a::b", "use super::One;\npub struct Two;\npub fn three() {}"),
        (
            "c",
            "use crate::a::{Other, b::{self, three}};\nuse std::fmt;\nlet x = super::One::new();",
        ),
    ];
    let names = |text: &str| -> Names {
        text.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let code = sources.map(|(module, code)| (names(module), code.to_owned()));
    let library = Library::new(code.into());
    let arrows = |from: &str| library.arrows()[&names(from)].clone();
    assert_eq!(arrows(""), [].into());
    assert_eq!(arrows("a"), [].into());
    assert_eq!(arrows("a::b"), [names("a")].into());
    assert_eq!(arrows("c"), [names("a"), names("a::b")].into());
    assert_eq!(library.file(&[], &names("three")), None);
    assert_eq!(library.file(&[], &names("crate::three")), Some(names("a::b")));
    assert_eq!(library.file(&names("c"), &names("super::super::x")), Some(names("")));
}
