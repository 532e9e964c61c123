//! Times as tshark writes them.

/// Converts a time such as `Nov 25, 2026 00:18:00.445013910 UTC`.
pub(crate) fn rfc3339_of(time: &str) -> Option<String> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut words = time.strip_suffix(" UTC")?.split_whitespace();
    let (month, day, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.find(month)? / 3 + 1;
    let day: u8 = day.strip_suffix(',')?.parse().ok()?;
    Some(format!("{year}-{month:02}-{day:02}T{clock}Z"))
}
