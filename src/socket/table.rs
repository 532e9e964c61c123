//! A table of flows, maintained from events and dumps.

use super::error::SocketError;
use super::events::Events;
use super::requests::{Socket, entry};
use super::transport::Transport;
use crate::flat::{Labels, ProtoInfo, Record as _, Tuple};
use crate::request::Selector;
use crate::{Conntrack, Family, Kind, Message};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A table of current flows, maintained from events and dumps.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Group;
/// use ctnetlink::socket::{Events, Socket, SocketError, Table};
///
/// let mut events = Events::subscribe(&Group::CONNTRACK)?;
/// let mut socket = Socket::open()?;
/// let mut table = Table::default();
/// // Subscribed before the first dump, so that no change is missed between the two.
/// table.resync(&mut socket, &mut events, |_| ())?;
/// loop {
///     match events.recv() {
///         Ok(message) => table.apply(&message),
///         Err(SocketError::Overrun) => {
///             let found = table.resync(&mut socket, &mut events, |_| ())?;
///             eprintln!("event loss: {} flows gone, {} new", found.gone, found.new);
///         }
///         Err(error) => return Err(error),
///     }
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), SocketError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    flows: HashMap<Key, Conntrack>,
}

/// The identity of a flow.
///
/// It excludes the id, which kernels reuse and which is only checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    family: Family,
    orig: Tuple,
    zone: u16,
}

impl Key {
    fn of(ct: &Conntrack) -> Self {
        Self { family: ct.family, orig: ct.orig, zone: ct.zone.unwrap_or(0) }
    }
}

/// A difference between a [`Table`] and a dump of the kernel's table.
///
/// # Examples
/// ```no_run
/// use ctnetlink::socket::{Events, Socket, SocketError, Table, TableChange};
///
/// /// Brings a table up to date, and prints the flows whose end was missed.
/// fn recover(table: &mut Table, socket: &mut Socket, events: &mut Events) -> Result<(), SocketError> {
///     table.resync(socket, events, |change| {
///         if let TableChange::Gone(flow) = change {
///             println!("{} ended, and its times are unknown", flow.orig);
///         }
///     })?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TableChange<'t> {
    /// A flow whose NEW event was lost.
    New(&'t Conntrack),
    /// A flow whose DESTROY event was lost, as it was last known.
    ///
    /// Its stop time and final counters are unknown.
    Gone(&'t Conntrack),
    /// A flow whose UPDATE event was lost.
    Changed {
        /// The flow in the table.
        before: &'t Conntrack,
        /// The flow in the dump.
        now: &'t Conntrack,
    },
}

/// The number of differences that [`Table::resync`] found.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Group;
/// use ctnetlink::socket::{Events, Socket, Table};
///
/// let mut events = Events::subscribe(&Group::CONNTRACK)?;
/// let (mut socket, mut table) = (Socket::open()?, Table::default());
/// let found = table.resync(&mut socket, &mut events, |_| ())?;
/// // At the start the table is empty, so that every entry of the kernel is new.
/// assert_eq!((found.new, found.gone), (found.entries, 0));
/// # Ok::<(), ctnetlink::socket::SocketError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resync {
    /// Number of entries in the kernel's table.
    pub entries: usize,
    /// Number of flows that were in the table and not in the dump.
    pub gone: usize,
    /// Number of flows that were in the dump and not in the table.
    pub new: usize,
    /// Number of flows whose status, mark, labels, helper or protocol state had changed.
    pub changed: usize,
}

impl Table {
    /// Updates the table from an event or from an entry of a dump.
    ///
    /// Ignores other messages.
    pub fn apply(&mut self, message: &Message<'_>) {
        let kind = message.kind();
        if !matches!(kind, Kind::New | Kind::Update | Kind::Destroy | Kind::Reply) {
            return;
        }
        let Some(ct) = entry(message).filter(|ct| !ct.orig.is_empty()) else { return };
        match (kind, self.flows.entry(Key::of(&ct))) {
            // A late DESTROY event of an earlier flow with the same addresses removes nothing.
            (Kind::Destroy, Entry::Occupied(known)) if is_same(known.get(), &ct) => {
                known.remove();
            }
            (Kind::Destroy, _) => {}
            (Kind::Update, Entry::Occupied(mut known)) if is_same(known.get(), &ct) => {
                update(known.get_mut(), ct);
            }
            (_, Entry::Occupied(mut known)) => {
                known.insert(ct);
            }
            (_, Entry::Vacant(free)) => {
                free.insert(ct);
            }
        }
    }

    /// Brings the table up to date at the start and after event loss.
    ///
    /// Applies the events that have arrived, dumps the kernel's table, takes it over and calls
    /// `report` for each difference. The order matters: after event loss the kernel drops events
    /// until the receive buffer has been read empty, so an earlier dump would be out of date at
    /// once. Events of changes during the dump arrive later and may repeat what the dump contained.
    ///
    /// # Errors
    /// Returns the errors of the sockets. The table then contains the events that had arrived.
    pub fn resync<S: Transport, E: Transport>(
        &mut self,
        socket: &mut Socket<S>,
        events: &mut Events<E>,
        report: impl FnMut(TableChange<'_>),
    ) -> Result<Resync, SocketError> {
        events.drain(|message| self.apply(message))?;
        let entries = socket.entries(&Selector::default())?;
        Ok(self.replace(entries, report))
    }

    /// Replaces the table by a complete dump, and calls `report` for each difference.
    pub fn replace(
        &mut self,
        entries: impl IntoIterator<Item = Conntrack>,
        mut report: impl FnMut(TableChange<'_>),
    ) -> Resync {
        let flows: HashMap<_, _> = entries.into_iter().map(|ct| (Key::of(&ct), ct)).collect();
        let mut resync = Resync { entries: flows.len(), ..Resync::default() };
        for (key, before) in &self.flows {
            match flows.get(key).filter(|now| is_same(before, now)) {
                None => {
                    resync.gone += 1;
                    report(TableChange::Gone(before));
                }
                Some(now) if reported(before) != reported(now) => {
                    resync.changed += 1;
                    report(TableChange::Changed { before, now });
                }
                Some(_) => {}
            }
        }
        for (key, now) in &flows {
            if !self.flows.get(key).is_some_and(|before| is_same(before, now)) {
                resync.new += 1;
                report(TableChange::New(now));
            }
        }
        self.flows = flows;
        resync
    }

    /// Returns the number of flows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Returns `true` if the table contains no flows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Returns the flows, in arbitrary order.
    pub fn flows(&self) -> impl Iterator<Item = &Conntrack> {
        self.flows.values()
    }
}

/// Returns `true` unless two entries with the same addresses are successive flows.
fn is_same(a: &Conntrack, b: &Conntrack) -> bool {
    a.id.is_none() || b.id.is_none() || a.id == b.id
}

/// Returns what both UPDATE events and dumps contain.
fn reported(ct: &Conntrack) -> (u32, u32, Labels, Option<u8>, Option<&[u8]>) {
    let state = match &ct.protoinfo {
        Some(ProtoInfo::Tcp(tcp)) => tcp.state.map(u8::from),
        Some(ProtoInfo::Sctp(sctp)) => sctp.state.map(u8::from),
        Some(ProtoInfo::Dccp(dccp)) => dccp.state.map(u8::from),
        _ => None,
    };
    (
        ct.status.unwrap_or_default().bits(),
        // Some kernels omit a mark of 0.
        ct.mark.unwrap_or(0),
        ct.labels.unwrap_or_default(),
        state,
        ct.help.name.as_ref().map(crate::flat::Name::as_bytes),
    )
}

/// Applies an UPDATE event, which contains only what has changed.
fn update(known: &mut Conntrack, event: Conntrack) {
    let Conntrack { reply, status, timeout, mark, protoinfo, labels, help, .. } = event;
    known.reply = reply;
    known.status = status.or(known.status);
    known.timeout = timeout.or(known.timeout);
    known.mark = mark.or(known.mark);
    known.labels = labels.or(known.labels);
    if protoinfo.is_some() {
        known.protoinfo = protoinfo;
    }
    if help.name.is_some() {
        known.help = help;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat::Layout;
    use crate::wire::NlmFlags;
    use crate::{MessageBuf, MessageBuilder, MsgType};

    fn flow(n: u8, id: u32, mark: u32) -> Conntrack {
        let orig = Tuple { src: Some([192, 0, 2, n].into()), ..Tuple::default() };
        let (id, mark) = (Some(id), Some(mark));
        Conntrack { family: Family::IPV4, orig, id, mark, ..Conntrack::default() }
    }

    fn event(msg_type: MsgType, flags: NlmFlags, ct: &Conntrack) -> MessageBuf {
        let builder = MessageBuilder { flags, ..MessageBuilder::new(msg_type, Family::IPV4) };
        ct.to_message(&builder, Layout::Event).unwrap()
    }

    fn apply(table: &mut Table, msg_type: MsgType, flags: NlmFlags, ct: &Conntrack) {
        table.apply(&event(msg_type, flags, ct).as_message());
    }

    const NEW: NlmFlags = NlmFlags::CREATE.union(NlmFlags::EXCL);
    const NONE: NlmFlags = NlmFlags::empty();

    #[test]
    fn events_maintain_the_table() {
        let mut table = Table::default();
        apply(&mut table, MsgType::CT_NEW, NEW, &flow(1, 0x11, 0x1234));
        apply(&mut table, MsgType::CT_NEW, NEW, &flow(2, 0x22, 0x5678));
        // An update without a mark leaves it.
        let update = Conntrack { mark: None, timeout: Some(0x321), ..flow(1, 0x11, 0) };
        apply(&mut table, MsgType::CT_NEW, NONE, &update);
        let one = table.flows().find(|ct| ct.id == Some(0x11)).unwrap();
        assert_eq!((one.mark, one.timeout), (Some(0x1234), Some(0x321)));
        // The DESTROY event of an earlier flow with the same addresses changes nothing.
        apply(&mut table, MsgType::CT_DELETE, NONE, &flow(1, 0x10, 0));
        assert_eq!(table.len(), 2);
        apply(&mut table, MsgType::CT_DELETE, NONE, &flow(1, 0x11, 0));
        assert_eq!(table.len(), 1);
        // The NEW event of this flow was lost.
        apply(&mut table, MsgType::CT_NEW, NONE, &flow(3, 0x33, 0x9abc));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_dump_shows_what_was_missed() {
        let mut table = Table::default();
        let before = [flow(1, 0x11, 1), flow(2, 0x22, 2), flow(3, 0x33, 3), flow(4, 0x44, 0)];
        assert_eq!(table.replace(before, |_| ()).new, 4);
        // 1 is unchanged, 2 is another flow, 3 has another mark, 4 lacks its mark of 0, 5 is new.
        let same = Conntrack { timeout: Some(9), ..flow(1, 0x11, 1) };
        let unmarked = Conntrack { mark: None, ..flow(4, 0x44, 0) };
        let now = [same, flow(2, 0x23, 2), flow(3, 0x33, 0x30), unmarked, flow(5, 0x55, 5)];
        let mut reported = Vec::new();
        let found = table.replace(now, |change| {
            reported.push(match change {
                TableChange::New(ct) => ('+', ct.id),
                TableChange::Gone(ct) => ('-', ct.id),
                TableChange::Changed { now, .. } => ('!', now.id),
            });
        });
        reported.sort_unstable();
        let ids = [('!', 0x33), ('+', 0x23), ('+', 0x55), ('-', 0x22)];
        assert_eq!(reported, ids.map(|(what, id)| (what, Some(id))));
        assert_eq!((found.entries, found.gone, found.new, found.changed), (5, 1, 2, 1));
    }
}
