//! `ctnetlink answer`: a recorded conversation with the simulated kernel.

mod conversation;
mod order;
mod take_over;

use crate::decompress::decompress;
use crate::options::release::known_release;
use crate::output::print_error;
use crate::status::Status;
use crate::stop::Stop;
use conversation::{Line, What};
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::{Clock, Datagram, Errno, ModuleParams, Net, NetlinkSocket};
use ctnetlink::wire::Endian;
use order::{EntryOrder, ExpectOrder};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use take_over::TakenOver;

/// Compare a recorded conversation with the replies of the simulated kernel
///
/// The command sends each recorded request to the simulated kernel and compares the datagrams that it
/// receives. The recording is JSON lines, such as those of tests/golden/conversations, and may be
/// compressed. What no simulation can know is taken over from the recording: ids, times, the order of
/// the table, and statistics per CPU; timeouts may differ by a second. The last line of standard error
/// is `requests=N datagrams=N exact=N`. The exit status is 1 if anything differs.
#[derive(clap::Args)]
pub(crate) struct Answer {
    /// Recording, or - for standard input
    file: PathBuf,
    /// Kernel release, from 2.6.39 to 7.2, such as 6.12 or 6.12.111
    #[arg(long, value_parser = known_release)]
    kernel: Release,
    /// Machine and properties that differ from it, such as arm64,page=16384; see `ctnetlink sim --help`
    #[arg(long, default_value = "x86_64")]
    arch: Arch,
}

pub(crate) fn run(args: &Answer) -> Result<Status, Stop> {
    let unusable = |error: io::Error| Stop::file(&args.file, &error);
    let input: Box<dyn Read> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(&args.file).map_err(unusable)?),
    };
    let input = BufReader::new(decompress(input).map_err(unusable)?);
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(input.lines()) {
        let text = text.map_err(unusable)?;
        let line = Line::read(number, &text).map_err(|problem| {
            Stop::Unusable(format!("{}: line {number}: {problem}", args.file.display()))
        })?;
        lines.push(line);
    }
    let kernel = Kernel { arch: args.arch, ..Kernel::new(args.kernel) };
    let mut player = Player::new(kernel, &args.file);
    player.order = Some(order::of_entries(&lines, kernel.arch.endian()));
    for (n, line) in lines.iter().enumerate() {
        player.play(line, lines.get(n + 1..).unwrap_or_default());
    }
    for sock in lines.iter().map(|line| line.sock).collect::<BTreeSet<_>>() {
        player.close(sock);
    }
    let Player { requests, datagrams, exact, is_flawed, .. } = player;
    eprintln!("requests={requests} datagrams={datagrams} exact={exact}");
    Ok(Status::flawed_if(is_flawed))
}

/// The number of jiffies at the beginning of a recording.
const JIFFIES: u64 = 1 << 32;

/// A conversation that is played.
struct Player<'f> {
    file: &'f Path,
    net: Net,
    endian: Endian,
    realtime: u64,
    /// The port ids of the sockets.
    portids: HashMap<u64, u32>,
    /// The sockets that have received since they last sent.
    readers: HashSet<u64>,
    /// The sockets of programs, whose recordings lack the groups of events.
    clients: HashSet<u64>,
    /// The order of the kernel's table, until the namespace has it.
    order: Option<EntryOrder>,
    taken_over: TakenOver,
    requests: usize,
    datagrams: usize,
    exact: usize,
    is_flawed: bool,
}

fn net(kernel: Kernel, realtime: u64) -> Net {
    let clock = Clock { real_ns: realtime, jiffies: JIFFIES };
    Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None)
        .expect("no step of the set-up is told to fail")
}

impl<'f> Player<'f> {
    fn new(kernel: Kernel, file: &'f Path) -> Self {
        Self {
            file,
            net: net(kernel, 0),
            endian: kernel.arch.endian(),
            realtime: 0,
            portids: HashMap::new(),
            readers: HashSet::new(),
            clients: HashSet::new(),
            order: None,
            taken_over: TakenOver::default(),
            requests: 0,
            datagrams: 0,
            exact: 0,
            is_flawed: false,
        }
    }

    fn report(&mut self, line: &Line, problem: impl Display) {
        print_error(format_args!("{}: line {}: {problem}", self.file.display(), line.number));
        self.is_flawed = true;
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
                let mut kernel = self.net.kernel;
                kernel.arch.hz = hz.unwrap_or(kernel.arch.hz);
                self.realtime = *realtime;
                self.net = net(kernel, *realtime);
                self.net.stats.resize(*cpus, Default::default());
                self.net.sysctls.nf_conntrack_max = max.unwrap_or(262_144);
                if let Some(order) = self.order.take() {
                    self.net.reserve_order(order.dumps);
                    self.net.reserve_flush_order(order.flushes);
                }
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
                self.requests += 1;
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
                self.datagrams += 1;
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
                    Ok(()) => self.exact += 1,
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
            let file = self.file.display();
            print_error(format_args!(
                "{file}: socket {sock}: the recording lacks its last datagram"
            ));
            self.is_flawed = true;
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
