//! Reads a capture file on several threads.
//!
//! Each thread takes a batch of packets from the file, decodes it, and writes the text: the packets
//! stay in its processor's cache, and it rarely waits for another thread. A lock guards the file. A
//! baton, which is passed from batch to batch in the order of the file, is the right to write. A
//! thread that ends early drops the baton, which ends the other threads. Each thread reuses one
//! batch, so memory does not grow with the file.

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

/// Number of bytes in a batch.
///
/// A larger batch would leave the processor's cache before it is decoded; a smaller one would spend
/// more time on the lock and the baton.
const BYTES: usize = 256 << 10;
/// Number of packets in a batch.
const PACKETS: usize = 2048;

/// The right to write, with the counts of everything written before.
struct Baton(Counts);

/// The file, which one thread at a time reads.
struct Source<R> {
    reader: Reader<R>,
    /// Where the next batch receives the baton.
    baton: Receiver<Baton>,
}

/// A batch's place in the output.
struct Turn {
    before: Receiver<Baton>,
    after: Sender<Baton>,
}

/// A part of a capture, and its output.
#[derive(Default)]
struct Batch {
    /// The bytes of all packets.
    bytes: Vec<u8>,
    parts: Vec<Part>,
    out: Output,
}

enum Part {
    /// A packet, with its number of bytes.
    Packet(Origin, usize),
    Error(CaptureError),
}

impl<R: Read> Source<R> {
    /// Fills a batch.
    ///
    /// Returns `None` at the end of the file.
    fn next(&mut self, batch: &mut Batch) -> Option<Turn> {
        if !batch.fill(&mut self.reader) {
            return None;
        }
        let (after, baton) = channel();
        Some(Turn { before: std::mem::replace(&mut self.baton, baton), after })
    }
}

impl Batch {
    /// Reads the next packets.
    ///
    /// Returns `false` if there are none.
    fn fill(&mut self, reader: &mut Reader<impl Read>) -> bool {
        self.bytes.clear();
        // A single huge packet must not keep its memory.
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
                    let (data, after) = rest.split_at_checked(*length).unwrap_or_default();
                    rest = after;
                    read_messages(file, origin, data, sink, &mut self.out);
                }
                Part::Error(error) => report(file, error, &mut self.out),
            }
        }
    }
}

/// Passes the messages of a capture to `sink` on `jobs` threads, and writes its output.
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
    // No thread panicked, and the last batch has passed the baton on.
    let source = source.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut counts = source.baton.recv().map_or(Counts::default(), |Baton(counts)| counts);
    let mut last = Output::default();
    report_skipped(file, &source.reader.skipped(), &mut last);
    last.emit()?;
    counts += last.counts;
    Ok(counts)
}

/// Processes batches until the end of the file.
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
