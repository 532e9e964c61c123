//! Sends requests, receives events, and records all messages.

use crate::machine::sysctl;
use crate::netlink::Netlink;
use crate::trace::Trace;
use ctnetlink::error::Error;
use ctnetlink::wire::{FlagSense, NlmFlags};
use ctnetlink::{Body, Conntrack, Kind, Message, MessageBuf};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The groups of the events of entries and expectations.
const GROUPS: [u32; 5] = [1, 2, 3, 4, 6];

/// A recorded message; `README.md` of the golden data explains the keys.
struct Line {
    scene: &'static str,
    kind: &'static str,
    op: Option<&'static str>,
    errno: Option<i32>,
    ext: Vec<&'static str>,
    bytes: Vec<u8>,
}

/// The extensions that new entries get.
#[derive(Default)]
struct Extensions {
    acct: bool,
    timestamp: bool,
    labels: bool,
}

impl Extensions {
    fn names(&self) -> Vec<&'static str> {
        let all = [(self.acct, "acct"), (self.timestamp, "timestamp"), (self.labels, "labels")];
        all.into_iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name).collect()
    }
}

pub(crate) struct Recorder {
    asks: Netlink,
    hears: Netlink,
    trace: Result<Trace, String>,
    release: String,
    /// The security module that assigns contexts, if there is one.
    lsm: Option<&'static str>,
    scene: &'static str,
    seq: u32,
    lines: Vec<Line>,
    extensions: Extensions,
    /// The extensions that each entry got at its creation, by id and original tuple.
    born: BTreeMap<String, Vec<&'static str>>,
}

impl Recorder {
    pub(crate) fn open() -> Result<Self, String> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease");
        let release = release.map_err(|error| format!("osrelease: {error}"))?.trim().to_owned();
        let trace = Trace::start();
        if let Err(reason) = &trace {
            eprintln!("SKIPPED event masks and sizes: {reason}");
        }
        let mut recorder = Self {
            asks: Netlink::open(&[], 8 << 20)?,
            hears: Netlink::open(&GROUPS, 32 << 20)?,
            trace,
            release,
            lsm: security_module(),
            scene: "",
            seq: 0,
            lines: Vec::new(),
            extensions: Extensions::default(),
            born: BTreeMap::new(),
        };
        recorder.asks.wants_words(false);
        let made = recorder.ask("stats", None, ctnetlink::request::stats())?;
        if made != 0 {
            return Err(format!("no ctnetlink: errno {made}"));
        }
        recorder.lines.clear();
        Ok(recorder)
    }

    pub(crate) fn scene(&mut self, name: &'static str) {
        eprintln!("scene {name}");
        self.scene = name;
    }

    /// Returns `true` if the kernel is at least that release.
    pub(crate) fn since(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self.release.split(['.', '-', '+']).map(|n| n.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
    }

    /// Turns an extension of new entries on or off.
    pub(crate) fn switch(&mut self, name: &str, on: bool) -> Result<(), String> {
        self.settle()?;
        let value = if on { "1" } else { "0" };
        sysctl(&format!("net/netfilter/nf_conntrack_{name}"), value)?;
        match name {
            "acct" => self.extensions.acct = on,
            "timestamp" => self.extensions.timestamp = on,
            _ => {}
        }
        Ok(())
    }

    /// Notes that a rule uses labels from now on.
    pub(crate) fn labels_are_used(&mut self) {
        self.extensions.labels = true;
    }

    fn push(&mut self, kind: &'static str, op: Option<&'static str>, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        let line = Line { scene: self.scene, kind, op, errno: None, ext: Vec::new(), bytes };
        self.lines.push(line);
    }

    /// Sends a request, records it and all replies, and returns the errno.
    ///
    /// `kind` is the kind of the replies.
    pub(crate) fn ask(
        &mut self,
        kind: &'static str,
        op: Option<&'static str>,
        request: MessageBuf,
    ) -> Result<i32, String> {
        let mut bytes = request.with_seq(self.next_seq()).into_bytes();
        // The acknowledgement marks the end of the replies.
        if let Some(byte) = bytes.get_mut(6) {
            *byte |= 4;
        }
        self.ask_bytes(kind, op, &bytes)
    }

    pub(crate) fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    /// Sends and records a request given as bytes, which may be malformed.
    pub(crate) fn ask_bytes(
        &mut self,
        kind: &'static str,
        op: Option<&'static str>,
        bytes: &[u8],
    ) -> Result<i32, String> {
        self.events()?;
        let text = |error: Error| error.to_string();
        let request = Message::parse(bytes).map_err(text)?;
        self.asks.send(bytes)?;
        let place = self.lines.len();
        self.push("request", op, bytes);
        let is_dump = request.msg_type().flag_sense() == FlagSense::Get
            && request.header().nlmsg_flags.intersects(NlmFlags::DUMP);
        let mut replies = Vec::new();
        let errno = 'answer: loop {
            let datagram = self.asks.receive()?;
            for message in ctnetlink::messages(&datagram) {
                let message = message.map_err(text)?;
                if message.header().nlmsg_seq != request.header().nlmsg_seq {
                    continue;
                }
                match message.body().map_err(text)? {
                    Body::Error(error) => {
                        if error.error != 0 || error.message().is_some() {
                            replies.push(("error", message.as_bytes().to_vec()));
                        }
                        break 'answer -error.error;
                    }
                    Body::Done(_) if is_dump => break 'answer 0,
                    _ => replies.push((kind, message.as_bytes().to_vec())),
                }
            }
        };
        self.events()?;
        for (kind, reply) in replies {
            self.push(kind, None, &reply);
        }
        if let Some(line) = self.lines.get_mut(place) {
            line.errno = Some(errno);
        }
        Ok(errno)
    }

    /// Returns the messages of the last dump.
    pub(crate) fn of_last_dump(&self) -> Vec<Message<'_>> {
        let dump = self.lines.iter().rev().skip_while(|line| line.kind == "event");
        let dump = dump.take_while(|line| line.kind == "dump");
        dump.filter_map(|line| Message::parse(&line.bytes).ok()).collect()
    }

    pub(crate) fn wants_words(&self, capped: bool) {
        self.asks.wants_words(capped);
    }

    /// Records the events that have arrived.
    fn events(&mut self) -> Result<(), String> {
        while let Some(datagram) = self.hears.poll()? {
            for message in ctnetlink::messages(&datagram) {
                let message = message.map_err(|error| error.to_string())?;
                if message.kind() == Kind::Control {
                    continue;
                }
                self.push("event", None, message.as_bytes());
                let Ok(ct) = Conntrack::try_from(message) else { continue };
                let key = format!("{:?} {:?}", ct.id, ct.orig);
                if message.kind() == Kind::New {
                    self.born.insert(key.clone(), self.extensions.names());
                }
                let ext = self.born.get(&key).cloned().unwrap_or_default();
                if let Some(line) = self.lines.last_mut() {
                    line.ext = ext;
                }
            }
        }
        Ok(())
    }

    /// Records events until no more arrive.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        self.wait(Duration::from_millis(150))
    }

    /// Records events for some time.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<(), String> {
        let mut end = Instant::now() + time;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
            let before = self.lines.len();
            self.events()?;
            if self.lines.len() > before {
                end = end.max(Instant::now() + Duration::from_millis(100));
            }
        }
        Ok(())
    }

    /// Writes the recording to a file.
    ///
    /// The traced calls are the events of entries, in the same order. If their numbers differ, no size
    /// or event mask is written, because calls cannot be assigned to events.
    pub(crate) fn write(mut self, file: &str) -> Result<(), String> {
        self.settle()?;
        let is_of_entry = |line: &Line| line.kind == "event" && line.bytes.get(5) == Some(&1);
        let events = self.lines.iter().filter(|line| is_of_entry(line)).count();
        let calls = self.trace.as_ref().ok().map(Trace::calls).transpose()?;
        let mut calls = match calls {
            Some(calls) if calls.len() == events => calls.into_iter(),
            Some(calls) => {
                let calls = calls.len();
                eprintln!("SKIPPED event masks and sizes: {calls} calls for {events} events");
                Vec::new().into_iter()
            }
            None => Vec::new().into_iter(),
        };
        let mut text = String::new();
        for line in &self.lines {
            let mut json = serde_json::Map::new();
            let mut put = |key: &str, value: serde_json::Value| {
                json.insert(key.to_owned(), value);
            };
            put("kind", line.kind.into());
            put("kernel", self.release.as_str().into());
            put("scene", line.scene.into());
            if let Some(lsm) = self.lsm {
                put("lsm", lsm.into());
            }
            if let Some(op) = line.op {
                put("op", op.into());
            }
            if let Some(errno) = line.errno {
                put("errno", errno.into());
            }
            if !line.ext.is_empty() {
                put("ext", line.ext.clone().into());
            }
            if let Some(call) = is_of_entry(line).then(|| calls.next()).flatten() {
                put("ipct_events", call.events.into());
                put("alloc", call.size.into());
            }
            let hex = line.bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            put("hex", hex.into());
            let _ = writeln!(text, "{}", serde_json::Value::Object(json));
        }
        eprintln!("{} messages, {events} events of entries", self.lines.len());
        std::fs::write(file, text).map_err(|error| format!("{file}: {error}"))
    }
}

fn security_module() -> Option<&'static str> {
    let all = std::fs::read_to_string("/sys/kernel/security/lsm").ok()?;
    ["selinux", "apparmor", "smack"].into_iter().find(|lsm| all.split(',').any(|name| name == *lsm))
}

/// Returns the request, or the text of the error that building it caused.
pub(crate) fn built(request: Result<MessageBuf, Error>) -> Result<MessageBuf, String> {
    request.map_err(|error| error.to_string())
}
