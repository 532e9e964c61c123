//! Capture files, message by message.

use crate::decompress::decompress;
use crate::messages::{Origin, Sink, read_messages, report, report_skipped};
use crate::output::{Counts, Output, print_error};
use crate::parallel;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::capture::{CaptureError, Reader};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

/// Files shorter than this are read before a progress bar could be seen.
const LONG: u64 = 16 << 20;

/// Reads the files one after another and gives their messages to `sink`, on `jobs` threads.
///
/// Returns the sums of the counts, and the status: `Failed` if a file could not be used, and
/// `Flawed` if there was an error in any. All errors have been reported. The text on each of the
/// standard streams does not depend on the number of threads.
pub(crate) fn read_all(
    files: &[impl AsRef<Path>],
    jobs: usize,
    sink: &impl Sink,
) -> Result<(Counts, Status), Stop> {
    let (mut counts, mut status) = (Counts::default(), Status::Done);
    for file in files {
        match read(file.as_ref(), jobs, sink) {
            Err(Stop::Unusable(problem)) => {
                print_error(problem);
                status = Status::Failed;
            }
            other => counts += other?,
        }
    }
    Ok((counts, status.max(Status::flawed_if(counts.errors > 0))))
}

fn read(file: &Path, jobs: usize, sink: &impl Sink) -> Result<Counts, Stop> {
    let unusable = |error: io::Error| Stop::file(file, &error);
    if file == Path::new("-") {
        return read_in_turn(file, io::stdin().lock(), sink);
    }
    let input = File::open(file).map_err(unusable)?;
    let metadata = input.metadata().map_err(unusable)?;
    if metadata.is_dir() {
        return Err(unusable(io::ErrorKind::IsADirectory.into()));
    }
    let bar = (metadata.len() >= LONG && io::stderr().is_terminal()).then(|| {
        ProgressBar::new(metadata.len()).with_style(
            ProgressStyle::with_template("{bar:40} {percent}% {bytes}/{total_bytes} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        )
    });
    let input: Box<dyn Read + Send> = match &bar {
        Some(bar) => Box::new(bar.wrap_read(input)),
        None => Box::new(input),
    };
    // Several threads are for what is all there and for no one to watch: messages that come through
    // a pipe are printed as they come, and a person sees a problem after the line that precedes it.
    let result = if jobs > 1 && metadata.is_file() && !io::stdout().is_terminal() {
        let input = decompress(input).map_err(unusable)?;
        let reader = Reader::new(input).map_err(|error| no_capture(file, &error))?;
        parallel::read(file, reader.with_word_size(sink.word_size()), jobs, sink)
    } else {
        read_in_turn(file, input, sink)
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

fn no_capture(file: &Path, error: &CaptureError) -> Stop {
    Stop::Unusable(format!("{}: {error}", file.display()))
}

/// Reads a capture on this thread.
fn read_in_turn(file: &Path, input: impl Read, sink: &impl Sink) -> Result<Counts, Stop> {
    let pending = RefCell::new((Output::default(), Ok(())));
    let input = Prompt { input, pending: &pending };
    let input = decompress(input).map_err(|error| Stop::file(file, &error))?;
    let reader = Reader::new(input).map_err(|error| no_capture(file, &error))?;
    let mut reader = reader.with_word_size(sink.word_size());
    while let Some(packet) = reader.next_packet() {
        let (out, written) = &mut *pending.borrow_mut();
        std::mem::replace(written, Ok(()))?;
        match packet {
            Ok(packet) => read_messages(file, &Origin::from(&packet), packet.data, sink, out),
            Err(error) => report(file, &error, out),
        }
        out.emit_if_due()?;
    }
    let skipped = reader.skipped();
    drop(reader);
    let (mut out, written) = pending.into_inner();
    written?;
    report_skipped(file, &skipped, &mut out);
    out.emit()?;
    Ok(out.counts)
}

/// An input that writes pending output before each read, because the read may block.
struct Prompt<'o, R> {
    input: R,
    /// The output, and the result of the last write.
    pending: &'o RefCell<(Output, io::Result<()>)>,
}

impl<R: Read> Read for Prompt<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (out, written) = &mut *self.pending.borrow_mut();
        *written = out.emit();
        match written {
            Ok(()) => self.input.read(buffer),
            // Standard output is closed, so that reading on is useless.
            Err(_) => Ok(0),
        }
    }
}
