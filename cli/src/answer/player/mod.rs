//! A conversation that is played to the simulated kernel.

mod conversation;
mod order;
mod take_over;

pub(crate) use conversation::Line;

use conversation::What;
use ctnetlink::sim::{Datagram, Errno, Net, NetlinkSocket};
use ctnetlink::wire::Endian;
use order::ExpectOrder;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use take_over::TakenOver;

/// The number of jiffies at the beginning of a recording.
pub(crate) const JIFFIES: u64 = 1 << 32;

/// The number of datagrams of a conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// The datagrams to the kernel.
    pub(crate) requests: usize,
    /// The datagrams from the kernel, and errors of receive calls.
    pub(crate) datagrams: usize,
    /// Those that the simulated kernel sends, too.
    pub(crate) exact: usize,
}

/// Plays a conversation to a namespace, and calls `report` with each difference.
pub(crate) fn play(mut net: Net, lines: &[Line], report: &mut dyn FnMut(String)) -> Figures {
    let order = order::of_entries(lines, net.kernel.arch.endian());
    net.reserve_order(order.dumps);
    net.reserve_flush_order(order.flushes);
    let mut player = Player::new(net, report);
    for (n, line) in lines.iter().enumerate() {
        player.play(line, lines.get(n + 1..).unwrap_or_default());
    }
    for sock in lines.iter().map(|line| line.sock).collect::<BTreeSet<_>>() {
        player.close(sock);
    }
    player.figures
}

/// A conversation that is played.
struct Player<'r> {
    net: Net,
    endian: Endian,
    realtime: u64,
    /// The port ids of the sockets.
    portids: HashMap<u64, u32>,
    /// The sockets that have received since they last sent.
    readers: HashSet<u64>,
    /// The sockets of programs, whose recordings lack the groups of events.
    clients: HashSet<u64>,
    taken_over: TakenOver,
    figures: Figures,
    report: &'r mut dyn FnMut(String),
}

impl<'r> Player<'r> {
    fn new(net: Net, report: &'r mut dyn FnMut(String)) -> Self {
        Self {
            endian: net.kernel.arch.endian(),
            net,
            realtime: 0,
            portids: HashMap::new(),
            readers: HashSet::new(),
            clients: HashSet::new(),
            taken_over: TakenOver::default(),
            figures: Figures::default(),
            report,
        }
    }

    fn report(&mut self, line: &Line, problem: impl Display) {
        (self.report)(format!("line {}: {problem}", line.number));
    }

    fn socket(&mut self, sock: u64) -> Option<&mut NetlinkSocket> {
        self.net.socket_mut(*self.portids.get(&sock)?)
    }

    /// Plays a line; `later` are the lines after it.
    fn play(&mut self, line: &Line, later: &[Line]) {
        let hz = u64::from(self.net.kernel.arch.hz);
        self.net.clock.real_ns = self.realtime + line.t_ns;
        self.net.clock.jiffies = JIFFIES + line.t_ns / (1_000_000_000 / hz.max(1));
        match &line.what {
            What::Kernel { realtime, hz, cpus, max } => {
                self.net.kernel.arch.hz = hz.unwrap_or(self.net.kernel.arch.hz);
                self.realtime = *realtime;
                self.net.clock.real_ns = self.realtime + line.t_ns;
                self.net.stats.resize(*cpus, Default::default());
                self.net.sysctls.nf_conntrack_max = max.unwrap_or(262_144);
            }
            What::Sysctl { name, value } => self.sysctl(line, name, *value),
            What::Nft { uses_labels } => self.net.labels_used |= uses_labels,
            What::Open { .. } => self.open(line, later),
            What::Member(group, joins) => {
                if let Some(socket) = self.socket(line.sock) {
                    // The kernel has accepted the group.
                    let _ = if *joins { socket.join(*group) } else { socket.leave(*group) };
                }
            }
            What::Option(name, value) => {
                if let Some(socket) = self.socket(line.sock) {
                    set_option(socket, name, *value);
                }
            }
            What::Close => {
                self.close(line.sock);
            }
            What::ToKernel { bytes, privileged } => {
                self.figures.requests += 1;
                self.readers.remove(&line.sock);
                let Some(&portid) = self.portids.get(&line.sock) else {
                    self.report(line, "the socket is not open");
                    return;
                };
                if let Some(socket) = self.net.socket_mut(portid) {
                    socket.privileged = *privileged;
                }
                let before: Vec<_> = self.net.expectations().map(|exp| exp.id).collect();
                ExpectOrder::read(bytes, line.sock, later, self.endian).sort(&mut self.net);
                self.net.receive(portid, bytes);
                // Their order in the list is that of their age, which matters for later requests.
                let age = |id| before.iter().position(|&known| known == id);
                self.net.expectations_mut().sort_by_key(|exp| age(exp.id).unwrap_or(usize::MAX));
            }
            What::FromKernel { bytes, buffer, len, errno, group_mask } => {
                self.figures.datagrams += 1;
                self.readers.insert(line.sock);
                let portid = self.portids.get(&line.sock).copied().unwrap_or_default();
                let ours = self.net.recvmsg(portid, *buffer);
                let theirs = Recorded {
                    bytes,
                    len: *len,
                    errno: *errno,
                    group_mask: (!self.clients.contains(&line.sock)).then_some(*group_mask),
                };
                match self.compare(&theirs, ours) {
                    Ok(()) => self.figures.exact += 1,
                    Err(problem) => self.report(line, problem),
                }
            }
            What::Other => {}
        }
    }

    /// Closes a socket, which must have received all that the simulation has sent if it read at all.
    fn close(&mut self, sock: u64) {
        let Some(portid) = self.portids.remove(&sock) else { return };
        let is_readable = self.net.socket(portid).is_some_and(|socket| socket.is_readable());
        // Programs may end without reading everything.
        if is_readable && self.readers.contains(&sock) && !self.clients.contains(&sock) {
            (self.report)(format!("socket {sock}: the recording lacks its last datagram"));
        }
        self.net.close(portid);
    }

    fn sysctl(&mut self, line: &Line, name: &str, value: u64) {
        let sysctls = &mut self.net.sysctls;
        match name {
            "nf_conntrack_acct" => sysctls.nf_conntrack_acct = value != 0,
            "nf_conntrack_timestamp" => sysctls.nf_conntrack_timestamp = i32::from(value != 0),
            "nf_conntrack_events" => sysctls.nf_conntrack_events = u8::try_from(value).unwrap_or(1),
            _ => self.report(line, format_args!("the sysctl {name} is not simulated")),
        }
    }

    fn open(&mut self, line: &Line, later: &[Line]) {
        let What::Open { portid, groups, options, receive_buffer, is_client } = &line.what else {
            return;
        };
        // A socket that is not bound yet shows its port id in the first message that it receives.
        let shown = || {
            later.iter().filter(|later| later.sock == line.sock).find_map(|later| {
                match &later.what {
                    What::FromKernel { bytes, .. } => bytes.get(12..16)?.first_chunk().copied(),
                    _ => None,
                }
            })
        };
        let is_bound = *portid != 0;
        let portid = match portid {
            0 => shown().map_or(0, |bytes| self.endian.u32(bytes)),
            portid => *portid,
        };
        let Ok(socket) = self.net.open(portid) else {
            self.report(line, format_args!("two sockets have the port id {portid}"));
            return;
        };
        for group in groups {
            // The kernel has accepted the group.
            let _ = socket.join(*group);
        }
        options.iter().for_each(|name| set_option(socket, name, true));
        socket.bound = is_bound;
        socket.receive_buffer = receive_buffer.unwrap_or(socket.receive_buffer);
        self.portids.insert(line.sock, portid);
        if *is_client {
            self.clients.insert(line.sock);
        }
    }

    /// Compares a datagram, after unknowable values have been taken over.
    fn compare(
        &mut self,
        theirs: &Recorded<'_>,
        ours: Result<Option<Datagram>, Errno>,
    ) -> Result<(), String> {
        let ours = match ours {
            Ok(Some(ours)) if theirs.errno == 0 => ours,
            Err(errno) if errno.number() == theirs.errno => return Ok(()),
            Ok(None) => return Err("the simulation sends nothing".into()),
            Ok(Some(_)) => return Err("the simulation sends a datagram instead of an error".into()),
            Err(errno) => return Err(format!("the simulation returns {errno}")),
        };
        let Datagram { mut bytes, group_mask } = ours;
        if let Some(len) = theirs.len.filter(|&len| len != bytes.len()) {
            return Err(format!("{len} bytes recorded, {} simulated", bytes.len()));
        }
        bytes.truncate(if theirs.len.is_some() { theirs.bytes.len() } else { usize::MAX });
        let now = self.net.clock.real_ns;
        self.taken_over.apply(theirs.bytes, &mut bytes, &mut self.net, self.endian, now);
        if bytes != theirs.bytes {
            let same = bytes.iter().zip(theirs.bytes).take_while(|(ours, theirs)| ours == theirs);
            return Err(format!(
                "differs from byte {} on: {} bytes recorded, {} simulated",
                same.count(),
                theirs.bytes.len(),
                bytes.len()
            ));
        }
        if let Some(theirs) = theirs.group_mask.filter(|&theirs| theirs != group_mask) {
            return Err(format!("group mask {theirs:#x} recorded, {group_mask:#x} simulated"));
        }
        Ok(())
    }
}

/// A datagram or an error that was recorded.
struct Recorded<'a> {
    bytes: &'a [u8],
    len: Option<usize>,
    errno: i32,
    group_mask: Option<u32>,
}

fn set_option(socket: &mut NetlinkSocket, name: &str, value: bool) {
    match name {
        "CAP_ACK" => socket.cap_ack = value,
        "EXT_ACK" => socket.ext_ack = value,
        "BROADCAST_ERROR" => socket.broadcast_error = value,
        "NO_ENOBUFS" => socket.no_enobufs = value,
        // The other options change nothing in what netfilter sends.
        _ => {}
    }
}
