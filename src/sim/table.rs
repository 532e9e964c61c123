//! The table of entries, with an index by tuple and zone.

use super::nf_conn::{Dir, NfConn, NfConntrackTuple, NfConntrackZone};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

/// A table of entries in a fixed order.
///
/// Each entry has a position. Positions ascend in the order in which entries were added, and are not
/// used again, so that a dump can continue after the position that it has reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// The entries by position; `None` stands for an entry that is lent.
    entries: BTreeMap<u64, Option<Box<NfConn>>>,
    by_id: BTreeMap<u32, u64>,
    by_tuple: BTreeMap<Key, u64>,
    /// The positions of entries that may be added, by their original tuples.
    reserved: BTreeMap<Key, u64>,
    /// The order in which a flush removes entries, by their reply tuples.
    flushed: BTreeMap<Key, usize>,
    next: u64,
}

/// A tuple, its direction and its zone as bytes, which compare faster than the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key([u8; 40]);

impl Key {
    fn new(tuple: &NfConntrackTuple, dir: Dir, zone: u16) -> Self {
        let addr = |addr: IpAddr| match addr {
            IpAddr::V4(addr) => addr.to_ipv6_compatible().octets(),
            IpAddr::V6(addr) => addr.octets(),
        };
        let [src, dst] = [addr(tuple.src), addr(tuple.dst)];
        let [[a, b], [c, d], [e, f]] = [tuple.src_id, tuple.dst_id, zone].map(u16::to_be_bytes);
        let kind = u8::from(tuple.src.is_ipv6()) << 1 | u8::from(dir == Dir::Reply);
        let mut key = [0; 40];
        let bytes = [a, b, c, d, e, f, tuple.protonum.0, kind].into_iter().chain(src).chain(dst);
        key.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Self(key)
    }

    /// Returns the keys of an entry, that of the original direction first.
    fn both(ct: &NfConn) -> [Self; 2] {
        let [orig, reply] = &ct.tuple;
        let key = |tuple, dir| Self::new(tuple, dir, ct.zone.id_in(dir));
        [key(orig, Dir::Original), key(reply, Dir::Reply)]
    }
}

impl Table {
    /// Returns the number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &NfConn> {
        self.entries.values().filter_map(Option::as_deref)
    }

    /// Returns the entries in order, to be changed except for their tuples, zones and ids.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut NfConn> {
        self.entries.values_mut().filter_map(Option::as_deref_mut)
    }

    /// Returns the entries from a position on, with their positions.
    pub(crate) fn entries_from(&self, from: u64) -> impl Iterator<Item = (u64, &NfConn)> {
        let entries = self.entries.range(from..);
        entries.filter_map(|(&position, ct)| Some((position, ct.as_deref()?)))
    }

    /// Returns the entry with this id.
    pub(crate) fn get(&self, id: u32) -> Option<&NfConn> {
        self.entries.get(self.by_id.get(&id)?)?.as_deref()
    }

    /// Returns the entry with this id, to be changed except for its tuples, zone and id.
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut NfConn> {
        self.entries.get_mut(self.by_id.get(&id)?)?.as_deref_mut()
    }

    /// Returns the entry with this tuple in this direction and zone.
    pub(crate) fn find(
        &self,
        tuple: &NfConntrackTuple,
        dir: Dir,
        zone: NfConntrackZone,
    ) -> Option<&NfConn> {
        let position = self.by_tuple.get(&Key::new(tuple, dir, zone.id_in(dir)))?;
        self.entries.get(position)?.as_deref()
    }

    /// Adds an entry at the position that is reserved for it, or at the end.
    pub(crate) fn push(&mut self, ct: NfConn) {
        let [orig, _] = Key::both(&ct);
        let reserved = self.reserved.get(&orig).copied();
        let position = reserved.filter(|at| !self.entries.contains_key(at)).unwrap_or(self.next);
        self.next = self.next.max(position + 1);
        self.by_id.entry(ct.id).or_insert(position);
        for key in Key::both(&ct) {
            self.by_tuple.entry(key).or_insert(position);
        }
        self.entries.insert(position, Some(Box::new(ct)));
    }

    /// Removes the entry at a position.
    pub(crate) fn remove(&mut self, position: u64) -> Option<NfConn> {
        let ct = *self.entries.remove(&position)??;
        if self.by_id.get(&ct.id) == Some(&position) {
            self.by_id.remove(&ct.id);
        }
        for key in Key::both(&ct) {
            if self.by_tuple.get(&key) == Some(&position) {
                self.by_tuple.remove(&key);
            }
        }
        Some(ct)
    }

    /// Removes the entry with this id.
    pub(crate) fn remove_id(&mut self, id: u32) -> Option<NfConn> {
        self.remove(*self.by_id.get(&id)?)
    }

    /// Removes the first entry.
    pub(crate) fn pop_first(&mut self) -> Option<NfConn> {
        let position = *self.entries.first_key_value()?.0;
        self.remove(position)
    }

    /// Returns the positions of the entries that `is_wanted` selects, in the order of a flush.
    pub(crate) fn positions(&self, is_wanted: impl Fn(&NfConn) -> bool) -> Vec<u64> {
        let wanted = self.entries_from(0).filter(|(_, ct)| is_wanted(ct));
        if self.flushed.is_empty() {
            return wanted.map(|(position, _)| position).collect();
        }
        let place = |ct| {
            let [_, reply] = Key::both(ct);
            self.flushed.get(&reply).copied().unwrap_or(usize::MAX)
        };
        let mut placed: Vec<_> = wanted.map(|(position, ct)| (place(ct), position)).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, position)| position).collect()
    }

    /// Takes an entry out for a change that needs the table, too; [`restore`](Self::restore) ends it.
    pub(crate) fn lend(&mut self, id: u32) -> Option<Lent> {
        let position = *self.by_id.get(&id)?;
        let ct = self.entries.get_mut(&position)?.take()?;
        Some(Lent { position, ct })
    }

    /// Puts an entry back, whose tuples, zone and id must be unchanged.
    pub(crate) fn restore(&mut self, lent: Lent) {
        if let Some(slot) = self.entries.get_mut(&lent.position) {
            *slot = Some(lent.ct);
        }
    }

    /// Sets the positions of entries that are added later.
    pub(crate) fn reserve(
        &mut self,
        order: impl IntoIterator<Item = (NfConntrackTuple, NfConntrackZone)>,
    ) {
        for (orig, zone) in order {
            let key = Key::new(&orig, Dir::Original, zone.id_in(Dir::Original));
            self.reserved.insert(key, self.next);
            self.next += 1;
        }
    }

    /// Sets the order in which a flush removes entries of these reply tuples.
    pub(crate) fn reserve_flush(
        &mut self,
        order: impl IntoIterator<Item = (NfConntrackTuple, NfConntrackZone)>,
    ) {
        for (place, (reply, zone)) in order.into_iter().enumerate() {
            let key = Key::new(&reply, Dir::Reply, zone.id_in(Dir::Reply));
            self.flushed.insert(key, place);
        }
    }

    /// Sorts the entries; equal keys keep their order.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(&NfConn) -> K) {
        let mut sorted: Vec<_> = self.entries_from(0).map(|(at, ct)| (key(ct), at)).collect();
        let positions: Vec<_> = sorted.iter().map(|(_, at)| *at).collect();
        sorted.sort();
        let taken: Vec<_> =
            sorted.iter().filter_map(|(_, at)| self.entries.get_mut(at)?.take()).collect();
        for (position, ct) in positions.into_iter().zip(taken) {
            self.by_id.insert(ct.id, position);
            self.by_tuple.extend(Key::both(&ct).map(|key| (key, position)));
            self.entries.insert(position, Some(ct));
        }
    }

    /// Changes the id of an entry.
    pub(crate) fn set_id(&mut self, old: u32, new: u32) {
        let Some(ct) = self.get_mut(old) else { return };
        ct.id = new;
        if let Some(position) = self.by_id.remove(&old) {
            self.by_id.insert(new, position);
        }
    }
}

/// An entry that was taken out of its table for a moment.
pub(crate) struct Lent {
    position: u64,
    pub(crate) ct: Box<NfConn>,
}
