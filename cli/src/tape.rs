//! The files of a recording.

use crate::options::time::now;
use ctnetlink::capture::PcapngWriter;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// `NETLINK_NETFILTER`.
const FAMILY: u16 = 12;
/// Number of bytes that are collected before they are written.
const FULL: usize = 64 << 10;

/// When to start a new file.
#[derive(Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) size: Option<u64>,
    pub(crate) time: Option<Duration>,
}

impl Rotation {
    pub(crate) fn is_wanted(self) -> bool {
        self.size.is_some() || self.time.is_some()
    }

    /// Returns the path of a file: `NAME-00001.EXTENSION` and so on if there are several.
    pub(crate) fn path(self, output: &Path, number: u64) -> PathBuf {
        if !self.is_wanted() {
            return output.to_owned();
        }
        let mut name = output.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number:05}"));
        if let Some(extension) = output.extension() {
            name.push(".");
            name.push(extension);
        }
        output.with_file_name(name)
    }
}

/// A recording in one pcapng file, or in several of them.
pub(crate) struct Tape {
    output: PathBuf,
    rotation: Rotation,
    /// Number of files so far.
    files: u64,
    opened: Instant,
    writer: PcapngWriter<Blocks>,
    /// Number of messages in each packet that is not written yet.
    pending: Vec<u64>,
    /// What the files contain.
    pub(crate) packets: u64,
    pub(crate) messages: u64,
}

impl Tape {
    /// Creates the first file; `-` is standard output.
    pub(crate) fn create(output: &Path, rotation: Rotation) -> io::Result<Self> {
        let files = 1;
        Ok(Self {
            output: output.to_owned(),
            rotation,
            files,
            opened: Instant::now(),
            writer: open(&rotation.path(output, files))?,
            pending: Vec::new(),
            packets: 0,
            messages: 0,
        })
    }

    /// Returns the path of the current file.
    pub(crate) fn path(&self) -> PathBuf {
        self.rotation.path(&self.output, self.files)
    }

    pub(crate) fn write(&mut self, packet_type: u16, datagram: &[u8]) -> io::Result<()> {
        if self.is_rotation_due() {
            self.flush()?;
            // The number first, so that an error names the new file.
            self.files += 1;
            self.writer = open(&self.path())?;
            self.opened = Instant::now();
        }
        self.writer.write_packet(now().unwrap_or(0), packet_type, FAMILY, datagram)?;
        self.pending.push(ctnetlink::messages(datagram).count() as u64);
        if self.writer.get_ref().pending.len() >= FULL { self.flush() } else { Ok(()) }
    }

    fn is_rotation_due(&self) -> bool {
        let blocks = self.writer.get_ref();
        let is_large = |size| blocks.length + blocks.pending.len() as u64 >= size;
        let is_old = |time| self.opened.elapsed() >= time;
        self.rotation.size.is_some_and(is_large) || self.rotation.time.is_some_and(is_old)
    }

    /// Writes the packets that have been collected.
    ///
    /// After an error the file ends with its last complete packet.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let result = self.writer.flush();
        let written = self.pending.iter().take(self.writer.get_ref().flushed);
        self.packets += written.len() as u64;
        self.messages += written.sum::<u64>();
        self.pending.clear();
        result
    }
}

fn open(path: &Path) -> io::Result<PcapngWriter<Blocks>> {
    let is_stdout = path == Path::new("-");
    let file = match is_stdout {
        true => File::from(io::stdout().as_fd().try_clone_to_owned()?),
        false => File::create(path)?,
    };
    let mut writer = PcapngWriter::new(Blocks {
        file,
        can_cut: !is_stdout,
        length: 0,
        pending: Vec::new(),
        ends: Vec::new(),
        flushed: 0,
    })?;
    // Shows at once if the file cannot be written.
    writer.flush()?;
    Ok(writer)
}

/// A file that never keeps a part of a block.
struct Blocks {
    file: File,
    /// The file contains only this recording, so that it may be cut to its last packet.
    can_cut: bool,
    /// Number of bytes in the file.
    length: u64,
    pending: Vec<u8>,
    /// Where each block in `pending` ends.
    ends: Vec<usize>,
    /// Number of complete blocks that the last flush wrote.
    flushed: usize,
}

impl Write for Blocks {
    /// Takes a block.
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(block);
        self.ends.push(self.pending.len());
        Ok(block.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut rest = &self.pending[..];
        let result = loop {
            if rest.is_empty() {
                break Ok(());
            }
            match self.file.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let written = self.pending.len() - rest.len();
        self.flushed = self.ends.iter().take_while(|&&end| end <= written).count();
        let complete = match self.flushed.checked_sub(1) {
            Some(last) => self.ends.get(last).copied().unwrap_or_default(),
            None => 0,
        };
        self.length += complete as u64;
        if result.is_err() && self.can_cut {
            // A device has no length that could be set.
            let _ = self.file.set_len(self.length);
        }
        self.pending.clear();
        self.ends.clear();
        result
    }
}
