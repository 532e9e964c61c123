//! `ctnetlink check`.

use crate::input::{Place, Sink, Stop, read_all};
use ctnetlink::wire::{AttrSet, Attrs, AttrsBuf, Visitor};
use ctnetlink::{Kind, Message};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) fn run(files: &[PathBuf]) -> Result<ExitCode, Stop> {
    let mut counts = Counts::default();
    let usable = read_all(files, &mut counts)?;
    let Counts { messages, exact, errors } = counts;
    writeln!(io::stdout(), "messages={messages} exact={exact} errors={errors}")?;
    Ok(match usable {
        true => ExitCode::from(u8::from(exact != messages)),
        false => ExitCode::from(2),
    })
}

#[derive(Default)]
struct Counts {
    messages: u64,
    exact: u64,
    errors: u64,
}

impl Sink for Counts {
    fn message(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        if message.kind() == Kind::Foreign {
            return Ok(());
        }
        self.messages += 1;
        let mut walk = Walk { exact: true, errors: 0 };
        if let Err(error) = message.visit(&mut walk) {
            eprintln!("{place}: {error}");
            walk.errors += 1;
        }
        self.errors += u64::from(walk.errors > 0);
        match message.rebuild() {
            Ok(rebuilt) if walk.exact && rebuilt.as_bytes() == message.as_bytes() => {
                self.exact += 1
            }
            // A body too short to be taken apart is not rebuilt, and nothing of it is lost.
            Err(_) => self.exact += 1,
            Ok(rebuilt) => {
                let pairs = rebuilt.as_bytes().iter().zip(message.as_bytes());
                let offset = pairs.take_while(|(a, b)| a == b).count();
                eprintln!("{place}: encodes to other bytes from byte {offset} on");
            }
        }
        Ok(())
    }

    fn error(&mut self) {
        self.errors += 1;
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
