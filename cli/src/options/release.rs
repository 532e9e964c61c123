//! The option for the kernel release.

use ctnetlink::kernel::Release;

/// Parses the value of `--kernel`: a release that the simulated kernel knows.
pub(crate) fn known_release(text: &str) -> Result<Release, String> {
    let release: Release = text.parse().map_err(|error| format!("{error}"))?;
    match (Release::V2_6_39..=Release::V7_2).contains(&release) && exists(release) {
        true => Ok(release),
        false => Err("expected a release from 2.6.39 to 7.2".into()),
    }
}

/// Returns `true` if the series of the release exists, as 6.19 does and 6.20 does not.
fn exists(release: Release) -> bool {
    match release.major {
        2 => release == Release::V2_6_39,
        3 | 5 | 6 => release.minor <= 19,
        4 => release.minor <= 20,
        _ => true,
    }
}
