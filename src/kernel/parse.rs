//! Releases as text.

use super::Release;
use core::fmt;
use core::str::FromStr;

/// Writes the numbers with dots, and `.y` for the patch level of a series.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            u16::MAX => write!(f, "{}.{}.y", self.major, self.minor),
            patch => write!(f, "{}.{}.{patch}", self.major, self.minor),
        }
    }
}

/// An error from parsing a [`Release`].
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Release;
///
/// assert_eq!("6.12".parse(), Ok(Release::series(6, 12)));
/// assert!("six".parse::<Release>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseReleaseError;

impl fmt::Display for ParseReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a kernel release such as 6.12 or 6.12.111")
    }
}

impl core::error::Error for ParseReleaseError {}

/// Parses `6.12`, `6.12.y`, `6.12.111` and the output of `uname -r`, such as `6.12.111+deb12-amd64`.
///
/// Some distributions name a kernel after its series, with `.0` and a number of their own, as in
/// `6.1.0-50-amd64`. This is parsed as the series.
impl FromStr for Release {
    type Err = ParseReleaseError;

    fn from_str(text: &str) -> Result<Self, ParseReleaseError> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, suffix) = text.split_at_checked(end).unwrap_or((text, ""));
        let mut numbers = numbers.trim_end_matches('.').split('.');
        let mut number = || numbers.next().map(|n| n.parse().map_err(|_| ParseReleaseError));
        let major = number().ok_or(ParseReleaseError)??;
        let minor = number().ok_or(ParseReleaseError)??;
        let patch = number().transpose()?;
        let own_number = suffix.strip_prefix('-').and_then(|suffix| suffix.split('-').next());
        let names_series = own_number.is_some_and(|n| n.parse::<u32>().is_ok());
        Ok(match patch {
            None => Self::series(major, minor),
            Some(0) if names_series => Self::series(major, minor),
            Some(patch) => Self::new(major, minor, patch),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_uname_prints() {
        let read = |text: &str| text.parse::<Release>();
        assert_eq!(read("2.6.39"), Ok(Release::V2_6_39));
        assert_eq!(read("2.6.39.4"), Ok(Release::V2_6_39));
        assert_eq!(read("6.18.44-own-v657"), Ok(Release::new(6, 18, 44)));
        assert_eq!(read("7.2.13+deb14-riscv64"), Ok(Release::new(7, 2, 13)));
        assert_eq!(read("6.1.0-50-amd64"), Ok(Release::series(6, 1)));
        assert_eq!(read("5.14.0-rc3"), Ok(Release::new(5, 14, 0)));
        assert_eq!(read("7.2"), Ok(Release::V7_2));
        assert_eq!(read("6.12.y"), Ok(Release::series(6, 12)));
        for bad in ["", "6", "x.y", "6.x", "6..1", "-6.1", "99999.1"] {
            assert_eq!(read(bad), Err(ParseReleaseError), "{bad}");
        }
    }

    /// "fix refcount leak on table dump" is in 6.17, 6.12.43 and 6.1.149.
    #[test]
    fn dumps_hold_the_next_entry() {
        let holds = |text: &str| text.parse::<Release>().is_ok_and(Release::dump_holds_next_entry);
        assert!(["5.10", "6.1.148", "6.12.42", "6.16"].into_iter().all(holds));
        assert!(!["6.1.149", "6.1.176", "6.1", "6.12.43", "6.17"].into_iter().any(holds));
    }

    #[test]
    fn mark_window() {
        let omits = |text: &str| text.parse::<Release>().is_ok_and(Release::omits_zero_mark);
        let window = ["6.0.11", "6.1.0", "6.1.19", "6.2", "6.2.16"];
        let outside = ["5.15", "6.0.10", "6.1.20", "6.1", "6.3", "7.2"];
        assert!(window.iter().all(|release| omits(release)));
        assert!(!outside.iter().any(|release| omits(release)));
    }
}
