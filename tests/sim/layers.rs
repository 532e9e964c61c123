//! The order of the files of `src/sim`, from the state of an entry to requests.

use std::collections::BTreeSet;
use std::path::Path;

/// The files as the documentation of `sim` lists them: each uses only those before it.
const LAYERS: [&str; 19] = [
    "errno",
    "helper",
    "nf_conn",
    "dump_tuples",
    "out",
    "fill_info",
    "event",
    "expect",
    "stats",
    "proc_line",
    "rebuild",
    "net",
    "delivery",
    "expectations",
    "life",
    "lookup",
    "change",
    "dump",
    "requests",
];

#[test]
fn each_file_uses_only_those_before_it() {
    let sim = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim");
    let read = |file: &str| std::fs::read_to_string(sim.join(file)).unwrap();
    let declared = read("mod.rs");
    let declared: BTreeSet<&str> =
        declared.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, BTreeSet::from(LAYERS));
    let mut uses = 0;
    for (n, layer) in LAYERS.iter().enumerate() {
        let text = read(&format!("{layer}.rs"));
        let used = text.lines().filter_map(|line| line.strip_prefix("use super::"));
        for used in used {
            let used: String =
                used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let place = LAYERS.iter().position(|layer| *layer == used);
            assert!(place.is_some_and(|place| place < n), "{layer} uses {used}");
            uses += 1;
        }
    }
    assert!(uses > 40, "{uses}");
}
