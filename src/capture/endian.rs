//! The byte order of datagrams.

use super::raw::HEADER;
use crate::wire::Endian;

/// Returns the likely byte order of a datagram, from the length of its first message.
///
/// The length is decoded in both byte orders. A possible length is at least 16, the length of the
/// header, and at most that of the datagram. If both are possible, the one nearer to the length of
/// the datagram decides. If neither is, the result is `preferred`, such as the byte order of the
/// capture. Wireshark has the same rule without bounds.
///
/// # Examples
/// ```
/// use ctnetlink::Endian;
/// use ctnetlink::capture::guess_endian;
///
/// // A message of 20 bytes, and a datagram without a message.
/// let datagram = [0, 0, 0, 20, 1, 1, 1, 3, 0, 0, 0, 1, 0, 0, 0, 2, 2, 0, 0, 0];
/// assert_eq!(guess_endian(&datagram, Endian::Little), Endian::Big);
/// assert_eq!(guess_endian(&[], Endian::Little), Endian::Little);
/// ```
#[must_use]
pub fn guess_endian(datagram: &[u8], preferred: Endian) -> Endian {
    likely_endian(datagram, datagram.len() as u64, preferred)
}

/// Returns the likely byte order of a datagram that had `length` bytes before the capture cut it.
#[inline]
pub(super) fn likely_endian(datagram: &[u8], length: u64, preferred: Endian) -> Endian {
    let Some(first) = datagram.first_chunk() else {
        return preferred;
    };
    let possible = |order: Endian| {
        let first = u64::from(order.u32(*first));
        (first >= HEADER as u64 && first <= length).then_some(first)
    };
    let other = preferred.swapped();
    // The larger length is nearer to that of the datagram, and `None` is less than any.
    if possible(other) > possible(preferred) { other } else { preferred }
}
