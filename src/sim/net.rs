//! A network namespace as state: settings, clock, table and listeners.

use super::errno::Errno;
use super::expect::NfConntrackExpect;
use super::helper::Helper;
use super::netlink_socket::NetlinkSocket;
use super::nf_conn::{NfConn, NfConntrackTuple, NfConntrackZone};
use super::stats::IpConntrackStat;
use super::table::{Lent, Table};
use crate::Group;
use crate::kernel::Kernel;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;
use core::fmt;

/// The time in a simulated namespace, which only the caller moves.
///
/// # Examples
/// See [`Net`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// `ktime_get_real_ns`: nanoseconds since the Unix epoch, which may be set back.
    pub real_ns: u64,
    /// `jiffies`, which never decreases.
    pub jiffies: u64,
}

/// The parameters of the module `nf_conntrack`, with which every namespace starts.
///
/// # Examples
/// See the [module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleParams {
    /// `nf_conntrack.tstamp`, off by default.
    pub tstamp: bool,
    /// `nf_conntrack.acct`, off by default.
    pub acct: bool,
}

/// The sysctls `net.netfilter.*` of a namespace.
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{Clock, ModuleParams, Net};
///
/// let clock = Clock { real_ns: 1_700_000_000_123_456_789, jiffies: 1000 };
/// let module = ModuleParams { tstamp: false, acct: true };
/// let mut net = Net::nf_conntrack_init_net(Kernel::new("5.10".parse()?), module, clock, None)?;
/// assert_eq!((net.sysctls.nf_conntrack_acct, net.sysctls.nf_conntrack_timestamp), (true, 0));
/// net.write_nf_conntrack_timestamp(1).unwrap();
/// assert!(net.nf_ct_tstamp_enabled());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sysctls {
    /// `nf_conntrack_timestamp`: new entries get timestamps unless it is 0.
    pub nf_conntrack_timestamp: i32,
    /// `nf_conntrack_acct`: whether new entries get counters.
    pub nf_conntrack_acct: bool,
    /// `nf_conntrack_events`: which entries have events.
    ///
    /// 0 stands for none, 1 for all, and 2 for those that are created while a socket listens. The value
    /// 2 exists since Linux 5.19 and is the default there.
    pub nf_conntrack_events: u8,
    /// `nf_conntrack_max`.
    pub nf_conntrack_max: u32,
}

/// A step of setting up a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitStep {
    /// `nf_conntrack_acct_init`.
    Acct,
    /// `nf_conntrack_tstamp_init`.
    Tstamp,
    /// `nf_conntrack_ecache_init`.
    Ecache,
}

impl InitStep {
    /// The steps in the order of set-up; they are undone in reverse.
    pub const ORDER: [Self; 3] = [Self::Acct, Self::Tstamp, Self::Ecache];
}

/// An error for a namespace that could not be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFailure {
    /// The step that failed.
    pub failed: InitStep,
    /// The earlier steps, in the order in which they were undone.
    pub undone: Vec<InitStep>,
}

impl fmt::Display for InitFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.failed {
            InitStep::Acct => "nf_conntrack_acct_init",
            InitStep::Tstamp => "nf_conntrack_tstamp_init",
            InitStep::Ecache => "nf_conntrack_ecache_init",
        };
        write!(f, "{step} failed, and the {} steps before it were undone", self.undone.len())
    }
}

impl core::error::Error for InitFailure {}

/// The cause of events: a request, or a packet or timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The port id of the requester's socket, or 0.
    pub(crate) portid: u32,
    /// The request has `NLM_F_ECHO`: the requester gets a copy of each event.
    pub(crate) echo: bool,
}

impl Cause {
    /// A packet or a timer.
    pub(crate) const TIMER: Self = Self { portid: 0, echo: false };
}

impl From<u32> for Cause {
    fn from(portid: u32) -> Self {
        Self { portid, echo: false }
    }
}

/// A receiver of the events of a simulated namespace.
///
/// # Examples
/// See the [module](super).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// The groups that the socket has joined.
    pub groups: Vec<Group>,
    /// Whether the receive buffer is full, so that messages are dropped.
    pub full: bool,
    /// `NETLINK_BROADCAST_ERROR`: whether the kernel sends a dropped DESTROY event again.
    pub broadcast_error: bool,
    /// The messages that the socket has received, one per datagram.
    pub received: Vec<Vec<u8>>,
    /// The number of messages that were dropped (`ENOBUFS`).
    pub overruns: usize,
}

/// A network namespace of a simulated kernel.
///
/// The methods do what happens to entries: [`init_conntrack`](Self::init_conntrack),
/// [`confirm`](Self::confirm) and [`packet`](Self::packet) follow a flow's packets,
/// [`ctnetlink_new_conntrack`](Self::ctnetlink_new_conntrack) and its siblings answer requests. The
/// example `one_flow` shows the life of an entry.
///
/// # Examples
/// ```
/// use ctnetlink::IpProto;
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{Clock, ModuleParams, Net, NfConntrackTuple, Packet};
///
/// let clock = Clock { real_ns: 1_700_000_000_123_456_789, jiffies: 1000 };
/// let kernel = Kernel::new("5.10".parse()?);
/// let mut net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None)?;
/// let (client, server) = ("192.0.2.1".parse()?, "198.51.100.7".parse()?);
/// let orig = NfConntrackTuple::ports(IpProto::TCP, (client, 40_000), (server, 443));
/// let packet = Packet { len: 60, timeout: 120, ..Packet::default() };
/// let mut entry = net.init_conntrack(orig, orig.inverted(), Default::default());
/// net.first_packet(&mut entry, &packet);
/// net.confirm(entry, &packet);
/// net.advance(7000); // milliseconds
/// assert_eq!(net.clock.real_ns, 1_700_000_007_123_456_789);
/// assert_eq!(net.entries().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Net {
    /// The kernel.
    pub kernel: Kernel,
    /// The time.
    pub clock: Clock,
    /// The settings.
    pub sysctls: Sysctls,
    /// Whether a rule of the namespace uses labels, so that new entries have the extension.
    pub labels_used: bool,
    /// The loaded helpers.
    pub helpers: Vec<Helper>,
    /// Receivers of events whose buffers the caller controls; see [`open`](Self::open) for sockets.
    pub listeners: Vec<Listener>,
    /// The statistics of each CPU; the simulation counts on the first one.
    pub stats: Vec<IpConntrackStat>,
    pub(crate) sockets: BTreeMap<u32, NetlinkSocket>,
    /// The table, in the order in which entries were added.
    ///
    /// The kernel walks its table in an order that it chooses at random at boot.
    pub(crate) table: Table,
    /// Entries whose DESTROY event is to be sent again.
    pub(crate) dying: Vec<NfConn>,
    /// Entries that have ended and are the master of others, by id.
    pub(crate) held: BTreeMap<u32, NfConn>,
    pub(crate) expectations: Vec<NfConntrackExpect>,
    pub(crate) last_id: u32,
}

impl Net {
    /// The difference between the ids of successive entries.
    pub(crate) const ID_STEP: u32 = 0x140;

    /// Sets up a namespace.
    ///
    /// The step `fails` fails, as if memory were short.
    ///
    /// # Errors
    ///
    /// Returns an error if `fails` is `Some`.
    pub fn nf_conntrack_init_net(
        kernel: Kernel,
        module: ModuleParams,
        clock: Clock,
        fails: Option<InitStep>,
    ) -> Result<Self, InitFailure> {
        let mut net = Self {
            kernel,
            clock,
            sysctls: Sysctls {
                nf_conntrack_timestamp: 0,
                nf_conntrack_acct: false,
                nf_conntrack_events: 0,
                nf_conntrack_max: 262_144,
            },
            labels_used: false,
            helpers: Helper::in_tree(),
            listeners: Vec::new(),
            stats: alloc::vec![IpConntrackStat::default()],
            sockets: BTreeMap::new(),
            table: Table::default(),
            dying: Vec::new(),
            held: BTreeMap::new(),
            expectations: Vec::new(),
            last_id: 0,
        };
        let mut done = Vec::new();
        for step in InitStep::ORDER {
            if fails == Some(step) {
                done.reverse();
                return Err(InitFailure { failed: step, undone: done });
            }
            match step {
                InitStep::Acct => net.sysctls.nf_conntrack_acct = module.acct,
                InitStep::Tstamp => net.nf_ct_set_tstamp(module.tstamp),
                InitStep::Ecache => {
                    let automatic = kernel.release.events_are_automatic();
                    net.sysctls.nf_conntrack_events = if automatic { 2 } else { 1 };
                }
            }
            done.push(step);
        }
        Ok(net)
    }

    /// Returns `true` if new entries get timestamps (`nf_ct_tstamp_enabled`).
    #[must_use]
    pub fn nf_ct_tstamp_enabled(&self) -> bool {
        self.kernel.has_timestamp() && self.sysctls.nf_conntrack_timestamp != 0
    }

    /// Switches timestamps on or off (`nf_ct_set_tstamp`).
    ///
    /// It does nothing in a kernel without timestamps.
    pub fn nf_ct_set_tstamp(&mut self, enable: bool) {
        if self.kernel.has_timestamp() {
            self.sysctls.nf_conntrack_timestamp = i32::from(enable);
        }
    }

    /// Writes the sysctl `nf_conntrack_timestamp`.
    ///
    /// # Errors
    ///
    /// * [`Enoent`](Errno::Enoent) in a kernel without timestamps.
    /// * [`Einval`](Errno::Einval) if `value` is neither 0 nor 1, since Linux 5.15.
    pub fn write_nf_conntrack_timestamp(&mut self, value: i32) -> Result<(), Errno> {
        if !self.kernel.has_timestamp() {
            return Err(Errno::Enoent);
        }
        if !self.kernel.release.timestamp_sysctl_is_int() && !(0..=1).contains(&value) {
            return Err(Errno::Einval);
        }
        self.sysctls.nf_conntrack_timestamp = value;
        Ok(())
    }

    /// Moves both clocks forward.
    pub fn advance(&mut self, milliseconds: u64) {
        let ns = milliseconds.saturating_mul(1_000_000);
        let jiffies = milliseconds.saturating_mul(u64::from(self.kernel.arch.hz)) / 1000;
        self.clock.real_ns = self.clock.real_ns.saturating_add(ns);
        self.clock.jiffies = self.clock.jiffies.saturating_add(jiffies);
    }

    /// Returns the entries of the table.
    pub fn entries(&self) -> impl Iterator<Item = &NfConn> {
        self.table.iter()
    }

    /// Returns the entries of the table, to be changed.
    ///
    /// Their tuples, zones and ids must stay as they are, because the table finds entries by them.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut NfConn> {
        self.table.iter_mut()
    }

    /// Sorts the table, which is otherwise in the order in which entries were added.
    ///
    /// The kernel walks its table in an order of its own. Entries with equal keys keep their order.
    pub fn sort_entries_by_key<K: Ord>(&mut self, key: impl FnMut(&NfConn) -> K) {
        self.table.sort_by_key(key);
    }

    /// Sets the order in which entries of these original tuples and zones will stand in the table.
    ///
    /// Other entries follow in the order in which they are added. A kernel's order is that of a keyed
    /// hash of these tuples. Its flushes follow a hash of the reply tuples; see
    /// [`reserve_flush_order`](Self::reserve_flush_order).
    pub fn reserve_order(
        &mut self,
        order: impl IntoIterator<Item = (NfConntrackTuple, NfConntrackZone)>,
    ) {
        self.table.reserve(order);
    }

    /// Sets the order in which a flush removes entries of these reply tuples and zones.
    ///
    /// Other entries follow in the order of the table.
    pub fn reserve_flush_order(
        &mut self,
        order: impl IntoIterator<Item = (NfConntrackTuple, NfConntrackZone)>,
    ) {
        self.table.reserve_flush(order);
    }

    /// Changes the id of an entry, for a table that follows that of a running kernel.
    pub fn set_entry_id(&mut self, id: u32, new: u32) {
        self.table.set_id(id, new);
        let others = self.table.iter_mut().chain(&mut self.dying).chain(self.held.values_mut());
        for ct in others.filter(|ct| ct.master.is_some() && ct.master_id == id) {
            ct.master_id = new;
        }
        for exp in self.expectations.iter_mut().filter(|exp| exp.master_id == id) {
            exp.master_id = new;
        }
    }

    /// Returns the entry with this id.
    #[must_use]
    pub fn entry(&self, id: u32) -> Option<&NfConn> {
        self.table.get(id)
    }

    /// Returns the entries whose DESTROY event has not been delivered, which `GET_DYING` lists.
    pub fn dying(&self) -> impl Iterator<Item = &NfConn> {
        self.dying.iter()
    }

    /// Returns the entry with this id, to be changed.
    ///
    /// Its tuples, zone and id must stay as they are.
    pub fn entry_mut(&mut self, id: u32) -> Option<&mut NfConn> {
        self.table.get_mut(id)
    }

    /// Takes an entry out of the table for a moment; [`Table::restore`] puts it back.
    pub(crate) fn lend(&mut self, id: u32) -> Result<Lent, Errno> {
        self.table.lend(id).ok_or(Errno::Enoent)
    }

    /// Sets the id of the next entry that is created.
    ///
    /// Ids are otherwise evenly spaced. Those of a kernel are a keyed hash since Linux 5.2, and an
    /// address before.
    pub fn set_next_id(&mut self, id: u32) {
        self.last_id = id.wrapping_sub(Self::ID_STEP);
    }

    /// Adds an entry to the table without an event, for tables that were decoded from a dump.
    pub fn adopt(&mut self, ct: NfConn) {
        self.table.push(ct);
    }

    /// Returns the expectations.
    pub fn expectations(&self) -> impl Iterator<Item = &NfConntrackExpect> {
        self.expectations.iter()
    }

    /// Returns the expectations, to be changed.
    pub fn expectations_mut(&mut self) -> &mut [NfConntrackExpect] {
        &mut self.expectations
    }

    /// Returns `true` if a socket has joined the group.
    pub(crate) fn has_listeners(&self, group: Group) -> bool {
        self.listeners.iter().any(|listener| listener.groups.contains(&group))
            || self.sockets.values().any(|socket| socket.has_joined(group))
    }

    /// Opens a netlink socket, with a port id of the kernel's choice if `portid` is 0.
    ///
    /// # Errors
    ///
    /// Returns [`Eaddrinuse`](Errno::Eaddrinuse) if a socket has the port id.
    pub fn open(&mut self, portid: u32) -> Result<&mut NetlinkSocket, Errno> {
        let last = self.sockets.last_key_value().map_or(4095, |(&last, _)| last);
        let free =
            || last.checked_add(1).or_else(|| (1..).find(|id| !self.sockets.contains_key(id)));
        let portid = if portid == 0 { free().unwrap_or_default() } else { portid };
        match self.sockets.entry(portid) {
            Entry::Occupied(_) => Err(Errno::Eaddrinuse),
            Entry::Vacant(place) => Ok(place.insert(NetlinkSocket::new(portid))),
        }
    }

    /// Returns the socket with this port id.
    #[must_use]
    pub fn socket(&self, portid: u32) -> Option<&NetlinkSocket> {
        self.sockets.get(&portid)
    }

    /// Returns the socket with this port id, to set its options.
    pub fn socket_mut(&mut self, portid: u32) -> Option<&mut NetlinkSocket> {
        self.sockets.get_mut(&portid)
    }

    /// Closes a socket.
    pub fn close(&mut self, portid: u32) {
        self.sockets.remove(&portid);
    }

    /// Adds 1 to a statistic.
    pub(crate) fn count(&mut self, counter: fn(&mut IpConntrackStat) -> &mut Option<u32>) {
        if let Some(stat) = self.stats.first_mut() {
            let counter = counter(stat);
            *counter = Some(counter.unwrap_or_default().wrapping_add(1));
        }
    }
}
