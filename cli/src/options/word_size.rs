//! The option for the word size of the machine that was recorded.

#[derive(clap::Args)]
pub(crate) struct WordSize {
    /// Word size of the machine that sent the messages; a big-endian machine needs it for labels
    #[arg(long, value_name = "BYTES", default_value = "8", value_parser = word_size)]
    pub(crate) word_size: usize,
}

fn word_size(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|bytes| matches!(bytes, 4 | 8)).ok_or("expected 4 or 8")
}
