//! Times on the command line.

use ctnetlink::format::{TimeZone, parse_time, rfc3339};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers below this are not taken for nanoseconds: they would be in 1973 or before.
const LEAST: u64 = 100_000_000_000_000_000;

/// Parses the value of `--as-of`.
pub(crate) fn as_of(text: &str) -> Result<u64, String> {
    if text == "now" {
        return now().ok_or_else(|| "the clock is before 1970 or after 2554".into());
    }
    // An unknown time zone is reported by the printer.
    let zone = TimeZone::from_env().unwrap_or_default();
    match parse_time(text, &zone) {
        Some(time) if text.parse() == Ok(time) && time < LEAST => Err(not_nanoseconds(time)),
        Some(time) => Ok(time),
        None => Err("expected nanoseconds since 1970, a date such as 2026-11-22, a date and time \
                     such as 2026-11-22T08:20:37Z, or `now`"
            .into()),
    }
}

/// Describes a number of another unit.
fn not_nanoseconds(number: u64) -> String {
    let (unit, factor) = match number {
        0..100_000_000_000 => ("seconds", 1_000_000_000),
        100_000_000_000..100_000_000_000_000 => ("milliseconds", 1_000_000),
        _ => ("microseconds", 1_000),
    };
    let time = number * factor;
    format!("expected nanoseconds; in {unit}, this is {time} or {}", rfc3339(time))
}

/// Parses a number of seconds, which may have a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Returns the current time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    since.as_nanos().try_into().ok()
}
