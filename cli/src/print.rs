//! Prints messages, wherever they come from.

use crate::args::{Format, Look, Output};
use crate::input::{Place, Stop};
use ctnetlink::error::Error;
use ctnetlink::show::text::{LabelMap, Text};
use ctnetlink::show::{Annotate, MessageRecord, TimeZone, rfc3339};
use ctnetlink::wire::{AttrSet, Attrs, Visitor};
use ctnetlink::{Kind, Message};
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

pub(crate) struct Printer {
    format: Format,
    text: Text,
    out: BufWriter<StdoutLock<'static>>,
    /// Whether a person waits for each line.
    interactive: bool,
    line: String,
    several_files: bool,
    /// Messages printed as text.
    pub(crate) shown: u64,
    /// Messages that have no text.
    pub(crate) others: u64,
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

impl Printer {
    pub(crate) fn new(look: &Look) -> Result<Self, Stop> {
        let has = |word| look.output.contains(&word);
        let labels = match &look.labelmap {
            Some(path) => {
                let map = std::fs::read_to_string(path)
                    .map_err(|error| Stop::Unusable(format!("{}: {error}", path.display())))?;
                Some(LabelMap::parse(&map))
            }
            None => None,
        };
        Ok(Self {
            format: look.format,
            text: Text {
                extended: has(Output::Extended),
                id: has(Output::Id),
                ktimestamp: has(Output::Ktimestamp),
                timestamp: has(Output::Timestamp),
                labels: has(Output::Labels).then(|| labels.unwrap_or_default()),
                as_of: None,
                time_zone: TimeZone::from_env(),
            },
            out: BufWriter::new(io::stdout().lock()),
            interactive: io::stdout().is_terminal(),
            line: String::new(),
            several_files: false,
            shown: 0,
            others: 0,
        })
    }

    /// Tells the age of living flows as of that time.
    pub(crate) fn with_as_of(mut self, time: Option<u64>) -> Self {
        self.text.as_of = time;
        self
    }

    /// Says in JSON of which file a message is.
    pub(crate) fn with_file_names(mut self) -> Self {
        self.several_files = true;
        self
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Prints a message. What does not decode is told on standard error.
    pub(crate) fn print(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
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

    fn text(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        self.line.clear();
        if self.text.write(message, place.time, &mut self.line) {
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
            packet: place.packet,
            time: place.time,
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
        if let Some(time) = place.time {
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
