//! Measures the times of paths in rounds, relative to the bare walk.

use super::draw::draw;
use super::unit;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// An operation on every message of a group.
pub struct Path {
    /// The name on the command line.
    pub name: &'static str,
    pub what: &'static str,
    /// The target, in bare walks.
    pub target: Option<f64>,
    /// Performs the operation once on every message.
    pub pass: Box<dyn FnMut()>,
}

impl Path {
    pub fn new(name: &'static str, what: &'static str, pass: impl FnMut() + 'static) -> Self {
        Self { name, what, target: None, pass: Box::new(pass) }
    }

    pub fn target(self, walks: f64) -> Self {
        Self { target: Some(walks), ..self }
    }
}

/// Returns a path that calls `of` with each item, in the order of the draws.
pub fn each<T>(
    name: &'static str,
    what: &'static str,
    items: &'static [T],
    mut of: impl FnMut(&'static T) + 'static,
) -> Path {
    let items = draw(items.iter());
    Path::new(name, what, move || {
        for item in &items {
            of(black_box(item));
        }
    })
}

/// Messages and the paths over them.
pub struct Group {
    pub name: &'static str,
    pub messages: Vec<&'static [u8]>,
    pub paths: Vec<Path>,
}

impl Group {
    /// Creates a group whose first paths are the two units, under these names.
    pub fn new(
        name: &'static str,
        [copy, walk]: [&'static str; 2],
        messages: Vec<&'static [u8]>,
    ) -> Self {
        let longest = messages.iter().map(|message| message.len()).max().unwrap_or_default();
        let (to_copy, to_walk) = (messages.clone(), messages.clone());
        let mut buf = vec![0; longest];
        let paths = vec![
            Path::new(copy, "copy into one buffer with memcpy", move || {
                unit::copy(&to_copy, &mut buf)
            }),
            Path::new(walk, "run the bare nested walk", move || unit::walk(&to_walk)),
        ];
        Self { name, messages, paths }
    }

    pub fn title(&self) -> String {
        let count = self.messages.len();
        let bytes: usize = self.messages.iter().map(|message| message.len()).sum();
        format!("{}: {count} messages of {} bytes on average", self.name, bytes / count.max(1))
    }
}

/// The options on the command line.
pub struct Options {
    pub rounds: usize,
    pub filter: Option<String>,
}

impl Options {
    /// Parses `[--quick] [FILTER]`; cargo adds `--bench`.
    pub fn from_args() -> Self {
        let mut options = Self { rounds: 300, filter: None };
        for arg in std::env::args().skip(1) {
            match arg.as_str() {
                "--bench" => {}
                "--quick" => options.rounds = 3,
                _ => options.filter = Some(arg),
            }
        }
        options
    }

    pub fn wants(&self, path: &Path) -> bool {
        let filter = self.filter.as_deref();
        let is_unit = ["memcpy", "walk"].iter().any(|unit| path.name.starts_with(unit));
        is_unit || filter.is_none_or(|filter| path.name.contains(filter))
    }
}

/// The time of a round of a path.
///
/// It is long enough for the clock, and short enough that a walk and the path after it run under the
/// same conditions.
const SLICE: Duration = Duration::from_micros(400);

struct Timed<'a> {
    path: &'a mut Path,
    passes: u32,
    /// The time per message in nanoseconds and in bare walks of the same round.
    rounds: Vec<(f64, f64)>,
}

impl Timed<'_> {
    fn round(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.passes {
            (self.path.pass)();
        }
        start.elapsed().as_nanos() as f64 / f64::from(self.passes)
    }
}

/// Measures the paths of a group and prints a row of Markdown for each.
///
/// Every path runs in every round, right after a bare walk. Other load on the machine affects both, so
/// that the median of many ratios is stable although the times are not.
pub fn print(group: &mut Group, options: &Options) {
    println!("\n{}\n", group.title());
    println!("| path | what | ns (median) | ns (least) | memcpys | bare walks | target |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    let messages = group.messages.len() as f64;
    let to_walk = group.messages.clone();
    let mut walk = Path::new("", "", move || unit::walk(&to_walk));
    let mut walk = calibrate(&mut walk);
    let wanted = group.paths.iter_mut().filter(|path| options.wants(path));
    let mut timed: Vec<_> = wanted.map(calibrate).collect();
    for _ in 0..options.rounds {
        for path in &mut timed {
            let unit = walk.round();
            let time = path.round();
            path.rounds.push((time / messages, time / unit));
        }
    }
    let memcpy = timed.first().map(|path| median(path.rounds.iter().map(|round| round.0)));
    for Timed { path, rounds, .. } in &timed {
        let time = median(rounds.iter().map(|round| round.0));
        let least = rounds.iter().map(|round| round.0).fold(f64::INFINITY, f64::min);
        let in_walks = median(rounds.iter().map(|round| round.1));
        let in_copies = time / memcpy.unwrap_or(f64::NAN);
        let target = path.target.map(|target| format!("≤ {target}")).unwrap_or_default();
        println!(
            "| `{}` | {} | {time:.1} | {least:.1} | {in_copies:.1} | {in_walks:.2} | {target} |",
            path.name, path.what
        );
    }
}

/// Warms up, and determines how many passes fill a slice.
fn calibrate(path: &mut Path) -> Timed<'_> {
    let mut timed = Timed { path, passes: 3, rounds: Vec::new() };
    timed.round();
    let pass = timed.round().max(1.0);
    timed.passes = (SLICE.as_nanos() as f64 / pass).ceil().max(1.0) as u32;
    timed
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
