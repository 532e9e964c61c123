//! `ctnetlink vectors`: test vectors of the simulated kernel, and the check that reads them back.

mod json;
mod verify;

use crate::options::release::known_release;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::capture::PcapngWriter;
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::vectors::{Coverage, Malformations, Vector, Vectors};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The capture time of the first datagram: 2026-11-22T08:50:00Z.
const FIRST: u64 = 1_795_337_400_000_000_000;
/// The time between two datagrams: a millisecond.
const STEP: u64 = 1_000_000;
/// `PACKET_OUTGOING`, the packet type that nlmon devices give.
const OUTGOING: u16 = 4;
/// `NETLINK_NETFILTER`.
const NETFILTER: u16 = 12;

/// Write test vectors for authors of other codecs
///
/// The vectors are messages of the simulated kernel with their decoded values, and malformed messages
/// with their errors. DIR gets the files vectors.jsonl, vectors.pcapng and malformed.jsonl, which
/// docs/vectors.md describes. The same arguments give the same bytes on every machine. The last line
/// is `vectors=N datagrams=N malformed=N covered=N of=N`. The exit status is 1 if 2000 vectors or more
/// do not cover everything that the kernel can send.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Kernel release, such as 6.12 or 6.12.111
    #[arg(long, required_unless_present = "verify", value_parser = known_release)]
    kernel: Option<Release>,
    /// Machine, with properties that differ from it, such as arm64,page=16384 (see `ctnetlink sim --help`)
    #[arg(long, default_value = "x86_64")]
    arch: Arch,
    /// Number of vectors
    #[arg(long, default_value_t = Vectors::ENOUGH)]
    count: usize,
    /// Largest number of malformed messages
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    malformed: usize,
    /// Seed of the random values
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Directory to write to; it is created if it does not exist
    #[arg(short, long, value_name = "DIR", required_unless_present = "verify")]
    output: Option<PathBuf>,
    /// Read the vectors in DIR back and compare their values with their bytes
    ///
    /// The last line is `vectors=N exact=N datagrams=N malformed=N as_expected=N`. The exit status is
    /// 1 if anything differs.
    #[arg(long, value_name = "DIR", exclusive = true)]
    verify: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Status, Stop> {
    match (args, &args.verify) {
        (_, Some(dir)) => verify::run(dir),
        (Args { kernel: Some(release), output: Some(dir), .. }, None) => {
            write(args, &Kernel { arch: args.arch, ..Kernel::new(*release) }, dir)
        }
        _ => Err(Stop::Unusable("--kernel and --output are needed".into())),
    }
}

/// A file of lines of JSON.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(dir: &Path, name: &str) -> Result<Self, Stop> {
        let path = dir.join(name);
        let file = File::create(&path).map_err(|error| Stop::file(&path, &error))?;
        Ok(Self { file: BufWriter::new(file), path })
    }

    fn line(&mut self, line: &Value) -> Result<(), Stop> {
        writeln!(self.file, "{line}").map_err(|error| Stop::file(&self.path, &error))
    }

    fn finish(mut self) -> Result<(), Stop> {
        self.file.flush().map_err(|error| Stop::file(&self.path, &error))
    }
}

fn write(args: &Args, kernel: &Kernel, dir: &Path) -> Result<Status, Stop> {
    fs::create_dir_all(dir).map_err(|error| Stop::file(dir, &error))?;
    let mut lines = Lines::create(dir, "vectors.jsonl")?;
    let mut datagrams = Datagrams::create(dir, kernel)?;
    let mut coverage = Coverage::new(kernel);
    let mut malformed = Malformations::new();
    for (number, vector) in Vectors::new(*kernel, args.seed).take(args.count).enumerate() {
        lines.line(&json::vector(kernel, number, &vector))?;
        datagrams.add(&vector)?;
        coverage.add(&vector);
        malformed.add(kernel, &vector);
    }
    lines.finish()?;
    let datagrams = datagrams.finish()?;
    let mut lines = Lines::create(dir, "malformed.jsonl")?;
    let malformed = malformed.into_list(args.malformed);
    for (number, bad) in malformed.iter().enumerate() {
        lines.line(&json::malformed(kernel, number, bad))?;
    }
    lines.finish()?;

    let missing: Vec<_> = coverage.missing().collect();
    let unexpected: Vec<_> = coverage.unexpected().collect();
    let wanted = coverage.wanted().count();
    let mut out = io::stdout().lock();
    report(&mut out, &coverage)?;
    if args.count >= Vectors::ENOUGH || missing.len() < 20 {
        missing.iter().try_for_each(|thing| writeln!(out, "not shown: {thing}"))?;
    }
    unexpected.iter().try_for_each(|thing| writeln!(out, "never sent: {thing}"))?;
    writeln!(
        out,
        "vectors={} datagrams={datagrams} malformed={} covered={} of={wanted}",
        args.count,
        malformed.len(),
        wanted - missing.len()
    )?;
    let is_bad = args.count >= Vectors::ENOUGH && !missing.is_empty() || !unexpected.is_empty();
    Ok(Status::flawed_if(is_bad))
}

/// Reports how much of each kind the vectors cover.
fn report(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    let sort = |thing: &str| thing.split(' ').next().unwrap_or_default().to_owned();
    let mut sorts: Vec<String> = coverage.wanted().map(sort).collect();
    sorts.dedup();
    for name in sorts {
        let of_sort = |thing: &&str| sort(thing) == name;
        let wanted = coverage.wanted().filter(of_sort).count();
        let missing = coverage.missing().filter(of_sort).count();
        writeln!(out, "{name}: {} of {wanted}", wanted - missing)?;
    }
    Ok(())
}

/// The capture, with one packet per datagram.
struct Datagrams {
    path: PathBuf,
    writer: PcapngWriter<BufWriter<File>>,
    number: usize,
    bytes: Vec<u8>,
}

impl Datagrams {
    /// Creates the file in the byte order of the simulated machine.
    fn create(dir: &Path, kernel: &Kernel) -> Result<Self, Stop> {
        let path = dir.join("vectors.pcapng");
        let writer = File::create(&path)
            .and_then(|file| PcapngWriter::with_endian(BufWriter::new(file), kernel.arch.endian()))
            .map_err(|error| Stop::file(&path, &error))?;
        Ok(Self { path, writer, number: 0, bytes: Vec::new() })
    }

    fn add(&mut self, vector: &Vector) -> Result<(), Stop> {
        if vector.datagram != self.number {
            self.next()?;
        }
        self.bytes.extend_from_slice(&vector.bytes);
        Ok(())
    }

    fn next(&mut self) -> Result<(), Stop> {
        let time = FIRST + STEP * self.number as u64;
        self.writer
            .write_packet(time, OUTGOING, NETFILTER, &self.bytes)
            .map_err(|error| Stop::file(&self.path, &error))?;
        self.number += 1;
        self.bytes.clear();
        Ok(())
    }

    /// Writes the rest, and returns the number of datagrams.
    fn finish(mut self) -> Result<usize, Stop> {
        if !self.bytes.is_empty() {
            self.next()?;
        }
        self.writer.flush().map_err(|error| Stop::file(&self.path, &error))?;
        Ok(self.number)
    }
}
