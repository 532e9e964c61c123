//! Times for people.

use alloc::string::{String, ToString as _};
use core::fmt;
use jiff::Timestamp;

/// A time zone to print times in.
#[derive(Clone, Debug)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// Universal time, whatever the machine's settings.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// The zone that the environment variable `TZ` names; UTC if it is not set or names none.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn from_env() -> Self {
        match std::env::var_os("TZ") {
            Some(name) if !name.is_empty() => {
                jiff::tz::TimeZone::try_system().map_or(Self::UTC, Self)
            }
            _ => Self::UTC,
        }
    }

    /// A zone by a POSIX rule, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
    #[must_use]
    pub fn from_posix(rule: &str) -> Option<Self> {
        jiff::tz::TimeZone::posix(rule).ok().map(Self)
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

/// Whole seconds since the Unix epoch as ctime(3) writes them: `Sun Nov 22 08:20:37 2026`.
pub(crate) struct Ctime<'z>(pub(crate) u64, pub(crate) &'z TimeZone);

impl fmt::Display for Ctime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0).ok().and_then(|s| Timestamp::from_second(s).ok());
        let Some(time) = time else { return write!(f, "{} s", self.0) };
        let zoned = time.to_zoned(self.1.0.clone());
        // Two characters for the day, padded with a space.
        write!(f, "{}", zoned.strftime("%a %b %e %H:%M:%S %Y"))
    }
}

/// Nanoseconds since the Unix epoch as RFC 3339 in UTC: `2026-11-22T08:20:37.123456789Z`.
#[must_use]
pub fn rfc3339(ns: u64) -> String {
    Timestamp::from_nanosecond(ns.into())
        .map_or_else(|_| ns.to_string(), |time| time.strftime("%FT%T.%9fZ").to_string())
}

/// Nanoseconds since the Unix epoch from their number or from RFC 3339 text.
///
/// ```
/// # use ctnetlink::show::{parse_time, rfc3339};
/// assert_eq!(parse_time("1795335637011746123"), Some(1_795_335_637_011_746_123));
/// assert_eq!(parse_time("2026-11-22T08:20:37.011746123Z"), Some(1_795_335_637_011_746_123));
/// assert_eq!(rfc3339(1_795_335_637_011_746_123), "2026-11-22T08:20:37.011746123Z");
/// assert_eq!(parse_time("yesterday"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<u64> {
    if let Ok(ns) = text.parse() {
        return Some(ns);
    }
    let time: Timestamp = text.parse().ok()?;
    time.as_nanosecond().try_into().ok()
}
