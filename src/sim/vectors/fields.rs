//! The attributes of a message as a tree that owns its bytes.

use crate::Message;
use crate::error::Error;
use crate::spec::{AttrSpec, Form, SetSpec};
use crate::wire::{AttrSet, Attrs, Visitor};
use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// An attribute of a vector's message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The names from the top to this attribute, separated by `/`; a number stands for an unknown one.
    pub path: String,
    /// The offset of the attribute's header in the message.
    pub offset: usize,
    /// The type field, flags included.
    pub nla_type: u16,
    /// The set of the attribute.
    pub set: &'static SetSpec,
    /// The attribute, or `None` if its set has none of this number.
    pub spec: Option<&'static AttrSpec>,
    /// The payload, without padding.
    pub payload: Vec<u8>,
    /// The padding after the payload.
    pub padding: Vec<u8>,
    /// The value as text; empty for nested attributes.
    pub text: String,
    /// The attributes in it, if it is a nested attribute.
    pub children: Vec<Self>,
}

impl Field {
    /// Returns the attributes of a message that decode.
    #[must_use]
    pub fn of(message: &Message<'_>) -> Vec<Self> {
        Self::and_errors(message).0
    }

    /// Returns the attributes of a message that decode, and the errors of the others.
    #[must_use]
    pub fn and_errors(message: &Message<'_>) -> (Vec<Self>, Vec<Error>) {
        let mut build = Build::default();
        if let Err(error) = message.visit(&mut build) {
            build.errors.push(error);
        }
        (build.fields, build.errors)
    }

    /// Returns `true` if this is a nested attribute.
    #[must_use]
    pub fn is_nest(&self) -> bool {
        matches!(self.spec, Some(AttrSpec { form: Form::Nest(_), .. }))
    }

    /// Returns the last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Calls `visit` for the attribute, then for all attributes in it.
    pub fn walk<'f>(&'f self, to: &mut impl FnMut(&'f Self)) {
        to(self);
        self.children.iter().for_each(|child| child.walk(to));
    }
}

#[derive(Default)]
struct Build {
    path: String,
    fields: Vec<Field>,
    errors: Vec<Error>,
}

impl<'a> Visitor<'a> for Build {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        let outer = self.path.len();
        let mut fields = Vec::new();
        let mut decoded = attrs.iter();
        for raw in attrs.raw() {
            let attr = match decoded.next() {
                Some(Ok(attr)) => attr,
                Some(Err(error)) => {
                    self.errors.push(error);
                    continue;
                }
                None => break,
            };
            let Ok(raw) = raw else { break };
            let spec = S::SPEC.get_for(raw.number(), raw.payload);
            let name = match spec {
                Some(spec) => spec.name.to_owned(),
                None => format!("{}", raw.number()),
            };
            if outer > 0 {
                self.path.push('/');
            }
            self.path.push_str(&name);
            let before = core::mem::take(&mut self.fields);
            S::visit_nest(&attr, self);
            let children = core::mem::replace(&mut self.fields, before);
            fields.push(Field {
                path: self.path.clone(),
                offset: raw.offset,
                nla_type: raw.nla_type,
                set: S::SPEC,
                spec,
                payload: raw.payload.to_vec(),
                padding: raw.padding.to_vec(),
                text: format!("{}", raw.text(spec)),
                children,
            });
            self.path.truncate(outer);
        }
        self.fields = fields;
    }
}
