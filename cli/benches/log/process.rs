//! CPU time and memory of a program that runs.

use crate::collector::Collected;
use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A program whose CPU time and memory are measured from its first idle moment on.
pub(crate) struct Watched {
    child: Option<Child>,
    id: u32,
    start: Cpu,
    end: Cpu,
    idle_kib: u64,
    peak_kib: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    sampler: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Cpu {
    ns: u64,
    /// Hundredths of a second.
    user: u64,
    system: u64,
}

impl Watched {
    pub(crate) fn new(child: Child) -> io::Result<Self> {
        let id = child.id();
        // The program opens its sockets.
        thread::sleep(Duration::from_millis(1500));
        let idle_kib = rss(id)?;
        let peak_kib = Arc::new(AtomicU64::new(idle_kib));
        let is_over = Arc::new(AtomicBool::new(false));
        let (peak, flag) = (Arc::clone(&peak_kib), Arc::clone(&is_over));
        let sampler = thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                peak.fetch_max(rss(id).unwrap_or(0), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let start = cpu(id)?;
        let child = Some(child);
        let sampler = Some(sampler);
        Ok(Self { child, id, start, end: start, idle_kib, peak_kib, is_over, sampler })
    }

    /// Waits until the program has nothing to do.
    pub(crate) fn wait_until_idle(&mut self) -> io::Result<()> {
        loop {
            let before = cpu(self.id)?;
            thread::sleep(Duration::from_millis(1500));
            self.end = cpu(self.id)?;
            // Timers of an idle program take less than a millisecond.
            if self.end.ns - before.ns < 1_000_000 {
                return Ok(());
            }
        }
    }

    /// Ends the program as a service manager does.
    pub(crate) fn terminate(&mut self) -> io::Result<Child> {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(sampler) = self.sampler.take() {
            let _ = sampler.join();
        }
        Command::new("kill").args(["-TERM", &self.id.to_string()]).status()?;
        self.child.take().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Prints a row of the table.
    pub(crate) fn print(&self, name: &str, events: u64, got: &Collected, dropped: Option<u64>) {
        let per_event = |ns: u64| ns as f64 / 1e3 / events as f64;
        let (user, system) = (self.end.user - self.start.user, self.end.system - self.start.system);
        let ticks = (user + system).max(1);
        let all = per_event(self.end.ns - self.start.ns);
        let mb = |kib: u64| kib as f64 / 1024.0;
        println!(
            "| {name} | {} | {} | {} | {all:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            got.records,
            got.not_sent,
            dropped.map_or_else(|| "unknown".into(), |n| n.to_string()),
            all * user as f64 / ticks as f64,
            all * system as f64 / ticks as f64,
            mb(self.idle_kib),
            mb(self.peak_kib.load(Ordering::Relaxed)),
        );
    }
}

fn cpu(id: u32) -> io::Result<Cpu> {
    let schedstat = fs::read_to_string(format!("/proc/{id}/schedstat"))?;
    let ns = schedstat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in parentheses may contain any character.
    let (_, fields) = stat.rsplit_once(") ").unwrap_or_default();
    let mut fields = fields.split(' ').skip(11).map(|field| field.parse().unwrap_or_default());
    let (user, system) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    Ok(Cpu { ns, user, system })
}

fn rss(id: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse().unwrap_or_default())
}
