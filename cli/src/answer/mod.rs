//! `ctnetlink answer`: a recorded conversation with the simulated kernel.

mod player;

use crate::decompress::decompress;
use crate::options::release::known_release;
use crate::output::print_error;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::{Clock, ModuleParams, Net};
use player::{Figures, JIFFIES, Line, play};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Compare a recorded conversation with the replies of the simulated kernel
///
/// The command sends each recorded request to the simulated kernel and compares the datagrams that it
/// receives. The recording is JSON lines, such as those of tests/golden/conversations, and may be
/// compressed. What no simulation can know is taken over from the recording: ids, times, the order of
/// the table, and statistics per CPU; timeouts may differ by a second. The last line of standard error
/// is `requests=N datagrams=N exact=N`. The exit status is 1 if anything differs.
#[derive(clap::Args)]
pub(crate) struct Answer {
    /// Recording, or - for standard input
    file: PathBuf,
    /// Kernel release, from 2.6.39 to 7.2, such as 6.12 or 6.12.111
    #[arg(long, value_parser = known_release)]
    kernel: Release,
    /// Machine and properties that differ from it, such as arm64,page=16384; see `ctnetlink sim --help`
    #[arg(long, default_value = "x86_64")]
    arch: Arch,
}

pub(crate) fn run(args: &Answer) -> Result<Status, Stop> {
    let unusable = |error: io::Error| Stop::file(&args.file, &error);
    let input: Box<dyn Read> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(&args.file).map_err(unusable)?),
    };
    let input = BufReader::new(decompress(input).map_err(unusable)?);
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(input.lines()) {
        let text = text.map_err(unusable)?;
        let line = Line::read(number, &text).map_err(|problem| {
            Stop::Unusable(format!("{}: line {number}: {problem}", args.file.display()))
        })?;
        lines.push(line);
    }
    let kernel = Kernel { arch: args.arch, ..Kernel::new(args.kernel) };
    // A recording begins with the time; its sysctls come after that.
    let clock = Clock { real_ns: 0, jiffies: JIFFIES };
    let net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None)
        .expect("no step of the set-up is told to fail");
    let mut is_flawed = false;
    let Figures { requests, datagrams, exact } = play(net, &lines, &mut |problem| {
        print_error(format_args!("{}: {problem}", args.file.display()));
        is_flawed = true;
    });
    eprintln!("requests={requests} datagrams={datagrams} exact={exact}");
    Ok(Status::flawed_if(is_flawed))
}
