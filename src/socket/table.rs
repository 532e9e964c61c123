//! A table of flows kept from events.

use super::buffer::Buffer;
use super::error::SocketError;
use super::events::Events;
use super::requests::{Socket, entry};
use crate::flat::{Labels, ProtoInfo, Record as _, Tuple};
use crate::request::Selector;
use crate::{Conntrack, Family, Kind, Message};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The flows that there are, as far as events and dumps have told.
///
/// ```no_run
/// use ctnetlink::socket::{Buffer, Events, Group, Socket, SocketError, Table};
///
/// let mut events = Events::open(&Group::CONNTRACK)?;
/// let mut socket = Socket::open()?;
/// let (mut buffer, mut table) = (Buffer::default(), Table::default());
/// // From here on nothing is missed: first listen, then look.
/// table.resynchronise(&mut socket, &mut events, &mut buffer, |_| ())?;
/// loop {
///     match events.next(&mut buffer) {
///         Ok(Some(message)) => table.apply(&message),
///         Ok(None) => break,
///         Err(SocketError::Lost) => {
///             let found = table.resynchronise(&mut socket, &mut events, &mut buffer, |_| ())?;
///             eprintln!("events lost: {} flows gone, {} new", found.gone, found.new);
///         }
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok::<(), SocketError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    flows: HashMap<Key, Conntrack>,
}

/// What identifies a flow, apart from its id: that is only a check, because kernels reuse it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    family: Family,
    orig: Tuple,
    zone: u16,
}

impl Key {
    fn of(ct: &Conntrack) -> Self {
        Self { family: ct.family, orig: ct.orig.clone(), zone: ct.zone.unwrap_or(0) }
    }
}

/// How the kernel's table differed from what was believed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Change<'t> {
    /// A flow whose NEW event was lost.
    New(&'t Conntrack),
    /// A flow whose DESTROY event was lost, as it was known last. When it stopped and what it had
    /// sent by then is not known.
    Gone(&'t Conntrack),
    /// A flow that an UPDATE event was lost of.
    Changed {
        /// What was believed.
        before: &'t Conntrack,
        /// What the kernel says.
        now: &'t Conntrack,
    },
}

/// What [`Table::resynchronise`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resync {
    /// Entries in the kernel's table.
    pub entries: usize,
    /// Flows that had been believed to be there, and are not.
    pub gone: usize,
    /// Flows that had not been known.
    pub new: usize,
    /// Flows of which something had changed that an event tells: status, mark, labels, helper, state
    /// of the protocol.
    pub changed: usize,
}

impl Table {
    /// Takes over what an event or an entry of a dump says. Other messages change nothing.
    pub fn apply(&mut self, message: &Message<'_>) {
        let kind = message.kind();
        if !matches!(kind, Kind::New | Kind::Update | Kind::Destroy | Kind::Reply) {
            return;
        }
        let Some(ct) = entry(message).filter(|ct| !ct.orig.is_empty()) else { return };
        match (kind, self.flows.entry(Key::of(&ct))) {
            // A late DESTROY of another flow with the same addresses removes nothing.
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

    /// Brings the table up to date after a loss of events, and at the start: reads what events have
    /// arrived, dumps the kernel's table, and compares. `report` gets each difference.
    ///
    /// The order matters. After a loss the kernel drops events until the socket's buffer has been
    /// read empty, so a table dumped before that would be out of date at once. Events of changes
    /// between the two are still to come and may tell again what the dump has told.
    ///
    /// # Errors
    /// Those of the sockets. The table is then as before, plus the events that had arrived.
    pub fn resynchronise(
        &mut self,
        socket: &mut Socket,
        events: &mut Events,
        buffer: &mut Buffer,
        report: impl FnMut(Change<'_>),
    ) -> Result<Resync, SocketError> {
        events.drain(buffer, |message| self.apply(message))?;
        let entries = socket.entries(&Selector::default())?;
        Ok(self.replace(entries, report))
    }

    /// Compares the table with a whole dump, and takes that over.
    pub fn replace(
        &mut self,
        entries: impl IntoIterator<Item = Conntrack>,
        mut report: impl FnMut(Change<'_>),
    ) -> Resync {
        let flows: HashMap<_, _> = entries.into_iter().map(|ct| (Key::of(&ct), ct)).collect();
        let mut resync = Resync { entries: flows.len(), ..Resync::default() };
        for (key, before) in &self.flows {
            match flows.get(key).filter(|now| is_same(before, now)) {
                None => {
                    resync.gone += 1;
                    report(Change::Gone(before));
                }
                Some(now) if told(before) != told(now) => {
                    resync.changed += 1;
                    report(Change::Changed { before, now });
                }
                Some(_) => {}
            }
        }
        for (key, now) in &flows {
            if !self.flows.get(key).is_some_and(|before| is_same(before, now)) {
                resync.new += 1;
                report(Change::New(now));
            }
        }
        self.flows = flows;
        resync
    }

    /// How many flows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// The flows, in no order.
    pub fn flows(&self) -> impl Iterator<Item = &Conntrack> {
        self.flows.values()
    }
}

/// Whether two entries of the same addresses are the same flow and not one after the other.
fn is_same(a: &Conntrack, b: &Conntrack) -> bool {
    a.id.is_none() || b.id.is_none() || a.id == b.id
}

/// What events tell of an entry, and every dump has.
fn told(ct: &Conntrack) -> (u32, u32, Labels, Option<u8>, Option<&[u8]>) {
    let state = match &ct.protoinfo {
        Some(ProtoInfo::Tcp(tcp)) => tcp.state.map(u8::from),
        Some(ProtoInfo::Sctp(sctp)) => sctp.state.map(u8::from),
        Some(ProtoInfo::Dccp(dccp)) => dccp.state.map(u8::from),
        _ => None,
    };
    (
        ct.status.unwrap_or_default().bits(),
        // The kernel leaves out what is zero, now and then.
        ct.mark.unwrap_or(0),
        ct.labels.unwrap_or_default(),
        state,
        ct.help.name.as_ref().map(crate::flat::Name::as_bytes),
    )
}

/// Takes over what an UPDATE event says; it does not repeat what has not changed.
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
    fn events_make_the_table() {
        let mut table = Table::default();
        apply(&mut table, MsgType::CT_NEW, NEW, &flow(1, 0x11, 0x1234));
        apply(&mut table, MsgType::CT_NEW, NEW, &flow(2, 0x22, 0x5678));
        // An update without a mark leaves it.
        let update = Conntrack { mark: None, timeout: Some(0x321), ..flow(1, 0x11, 0) };
        apply(&mut table, MsgType::CT_NEW, NONE, &update);
        let one = table.flows().find(|ct| ct.id == Some(0x11)).unwrap();
        assert_eq!((one.mark, one.timeout), (Some(0x1234), Some(0x321)));
        // The end of an earlier flow with the same addresses is not this one's.
        apply(&mut table, MsgType::CT_DELETE, NONE, &flow(1, 0x10, 0));
        assert_eq!(table.len(), 2);
        apply(&mut table, MsgType::CT_DELETE, NONE, &flow(1, 0x11, 0));
        assert_eq!(table.len(), 1);
        // One of which the beginning was not seen.
        apply(&mut table, MsgType::CT_NEW, NONE, &flow(3, 0x33, 0x9abc));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_dump_tells_what_was_missed() {
        let mut table = Table::default();
        let before = [flow(1, 0x11, 1), flow(2, 0x22, 2), flow(3, 0x33, 3), flow(4, 0x44, 0)];
        assert_eq!(table.replace(before, |_| ()).new, 4);
        // 1 stays, 2 is another flow by now, 3 has another mark, 4 none (and is as it was), 5 is new.
        let same = Conntrack { timeout: Some(9), ..flow(1, 0x11, 1) };
        let unmarked = Conntrack { mark: None, ..flow(4, 0x44, 0) };
        let now = [same, flow(2, 0x23, 2), flow(3, 0x33, 0x30), unmarked, flow(5, 0x55, 5)];
        let mut told = Vec::new();
        let found = table.replace(now, |change| {
            told.push(match change {
                Change::New(ct) => ('+', ct.id),
                Change::Gone(ct) => ('-', ct.id),
                Change::Changed { now, .. } => ('!', now.id),
            });
        });
        told.sort_unstable();
        let ids = [('!', 0x33), ('+', 0x23), ('+', 0x55), ('-', 0x22)];
        assert_eq!(told, ids.map(|(what, id)| (what, Some(id))));
        assert_eq!((found.entries, found.gone, found.new, found.changed), (5, 1, 2, 1));
    }
}
