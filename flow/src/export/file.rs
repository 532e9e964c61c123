//! IPFIX files (RFC 5655).

use super::exporter::{Exporter, MessageSize, Options};
use super::log_file::LogFile;
use super::problem::Problem;
use super::timer::{Timer, ns};
use super::{Counts, Destination, PAUSE};
use crate::Flow;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};

/// The version of IPFIX, with which a message begins.
const VERSION: u16 = 10;
/// The length of a message header.
const HEADER: u64 = 16;

/// A destination that writes an IPFIX file, or several of them in turn.
///
/// Each file begins with its templates. If the disk is full, the file ends with its last whole message,
/// and what waits is written later if there is space again.
///
/// # Examples
/// ```
/// use ctnetlink_flow::export::{Destination as _, IpfixFile, LogFile, Options};
///
/// # let path = std::env::temp_dir().join(format!("ctnetlink-doc-{}.ipfix", std::process::id()));
/// let now = 1_795_552_006_123_456_789;
/// let mut file = IpfixFile::new(LogFile::open(&path, None, now)?, Options::default(), now)?;
/// // A program calls `push` for each flow, and `tick` after each batch of them.
/// file.finish(now);
/// assert_eq!(std::fs::read(&path)?[..2], [0, 10]); // statistics
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct IpfixFile {
    exporter: Exporter,
    file: LogFile,
    /// A message that could not be written, for another attempt.
    kept: Vec<u8>,
    kept_size: MessageSize,
    /// Runs after an error, until the next attempt.
    pause: Option<Timer>,
    problem: Option<Problem>,
}

impl IpfixFile {
    /// Creates a destination that writes to `file`.
    ///
    /// If an earlier program was killed while it wrote the file, the part of a message at its end is
    /// cut off.
    ///
    /// # Errors
    /// Returns an error if the file contains something else, or cannot be read.
    pub fn new(mut file: LogFile, options: Options, now: u64) -> io::Result<Self> {
        file.cut(whole_messages)?;
        Ok(Self {
            exporter: Exporter::new(options, now),
            file,
            kept: Vec::new(),
            kept_size: MessageSize::default(),
            pause: None,
            problem: None,
        })
    }

    /// Writes all complete messages, until one cannot be written.
    fn write(&mut self, now: u64) {
        if !self.kept.is_empty() {
            let result = self.file.write_whole(&self.kept);
            if !self.note(result, now) {
                return;
            }
            self.kept.clear();
        }
        while let Some(message) = self.exporter.next_message(now) {
            let result = self.file.write_whole(message.bytes);
            if result.is_err() {
                // The messages after it need its templates.
                self.kept.extend_from_slice(message.bytes);
                self.kept_size = MessageSize::from(&message);
            }
            if !self.note(result, now) {
                return;
            }
        }
    }

    /// Reports the first error of several, and returns `false` if there is an error.
    fn note(&mut self, result: io::Result<()>, now: u64) -> bool {
        let had_failed = self.pause.is_some();
        self.pause = result.is_err().then(|| Timer::new(now, ns(PAUSE)));
        if let (Err(error), false) = (result, had_failed) {
            self.problem = Some(Problem::Write(self.file.path().to_owned(), error));
        }
        self.pause.is_none()
    }

    /// Gives up what could not be written.
    fn discard(&mut self, now: u64) {
        if !self.kept.is_empty() {
            self.kept.clear();
            self.exporter.failed(self.kept_size, now);
        }
        self.exporter.start_session(now);
    }
}

impl Destination for IpfixFile {
    fn push(&mut self, flow: &Flow<'_>, now: u64) {
        self.exporter.push(flow, now);
    }

    fn lost(&mut self, events: u64, now: u64) {
        self.exporter.lost(events, now);
    }

    fn tick(&mut self, now: u64) {
        self.exporter.tick(now);
        if self.pause.is_none_or(|pause| pause.is_due(now)) {
            self.write(now);
        }
        if self.file.is_rotation_due(now) {
            self.rotate(now);
        }
    }

    fn next_deadline(&self) -> u64 {
        let of_exporter = self.exporter.next_deadline().min(self.file.next_rotation());
        self.pause.map_or(of_exporter, |pause| pause.end().min(of_exporter))
    }

    fn rotate(&mut self, now: u64) {
        self.exporter.finish(now);
        self.write(now);
        match self.file.rotate(now).and_then(|()| self.file.cut(whole_messages)) {
            Ok(()) => self.discard(now),
            Err(error) => {
                self.problem = Some(Problem::Rotate(self.file.path().to_owned(), error));
            }
        }
    }

    fn finish(&mut self, now: u64) {
        self.exporter.finish(now);
        self.write(now);
        self.discard(now);
    }

    fn counts(&self) -> Counts {
        self.exporter.counts()
    }

    fn take_problem(&mut self) -> Option<Problem> {
        self.problem.take()
    }
}

/// Returns the number of bytes in the whole messages of a file.
fn whole_messages(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = 0;
    let mut header = [0; 4];
    while length - end >= header.len() as u64 {
        file.seek(SeekFrom::Start(end))?;
        file.read_exact(&mut header)?;
        let [v0, v1, l0, l1] = header;
        let message = u64::from(u16::from_be_bytes([l0, l1]));
        if u16::from_be_bytes([v0, v1]) != VERSION || message < HEADER {
            let problem = format!("expected IPFIX at byte {end}: the file contains something else");
            return Err(io::Error::new(ErrorKind::InvalidData, problem));
        }
        if end + message > length {
            break;
        }
        end += message;
    }
    Ok(end)
}
