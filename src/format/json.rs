//! Messages as JSON, as docs/json.md describes it.
//!
//! The text equals that of a serialized [`MessageRecord`](super::MessageRecord), which the tests check,
//! but is written in one pass over the message, without a record.

use crate::attrs::{ExpectFlags, Status};
use crate::error::Error;
use crate::flat::{
    Endpoint, ExpectStats, Labels, Name, ProtoInfo, Record as _, StatsCpu, StatsGlobal,
};
use crate::line::{Buffer, FlagWords, Line, Sink, Value, Word, field, present};
use crate::nested::{
    DccpRole, DccpState, FilterFlags, IpProto, SctpState, TcpFlags, TcpFlagsMask, TcpState,
};
use crate::spec::{Form, SetSpec};
use crate::wire::control::{NlMsgDone, NlMsgErr};
use crate::wire::{
    AttrSet, Attrs, Endian, FlagSense, NLA_HDRLEN, NlmFlags, RawAttr, RawAttrs, Visitor,
};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message, MsgType};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bitflags::Flags as _;
use core::fmt::Write as _;
use core::net::IpAddr;

/// A writer of messages as JSON objects.
///
/// Its fields are the keys before those of the message: where the message was found.
///
/// # Examples
/// ```
/// use ctnetlink::{Message, format::Json, wire::Endian};
///
/// let bytes = [
///     0x24, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, // headers
///     8, 0, 8, 0, 0, 0, 0x12, 0x34, // CTA_MARK
///     6, 0, 18, 0, 2, 1, 0, 0, // CTA_ZONE
/// ];
/// let message = Message::parse_with(&bytes, Endian::Little)?;
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
    /// The name of the file.
    pub file: Option<&'a str>,
    /// The number of the packet in the file.
    pub packet: Option<u64>,
    /// The time of the packet's capture or reception, in nanoseconds since the Unix epoch.
    pub time: Option<u64>,
    /// Adds the key `hex`, with the whole message in hexadecimal digits.
    ///
    /// `capture::Reader` can read such JSON back.
    pub hex: bool,
}

impl Json<'_> {
    /// Returns the JSON object of a message, without a newline.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{format::Json, request};
    ///
    /// let line = Json::default().line(&request::stats().as_message());
    /// assert!(line.starts_with(r#"{"kind":"request","type":"IPCTNL_MSG_CT_GET_STATS","#));
    /// ```
    #[must_use]
    pub fn line(&self, message: &Message<'_>) -> String {
        let mut line = String::new();
        self.write(message, &mut line);
        line
    }

    /// Appends a message to `out`, without a newline.
    pub fn write(&self, message: &Message<'_>, out: &mut dyn Sink) {
        self.write_and_report(message, out, |_| ());
    }

    /// Appends a message to `out`, and passes every decoding error to `report`.
    ///
    /// The object contains the errors, too.
    pub fn write_and_report(
        &self,
        message: &Message<'_>,
        out: &mut dyn Sink,
        mut report: impl FnMut(Error),
    ) {
        let mut buffer = Buffer::new(out);
        let line = Line::new(&mut buffer).constant("{").items("}", |line| {
            let line = field(line, "\"file\":", &self.file);
            let line = field(line, "\"packet\":", &self.packet);
            let line = field(line, "\"time\":", &self.time);
            let line = field(line, "\"hex\":", &self.hex.then(|| Hex(message.as_bytes())));
            contents(header(line, message), message, &mut report)
        });
        line.finish();
    }
}

fn header<'l>(mut line: Line<'l>, message: &Message<'_>) -> Line<'l> {
    let header = message.header();
    let msg_type = message.msg_type();
    line = field(line, "\"kind\":", &message.kind());
    line = field(line, "\"type\":", &msg_type);
    line = line.constant("\"flags\":[").items("],", |line| {
        flags(line, header_flags(msg_type.flag_sense()), header.nlmsg_flags.bits().into())
    });
    line = field(line, "\"seq\":", &header.nlmsg_seq);
    line = field(line, "\"portid\":", &header.nlmsg_pid);
    line = field(line, "\"byte_order\":", &message.endian());
    field(line, "\"family\":", &message.nfgenmsg().map(|nfgen| nfgen.nfgen_family))
}

#[inline(always)]
fn contents<'l>(
    mut line: Line<'l>,
    message: &Message<'_>,
    report: &mut dyn FnMut(Error),
) -> Line<'l> {
    let mut errors = Vec::new();
    let report = &mut |error| {
        errors.push(error);
        report(error);
    };
    // `true` only if the message surely contains no unknown attribute.
    let mut plain = false;
    match message.body() {
        Ok(Body::Conntrack(nfgen, attrs)) => {
            let mut ct = Conntrack::default();
            plain = ct.read_attrs(attrs, report);
            ct.family = nfgen.nfgen_family;
            line = present(line, "\"conntrack\":", &ct);
            if message.kind() != Kind::Request {
                line = field(line, "\"snat\":", &ct.snat());
                line = field(line, "\"dnat\":", &ct.dnat());
                line = field(line, "\"duration\":", &ct.timestamp.duration_ns());
            }
        }
        Ok(Body::Expect(_, attrs)) => {
            line = present(line, "\"expectation\":", &Expectation::decode(attrs, report));
        }
        Ok(Body::StatsCpu(nfgen, attrs)) => {
            line = field(line, "\"cpu\":", &nfgen.res_id);
            line = present(line, "\"stats_cpu\":", &StatsCpu::decode(attrs, report));
        }
        Ok(Body::StatsGlobal(_, attrs)) => {
            line = present(line, "\"stats_global\":", &StatsGlobal::decode(attrs, report));
        }
        Ok(Body::ExpectStats(nfgen, attrs)) => {
            line = field(line, "\"cpu\":", &nfgen.res_id);
            line = present(line, "\"expect_stats\":", &ExpectStats::decode(attrs, report));
        }
        Ok(Body::Error(error)) => {
            message.for_each_error(report);
            line = field(line, "\"error\":", &error);
        }
        Ok(Body::Done(done)) => {
            message.for_each_error(report);
            line = field(line, "\"done\":", &done);
        }
        Ok(Body::Other(bytes)) => line = field(line, "\"body\":", &Hex(bytes)),
        Err(error) => report(error),
    }
    let mut unknown = Unknown::default();
    if !plain {
        // A malformed body was reported above.
        let _ = message.visit(&mut unknown);
    }
    if !unknown.0.is_empty() {
        line = list(line.constant("\"unknown\":["), unknown.0);
    }
    if !errors.is_empty() {
        line = list(line.constant("\"errors\":["), errors);
    }
    line
}

/// Appends the items of a list after its opening.
#[inline(always)]
fn list<'l, V: Value>(line: Line<'l>, items: impl IntoIterator<Item = V>) -> Line<'l> {
    let item = |line: Line<'l>, item: V| item.write(line.constant(V::OPENING));
    line.items("],", |line| items.into_iter().fold(line, item))
}

macro_rules! numbers {
    ($($int:ty)+) => {
        $(
            impl Value for $int {
                #[inline(always)]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    line.number_and(*self, b',')
                }
            }
        )+
    };
}

/// Implements values that are numbers with names.
macro_rules! named {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                #[inline]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    match self.word() {
                        Some(word) => line.word(word),
                        None => line.number_and(self.0, b','),
                    }
                }
            }
        )+
    };
}

/// Implements values that are flags: a list of names, with unknown flags as a number at the end.
macro_rules! flags {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                const OPENING: &'static str = "[";

                #[inline]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    const WORDS: FlagWords = {
                        let (mut words, mut n) = (FlagWords::EMPTY, 0);
                        while n < <$Name>::FLAGS.len() {
                            let flag = &<$Name>::FLAGS[n];
                            words = words.with(flag.value().bits() as u32, flag.name());
                            n += 1;
                        }
                        words
                    };
                    line.items("],", |line| {
                        let line = flags(line, &WORDS, self.bits().into());
                        match self.difference(Self::all()).bits() {
                            0 => line,
                            unknown => unknown.write(line),
                        }
                    })
                }
            }
        )+
    };
}

/// Returns the names of the flags in `nlmsg_flags`, by their meaning.
fn header_flags(sense: FlagSense) -> &'static FlagWords {
    const fn words(sense: FlagSense) -> FlagWords {
        let (mut words, mut n) = (FlagWords::EMPTY, 0);
        let (common, special) = (NlmFlags::COMMON, NlmFlags::special(sense));
        while n < common.len() + special.len() {
            let (flag, name) = if n < common.len() { common[n] } else { special[n - common.len()] };
            words = words.with(flag.bits() as u32, name);
            n += 1;
        }
        words
    }
    match sense {
        FlagSense::Get => &const { words(FlagSense::Get) },
        FlagSense::New => &const { words(FlagSense::New) },
        FlagSense::Ack => &const { words(FlagSense::Ack) },
        FlagSense::Plain => &const { words(FlagSense::Plain) },
    }
}

/// Appends the items of a list: the names of the flags that have one.
#[inline]
fn flags<'l>(mut line: Line<'l>, names: &FlagWords, bits: u32) -> Line<'l> {
    let mut left = bits & names.known;
    while let Some(word) = names.words.get(left.trailing_zeros() as usize) {
        line = line.word(word);
        left &= left - 1;
    }
    line
}

numbers! { u8 u16 u32 u64 }
named! { MsgType IpProto TcpState SctpState DccpState DccpRole }
flags! { Status FilterFlags ExpectFlags TcpFlags }

impl Value for str {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        let line = if self.bytes().all(is_plain) { line.text(self) } else { escaped(line, self) };
        line.constant("\",")
    }
}

#[cold]
fn escaped<'l>(mut line: Line<'l>, text: &str) -> Line<'l> {
    for c in text.chars() {
        line = match c {
            '"' => line.constant("\\\""),
            '\\' => line.constant("\\\\"),
            '\n' => line.constant("\\n"),
            '\r' => line.constant("\\r"),
            '\t' => line.constant("\\t"),
            '\u{8}' => line.constant("\\b"),
            '\u{c}' => line.constant("\\f"),
            '\0'..' ' => line.constant("\\u00").hex_byte(c as u8),
            _ => line.text(c.encode_utf8(&mut [0; 4])),
        };
    }
    line
}

impl<V: Value + ?Sized> Value for &V {
    const OPENING: &'static str = V::OPENING;

    #[inline(always)]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        (**self).write(line)
    }
}

impl Value for Kind {
    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.word(match self {
            Self::Request => &const { Word::new("request") },
            Self::Reply => &const { Word::new("reply") },
            // Events about expectations have the same words; the key `expectation` distinguishes them.
            Self::New | Self::ExpectNew => &const { Word::new("new") },
            Self::Update | Self::ExpectUpdate => &const { Word::new("update") },
            Self::Destroy | Self::ExpectDestroy => &const { Word::new("destroy") },
            Self::Control => &const { Word::new("control") },
            Self::Foreign => &const { Word::new("foreign") },
        })
    }
}

impl Value for Endian {
    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.word(match self {
            Self::Little => &const { Word::new("little") },
            Self::Big => &const { Word::new("big") },
            Self::Big32 => &const { Word::new("big32") },
        })
    }
}

impl Value for Family {
    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        match self.word() {
            Some(word) => line.word(word),
            None => line.number_and(self.0, b','),
        }
    }
}

impl Value for IpAddr {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.ip(*self).constant("\",")
    }
}

impl Value for Endpoint {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"addr\":", &self.addr);
            field(line, "\"port\":", &self.port)
        })
    }
}

/// A name is a string, or a list of bytes if it is not UTF-8.
impl Value for Name {
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        match self.to_str() {
            Ok(text) => text.write(line.constant(str::OPENING)),
            Err(_) => list(line.constant("["), self.as_bytes().iter().copied()),
        }
    }
}

impl Value for Box<[u8]> {
    const OPENING: &'static str = "[";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        list(line, self.iter().copied())
    }
}

impl Value for Labels {
    const OPENING: &'static str = "[";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let bits = self.bits();
        line.items("],", |mut line| {
            // A register holds half of the bits.
            for (first, half) in [(0, bits as u64), (64, (bits >> 64) as u64)] {
                let mut left = half;
                while left != 0 {
                    line = line.number_and(first + left.trailing_zeros(), b',');
                    left &= left - 1;
                }
            }
            line
        })
    }
}

impl Value for ProtoInfo {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| match self {
            Self::Tcp(tcp) => present(line, "\"tcp\":", tcp),
            Self::Dccp(dccp) => present(line, "\"dccp\":", dccp),
            Self::Sctp(sctp) => present(line, "\"sctp\":", sctp),
        })
    }
}

impl Value for TcpFlagsMask {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"flags\":", &self.flags);
            field(line, "\"mask\":", &self.mask)
        })
    }
}

impl Value for NlMsgErr<'_> {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"errno\":", &self.error.unsigned_abs());
            let line = field(line, "\"request_seq\":", &self.request.nlmsg_seq);
            let line = field(line, "\"request_type\":", &MsgType(self.request.nlmsg_type));
            let message = self.message().map(|text| text.to_string_lossy());
            let line = field(line, "\"message\":", &message.as_deref());
            field(line, "\"offset\":", &self.offset())
        })
    }
}

impl Value for NlMsgDone<'_> {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let errno = self.status.unwrap_or_default().unsigned_abs();
        line.items("},", |line| field(line, "\"errno\":", &errno))
    }
}

impl Value for Error {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"offset\":", &(self.offset as u64));
            let line = field(line, "\"attribute\":", &self.attr.map(|attr| attr.name));
            let mut line = line.constant("\"problem\":\"");
            // The crate's own messages need no escape, and writing to a line does not fail.
            let _ = write!(line, "{}", self.kind);
            line.constant("\",")
        })
    }
}

/// Bytes, which become a string of hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl Value for Hex<'_> {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let digits = |line: Line<'l>, byte: &u8| line.hex_byte(*byte);
        self.0.iter().fold(line, digits).constant("\",")
    }
}

/// The attributes unknown to this crate, each with the name of its set.
#[derive(Default)]
struct Unknown<'a>(Vec<(&'static str, RawAttr<'a>)>);

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
