//! The names of attributes in JSON.

use ctnetlink::Message;
use ctnetlink::format::Json;
use ctnetlink::spec::{AttrSpec, Direction, Form, MsgSpec};
use ctnetlink::wire::{Endian, NlmFlags};
use serde_json::Value;

/// Returns the keys that lead to the attribute at the end of `path`, the key of the content first.
///
/// The formatter is the only place that has the keys. So they are read from the JSON of a message
/// that contains nothing but this attribute.
pub(crate) fn json_keys(spec: &MsgSpec, path: &[&AttrSpec]) -> Vec<String> {
    let object = object(spec, path);
    let content = object.into_iter().flatten().find(|(_, value)| value.is_object());
    let Some((key, mut value)) = content else { return Vec::new() };
    if let Some(content) = value.as_object_mut() {
        content.remove("family");
    }
    let mut keys = vec![key];
    while let Some((key, inner)) =
        value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next())
    {
        keys.push(key.clone());
        value = inner.clone();
    }
    keys
}

/// Returns `true` if the JSON of a message has a key, whatever its attributes are.
pub(crate) fn has_key(spec: &MsgSpec, key: &str) -> bool {
    object(spec, &[]).is_some_and(|object| object.contains_key(key))
}

/// Returns the JSON of a message with one attribute at the end of a path of nested ones.
fn object(spec: &MsgSpec, path: &[&AttrSpec]) -> Option<serde_json::Map<String, Value>> {
    let bytes = message_with(spec, path);
    let message = Message::parse_with(&bytes, Endian::Big).ok()?;
    match serde_json::from_str(&Json::default().line(&message)) {
        Ok(Value::Object(object)) if !object.contains_key("errors") => Some(object),
        _ => None,
    }
}

fn message_with(spec: &MsgSpec, path: &[&AttrSpec]) -> Vec<u8> {
    let mut bytes = match path.last().map(|leaf| leaf.form) {
        None => Vec::new(),
        Some(Form::Str) => b"a\0".to_vec(),
        Some(form) => vec![1; form.payload_len().unwrap_or(8)],
    };
    for attr in path.iter().rev() {
        let len = u16::try_from(4 + bytes.len()).unwrap_or(u16::MAX);
        bytes.splice(..0, [len.to_be_bytes(), attr.number.to_be_bytes()].concat());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let flags = match spec.direction {
        Direction::ToKernel => NlmFlags::REQUEST.bits(),
        _ => 0,
    };
    let len = u32::try_from(20 + bytes.len()).unwrap_or(u32::MAX);
    let header =
        [&len.to_be_bytes()[..], &spec.number.to_be_bytes(), &flags.to_be_bytes(), &[0; 8]];
    [header.concat(), vec![2, 0, 0, 0], bytes].concat()
}
