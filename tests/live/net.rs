//! A ctnetlink socket that checks every message it receives.

use crate::namespace::skip;
use ctnetlink::error::Error;
use ctnetlink::flat::{ExpectStats, Layout, Record, StatsCpu, StatsGlobal};
use ctnetlink::request;
use ctnetlink::wire::control::NlMsgErr;
use ctnetlink::wire::{AttrSet, Attrs, FlagSense, NlmFlags, Visitor};
use ctnetlink::{Body, Conntrack, Expectation, Kind, Message, MessageBuf, MessageBuilder};
use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE};
use netlink_sys::{Socket, SocketAddr};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

pub(crate) const EPERM: i32 = 1;
pub(crate) const ENOENT: i32 = 2;
pub(crate) const EEXIST: i32 = 17;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ERANGE: i32 = 34;
pub(crate) const EOPNOTSUPP: i32 = 95;

/// The maximum time that the kernel may need for a reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// The namespace of the test.
pub(crate) struct Net {
    socket: Socket,
    pub(crate) portid: u32,
    seq: u32,
    release: (u32, u32),
    /// Whether entries have counters.
    pub(crate) acct: bool,
    /// Whether entries have times.
    pub(crate) tstamp: bool,
}

impl Net {
    pub(crate) fn open() -> Result<Self, String> {
        let release = release();
        let (socket, portid) = socket(NETLINK_NETFILTER)
            .map_err(|error| format!("no NETLINK_NETFILTER socket: {error}"))?;
        let mut net = Self { socket, portid, seq: 0, release, acct: false, tstamp: false };
        if net.release >= (4, 12) {
            net.socket.set_ext_ack(true).unwrap();
        }
        match net.ask(request::stats()).errno() {
            0 => {}
            EPERM => return Err("CAP_NET_ADMIN is missing in the namespace".into()),
            EINVAL => return Err("this kernel has no ctnetlink".into()),
            errno => return Err(format!("ctnetlink returns errno {errno}")),
        }
        net.acct = sysctl("acct", "1", "counters");
        net.tstamp = sysctl("timestamp", "1", "times");
        Ok(net)
    }

    /// Returns `true` if the kernel is at least that release.
    ///
    /// Otherwise the function reports that `what` is skipped.
    pub(crate) fn has(&self, since: (u32, u32), what: &str) -> bool {
        let has = self.is_at_least(since);
        if !has {
            let ((major, minor), (ours, our_minor)) = (since, self.release);
            skip(&format!("{what} needs Linux {major}.{minor}, this is {ours}.{our_minor}"));
        }
        has
    }

    pub(crate) fn is_at_least(&self, since: (u32, u32)) -> bool {
        self.release >= since
    }

    /// Sends a request, and receives all messages that reply to it.
    pub(crate) fn ask(&mut self, request: MessageBuf) -> Answer {
        self.seq += 1;
        self.send(&request.with_seq(self.seq))
    }

    pub(crate) fn send(&mut self, request: &MessageBuf) -> Answer {
        let header = *request.as_message().header();
        judge(&request.as_message(), None);
        let sent = self.socket.send(request.as_bytes(), 0).unwrap();
        assert_eq!(sent, request.as_bytes().len());
        let is_get = request.as_message().msg_type().flag_sense() == FlagSense::Get;
        let is_dump = is_get && header.nlmsg_flags.intersects(NlmFlags::DUMP);
        let is_acked = header.nlmsg_flags.contains(NlmFlags::ACK);
        let mut replies = Vec::new();
        loop {
            for message in receive(&self.socket, self.release).expect("a reply") {
                let received = message.as_message();
                assert_eq!(received.header().nlmsg_seq, header.nlmsg_seq, "{message:?}");
                assert_eq!(received.header().nlmsg_pid, self.portid, "{message:?}");
                if received.kind() == Kind::Control {
                    return Answer { replies, end: Some(message) };
                }
                replies.push(message);
            }
            if !is_dump && !is_acked {
                return Answer { replies, end: None };
            }
        }
    }

    /// Sends a request that the kernel must accept.
    pub(crate) fn must(&mut self, request: MessageBuf) {
        let answer = self.ask(request);
        assert_eq!(answer.errno(), 0, "{:?}", answer.end);
    }

    /// Returns the kernel's entry with that tuple and zone.
    pub(crate) fn get(&mut self, ct: &Conntrack) -> Conntrack {
        let entries = self.ask(request::get(ct)).entries();
        let [entry] = &entries[..] else { panic!("{} entries", entries.len()) };
        entry.clone()
    }

    /// Sets NETLINK_CAP_ACK, so that errors do not contain the request's payload.
    pub(crate) fn cap_ack(&self) {
        self.socket.set_cap_ack(true).unwrap();
    }

    /// Returns a socket that receives events of these multicast groups.
    pub(crate) fn listen(&self, groups: &[u32]) -> Listener {
        let (socket, _) = socket(NETLINK_NETFILTER).unwrap();
        for &group in groups {
            socket.add_membership(group).unwrap();
        }
        Listener { socket, release: self.release, queue: Vec::new() }
    }
}

/// The messages with which the kernel replied to a request.
pub(crate) struct Answer {
    pub(crate) replies: Vec<MessageBuf>,
    /// The message `NLMSG_ERROR` or `NLMSG_DONE`, if one was received.
    pub(crate) end: Option<MessageBuf>,
}

impl Answer {
    /// Returns the errno of the error message, or 0.
    pub(crate) fn errno(&self) -> i32 {
        match self.end.as_ref().map(|end| end.as_message().body().unwrap()) {
            None => 0,
            Some(Body::Error(error)) => -error.error,
            Some(Body::Done(done)) => -done.status.unwrap_or(0),
            Some(other) => panic!("{other:?}"),
        }
    }

    pub(crate) fn error(&self) -> NlMsgErr<'_> {
        match self.end.as_ref().map(|end| end.as_message().body().unwrap()) {
            Some(Body::Error(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Returns the entries in the replies.
    pub(crate) fn entries(&self) -> Vec<Conntrack> {
        assert_eq!(self.errno(), 0, "{:?}", self.end);
        let read = |reply: &MessageBuf| Conntrack::try_from(reply.as_message()).unwrap();
        self.replies.iter().map(read).collect()
    }

    /// Returns the expectations in the replies.
    pub(crate) fn expectations(&self) -> Vec<Expectation> {
        assert_eq!(self.errno(), 0, "{:?}", self.end);
        let read = |reply: &MessageBuf| Expectation::try_from(reply.as_message()).unwrap();
        self.replies.iter().map(read).collect()
    }
}

/// A socket that receives events.
pub(crate) struct Listener {
    pub(crate) socket: Socket,
    release: (u32, u32),
    /// The messages of the last datagram, in reverse order.
    queue: Vec<MessageBuf>,
}

impl Listener {
    /// Returns the next event, which must arrive.
    pub(crate) fn next(&mut self) -> MessageBuf {
        if self.queue.is_empty() {
            self.queue = receive(&self.socket, self.release).expect("an event");
            self.queue.reverse();
        }
        let event = self.queue.pop().unwrap();
        let header = *event.as_message().header();
        assert_eq!(header.nlmsg_seq, 0, "{event:?}");
        assert!(!header.nlmsg_flags.contains(NlmFlags::MULTI), "{event:?}");
        event
    }

    /// Returns the next event, which must be about an entry.
    pub(crate) fn next_entry(&mut self, kind: Kind) -> (MessageBuf, Conntrack) {
        let event = self.next();
        assert_eq!(event.as_message().kind(), kind, "{event:?}");
        let ct = Conntrack::try_from(event.as_message()).unwrap();
        (event, ct)
    }

    /// Returns `true` if no more events have arrived.
    pub(crate) fn is_empty(&mut self) -> bool {
        std::thread::sleep(Duration::from_millis(50));
        let mut buf = Vec::with_capacity(1 << 18);
        let more = self.socket.recv(&mut buf, 0);
        self.queue.is_empty() && more.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

fn socket(protocol: isize) -> std::io::Result<(Socket, u32)> {
    let mut socket = Socket::new(protocol)?;
    let address = socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.set_non_blocking(true)?;
    Ok((socket, address.port_number()))
}

/// Returns the messages of the next datagram.
fn receive(socket: &Socket, release: (u32, u32)) -> Option<Vec<MessageBuf>> {
    let start = Instant::now();
    loop {
        let mut datagram = Vec::with_capacity(1 << 18);
        match socket.recv(&mut datagram, 0) {
            Ok(_) => {
                let messages = ctnetlink::messages(&datagram).map(|message| {
                    let message = message.unwrap();
                    judge(&message, Some(release));
                    message.to_buf()
                });
                return Some(messages.collect());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        if start.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Checks that every attribute decodes, is known, and is re-encoded to identical bytes.
///
/// If a kernel of the given release wrote the message, its decoded struct must be re-encoded to
/// identical bytes, too.
fn judge(message: &Message<'_>, release: Option<(u32, u32)>) {
    struct Known;
    impl<'a> Visitor<'a> for Known {
        fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
            for raw in attrs.raw() {
                let raw = raw.unwrap();
                assert!(S::SPEC.get(raw.number()).is_some(), "{raw:?} of {:?}", S::SPEC);
                S::visit_nest(&S::decode(raw).unwrap(), self);
            }
        }
    }
    assert_eq!(message.rebuild().unwrap().as_bytes(), message.as_bytes(), "{message:?}");
    let Some(release) = release else { return };
    message.visit(&mut Known).unwrap();
    if release < (5, 5) {
        return;
    }
    let layout = if message.kind() == Kind::Reply { Layout::Dump } else { Layout::Event };
    let Ok(builder) = MessageBuilder::try_from(message) else { return };
    let flat = match message.body().unwrap() {
        Body::Conntrack(..) => Conntrack::try_from(*message).unwrap().to_message(&builder, layout),
        Body::Expect(_, attrs) => build(&builder, &Expectation::try_decode(attrs).unwrap()),
        Body::StatsCpu(_, attrs) => build(&builder, &StatsCpu::try_decode(attrs).unwrap()),
        Body::StatsGlobal(_, attrs) => build(&builder, &StatsGlobal::try_decode(attrs).unwrap()),
        Body::ExpectStats(_, attrs) => build(&builder, &ExpectStats::try_decode(attrs).unwrap()),
        other => panic!("{other:?}"),
    };
    // A decoded struct loses only pads, which 64-bit values need on some machines.
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "s390x")) {
        assert_eq!(flat.unwrap().as_bytes(), message.as_bytes(), "{message:?}");
    }
}

fn build<R: Record>(builder: &MessageBuilder, record: &R) -> Result<MessageBuf, Error> {
    builder.build(|out| record.write(out))
}

fn release() -> (u32, u32) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap_or(0))
}

/// Sets a sysctl `net.netfilter.nf_conntrack_*`.
pub(crate) fn sysctl(name: &str, value: &str, what: &str) -> bool {
    let path = format!("/proc/sys/net/netfilter/nf_conntrack_{name}");
    let result = std::fs::write(&path, value);
    if let Err(error) = &result {
        skip(&format!("{what}: {path}: {error}"));
    }
    result.is_ok()
}

/// Activates the loopback device, which is device 1 in this namespace, like `ip link set lo up`.
pub(crate) fn set_lo_up() {
    let (route, _) = socket(NETLINK_ROUTE).unwrap();
    let mut request = Vec::new();
    request.extend(32_u32.to_ne_bytes());
    request.extend(16_u16.to_ne_bytes()); // RTM_NEWLINK
    request.extend(5_u16.to_ne_bytes()); // NLM_F_REQUEST | NLM_F_ACK
    request.extend([0; 8]);
    request.extend([0; 4]); // struct ifinfomsg: AF_UNSPEC, ARPHRD_NETROM
    request.extend(1_i32.to_ne_bytes());
    request.extend(1_u32.to_ne_bytes()); // IFF_UP
    request.extend(1_u32.to_ne_bytes()); // change mask: only that bit
    route.send(&request, 0).unwrap();
    let answer = receive(&route, (0, 0)).expect("a reply");
    let Ok(Body::Error(error)) = answer[0].as_message().body() else { panic!("{answer:?}") };
    assert!(error.is_ack(), "{error:?}");
}
