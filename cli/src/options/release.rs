//! The option for the kernel release.

use ctnetlink::kernel::Release;

/// Parses the value of `--kernel`: a release that the simulated kernel knows.
pub(crate) fn known_release(text: &str) -> Result<Release, String> {
    let release: Release = text.parse().map_err(|error| format!("{error}"))?;
    match (Release::V2_6_39..=Release::V7_2).contains(&release) {
        true => Ok(release),
        false => Err("expected a release from 2.6.39 to 7.2".into()),
    }
}
