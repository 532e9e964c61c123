//! The annotated bytes of a message.

use super::time::rfc3339;
use crate::error::Error;
use crate::spec::{AttrSpec, Form, Meaning};
use crate::wire::{AttrSet, Attrs, NLA_HDRLEN, NLMSG_HDRLEN, NlMsgHdr, RawAttr, Visitor};
use crate::{Body, Message, MsgType, NfGenMsg};
use core::fmt;

/// The number of payload bytes per line.
const WIDTH: usize = 16;
/// The width of the column of bytes: two fields of a header, and the payload.
const COLUMN: usize = 4 + 1 + 4 + 1 + 2 * WIDTH;

/// The annotated bytes of a message, one attribute per line.
///
/// A line has the offset, the bytes, the kernel's name and the value. The offset is in decimal, as in
/// [`Error`]s and in the kernel's errors. The bytes are the length and type fields and the payload of
/// the attribute, with padding in brackets. Attributes inside a nested attribute are on lines of their
/// own, indented. An attribute that does not decode has the error instead of a value.
///
/// # Examples
/// ```
/// use ctnetlink::{Message, format::Annotate, wire::Endian};
///
/// let bytes = [
///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr
///     2, 0, 0, 0, // nfgenmsg
///     0x10, 0, 0x14, 0x80, 0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab,
///     6, 0, 0x12, 0, 0x12, 0x34, 0, 0, //
///     8, 0, 8, 0, // CTA_MARK, cut
/// ];
/// let message = Message::parse_with(&bytes, Endian::Little)?;
/// assert_eq!(Annotate::new(message).to_string(), "    0  3000 0000 0201 0000 00000000 00000000       IPCTNL_MSG_CT_DELETE len 48 flags 0 seq 0 pid 0
///    16  02 00 0000                                  nfgenmsg family ipv4 version 0 res_id 0
///    20  1000 1480                                   CTA_TIMESTAMP
///    24  0c00 0100 18ea51eb993c3cab                    CTA_TIMESTAMP_START 1795337473790590123 (2026-11-22T08:51:13.790590123Z)
///    36  0600 1200 1234[0000]                        CTA_ZONE 4660
///    44  08000800                                    error: nla_len is 8, expected at most the 4 bytes left
/// ");
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Annotate<'a> {
    message: Message<'a>,
}

impl<'a> Annotate<'a> {
    /// Creates the annotated bytes of `message`.
    #[must_use]
    pub const fn new(message: Message<'a>) -> Self {
        Self { message }
    }
}

impl fmt::Display for Annotate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = &self.message;
        header_line(f, 0, message.header(), message)?;
        let body_bytes = message.as_bytes().get(NLMSG_HDRLEN..).unwrap_or_default();
        match message.body() {
            Ok(Body::Error(error)) => {
                let code = body_bytes.get(..4).unwrap_or_default();
                line(f, NLMSG_HDRLEN, code, &[], 0)?;
                writeln!(f, "error {}", error.error)?;
                header_line(f, NLMSG_HDRLEN + 4, &error.request, message)?;
                dump(f, NLMSG_HDRLEN + 4 + NLMSG_HDRLEN, error.payload, "of the request")?;
            }
            Ok(Body::Done(done)) => {
                if let Some(status) = done.status {
                    line(f, NLMSG_HDRLEN, body_bytes.get(..4).unwrap_or_default(), &[], 0)?;
                    writeln!(f, "status {status}")?;
                }
            }
            Ok(Body::Other(bytes)) => dump(f, NLMSG_HDRLEN, bytes, "")?,
            Ok(_) => nfgenmsg_line(f, message.nfgenmsg().unwrap_or_default())?,
            Err(error) => {
                dump(f, NLMSG_HDRLEN, body_bytes, "")?;
                error_line(f, &error, &[], 0)?;
            }
        }
        let mut lines = Lines { f, depth: 0, result: Ok(()) };
        // A malformed body was written above.
        let _ = message.visit(&mut lines);
        lines.result
    }
}

fn header_line(
    f: &mut fmt::Formatter<'_>,
    offset: usize,
    header: &NlMsgHdr,
    message: &Message<'_>,
) -> fmt::Result {
    let bytes = header.to_bytes(message.endian());
    let mut hex = alloc::string::String::new();
    for (n, byte) in bytes.iter().enumerate() {
        if matches!(n, 2 | 4 | 6 | 8 | 12) {
            hex.push(' ');
        }
        hex.push_str(&alloc::format!("{byte:02x}"));
    }
    let msg_type = MsgType(header.nlmsg_type);
    write!(f, "{offset:>5}  {hex:<COLUMN$}  ")?;
    match msg_type.name() {
        Some(name) => f.write_str(name)?,
        None => write!(f, "type {:#06x}", msg_type.0)?,
    }
    write!(f, " len {} flags ", header.nlmsg_len)?;
    let mut separator = "";
    let mut known = 0;
    for (name, flag) in header.nlmsg_flags.named(msg_type.flag_sense()) {
        write!(f, "{separator}{name}")?;
        separator = "|";
        known |= flag.bits();
    }
    let unknown = header.nlmsg_flags.bits() & !known;
    if unknown != 0 {
        write!(f, "{separator}{unknown:#x}")?;
    } else if separator.is_empty() {
        f.write_str("0")?;
    }
    writeln!(f, " seq {} pid {}", header.nlmsg_seq, header.nlmsg_pid)
}

fn nfgenmsg_line(f: &mut fmt::Formatter<'_>, nfgen: NfGenMsg) -> fmt::Result {
    let NfGenMsg { nfgen_family, version, res_id } = nfgen;
    let hex = alloc::format!("{:02x} {version:02x} {res_id:04x}", nfgen_family.0);
    write!(f, "{NLMSG_HDRLEN:>5}  {hex:<COLUMN$}  ")?;
    writeln!(f, "nfgenmsg family {nfgen_family} version {version} res_id {res_id}")
}

/// Writes the start of a line: offset, bytes, padding, indentation.
fn line(
    f: &mut fmt::Formatter<'_>,
    offset: usize,
    bytes: &[u8],
    padding: &[u8],
    depth: usize,
) -> fmt::Result {
    write!(f, "{offset:>5}  ")?;
    let mut written = hex(f, bytes)?;
    if !padding.is_empty() {
        f.write_str("[")?;
        written += hex(f, padding)? + 2;
        f.write_str("]")?;
    }
    let indent = COLUMN.saturating_sub(written) + 2 + 2 * depth;
    write!(f, "{:indent$}", "")
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> Result<usize, fmt::Error> {
    for byte in bytes {
        write!(f, "{byte:02x}")?;
    }
    Ok(2 * bytes.len())
}

/// Writes bytes that are not attributes.
fn dump(f: &mut fmt::Formatter<'_>, offset: usize, bytes: &[u8], what: &str) -> fmt::Result {
    for (n, chunk) in bytes.chunks(WIDTH).enumerate() {
        line(f, offset + n * WIDTH, chunk, &[], 0)?;
        writeln!(f, "{what}")?;
    }
    Ok(())
}

fn error_line(f: &mut fmt::Formatter<'_>, error: &Error, rest: &[u8], depth: usize) -> fmt::Result {
    let shown = rest.get(..WIDTH).unwrap_or(rest);
    line(f, error.offset, shown, &[], depth)?;
    writeln!(f, "error: {}", error.kind)
}

/// A visitor that writes attributes, with nested ones indented.
struct Lines<'f, 'g> {
    f: &'f mut fmt::Formatter<'g>,
    depth: usize,
    result: fmt::Result,
}

impl<'a> Visitor<'a> for Lines<'_, '_> {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        self.result = self.result.and_then(|()| self.attrs(attrs));
    }
}

impl Lines<'_, '_> {
    fn attrs<S: AttrSet>(&mut self, attrs: Attrs<'_, S>) -> fmt::Result {
        let mut walk = attrs.raw();
        while let Some(raw) = walk.next() {
            match raw {
                Ok(raw) => self.attr::<S>(raw)?,
                Err(error) => error_line(self.f, &error, walk.rest(), self.depth)?,
            }
        }
        Ok(())
    }

    fn attr<S: AttrSet>(&mut self, raw: RawAttr<'_>) -> fmt::Result {
        let decoded = S::decode(raw);
        let spec = S::SPEC.get_for(raw.number(), raw.payload);
        let is_nest = matches!(spec, Some(AttrSpec { form: Form::Nest(_), .. }));
        let payload = if is_nest { &[] } else { raw.payload };
        let (first, more) = payload.split_at_checked(WIDTH).unwrap_or((payload, &[]));
        let padding = if is_nest || !more.is_empty() { &[] } else { raw.padding };
        self.start(&raw, first, padding)?;
        match (&decoded, spec) {
            (Ok(_), Some(spec)) => {
                self.f.write_str(spec.name)?;
                // An empty string and an empty bit set have text, empty bytes do not.
                if matches!(spec.form, Form::Str | Form::HostWords) || !payload.is_empty() {
                    write!(self.f, " {}", raw.text(Some(spec)))?;
                }
                if let (Meaning::UnixNanos, Ok(ns)) = (spec.meaning, raw.payload.try_into()) {
                    write!(self.f, " ({})", rfc3339(u64::from_be_bytes(ns)))?;
                }
            }
            (Ok(_), None) => write!(self.f, "unknown attribute {}", raw.number())?,
            (Err(error), _) => {
                let name = spec.map_or("", |spec| spec.name);
                write!(self.f, "{name} error: {}", error.kind)?;
            }
        }
        self.f.write_str("\n")?;
        for (n, chunk) in more.chunks(WIDTH).enumerate() {
            let offset = raw.offset + NLA_HDRLEN + (n + 1) * WIDTH;
            let is_last = (n + 1) * WIDTH >= more.len();
            line(self.f, offset, chunk, if is_last { raw.padding } else { &[] }, 0)?;
            self.f.write_str("\n")?;
        }
        if let Ok(attr) = decoded {
            self.depth += 1;
            S::visit_nest(&attr, self);
            self.depth -= 1;
            self.result?;
        }
        if is_nest && !raw.padding.is_empty() {
            line(self.f, raw.offset + NLA_HDRLEN + raw.payload.len(), &[], raw.padding, 0)?;
            self.f.write_str("\n")?;
        }
        Ok(())
    }

    /// Writes the start of an attribute's line: offset, length and type fields, payload, indentation.
    fn start(&mut self, raw: &RawAttr<'_>, payload: &[u8], padding: &[u8]) -> fmt::Result {
        let nla_len = u16::try_from(NLA_HDRLEN + raw.payload.len()).unwrap_or(u16::MAX);
        let [len0, len1] = raw.endian.u16_bytes(nla_len);
        let [type0, type1] = raw.endian.u16_bytes(raw.nla_type);
        write!(self.f, "{:>5}  {len0:02x}{len1:02x} {type0:02x}{type1:02x} ", raw.offset)?;
        let mut written = 10 + hex(self.f, payload)?;
        if !padding.is_empty() {
            self.f.write_str("[")?;
            written += hex(self.f, padding)? + 2;
            self.f.write_str("]")?;
        }
        let indent = COLUMN.saturating_sub(written) + 2 + 2 * self.depth;
        write!(self.f, "{:indent$}", "")
    }
}
