//! Runs a path several times over the golden messages, as `.ci/instructions` needs it.

#[path = "../../benches/harness/mod.rs"]
mod harness;
mod paths;

fn main() {
    harness::count::run([paths::group()]);
}
