//! `ctnetlink record`.

use crate::live::{Until, enable_times, losses, note_times, open, survive};
use crate::matcher::Matcher;
use crate::options::event::Event;
use crate::options::filter::Filter;
use crate::options::labels::LabelMapOption;
use crate::options::listen::{Listen, Times};
use crate::options::time::seconds;
use crate::output::print_error;
use crate::status::Status;
use crate::stop::Stop;
use crate::tape::{Rotation, Tape};
use ctnetlink::socket::{Buffer, Events, Socket, SocketError};
use ctnetlink::{Body, Kind, request};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PACKET_OUTGOING`, for requests.
const REQUEST: u16 = 4;
/// `PACKET_HOST`, for replies.
const REPLY: u16 = 0;
/// `PACKET_MULTICAST`, for events.
const EVENT: u16 = 2;
/// How long the kernel may take for a part of a dump.
const PATIENCE: Duration = Duration::from_secs(10);

/// Record events of the running kernel in a pcapng file, for `decode`, `check` and Wireshark
///
/// With --dump, the file starts with the table: the request and the replies. Ends on Ctrl-C; the
/// file is complete then. Event loss is reported on standard error when it happens. The last line
/// there is `packets=N messages=N losses=N dropped=N`. Filters apply to the attributes that an event
/// contains. Needs CAP_NET_ADMIN in the network namespace.
///
/// With --rotate-size or --rotate-seconds, there are several files, each of them complete: for
/// `--output flows.pcapng` flows-00001.pcapng, flows-00002.pcapng and so on.
///
/// If the file cannot be written any further, for example because the disk is full, it ends with its
/// last complete packet, and the exit status is 1.
#[derive(clap::Args)]
pub(crate) struct Record {
    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Events to record
    #[arg(
        short,
        long,
        alias = "event-mask",
        value_enum,
        ignore_case = true,
        value_delimiter = ',',
        default_value = "new,update,destroy,expect-new,expect-destroy"
    )]
    event: Vec<Event>,
    /// Record the entries of the table first
    #[arg(long)]
    dump: bool,
    /// Start a new file before the next packet when the file has BYTES or more
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    rotate_size: Option<u64>,
    /// Start a new file before the next packet when the file is SECONDS old or older
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    rotate_seconds: Option<Duration>,
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    labelmap: LabelMapOption,
}

pub(crate) fn run(args: &Record) -> Result<Status, Stop> {
    let matcher = args.filter.matcher(&args.labelmap.read()?)?;
    let to_stdout = args.output == Path::new("-");
    let rotation = Rotation { size: args.rotate_size, time: args.rotate_seconds };
    if to_stdout && rotation.is_wanted() {
        return Err(Stop::Unusable("standard output is one file: it cannot be rotated".into()));
    }
    let mut until = Until::new(&args.listen)?;
    let groups: Vec<_> = args.event.iter().map(|&event| event.into()).collect();
    // Events first, so that none is missed between the dump and them.
    enable_times(&args.times)?;
    let mut events = open(&args.listen, &groups, &matcher)?;
    note_times(&args.times);
    let stop = |path: &Path, error: io::Error| match to_stdout {
        true => Stop::Output(error),
        false => Stop::file(path, &error),
    };
    let tape = Tape::create(&args.output, rotation)
        .map_err(|error| stop(&rotation.path(&args.output, 1), error))?;
    let mut recorder = Recorder { tape, matcher, buffer: Buffer::default(), status: Status::Done };
    let result = match args.dump {
        true => recorder.dump(&until),
        false => Ok(()),
    };
    let result = result.and_then(|()| recorder.follow(&mut until, &mut events));
    // The file is complete as far as it goes, whatever happened.
    let flushed = recorder.tape.flush().map_err(Failure::Write);
    let Recorder { tape, status, .. } = recorder;
    let failure = match result.and(flushed) {
        Ok(()) => None,
        Err(Failure::Write(error)) => Some(stop(&tape.path(), error)),
        Err(Failure::Other(stop)) => Some(stop),
    };
    let status = match failure {
        None => status,
        Some(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return Err(Stop::Output(error));
        }
        Some(stop) if tape.packets == 0 => return Err(stop),
        Some(stop) => {
            print_error(stop);
            Status::Flawed
        }
    };
    eprintln!("packets={} messages={} {}", tape.packets, tape.messages, losses(&events));
    Ok(status)
}

/// Why a recording ends early.
enum Failure {
    /// The file cannot be written.
    Write(io::Error),
    Other(Stop),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Other(stop)
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        Self::Other(error.into())
    }
}

struct Recorder {
    tape: Tape,
    matcher: Matcher,
    buffer: Buffer,
    status: Status,
}

impl Recorder {
    /// Records the table.
    fn dump(&mut self, until: &Until) -> Result<(), Failure> {
        let mut socket = Socket::open()?;
        socket.set_timeout(Some(PATIENCE))?;
        let request = request::dump(&self.matcher.for_kernel()).with_seq(1);
        self.write(REQUEST, request.as_bytes())?;
        socket.send_datagram(request.as_bytes())?;
        while !until.is_over() {
            if !socket.receive_datagram(&mut self.buffer)? {
                // A signal, or the kernel does not reply.
                if until.is_over() {
                    break;
                }
                return Err(Stop::Unusable("no reply from the kernel in time".into()).into());
            }
            self.write_matching(REPLY)?;
            for message in self.buffer.messages().flatten() {
                match message.body() {
                    Ok(Body::Done(_)) => return Ok(()),
                    Ok(Body::Error(error)) => {
                        let error = io::Error::from_raw_os_error(error.error.saturating_neg());
                        let problem = format!("the kernel rejected the dump: {error}");
                        return Err(Stop::Unusable(problem).into());
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Records events until the end.
    fn follow(&mut self, until: &mut Until, events: &mut Events) -> Result<(), Failure> {
        while !until.is_over() {
            match events.try_recv_datagram(&mut self.buffer) {
                Ok(true) => {
                    let count = self.write_matching(EVENT)?;
                    (0..count).for_each(|_| until.count());
                }
                Ok(false) => {
                    self.tape.flush().map_err(Failure::Write)?;
                    until.wait(events)?;
                }
                Err(error) => {
                    survive(error, events)?;
                    self.status = Status::Flawed;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, packet_type: u16, datagram: &[u8]) -> Result<(), Failure> {
        self.tape.write(packet_type, datagram).map_err(Failure::Write)
    }

    /// Records the messages of the received datagram that match, and returns their number.
    fn write_matching(&mut self, packet_type: u16) -> Result<u64, Failure> {
        let mut count = 0;
        let mut all = true;
        let mut datagram = Vec::new();
        for message in self.buffer.messages() {
            let is_wanted = message.as_ref().is_ok_and(|message| {
                message.kind() == Kind::Control || self.matcher.matches(message)
            });
            match message {
                Ok(message) if is_wanted => {
                    count += 1;
                    datagram.extend_from_slice(message.as_bytes());
                }
                _ => all = false,
            }
        }
        let datagram = match all || self.matcher == Matcher::default() {
            true => self.buffer.datagram(),
            false => &datagram,
        };
        if !datagram.is_empty() {
            self.tape.write(packet_type, datagram).map_err(Failure::Write)?;
        }
        Ok(count)
    }
}
