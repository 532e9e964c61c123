//! Sends the same datagrams to the running kernel and to the simulated one.
//!
//! The conversation with the running kernel is recorded, and `ctnetlink answer` plays it afterwards:
//! requests that are valid, rejected and malformed, several per datagram, on sockets with different
//! options.

use crate::generate::{self, GivenId, Select, Step};
use crate::mutate::change;
use crate::player::{Figures, JIFFIES, Line, play};
use crate::probe::{Machine, sysctl};
use crate::random::Random;
use crate::run::now;
use ctnetlink::attrs::CtattrExpect;
use ctnetlink::flat::{NatRange, PortRange, Record as _};
use ctnetlink::request::{self, Selector};
use ctnetlink::sim::{Clock, ModuleParams, Net};
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Expectation, Family, MessageBuf, MessageBuilder, MsgType};
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::time::Instant;

/// The sockets: their groups, options and buffers.
const SOCKETS: [(&[u32], &[&str], usize); 6] = [
    (&[], &[], 32768),
    (&[], &["CAP_ACK"], 32768),
    (&[], &["EXT_ACK"], 4096),
    (&[], &["EXT_ACK", "CAP_ACK"], 8192),
    (&[1, 2, 3, 4, 6], &["EXT_ACK"], 65536),
    (&[3], &["CAP_ACK"], 16384),
];

/// A conversation with the running kernel, as JSON lines.
struct Recorder {
    sockets: Vec<Socket>,
    lines: String,
    begin: Instant,
}

impl Recorder {
    fn new(machine: &Machine) -> Self {
        let mut recorder =
            Self { sockets: Vec::new(), lines: String::new(), begin: Instant::now() };
        let hz = machine.can.kernel.arch.hz;
        recorder.line(&format!(
            r#""dir":"kernel","realtime_at_t0":{},"hz":{hz},"max":{}"#,
            now(),
            u32::MAX
        ));
        for (n, (groups, options, buffer)) in SOCKETS.iter().enumerate() {
            let mut socket = Socket::new(NETLINK_NETFILTER).unwrap();
            let portid = socket.bind_auto().unwrap().port_number();
            socket.set_non_blocking(true).unwrap();
            socket.set_rx_buf_sz(8_u32 << 20).unwrap();
            for option in *options {
                match *option {
                    "CAP_ACK" => socket.set_cap_ack(true).unwrap(),
                    _ => socket.set_ext_ack(true).unwrap(),
                }
            }
            groups.iter().for_each(|&group| socket.add_membership(group).unwrap());
            let size = socket.get_rx_buf_sz().unwrap();
            recorder.line(&format!(
                r#""dir":"open","sock":{n},"portid":{portid},"groups":{groups:?},"opts":{options:?},"buf":{buffer},"rcvbuf":{size}"#
            ));
            recorder.sockets.push(socket);
        }
        recorder
    }

    fn line(&mut self, keys: &str) {
        let t_ns = self.begin.elapsed().as_nanos();
        writeln!(self.lines, r#"{{{keys},"t_ns":{t_ns}}}"#).unwrap();
    }

    fn set(&mut self, name: &str, value: u8) {
        if sysctl(name, value).is_ok() {
            self.line(&format!(r#""dir":"sysctl","name":"nf_conntrack_{name}","value":{value}"#));
        }
    }

    /// Sends a datagram, and receives all that it causes.
    fn send(&mut self, sock: usize, datagram: &[u8], note: &str) {
        let hex = crate::compare::hex(datagram);
        self.line(&format!(r#""dir":"to_kernel","sock":{sock},"hex":"{hex}","note":"{note}""#));
        self.sockets[sock].send_to(datagram, &SocketAddr::new(0, 0), 0).unwrap();
        let others = (0..self.sockets.len()).filter(|&other| other != sock);
        for sock in std::iter::once(sock).chain(others) {
            self.receive(sock);
        }
    }

    fn receive(&mut self, sock: usize) {
        let (.., buffer) = SOCKETS[sock];
        let mut room = vec![0; buffer];
        loop {
            match self.sockets[sock].recv_from(&mut &mut room[..], 0) {
                Ok((length, sender)) => {
                    let hex = crate::compare::hex(&room[..length]);
                    let mask = sender.multicast_groups();
                    self.line(&format!(
                        r#""dir":"from_kernel","sock":{sock},"hex":"{hex}","buf":{buffer},"group_mask":{mask}"#
                    ));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Returns the message of a step, with random flags, and a note about it.
fn message(
    random: &mut Random,
    machine: &mut Machine,
    step: Step,
) -> Option<(Vec<u8>, &'static str)> {
    let entry = |machine: &mut Machine, kind, flags, ct: &Conntrack| {
        machine.request(kind, flags, ct).into_bytes()
    };
    let select = |Select { family, mark, status, zone }: Select| Selector {
        family,
        mark,
        status,
        zone,
        ..Selector::default()
    };
    let seq = machine.next_seq();
    let acked = |request: MessageBuf| {
        let mut bytes = request.with_seq(seq).into_bytes();
        let flags = u16::from_ne_bytes([bytes[6], bytes[7]]) | NlmFlags::ACK.bits();
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes
    };
    let expect = |kind, flags, expected: &Expectation| {
        let family = match expected.tuple.src {
            Some(addr) if addr.is_ipv6() => Family::IPV6,
            _ => Family::IPV4,
        };
        let flags = NlmFlags::REQUEST | NlmFlags::ACK | flags;
        let builder = MessageBuilder { flags, seq, ..MessageBuilder::new(kind, family) };
        builder.build::<CtattrExpect>(|out| expected.write(out)).unwrap().into_bytes()
    };
    let (mut bytes, note) = match step {
        Step::New(flags, mut ct) => {
            // The kernel chooses at random from a range of addresses or ports.
            if let Some(rare) = &mut ct.rare {
                for nat in [&mut rare.nat_src, &mut rare.nat_dst] {
                    let ports = PortRange { max: None, ..nat.ports };
                    *nat = NatRange { max_ip: None, ports, ..*nat };
                }
            }
            (entry(machine, MsgType::CT_NEW, flags, &ct), "new")
        }
        Step::Get(ct, true) => {
            (entry(machine, MsgType::CT_GET_CTRZERO, NlmFlags::empty(), &ct), "ctrzero")
        }
        Step::Get(ct, false) => (entry(machine, MsgType::CT_GET, NlmFlags::empty(), &ct), "get"),
        Step::Delete(mut ct, id) => {
            ct.id = (id == GivenId::Wrong).then(|| random.u32());
            let has_tuple = !ct.orig.is_empty() || !ct.reply.is_empty();
            let note = if has_tuple { "delete" } else { "flush" };
            (entry(machine, MsgType::CT_DELETE, NlmFlags::empty(), &ct), note)
        }
        Step::Dump(of, true) => (acked(request::dump_and_reset(&select(of))), "dump and reset"),
        Step::Dump(of, false) => (acked(request::dump(&select(of))), "dump"),
        Step::Flush(of) => (acked(request::flush(&select(of))), "flush"),
        Step::ExpectNew(expected) => {
            (expect(MsgType::EXP_NEW, NlmFlags::CREATE | NlmFlags::EXCL, &expected), "expect")
        }
        Step::ExpectGet(expected) => {
            let key = Expectation { tuple: expected.tuple, ..Expectation::default() };
            (expect(MsgType::EXP_GET, NlmFlags::empty(), &key), "get expectation")
        }
        Step::ExpectDelete(expected) => {
            let key = Expectation { tuple: expected.tuple, ..Expectation::default() };
            (expect(MsgType::EXP_DELETE, NlmFlags::empty(), &key), "delete expectation")
        }
        Step::ExpectDump => {
            (acked(request::dump_expectations(Family::UNSPEC)), "dump expectations")
        }
        Step::Expired(_) | Step::Deaf(_) | Step::Switch(..) => return None,
    };
    let mut flags = NlmFlags::from_bits_retain(u16::from_ne_bytes([bytes[6], bytes[7]]));
    flags.set(NlmFlags::ACK, random.chance(80));
    flags.set(NlmFlags::ECHO, random.chance(20));
    flags.set(NlmFlags::REQUEST, random.chance(98));
    bytes[6..8].copy_from_slice(&flags.bits().to_ne_bytes());
    Some((bytes, note))
}

/// Talks to the running kernel, and plays the conversation to the simulated one.
///
/// Returns the figures, the lines and the differences.
pub(crate) fn converse(
    machine: &mut Machine,
    random: &mut Random,
    requests: u64,
) -> (Figures, String, Vec<String>) {
    machine.acked(request::flush_expectations());
    machine.acked(request::flush(&Selector::default()));
    let mut recorder = Recorder::new(machine);
    for (name, value) in [("acct", 0), ("timestamp", 0), ("events", 1)] {
        recorder.set(name, value);
    }
    let mut steps = Vec::new();
    let mut sent = 0;
    while sent < requests {
        let Some(step) = steps.pop() else {
            steps = match random.below(4) {
                0 => generate::expectations(random, &machine.can),
                _ => generate::a_round(random, &machine.can),
            };
            steps.reverse();
            continue;
        };
        if let Step::Switch(name, value) = step {
            recorder.set(name, value);
            continue;
        }
        let Some((mut datagram, note)) = message(random, machine, step) else { continue };
        let mut note = note.to_owned();
        let is_mutated = random.chance(35);
        if is_mutated {
            (0..1 + random.below(3)).for_each(|_| change(random, &mut datagram));
        }
        // More messages in the datagram. None of them walks a table, and a mutated request to delete
        // might: what the kernel then sends would not show the order of its table.
        let walks = |note: &str, is_mutated| match note {
            "new" | "get" | "ctrzero" | "expect" | "get expectation" => false,
            "delete" | "delete expectation" => is_mutated,
            _ => true,
        };
        let is_alone = walks(&note, is_mutated);
        note += if is_mutated { ", mutated" } else { "" };
        while !is_alone && random.chance(20) {
            let more = steps.pop().and_then(|step| message(random, machine, step));
            let Some((more, another)) = more.filter(|(_, note)| !walks(note, false)) else { break };
            datagram.resize(datagram.len().next_multiple_of(4), 0);
            datagram.extend(more);
            note = format!("{note} + {another}");
        }
        recorder.send(random.below(SOCKETS.len()), &datagram, &note);
        sent += 1;
    }
    let clock = Clock { real_ns: now(), jiffies: JIFFIES };
    let kernel = machine.can.kernel;
    let mut net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None).unwrap();
    net.helpers.clone_from(&machine.can.helpers);
    net.labels_used = machine.can.labels_used;
    let lines: Vec<_> =
        (1..).zip(recorder.lines.lines()).map(|(n, line)| Line::read(n, line).unwrap()).collect();
    let mut differences = Vec::new();
    let figures = play(net, &lines, &mut |difference| differences.push(difference));
    (figures, recorder.lines, differences)
}
