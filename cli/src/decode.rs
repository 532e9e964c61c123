//! `ctnetlink decode`.

use crate::args::{Decode, Format, Output};
use crate::input::{Place, Sink, Stop, read_all};
use ctnetlink::error::Error;
use ctnetlink::show::text::{LabelMap, Text};
use ctnetlink::show::{Annotate, MessageRecord, TimeZone, rfc3339};
use ctnetlink::wire::{AttrSet, Attrs, Visitor};
use ctnetlink::{Kind, Message};
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::process::ExitCode;

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Stop> {
    let has = |word| args.output.contains(&word);
    let labels = match &args.labelmap {
        Some(path) => {
            let map = std::fs::read_to_string(path)
                .map_err(|error| Stop::File(format!("{}: {error}", path.display())))?;
            Some(LabelMap::parse(&map))
        }
        None => None,
    };
    let mut printer = Printer {
        format: args.format,
        text: Text {
            extended: has(Output::Extended),
            id: has(Output::Id),
            ktimestamp: has(Output::Ktimestamp),
            timestamp: has(Output::Timestamp),
            labels: has(Output::Labels).then(|| labels.unwrap_or_default()),
            as_of: args.as_of,
            time_zone: TimeZone::from_env(),
        },
        out: BufWriter::new(io::stdout().lock()),
        interactive: io::stdout().is_terminal(),
        line: String::new(),
        several_files: args.files.len() > 1,
        shown: 0,
        others: 0,
    };
    let usable = read_all(&args.files, &mut printer)?;
    printer.out.flush()?;
    if printer.format == Format::Text {
        let Printer { shown, others, .. } = printer;
        eprintln!("{shown} messages shown; {others} requests, acknowledgements and others not");
    }
    Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

struct Printer {
    format: Format,
    text: Text,
    out: BufWriter<StdoutLock<'static>>,
    /// Whether a person waits for each line.
    interactive: bool,
    line: String,
    several_files: bool,
    shown: u64,
    others: u64,
}

/// A line of JSON: where the message was found, and the message.
#[derive(Serialize)]
struct JsonLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<std::borrow::Cow<'a, str>>,
    packet: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    #[serde(flatten)]
    message: MessageRecord,
}

impl Sink for Printer {
    fn message(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        let mut errors = Errors { place };
        if let Err(error) = message.visit(&mut errors) {
            errors.report(&error);
        }
        match self.format {
            Format::Text => self.text(place, message)?,
            Format::Json => self.json(place, message)?,
            Format::Annotate => self.annotate(place, message)?,
        }
        if self.interactive {
            self.out.flush()?;
        }
        Ok(())
    }

    fn error(&mut self) {}
}

impl Printer {
    fn text(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        self.line.clear();
        if self.text.write(message, place.packet.time, &mut self.line) {
            self.shown += 1;
            writeln!(self.out, "{}", self.line)
        } else {
            self.others += 1;
            Ok(())
        }
    }

    fn json(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        let line = JsonLine {
            file: self.several_files.then(|| place.file.to_string_lossy()),
            packet: place.packet.number,
            time: place.packet.time,
            message: MessageRecord::new(message),
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn annotate(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        let kind = match message.kind() {
            Kind::Request => "request",
            Kind::Reply => "reply",
            Kind::New => "event NEW",
            Kind::Update => "event UPDATE",
            Kind::Destroy => "event DESTROY",
            Kind::Control => "control",
            _ => "other subsystem",
        };
        write!(self.out, "# {place}: {kind}")?;
        if let Some(time) = place.packet.time {
            write!(self.out, ", {}", rfc3339(time))?;
        }
        writeln!(self.out, "\n{}", Annotate::new(*message))
    }
}

/// Tells on standard error what does not decode.
struct Errors<'p> {
    place: &'p Place<'p>,
}

impl Errors<'_> {
    fn report(&self, error: &Error) {
        eprintln!("{}: {error}", self.place);
    }
}

impl<'a> Visitor<'a> for Errors<'_> {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        for attr in attrs.iter() {
            match attr {
                Ok(attr) => S::visit_nest(&attr, self),
                Err(error) => self.report(&error),
            }
        }
    }
}
