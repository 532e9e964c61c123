//! The command `ctnetlink`.

fn main() {}
