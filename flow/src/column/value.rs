//! The values of columns.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// A value of a column.
///
/// Text that is not in the message is made by the crate: names of the kernel are static, and only the
/// number of something without a name, and `rest`, are allocated.
///
/// # Examples
/// ```
/// use ctnetlink_flow::column::Value;
///
/// let time = Value::Time(1_795_335_637_000_321);
/// assert_eq!(time.to_string(), "2026-11-22T08:20:37.000321Z");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer.
    Int(i64),
    /// A time in microseconds since the Unix epoch.
    Time(i64),
    /// An address.
    Address(IpAddr),
    /// A name or text.
    Text(Cow<'a, str>),
}

/// Writes times as RFC 3339, with six digits after the second.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Time(micros) => write_time(*micros, f),
            Self::Address(addr) => addr.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn write_time(micros: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DAY: i64 = 86_400_000_000;
    let (days, in_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (seconds, micros) = (in_day / 1_000_000, in_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Returns year, month and day of a number of days since the Unix epoch.
///
/// Years begin in March here, so that the leap day is the last one. 400 such years have 146,097 days.
fn date(days: i64) -> (i64, i64, i64) {
    // 1970-01-01 is 719,468 days after the first of March of the year 0.
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Five months from March on, and from August on, have 153 days.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * cycle + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The judge is the time library that `ctnetlink` formats times with.
    #[test]
    fn times_are_those_of_rfc_3339() {
        // A prime number of microseconds, a little over five days.
        for micros in (0..20_000).map(|n| n * 449_999_999_959) {
            let nanos = ctnetlink::format::rfc3339(micros * 1000);
            let expected = format!("{}Z", nanos.strip_suffix("000Z").unwrap());
            assert_eq!(Value::Time(micros as i64).to_string(), expected);
        }
        assert_eq!(Value::Time(-1).to_string(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(Value::Time(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000000Z");
        assert_eq!(Value::Time(951_868_800_000_000).to_string(), "2000-03-01T00:00:00.000000Z");
    }
}
