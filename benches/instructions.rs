//! Runs a path several times over the golden messages.
//!
//! `.ci/instructions` runs it under valgrind to count instructions. Without arguments it prints the
//! paths, each with the number of its messages.

mod harness;

use harness::paths;

fn main() {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    for group in paths::groups() {
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
