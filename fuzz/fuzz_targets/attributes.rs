//! An attribute list; the first byte selects the attribute set and the byte order.
#![no_main]

#[path = "../../tests/common/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::any_set(input));
