//! The NAT of an expected flow, `enum ctattr_expect_nat`.

use super::CtattrTuple;
use crate::wire::{Attrs, attr_set};

attr_set! {
    /// An attribute of the translation that an expected flow will get.
    CtattrExpectNat, "ctattr_expect_nat" => ExpectNatAttr {
        /// The direction, seen from the master: 0 is original, 1 is reply.
        1 "CTA_EXPECT_NAT_DIR" = Dir(u32 as Be32), since "3.4";
        /// The address and the port before the translation.
        2 "CTA_EXPECT_NAT_TUPLE" = Tuple(Attrs<'a, CtattrTuple> as Nest), since "3.4";
    }
}
