//! Runs a program and measures its time, memory and output.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

impl Ran {
    pub(crate) fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// The destination of the output.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Output {
    /// A pipe whose other end is read.
    Pipe,
    Null,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Pipe { "pipe" } else { "null" })
    }
}

/// The measurements of a run.
#[derive(Default)]
pub(crate) struct Ran {
    pub(crate) wall: Duration,
    /// The CPU time of all threads in user space.
    pub(crate) user: Duration,
    /// The CPU time of all threads in the kernel.
    pub(crate) system: Duration,
    /// `VmHWM`, or 0 without `/proc`.
    pub(crate) peak_kib: u64,
    /// The number of bytes read from the pipe.
    pub(crate) read: u64,
    /// The number of lines read from the pipe.
    pub(crate) lines: u64,
}

/// Returns the fastest of several runs, with the smallest CPU time of all of them.
pub(crate) fn best_of(
    times: usize,
    output: Output,
    command: impl Fn() -> Command,
) -> io::Result<Ran> {
    let mut best = run(command(), output)?;
    for _ in 1..times {
        let ran = run(command(), output)?;
        let least = if ran.cpu() < best.cpu() { &ran } else { &best };
        let (user, system) = (least.user, least.system);
        if ran.wall < best.wall {
            best = ran;
        }
        best = Ran { user, system, ..best };
    }
    Ok(best)
}

fn run(mut command: Command, output: Output) -> io::Result<Ran> {
    let stdout = if output == Output::Pipe { Stdio::piped() } else { Stdio::null() };
    // The golden captures contain requests that are malformed on purpose; errors about them are
    // discarded.
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let reader = child.stdout.take().map(|mut pipe| {
        thread::spawn(move || {
            let (mut buf, mut read, mut lines) = (vec![0; 1 << 16], 0, 0);
            loop {
                let n = pipe.read(&mut buf)?;
                if n == 0 {
                    return io::Result::Ok((read, lines));
                }
                read += n as u64;
                lines += buf.iter().take(n).filter(|&&byte| byte == b'\n').count() as u64;
            }
        })
    });
    let ran = watch(&mut child, start)?;
    let (read, lines) = match reader.map(thread::JoinHandle::join) {
        Some(result) => result.map_err(|_| io::Error::other("the reader panicked"))??,
        None => (0, 0),
    };
    Ok(Ran { read, lines, ..ran })
}

/// Polls `/proc` until the child has ended, and only then waits for it.
///
/// The kernel reports the memory of a process while it runs, and its CPU time until it has been waited
/// for.
fn watch(child: &mut Child, start: Instant) -> io::Result<Ran> {
    let of = |file: &str| format!("/proc/{}/{file}", child.id());
    let (stat, status) = (of("stat"), of("status"));
    let mut ran = Ran::default();
    if !fs::exists(&stat)? {
        child.wait()?;
        return Ok(Ran { wall: start.elapsed(), ..ran });
    }
    loop {
        let seen = fs::read_to_string(&stat)?;
        // The name in parentheses may contain any character.
        let (_, fields) = seen.rsplit_once(") ").unwrap_or_default();
        let fields: Vec<_> = fields.split(' ').collect();
        if fields.first() == Some(&"Z") {
            ran.wall = start.elapsed();
            let mut cpu = fields.iter().skip(11).map(|field| {
                let hundredths: u64 = field.parse().unwrap_or_default();
                Duration::from_millis(10 * hundredths)
            });
            ran.user = cpu.next().unwrap_or_default();
            ran.system = cpu.next().unwrap_or_default();
            let code = child.wait()?;
            // `check` exits with 1 if the file contains malformed messages.
            if code.code().is_none_or(|code| code > 1) {
                return Err(io::Error::other(format!("{code}")));
            }
            return Ok(ran);
        }
        ran.peak_kib = peak(&status).unwrap_or(ran.peak_kib);
        thread::sleep(Duration::from_millis(2));
    }
}

fn peak(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
