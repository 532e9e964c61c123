//! The constants of `spec`, compared with the kernel's headers where they are installed.
//!
//! The headers are in `/usr/include`, or in the directory in the environment variable `CTNETLINK_UAPI`,
//! such as `include/uapi` of a kernel's source.

use ctnetlink::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType, Status,
};
use ctnetlink::spec::{SetSpec, Values};
use ctnetlink::wire::control::NlmsgerrAttrs;
use ctnetlink::wire::{AttrSet, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE_MASK, NlmFlags};
use ctnetlink::{Family, MsgType};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;

/// Prints a line on standard error, which libtest does not capture.
fn say(line: &str) {
    std::io::stderr().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

type Version = (u32, u32);

fn version(text: &str) -> Version {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap());
    // In 2.6.39, the third number is the minor version.
    match [numbers.next(), numbers.next(), numbers.next()] {
        [Some(2), Some(6), Some(minor)] => (2, minor),
        [Some(major), Some(minor), _] => (major, minor),
        _ => panic!("{text}"),
    }
}

// ---------------------------------------------------------------------------------------------
// Evaluation of headers.

/// The declarations in headers.
#[derive(Default)]
struct Names {
    /// The enumerators of each named enum, in order.
    enums: BTreeMap<String, Vec<String>>,
    values: BTreeMap<String, i64>,
    macros: BTreeMap<String, String>,
}

impl Names {
    /// Adds the declarations of a header, or returns `None` if it is not installed.
    fn read(&mut self, path: &str) -> Option<()> {
        let root = std::env::var_os("CTNETLINK_UAPI").unwrap_or("/usr/include".into());
        let text = std::fs::read_to_string(PathBuf::from(root).join(path)).ok()?;
        self.parse(&text);
        Some(())
    }

    fn parse(&mut self, text: &str) {
        let text = self.preprocess(&without_comments(text));
        let mut rest = text.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            let (body, behind) = behind.split_once('}').expect("a closing brace");
            let words: Vec<_> = before.rsplit(';').next().unwrap().split_whitespace().collect();
            match words[..] {
                [.., "enum", name] => self.enumerators(Some(name), body),
                [.., "enum"] => self.enumerators(None, body),
                _ => {}
            }
            rest = behind;
        }
    }

    /// Collects the macros, and removes them and the parts for the kernel from the text.
    fn preprocess(&mut self, text: &str) -> String {
        let mut code = String::new();
        let mut is_seen = vec![true];
        for line in text.replace("\\\n", " ").lines() {
            let Some(directive) = line.trim_start().strip_prefix('#') else {
                if is_seen.iter().all(|seen| *seen) {
                    code.push_str(line);
                    code.push('\n');
                }
                continue;
            };
            let words: Vec<_> = directive.split_whitespace().collect();
            match words[..] {
                ["ifdef", "__KERNEL__"] => is_seen.push(false),
                ["ifdef" | "ifndef" | "if", ..] => is_seen.push(true),
                ["else"] => {
                    let last = is_seen.last_mut().unwrap();
                    *last = !*last;
                }
                ["endif"] => drop(is_seen.pop()),
                // Skip macros with arguments, and `#define X X`, which is for #ifdef.
                ["define", name, ref value @ ..]
                    if is_seen.iter().all(|seen| *seen)
                        && !name.contains('(')
                        && value != [name]
                        && !value.is_empty() =>
                {
                    self.macros.insert(name.into(), value.join(" "));
                }
                _ => {}
            }
        }
        code
    }

    fn enumerators(&mut self, name: Option<&str>, body: &str) {
        let mut next = 0;
        let mut members = Vec::new();
        for item in body.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (member, value) = match item.split_once('=') {
                Some((member, value)) => (member.trim(), self.eval(value)),
                None => (item, Some(next)),
            };
            let value = value.unwrap_or_else(|| panic!("cannot evaluate {item:?}"));
            self.values.insert(member.into(), value);
            members.push(member.into());
            next = value + 1;
        }
        if let Some(name) = name {
            self.enums.insert(name.into(), members);
        }
    }

    /// Returns the value of an enumerator or macro.
    fn get(&self, name: &str) -> Option<i64> {
        self.values.get(name).copied().or_else(|| self.eval(self.macros.get(name)?))
    }

    /// Returns every enumerator and macro that starts with `prefix` and is a number.
    fn starting(&self, prefix: &str) -> BTreeMap<&str, i64> {
        let names = self.values.keys().chain(self.macros.keys());
        let names = names.filter(|name| name.starts_with(prefix));
        names.filter_map(|name| Some((name.as_str(), self.get(name)?))).collect()
    }

    /// Evaluates a C expression of numbers, known names and the operators `| << + - ~ ()`.
    fn eval(&self, text: &str) -> Option<i64> {
        let mut tokens = tokens(text)?;
        tokens.reverse();
        let value = self.or(&mut tokens)?;
        tokens.is_empty().then_some(value)
    }

    fn or(&self, tokens: &mut Vec<String>) -> Option<i64> {
        let mut value = self.shift(tokens)?;
        while take(tokens, "|") {
            value |= self.shift(tokens)?;
        }
        Some(value)
    }

    fn shift(&self, tokens: &mut Vec<String>) -> Option<i64> {
        let mut value = self.sum(tokens)?;
        while take(tokens, "<<") {
            value <<= self.sum(tokens)?;
        }
        Some(value)
    }

    fn sum(&self, tokens: &mut Vec<String>) -> Option<i64> {
        let mut value = self.unit(tokens)?;
        loop {
            if take(tokens, "+") {
                value += self.unit(tokens)?;
            } else if take(tokens, "-") {
                value -= self.unit(tokens)?;
            } else {
                return Some(value);
            }
        }
    }

    fn unit(&self, tokens: &mut Vec<String>) -> Option<i64> {
        let token = tokens.pop()?;
        match token.as_str() {
            "~" => self.unit(tokens).map(|value| !value),
            "(" => {
                let value = self.or(tokens)?;
                take(tokens, ")").then_some(value)
            }
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                let digits = number.trim_end_matches(['U', 'L', 'u', 'l']);
                match digits.strip_prefix("0x") {
                    Some(hex) => i64::from_str_radix(hex, 16).ok(),
                    None => digits.parse().ok(),
                }
            }
            name => self.get(name),
        }
    }
}

/// Removes the next token, which is the last item, if it is `token`.
fn take(tokens: &mut Vec<String>, token: &str) -> bool {
    let is_next = tokens.last().is_some_and(|next| next == token);
    if is_next {
        tokens.pop();
    }
    is_next
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut code = parts.next().unwrap().to_owned();
    for part in parts {
        let (comment, behind) = part.split_once("*/").expect("the end of a comment");
        // A comment that spans lines also ends the line of a macro.
        code.push_str(if comment.contains('\n') { "\n" } else { " " });
        code.push_str(behind);
    }
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.map(|line| format!("{line}\n")).collect()
}

fn tokens(text: &str) -> Option<Vec<String>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '<' if rest.starts_with("<<") => 2,
            '|' | '+' | '-' | '~' | '(' | ')' => 1,
            _ => return None,
        };
        let (token, behind) = rest.split_at(len);
        tokens.push(token.to_owned());
        rest = behind.trim_start();
    }
    Some(tokens)
}

#[test]
fn the_parser() {
    let mut names = Names::default();
    names.parse(
        "#ifndef _X\n#define _X\n/* enum no { NO }; */\n\
         enum a {\n\tA0,\t/* one,\n two */\n\tA1, // A9,\n#define ALIAS\tA1 /* old */\n\tA7 = 7,\n\
         \tA8,\n#ifdef __KERNEL__\n\tHIDDEN,\n#endif\n\tBITS = (1 << A1) | 0x10 | (A8 - 3 + 1),\n};\n\
         enum { ANON = ~0 };\nstruct s { int x; };\n\
         #define SELF SELF\n#define FN(x) (x)\n#define LATER (AHEAD + 1U)\n#define ODD sizeof(int)\n\
         enum b { AHEAD = 4, __MAX, MAX = __MAX - 1 };\n#endif\n",
    );
    let all = ["A0", "A1", "ALIAS", "A7", "A8", "BITS", "ANON", "AHEAD", "LATER", "MAX"];
    assert_eq!(all.map(|name| names.get(name).unwrap()), [0, 1, 1, 7, 8, 0x16, -1, 4, 5, 4]);
    for name in ["NO", "A9", "HIDDEN", "SELF", "FN", "ODD", "x"] {
        assert_eq!(names.get(name), None, "{name}");
    }
    assert_eq!(names.enums["a"], ["A0", "A1", "A7", "A8", "BITS"]);
    assert_eq!(names.enums["b"], ["AHEAD", "__MAX", "MAX"]);
    assert_eq!(version("2.6.39"), (2, 39));
    assert!(version("2.6.39") < version("3.3") && version("5.8") < version("5.15"));
}

// ---------------------------------------------------------------------------------------------
// Comparison.

/// Returns the version of the headers, from `linux/version.h`.
fn headers_version(names: &mut Names) -> Option<Version> {
    names.read("linux/version.h")?;
    let code = names.get("LINUX_VERSION_CODE")?;
    let [major, minor] =
        [code >> 16, code >> 8 & 0xff].map(|number| u32::try_from(number).unwrap());
    Some((major, minor))
}

/// Reads the headers in `paths`, or prints why it cannot.
fn headers(paths: &[&str]) -> Option<(Names, Version)> {
    let mut names = Names::default();
    for path in paths {
        if names.read(path).is_none() {
            say(&format!("SKIPPED uapi: {path} is not installed"));
            return None;
        }
    }
    let Some(version) = headers_version(&mut names) else {
        say("SKIPPED uapi: linux/version.h does not say of which kernel the headers are");
        return None;
    };
    Some((names, version))
}

/// A comparison with headers, whose result [`done`](Self::done) prints.
struct Check {
    names: Names,
    headers: Version,
    compared: usize,
    newer: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Check {
    fn new(paths: &[&str]) -> Option<Self> {
        let (names, headers) = headers(paths)?;
        Some(Self { names, headers, compared: 0, newer: BTreeSet::new(), wrong: Vec::new() })
    }

    /// Checks that `name` has this value, unless it is newer than the headers.
    fn equal(&mut self, name: &str, ours: impl Into<i64>, since: &str) {
        let ours = ours.into();
        match self.names.get(name) {
            Some(theirs) if theirs == ours => self.compared += 1,
            Some(theirs) => self.wrong.push(format!("{name} is {theirs}, we say {ours}")),
            None if version(since) > self.headers => drop(self.newer.insert(name.to_owned())),
            None => {
                let (major, minor) = self.headers;
                let text =
                    format!("{name}, \"since {since}\", is not in the header of {major}.{minor}");
                self.wrong.push(text);
            }
        }
    }

    /// Checks that every name with this prefix is one of `ours`, or ends like one of `except`.
    fn complete(&mut self, prefix: &str, ours: &BTreeSet<String>, except: &[&str]) {
        let theirs = self.names.starting(prefix);
        let left_out = theirs
            .keys()
            .filter(|name| !ours.contains(**name) && !except.iter().any(|end| name.ends_with(end)));
        let texts: Vec<_> =
            left_out.map(|name| format!("{name} of the header has no name here")).collect();
        self.wrong.extend(texts);
    }

    fn done(self, what: &str) {
        assert!(self.wrong.is_empty(), "{what}:\n{}", self.wrong.join("\n"));
        let Self { compared, newer, headers: (major, minor), .. } = self;
        assert!(compared > 0, "{what}");
        let newer = match newer.len() {
            0 => String::new(),
            n => {
                format!("; {n} newer than it: {}", newer.into_iter().collect::<Vec<_>>().join(" "))
            }
        };
        say(&format!(
            "uapi: {what}: {compared} names equal to the header of {major}.{minor}{newer}"
        ));
    }
}

/// The release with the last names that replaced older ones, which are aliases here.
const RENAMED: Version = (3, 13);

fn tables(roots: &[&'static SetSpec], header: &str, prefixes: &[&str], except: &[&str]) {
    let Some(mut check) = Check::new(&[header]) else { return };
    let mut sets = Vec::new();
    for root in roots {
        root.collect_into(&mut sets);
    }
    let mut ours = BTreeSet::new();
    for set in sets {
        let members = check.names.enums.get(set.name).cloned();
        let oldest = set.attrs.iter().map(|attr| version(attr.since)).min();
        if members.is_none() && oldest <= Some(check.headers) {
            check.wrong.push(format!("no enum {} in the header", set.name));
        }
        for attr in set.attrs {
            let known: Vec<_> = [attr.name].iter().chain(attr.aliases).copied().collect();
            for name in &known {
                let is_old = check.headers < RENAMED && check.names.get(name).is_none();
                let has_other = known.iter().any(|name| check.names.get(name).is_some());
                if !(is_old && has_other) {
                    check.equal(name, attr.number, attr.since);
                }
                ours.insert((*name).to_owned());
            }
            // The enum of the set must contain the name.
            let is_missing =
                |members: &Vec<String>| !known.iter().any(|n| members.iter().any(|m| m == n));
            if members.as_ref().is_some_and(is_missing) && version(attr.since) <= check.headers {
                check.wrong.push(format!("{} is not of enum {}", attr.name, set.name));
            }
        }
    }
    for prefix in prefixes {
        check.complete(prefix, &ours, except);
    }
    check.done(&format!("tables of {header}"));
}

#[test]
fn conntrack_tables() {
    let roots = [
        CtattrType::SPEC,
        CtattrExpect::SPEC,
        CtattrStatsCpu::SPEC,
        CtattrStatsGlobal::SPEC,
        CtattrExpectStats::SPEC,
    ];
    let header = "linux/netfilter/nfnetlink_conntrack.h";
    tables(&roots, header, &["CTA_", "__CTA_"], &["_UNSPEC", "_MAX"]);
}

#[test]
fn error_tables() {
    let prefixes = ["NLMSGERR_ATTR_", "NL_POLICY_TYPE_ATTR_"];
    tables(&[NlmsgerrAttrs::SPEC], "linux/netlink.h", &prefixes, &["_UNUSED", "_UNSPEC", "_MAX"]);
}

/// Returns the names with a prefix.
fn prefixed<'a>(prefix: &str, names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(|name| format!("{prefix}{name}")).collect()
}

/// Names of flags that do not start with the prefix of their set.
const OTHER_PREFIX: [(&str, &str); 2] = [
    ("IP_CT_TCP_FLAG_CHALLENGE_ACK", "IP_CT_EXP_CHALLENGE_ACK"),
    ("IP_CT_TCP_FLAG_SIMULTANEOUS_OPEN", "IP_CT_TCP_SIMULTANEOUS_OPEN"),
];

/// Returns the first release with a named value.
fn value_since(name: &str) -> &'static str {
    match name {
        "IPS_HELPER" => "3.5",
        "IPS_OFFLOAD" => "4.16",
        "IPS_HW_OFFLOAD" => "5.8",
        "IP_CT_TCP_FLAG_MAXACK_SET" => "3.0",
        "IP_CT_EXP_CHALLENGE_ACK" | "IP_CT_TCP_SIMULTANEOUS_OPEN" => "4.19",
        "SCTP_CONNTRACK_HEARTBEAT_SENT" | "SCTP_CONNTRACK_HEARTBEAT_ACKED" => "4.1",
        _ if name.starts_with("NF_CT_EXPECT_") => "2.6.37",
        _ => "2.6.36",
    }
}

/// Returns every set of values of an attribute, each once.
fn values_of_attributes() -> Vec<&'static Values> {
    let mut sets = Vec::new();
    for set in MsgType::SPECS.iter().filter_map(|message| message.set) {
        set.collect_into(&mut sets);
    }
    let mut all: Vec<&Values> = Vec::new();
    for values in sets.iter().flat_map(|set| set.attrs).filter_map(|attr| attr.values) {
        if !all.contains(&values) {
            all.push(values);
        }
    }
    all
}

/// Compares the values whose prefix is one of `prefixes` with the headers.
fn named_values(paths: &[&str], prefixes: &[&str], complete: &[&str], except: &[&str]) {
    let Some(mut check) = Check::new(paths) else { return };
    let mut ours = BTreeSet::new();
    for values in values_of_attributes() {
        if !prefixes.contains(&values.prefix) {
            continue;
        }
        for value in values.named {
            let name = format!("{}{}", values.prefix, value.name.to_uppercase());
            let other = OTHER_PREFIX.iter().find(|(prefixed, _)| *prefixed == name);
            let name = other.map_or(name.as_str(), |(_, other)| other);
            check.equal(name, i64::try_from(value.number).unwrap(), value_since(name));
            ours.insert(name.to_owned());
        }
    }
    for prefix in complete {
        check.complete(prefix, &ours, except);
    }
    check.done(&format!("values {prefixes:?}"));
}

#[test]
fn status_flags() {
    let path = "linux/netfilter/nf_conntrack_common.h";
    named_values(&[path], &["IPS_"], &["IPS_"], &["_BIT", "_MASK"]);
    let Some(mut check) = Check::new(&[path]) else { return };
    check.equal("IPS_NAT_MASK", Status::NAT.bits(), "2.6.14");
    check.equal("IPS_NAT_DONE_MASK", Status::NAT_DONE.bits(), "2.6.14");
    check.done("masks of IPS_*");
}

#[test]
fn expectation_flags() {
    let prefix = &["NF_CT_EXPECT_"];
    named_values(&["linux/netfilter/nf_conntrack_common.h"], prefix, prefix, &[]);
}

#[test]
fn states_and_flags_of_tcp() {
    let prefixes = ["TCP_CONNTRACK_", "IP_CT_TCP_FLAG_"];
    let complete = ["TCP_CONNTRACK_", "IP_CT_TCP_", "IP_CT_EXP_"];
    // The header has timeout indices after the states. LISTEN is the old name of SYN_SENT2.
    let except = ["_LISTEN", "_MAX", "_IGNORE", "_RETRANS", "_UNACK"];
    named_values(&["linux/netfilter/nf_conntrack_tcp.h"], &prefixes, &complete, &except);
}

#[test]
fn states_of_sctp() {
    let prefix = &["SCTP_CONNTRACK_"];
    named_values(&["linux/netfilter/nf_conntrack_sctp.h"], prefix, prefix, &["_MAX"]);
}

#[test]
fn protocol_numbers() {
    named_values(&["linux/in.h", "linux/in6.h"], &["IPPROTO_"], &[], &[]);
    // These are in sys/socket.h, which is not the kernel's.
    assert_eq!([Family::UNSPEC, Family::IPV4, Family::IPV6].map(|family| family.0), [0, 2, 10]);
}

/// Sets of values without a prefix are compared with no header.
#[test]
fn every_other_set_of_values_is_compared() {
    let all = values_of_attributes();
    let without: Vec<_> =
        all.iter().filter(|values| values.prefix.is_empty()).map(|values| values.name).collect();
    assert_eq!(without, ["ct_dccp_states", "ct_dccp_roles", "ctattr_filter_flags"]);
    let prefixes: BTreeSet<_> = all.iter().map(|values| values.prefix).collect();
    let compared = ["", "IPPROTO_", "IPS_", "IP_CT_TCP_FLAG_", "NF_CT_EXPECT_", "SCTP_CONNTRACK_"];
    assert!(prefixes.iter().eq(compared.iter().chain(["TCP_CONNTRACK_"].iter())), "{prefixes:?}");
}

#[test]
fn message_types() {
    let paths =
        ["linux/netlink.h", "linux/netfilter/nfnetlink.h", "linux/netfilter/nfnetlink_conntrack.h"];
    let Some(mut check) = Check::new(&paths) else { return };
    for message in MsgType::SPECS {
        let name = message.name;
        let since = if name.contains("STATS") {
            "3.6"
        } else if name.contains("DYING") || name.contains("UNCONFIRMED") {
            "3.8"
        } else {
            "2.6.14"
        };
        check.equal(name, message.number & 0xff, since);
        let subsystem = match name {
            _ if name.starts_with("IPCTNL_MSG_CT_") => check.names.get("NFNL_SUBSYS_CTNETLINK"),
            _ if name.starts_with("IPCTNL_MSG_EXP_") => {
                check.names.get("NFNL_SUBSYS_CTNETLINK_EXP")
            }
            _ => Some(0),
        };
        assert_eq!(subsystem, Some(i64::from(message.number >> 8)), "{name}");
    }
    let ours = prefixed("", MsgType::SPECS.iter().map(|message| message.name));
    check.complete("IPCTNL_MSG_", &ours, &["_MAX"]);
    check.complete("NLMSG_", &ours, &["_MIN_TYPE", "_ALIGNTO", "_HDRLEN"]);
    check.done("message types");
}

#[test]
fn flags_of_messages_and_attributes() {
    let Some(mut check) = Check::new(&["linux/netlink.h"]) else { return };
    let flags = [
        ("NLM_F_REQUEST", NlmFlags::REQUEST, "2.6.14"),
        ("NLM_F_MULTI", NlmFlags::MULTI, "2.6.14"),
        ("NLM_F_ACK", NlmFlags::ACK, "2.6.14"),
        ("NLM_F_ECHO", NlmFlags::ECHO, "2.6.14"),
        ("NLM_F_DUMP_INTR", NlmFlags::DUMP_INTR, "3.1"),
        ("NLM_F_DUMP_FILTERED", NlmFlags::DUMP_FILTERED, "4.4"),
        ("NLM_F_ROOT", NlmFlags::ROOT, "2.6.14"),
        ("NLM_F_MATCH", NlmFlags::MATCH, "2.6.14"),
        ("NLM_F_ATOMIC", NlmFlags::ATOMIC, "2.6.14"),
        ("NLM_F_DUMP", NlmFlags::DUMP, "2.6.14"),
        ("NLM_F_REPLACE", NlmFlags::REPLACE, "2.6.14"),
        ("NLM_F_EXCL", NlmFlags::EXCL, "2.6.14"),
        ("NLM_F_CREATE", NlmFlags::CREATE, "2.6.14"),
        ("NLM_F_APPEND", NlmFlags::APPEND, "2.6.14"),
        ("NLM_F_CAPPED", NlmFlags::CAPPED, "4.12"),
        ("NLM_F_ACK_TLVS", NlmFlags::ACK_TLVS, "4.12"),
    ];
    for (name, flag, since) in flags {
        check.equal(name, flag.bits(), since);
    }
    let ours = prefixed("", flags.map(|(name, ..)| name));
    // These are for DELETE requests to other subsystems.
    check.complete("NLM_F_", &ours, &["_NONREC", "_BULK"]);
    check.equal("NLA_F_NESTED", NLA_F_NESTED, "2.6.24");
    check.equal("NLA_F_NET_BYTEORDER", NLA_F_NET_BYTEORDER, "2.6.24");
    // It is an int in C.
    check.equal("NLA_TYPE_MASK", !0xffff | i64::from(NLA_TYPE_MASK), "2.6.24");
    check.done("NLM_F_* and NLA_F_*");
}
