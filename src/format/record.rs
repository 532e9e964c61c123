//! A message as a serializable record.

use crate::error::Error;
use crate::flat::{Endpoint, ExpectStats, Record as _, StatsCpu, StatsGlobal};
use crate::wire::{AttrSet, Attrs, Endian, RawAttr, Visitor};
use crate::{Body, Conntrack, Expectation, Family, Kind, Message};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use serde::Serialize;

/// A message as a serializable record with stable keys in `snake_case`.
///
/// It contains everything in the message. A value that the message does not contain is absent. The keys
/// are documented in docs/json.md.
///
/// # Examples
/// ```
/// use ctnetlink::format::MessageRecord;
/// use ctnetlink::{Message, wire::Endian};
///
/// let noop = [16, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
/// let record = MessageRecord::new(&Message::parse_with(&noop, Endian::Little)?);
/// let json = serde_json::to_value(&record).unwrap();
/// assert_eq!((&json["type"], &json["seq"]), (&"NLMSG_NOOP".into(), &7.into()));
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MessageRecord {
    /// The kind of the message.
    ///
    /// Events about expectations have the same words as those about entries.
    #[serde(serialize_with = "event_word")]
    pub kind: Kind,
    /// The message type: its kernel name, or its number.
    #[serde(rename = "type")]
    pub msg_type: crate::MsgType,
    /// The names of `nlmsg_flags`.
    pub flags: Vec<&'static str>,
    /// `nlmsg_seq`.
    pub seq: u32,
    /// `nlmsg_pid`.
    pub portid: u32,
    /// The byte order of the sender.
    pub byte_order: Endian,
    /// The family in `nfgenmsg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// The CPU, in statistics of a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u16>,
    /// The content.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The address and port to which source NAT translates the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snat: Option<Endpoint>,
    /// The address and port to which destination NAT translates the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnat: Option<Endpoint>,
    /// The number of nanoseconds from start to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// The attributes unknown to this crate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownAttr>,
    /// The errors from decoding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
}

/// The content of a message.
///
/// # Examples
/// See [`MessageRecord`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// An entry.
    Conntrack(Box<Conntrack>),
    /// An expectation.
    Expectation(Expectation),
    /// The statistics of a CPU.
    StatsCpu(StatsCpu),
    /// The size of the table.
    StatsGlobal(StatsGlobal),
    /// The expectation statistics of a CPU.
    ExpectStats(ExpectStats),
    /// An acknowledgement or an error.
    Error {
        /// The positive errno, or 0 for an acknowledgement.
        errno: u32,
        /// The sequence number of the request.
        request_seq: u32,
        /// The message type of the request.
        request_type: crate::MsgType,
        /// The extended-ack message.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The offset in the request of the attribute that caused the error.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u32>,
    },
    /// The end of a dump.
    Done {
        /// The positive errno that ended the dump early, or 0.
        errno: u32,
    },
    /// The body of a message that this crate does not decode, in hexadecimal.
    Body(String),
}

/// An attribute unknown to this crate.
///
/// # Examples
/// See [`MessageRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnknownAttr {
    /// The kernel's name of the attribute set that contains it.
    pub set: &'static str,
    /// The number of the attribute.
    pub number: u16,
    /// The number of bytes from the start of the message.
    pub offset: usize,
    /// The payload in hexadecimal.
    pub hex: String,
}

/// An error from decoding a message.
///
/// # Examples
/// See [`MessageRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The number of bytes from the start of the message.
    pub offset: usize,
    /// The kernel's name of the attribute, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<&'static str>,
    /// The description of the error.
    pub problem: String,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            offset: error.offset,
            attribute: error.attr.map(|attr| attr.name),
            problem: error.kind.to_string(),
        }
    }
}

impl MessageRecord {
    /// Decodes a message; errors are in [`errors`](Self::errors).
    #[must_use]
    pub fn new(message: &Message<'_>) -> Self {
        let header = message.header();
        let msg_type = message.msg_type();
        let mut gaps = Gaps::default();
        let body = message.body();
        if let Err(error) = &body {
            gaps.errors.push(Problem::from(*error));
        }
        // A malformed body was reported above.
        let _ = message.visit(&mut gaps);
        // Errors in attributes were collected above.
        let ignore = |_| ();
        let mut cpu = None;
        let content = body.ok().map(|body| match body {
            Body::Conntrack(nfgen, attrs) => Content::Conntrack(Box::new(Conntrack {
                family: nfgen.nfgen_family,
                ..Conntrack::decode(attrs, ignore)
            })),
            Body::Expect(_, attrs) => Content::Expectation(Expectation::decode(attrs, ignore)),
            Body::StatsCpu(nfgen, attrs) => {
                cpu = Some(nfgen.res_id);
                Content::StatsCpu(StatsCpu::decode(attrs, ignore))
            }
            Body::StatsGlobal(_, attrs) => Content::StatsGlobal(StatsGlobal::decode(attrs, ignore)),
            Body::ExpectStats(nfgen, attrs) => {
                cpu = Some(nfgen.res_id);
                Content::ExpectStats(ExpectStats::decode(attrs, ignore))
            }
            Body::Error(error) => Content::Error {
                errno: error.error.unsigned_abs(),
                request_seq: error.request.nlmsg_seq,
                request_type: error.request.nlmsg_type.into(),
                message: error.message().map(|text| text.to_string_lossy()).map(Cow::into_owned),
                offset: error.offset(),
            },
            Body::Done(done) => {
                Content::Done { errno: done.status.unwrap_or_default().unsigned_abs() }
            }
            Body::Other(bytes) => Content::Body(hex(bytes)),
        });
        let (snat, dnat, duration) = match &content {
            Some(Content::Conntrack(ct)) if message.kind() != Kind::Request => {
                (ct.snat(), ct.dnat(), ct.timestamp.duration_ns())
            }
            _ => (None, None, None),
        };
        Self {
            kind: message.kind(),
            msg_type,
            flags: header.nlmsg_flags.names(msg_type.flag_sense()).collect(),
            seq: header.nlmsg_seq,
            portid: header.nlmsg_pid,
            byte_order: message.endian(),
            family: message.nfgenmsg().map(|nfgen| nfgen.nfgen_family),
            cpu,
            content,
            snat,
            dnat,
            duration,
            unknown: gaps.unknown,
            errors: gaps.errors,
        }
    }
}

fn event_word<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    let kind = match kind {
        Kind::ExpectNew => &Kind::New,
        Kind::ExpectUpdate => &Kind::Update,
        Kind::ExpectDestroy => &Kind::Destroy,
        kind => kind,
    };
    kind.serialize(serializer)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect()
}

/// A visitor that collects what the decoded structs cannot hold.
#[derive(Default)]
struct Gaps {
    unknown: Vec<UnknownAttr>,
    errors: Vec<Problem>,
}

impl<'a> Visitor<'a> for Gaps {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for raw in attrs.raw() {
            match raw.and_then(|raw| S::decode(raw).map(|attr| (raw, attr))) {
                Ok((raw, attr)) => {
                    if S::SPEC.get(raw.number()).is_none() {
                        self.unknown.push(unknown::<S>(&raw));
                    }
                    S::visit_nest(&attr, self);
                }
                Err(error) => self.errors.push(error.into()),
            }
        }
    }
}

fn unknown<S: AttrSet>(raw: &RawAttr<'_>) -> UnknownAttr {
    UnknownAttr {
        set: S::SPEC.name,
        number: raw.number(),
        offset: raw.offset,
        hex: hex(raw.payload),
    }
}
