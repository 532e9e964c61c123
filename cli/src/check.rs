//! `ctnetlink check`.

use crate::input::read_all;
use crate::messages::{Place, Sink};
use crate::options::jobs::Jobs;
use crate::output::{Counts, Output};
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Visitor};
use ctnetlink::{Kind, Message};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Check that re-encoded messages are identical to those in capture files
///
/// Every ctnetlink and control message is decoded and encoded again, both attribute by attribute
/// and as a whole. The last line is `messages=N exact=N errors=N`; `errors` counts the messages
/// that do not decode completely. The exit status is 1 if any message is not exact or has an error.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Capture files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
}

pub(crate) fn run(args: &Check) -> Result<Status, Stop> {
    let (counts, status) = read_all(&args.files, args.jobs.count(), &Checker)?;
    let Counts { messages, good: exact, errors } = counts;
    writeln!(io::stdout(), "messages={messages} exact={exact} errors={errors}")?;
    Ok(status.max(Status::flawed_if(exact != messages)))
}

struct Checker;

impl Sink for Checker {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        if message.kind() == Kind::Foreign {
            return;
        }
        let Output { problems, counts, .. } = out;
        counts.messages += 1;
        let mut is_broken = false;
        message.for_each_error(|error| {
            problems.error(format_args!("{place}: {error}"));
            is_broken = true;
        });
        counts.errors += u64::from(is_broken);
        let mut walk = Walk { exact: true };
        // A body that is too short has been reported.
        let _ = message.visit(&mut walk);
        match message.rebuild() {
            Ok(rebuilt) if walk.exact && rebuilt.as_bytes() == message.as_bytes() => {
                counts.good += 1;
            }
            // A body that is too short to be decoded is not re-encoded.
            Err(_) => counts.good += 1,
            Ok(rebuilt) => {
                let pairs = rebuilt.as_bytes().iter().zip(message.as_bytes());
                let offset = pairs.take_while(|(a, b)| a == b).count();
                problems
                    .error(format_args!("{place}: re-encoded bytes differ from byte {offset} on"));
            }
        }
    }
}

/// Encodes every list of attributes again and compares the bytes.
struct Walk {
    exact: bool,
}

impl<'a> Visitor<'a> for Walk {
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
        let mut raw = attrs.raw();
        let copy = AttrsBuf::<S>::build(attrs.endian(), |out| {
            while let Some(Ok(attr)) = raw.next() {
                out.put_raw(&attr);
            }
        });
        let copied = copy.map(AttrsBuf::into_bytes).unwrap_or_default();
        self.exact &= attrs.as_bytes().strip_prefix(&copied[..]) == Some(raw.rest());
        attrs.iter().flatten().for_each(|attr| S::visit_nest(&attr, self));
    }
}
