//! `ctnetlink record`.

use crate::live::{Until, losses, open, survive};
use crate::options::event::Event;
use crate::options::listen::Listen;
use crate::options::time::now;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::capture::PcapngWriter;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::{Buffer, Events, Socket};
use ctnetlink::{Body, Message};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `NETLINK_NETFILTER`.
const FAMILY: u16 = 12;
/// `PACKET_OUTGOING`: what we send.
const REQUEST: u16 = 4;
/// `PACKET_HOST`: what the kernel answers.
const ANSWER: u16 = 0;
/// `PACKET_MULTICAST`: what the kernel tells everybody.
const EVENT: u16 = 2;
/// How long the kernel may take for a part of a dump.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records events of the running kernel in a pcapng file, for `decode`, `check` and Wireshark.
///
/// With --dump the file begins with the table: the request and the kernel's answers. Ends on
/// Ctrl-C, and the file is complete then. Losses are told on standard error as they happen; its
/// last line is `packets=N messages=N losses=N dropped=N`. Needs CAP_NET_ADMIN in the network
/// namespace.
#[derive(clap::Args)]
pub(crate) struct Record {
    /// The file to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Which events.
    #[arg(
        short,
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "new,update,destroy,expect-new,expect-destroy"
    )]
    event: Vec<Event>,
    /// Records what is in the table first.
    #[arg(long)]
    dump: bool,
    #[command(flatten)]
    listen: Listen,
}

pub(crate) fn run(args: &Record) -> Result<Status, Stop> {
    let mut until = Until::new(&args.listen)?;
    let groups: Vec<_> = args.event.iter().map(|&event| event.into()).collect();
    // Events first, so that none is missed between the dump and them.
    let mut events = open(&args.listen, &groups)?;
    let to_stdout = args.output == Path::new("-");
    let unusable = |error: io::Error| match to_stdout {
        true => Stop::Output(error),
        false => Stop::file(&args.output, &error),
    };
    let file: Box<dyn Write> = match to_stdout {
        true => Box::new(io::stdout().lock()),
        false => Box::new(File::create(&args.output).map_err(unusable)?),
    };
    let writer = PcapngWriter::new(BufWriter::new(file)).map_err(unusable)?;
    let mut tape = Tape { writer, packets: 0, messages: 0 };
    let mut buffer = Buffer::default();
    let result = dump(args, &until, &mut tape, &mut buffer, unusable)
        .and_then(|()| follow(&mut until, &mut events, &mut tape, &mut buffer, unusable));
    // Whatever happened, the file is complete as far as it goes.
    tape.writer.flush().map_err(unusable)?;
    let status = result?;
    eprintln!("packets={} messages={} {}", tape.packets, tape.messages, losses(&events));
    Ok(status)
}

struct Tape {
    writer: PcapngWriter<BufWriter<Box<dyn Write>>>,
    packets: u64,
    messages: u64,
}

impl Tape {
    fn write(&mut self, packet_type: u16, datagram: &[u8]) -> io::Result<()> {
        self.packets += 1;
        self.messages += Message::all(datagram, ctnetlink::wire::Endian::NATIVE).count() as u64;
        self.writer.write_packet(now().unwrap_or(0), packet_type, FAMILY, datagram)
    }
}

fn dump(
    args: &Record,
    until: &Until,
    tape: &mut Tape,
    buffer: &mut Buffer,
    unusable: impl Fn(io::Error) -> Stop,
) -> Result<(), Stop> {
    if !args.dump {
        return Ok(());
    }
    let mut socket = Socket::open()?;
    socket.set_timeout(Some(PATIENCE))?;
    let request =
        request::dump(&Selector::default(), 1).map_err(|e| Stop::Unusable(e.to_string()))?;
    tape.write(REQUEST, request.as_bytes()).map_err(&unusable)?;
    socket.send(request.as_bytes())?;
    while !until.is_over() {
        if !socket.receive(buffer)? {
            // Ctrl-C, or the kernel is silent.
            if until.is_over() {
                break;
            }
            return Err(Stop::Unusable("no answer from the kernel in time".into()));
        }
        tape.write(ANSWER, buffer.datagram()).map_err(&unusable)?;
        for message in buffer.messages().flatten() {
            match message.body() {
                Ok(Body::Done(_)) => return Ok(()),
                Ok(Body::Error(error)) => {
                    let error = io::Error::from_raw_os_error(error.error.saturating_neg());
                    return Err(Stop::Unusable(format!("the kernel refused the dump: {error}")));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn follow(
    until: &mut Until,
    events: &mut Events,
    tape: &mut Tape,
    buffer: &mut Buffer,
    unusable: impl Fn(io::Error) -> Stop,
) -> Result<Status, Stop> {
    let mut status = Status::Done;
    while !until.is_over() {
        match events.receive(buffer) {
            Ok(true) => {
                tape.write(EVENT, buffer.datagram()).map_err(&unusable)?;
                buffer.messages().for_each(|_| until.count());
            }
            Ok(false) => {
                tape.writer.flush().map_err(&unusable)?;
                until.wait(events)?;
            }
            Err(error) => {
                survive(error, events)?;
                status = Status::Flawed;
            }
        }
    }
    Ok(status)
}
