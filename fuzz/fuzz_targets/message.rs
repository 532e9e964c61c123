//! A datagram; the first byte selects the byte order.
#![no_main]

#[path = "../../tests/common/oracle.rs"]
mod oracle;

use ctnetlink::wire::Endian;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let endian = if choice & 0x80 == 0 { Endian::Little } else { Endian::Big };
    oracle::datagram(bytes, endian);
});
