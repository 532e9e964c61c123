//! The table of docs/columns.md.
#![cfg(feature = "columns")]

use ctnetlink_flow::column::COLUMNS;

fn table() -> String {
    let mut out = String::from(
        "\n| column | type | unit | meaning | absent means | path | IPFIX elements |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for column in COLUMNS {
        let elements: Vec<_> = column.elements.iter().map(ToString::to_string).collect();
        let path = column.json.map_or(String::new(), |path| format!("`{path}`"));
        out += &format!(
            "| `{}` | {} | {} | {} | {} | {path} | {} |\n",
            column.name,
            column.value_type,
            column.unit.unwrap_or_default(),
            column.meaning.trim_end_matches('.'),
            column.absent,
            elements.join(", "),
        );
    }
    out + "\n"
}

/// With `CTNETLINK_WRITE_DOCS=1` in the environment, the test writes the table instead.
#[test]
fn the_table_of_the_documentation_is_that_of_the_columns() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/columns.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) =
        ("<!-- begin: table made by flow/tests/documentation.rs -->\n", "<!-- end -->\n");
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    let expected = table();
    if std::env::var_os("CTNETLINK_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    let differing = found.lines().zip(expected.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(
        found == expected,
        "docs/columns.md differs; CTNETLINK_WRITE_DOCS=1 cargo test -p ctnetlink-flow --test \
         documentation writes it: {differing:?}"
    );
}

#[test]
fn names_are_those_of_the_published_schema() {
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    let expected = "event event_time event_ns start_time start_ns end_time end_ns duration_ns \
        ip_version proto proto_number src_addr src_port dst_addr dst_port reply_src_addr \
        reply_src_port reply_dst_addr reply_dst_port snat_addr snat_port dnat_addr dnat_port \
        icmp_type icmp_code icmp_id orig_packets orig_bytes reply_packets reply_bytes status state \
        timeout_s mark id use_count zone orig_zone reply_zone labels_lo labels_hi helper secctx \
        host lost_before rest";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
}
