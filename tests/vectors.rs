//! Tests of the generator of test vectors.

mod common;

use ctnetlink::Message;
use ctnetlink::kernel::{Arch, Kernel};
use ctnetlink::sim::vectors::{Coverage, Field, Malformations, Vectors};

fn kernel(release: &str, arch: Arch) -> Kernel {
    Kernel { arch, ..Kernel::new(release.parse().unwrap()) }
}

const RELEASES: [&str; 22] = [
    "2.6.39", "3.1", "3.4", "3.6", "3.8", "3.9", "3.12", "3.19", "4.3", "4.7", "4.9", "4.12",
    "4.18", "4.19", "5.3", "5.5", "5.10", "5.15", "6.1", "6.12", "6.16", "7.2",
];

#[test]
fn enough_vectors_cover_everything() {
    for (n, release) in RELEASES.iter().enumerate().rev().step_by(common::sample()) {
        for arch in Arch::NAMED {
            let kernel = kernel(release, *arch);
            let mut coverage = Coverage::new(&kernel);
            let seed = n as u64 * 7919 + 1;
            let mut needed = 0;
            for (m, vector) in Vectors::new(kernel, seed).take(Vectors::ENOUGH).enumerate() {
                let before = coverage.missing().count();
                coverage.add(&vector);
                if coverage.missing().count() < before {
                    needed = m + 1;
                }
            }
            let missing: Vec<_> = coverage.missing().collect();
            let unexpected: Vec<_> = coverage.unexpected().collect();
            assert!(missing.is_empty(), "{release} {}: {missing:?}", arch.name);
            assert!(unexpected.is_empty(), "{release} {}: {unexpected:?}", arch.name);
            println!("{release} {}: {needed} for {}", arch.name, coverage.wanted().count());
        }
    }
}

#[test]
fn each_malformed_message_leads_to_its_expected_error() {
    for (release, arch) in [("7.2", Arch::RISCV64), ("6.12", Arch::X86_64), ("5.10", Arch::S390X)] {
        let kernel = kernel(release, arch);
        let mut malformed = Malformations::new();
        Vectors::new(kernel, 5).take(300).for_each(|vector| malformed.add(&kernel, &vector));
        let list = malformed.into_list(usize::MAX);
        println!("{release}: {}", list.len());
        assert!(list.len() > 2000, "{}", list.len());
        for bad in list {
            let errors = match Message::parse_with(&bad.bytes, arch.endian()) {
                Ok(message) => Field::and_errors(&message).1,
                Err(error) => vec![error],
            };
            assert_eq!(errors, bad.errors, "{} {} {:02x?}", bad.mutation, bad.path, bad.bytes);
        }
    }
}
