//! Reads event masks and allocation sizes from the kernel, with kprobes through tracefs.
//!
//! The event mask is the argument of `ctnetlink_conntrack_event`, and the size that of the following call
//! of `__alloc_skb`. Both are the first argument of their function.

use std::fs;
use std::path::PathBuf;

/// The register that contains the first argument of a kernel function.
const FIRST_ARGUMENT: Option<&str> = if cfg!(target_arch = "x86_64") {
    Some("di")
} else if cfg!(target_arch = "x86") {
    Some("ax")
} else if cfg!(target_arch = "aarch64") {
    Some("x0")
} else if cfg!(target_arch = "arm") {
    Some("r0")
} else {
    None
};

pub(crate) struct Trace {
    dir: PathBuf,
}

/// A call that allocated a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) events: u32,
    pub(crate) size: u32,
}

impl Trace {
    pub(crate) fn start() -> Result<Self, String> {
        let register = FIRST_ARGUMENT.ok_or("the kprobes do not know this architecture")?;
        let dirs = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].map(PathBuf::from);
        let dir = dirs.into_iter().find(|dir| dir.join("kprobe_events").exists());
        let trace = Self { dir: dir.ok_or("no kprobe_events in tracefs")? };
        trace.set("options/overwrite", "0")?;
        trace.set("buffer_size_kb", "65536")?;
        for probe in [
            format!("p:ctev ctnetlink_conntrack_event evs=%{register}:x32"),
            "r:ctevr ctnetlink_conntrack_event".to_owned(),
            format!("p:ctal __alloc_skb size=%{register}:u32"),
        ] {
            trace.set("kprobe_events", &probe)?;
        }
        trace.set("events/kprobes/enable", "1")?;
        trace.set("tracing_on", "1")?;
        Ok(trace)
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.dir.join(file);
        let open = fs::OpenOptions::new().append(true).open(&path);
        let written =
            open.and_then(|mut file| std::io::Write::write_all(&mut file, value.as_bytes()));
        written.map_err(|error| format!("{}: {value}: {error}", path.display()))
    }

    /// Returns the calls so far that allocated a message, in order.
    ///
    /// Other calls found no listener. On one CPU, a call during another one, in an interrupt, returns before the other continues.
    pub(crate) fn calls(&self) -> Result<Vec<Call>, String> {
        let trace =
            fs::read_to_string(self.dir.join("trace")).map_err(|error| error.to_string())?;
        let mut open: Vec<(u32, Option<u32>)> = Vec::new();
        let mut calls = Vec::new();
        for line in trace.lines().filter(|line| !line.starts_with('#')) {
            let number = |key: &str, radix| {
                let (_, behind) = line.split_once(key)?;
                u32::from_str_radix(behind.trim().trim_start_matches("0x"), radix).ok()
            };
            if line.contains(" ctev: ") {
                open.push((number("evs=", 16).ok_or("evs")?, None));
            } else if line.contains(" ctal: ") {
                if let Some((_, size @ None)) = open.last_mut() {
                    *size = number("size=", 10);
                }
            } else if line.contains(" ctevr: ") {
                if let Some((events, Some(size))) = open.pop() {
                    calls.push(Call { events, size });
                }
            }
        }
        Ok(calls)
    }
}
