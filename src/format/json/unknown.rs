//! Attributes unknown to this crate.

use super::values::Hex;
use crate::line::{Line, Value, field};
use crate::spec::{Form, SetSpec};
use crate::wire::{AttrSet, Attrs, NLA_HDRLEN, RawAttr, RawAttrs, Visitor};
use alloc::vec::Vec;

/// The attributes unknown to this crate, each with the name of its set.
#[derive(Default)]
pub(super) struct Unknown<'a>(pub(super) Vec<(&'static str, RawAttr<'a>)>);

impl<'a> Visitor<'a> for Unknown<'a> {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        self.walk(S::SPEC, attrs.raw());
    }
}

impl<'a> Unknown<'a> {
    /// Collects unknown attributes by the constants of the set, without decoding values.
    fn walk(&mut self, set: &SetSpec, attrs: RawAttrs<'a>) {
        for raw in attrs.filter_map(Result::ok) {
            match set.get(raw.number()).map(|attr| attr.form) {
                None => self.0.push((set.name, raw)),
                Some(Form::Nest(set)) => {
                    let offset = raw.offset + NLA_HDRLEN;
                    self.walk(set, RawAttrs::new(raw.payload, offset, raw.endian));
                }
                Some(_) => {}
            }
        }
    }
}

impl Value for (&'static str, RawAttr<'_>) {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let (set, raw) = self;
        line.items("},", |line| {
            let line = field(line, "\"set\":", set);
            let line = field(line, "\"number\":", &raw.number());
            let line = field(line, "\"offset\":", &(raw.offset as u64));
            field(line, "\"hex\":", &Hex(raw.payload))
        })
    }
}
