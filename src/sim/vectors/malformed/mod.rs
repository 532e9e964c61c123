//! Messages that are broken in known ways, each with its errors.

mod tree;

use self::tree::{FIXED, Node, Place, Tree, nla_len, write_nodes};
use super::{Field, Vector};
use crate::error::{Error, ErrorKind};
use crate::kernel::Kernel;
use crate::spec::{Form, SetSpec};
use crate::wire::{Endian, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLMSG_HDRLEN};
use crate::{Message, MsgType};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A broken message, and its errors.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Malformed {
    /// The mutation; see `docs/vectors.md`.
    pub mutation: &'static str,
    /// The path of the mutated attribute; empty if the message itself was mutated.
    pub path: String,
    /// The number of the original vector, in the order of [`Malformations::add`].
    pub vector: usize,
    /// The data, which starts with the broken message.
    pub bytes: Vec<u8>,
    /// The error of the message, or none if a reader has to accept it.
    pub errors: Vec<Error>,
}

/// A collection of broken messages: the shortest one for each mutation and attribute.
#[derive(Clone, Debug, Default)]
pub struct Malformations {
    found: BTreeMap<&'static str, BTreeMap<String, Malformed>>,
    /// The length of the shortest message for each mutation, so that longer ones are skipped.
    shortest: BTreeMap<String, usize>,
    vectors: usize,
}

impl Malformations {
    /// Creates an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a vector, broken in every way.
    pub fn add(&mut self, kernel: &Kernel, vector: &Vector) {
        let endian = kernel.arch.endian();
        let number = self.vectors;
        self.vectors += 1;
        let Ok(message) = Message::parse_with(&vector.bytes, endian) else { return };
        // Vectors of control messages have no attributes.
        let Some(set) = set_of(&message) else { return };
        let original = Tree::of(&message);
        let Tree { nodes, .. } = &original;
        let mut found = Found {
            all: &mut self.found,
            shortest: &mut self.shortest,
            vector: number,
            len: vector.bytes.len(),
        };
        break_message(&mut found, &vector.bytes, endian);
        break_container(&mut found, &original, &[], "", set);
        let mut at = Vec::new();
        for (n, node) in nodes.iter().enumerate() {
            at.push(n);
            break_node(&mut found, &original, &mut at, node);
            at.pop();
        }
    }

    /// Returns up to `limit` messages: one of each mutation, then another one of each, and so on.
    #[must_use]
    pub fn into_list(self, limit: usize) -> Vec<Malformed> {
        let mut lists: Vec<_> = self.found.into_values().map(BTreeMap::into_values).collect();
        let mut all = Vec::new();
        while all.len() < limit {
            let before = all.len();
            all.extend(lists.iter_mut().filter_map(Iterator::next));
            if all.len() == before {
                break;
            }
        }
        all.truncate(limit);
        all
    }
}

/// Returns the top-level set of a message.
fn set_of(message: &Message<'_>) -> Option<&'static SetSpec> {
    use crate::wire::{AttrSet, Attrs, Visitor};
    struct Top(Option<&'static SetSpec>);
    impl<'a> Visitor<'a> for Top {
        fn visit<S: AttrSet>(&mut self, _: Attrs<'a, S>) {
            self.0 = Some(S::SPEC);
        }
    }
    let mut top = Top(None);
    message.visit(&mut top).ok()?;
    top.0.filter(|_| !matches!(message.msg_type(), MsgType::DONE | MsgType::ERROR))
}

struct Found<'f> {
    all: &'f mut BTreeMap<&'static str, BTreeMap<String, Malformed>>,
    shortest: &'f mut BTreeMap<String, usize>,
    vector: usize,
    /// The length of the message that is being mutated.
    len: usize,
}

impl Found<'_> {
    /// Returns `true` if the mutation is new for messages of this length, and notes it.
    fn is_shortest(&mut self, what: String) -> bool {
        let shortest = self.shortest.entry(what).or_insert(usize::MAX);
        let is_shorter = self.len < *shortest;
        *shortest = self.len.min(*shortest);
        is_shorter
    }

    fn add(&mut self, mutation: &'static str, path: &str, bytes: Vec<u8>, errors: Vec<Error>) {
        let of_mutation = self.all.entry(mutation).or_default();
        if of_mutation.get(path).is_some_and(|known| known.bytes.len() <= bytes.len()) {
            return;
        }
        let path = String::from(path);
        let vector = self.vector;
        of_mutation.insert(path.clone(), Malformed { mutation, path, vector, bytes, errors });
    }
}

fn header_error(set: &'static SetSpec, offset: usize, kind: ErrorKind) -> Vec<Error> {
    alloc::vec![Error { offset, set: Some(set), attr: None, kind }]
}

/// Mutates the header, and cuts the data.
fn break_message(found: &mut Found<'_>, bytes: &[u8], endian: Endian) {
    if !found.is_shortest(String::new()) {
        return;
    }
    let message_length = |nlmsg_len: usize, available: usize| {
        let nlmsg_len = u32::try_from(nlmsg_len).unwrap_or_default();
        alloc::vec![Error::at(0, ErrorKind::MessageLength { nlmsg_len, available })]
    };
    let cut = |len: usize| bytes.get(..len).unwrap_or_default().to_vec();
    let claims = |mut bytes: Vec<u8>, len: usize| {
        let len = u32::try_from(len).unwrap_or_default();
        if let Some(field) = bytes.get_mut(..4) {
            field.copy_from_slice(&endian.u32_bytes(len));
        }
        bytes
    };
    for len in [1, 3, 4, 15] {
        let error = Error::at(0, ErrorKind::MessageHeader { found: len });
        let path = ["", "1", "", "3", "4"].get(len).copied().unwrap_or("15");
        found.add("data ends in nlmsghdr", path, cut(len), alloc::vec![error]);
    }
    for (len, path) in [(0, "0"), (1, "1"), (4, "4"), (15, "15")] {
        let errors = message_length(len, bytes.len());
        found.add("nlmsg_len below 16", path, claims(bytes.to_vec(), len), errors);
    }
    let more = bytes.len() + 1;
    let errors = message_length(more, bytes.len());
    found.add("nlmsg_len past the data", "", claims(bytes.to_vec(), more), errors);
    let errors = message_length(bytes.len(), bytes.len() - 1);
    found.add("data lacks its last byte", "", cut(bytes.len() - 1), errors);
    for (body, path) in [(0, "0"), (1, "1"), (3, "3")] {
        let len = NLMSG_HDRLEN + body;
        let kind = ErrorKind::Body { expected: 4, found: body };
        let errors = alloc::vec![Error::at(NLMSG_HDRLEN, kind)];
        found.add("message ends in nfgenmsg", path, claims(cut(len), len), errors);
    }
    found.add("no attributes", "", claims(cut(FIXED), FIXED), Vec::new());
}

/// Mutates the attribute list of a message or a nested attribute.
fn break_container(
    found: &mut Found<'_>,
    original: &Tree,
    at: &[usize],
    path: &str,
    set: &'static SetSpec,
) {
    // The cut affects the last attribute, so that its name is a part of the mutation.
    let last = original.clone().container(at).and_then(|(nodes, _)| nodes.last().cloned());
    let last = last.map_or(String::new(), |last| last.field.path);
    if !found.is_shortest(format!("{} {path} {last}", set.name)) {
        return;
    }
    for (tail, mutation) in [
        (&[0xa5][..], "1 byte after the last attribute"),
        (&[0xa5, 0x5a][..], "2 bytes after the last attribute"),
        (&[0xa5, 0x5a, 0xc3][..], "3 bytes after the last attribute"),
    ] {
        let mut tree = original.clone();
        let Some((nodes, place)) = tree.container(at) else { return };
        *place = tail.to_vec();
        let after = [at, &[nodes.len()]].concat();
        let (bytes, place) = tree.write(&after);
        let kind = ErrorKind::AttrHeader { found: tail.len() };
        found.add(mutation, path, bytes, header_error(set, place.offset, kind));
    }
    for (number, mutation) in
        [(0, "attribute 0 comes first"), (0x3fff, "attribute 16383 comes first")]
    {
        if set.get(number).is_some() {
            continue;
        }
        let mut tree = original.clone();
        let Some((nodes, _)) = tree.container(at) else { return };
        let Some(first) = nodes.first().cloned() else { return };
        let field = Field {
            nla_type: number,
            spec: None,
            payload: alloc::vec![0xa5, 0x5a, 0xc3],
            children: Vec::new(),
            ..first.field
        };
        nodes.insert(0, Node::of(field));
        found.add(mutation, path, tree.write(&[]).0, Vec::new());
    }
    // The last attribute is cut in its header or its payload.
    let mut tree = original.clone();
    let Some((nodes, _)) = tree.container(at) else { return };
    let Some(last) = nodes.pop() else { return };
    let single = Tree {
        fixed: Vec::new(),
        nodes: alloc::vec![last.clone()],
        tail: Vec::new(),
        endian: original.endian,
    };
    let mut whole = Vec::new();
    write_nodes(&single.nodes, &[], single.endian, &[], &mut whole, &mut Place::default());
    let path = &last.field.path;
    for (kept, mutation) in [
        (1, "ends in the header, after 1 byte"),
        (3, "ends in the header, after 3 bytes"),
        (NLA_HDRLEN, "ends after the header"),
        (nla_len(&last, single.endian) - 1, "ends before the last byte"),
    ] {
        let len = nla_len(&last, single.endian);
        if kept >= len {
            continue;
        }
        let mut tree = tree.clone();
        let Some((nodes, tail)) = tree.container(at) else { return };
        *tail = whole.get(..kept).unwrap_or_default().to_vec();
        let after = [at, &[nodes.len()]].concat();
        let (bytes, place) = tree.write(&after);
        let kind = if kept < NLA_HDRLEN {
            ErrorKind::AttrHeader { found: kept }
        } else {
            let nla_len = u16::try_from(len).unwrap_or_default();
            ErrorKind::AttrLength { nla_len, available: kept }
        };
        found.add(mutation, path, bytes, header_error(set, place.offset, kind));
    }
}

/// Mutates an attribute and the attributes in it.
fn break_node(found: &mut Found<'_>, original: &Tree, at: &mut Vec<usize>, node: &Node) {
    let path = &node.field.path;
    let form = [node.field.payload.is_empty(), node.field.padding.is_empty()];
    if found.is_shortest(format!("{path} {form:?}")) {
        break_one(found, original, at, node);
    }
    if let (true, Some(Form::Nest(inner))) =
        (node.field.is_nest(), node.field.spec.map(|spec| spec.form))
    {
        break_container(found, original, at, path, inner);
        for (n, child) in node.nodes.iter().enumerate() {
            at.push(n);
            break_node(found, original, at, child);
            at.pop();
        }
    }
}

/// Mutates the header of an attribute.
fn break_one(found: &mut Found<'_>, original: &Tree, at: &[usize], node: &Node) {
    let path = &node.field.path;
    let set = node.field.set;
    let change = |change: &dyn Fn(&mut Node)| {
        let mut tree = original.clone();
        tree.node(at).map(change);
        tree.write(at)
    };
    let (_, whole) = change(&|_| ());
    let available = whole.end - whole.offset;

    // The length field is wrong.
    let too_long = u16::try_from(available + 1).ok();
    let lengths = [
        (Some(0), "nla_len 0"),
        (Some(1), "nla_len 1"),
        (Some(2), "nla_len 2"),
        (Some(3), "nla_len 3"),
        (too_long, "nla_len 1 past the end"),
        (Some(u16::MAX), "nla_len 65535"),
    ];
    for (nla_len, mutation) in lengths {
        let Some(nla_len) = nla_len.filter(|&len| len < 4 || usize::from(len) > available) else {
            continue;
        };
        let (bytes, place) = change(&|node| node.nla_len = Some(nla_len));
        let kind = ErrorKind::AttrLength { nla_len, available };
        found.add(mutation, path, bytes, header_error(set, place.offset, kind));
    }

    // The message ends inside a nested attribute: the outermost one runs past the end.
    if let (&[top, _, ..], Some(outer)) = (at, at.first().and_then(|&n| original.nodes.get(n))) {
        let (bytes, top) = original.write(&[top]);
        let mut bytes = bytes.get(..whole.offset).unwrap_or_default().to_vec();
        let len = u32::try_from(bytes.len()).unwrap_or_default();
        if let Some(field) = bytes.get_mut(..4) {
            field.copy_from_slice(&original.endian.u32_bytes(len));
        }
        let nla_len = u16::try_from(nla_len(outer, original.endian)).unwrap_or_default();
        let kind = ErrorKind::AttrLength { nla_len, available: whole.offset - top.offset };
        let errors = header_error(outer.field.set, top.offset, kind);
        found.add("message ends before", path, bytes, errors);
    }

    // A reader ignores the flags.
    if node.field.is_nest() {
        let (bytes, _) = change(&|node| node.field.nla_type &= !NLA_F_NESTED);
        found.add("nest without NLA_F_NESTED", path, bytes, Vec::new());
        let (bytes, _) = change(&|node| {
            node.nodes.clear();
        });
        found.add("nest is empty", path, bytes, Vec::new());
    } else {
        let (bytes, _) = change(&|node| node.field.nla_type |= NLA_F_NESTED);
        found.add("value with NLA_F_NESTED", path, bytes, Vec::new());
        break_payload(found, original, at, node);
    }
    let (bytes, _) = change(&|node| node.field.nla_type |= NLA_F_NET_BYTEORDER);
    found.add("NLA_F_NET_BYTEORDER", path, bytes, Vec::new());
    if !node.field.padding.is_empty() {
        let (bytes, _) = change(&|node| node.pad = 0xa5);
        found.add("padding is not zero", path, bytes, Vec::new());
    }

    // The attribute is duplicated.
    let mut tree = original.clone();
    if let Some((&last, outer)) = at.split_last() {
        if let Some((nodes, _)) = tree.container(outer) {
            nodes.insert(last, node.clone());
            found.add("comes twice", path, tree.write(&[]).0, Vec::new());
            if let Some(second) = tree.node(at).filter(|_| !node.field.is_nest()) {
                second.field.payload.iter_mut().for_each(|byte| *byte = !*byte);
                found.add("comes twice, first inverted", path, tree.write(&[]).0, Vec::new());
            }
        }
    }
}

/// Mutates the payload of an attribute that is not nested.
fn break_payload(found: &mut Found<'_>, original: &Tree, at: &[usize], node: &Node) {
    let path = &node.field.path;
    let set = node.field.set;
    let attr = set.get(node.number());
    let len = node.field.payload.len();
    let (fixed, unit) = match attr.map(|attr| attr.form) {
        Some(Form::HostWords) => (false, 4),
        form => (form.and_then(Form::payload_len).is_some(), 0),
    };
    // An empty attribute may share the number of one that has a fixed length.
    let expected = attr.and_then(|attr| attr.form.payload_len()).unwrap_or(len);
    let with = |payload: Vec<u8>| {
        let mut tree = original.clone();
        if let Some(node) = tree.node(at) {
            node.field.payload = payload;
        }
        tree.write(at)
    };
    let mut longer = node.field.payload.clone();
    longer.push(0xa5);
    let mut shorter = node.field.payload.clone();
    let could_shorten = shorter.pop().is_some();
    let changes = [
        (Some(longer), "payload 1 byte longer"),
        (Some(shorter).filter(|_| could_shorten), "payload 1 byte shorter"),
        (Some(Vec::new()).filter(|_| could_shorten), "payload is empty"),
    ];
    for (payload, mutation) in changes {
        let Some(payload) = payload else { continue };
        let length = payload.len();
        let (bytes, place) = with(payload);
        // A status without payload is the pad of CTA_TIMESTAMP_EVENT.
        let is_pad = length == 0 && set.empty.is_some_and(|empty| empty.number == node.number());
        let kind = if fixed && !is_pad {
            Some(ErrorKind::PayloadLength { expected, found: length })
        } else if unit > 0 && length % unit != 0 {
            Some(ErrorKind::PayloadUnit { unit, found: length })
        } else {
            None
        };
        let error = kind.map(|kind| Error { offset: place.offset, set: Some(set), attr, kind });
        found.add(mutation, path, bytes, error.into_iter().collect());
    }
    if attr.is_some_and(|attr| attr.form == Form::Str) {
        let mut longer = node.field.payload.clone();
        longer.extend_from_slice(&[0xa5, 0]);
        found.add("bytes after the NUL", path, with(longer).0, Vec::new());
        let mut invalid = alloc::vec![0xff, 0xc0];
        invalid.extend_from_slice(&node.field.payload);
        found.add("not UTF-8", path, with(invalid).0, Vec::new());
    }
}
