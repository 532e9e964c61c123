//! Compares the fast paths for known shapes with the general path, attribute by attribute.
//!
//! `common/oracle.rs` compares decoding and the three layouts. It runs on every golden message here, on
//! every mutation in `mutations.rs` and `smoke.rs`, and in the fuzz targets. The fast path of the
//! simulated kernel is compared here.

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use ctnetlink::Message;
use ctnetlink::attrs::CtattrType;
use ctnetlink::error::Error;
use ctnetlink::kernel::{Arch, Kernel, Release};
use ctnetlink::sim::vectors::{Source, Vectors};
use ctnetlink::sim::{NfConn, Reply, Skb, ctnetlink_fill_info};
use ctnetlink::wire::{Attrs, Endian, WriteBuf};

#[test]
fn both_paths_read_golden_messages_equally() {
    let golden = common::all();
    let survived = golden.iter().filter_map(|one| oracle::survives(&one.bytes, one.endian, true));
    assert_eq!(survived.count(), golden.len());
}

/// Returns the attributes of a dump reply after `before` other bytes, in the native byte order.
fn fill_info(kernel: &Kernel, ct: &NfConn, room: Skb, before: usize) -> Result<Vec<u8>, Error> {
    // The old contents of the buffer must not appear in the message.
    let mut skb = WriteBuf::from(vec![0xa5; 4096]);
    skb.truncate(before);
    let room = Skb { limit: room.limit.saturating_add(before), ..room };
    let result = ctnetlink_fill_info(kernel, ct, 1000, &Reply::to(7, 9), room, &mut skb);
    assert!(skb.len() <= room.limit && skb[..before].iter().all(|&byte| byte == 0xa5));
    result?;
    let message = Message::parse_with(&skb[before..], kernel.arch.endian())?;
    let attrs: Attrs<'_, CtattrType> = message.conntrack_attrs()?;
    Ok(match kernel.arch.endian() {
        Endian::NATIVE => attrs.as_bytes().to_vec(),
        _ => oracle::translated(attrs),
    })
}

#[test]
fn simulated_kernels_write_equal_messages_in_both_byte_orders() {
    let mut compared = 0;
    for &arch in Arch::NAMED {
        for release in [Release::V2_6_39, Release::series(5, 10), Release::series(7, 2)] {
            let kernel = Kernel { arch, ..Kernel::new(release) };
            let swapped = Arch { is_big_endian: !arch.is_big_endian, ..arch };
            let other = Kernel { arch: swapped, ..kernel };
            for vector in Vectors::new(kernel, 1).take(300) {
                let Source::Entry(ct) = &vector.source else { continue };
                // Pads depend on the position of a message in the datagram.
                let offset = compared % 8;
                let before = 4 * (compared % 300);
                let whole = Skb { limit: usize::MAX, offset };
                let whole = fill_info(&kernel, ct, whole, before).unwrap();
                // Wherever the buffer ends, both report the same attribute.
                for limit in (0..whole.len() + 28).step_by(3).chain([usize::MAX]) {
                    let room = Skb { limit, offset };
                    let [native, other] =
                        [&kernel, &other].map(|kernel| fill_info(kernel, ct, room, before));
                    assert_eq!(native, other, "{release} {arch:?} {room:?} {before} {ct:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100_000, "{compared}");
}
