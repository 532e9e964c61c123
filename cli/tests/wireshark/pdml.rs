//! Reads what `tshark -T pdml` writes: XML with one element per line.

/// A field as tshark shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The name in filters, without the name of the protocol.
    pub(crate) name: String,
    /// The value as filters have it.
    pub(crate) show: String,
    /// The line in the tree.
    pub(crate) line: String,
    /// The bytes in hexadecimal.
    pub(crate) bytes: String,
}

/// The fields of a message.
pub(crate) struct Dissected {
    pub(crate) packet: u64,
    pub(crate) fields: Vec<Shown>,
}

/// Returns the messages in which the plugin found something.
pub(crate) fn messages(pdml: &str) -> Vec<Dissected> {
    let mut messages: Vec<Dissected> = Vec::new();
    let (mut packet, mut is_ours) = (0, false);
    for line in pdml.lines().map(str::trim_start) {
        if line.starts_with("<field name=\"num\"") {
            packet = attribute(line, "show").parse().unwrap();
        } else if line.starts_with("<proto name=\"_ws.") {
            // Reports of errors are inside of the protocol.
        } else if line.starts_with("<proto ") {
            is_ours = attribute(line, "name") == "ctnetlink";
            if is_ours {
                messages.push(Dissected { packet, fields: Vec::new() });
            }
        } else if line.starts_with("<field ") && is_ours {
            let name = attribute(line, "name");
            if let (Some(name), Some(message)) =
                (name.strip_prefix("ctnetlink."), messages.last_mut())
            {
                message.fields.push(Shown {
                    name: name.into(),
                    show: attribute(line, "show"),
                    line: attribute(line, "showname"),
                    bytes: attribute(line, "value"),
                });
            }
        }
    }
    messages
}

fn attribute(line: &str, name: &str) -> String {
    let start = format!(" {name}=\"");
    let value = line.split_once(&start).and_then(|(_, rest)| rest.split_once('"'));
    let text = value.map_or("", |(value, _)| value);
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}
