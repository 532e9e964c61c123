//! Messages of records.

use super::element::Element;
use super::open::{Open, SET_HEADER};
use super::record::{self, Fields, Template};
use super::shape::Shape;
use super::statistics::{self, Statistics};
use crate::Flow;
use ctnetlink::Status;
use std::collections::VecDeque;

/// The set that contains templates.
const TEMPLATES: u16 = 2;
/// The set that contains options templates.
const OPTIONS_TEMPLATES: u16 = 3;
/// The domain of statistics.
const STATISTICS_DOMAIN: u32 = 0;

/// Which records a flow makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A DESTROY event makes one record with both directions (RFC 5103).
    #[default]
    Biflow,
    /// A DESTROY event makes a record for each direction that had packets.
    ///
    /// The original direction always has one. This is for collectors that ignore reverse information
    /// elements.
    Uniflow,
    /// The NEW and DESTROY events of an IPv4 flow with NAT each make a NAT event (RFC 8158).
    NatEvents,
}

/// The options of an [`Encoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The observation domain of the flow records.
    ///
    /// Some collectors tell exporters apart by address and domain alone, so that two on one host
    /// need different ones. 0 is the domain of the statistics.
    pub domain: u32,
    /// Which records a flow makes.
    pub mode: Mode,
    /// Exports the mark, as an element of the netfilter project.
    pub mark: bool,
    /// The number of bytes in the longest message.
    ///
    /// Over UDP, this is the path MTU without the headers of IP and UDP. The least is
    /// [`Config::SHORTEST`].
    pub max_message: usize,
}

impl Config {
    /// The lowest value of `max_message`: the longest template and its record fit.
    pub const SHORTEST: usize = 400;
    /// The highest value of `max_message`, for TCP and files.
    pub const LONGEST: usize = 65_535;
}

/// Biflows in domain 1, without marks, in messages of any length.
impl Default for Config {
    fn default() -> Self {
        Self { domain: 1, mode: Mode::Biflow, mark: false, max_message: Self::LONGEST }
    }
}

/// A complete message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpfixMessage<'a> {
    /// The bytes to send.
    pub bytes: &'a [u8],
    /// The number of flow records in it.
    pub records: u32,
}

/// A message in the queue.
#[derive(Clone, Copy, Debug)]
struct Queued {
    length: usize,
    records: u32,
}

/// An encoder of flows, which collects records into messages.
///
/// Messages that are complete wait in a queue, in their order. No record allocates memory once the
/// queue has reached its largest size.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Endian, Message};
/// use ctnetlink_flow::Flow;
/// use ctnetlink_flow::ipfix::{Config, Encoder};
///
/// // A DESTROY event that is reduced to its headers.
/// let bytes = [0x14, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
/// let message = Message::parse_with(&bytes, Endian::Little)?;
/// let orig = ctnetlink::Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
/// let entry = Conntrack { id: Some(0x1234_5678), ..Conntrack::new(orig) };
///
/// let now = 1_795_552_006_123_456_789;
/// let mut encoder = Encoder::new(Config::default());
/// assert_eq!(encoder.push(&Flow::new(message, &entry), now), 1);
/// encoder.flush(now);
/// let message = encoder.next_message().unwrap();
/// assert_eq!(message.records, 1);
/// assert_eq!(message.bytes[..2], [0, 10]); // the version
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    config: Config,
    open: Open,
    /// The bytes of the messages in `queue`, after those that were taken.
    bytes: Vec<u8>,
    taken: usize,
    queue: VecDeque<Queued>,
    /// The number of data records before the open message, by domain.
    sequence: u32,
    statistics_sequence: u32,
    /// The templates that this session contains.
    announced: Vec<Announced>,
    statistics_announced: bool,
}

/// A template that a collector knows.
#[derive(Debug)]
struct Announced {
    shape: Shape,
    /// The template record.
    template: Vec<u8>,
    /// The length of a data record.
    record_length: usize,
}

impl Encoder {
    /// Creates an encoder at the start of a transport session.
    ///
    /// A `max_message` outside its limits is replaced by the nearest limit.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let max_message = config.max_message.clamp(Config::SHORTEST, Config::LONGEST);
        Self {
            config: Config { max_message, ..config },
            open: Open::new(max_message),
            bytes: Vec::new(),
            taken: 0,
            queue: VecDeque::new(),
            sequence: 0,
            statistics_sequence: 0,
            announced: Vec::new(),
            statistics_announced: false,
        }
    }

    /// Adds the records of a flow, and returns their number.
    ///
    /// The number is 0 if the flow has no record in this [`Mode`], or if it lacks an address, the
    /// protocol or the id, which every message of a kernel contains. `now` is the time in nanoseconds
    /// since the Unix epoch. If the record does not fit the open message, that message goes to the queue.
    #[inline]
    pub fn push(&mut self, flow: &Flow<'_>, now: u64) -> u32 {
        let Some(shape) = self.shape(flow) else { return 0 };
        let first = match self.config.mode {
            Mode::Biflow => Record::Biflow,
            Mode::Uniflow => Record::Original,
            Mode::NatEvents => Record::NatEvent,
        };
        self.push_record(shape, flow, first, now);
        if self.has_second_record(flow) {
            self.push_record(shape.of_reply(flow), flow, Record::Reply, now);
            return 2;
        }
        1
    }

    /// Returns the number of records that [`push`](Self::push) would add.
    #[must_use]
    pub fn record_count(&self, flow: &Flow<'_>) -> u32 {
        match self.shape(flow) {
            Some(_) => 1 + u32::from(self.has_second_record(flow)),
            None => 0,
        }
    }

    #[inline]
    fn shape(&self, flow: &Flow<'_>) -> Option<Shape> {
        Shape::of(flow, self.config.mode, self.config.mark)
    }

    #[inline]
    fn has_second_record(&self, flow: &Flow<'_>) -> bool {
        self.config.mode == Mode::Uniflow && has_reply(flow)
    }

    /// Adds the statistics as two records of a message of their own.
    ///
    /// The open message goes to the queue before it. Their sequence is that of domain 0.
    pub fn push_statistics(&mut self, statistics: &Statistics, now: u64) {
        self.flush(now);
        let Config { domain, max_message: max, .. } = self.config;
        if !self.statistics_announced {
            self.statistics_announced = true;
            let (mut sent, mut not_sent) = (Template::default(), Template::default());
            statistics::sent(statistics, domain, &mut sent);
            statistics::not_sent(statistics, &mut not_sent);
            self.open.begin_set(OPTIONS_TEMPLATES);
            self.open.append(&template_record(statistics::SENT, &sent.0, Some(1)));
            self.open.append(&template_record(statistics::NOT_SENT, &not_sent.0, Some(1)));
        }
        self.open.begin_set(statistics::SENT);
        self.open.append_fields(max, |out| statistics::sent(statistics, domain, out));
        self.open.begin_set(statistics::NOT_SENT);
        self.open.append_fields(max, |out| statistics::not_sent(statistics, out));
        let sequence = self.statistics_sequence;
        self.statistics_sequence = sequence.wrapping_add(2);
        self.enqueue(STATISTICS_DOMAIN, sequence, 0, now);
    }

    /// Adds the templates of all shapes so far, in messages of their own.
    ///
    /// Over UDP, this has to be done again and again, because collectors forget templates and may have
    /// been restarted.
    pub fn resend_templates(&mut self, now: u64) {
        self.statistics_announced = false;
        self.flush(now);
        for announced in std::mem::take(&mut self.announced) {
            self.announce(announced, now);
        }
        self.flush(now);
    }

    /// Begins a new transport session: a new connection, or a new file.
    ///
    /// Sequence numbers begin at 0 again, and each template is sent again before its first record.
    /// Messages that are not sent yet belong to the old session and are discarded. Returns the number of
    /// flow records in them.
    pub fn start_session(&mut self) -> u64 {
        let queued: u64 = self.queue.iter().map(|queued| u64::from(queued.records)).sum();
        let discarded = queued + u64::from(self.open.records());
        *self = Self::new(self.config);
        discarded
    }

    /// Sets the number of bytes in the longest message, from the next message on.
    pub fn set_max_message(&mut self, max_message: usize, now: u64) {
        self.flush(now);
        self.config.max_message = max_message.clamp(Config::SHORTEST, Config::LONGEST);
        self.open = Open::new(self.config.max_message);
    }

    /// Moves the open message to the queue, if it contains anything.
    pub fn flush(&mut self, now: u64) {
        let records = self.open.records();
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(records);
        self.enqueue(self.config.domain, sequence, records, now);
    }

    /// Returns `true` if records wait in a message that is not complete.
    #[must_use]
    pub fn has_open_message(&self) -> bool {
        !self.open.is_empty()
    }

    /// Returns the number of bytes in the queue.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Takes the next message out of the queue.
    pub fn next_message(&mut self) -> Option<IpfixMessage<'_>> {
        let Some(Queued { length, records }) = self.queue.pop_front() else {
            self.bytes.clear();
            self.taken = 0;
            return None;
        };
        let start = self.taken;
        self.taken += length;
        let bytes = self.bytes.get(start..self.taken).unwrap_or_default();
        Some(IpfixMessage { bytes, records })
    }

    /// Adds a record, with its template before it if the session does not contain it yet.
    #[inline]
    fn push_record(&mut self, shape: Shape, flow: &Flow<'_>, kind: Record, now: u64) {
        let max = self.config.max_message;
        let is_open = self.open.set_id() == shape.template_id();
        if !(is_open && self.open.push(max, |out| kind.put(shape, flow, out))) {
            self.begin_data_set(shape, flow, kind, now);
            self.open.push(max, |out| kind.put(shape, flow, out));
        }
    }

    /// Begins a set with room for a record.
    #[inline(never)]
    fn begin_data_set(&mut self, shape: Shape, flow: &Flow<'_>, kind: Record, now: u64) {
        let announced = self.announced.iter().find(|announced| announced.shape == shape);
        let record_length = match announced {
            Some(announced) => announced.record_length,
            None => {
                let mut fields = Template::default();
                kind.put(shape, flow, &mut fields);
                let template = Announced {
                    shape,
                    template: template_record(shape.template_id(), &fields.0, None),
                    record_length: fields.0.iter().map(|field| usize::from(field.length)).sum(),
                };
                let record_length = template.record_length;
                // Both go into one message if they fit.
                let both = template.template.len() + SET_HEADER + record_length;
                self.make_room(SET_HEADER + both, now);
                self.announce(template, now);
                record_length
            }
        };
        self.make_room(SET_HEADER + record_length, now);
        self.open.begin_set(shape.template_id());
    }

    /// Adds a template.
    fn announce(&mut self, announced: Announced, now: u64) {
        self.make_room(SET_HEADER + announced.template.len(), now);
        if self.open.set_id() != TEMPLATES {
            self.open.begin_set(TEMPLATES);
        }
        self.open.append(&announced.template);
        self.announced.push(announced);
    }

    /// Moves the open message to the queue if it is too long for another `length` bytes.
    fn make_room(&mut self, length: usize, now: u64) {
        if self.open.length() + length > self.config.max_message {
            self.flush(now);
        }
    }

    /// Completes the open message.
    fn enqueue(&mut self, domain: u32, sequence: u32, records: u32, now: u64) {
        if self.open.is_empty() {
            return;
        }
        // A queue that never becomes empty must not keep what was taken.
        if self.queue.is_empty() || self.taken > self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        let bytes = self.open.complete(domain, sequence, now);
        self.bytes.extend_from_slice(bytes);
        self.queue.push_back(Queued { length: bytes.len(), records });
    }
}

/// The kinds of records.
#[derive(Clone, Copy)]
enum Record {
    Biflow,
    Original,
    Reply,
    NatEvent,
}

impl Record {
    #[inline(always)]
    fn put(self, shape: Shape, flow: &Flow<'_>, out: &mut impl Fields) {
        match self {
            // The offsets in the most frequent records are known at compile time.
            Self::Biflow if shape == Shape::COMMON => record::biflow(Shape::COMMON, flow, out),
            Self::Biflow if shape == Shape::COMMON_NAT => {
                record::biflow(Shape::COMMON_NAT, flow, out);
            }
            Self::Biflow => record::biflow(shape, flow, out),
            Self::Original => record::uniflow(shape, flow, false, out),
            Self::Reply => record::uniflow(shape, flow, true, out),
            Self::NatEvent => record::nat_event(shape, flow, out),
        }
    }
}

/// Returns `true` if the reply of a flow deserves a record.
fn has_reply(flow: &Flow<'_>) -> bool {
    match flow.entry.counters_reply.packets {
        Some(packets) => packets > 0,
        None => flow.entry.status.is_some_and(|status| status.contains(Status::SEEN_REPLY)),
    }
}

/// Returns a template record; `scopes` is the number of scope fields of an options template.
fn template_record(id: u16, fields: &[Element], scopes: Option<u16>) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&(fields.len() as u16).to_be_bytes());
    if let Some(scopes) = scopes {
        out.extend_from_slice(&scopes.to_be_bytes());
    }
    for field in fields {
        field.write_specifier(&mut out);
    }
    out
}
