//! Reads vectors back, and compares their values with their bytes.
//!
//! There are three comparisons, none of which uses the generator. The decoded struct is read from the
//! bytes and from the JSON, and encoded to bytes again. A reader without the attribute tables iterates
//! the attributes, and decodes their values by their form. The errors of malformed messages are those
//! of iterating typed attributes.

use super::json::{error, hex, record};
use crate::output::print_error;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::capture::Reader;
use ctnetlink::flat::{ExpectStats, Layout, Record as _, StatsCpu, StatsGlobal};
use ctnetlink::kernel::{Arch, DumpOrder, Kernel, Release};
use ctnetlink::msg_size::{CtShape, ctnetlink_nlmsg_size};
use ctnetlink::wire::{AttrSet, Attrs, Endian, Visitor, nlmsg_total_size};
use ctnetlink::{Body, Conntrack, Expectation, Kind, Message, MessageBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

pub(super) fn run(dir: &Path) -> Result<Status, Stop> {
    let mut datagrams = Datagrams::default();
    let (vectors, exact) = each(dir, "vectors.jsonl", |line| vector(line, &mut datagrams))?;
    let (malformed, as_expected) = each(dir, "malformed.jsonl", broken)?;
    let capture = dir.join("vectors.pcapng");
    let is_captured = match datagrams.compare(&capture) {
        Ok(()) => true,
        Err(problem) => {
            print_error(format_args!("{}: {problem}", capture.display()));
            false
        }
    };
    let datagrams = datagrams.all.len();
    writeln!(
        io::stdout(),
        "vectors={vectors} exact={exact} datagrams={datagrams} malformed={malformed} as_expected={as_expected}"
    )?;
    let is_good = vectors > 0 && vectors == exact && malformed == as_expected && is_captured;
    Ok(Status::flawed_if(!is_good))
}

/// Checks each line of a file.
///
/// Returns the number of lines, and the number of those that are right.
fn each(
    dir: &Path,
    name: &str,
    mut check: impl FnMut(&Line) -> Result<(), String>,
) -> Result<(usize, usize), Stop> {
    let path = dir.join(name);
    let text = fs::read_to_string(&path).map_err(|error| Stop::file(&path, &error))?;
    let (mut lines, mut good) = (0, 0);
    for text in text.lines() {
        lines += 1;
        let line = serde_json::from_str(text).map_err(|error| error.to_string());
        match line.and_then(|line| check(&line)) {
            Ok(()) => good += 1,
            Err(problem) => {
                print_error(format_args!("{}: line {lines}: {problem}", path.display()))
            }
        }
    }
    Ok((lines, good))
}

/// The keys of a line of either file.
#[derive(Deserialize)]
struct Line {
    hex: String,
    kernel: String,
    arch: String,
    datagram: Option<usize>,
    offset: Option<usize>,
    #[serde(default)]
    ext: Vec<String>,
    secctx_len: Option<usize>,
    nlmsg_size: Option<usize>,
    alloc: Option<usize>,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Deserialize)]
struct Field {
    path: String,
    offset: usize,
    nla_len: usize,
    nla_type: u16,
    form: String,
    #[serde(default)]
    value: Value,
}

impl Line {
    fn bytes(&self) -> Result<Vec<u8>, String> {
        let digits: Option<Vec<u32>> = self.hex.chars().map(|c| c.to_digit(16)).collect();
        let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or("hex: not bytes")?;
        Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | *d as u8)).collect())
    }

    fn kernel(&self) -> Result<Kernel, String> {
        let release: Release = self.kernel.parse().map_err(|error| format!("kernel: {error}"))?;
        let arch: Arch = self.arch.parse().map_err(|error| format!("arch: {error}"))?;
        Ok(Kernel { arch, ..Kernel::new(release) })
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, here: &T, there: &T) -> Result<(), String> {
    if here == there { Ok(()) } else { Err(format!("{what}: {here:?}, from the bytes {there:?}")) }
}

fn vector(line: &Line, datagrams: &mut Datagrams) -> Result<(), String> {
    let bytes = line.bytes()?;
    let kernel = line.kernel()?;
    let endian = kernel.arch.endian();
    datagrams.add(line, &bytes);
    let message = Message::parse_with(&bytes, endian).map_err(|error| error.to_string())?;
    same("length", &message.as_bytes().len(), &bytes.len())?;
    same("errors", &Vec::new(), &decode(&message).1)?;
    same("message", &line.message, &record(&message))?;
    flat(&kernel, &line.message, &message, &line.fields)?;
    let walked = walk(&bytes, 20, endian, &|nla_type| nla_type & 0x8000 != 0);
    let walked = if message.kind() == Kind::Control { Vec::new() } else { walked };
    let listed: Vec<_> =
        line.fields.iter().map(|field| (field.offset, field.nla_len, field.nla_type)).collect();
    same("fields", &listed, &walked)?;
    line.fields.iter().try_for_each(|field| value(field, &bytes, endian))?;
    size(line, &kernel, &message)
}

fn broken(line: &Line) -> Result<(), String> {
    let bytes = line.bytes()?;
    let endian = line.kernel()?.arch.endian();
    let message = match Message::parse_with(&bytes, endian) {
        Ok(message) => message,
        Err(problem) => {
            same("message", &line.message, &Value::Null)?;
            return same("errors", &line.errors, &vec![error(&problem)]);
        }
    };
    let (decoded, errors) = decode(&message);
    same("errors", &line.errors, &errors)?;
    same("fields", &line.fields.len(), &decoded)?;
    same("message", &line.message, &record(&message))?;
    line.fields.iter().try_for_each(|field| value(field, &bytes, endian))
}

/// Returns the number of attributes that decode, and the errors of the others.
fn decode(message: &Message<'_>) -> (usize, Vec<Value>) {
    struct Walk(usize, Vec<Value>);
    impl<'a> Visitor<'a> for Walk {
        fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
            for attr in attrs.iter() {
                match attr {
                    Ok(attr) => {
                        self.0 += 1;
                        S::visit_nest(&attr, self);
                    }
                    Err(problem) => self.1.push(error(&problem)),
                }
            }
        }
    }
    let mut walk = Walk(0, Vec::new());
    if let Err(problem) = message.visit(&mut walk) {
        walk.1.push(error(&problem));
    }
    (walk.0, walk.1)
}

/// Compares the struct in the JSON, encoded in the kernel's order, with the message.
///
/// Pad attributes are the only ones that the struct lacks.
fn flat(
    kernel: &Kernel,
    json: &Value,
    message: &Message<'_>,
    fields: &[Field],
) -> Result<(), String> {
    fn read<T: serde::de::DeserializeOwned>(json: &Value, key: &str) -> Result<T, String> {
        let value = json.get(key).cloned().ok_or_else(|| format!("message: no {key}"))?;
        serde_json::from_value(value).map_err(|error| format!("message: {key}: {error}"))
    }
    let Ok(builder) = MessageBuilder::try_from(message) else { return Ok(()) };
    let layout = if message.kind() == Kind::Reply { Layout::Dump } else { Layout::Event };
    let built = match message.body().map_err(|error| error.to_string())? {
        Body::Conntrack(..) => {
            let ct: Conntrack = read(json, "conntrack")?;
            if layout == Layout::Dump && kernel.release.order_of_dump() != DumpOrder::ExtensionsLast
            {
                // Dumps before 5.5 have another order: compare values.
                return same("flat value", &ct, &Conntrack::try_from(*message).unwrap_or_default());
            }
            ct.to_message(&builder, layout)
        }
        Body::Expect(..) => {
            let expectation: Expectation = read(json, "expectation")?;
            builder.build(|out| expectation.write(out))
        }
        Body::StatsCpu(..) => {
            let stats: StatsCpu = read(json, "stats_cpu")?;
            builder.build(|out| stats.write(out))
        }
        Body::StatsGlobal(..) => {
            let stats: StatsGlobal = read(json, "stats_global")?;
            builder.build(|out| stats.write(out))
        }
        Body::ExpectStats(..) => {
            let stats: ExpectStats = read(json, "expect_stats")?;
            builder.build(|out| stats.write(out))
        }
        _ => return Ok(()),
    };
    let built = built.map_err(|error| format!("flat value: {error}"))?;
    let pads = fields.iter().filter(|field| field.form == "pad").count();
    if pads == 0 {
        return same("flat value", &hex(built.as_bytes()), &hex(message.as_bytes()));
    }
    same("length without pads", &(built.as_bytes().len() + 4 * pads), &message.as_bytes().len())
}

/// Returns offset, length and type of each attribute, from their headers alone.
fn walk(
    bytes: &[u8],
    from: usize,
    endian: Endian,
    is_nest: &dyn Fn(u16) -> bool,
) -> Vec<(usize, usize, u16)> {
    let mut list = Vec::new();
    let mut at = from;
    while let Some(&[a, b, c, d]) = bytes.get(at..at + 4) {
        let (nla_len, nla_type) = (usize::from(endian.u16([a, b])), endian.u16([c, d]));
        list.push((at, nla_len, nla_type));
        if is_nest(nla_type) {
            list.extend(walk(bytes.get(..at + nla_len).unwrap_or(bytes), at + 4, endian, is_nest));
        }
        at += nla_len.max(4).next_multiple_of(4);
    }
    list
}

/// Compares the value of an attribute in the JSON with the bytes.
fn value(field: &Field, bytes: &[u8], endian: Endian) -> Result<(), String> {
    let Field { path, offset, nla_len, nla_type, form, value } = field;
    let attr = bytes.get(*offset..offset + nla_len).ok_or_else(|| format!("{path}: not there"))?;
    let &[a, b, c, d, ref payload @ ..] = attr else { return Err(format!("{path}: no header")) };
    same(path, &(*nla_len, *nla_type), &(endian.u16([a, b]).into(), endian.u16([c, d])))?;
    let number = || payload.iter().fold(0_u64, |n, &byte| n << 8 | u64::from(byte));
    let length = |expected: usize| same(path, &expected, &payload.len());
    let found = match form.as_str() {
        "nest" => Value::Null,
        "pad" => {
            length(0)?;
            Value::Null
        }
        "u8" => {
            length(1)?;
            number().into()
        }
        "be16" => {
            length(2)?;
            number().into()
        }
        "be32" => {
            length(4)?;
            number().into()
        }
        "be64" => {
            length(8)?;
            number().into()
        }
        "ipv4" => {
            length(4)?;
            payload.iter().map(u8::to_string).collect::<Vec<_>>().join(".").into()
        }
        "ipv6" => {
            length(16)?;
            let text = value.as_str().and_then(|text| text.parse::<std::net::Ipv6Addr>().ok());
            same(path, &text.map(|address| address.octets().to_vec()), &Some(payload.to_vec()))?;
            value.clone()
        }
        "tcp_flags" => {
            length(2)?;
            json!({"flags": payload.first(), "mask": payload.get(1)})
        }
        // Words of the machine's size and byte order, the last one perhaps without its end.
        "bits" => {
            let (word, is_big) = match endian {
                Endian::Little => (8, false),
                Endian::Big => (8, true),
                Endian::Big32 => (4, true),
            };
            let mut bits = Vec::new();
            for (n, chunk) in payload.chunks(word).enumerate() {
                let mut chunk = chunk.to_vec();
                chunk.resize(word, 0);
                if is_big {
                    chunk.reverse();
                }
                for bit in 0..8 * word {
                    if chunk.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 != 0) {
                        bits.push(8 * word * n + bit);
                    }
                }
            }
            bits.into()
        }
        "str" => {
            let (nul, text) = payload.split_last().ok_or_else(|| format!("{path}: no NUL"))?;
            same(path, &0, nul)?;
            String::from_utf8_lossy(text).into()
        }
        "bytes" => hex(payload).into(),
        _ => return Err(format!("{path}: form {form}")),
    };
    same(path, value, &found)
}

/// Compares the sizes with those computed from the message and the list of extensions.
fn size(line: &Line, kernel: &Kernel, message: &Message<'_>) -> Result<(), String> {
    let Some(nlmsg_size) = line.nlmsg_size else { return Ok(()) };
    let ct = Conntrack::try_from(*message).map_err(|error| error.to_string())?;
    let has = |name| line.ext.iter().any(|ext| ext == name);
    let shape = CtShape {
        acct: has("acct"),
        timestamp: has("timestamp"),
        labels: has("labels").then_some(16),
        secctx: line.secctx_len.filter(|_| has("secctx")),
        ..CtShape::from(&ct)
    };
    same("nlmsg_size", &nlmsg_size, &ctnetlink_nlmsg_size(kernel, &shape))?;
    line.alloc.map_or(Ok(()), |alloc| same("alloc", &alloc, &nlmsg_total_size(nlmsg_size)))
}

/// The datagrams that the vectors form.
#[derive(Default)]
struct Datagrams {
    all: Vec<Vec<u8>>,
    misplaced: usize,
}

impl Datagrams {
    fn add(&mut self, line: &Line, bytes: &[u8]) {
        if line.datagram == Some(self.all.len()) {
            self.all.push(Vec::new());
        }
        let count = self.all.len();
        match self.all.last_mut() {
            Some(last) if line.datagram == Some(count - 1) && line.offset == Some(last.len()) => {
                last.extend_from_slice(bytes);
            }
            _ => self.misplaced += 1,
        }
    }

    fn compare(&self, capture: &Path) -> Result<(), String> {
        if self.misplaced > 0 {
            return Err(format!("{} vectors are not where they say", self.misplaced));
        }
        let file = File::open(capture).map_err(|error| error.to_string())?;
        let mut reader = Reader::new(file).map_err(|error| error.to_string())?;
        let mut datagrams = self.all.iter();
        while let Some(packet) = reader.next_packet() {
            let packet = packet.map_err(|error| error.to_string())?;
            if datagrams.next().map(Vec::as_slice) != Some(packet.data) {
                return Err(format!("packet {} is not that of the vectors", packet.number));
            }
        }
        match datagrams.count() {
            0 => Ok(()),
            missing => Err(format!("{missing} datagrams are missing")),
        }
    }
}
