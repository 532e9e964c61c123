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
