//! Options for the output format.

use crate::options::labels::LabelMapOption;
use clap::ValueEnum;

#[derive(clap::Args)]
pub(crate) struct OutputOptions {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Extra fields in the output, as in `conntrack -o`
    #[arg(short = 'o', long = "output", value_enum, value_delimiter = ',', value_name = "FIELD")]
    pub(crate) fields: Vec<Field>,
    #[command(flatten)]
    pub(crate) labelmap: LabelMapOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The lines of conntrack(8)
    Text,
    /// One JSON object per message, one per line
    Json,
    /// The bytes of each message, one attribute per line, with names and values
    Annotate,
}

/// A field that the output contains only on request.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Field {
    /// The id of an entry
    Id,
    /// The times at which a flow started and stopped
    Ktimestamp,
    /// The time of an event
    Timestamp,
    /// The layer 3 protocol
    Extended,
    /// The labels of an entry
    Labels,
    /// The whole message in hexadecimal, in JSON; `decode` and `check` read it back
    Hex,
}
