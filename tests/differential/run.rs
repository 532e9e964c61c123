//! Executes a sequence of steps on both kernels and compares the results.

use crate::compare::{Difference, same_answer, same_bytes};
use crate::generate::{self, GivenId, Select, Step};
use crate::probe::{Machine, sysctl};
use crate::socket::{Answer, Netlink, messages};
use ctnetlink::flat::{NatRange, PortRange, Record};
use ctnetlink::request::{self, Selector};
use ctnetlink::sim::{
    Clock, DumpBuffers, DumpRequest, Errno, Listener, ModuleParams, Net, NfConntrackExpect,
    ctnetlink_exp_fill_info,
};
use ctnetlink::wire::{NlmFlags, WriteBuf};
use ctnetlink::{Conntrack, Expectation, Group, Kind, Message, MessageBuf, MsgType};
use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The number of compared objects of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    requests: usize,
    rejected: usize,
    entries: usize,
    expectations: usize,
    events: usize,
    replies: usize,
    bytes: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.rejected += other.rejected;
        self.entries += other.entries;
        self.expectations += other.expectations;
        self.events += other.events;
        self.replies += other.replies;
        self.bytes += other.bytes;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, rejected, entries, expectations, events, replies, bytes } = self;
        write!(
            f,
            "requests={requests} rejected={rejected} entries={entries} \
             expectations={expectations} events={events} replies={replies} bytes={bytes}"
        )
    }
}

/// Returns the current time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// The state of both kernels during a sequence of steps.
pub(crate) struct Run<'m> {
    machine: &'m mut Machine,
    net: Net,
    /// The times before the request and after the acknowledgement of each new entry, by id.
    born: HashMap<u32, [u64; 2]>,
    deaf: Option<Netlink>,
    began: Instant,
    figures: Figures,
}

impl<'m> Run<'m> {
    /// Executes the steps, starting with an empty table.
    pub(crate) fn all(machine: &'m mut Machine, steps: &[Step]) -> Result<Figures, Difference> {
        let mut run = Self::new(machine);
        for step in steps {
            run.step(step)?;
        }
        Ok(run.figures)
    }

    fn new(machine: &'m mut Machine) -> Self {
        machine.acked(request::flush_expectations());
        machine.acked(request::flush(&Selector::default()));
        machine.hears.drain();
        let timestamp = machine.can.kernel.config.timestamp;
        for (name, value) in [("acct", 1), ("timestamp", u8::from(timestamp)), ("events", 1)] {
            sysctl(name, value).ok();
        }
        let module = ModuleParams { tstamp: timestamp, acct: true };
        let clock = Clock { real_ns: now(), jiffies: 1 << 40 };
        let mut net = Net::nf_conntrack_init_net(machine.can.kernel, module, clock, None).unwrap();
        net.sysctls.nf_conntrack_events = 1;
        net.helpers.clone_from(&machine.can.helpers);
        net.labels_used = machine.can.labels_used;
        let groups =
            vec![Group::New, Group::Update, Group::Destroy, Group::ExpectNew, Group::ExpectDestroy];
        net.listeners.push(Listener { groups, ..Listener::default() });
        // The buffer of a socket's first dump is smaller; later ones follow the largest read.
        machine.asks.ask(&request::dump(&Selector::default()));
        let (began, figures) = (Instant::now(), Figures::default());
        Self { machine, net, born: HashMap::new(), deaf: None, began, figures }
    }

    fn step(&mut self, step: &Step) -> Result<(), Difference> {
        self.figures.requests += 1;
        match step {
            Step::New(flags, ct) => self.new_entry(*flags, ct),
            Step::Expired(ct) => {
                self.new_entry(NlmFlags::CREATE | NlmFlags::EXCL, ct)?;
                self.get(ct, false)
            }
            Step::Get(ct, zero) => self.get(ct, *zero),
            Step::Delete(ct, id) => self.delete(ct, *id),
            Step::Dump(select, zero) => self.dump(select, *zero),
            Step::Flush(select) => self.flush(select),
            Step::Deaf(deaf) => self.deafen(*deaf),
            Step::Switch(name, value) => {
                self.switch(name, *value);
                Ok(())
            }
            Step::ExpectNew(expected) => self.expect_new(expected),
            Step::ExpectGet(expected) => self.expect_get(expected),
            Step::ExpectDelete(expected) => self.expect_delete(expected),
            Step::ExpectDump => self.expect_dump(),
        }
        .map_err(|difference| difference.at(step))
    }

    /// Opens or closes a listener that has asked for reports of event loss and whose buffer is full.
    ///
    /// Such a listener (`NETLINK_BROADCAST_ERROR`) makes the kernel keep events that it could not
    /// deliver.
    fn deafen(&mut self, deaf: bool) -> Result<(), Difference> {
        self.deaf = None;
        self.net.listeners.truncate(1);
        if !deaf {
            return Ok(());
        }
        let socket = Netlink::open(&[1, 2, 3]).unwrap();
        socket.fill_up();
        // Both kernels execute the steps that fill the buffer.
        for step in generate::fillers() {
            self.step(&step)?;
        }
        socket.wants_no_loss();
        self.deaf = Some(socket);
        let groups = self.net.listeners[0].groups.clone();
        let deaf = Listener { groups, full: true, broadcast_error: true, ..Listener::default() };
        self.net.listeners.push(deaf);
        Ok(())
    }

    fn switch(&mut self, name: &str, value: u8) {
        if sysctl(name, value).is_err() {
            return;
        }
        match name {
            "acct" => self.net.sysctls.nf_conntrack_acct = value != 0,
            "timestamp" => self.net.write_nf_conntrack_timestamp(value.into()).unwrap(),
            _ => self.net.sysctls.nf_conntrack_events = value,
        }
    }

    /// Sends a request to the running kernel.
    ///
    /// Returns the reply, the events, and the times before and after the request.
    fn ask(&mut self, request: &MessageBuf) -> (Answer, Vec<Vec<u8>>, [u64; 2]) {
        let before = now();
        let answer = self.machine.asks.ask(request);
        let heard = self.machine.hears.drain();
        let after = now();
        self.figures.rejected += usize::from(answer.errno != 0);
        self.net.clock.real_ns = after;
        let hz = u128::from(self.net.kernel.arch.hz);
        let passed = self.began.elapsed().as_millis() * hz / 1000;
        self.net.clock.jiffies = (1 << 40) + passed as u64;
        (answer, heard, [before, after])
    }

    /// Compares the events of the simulated kernel with those of the running one.
    fn same_events(&mut self, heard: &[Vec<u8>], during: [u64; 2]) -> Result<(), Difference> {
        let simulated = std::mem::take(&mut self.net.listeners[0].received);
        self.figures.events += heard.len();
        self.figures.bytes += heard.iter().map(Vec::len).sum::<usize>();
        same_bytes("event", heard, &simulated, Some(during))
    }

    fn same_errno(&self, answer: &Answer, simulated: Result<(), Errno>) -> Result<(), Difference> {
        let simulated = simulated.map_or_else(Errno::number, |()| 0);
        if answer.errno == simulated {
            return Ok(());
        }
        let text =
            format!("the kernel returns errno {}, and the simulation {simulated}", answer.errno);
        Err(Difference::new(text))
    }

    /// Copies unpredictable values from a message of the running kernel to the simulated entry.
    ///
    /// These are the start and stop times and the remaining timeout. They must be near the expected
    /// values.
    fn adopt(&mut self, message: &Message<'_>) -> Result<(), Difference> {
        let Ok(shown) = Conntrack::try_from(*message) else { return Ok(()) };
        let (now, hz) = (self.net.clock, u64::from(self.net.kernel.arch.hz));
        let id = shown.id.unwrap_or_default();
        let Some(ct) = self.net.entry_mut(id) else {
            return Ok(());
        };
        if let (Some(tstamp), Some(start)) = (&mut ct.tstamp, shown.timestamp.start) {
            if let Some([before, after]) = self.born.remove(&id) {
                if !(before..=after).contains(&start) {
                    let text = format!("START {start} is not between {before} and {after}");
                    return Err(Difference::new(text));
                }
                tstamp.start = start;
            }
            if let Some(stop) = shown.timestamp.stop {
                // The kernel computes STOP of an entry that timed out in whole jiffies, so that STOP
                // may be before START by less than a jiffy.
                if stop + 1_000_000_000 / hz < start || stop > now.real_ns {
                    return Err(Difference::new(format!("STOP {stop} after START {start}")));
                }
                tstamp.stop = stop;
            }
        }
        let left = ct.timeout.saturating_sub(now.jiffies) / hz;
        if let Some(seconds) = shown.timeout.filter(|&s| left.abs_diff(s.into()) == 1) {
            ct.timeout = now.jiffies + u64::from(seconds) * hz + hz / 2;
        }
        Ok(())
    }

    fn adopt_all(&mut self, datagrams: &[Vec<u8>]) -> Result<(), Difference> {
        self.adopt_expected(datagrams);
        messages(datagrams).try_for_each(|message| self.adopt(&message))
    }

    /// Sorts the simulated table in the order of the running kernel's messages.
    fn order_as(&mut self, datagrams: &[Vec<u8>]) {
        let shown = messages(datagrams).filter_map(|message| Conntrack::try_from(message).ok());
        let place: HashMap<_, _> = shown.enumerate().map(|(n, ct)| (ct.id, n)).collect();
        let last = usize::MAX;
        self.net.sort_entries_by_key(|ct| place.get(&Some(ct.id)).copied().unwrap_or(last));
    }

    fn new_entry(&mut self, flags: NlmFlags, ct: &Conntrack) -> Result<(), Difference> {
        let request = self.machine.request(MsgType::CT_NEW, flags, ct);
        let (answer, heard, during) = self.ask(&request);
        let mut asked = ct.clone();
        let created = answer.errno == 0 && flags.contains(NlmFlags::CREATE);
        let mut shown = heard.first().and_then(|event| decoded(event));
        if created && shown.is_none() {
            // Without an event, the id and the choice of NAT are read with a request.
            let mut key = Conntrack { family: ct.family, zone: ct.zone, ..Conntrack::default() };
            (key.orig, key.reply) = (ct.orig, ct.reply);
            let get = self.machine.request(MsgType::CT_GET, NlmFlags::empty(), &key);
            let got = self.machine.asks.ask(&get);
            shown = got.datagrams.first().and_then(|reply| decoded(reply));
        }
        if let Some(shown) = shown.filter(|_| answer.errno == 0) {
            let is_new = self.net.entry(shown.id.unwrap_or_default()).is_none();
            if is_new {
                self.net.set_next_id(shown.id.unwrap_or_default());
                self.born.insert(shown.id.unwrap_or_default(), during);
                self.figures.entries += 1;
                asked.rare_mut().nat_src =
                    chosen(&ct.rare().nat_src, shown.reply.dst, shown.reply.dst_port)?;
                asked.rare_mut().nat_dst =
                    chosen(&ct.rare().nat_dst, shown.reply.src, shown.reply.src_port)?;
            }
            // If a jiffy passes between creation and event, the timeout is one second less.
            let most = 0x7fff_ffff / self.net.kernel.arch.hz;
            if asked.timeout.is_some_and(|t| Some(t.min(most).saturating_sub(1)) == shown.timeout) {
                asked.timeout = shown.timeout;
            }
            self.adopt_timeout_of(&shown, asked.timeout.is_none());
        }
        let portid = self.machine.asks.portid;
        let simulated = self.net.ctnetlink_new_conntrack(portid, flags, &asked);
        self.same_errno(&answer, simulated)?;
        self.same_events(&heard, during)
    }

    /// Copies the remaining timeout of an entry if the request does not change it.
    fn adopt_timeout_of(&mut self, shown: &Conntrack, keeps: bool) {
        let (now, hz) = (self.net.clock.jiffies, u64::from(self.net.kernel.arch.hz));
        let id = shown.id.unwrap_or_default();
        let entry = self.net.entry_mut(id).filter(|_| keeps);
        if let (Some(ct), Some(seconds)) = (entry, shown.timeout) {
            if (ct.timeout.saturating_sub(now) / hz).abs_diff(seconds.into()) == 1 {
                ct.timeout = now + u64::from(seconds) * hz + hz / 2;
            }
        }
    }

    fn get(&mut self, ct: &Conntrack, zero: bool) -> Result<(), Difference> {
        let kind = if zero { MsgType::CT_GET_CTRZERO } else { MsgType::CT_GET };
        let request = self.machine.request(kind, NlmFlags::empty(), ct);
        let seq = request.as_message().header().nlmsg_seq;
        let (answer, heard, during) = self.ask(&request);
        self.adopt_all(&answer.datagrams)?;
        self.adopt_all(&heard)?;
        let to = (self.machine.asks.portid, seq);
        let simulated = self.net.ctnetlink_get_conntrack(to, zero, ct);
        self.figures.replies += answer.datagrams.len();
        self.same_errno(&answer, simulated.as_ref().map(|_| ()).map_err(|&errno| errno))?;
        let simulated: Vec<_> = simulated.into_iter().collect();
        same_answer(&answer, &simulated)?;
        self.same_events(&heard, during)
    }

    fn delete(&mut self, ct: &Conntrack, id: GivenId) -> Result<(), Difference> {
        let current = self.net.entries().find(|entry| {
            let [orig, _] = &entry.tuple;
            Some(orig.src) == ct.orig.src
                && Some(orig.dst) == ct.orig.dst
                && Some(orig.src_id) == ct.orig.src_port.or(ct.orig.icmp_id)
        });
        let right = current.map(|entry| entry.id);
        let id = match id {
            GivenId::None => None,
            GivenId::Right => right,
            GivenId::Wrong => Some(right.unwrap_or_default() ^ 1),
        };
        let mut ct = Conntrack { id, ..ct.clone() };
        if ct.orig.is_empty() && ct.reply.is_empty() {
            // A request without a tuple would be a flush.
            ct.reply.proto = Some(ctnetlink::nested::IpProto(1));
        }
        let request = self.machine.request(MsgType::CT_DELETE, NlmFlags::empty(), &ct);
        let (answer, heard, during) = self.ask(&request);
        self.adopt_all(&heard)?;
        let portid = self.machine.asks.portid;
        let simulated = self.net.ctnetlink_del_conntrack(portid, &ct);
        self.same_errno(&answer, simulated)?;
        self.same_events(&heard, during)
    }

    fn dump(&mut self, select: &Select, zero: bool) -> Result<(), Difference> {
        let seq = self.machine.next_seq();
        let make = if zero { request::dump_and_reset } else { request::dump };
        let request = make(&select.selector()).with_seq(seq);
        let (answer, heard, during) = self.ask(&request);
        self.adopt_all(&answer.datagrams)?;
        self.order_as(&answer.datagrams);
        let request = select.request(self.machine.asks.portid, seq, zero);
        let buffers = DumpBuffers::read_before(&self.net.kernel);
        let simulated = self.net.dump(&request, buffers).unwrap();
        self.figures.replies += messages(&answer.datagrams).count();
        self.figures.bytes += answer.datagrams.iter().map(Vec::len).sum::<usize>();
        same_answer(&answer, &simulated)?;
        self.same_events(&heard, during)
    }

    fn flush(&mut self, select: &Select) -> Result<(), Difference> {
        // Kernels support flushes by status, zone and family only later than such dumps; see
        // `Selector`.
        let seq = self.machine.next_seq();
        let request = request::flush(&select.selector()).with_seq(seq);
        let (answer, heard, during) = self.ask(&request);
        self.adopt_all(&heard)?;
        self.order_as(&heard);
        let request = select.request(self.machine.asks.portid, seq, false);
        self.net.ctnetlink_flush_conntrack(&request);
        self.same_errno(&answer, Ok(()))?;
        self.same_events(&heard, during)
    }
}

/// Steps on expectations, whose ids and timeouts are copied from the running kernel.
impl Run<'_> {
    fn expect_request(&mut self, kind: MsgType, flags: NlmFlags, e: &Expectation) -> MessageBuf {
        let seq = self.machine.next_seq();
        let flags = NlmFlags::REQUEST | NlmFlags::ACK | flags;
        let family = match e.tuple.src.or(e.master.src) {
            Some(addr) if addr.is_ipv6() => ctnetlink::Family::IPV6,
            _ => ctnetlink::Family::IPV4,
        };
        let builder = ctnetlink::MessageBuilder {
            flags,
            seq,
            ..ctnetlink::MessageBuilder::new(kind, family)
        };
        builder.build::<ctnetlink::attrs::CtattrExpect>(|out| e.write(out)).unwrap()
    }

    fn expect_new(&mut self, asked: &Expectation) -> Result<(), Difference> {
        let flags = NlmFlags::CREATE | NlmFlags::EXCL;
        let request = self.expect_request(MsgType::EXP_NEW, flags, asked);
        let (answer, heard, during) = self.ask(&request);
        if answer.errno != 0 {
            // The simulation does not predict which expectations the kernel rejects.
            return self.same_events(&heard, during);
        }
        self.figures.expectations += 1;
        let shown = heard.first().and_then(|event| expect_decoded(event)).unwrap_or_default();
        let master = self.net.entries().find(|ct| {
            let [orig, _] = &ct.tuple;
            let asked = &asked.master;
            Some(orig.src) == asked.src
                && Some(orig.dst) == asked.dst
                && Some(orig.protonum) == asked.proto
                && Some(orig.src_id) == asked.src_port
                && Some(orig.dst_id) == asked.dst_port
        });
        let Some(master) = master else {
            return Err(Difference::new(
                "the simulation does not have the master that the kernel found".into(),
            ));
        };
        let kept = Expectation {
            timeout: shown.timeout,
            id: shown.id,
            help_name: master.help.as_ref().and_then(|help| help.helper.clone()),
            zone: None,
            ..asked.clone()
        };
        let mut exp = NfConntrackExpect::of(&self.net.kernel, &kept);
        exp.master_id = master.id;
        exp.timeout += self.net.clock.jiffies;
        let portid = self.machine.asks.portid;
        self.net.nf_ct_expect_related_report(exp, portid);
        self.same_events(&heard, during)
    }

    fn adopt_expected(&mut self, datagrams: &[Vec<u8>]) {
        let (now, hz) = (self.net.clock.jiffies, u64::from(self.net.kernel.arch.hz));
        for shown in messages(datagrams).filter_map(|m| expect_decoded(m.as_bytes())) {
            let exp = self.net.expectations_mut().iter_mut().find(|e| Some(e.id) == shown.id);
            if let (Some(exp), Some(seconds)) = (exp, shown.timeout) {
                if (exp.timeout.saturating_sub(now) / hz).abs_diff(seconds.into()) <= 1 {
                    exp.timeout = now + u64::from(seconds) * hz + hz / 2;
                }
            }
        }
    }

    fn expect_fill(&self, exp: &NfConntrackExpect, seq: u32) -> Vec<u8> {
        let (kernel, now) = (self.net.kernel, self.net.clock.jiffies);
        let mut bytes = WriteBuf::new();
        let to = (self.machine.asks.portid, seq);
        let room = ctnetlink::sim::Skb::UNLIMITED;
        ctnetlink_exp_fill_info(&kernel, exp, now, to, room, &mut bytes).unwrap();
        bytes.into_bytes()
    }

    fn expect_get(&mut self, asked: &Expectation) -> Result<(), Difference> {
        let key = Expectation { tuple: asked.tuple, ..Expectation::default() };
        let request = self.expect_request(MsgType::EXP_GET, NlmFlags::empty(), &key);
        let seq = request.as_message().header().nlmsg_seq;
        let (answer, ..) = self.ask(&request);
        self.adopt_expected(&answer.datagrams);
        let found = self.net.expectations().find(|exp| is_about(exp, asked));
        let simulated: Vec<_> = found.map(|exp| self.expect_fill(exp, seq)).into_iter().collect();
        self.figures.replies += answer.datagrams.len();
        self.same_errno(&answer, if found.is_some() { Ok(()) } else { Err(Errno::Enoent) })?;
        same_answer(&answer, &simulated)
    }

    fn expect_delete(&mut self, asked: &Expectation) -> Result<(), Difference> {
        let key = Expectation { tuple: asked.tuple, ..Expectation::default() };
        let request = self.expect_request(MsgType::EXP_DELETE, NlmFlags::empty(), &key);
        let (answer, heard, during) = self.ask(&request);
        self.adopt_expected(&heard);
        let found = self.net.expectations().find(|exp| is_about(exp, asked)).map(|exp| exp.id);
        let portid = self.machine.asks.portid;
        let simulated = match found {
            Some(id) => self.net.nf_ct_unlink_expect_report(id, portid),
            None => Err(Errno::Enoent),
        };
        self.same_errno(&answer, simulated)?;
        self.same_events(&heard, during)
    }

    fn expect_dump(&mut self) -> Result<(), Difference> {
        let seq = self.machine.next_seq();
        let request = request::dump_expectations(ctnetlink::Family::UNSPEC).with_seq(seq);
        let (answer, ..) = self.ask(&request);
        self.adopt_expected(&answer.datagrams);
        let shown: Vec<_> = messages(&answer.datagrams).map(|m| m.as_bytes().to_vec()).collect();
        let mut simulated: Vec<_> =
            self.net.expectations().map(|exp| self.expect_fill(exp, seq)).collect();
        let place = |bytes: &Vec<u8>| {
            let id = expect_decoded(bytes).and_then(|e| e.id);
            shown.iter().position(|b| expect_decoded(b).and_then(|e| e.id) == id)
        };
        simulated.sort_by_key(place);
        self.figures.replies += shown.len();
        same_bytes("dump of expectations", &shown, &simulated, None)
    }
}

fn is_about(exp: &NfConntrackExpect, asked: &Expectation) -> bool {
    Some(exp.tuple.src) == asked.tuple.src
        && Some(exp.tuple.dst) == asked.tuple.dst
        && Some(exp.tuple.protonum) == asked.tuple.proto
        && Some(exp.tuple.src_id) == asked.tuple.src_port
        && Some(exp.tuple.dst_id) == asked.tuple.dst_port
}

impl Select {
    fn selector(&self) -> Selector {
        let Self { family, mark, status, zone } = *self;
        Selector { family, mark, status, zone, ..Selector::default() }
    }

    fn request(&self, portid: u32, seq: u32, ctrzero: bool) -> DumpRequest {
        let Self { family, mark, status, zone } = *self;
        DumpRequest { portid, seq, ctrzero, family, mark, status, zone }
    }
}

/// Returns the address and port that the kernel chose, after a check that they are in the range.
fn chosen(
    range: &NatRange,
    addr: Option<std::net::IpAddr>,
    port: Option<u16>,
) -> Result<NatRange, Difference> {
    let Some(min) = range.min_ip else { return Ok(*range) };
    let outside = |what| Err(Difference::new(format!("NAT chose {what} outside {range:?}")));
    let max = range.max_ip.unwrap_or(min);
    if addr.is_none_or(|addr| addr < min || addr > max) {
        return outside(format!("{addr:?}"));
    }
    let mut ports = PortRange { min: port, max: port };
    if let Some(min) = range.ports.min {
        let max = range.ports.max.unwrap_or(min);
        if port.is_none_or(|port| port < min || port > max) {
            return outside(format!("{port:?}"));
        }
    }
    if port.is_none() {
        ports = PortRange::default();
    }
    Ok(NatRange { min_ip: addr, max_ip: addr, ports })
}

fn decoded(bytes: &[u8]) -> Option<Conntrack> {
    let message = Message::parse(bytes).ok()?;
    if message.kind() == Kind::Destroy {
        return None;
    }
    Conntrack::try_from(message).ok()
}

fn expect_decoded(bytes: &[u8]) -> Option<Expectation> {
    let message = Message::parse(bytes).ok()?;
    Expectation::try_decode(message.expectation_attrs().ok()?).ok()
}
