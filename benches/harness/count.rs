//! Runs a path a number of times, so that its instructions can be counted.

use super::measure::Group;

/// Runs the path that the arguments name as often as they say.
///
/// Without arguments it prints the paths, each with the number of its messages.
pub fn run(groups: impl IntoIterator<Item = Group>) {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    for group in groups {
        let messages = group.messages.len();
        for mut path in group.paths {
            match &args[..] {
                [name, times] if name == path.name => {
                    let times: usize = times.parse().expect("a number");
                    (0..times).for_each(|_| (path.pass)());
                    return;
                }
                [] => println!("{}\t{messages}", path.name),
                _ => {}
            }
        }
    }
    assert!(args.is_empty(), "no path is called {args:?}");
}
