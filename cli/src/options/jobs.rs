//! The option for the number of threads.

use std::num::NonZero;

#[derive(clap::Args)]
pub(crate) struct Jobs {
    /// Number of decoding threads [default: number of CPUs]
    ///
    /// Input from a pipe, and output to a terminal, use one thread.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

impl Jobs {
    pub(crate) fn count(&self) -> usize {
        match self.jobs {
            Some(jobs) => jobs.into(),
            None => std::thread::available_parallelism().map_or(1, NonZero::get),
        }
    }
}
