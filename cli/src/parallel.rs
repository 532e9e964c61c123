//! A capture file on several threads.
//!
//! Each of them takes the next packets out of the file, makes text of them and writes it: what it
//! has read stays in its processor's cache, and it hardly ever waits for another. They take turns at
//! both ends: the file is locked, and for the output a baton goes from batch to batch, in the order
//! of the file. A thread that ends early drops the baton, and that ends the others. There is a batch
//! for each thread, used again and again: memory does not grow with the file.

use crate::messages::{Origin, Sink, read_messages, report, report_skipped};
use crate::output::{Counts, Output};
use crate::stop::Stop;
use ctnetlink::capture::{CaptureError, Reader};
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes and packets of a batch: so many that taking turns costs little, so few that they are still in
/// the processor's cache when they are decoded.
const BYTES: usize = 256 << 10;
const PACKETS: usize = 2048;

/// The right to write, and what was counted in all that has been written.
struct Baton(Counts);

/// What the threads take turns at.
struct Source<R> {
    reader: Reader<R>,
    /// Where the next batch will get the baton from.
    baton: Receiver<Baton>,
}

/// A batch's place in the output.
struct Turn {
    before: Receiver<Baton>,
    after: Sender<Baton>,
}

/// A part of a capture, and what was made of it.
#[derive(Default)]
struct Batch {
    /// The packets' bytes, one after another.
    bytes: Vec<u8>,
    parts: Vec<Part>,
    out: Output,
}

enum Part {
    /// A packet of so many bytes.
    Packet(Origin, usize),
    Error(CaptureError),
}

impl<R: Read> Source<R> {
    /// Fills a batch; `None` at the end of the file.
    fn next(&mut self, batch: &mut Batch) -> Option<Turn> {
        if !batch.fill(&mut self.reader) {
            return None;
        }
        let (after, baton) = channel();
        Some(Turn { before: std::mem::replace(&mut self.baton, baton), after })
    }
}

impl Batch {
    /// Reads on; `false` at the end of the file, when there is nothing in it.
    fn fill(&mut self, reader: &mut Reader<impl Read>) -> bool {
        self.bytes.clear();
        // After a huge packet.
        self.bytes.shrink_to(2 * BYTES);
        self.parts.clear();
        while self.bytes.len() < BYTES && self.parts.len() < PACKETS {
            let Some(packet) = reader.next_packet() else { break };
            self.parts.push(match packet {
                Ok(packet) => {
                    self.bytes.extend_from_slice(packet.data);
                    Part::Packet(Origin::from(&packet), packet.data.len())
                }
                Err(error) => Part::Error(error),
            });
        }
        !self.parts.is_empty()
    }

    fn work(&mut self, file: &Path, sink: &impl Sink) {
        let mut rest = &self.bytes[..];
        for part in &self.parts {
            match part {
                Part::Packet(origin, length) => {
                    let (data, behind) = rest.split_at_checked(*length).unwrap_or_default();
                    rest = behind;
                    read_messages(file, origin, data, sink, &mut self.out);
                }
                Part::Error(error) => report(file, error, &mut self.out),
            }
        }
    }
}

/// Gives the messages of a capture to `sink` on `jobs` threads, and writes what it makes of them.
pub(crate) fn read(
    file: &Path,
    reader: Reader<impl Read + Send>,
    jobs: usize,
    sink: &impl Sink,
) -> Result<Counts, Stop> {
    let (first, baton) = channel();
    let _ = first.send(Baton(Counts::default()));
    let source = Mutex::new(Source { reader, baton });
    thread::scope(|scope| {
        let work = || work(file, &source, sink);
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|p| resume_unwind(p)))
    })?;
    // Nobody panicked, and the last batch has passed the baton on.
    let source = source.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut counts = source.baton.recv().map_or(Counts::default(), |Baton(counts)| counts);
    let mut last = Output::default();
    report_skipped(file, &source.reader.skipped(), &mut last);
    last.emit()?;
    counts += last.counts;
    Ok(counts)
}

/// Works on batches as long as there are any.
fn work<R: Read>(file: &Path, source: &Mutex<Source<R>>, sink: &impl Sink) -> io::Result<()> {
    let mut batch = Batch::default();
    loop {
        let next = source.lock().map(|mut source| source.next(&mut batch));
        let Ok(Some(turn)) = next else { return Ok(()) };
        batch.work(file, sink);
        let Ok(Baton(mut counts)) = turn.before.recv() else { return Ok(()) };
        batch.out.emit()?;
        counts += std::mem::take(&mut batch.out.counts);
        let _ = turn.after.send(Baton(counts));
    }
}
