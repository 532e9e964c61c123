//! Times on the command line.

use ctnetlink::format::parse_time;
use std::time::{SystemTime, UNIX_EPOCH};

/// Parses the value of `--as-of`.
pub(crate) fn as_of(text: &str) -> Result<u64, String> {
    if text == "now" {
        return now().ok_or_else(|| "the clock is before 1970 or after 2554".into());
    }
    parse_time(text).ok_or_else(|| "expected nanoseconds, RFC 3339 or `now`".into())
}

/// Returns the current time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    since.as_nanos().try_into().ok()
}
