//! What the readers of all containers have in common.

use crate::wire::Endian;
use core::ops::Range;

/// A packet of a container, with its cooked header if `link_type` is `Some`.
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) offset: u64,
    /// The place in the window, which texts do not use.
    pub(super) bytes: Range<usize>,
    pub(super) link_type: Option<u16>,
    pub(super) time: Option<u64>,
    pub(super) interface: Option<u32>,
    pub(super) missing: u32,
    /// The byte order of the container.
    pub(super) order: Endian,
}

/// Returns the 16-bit number at offset `at` of a header.
#[inline]
pub(super) fn u16_at<const N: usize>(order: Endian, header: &[u8; N], at: usize) -> u16 {
    let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| order.u16(*bytes))
}

/// Returns the 32-bit number at offset `at` of a header.
#[inline]
pub(super) fn u32_at<const N: usize>(order: Endian, header: &[u8; N], at: usize) -> u32 {
    let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| order.u32(*bytes))
}
