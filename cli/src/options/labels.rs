//! The option for the names of labels.

use crate::stop::Stop;
use ctnetlink::format::text::LabelMap;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct LabelMapOption {
    /// File with the names of labels, such as /etc/xtables/connlabel.conf
    #[arg(long, value_name = "FILE")]
    labelmap: Option<PathBuf>,
}

impl LabelMapOption {
    pub(crate) fn read(&self) -> Result<LabelMap, Stop> {
        let Some(path) = &self.labelmap else { return Ok(LabelMap::default()) };
        let map = std::fs::read_to_string(path).map_err(|error| Stop::file(path, &error))?;
        Ok(LabelMap::parse(&map))
    }
}

/// Returns labels, given by number or by name, as one bit each.
pub(crate) fn label_bits(labels: &[String], names: &LabelMap) -> Result<u128, Stop> {
    let mut bits = 0;
    for label in labels {
        let number = names.number(label).or_else(|| label.parse().ok());
        let Some(bit) = number.and_then(|number| 1_u128.checked_shl(number.into())) else {
            let problem = "expected a number from 0 to 127 or a name in --labelmap";
            return Err(Stop::Unusable(format!("unknown label `{label}`: {problem}")));
        };
        bits |= bit;
    }
    Ok(bits)
}
