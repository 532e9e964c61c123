//! `ctnetlink check`.

use crate::input::read_all;
use crate::messages::{Place, Sink};
use crate::options::jobs::Jobs;
use crate::output::{Counts, Output};
use crate::stop::Stop;
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Visitor};
use ctnetlink::{Kind, Message};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Decodes every message and encodes it again: the bytes must be the same.
///
/// Every ctnetlink and control message is written again attribute by attribute, and through the
/// typed tree. The last line is `messages=N exact=N errors=N`. Exits with 1 if any message was
/// not byte-exact.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Capture files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
}

pub(crate) fn run(args: &Check) -> Result<ExitCode, Stop> {
    let summary = read_all(&args.files, args.jobs.count(), &Checker)?;
    let Counts { messages, good: exact, errors } = summary.counts;
    writeln!(io::stdout(), "messages={messages} exact={exact} errors={errors}")?;
    Ok(match summary.usable {
        true => ExitCode::from(u8::from(exact != messages)),
        false => ExitCode::from(2),
    })
}

struct Checker;

impl Sink for Checker {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        if message.kind() == Kind::Foreign {
            return;
        }
        let Output { stderr, counts, .. } = out;
        counts.messages += 1;
        let mut walk = Walk { exact: true, errors: 0 };
        // Writing to a string does not fail.
        if let Err(error) = message.visit(&mut walk) {
            let _ = writeln!(stderr, "{place}: {error}");
            walk.errors += 1;
        }
        counts.errors += u64::from(walk.errors > 0);
        match message.rebuild() {
            Ok(rebuilt) if walk.exact && rebuilt.as_bytes() == message.as_bytes() => {
                counts.good += 1;
            }
            // A body too short to be taken apart is not rebuilt, and nothing of it is lost.
            Err(_) => counts.good += 1,
            Ok(rebuilt) => {
                let pairs = rebuilt.as_bytes().iter().zip(message.as_bytes());
                let offset = pairs.take_while(|(a, b)| a == b).count();
                let _ = writeln!(stderr, "{place}: encodes to other bytes from byte {offset} on");
            }
        }
    }
}

/// Writes each run of attributes again as they lie, and counts what does not decode.
struct Walk {
    exact: bool,
    errors: u64,
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
        for attr in attrs.iter() {
            match attr {
                Ok(attr) => S::visit_nest(&attr, self),
                Err(_) => self.errors += 1,
            }
        }
    }
}
