//! The order of a kernel's tables, as the lines of a conversation show it.

use super::conversation::{Line, What};
use ctnetlink::flat::Tuple;
use ctnetlink::sim::{Net, NfConntrackTuple, NfConntrackZone, ZoneDir};
use ctnetlink::wire::{Endian, FlagSense, NlmFlags};
use ctnetlink::{Conntrack, Kind, Message, Messages, MsgType};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The tuple of one direction and the zone of an entry.
pub(crate) type Key = (NfConntrackTuple, NfConntrackZone);

fn key(ct: &Conntrack, tuple: &Tuple) -> Option<Key> {
    let zones =
        [(ct.zone, ZoneDir::Both), (ct.orig.zone, ZoneDir::Orig), (ct.reply.zone, ZoneDir::Reply)];
    let zone = zones.into_iter().find_map(|(id, dir)| Some(NfConntrackZone { id: id?, dir }));
    Some((simulated(tuple)?, zone.unwrap_or_default()))
}

/// Returns a tuple as the simulated kernel has it.
fn simulated(tuple: &Tuple) -> Option<NfConntrackTuple> {
    let icmp = || Some(u16::from_be_bytes([tuple.icmp_type?, tuple.icmp_code?]));
    let src_id = tuple.src_port.or(tuple.icmp_id).unwrap_or_default();
    let dst_id = tuple.dst_port.or_else(icmp).unwrap_or_default();
    let (src, dst, protonum) = (tuple.src?, tuple.dst?, tuple.proto?);
    Some(NfConntrackTuple { src, dst, protonum, src_id, dst_id })
}

/// All entries of a conversation in the orders in which a kernel walks its table.
///
/// A kernel's order is that of a keyed hash of a tuple and the zone, so that an entry that is created again
/// has the same place. Every dump and every flush shows a part of its order.
pub(crate) struct EntryOrder {
    /// The order of dumps, with original tuples.
    pub(crate) dumps: Vec<Key>,
    /// The order of flushes, with reply tuples.
    pub(crate) flushes: Vec<Key>,
}

/// Reads the order of all entries of a conversation.
pub(crate) fn of_entries(lines: &[Line], endian: Endian) -> EntryOrder {
    let (mut merge, mut merge_flushes) = (Merge::default(), Merge::default());
    let mut dumps: HashMap<(u64, u32), Dump> = HashMap::new();
    // The entries that exist, as far as events show it.
    let mut live: HashSet<Key> = HashSet::new();
    let mut flush: HashMap<u64, Vec<Key>> = HashMap::new();
    let mut is_flush = false;
    for line in lines {
        match &line.what {
            What::ToKernel { bytes, .. } => {
                flush.drain().for_each(|(_, keys)| merge_flushes.add(&keys));
                dumps.retain(|(sock, _), dump| {
                    let is_over = *sock == line.sock;
                    if is_over {
                        dump.add_to(&mut merge);
                    }
                    !is_over
                });
                let is_delete = |message: &Message<'_>| message.msg_type() == MsgType::CT_DELETE;
                // Several requests to delete entries decide the order of their events themselves.
                is_flush = messages(bytes, endian).filter(is_delete).count() == 1;
            }
            What::FromKernel { bytes, len, .. } => {
                let mut dump = None;
                for message in messages(bytes, endian) {
                    let Ok(ct) = message.conntrack() else { continue };
                    let orig = key(&ct, &ct.orig);
                    match message.kind() {
                        Kind::New => live.extend(orig),
                        Kind::Destroy => {
                            orig.map(|orig| live.remove(&orig));
                            if is_flush {
                                flush.entry(line.sock).or_default().extend(key(&ct, &ct.reply));
                            }
                        }
                        Kind::Reply => {
                            let header = message.header();
                            let of = dumps.entry((line.sock, header.nlmsg_seq)).or_default();
                            of.keys.extend(orig);
                            of.is_filtered |= header.nlmsg_flags.contains(NlmFlags::DUMP_FILTERED);
                            dump = Some(of);
                        }
                        _ => {}
                    }
                }
                if let Some(dump) = dump.filter(|_| len.is_some()) {
                    let last = partial(bytes, endian);
                    let last =
                        last.as_ref().and_then(|last| message(last, endian)?.conntrack().ok());
                    dump.keys.extend(last.and_then(|ct| key(&ct, &ct.orig)));
                    dump.holes.push((dump.keys.len(), live.clone()));
                }
            }
            _ => {}
        }
    }
    dumps.values().for_each(|dump| dump.add_to(&mut merge));
    flush.values().for_each(|keys| merge_flushes.add(keys));
    EntryOrder { dumps: merge.into_order(), flushes: merge_flushes.into_order() }
}

/// What the replies to a dump show.
#[derive(Default)]
struct Dump {
    keys: Vec<Key>,
    is_filtered: bool,
    /// The places where the reader's buffer was too small, and the entries that existed then.
    holes: Vec<(usize, HashSet<Key>)>,
}

impl Dump {
    fn add_to(&self, merge: &mut Merge) {
        merge.add(&self.keys);
        let [(at, live)] = self.holes.as_slice() else { return };
        // The dump has all entries, so that those that it does not show are in the hole.
        for hidden in live.iter().filter(|key| !self.is_filtered && !self.keys.contains(key)) {
            let before = at.checked_sub(1).and_then(|before| self.keys.get(before));
            let around = [before, Some(hidden), self.keys.get(*at)];
            merge.add(&around.into_iter().flatten().copied().collect::<Vec<_>>());
        }
    }
}

/// Lists that are merged into one that has the order of each.
#[derive(Default)]
struct Merge {
    numbers: HashMap<Key, usize>,
    keys: Vec<Key>,
    /// The entries that come right after another one in a list.
    next: BTreeMap<usize, BTreeSet<usize>>,
}

impl Merge {
    fn add(&mut self, list: &[Key]) {
        let numbers: Vec<_> = list.iter().map(|key| self.number(*key)).collect();
        for pair in numbers.windows(2) {
            if let [before, after] = *pair {
                self.next.entry(before).or_default().insert(after);
            }
        }
    }

    fn number(&mut self, key: Key) -> usize {
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// Returns the keys, each after all that come before it in a list.
    ///
    /// Lists that contradict each other are followed as far as possible.
    fn into_order(self) -> Vec<Key> {
        let mut waits = vec![0_usize; self.keys.len()];
        self.next.values().flatten().for_each(|&after| waits[after] += 1);
        let mut ready: BTreeSet<_> = (0..waits.len()).filter(|&n| waits[n] == 0).collect();
        let mut left: BTreeSet<_> = (0..waits.len()).collect();
        let mut order = Vec::new();
        while let Some(n) = ready.pop_first().or_else(|| left.first().copied()) {
            if !left.remove(&n) {
                continue;
            }
            order.push(self.keys[n]);
            for &after in self.next.get(&n).into_iter().flatten() {
                waits[after] = waits[after].saturating_sub(1);
                if waits[after] == 0 {
                    ready.insert(after);
                }
            }
        }
        order
    }
}

/// The places of expectations in the kernel's order, by tuple.
#[derive(Debug, Default)]
pub(crate) struct ExpectOrder(HashMap<NfConntrackTuple, usize>);

impl ExpectOrder {
    /// Reads the order from the lines after a datagram to the kernel.
    ///
    /// The replies to a dump show it, or the events before the next datagram to the kernel.
    pub(crate) fn read(request: &[u8], sock: u64, lines: &[Line], endian: Endian) -> Self {
        let mut order = Self::default();
        let is_dump = messages(request, endian).any(|message| {
            let is_get = message.msg_type().flag_sense() == FlagSense::Get;
            is_get && message.header().nlmsg_flags.intersects(NlmFlags::DUMP)
        });
        for line in lines {
            let is_answer = line.sock == sock;
            match &line.what {
                What::ToKernel { .. } if is_answer || !is_dump => break,
                What::FromKernel { bytes, .. } if is_answer || !is_dump => {
                    for message in messages(bytes, endian) {
                        let expected = message.expectation().ok();
                        let tuple = expected.and_then(|expected| simulated(&expected.tuple));
                        let place = order.0.len();
                        if let Some(tuple) = tuple.filter(|_| message.kind() != Kind::ExpectNew) {
                            order.0.entry(tuple).or_insert(place);
                        }
                    }
                }
                _ => {}
            }
        }
        order
    }

    /// Sorts the expectations; those that the order lacks come last.
    pub(crate) fn sort(&self, net: &mut Net) {
        let expectations = net.expectations_mut();
        expectations.sort_by_key(|exp| self.0.get(&exp.tuple).copied().unwrap_or(usize::MAX));
    }
}

fn message(bytes: &[u8], endian: Endian) -> Option<Message<'_>> {
    Message::parse_with(bytes, endian).ok()
}

/// Returns the message that a reader's buffer has cut, with the length that it has there.
fn partial(datagram: &[u8], endian: Endian) -> Option<Vec<u8>> {
    let whole: usize = messages(datagram, endian).map(|message| message.as_bytes().len()).sum();
    let mut last = datagram.get(whole..)?.to_vec();
    let len = endian.u32_bytes(u32::try_from(last.len()).ok()?);
    last.get_mut(..4)?.copy_from_slice(&len);
    Some(last)
}

fn messages(datagram: &[u8], endian: Endian) -> impl Iterator<Item = Message<'_>> {
    Messages::with_endian(datagram, endian).map_while(Result::ok)
}
