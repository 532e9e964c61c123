//! `ctnetlink sim`: the simulated kernel against a recording.

use crate::decompress::decompress;
use crate::messages::report_skipped;
use crate::options::release::known_release;
use crate::output::{Output, print_error};
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::capture::Reader;
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::{IpctEvents, Rebuilder, Recorded, RecordedKind};
use ctnetlink::wire::Datagram;
use ctnetlink::{Kind, Message};
use serde_json::Value;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

/// Compare a recording with the messages of the simulated kernel
///
/// The command reconstructs an entry from each recorded message, has the simulated kernel emit it again,
/// and compares the bytes and, where recorded, the allocation size. The recording is a
/// capture, such as `record` writes, or JSON lines with `hex`, and optionally `kind`, `ipct_events`,
/// `alloc`, `alloc_exp`, `ext`, `lsm` and `dgram_off8`. It may be compressed.
/// Requests are skipped. The last line of output is `messages=N exact=N sizes=N sizes_exact=N`. The exit
/// status is 1 if anything differs.
#[derive(clap::Args)]
pub(crate) struct Sim {
    /// Recording, or - for standard input
    file: PathBuf,
    /// Kernel release, from 2.6.39 to 7.2, such as 6.12 or 6.12.111
    #[arg(long, value_parser = known_release)]
    kernel: Release,
    /// Machine and properties that differ from it, such as arm64,page=16384
    ///
    /// Machines: x86_64, i386, arm64, arm, mips, mipsel, ppc64le, riscv64, s390x. Properties: word (4 or
    /// 8 bytes), order (little or big), pads (no or yes), overhead (bytes of an skb), page (bytes), hz.
    #[arg(long, default_value = "x86_64")]
    arch: Arch,
}

/// Returns the message in a line of a recording.
fn bytes(line: &Value) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let hex = line.get("hex")?.as_str()?.as_bytes();
    let pair = |pair: &[u8]| match *pair {
        [hi, lo] => Some(digit(hi)? << 4 | digit(lo)?),
        _ => None,
    };
    hex.chunks(2).map(pair).collect()
}

/// Returns the other values of the line, with `offset` as the default offset in the datagram.
fn recorded(line: &Value, offset: usize) -> Recorded {
    let number = |key| line.get(key).and_then(Value::as_u64);
    let ext = line.get("ext").and_then(Value::as_array);
    let has = |name: &str| ext.is_some_and(|ext| ext.iter().any(|value| value == name));
    let events = number("ipct_events").and_then(|bits| u32::try_from(bits).ok());
    Recorded {
        kind: match kind(line) {
            "ctrzero" => RecordedKind::CtrZero,
            "unconfirmed" => RecordedKind::Unconfirmed,
            kind if kind.starts_with("dump_filter") => RecordedKind::Filtered,
            _ => RecordedKind::Plain,
        },
        ipct_events: events.map(IpctEvents::from_bits_retain),
        acct: has("acct"),
        timestamp: has("timestamp"),
        labels: has("labels"),
        context_without_nul: matches!(
            line.get("lsm").and_then(Value::as_str),
            Some("apparmor" | "smack")
        ),
        // Pads depend on the remainder by 8 alone.
        offset: number("dgram_off8").and_then(|n| usize::try_from(n).ok()).unwrap_or(offset),
    }
}

fn kind(line: &Value) -> &str {
    line.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// How many there were, and how many came out the same.
#[derive(Default)]
struct Count {
    messages: usize,
    exact: usize,
    sizes: usize,
    sizes_exact: usize,
}

pub(crate) fn run(args: &Sim) -> Result<Status, Stop> {
    let unusable = |error: io::Error| Stop::file(&args.file, &error);
    let input: Box<dyn Read> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(&args.file).map_err(unusable)?),
    };
    let mut input = BufReader::new(decompress(input).map_err(unusable)?);
    let is_json = input.fill_buf().map_err(unusable)?.trim_ascii_start().starts_with(b"{");
    let kernel = Kernel { arch: args.arch, ..Kernel::new(args.kernel) };
    let mut comparison =
        Comparison { rebuilder: Rebuilder::new(kernel), count: Count::default(), is_flawed: false };
    match is_json {
        true => comparison.read_lines(&args.file, &kernel, input)?,
        false => comparison.read_capture(&args.file, &kernel, input)?,
    }
    let Count { messages, exact, sizes, sizes_exact } = comparison.count;
    writeln!(
        io::stdout(),
        "messages={messages} exact={exact} sizes={sizes} sizes_exact={sizes_exact}"
    )?;
    Ok(Status::flawed_if(comparison.is_flawed))
}

/// The offsets of the messages of a dump, one after another, if they are not recorded.
#[derive(Default)]
struct Dump {
    /// The kind, the sequence number and the port id of the dump.
    of: (String, u32, u32),
    end: usize,
}

impl Dump {
    fn offset(&mut self, kind: &str, message: &Message<'_>) -> usize {
        let header = message.header();
        let of = (kind.to_owned(), header.nlmsg_seq, header.nlmsg_pid);
        if self.of != of || header.nlmsg_seq == 0 {
            *self = Self { of, end: 0 };
        }
        let offset = self.end;
        self.end += message.as_bytes().len();
        offset
    }
}

/// The comparison of a recording with the simulated kernel.
struct Comparison {
    rebuilder: Rebuilder,
    count: Count,
    /// At least one message was unreadable or differed.
    is_flawed: bool,
}

impl Comparison {
    fn report(&mut self, file: &Path, problem: impl Display) {
        print_error(format_args!("{}: {problem}", file.display()));
        self.is_flawed = true;
    }

    /// Compares the messages of JSON lines.
    fn read_lines(
        &mut self,
        file: &Path,
        kernel: &Kernel,
        input: impl BufRead,
    ) -> Result<(), Stop> {
        let mut dump = Dump::default();
        for (number, line) in (1..).zip(input.lines()) {
            let line = line.map_err(|error| Stop::file(file, &error))?;
            if line.trim().is_empty() {
                continue;
            }
            if let Err(problem) = self.compare_line(kernel, &mut dump, &line) {
                self.report(file, format_args!("message {number}: {problem}"));
            }
        }
        Ok(())
    }

    /// Compares the messages of a capture.
    fn read_capture(&mut self, file: &Path, kernel: &Kernel, input: impl Read) -> Result<(), Stop> {
        let reader = Reader::new(input)
            .map_err(|error| Stop::Unusable(format!("{}: {error}", file.display())))?;
        let mut reader = reader.with_word_size(kernel.arch.word);
        while let Some(packet) = reader.next_packet() {
            let packet = match packet {
                Ok(packet) => packet,
                Err(error) => {
                    self.report(file, error);
                    continue;
                }
            };
            let mut datagram = Datagram::new(packet.data, packet.endian);
            loop {
                let offset = datagram.offset();
                let Some(raw) = datagram.next() else { break };
                self.count.messages += 1;
                let result = raw
                    .and_then(|raw| Message::parse_with(raw.bytes, raw.endian))
                    .map_err(|error| error.to_string())
                    .and_then(|message| {
                        self.compare(&message, &recorded(&Value::Null, offset), None)
                    });
                if let Err(problem) = result {
                    self.report(file, format_args!("packet {}: {problem}", packet.number));
                }
            }
        }
        let mut out = Output::default();
        report_skipped(file, &reader.skipped(), &mut out);
        out.emit()?;
        Ok(())
    }

    /// Compares the message in a line, and returns an error that describes the difference.
    fn compare_line(&mut self, kernel: &Kernel, dump: &mut Dump, line: &str) -> Result<(), String> {
        // Whatever cannot be read counts as a message that is not exact.
        self.count.messages += 1;
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if kind(&line) == "request" {
            self.count.messages -= 1;
            return Ok(());
        }
        let bytes = bytes(&line).ok_or("hex: not pairs of hexadecimal digits")?;
        let message =
            Message::parse_with(&bytes, kernel.arch.endian()).map_err(|error| error.to_string())?;
        let offset = dump.offset(kind(&line), &message);
        let alloc = line.get("alloc").or_else(|| line.get("alloc_exp")).and_then(Value::as_u64);
        self.compare(&message, &recorded(&line, offset), alloc)
    }

    /// Compares a counted message and its size, and returns an error that describes the difference.
    fn compare(
        &mut self,
        message: &Message<'_>,
        recorded: &Recorded,
        alloc: Option<u64>,
    ) -> Result<(), String> {
        let (bytes, count) = (message.as_bytes(), &mut self.count);
        if matches!(message.kind(), Kind::Request | Kind::Foreign) {
            count.messages -= 1;
            return Ok(());
        }
        let rebuilt = self.rebuilder.rebuild(message, recorded);
        let Some(rebuilt) = rebuilt.map_err(|error| error.to_string())? else {
            count.messages -= 1;
            return Ok(());
        };
        let mut problems = Vec::new();
        if rebuilt.bytes == bytes {
            count.exact += 1;
        } else {
            let same = rebuilt.bytes.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs);
            problems.push(format!(
                "differs from byte {} on: {} bytes recorded, {} simulated",
                same.count(),
                bytes.len(),
                rebuilt.bytes.len()
            ));
        }
        if let Some(recorded) = alloc {
            count.sizes += 1;
            if rebuilt.alloc.and_then(|size| u64::try_from(size).ok()) == Some(recorded) {
                count.sizes_exact += 1;
            } else {
                let computed = rebuilt.alloc.map_or("no size".into(), |size| size.to_string());
                problems.push(format!("allocated {recorded}, computed {computed}"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    }
}
