//! The message that is not complete.

use super::record::{Data, LONGEST};
use super::time::unix_seconds;

/// The length of a message header.
pub(super) const HEADER: usize = 16;
/// The length of a set header.
pub(super) const SET_HEADER: usize = 4;
/// The version of IPFIX.
const VERSION: u16 = 10;

/// A message to which records are added.
#[derive(Debug)]
pub(super) struct Open {
    /// The message, and room for a record after the longest message.
    buffer: Vec<u8>,
    /// The number of bytes so far; 0 if there is no message.
    length: usize,
    /// Where the last set begins.
    set: usize,
    /// The number of that set; 0 if there is none.
    set_id: u16,
    /// The number of flow records.
    records: u32,
}

impl Open {
    pub(super) fn new(max_message: usize) -> Self {
        let buffer = vec![0; max_message + LONGEST];
        Self { buffer, length: 0, set: 0, set_id: 0, records: 0 }
    }

    /// Returns the length, which is that of the header if there is no message.
    pub(super) fn length(&self) -> usize {
        self.length.max(HEADER)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn set_id(&self) -> u16 {
        self.set_id
    }

    pub(super) fn records(&self) -> u32 {
        self.records
    }

    /// Begins a set, and the message if there is none.
    pub(super) fn begin_set(&mut self, id: u16) {
        self.end_set();
        self.length = self.length();
        self.set = self.length;
        self.set_id = id;
        self.append(&id.to_be_bytes());
        self.append(&[0; 2]);
    }

    /// Appends bytes to the set, for which the caller has made room.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    /// Appends a flow record if the message then has at most `max` bytes, and returns `false` if not.
    #[inline(always)]
    pub(super) fn push(&mut self, max: usize, put: impl FnOnce(&mut Data<'_>)) -> bool {
        let fits = self.append_fields(max, put);
        self.records += u32::from(fits);
        fits
    }

    /// Appends the fields of a record if the message then has at most `max` bytes.
    #[inline(always)]
    pub(super) fn append_fields(&mut self, max: usize, put: impl FnOnce(&mut Data<'_>)) -> bool {
        let place = self.buffer.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut());
        let Some(place) = place else { return false };
        let mut data = Data::new(place);
        put(&mut data);
        let end = self.length + data.length();
        if end > max {
            return false;
        }
        self.length = end;
        true
    }

    /// Writes the length of the last set into its header.
    fn end_set(&mut self) {
        if self.set_id != 0 {
            let length = (self.length - self.set) as u16;
            if let Some(place) = self.buffer.get_mut(self.set + 2..self.set + SET_HEADER) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
    }

    /// Completes the message, and returns its bytes.
    pub(super) fn complete(&mut self, domain: u32, sequence: u32, now: u64) -> &[u8] {
        self.end_set();
        let length = std::mem::take(&mut self.length);
        (self.set, self.set_id, self.records) = (0, 0, 0);
        if let Some(header) = self.buffer.first_chunk_mut::<HEADER>() {
            header[0..2].copy_from_slice(&VERSION.to_be_bytes());
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            header[4..8].copy_from_slice(&unix_seconds(now).to_be_bytes());
            header[8..12].copy_from_slice(&sequence.to_be_bytes());
            header[12..16].copy_from_slice(&domain.to_be_bytes());
        }
        self.buffer.get(..length).unwrap_or_default()
    }
}
