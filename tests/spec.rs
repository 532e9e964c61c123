//! The constants of `spec` against recordings, and what is made from them.

mod common;
#[path = "../cli/src/wireshark_plugin/json_keys.rs"]
#[allow(dead_code, reason = "the command uses all of it")]
mod json_keys;
#[path = "../examples/spec_yaml.rs"]
mod spec_yaml;

use common::all;
use ctnetlink::spec::{AttrSpec, Direction, Form, Meaning, SetSpec, ValueKind};
use ctnetlink::wire::{AttrSet, Attrs, NlmFlags, Visitor};
use ctnetlink::{Family, Kind, MsgType};
use json_keys::json_keys;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Checks that a kernel's attributes have names in the set that the constants say.
struct Named(Option<&'static SetSpec>);

impl<'a> Visitor<'a> for Named {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        assert_eq!(self.0, Some(S::SPEC));
        for raw in attrs.raw() {
            let raw = raw.unwrap();
            assert!(S::SPEC.get_for(raw.number(), raw.payload).is_some(), "{raw:?}");
        }
    }
}

#[test]
fn recorded_messages_have_the_type_direction_and_set_of_the_constants() {
    let mut seen = BTreeMap::new();
    for golden in all() {
        let message = golden.message();
        let direction = match message.kind() {
            Kind::Request => Direction::ToKernel,
            _ => Direction::FromKernel,
        };
        let number = message.msg_type();
        // Some recorded requests are of types that the kernel does not know, and rejects.
        if direction == Direction::ToKernel && number.name().is_none() {
            continue;
        }
        let spec = number.spec(direction).unwrap_or_else(|| panic!("{number}, {}", golden.place));
        assert_eq!(Some(spec.name), number.name());
        if golden.is_from_kernel() {
            message.visit(&mut Named(spec.set)).unwrap();
        }
        *seen.entry((spec.name, spec.direction == Direction::ToKernel)).or_insert(0) += 1;
    }
    let unseen = MsgType::SPECS
        .iter()
        .filter(|spec| !seen.contains_key(&(spec.name, spec.direction == Direction::ToKernel)));
    let unseen: Vec<_> = unseen.map(|spec| spec.name).collect();
    assert_eq!(unseen, ["NLMSG_NOOP", "NLMSG_DONE", "NLMSG_OVERRUN"], "no recording has these");
}

// ---------------------------------------------------------------------------------------------
// The tables of docs/json.md.

/// The messages that JSON describes, by the key of their content.
const CONTENTS: [(&str, MsgType); 5] = [
    ("conntrack", MsgType::CT_NEW),
    ("expectation", MsgType::EXP_NEW),
    ("stats_cpu", MsgType::CT_GET_STATS_CPU),
    ("stats_global", MsgType::CT_GET_STATS),
    ("expect_stats", MsgType::CT_GET_CTRZERO),
];

/// The keys in JSON, from the content on, of the attribute at the end of `path`.
fn keys(content: &str, msg_type: MsgType, path: &[&AttrSpec]) -> Vec<String> {
    let mut keys = json_keys(msg_type.spec(Direction::FromKernel).unwrap(), path);
    assert_eq!(keys.remove(0), content);
    keys
}

/// A table: a heading, and the rows by their order.
struct Table {
    heading: String,
    rows: Vec<(String, Vec<&'static AttrSpec>)>,
}

/// Makes the tables: one for each content, one for each set nested directly in a content.
fn tables() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut nested: Vec<(&SetSpec, &str, MsgType, Vec<&'static AttrSpec>)> = Vec::new();
    for (content, msg_type) in CONTENTS {
        let set = msg_type.spec(Direction::FromKernel).unwrap().set.unwrap();
        for attr in set.attrs {
            if let Form::Nest(inner) = attr.form {
                if !nested.iter().any(|(set, ..)| *set == inner) {
                    nested.push((inner, content, msg_type, vec![attr]));
                }
            }
        }
    }
    let own: Vec<&SetSpec> = nested.iter().map(|(set, ..)| *set).collect();
    for (content, msg_type) in CONTENTS {
        let set = msg_type.spec(Direction::FromKernel).unwrap().set.unwrap();
        let mut table = Table { heading: format!("`{content}`"), rows: Vec::new() };
        rows(content, msg_type, set, &mut Vec::new(), 0, &own, &mut table);
        tables.push(table);
    }
    for (set, content, msg_type, mut path) in nested {
        let name = set.name.trim_start_matches("ctattr_");
        let mut table = Table { heading: format!("`{name}`"), rows: Vec::new() };
        rows(content, msg_type, set, &mut path, 1, &own, &mut table);
        tables.push(table);
    }
    tables
}

fn rows(
    content: &str,
    msg_type: MsgType,
    set: &SetSpec,
    path: &mut Vec<&'static AttrSpec>,
    depth: usize,
    own: &[&SetSpec],
    table: &mut Table,
) {
    for attr in set.attrs.iter().filter(|attr| attr.form != Form::Pad) {
        path.push(attr);
        match attr.form {
            Form::Nest(inner) if !own.contains(&inner) => {
                rows(content, msg_type, inner, path, depth, own, table);
            }
            form => {
                // The key of a nested attribute is that of any attribute in it.
                let mut probe = path.clone();
                let mut inside = form;
                while let Form::Nest(set) = inside {
                    probe.push(&set.attrs[0]);
                    inside = set.attrs[0].form;
                }
                let mut keys = keys(content, msg_type, &probe).split_off(depth);
                if matches!(form, Form::Nest(_)) {
                    keys.truncate(1);
                }
                let key = keys.join(".");
                match table.rows.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, attrs)) => attrs.push(attr),
                    None => table.rows.push((key, vec![attr])),
                }
            }
        }
        path.pop();
    }
}

fn value_text(attr: &AttrSpec) -> String {
    let names = |values: &ctnetlink::spec::Values| {
        let names: Vec<_> = values.named.iter().map(|value| format!("`{}`", value.name)).collect();
        names.join(", ")
    };
    match (attr.form, attr.values) {
        (Form::Nest(set), _) => {
            let name = set.name.trim_start_matches("ctattr_");
            format!("object: [`{name}`](#{name})")
        }
        (Form::TcpFlags, Some(values)) => {
            format!("object: `flags`, `mask`, each a list of {}", names(values))
        }
        (_, Some(values)) if values.kind == ValueKind::Flags => {
            format!("list of {}", names(values))
        }
        (_, Some(values)) => format!("{}, or a number", names(values)),
        (Form::Ipv4 | Form::Ipv6, _) => "address".into(),
        (Form::Str, _) => "string".into(),
        (Form::Bytes, _) => "list of bytes".into(),
        (Form::HostWords, _) => "list of bit numbers".into(),
        (form, None) => {
            let bits = 8 * form.payload_len().unwrap();
            match attr.meaning {
                Meaning::UnixNanos => "nanoseconds since the Unix epoch".into(),
                Meaning::Seconds => "seconds".into(),
                _ => format!("{bits}-bit number"),
            }
        }
    }
}

fn documented_tables() -> String {
    let mut out = String::new();
    for table in tables() {
        out += &format!(
            "\n### {}\n\n| key | attribute | value | meaning |\n|---|---|---|---|\n",
            table.heading
        );
        for (key, attrs) in table.rows {
            let names: Vec<_> = attrs.iter().map(|attr| format!("`{}`", attr.name)).collect();
            let summary = attrs[0].doc.split("\n\n").next().unwrap().replace('\n', "");
            let mut summary = summary.trim().trim_end_matches('.').to_owned();
            if attrs.len() > 1 {
                summary = summary.replace("IPv4 ", "");
            }
            let value = value_text(attrs[0]);
            out += &format!("| `{key}` | {} | {value} | {summary} |\n", names.join(", "));
        }
    }
    out
}

/// With `CTNETLINK_WRITE_DOCS=1` in the environment, the test writes the tables instead.
#[test]
fn the_tables_of_the_json_documentation_are_those_of_the_constants() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- begin: tables made by tests/spec.rs -->\n", "<!-- end -->\n");
    let (before, rest) = text.split_once(begin).unwrap();
    let (tables, after) = rest.split_once(end).unwrap();
    let expected = documented_tables();
    if std::env::var_os("CTNETLINK_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    let differing = tables.lines().zip(expected.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(
        tables == expected,
        "docs/json.md differs; CTNETLINK_WRITE_DOCS=1 cargo test --test spec writes it: {differing:?}"
    );
    // The keys of the message itself.
    let values = [MsgType::VALUES, Family::VALUES, NlmFlags::VALUES];
    let names = values.iter().skip(1).flat_map(|values| values.named).map(|value| value.name);
    for name in names.filter(|name| *name != "DUMP") {
        assert!(before.contains(&format!("`{name}`")), "{name}");
    }
}

// ---------------------------------------------------------------------------------------------
// The YNL specification.

/// Reads YAML on standard input, and prints attribute sets, attributes, definitions and names.
const READ_YAML: &str = "
import sys, yaml
spec = yaml.safe_load(sys.stdin)
sets = {s['name']: s['attributes'] for s in spec['attribute-sets']}
definitions = {d['name']: d for d in spec['definitions']}
for name, attributes in sets.items():
    assert len({a['name'] for a in attributes}) == len(attributes), name
    for a in attributes:
        assert a['doc'] and a['type']
        if a['type'] == 'nest': sets[a['nested-attributes']]
        if 'enum' in a: definitions[a['enum']]
        if 'struct' in a: definitions[a['struct']]
        print('attribute', name, a['name'], a['value'])
for name, d in definitions.items():
    for e in d.get('entries', []): print('value', name, e['name'], e['value'])
for o in spec['operations']['list']:
    names = {a['name'] for a in sets[o['attribute-set']]}
    for mode in ('do', 'dump'):
        for way, m in o.get(mode, {}).items():
            assert set(m['attributes']) <= names
            print(mode, o['name'], way, m['value'])
";

#[test]
fn the_ynl_specification_parses_and_has_every_name() {
    let yaml = spec_yaml::specification().unwrap();
    let python = Command::new("python3")
        .args(["-c", READ_YAML])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        println!("SKIPPED spec_yaml: no python3");
        return;
    };
    python.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("No module named 'yaml'") {
        println!("SKIPPED spec_yaml: PyYAML is not installed");
        return;
    }
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    // By hand, from the kernel's header and messages.
    for line in [
        "attribute ctattr-type tuple-orig 1",
        "attribute ctattr-type timestamp-event 27",
        "attribute ctattr-nat nat-proto 3",
        "attribute ctattr-nat nat-v6-minip 4",
        "attribute ctattr-tstamp timestamp-stop 2",
        "value tcp-conntrack established 3",
        "value sctp-conntrack heartbeat-acked 9",
        "value ip-conntrack-status hw-offload 15",
        "value ipproto icmpv6 58",
        "dump ct-get request 257",
        "dump ct-get reply 256",
        "do exp-get-stats-cpu reply 259",
    ] {
        assert!(lines.lines().any(|other| other == line), "{line}");
    }
    let count = |what: &str| lines.lines().filter(|line| line.starts_with(what)).count();
    let mut sets = Vec::new();
    for spec in MsgType::SPECS.iter().filter(|spec| spec.number > 0xff) {
        spec.set.unwrap().collect_into(&mut sets);
    }
    assert_eq!(count("attribute "), sets.iter().map(|set| set.attrs.len()).sum::<usize>());
}
