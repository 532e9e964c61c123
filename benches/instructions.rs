//! Runs a path several times over the golden messages.
//!
//! `.ci/instructions` runs it under valgrind to count instructions.

mod harness;

use harness::{count, paths};

fn main() {
    count::run(paths::groups());
}
