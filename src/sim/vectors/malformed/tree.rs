//! Messages that can be changed and encoded again.

use super::super::Field;
use crate::Message;
use crate::wire::{Endian, NLA_HDRLEN, NLA_TYPE_MASK, nla_align};
use alloc::vec::Vec;

/// The offset of the first attribute.
pub(super) const FIXED: usize = 20;

/// A message that can be changed and encoded again, with adjusted lengths.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) fixed: Vec<u8>,
    pub(super) nodes: Vec<Node>,
    /// The bytes after the last attribute.
    pub(super) tail: Vec<u8>,
    pub(super) endian: Endian,
}

#[derive(Clone)]
pub(super) struct Node {
    pub(super) field: Field,
    /// The length to encode instead of the true one.
    pub(super) nla_len: Option<u16>,
    pub(super) nodes: Vec<Node>,
    pub(super) tail: Vec<u8>,
    /// The bytes of the padding.
    pub(super) pad: u8,
}

/// The offset of a node, and the end of its parent.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) end: usize,
}

impl Tree {
    pub(super) fn of(message: &Message<'_>) -> Self {
        Self {
            fixed: message.as_bytes().get(..FIXED).unwrap_or_default().to_vec(),
            nodes: Field::of(message).into_iter().map(Node::of).collect(),
            tail: Vec::new(),
            endian: message.endian(),
        }
    }

    /// Returns the children of the node at a path of indices, and the bytes after them.
    pub(super) fn container(&mut self, at: &[usize]) -> Option<(&mut Vec<Node>, &mut Vec<u8>)> {
        let mut nodes = &mut self.nodes;
        let mut tail = &mut self.tail;
        for &n in at {
            let node = nodes.get_mut(n)?;
            nodes = &mut node.nodes;
            tail = &mut node.tail;
        }
        Some((nodes, tail))
    }

    pub(super) fn node(&mut self, at: &[usize]) -> Option<&mut Node> {
        let (&last, outer) = at.split_last()?;
        self.container(outer)?.0.get_mut(last)
    }

    /// Encodes the message, and returns the place of the node at a path.
    ///
    /// A path one past the last child stands for the bytes after it.
    pub(super) fn write(&self, at: &[usize]) -> (Vec<u8>, Place) {
        let mut bytes = self.fixed.clone();
        let mut place = Place::default();
        write_nodes(&self.nodes, &self.tail, self.endian, at, &mut bytes, &mut place);
        let len = u32::try_from(bytes.len()).unwrap_or_default();
        if let Some(field) = bytes.get_mut(..4) {
            field.copy_from_slice(&self.endian.u32_bytes(len));
        }
        (bytes, place)
    }
}

pub(super) fn write_nodes(
    nodes: &[Node],
    tail: &[u8],
    endian: Endian,
    at: &[usize],
    bytes: &mut Vec<u8>,
    place: &mut Place,
) {
    let wanted = at.split_first();
    let mut is_here = false;
    for (n, node) in nodes.iter().enumerate() {
        let inner = match wanted {
            Some((&first, rest)) if first == n => Some(rest),
            _ => None,
        };
        let start = bytes.len();
        if inner == Some(&[]) {
            place.offset = start;
            is_here = true;
        }
        bytes.extend_from_slice(&[0; NLA_HDRLEN]);
        if node.field.is_nest() {
            // The other nodes are not on the path.
            let inner = inner.filter(|rest| !rest.is_empty()).unwrap_or(&[usize::MAX]);
            write_nodes(&node.nodes, &node.tail, endian, inner, bytes, place);
        } else {
            bytes.extend_from_slice(&node.field.payload);
        }
        let len = bytes.len() - start;
        let nla_len = node.nla_len.unwrap_or_else(|| u16::try_from(len).unwrap_or_default());
        let header = [endian.u16_bytes(nla_len), endian.u16_bytes(node.field.nla_type)].concat();
        if let Some(field) = bytes.get_mut(start..start + NLA_HDRLEN) {
            field.copy_from_slice(&header);
        }
        bytes.resize(start + nla_align(len), node.pad);
    }
    if wanted.is_some_and(|(&first, rest)| rest.is_empty() && first == nodes.len()) {
        place.offset = bytes.len();
        is_here = true;
    }
    bytes.extend_from_slice(tail);
    if is_here {
        place.end = bytes.len();
    }
}

impl Node {
    pub(super) fn of(field: Field) -> Self {
        let nodes = field.children.iter().cloned().map(Self::of).collect();
        Self { field, nla_len: None, nodes, tail: Vec::new(), pad: 0 }
    }

    pub(super) fn number(&self) -> u16 {
        self.field.nla_type & NLA_TYPE_MASK
    }
}

/// Returns the true length of an attribute.
pub(super) fn nla_len(node: &Node, endian: Endian) -> usize {
    if !node.field.is_nest() {
        return NLA_HDRLEN + node.field.payload.len();
    }
    let mut bytes = Vec::new();
    write_nodes(&node.nodes, &node.tail, endian, &[], &mut bytes, &mut Place::default());
    NLA_HDRLEN + bytes.len()
}
