//! A capture file on several threads.
//!
//! One thread takes the file apart into batches of packets, workers turn batches into text, and this
//! thread writes that, in order. Whoever is free takes the next batch; for each, this thread has been
//! given beforehand, in the order of the file, where the result will come from. So many batches are
//! under way at most, and they are used again: memory does not grow with the file. Whoever finds the
//! other end of a channel gone ends, too.

use crate::input::{Origin, Sink, Stop, read_messages, tell, tell_skipped};
use crate::output::{Counts, Output};
use ctnetlink::capture::{CaptureError, Reader};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Bytes and packets of a batch: so many that handing it over costs little, so few that it is still in
/// a processor's cache when it gets to the next thread.
const BYTES: usize = 128 << 10;
const PACKETS: usize = 1024;
/// Batches under way for each worker: enough to go on with while another one is held up.
const UNDER_WAY: usize = 4;

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
                Part::Error(error) => tell(file, error, &mut self.out),
            }
        }
    }
}

/// A batch to be worked on, and where it is to go then.
type Task = (Batch, SyncSender<Batch>);

/// Gives the messages of a capture to `sink` on `jobs` threads, and writes what it makes of them.
pub(crate) fn read(
    file: &Path,
    mut reader: Reader<impl Read + Send>,
    jobs: usize,
    sink: &impl Sink,
) -> Result<Counts, Stop> {
    let (give, tasks) = sync_channel(UNDER_WAY * jobs);
    let (announce, results) = sync_channel(UNDER_WAY * jobs);
    let (recycle, used) = channel();
    let tasks = &Mutex::new(tasks);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(move || work(file, tasks, sink));
        }
        let splitter = scope.spawn(move || {
            split(&mut reader, &used, &give, &announce);
            reader.skipped()
        });
        let mut counts = write(results, &recycle)?;
        let mut last = Output::default();
        if let Ok(skipped) = splitter.join() {
            tell_skipped(file, &skipped, &mut last);
        }
        last.emit()?;
        counts += last.counts;
        Ok(counts)
    })
}

/// Takes the file apart.
fn split(
    reader: &mut Reader<impl Read>,
    used: &Receiver<Batch>,
    give: &SyncSender<Task>,
    announce: &SyncSender<Receiver<Batch>>,
) {
    loop {
        let mut batch = used.try_recv().unwrap_or_default();
        if !batch.fill(reader) {
            return;
        }
        let (done, result) = sync_channel(1);
        // Nobody waits for results any more when nobody reads the output.
        if announce.send(result).is_err() || give.send((batch, done)).is_err() {
            return;
        }
    }
}

/// Makes text of batches as long as there are any.
fn work(file: &Path, tasks: &Mutex<Receiver<Task>>, sink: &impl Sink) {
    loop {
        let task = tasks.lock().map(|tasks| tasks.recv());
        let Ok(Ok((mut batch, done))) = task else { return };
        batch.work(file, sink);
        let _ = done.send(batch);
    }
}

/// Writes what the workers have made.
fn write(results: Receiver<Receiver<Batch>>, recycle: &Sender<Batch>) -> io::Result<Counts> {
    let mut counts = Counts::default();
    for result in results {
        // Unless the worker panicked, which ends everything.
        let Ok(mut batch) = result.recv() else { break };
        batch.out.emit()?;
        counts += std::mem::take(&mut batch.out.counts);
        // At the end of the file nobody takes it.
        let _ = recycle.send(batch);
    }
    Ok(counts)
}
