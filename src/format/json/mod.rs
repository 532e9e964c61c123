//! Messages as JSON, as docs/json.md describes it.
//!
//! The text equals that of a serialized [`MessageRecord`](super::MessageRecord), which the tests check,
//! but is written in one pass over the message, without a record.

mod unknown;
mod values;

use self::unknown::Unknown;
use self::values::{Hex, flags, header_flags, list};
use crate::error::Error;
use crate::flat::{ExpectStats, Record as _, StatsCpu, StatsGlobal};
use crate::line::{Buffer, Line, Sink, field, present};
use crate::{Body, Conntrack, Expectation, Kind, Message};
use alloc::string::String;
use alloc::vec::Vec;

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
