//! Times as text.

use crate::line::{Line, digits};
use alloc::string::{String, ToString as _};
use jiff::Timestamp;
use jiff::civil::DateTime;

/// A time zone for times in text.
///
/// # Examples
/// ```
/// use ctnetlink::format::TimeZone;
///
/// assert!(TimeZone::from_posix("CET-1CEST,M3.5.0,M10.5.0/3").is_some());
/// assert!(TimeZone::from_posix("Vienna?").is_none());
/// ```
#[derive(Clone, Debug)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// Coordinated Universal Time (UTC).
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// Returns the time zone that the environment variable `TZ` names; UTC if it is unset or empty.
    ///
    /// # Errors
    ///
    /// Returns an error if this machine does not know the time zone.
    #[cfg(feature = "std")]
    pub fn from_env() -> Result<Self, UnknownTimeZone> {
        match std::env::var_os("TZ") {
            Some(name) if !name.is_empty() => {
                let zone = jiff::tz::TimeZone::try_system();
                let name = || name.to_string_lossy().into_owned();
                zone.map(Self).map_err(|_| UnknownTimeZone { name: name() })
            }
            _ => Ok(Self::UTC),
        }
    }

    /// Creates a time zone from a POSIX rule, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
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

/// The environment variable `TZ` names a time zone that this machine does not know.
///
/// # Examples
/// See [`TimeZone`].
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTimeZone {
    name: String,
}

#[cfg(feature = "std")]
impl core::fmt::Display for UnknownTimeZone {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "unknown time zone `{}` in the environment variable TZ", self.name)
    }
}

#[cfg(feature = "std")]
impl core::error::Error for UnknownTimeZone {}

/// Appends seconds since the Unix epoch in the form of ctime(3): `Sun Nov 22 08:20:37 2026`.
pub(super) fn push_ctime<'l>(line: Line<'l>, seconds: u64, zone: &TimeZone) -> Line<'l> {
    const DAYS: [&[u8; 4]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    const MONTHS: [&[u8; 4]; 12] = [
        b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ",
        b"Nov ", b"Dec ",
    ];
    let time = i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok());
    let Some(time) = time else {
        return line.number(seconds).constant(" s");
    };
    let time = zone.0.to_offset(time).to_datetime(time);
    let name = |names: &[&'static [u8; 4]], from_one: i8| {
        let index = usize::from(from_one.unsigned_abs()).wrapping_sub(1);
        names.get(index).copied().copied().unwrap_or_default()
    };
    let [a, b, c, d] = name(&DAYS, time.weekday().to_monday_one_offset());
    let [e, f, g, h] = name(&MONTHS, time.month());
    // All of them have two digits, which are computed as one number.
    let pairs = [time.day(), time.hour(), time.minute(), time.second()];
    let pairs = pairs.iter().fold(0, |all, pair| 100 * all + u64::from(pair.unsigned_abs()));
    let [day1, day2, hour1, hour2, min1, min2, sec1, sec2] = digits::eight(pairs);
    let day1 = if day1 == b'0' { b' ' } else { day1 };
    let [_, _, _, _, y1, y2, y3, y4] = digits::eight(time.year().unsigned_abs().into());
    let text = [
        a, b, c, d, e, f, g, h, day1, day2, b' ', hour1, hour2, b':', min1, min2, b':', sec1, sec2,
        b' ', y1, y2, y3, y4,
    ];
    line.put(text, text.len())
}

/// Formats nanoseconds since the Unix epoch as RFC 3339 in UTC: `2026-11-22T08:20:37.123456789Z`.
#[must_use]
pub fn rfc3339(ns: u64) -> String {
    Timestamp::from_nanosecond(ns.into())
        .map_or_else(|_| ns.to_string(), |time| time.strftime("%FT%T.%9fZ").to_string())
}

/// Parses a time, and returns it in nanoseconds since the Unix epoch.
///
/// The text is that number, RFC 3339, or a date with or without a time of day in `zone`. Returns
/// `None` for other text, and for times before 1970 or after 2554.
///
/// # Examples
///
/// ```
/// use ctnetlink::format::{TimeZone, parse_time};
///
/// let time = Some(1_795_335_637_500_000_000);
/// assert_eq!(parse_time("1795335637500000000", &TimeZone::UTC), time);
/// assert_eq!(parse_time("2026-11-22T08:20:37.5Z", &TimeZone::UTC), time);
/// assert_eq!(parse_time("2026-11-22 08:20:37.5", &TimeZone::UTC), time);
///
/// let vienna = TimeZone::from_posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
/// assert_eq!(parse_time("2026-11-22 09:20:37.5", &vienna), time);
/// assert_eq!(parse_time("2026-11-22", &vienna), Some(1_795_302_000_000_000_000));
/// assert_eq!(parse_time("yesterday", &vienna), None);
/// ```
#[must_use]
pub fn parse_time(text: &str, zone: &TimeZone) -> Option<u64> {
    if let Ok(ns) = text.parse() {
        return Some(ns);
    }
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(zone.0.clone()).ok()?.timestamp(),
    };
    time.as_nanosecond().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::tests::line;

    /// Returns the time as the library's own formatter writes it.
    fn expected(seconds: u64, zone: &TimeZone) -> String {
        match i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok()) {
            Some(time) => {
                time.to_zoned(zone.0.clone()).strftime("%a %b %e %H:%M:%S %Y").to_string()
            }
            None => alloc::format!("{seconds} s"),
        }
    }

    #[test]
    fn ctime_equals_strftime() {
        let rules = [
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT,M3.2.0,M11.1.0",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "<-12>12",
            "<+14>-14",
        ];
        let zones = rules.map(|rule| TimeZone::from_posix(rule).unwrap());
        for zone in zones.iter().chain([&TimeZone::UTC]) {
            let check = |seconds: u64| {
                let out = line(|line| push_ctime(line, seconds, zone));
                assert_eq!(out, expected(seconds, zone), "{seconds} {zone:?}");
            };
            // Steps of about 29 minutes through 2026: changes of the clock, ends of months.
            (1_767_225_600..1_798_848_000).step_by(1747).for_each(check);
            // From 1970 to the last year that jiff knows, and beyond.
            (0..253_402_300_800).step_by(23_456_789).for_each(check);
            (253_402_200_000..253_402_400_000).step_by(997).for_each(check);
            let odd = [0, 1, 951_782_399, 951_868_800, u64::MAX / 1_000_000_000, u64::MAX];
            odd.into_iter().for_each(check);
        }
    }
}
