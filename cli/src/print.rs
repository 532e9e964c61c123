//! Prints messages in the chosen format.

use crate::messages::Place;
use crate::options::output::{Field, Format, OutputOptions};
use crate::output::{Output, print_warning};
use crate::stop::Stop;
use ctnetlink::error::Error;
use ctnetlink::format::text::Text;
use ctnetlink::format::{Annotate, Json, TimeZone, rfc3339};
use ctnetlink::{Kind, Message};
use std::io::Write as _;

pub(crate) struct Printer {
    format: Format,
    text: Text,
    several_files: bool,
    /// JSON objects have the key `hex`, with the whole message.
    hex: bool,
}

impl Printer {
    pub(crate) fn new(options: &OutputOptions) -> Result<Self, Stop> {
        let time_zone = TimeZone::from_env().unwrap_or_else(|error| {
            print_warning(format_args!("{error}; times are in UTC"));
            TimeZone::UTC
        });
        let has = |field| options.fields.contains(&field);
        if has(Field::Hex) && options.format != Format::Json {
            return Err(Stop::Unusable("`-o hex` needs `--format json`".into()));
        }
        Ok(Self {
            format: options.format,
            text: Text {
                extended: has(Field::Extended),
                id: has(Field::Id),
                ktimestamp: has(Field::Ktimestamp),
                timestamp: has(Field::Timestamp),
                labels: has(Field::Labels).then_some(options.labelmap.read()?),
                as_of: None,
                time_zone,
            },
            several_files: false,
            hex: has(Field::Hex),
        })
    }

    /// Sets the time at which the age of active flows is computed.
    pub(crate) fn with_as_of(mut self, time: Option<u64>) -> Self {
        self.text.as_of = time;
        self
    }

    /// Adds the name of the file to each message in JSON.
    pub(crate) fn with_file_names(mut self) -> Self {
        self.several_files = true;
        self
    }

    /// Reports the errors of a message that is not printed.
    pub(crate) fn report_errors(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        let mut is_broken = false;
        message.for_each_error(|error| {
            out.problems.error(format_args!("{place}: {error}"));
            is_broken = true;
        });
        out.counts.errors += u64::from(is_broken);
    }

    /// Prints a message.
    ///
    /// Its errors go to standard error.
    pub(crate) fn print(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        let Output { stdout, problems, counts } = out;
        let mut is_broken = false;
        let mut report = |error: Error| {
            problems.error(format_args!("{place}: {error}"));
            is_broken = true;
        };
        counts.messages += 1;
        let printed = match self.format {
            Format::Text => self.text.write_and_report(message, place.time, stdout, &mut report),
            Format::Json => self.json(place, message, stdout, &mut report),
            Format::Annotate => annotate(place, message, stdout, &mut report),
        };
        counts.errors += u64::from(is_broken);
        if printed {
            stdout.push(b'\n');
            counts.good += 1;
        }
    }

    fn json(
        &self,
        place: &Place<'_>,
        message: &Message<'_>,
        stdout: &mut Vec<u8>,
        report: &mut dyn FnMut(Error),
    ) -> bool {
        let file = self.several_files.then(|| place.file.to_string_lossy());
        let json = Json {
            file: file.as_deref(),
            packet: Some(place.packet),
            time: place.time,
            hex: self.hex,
        };
        json.write_and_report(message, stdout, report);
        true
    }
}

fn annotate(
    place: &Place<'_>,
    message: &Message<'_>,
    stdout: &mut Vec<u8>,
    report: &mut dyn FnMut(Error),
) -> bool {
    message.for_each_error(report);
    let kind = match message.kind() {
        Kind::Request => "request",
        Kind::Reply => "reply",
        Kind::New | Kind::ExpectNew => "event NEW",
        Kind::Update | Kind::ExpectUpdate => "event UPDATE",
        Kind::Destroy | Kind::ExpectDestroy => "event DESTROY",
        Kind::Control => "control",
        _ => "other subsystem",
    };
    let _ = write!(stdout, "# {place}: {kind}");
    if let Some(time) = place.time {
        let _ = write!(stdout, ", {}", rfc3339(time));
    }
    let _ = write!(stdout, "\n{}", Annotate::new(*message));
    true
}
