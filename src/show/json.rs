//! Messages as JSON, as `docs/json.md` describes it.
//!
//! The same text as serde's of a [`MessageRecord`](super::MessageRecord), which the tests hold it
//! against, but made in one pass over the message and without a value in between.

pub(crate) use super::line::Line;
use crate::attrs::{ExpectFlags, Status};
use crate::error::Error;
use crate::flat::{
    Endpoint, ExpectStats, Labels, Name, ProtoInfo, Record as _, StatsCpu, StatsGlobal,
};
use crate::nested::{
    DccpRole, DccpState, FilterFlags, IpProto, SctpState, TcpFlags, TcpFlagsMask, TcpState,
};
use crate::spec::{Form, SetSpec};
use crate::wire::control::{NlMsgDone, NlMsgErr};
use crate::wire::{AttrSet, Attrs, Endian, NLA_HDRLEN, RawAttr, RawAttrs, Visitor};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message, MsgType};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::net::IpAddr;

/// Writes messages as JSON, an object each, and what is known of where they were found.
///
/// ```
/// use ctnetlink::{Message, show::Json, wire::Endian};
///
/// let bytes = [
///     0x24, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, // headers
///     8, 0, 8, 0, 0, 0, 0x12, 0x34, // CTA_MARK
///     6, 0, 18, 0, 2, 1, 0, 0, // CTA_ZONE
/// ];
/// let message = Message::parse(&bytes, Endian::Little)?;
/// let mut line = String::new();
/// Json { packet: Some(7), ..Json::default() }.write(&message, &mut line);
/// assert_eq!(
///     line,
///     r#"{"packet":7,"kind":"destroy","type":"IPCTNL_MSG_CT_DELETE","flags":[],"seq":0,"portid":0,"#
///         .to_owned()
///         + r#""byte_order":"little","family":"ipv4","#
///         + r#""conntrack":{"family":"ipv4","mark":4660,"zone":513}}"#
/// );
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<'a> {
    /// The file.
    pub file: Option<&'a str>,
    /// The number of the packet in it.
    pub packet: Option<u64>,
    /// When it was captured or received, in nanoseconds since the Unix epoch.
    pub time: Option<u64>,
}

impl Json<'_> {
    /// Appends a message to `out`, without a line end.
    pub fn write(&self, message: &Message<'_>, out: &mut String) {
        self.write_and_report(message, out, &mut |_| ());
    }

    /// As [`write`](Self::write); what is wrong in the message goes to `report`, too.
    pub fn write_and_report(
        &self,
        message: &Message<'_>,
        out: &mut String,
        report: &mut dyn FnMut(Error),
    ) {
        let mut errors = Vec::new();
        let report = &mut |error| {
            errors.push(error);
            report(error);
        };
        let line = &mut Line::new(out);
        let header = message.header();
        let msg_type = message.msg_type();
        line.constant("{");
        field(line, "\"file\":", &self.file);
        field(line, "\"packet\":", &self.packet);
        field(line, "\"time\":", &self.time);
        field(line, "\"kind\":", &message.kind());
        field(line, "\"type\":", &msg_type);
        line.constant("\"flags\":[");
        for name in header.nlmsg_flags.names(msg_type.flag_sense()) {
            word(line, name);
        }
        line.end("],");
        field(line, "\"seq\":", &header.nlmsg_seq);
        field(line, "\"portid\":", &header.nlmsg_pid);
        field(line, "\"byte_order\":", &message.endian());
        field(line, "\"family\":", &message.nfgenmsg().map(|nfgen| nfgen.nfgen_family));
        // Whether there is surely nothing in it that the tables do not name.
        let mut plain = false;
        match message.body() {
            Ok(Body::Conntrack(nfgen, attrs)) => {
                let mut ct = Conntrack::default();
                plain = ct.read_attrs(attrs, report);
                ct.family = nfgen.nfgen_family;
                present(line, "\"conntrack\":", &ct);
                if message.kind() != Kind::Request {
                    field(line, "\"snat\":", &ct.snat());
                    field(line, "\"dnat\":", &ct.dnat());
                    field(line, "\"duration\":", &ct.timestamp.duration_ns());
                }
            }
            Ok(Body::Expect(_, attrs)) => {
                present(line, "\"expectation\":", &Expectation::read(attrs, report));
            }
            Ok(Body::StatsCpu(nfgen, attrs)) => {
                field(line, "\"cpu\":", &nfgen.res_id);
                present(line, "\"stats_cpu\":", &StatsCpu::read(attrs, report));
            }
            Ok(Body::StatsGlobal(_, attrs)) => {
                present(line, "\"stats_global\":", &StatsGlobal::read(attrs, report));
            }
            Ok(Body::ExpectStats(nfgen, attrs)) => {
                field(line, "\"cpu\":", &nfgen.res_id);
                present(line, "\"expect_stats\":", &ExpectStats::read(attrs, report));
            }
            Ok(Body::Error(error)) => {
                message.report(report);
                field(line, "\"error\":", &error);
            }
            Ok(Body::Done(done)) => {
                message.report(report);
                field(line, "\"done\":", &done);
            }
            Ok(Body::Other(bytes)) => field(line, "\"hex\":", &Hex(bytes)),
            Err(error) => report(error),
        }
        let mut unknown = Unknown { line, any: false };
        if !plain {
            // A body in error is told above.
            let _ = message.visit(&mut unknown);
        }
        if unknown.any {
            line.end("],");
        }
        if !errors.is_empty() {
            line.constant("\"errors\":");
            list(line, errors);
        }
        line.end("}");
        line.string();
    }
}

/// What stands behind a key or in a list. The macros of `flat` implement it for structs of fields.
pub(crate) trait Value {
    /// Whether the key is left out, too.
    #[inline(always)]
    fn is_absent(&self) -> bool {
        false
    }

    /// Writes the value and a comma, which [`Line::end`] takes back where nothing follows.
    fn write(&self, line: &mut Line<'_>);
}

/// A key, given with its quotes and colon, and a value.
#[inline(always)]
pub(crate) fn field<V: Value + ?Sized>(line: &mut Line<'_>, key: &'static str, value: &V) {
    if !value.is_absent() {
        line.constant(key);
        value.write(line);
    }
}

/// As [`field`], for a struct that is shown even if nothing is in it.
#[inline(always)]
fn present<V: Value>(line: &mut Line<'_>, key: &'static str, value: &V) {
    line.constant(key);
    value.write(line);
}

#[inline(always)]
fn list<V: Value>(line: &mut Line<'_>, items: impl IntoIterator<Item = V>) {
    line.constant("[");
    for value in items {
        value.write(line);
    }
    line.end("],");
}

impl<V: Value> Value for Option<V> {
    #[inline(always)]
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    #[inline(always)]
    fn write(&self, line: &mut Line<'_>) {
        if let Some(value) = self {
            value.write(line);
        }
    }
}

macro_rules! numbers {
    ($($int:ty)+) => {
        $(
            impl Value for $int {
                #[inline(always)]
                fn write(&self, line: &mut Line<'_>) {
                    line.number_and(*self, Some(b','));
                }
            }
        )+
    };
}

/// Numbers some of which have names.
macro_rules! named {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                #[inline]
                fn write(&self, line: &mut Line<'_>) {
                    match self.name() {
                        Some(name) => word(line, name),
                        None => line.number_and(self.0, Some(b',')),
                    }
                }
            }
        )+
    };
}

/// Sets of flags: a list of names; bits without a name are the last item, a number.
macro_rules! flags {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                fn write(&self, line: &mut Line<'_>) {
                    line.constant("[");
                    let mut names = self.iter_names();
                    for (name, _) in names.by_ref() {
                        word(line, name);
                    }
                    let unknown = names.remaining().bits();
                    if unknown != 0 {
                        unknown.write(line);
                    }
                    line.end("],");
                }
            }
        )+
    };
}

numbers! { u8 u16 u32 u64 }
named! { MsgType IpProto TcpState SctpState DccpState DccpRole }
flags! { Status FilterFlags ExpectFlags TcpFlags }

/// A word that needs no escape, and a comma.
#[inline]
fn word(line: &mut Line<'_>, word: &'static str) {
    line.constant("\"");
    line.text(word);
    line.constant("\",");
}

impl Value for str {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("\"");
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if self.bytes().all(is_plain) {
            line.text(self);
        } else {
            self.chars().for_each(|c| escaped(line.string(), c));
        }
        line.constant("\",");
    }
}

fn escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..' ' => {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        _ => out.push(c),
    }
}

impl<V: Value + ?Sized> Value for &V {
    #[inline(always)]
    fn write(&self, line: &mut Line<'_>) {
        (**self).write(line);
    }
}

impl Value for Kind {
    fn write(&self, line: &mut Line<'_>) {
        let name = match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::New => "new",
            Self::Update => "update",
            Self::Destroy => "destroy",
            Self::Control => "control",
            Self::Foreign => "foreign",
        };
        word(line, name);
    }
}

impl Value for Endian {
    fn write(&self, line: &mut Line<'_>) {
        match self {
            Self::Little => line.constant("\"little\","),
            Self::Big => line.constant("\"big\","),
        }
    }
}

impl Value for Family {
    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    #[inline]
    fn write(&self, line: &mut Line<'_>) {
        match self.name() {
            Some(name) => word(line, name),
            None => line.number_and(self.0, Some(b',')),
        }
    }
}

impl Value for IpAddr {
    #[inline]
    fn write(&self, line: &mut Line<'_>) {
        line.constant("\"");
        line.ip(*self);
        line.constant("\",");
    }
}

impl Value for Endpoint {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        field(line, "\"addr\":", &self.addr);
        field(line, "\"port\":", &self.port);
        line.end("},");
    }
}

/// Text, or a list of bytes where it is none.
impl Value for Name {
    fn write(&self, line: &mut Line<'_>) {
        match self.to_str() {
            Some(text) => text.write(line),
            None => list(line, self.as_bytes().iter().copied()),
        }
    }
}

impl Value for Box<[u8]> {
    fn write(&self, line: &mut Line<'_>) {
        list(line, self.iter().copied());
    }
}

impl Value for Labels {
    fn write(&self, line: &mut Line<'_>) {
        list(line, self.iter());
    }
}

impl Value for ProtoInfo {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        match self {
            Self::Tcp(tcp) => present(line, "\"tcp\":", tcp),
            Self::Dccp(dccp) => present(line, "\"dccp\":", dccp),
            Self::Sctp(sctp) => present(line, "\"sctp\":", sctp),
        }
        line.end("},");
    }
}

impl Value for TcpFlagsMask {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        field(line, "\"flags\":", &self.flags);
        field(line, "\"mask\":", &self.mask);
        line.end("},");
    }
}

impl Value for NlMsgErr<'_> {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        field(line, "\"errno\":", &self.error.unsigned_abs());
        field(line, "\"request_seq\":", &self.request.nlmsg_seq);
        field(line, "\"request_type\":", &MsgType(self.request.nlmsg_type));
        let message = self.message().map(|text| text.to_string_lossy());
        field(line, "\"message\":", &message.as_deref());
        field(line, "\"offset\":", &self.offset());
        line.end("},");
    }
}

impl Value for NlMsgDone<'_> {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        field(line, "\"errno\":", &self.status.unwrap_or_default().unsigned_abs());
        line.end("},");
    }
}

impl Value for Error {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("{");
        field(line, "\"offset\":", &(self.offset as u64));
        field(line, "\"attribute\":", &self.attr.map(|attr| attr.name));
        line.constant("\"problem\":\"");
        // Our own sentence needs no escape, and writing to a string does not fail.
        let _ = write!(line.string(), "{}", self.kind);
        line.constant("\"},");
    }
}

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl Value for Hex<'_> {
    fn write(&self, line: &mut Line<'_>) {
        line.constant("\"");
        for byte in self.0 {
            line.hex_byte(*byte);
        }
        line.constant("\",");
    }
}

/// Writes the attributes that no table names, behind their key if there are any.
struct Unknown<'l, 'o> {
    line: &'l mut Line<'o>,
    any: bool,
}

impl<'a> Visitor<'a> for Unknown<'_, '_> {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        self.walk(S::SPEC, attrs.raw());
    }
}

impl Unknown<'_, '_> {
    /// By table and not by type: values do not matter here, and are not decoded.
    fn walk(&mut self, set: &SetSpec, attrs: RawAttrs<'_>) {
        for raw in attrs.filter_map(Result::ok) {
            match set.get(raw.number()).map(|attr| attr.form) {
                None => self.write(set, &raw),
                Some(Form::Nest(set)) => {
                    let offset = raw.offset + NLA_HDRLEN;
                    self.walk(set, RawAttrs::new(raw.payload, offset, raw.endian));
                }
                Some(_) => {}
            }
        }
    }

    #[cold]
    fn write(&mut self, set: &SetSpec, raw: &RawAttr<'_>) {
        let Self { line, any } = self;
        if !*any {
            line.constant("\"unknown\":[");
            *any = true;
        }
        line.constant("{");
        field(line, "\"set\":", set.name);
        field(line, "\"number\":", &raw.number());
        field(line, "\"offset\":", &(raw.offset as u64));
        field(line, "\"hex\":", &Hex(raw.payload));
        line.end("},");
    }
}
