//! A network namespace: its settings, its table, its clock, and who listens.

use super::event::{Event, build_event};
use super::expect::NfConntrackExpect;
use super::nf_conn::{IpctEvents, NfConn};
use super::requests::Helper;
use crate::Group;
use crate::kernel::Kernel;
use crate::msg_size::ctnetlink_nlmsg_size;
use crate::wire::nlmsg_total_size;
use alloc::vec::Vec;
use core::fmt;

/// The time in the simulation. Nothing else tells time here; the caller moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// `ktime_get_real_ns`: nanoseconds since the Unix epoch. May be set back.
    pub real_ns: u64,
    /// `jiffies`: only ever grows.
    pub jiffies: u64,
}

/// Parameters of the module `nf_conntrack`, which every new namespace begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleParams {
    /// `nf_conntrack.tstamp`, off unless set.
    pub tstamp: bool,
    /// `nf_conntrack.acct`, off unless set.
    pub acct: bool,
}

/// `net.netfilter.*` of one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sysctls {
    /// `nf_conntrack_timestamp`: whether new entries get timestamps.
    pub nf_conntrack_timestamp: i32,
    /// `nf_conntrack_acct`: whether new entries get counters.
    pub nf_conntrack_acct: bool,
    /// `nf_conntrack_events`: 0 no events; 1 events; 2 (since 5.19, and the default there) events of
    /// entries that are born while someone listens.
    pub nf_conntrack_events: u8,
    /// `nf_conntrack_max`.
    pub nf_conntrack_max: u32,
}

/// The steps in which a namespace is set up, in their order; undone in reverse.
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
    /// The order of set-up.
    pub const ORDER: [Self; 3] = [Self::Acct, Self::Tstamp, Self::Ecache];
}

/// A namespace that could not be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFailure {
    /// The step that failed.
    pub failed: InitStep,
    /// What had been done, in the order in which it was undone.
    pub undone: Vec<InitStep>,
}

/// Why the kernel refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// No such entry.
    Enoent,
    /// A status that cannot be so changed.
    Ebusy,
    /// There is such an entry already.
    Eexist,
    /// Something is missing or out of range.
    Einval,
    /// No label can be set: the entry has no such extension.
    Enospc,
    /// The kernel cannot do it, or not to this entry.
    Eopnotsupp,
    /// The entry does not allow it.
    Eperm,
    /// A number is out of range.
    Erange,
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enoent => "ENOENT",
            Self::Ebusy => "EBUSY",
            Self::Eexist => "EEXIST",
            Self::Einval => "EINVAL",
            Self::Enospc => "ENOSPC",
            Self::Eopnotsupp => "EOPNOTSUPP",
            Self::Eperm => "EPERM",
            Self::Erange => "ERANGE",
        })
    }
}

impl core::error::Error for Errno {}

impl Errno {
    /// Its number, as most machines have it (x86, ARM, RISC-V, s390).
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Eperm => 1,
            Self::Enoent => 2,
            Self::Ebusy => 16,
            Self::Eexist => 17,
            Self::Einval => 22,
            Self::Enospc => 28,
            Self::Erange => 34,
            Self::Eopnotsupp => 95,
        }
    }
}

/// A socket that listens for events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// The groups that it has joined.
    pub groups: Vec<Group>,
    /// Its buffer is full: it loses what it is sent.
    pub full: bool,
    /// `NETLINK_BROADCAST_ERROR`: the kernel is told of a loss, and sends DESTROY again later.
    pub broadcast_error: bool,
    /// The messages that it has received, a datagram each.
    pub received: Vec<Vec<u8>>,
    /// How often it was sent something that it lost (ENOBUFS).
    pub overruns: usize,
}

/// One network namespace of a simulated kernel.
///
/// The life of an entry is in its methods: [`init_conntrack`](Self::init_conntrack),
/// [`confirm`](Self::confirm), [`packet`](Self::packet) and their like over netlink. See the example
/// `one_flow`.
#[derive(Clone, Debug)]
pub struct Net {
    /// The kernel.
    pub kernel: Kernel,
    /// The time.
    pub clock: Clock,
    /// The settings.
    pub sysctls: Sysctls,
    /// Whether a rule of the namespace uses labels: entries born while one does have them.
    pub labels_used: bool,
    /// The helpers that are loaded.
    pub helpers: Vec<Helper>,
    /// Who listens.
    pub sockets: Vec<Socket>,
    /// The table, in the order in which entries came; the kernel walks it in an order that it
    /// chooses at random when it boots.
    pub(crate) table: Vec<NfConn>,
    /// Entries whose DESTROY is to be sent again.
    pub(crate) dying: Vec<NfConn>,
    /// Entries that have ended and that others hold as their master.
    pub(crate) held: Vec<NfConn>,
    pub(crate) expectations: Vec<NfConntrackExpect>,
    pub(crate) last_id: u32,
}

impl Net {
    /// From one entry's id to the next.
    pub(crate) const ID_STEP: u32 = 0x140;

    /// Sets up a namespace. `fails` makes that step fail, as if memory were short.
    ///
    /// # Errors
    /// That failure, and what was undone.
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
            sockets: Vec::new(),
            table: Vec::new(),
            dying: Vec::new(),
            held: Vec::new(),
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

    /// Takes the namespace down: the table is flushed, then what set-up did is undone, in the order
    /// that is returned. The sockets remain.
    pub fn nf_conntrack_cleanup_net(mut self) -> (Vec<InitStep>, Vec<Socket>) {
        self.flush(0);
        let mut order = InitStep::ORDER.to_vec();
        order.reverse();
        (order, self.sockets)
    }

    /// `nf_ct_tstamp_enabled`: whether new entries get timestamps.
    #[must_use]
    pub fn nf_ct_tstamp_enabled(&self) -> bool {
        self.kernel.has_timestamp() && self.sysctls.nf_conntrack_timestamp != 0
    }

    /// `nf_ct_set_tstamp`. Does nothing in a kernel without timestamps.
    pub fn nf_ct_set_tstamp(&mut self, enable: bool) {
        if self.kernel.has_timestamp() {
            self.sysctls.nf_conntrack_timestamp = i32::from(enable);
        }
    }

    /// Writes the sysctl `nf_conntrack_timestamp`.
    ///
    /// # Errors
    /// [`Enoent`](Errno::Enoent) in a kernel without timestamps; [`Einval`](Errno::Einval) if it is
    /// neither 0 nor 1, where the release minds.
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

    /// Lets time pass, for both clocks.
    pub fn advance(&mut self, milliseconds: u64) {
        let ns = milliseconds.saturating_mul(1_000_000);
        let jiffies = milliseconds.saturating_mul(u64::from(self.kernel.config.hz)) / 1000;
        self.clock.real_ns = self.clock.real_ns.saturating_add(ns);
        self.clock.jiffies = self.clock.jiffies.saturating_add(jiffies);
    }

    /// The entries of the table.
    pub fn entries(&self) -> impl Iterator<Item = &NfConn> {
        self.table.iter()
    }

    /// The same, to be changed or put into another order; the kernel walks its table in an order of
    /// its own.
    pub fn entries_mut(&mut self) -> &mut [NfConn] {
        &mut self.table
    }

    /// The entry of that id.
    #[must_use]
    pub fn entry(&self, id: u32) -> Option<&NfConn> {
        self.table.iter().find(|ct| ct.id == id)
    }

    /// Entries whose DESTROY has not been delivered: what GET_DYING lists.
    pub fn dying(&self) -> impl Iterator<Item = &NfConn> {
        self.dying.iter()
    }

    /// Takes an entry out of the table to work on it, with its place; [`put`](Self::put) puts it back.
    pub(crate) fn take(&mut self, id: u32) -> Result<(usize, NfConn), Errno> {
        let place = self.table.iter().position(|ct| ct.id == id).ok_or(Errno::Enoent)?;
        Ok((place, self.table.remove(place)))
    }

    pub(crate) fn put(&mut self, place: usize, ct: NfConn) {
        self.table.insert(place.min(self.table.len()), ct);
    }

    /// Makes `id` that of the next entry that is born. Ids are otherwise numbers in a row; the
    /// kernel's are a keyed hash since 5.2 and an address before.
    pub fn set_next_id(&mut self, id: u32) {
        self.last_id = id.wrapping_sub(Self::ID_STEP);
    }

    /// Puts an entry into the table as it is, and says nothing of it: for tables that were read from
    /// a dump.
    pub fn adopt(&mut self, ct: NfConn) {
        self.table.push(ct);
    }

    /// Whether someone has joined the group.
    pub(crate) fn has_listeners(&self, group: Group) -> bool {
        self.sockets.iter().any(|socket| socket.groups.contains(&group))
    }

    /// Sends an event to who listens; whether the kernel is to take it as delivered.
    pub(crate) fn send(&mut self, event: &Event) -> bool {
        let mut is_delivered = true;
        for socket in self.sockets.iter_mut().filter(|s| s.groups.contains(&event.group)) {
            if socket.full {
                socket.overruns += 1;
                is_delivered &= !socket.broadcast_error;
            } else {
                socket.received.push(event.bytes.clone());
            }
        }
        is_delivered
    }

    /// `nf_conntrack_event_cache`: notes a change, to be announced later. Since 6.14 the first one
    /// notes the time.
    pub(crate) fn event_cache(&self, ct: &mut NfConn, events: IpctEvents) {
        if let Some(ecache) = &mut ct.ecache {
            if ecache.timestamp != 0 && ecache.cache.is_empty() {
                ecache.timestamp = self.clock.real_ns;
            }
            ecache.cache |= events;
        }
    }

    /// `nf_ct_deliver_cached_events`: announces what was noted, and what was missed before.
    pub(crate) fn deliver_cached_events(&mut self, ct: &mut NfConn) {
        let Some(ecache) = &mut ct.ecache else {
            return;
        };
        let events = core::mem::take(&mut ecache.cache);
        let missed = ecache.missed;
        self.announce(ct, events, missed, 0);
    }

    /// `nf_conntrack_eventmask_report`: announces at once what a process did over netlink, or that
    /// an entry ended. The event has the time of each attempt. Whether it was delivered.
    pub(crate) fn eventmask_report(
        &mut self,
        ct: &mut NfConn,
        events: IpctEvents,
        portid: u32,
    ) -> bool {
        let Some(ecache) = &mut ct.ecache else {
            return true;
        };
        if ecache.timestamp != 0 {
            ecache.timestamp = self.clock.real_ns;
        }
        // A DESTROY that is sent again has who caused it, and nothing that was missed.
        let is_again = ecache.portid != 0;
        let portid = if is_again { ecache.portid } else { portid };
        let missed = if is_again { IpctEvents::empty() } else { ecache.missed };
        let is_delivered = self.announce(ct, events, missed, portid);
        if !is_delivered && events.contains(IpctEvents::DESTROY) {
            if let Some(ecache) = &mut ct.ecache {
                ecache.portid = portid;
            }
        }
        is_delivered
    }

    /// `__nf_conntrack_eventmask_report`: what could not be delivered is noted as missed.
    fn announce(
        &mut self,
        ct: &mut NfConn,
        events: IpctEvents,
        missed: IpctEvents,
        portid: u32,
    ) -> bool {
        let is_delivered = self.conntrack_event(ct, events | missed, portid);
        if let Some(ecache) = &mut ct.ecache {
            if is_delivered {
                ecache.missed -= missed;
            } else {
                ecache.missed |= events;
            }
        }
        is_delivered
    }

    /// `ctnetlink_conntrack_event`, and its delivery.
    fn conntrack_event(&mut self, ct: &NfConn, events: IpctEvents, portid: u32) -> bool {
        let group = super::event::kind_of_event(events).map(|(.., group)| group);
        if !group.is_some_and(|group| self.has_listeners(group)) {
            return true;
        }
        let kernel = self.kernel;
        let alloc = nlmsg_total_size(ctnetlink_nlmsg_size(&kernel, &ct.shape(&kernel)));
        let jiffies = self.clock.jiffies;
        match build_event(&kernel, events, ct, jiffies, portid, alloc) {
            Ok(Some((group, bytes))) => self.send(&Event { group, bytes, alloc }),
            Ok(None) => true,
            // Lost: everyone who listens gets ENOBUFS, and the kernel is told if one wants that.
            Err(_) => {
                let listens = |socket: &&mut Socket| {
                    group.is_some_and(|group| socket.groups.contains(&group))
                };
                let mut is_told = false;
                for socket in self.sockets.iter_mut().filter(listens) {
                    socket.overruns += 1;
                    is_told |= socket.broadcast_error;
                }
                !is_told
            }
        }
    }
}
