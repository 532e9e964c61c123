//! Times in the formats of IPFIX.

/// The number of seconds from the epoch of NTP, 1900, to that of Unix, 1970.
const NTP_OFFSET: u64 = 2_208_988_800;
const NS: u64 = 1_000_000_000;

/// Returns a time as dateTimeNanoseconds: seconds since 1900 and a fraction in 2^-32 seconds.
///
/// The fraction is rounded up: a reader that truncates it to nanoseconds, or to anything coarser,
/// then gets the exact value. In February 2036 the seconds begin again at 0, as NTP has it.
///
/// # Examples
/// ```
/// use ctnetlink_flow::ipfix::ntp_time;
///
/// let time = ntp_time(1_795_552_006_123_456_789);
/// assert_eq!(time >> 32, 4_004_540_806);
/// // A reader's nanoseconds:
/// assert_eq!(((time & 0xffff_ffff) * 1_000_000_000) >> 32, 123_456_789);
/// ```
#[must_use]
pub const fn ntp_time(unix_ns: u64) -> u64 {
    let (seconds, ns) = (unix_ns / NS, unix_ns % NS);
    let fraction = (ns << 32).div_ceil(NS);
    (seconds + NTP_OFFSET) << 32 | fraction
}

/// Returns a time as dateTimeMilliseconds: milliseconds since 1970, rounded down.
pub(super) const fn unix_ms(unix_ns: u64) -> u64 {
    unix_ns / 1_000_000
}

/// Returns a time as dateTimeSeconds: seconds since 1970, which begin again at 0 in 2106.
pub(super) const fn unix_seconds(unix_ns: u64) -> u32 {
    (unix_ns / NS) as u32
}
