//! `enum ctattr_expect`.

use crate::nested::{CtattrExpectNat, CtattrTuple};
use crate::wire::values::flags_value;
use crate::wire::{Attrs, NulStr, attr_set};
use bitflags::bitflags;

attr_set! {
    /// The attributes of an expectation: a flow that a helper has seen announced.
    CtattrExpect, "ctattr_expect" => ExpectAttr {
        /// The original tuple of the flow whose helper expects.
        1 "CTA_EXPECT_MASTER" = Master(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The original tuple of the expected flow.
        2 "CTA_EXPECT_TUPLE" = Tuple(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// Which bits of that tuple must match.
        3 "CTA_EXPECT_MASK" = Mask(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// Seconds until the expectation lapses. Ignored when one is created.
        4 "CTA_EXPECT_TIMEOUT" = Timeout(u32 as Be32), since "2.6.14";
        /// An opaque number.
        5 "CTA_EXPECT_ID" = Id(u32 as Be32), since "2.6.14";
        /// The helper's name.
        6 "CTA_EXPECT_HELP_NAME" = HelpName(NulStr<'a> as Str), since "2.6.14";
        /// The zone. In requests; never sent.
        7 "CTA_EXPECT_ZONE" = Zone(u16 as Be16), since "2.6.34";
        /// What the helper made of it.
        8 "CTA_EXPECT_FLAGS" = Flags(ExpectFlags as Be32), since "2.6.37";
        /// The helper's class of expectations, from 0.
        9 "CTA_EXPECT_CLASS" = Class(u32 as Be32), since "3.4";
        /// The translation that the expected flow will get; sent if there is one.
        10 "CTA_EXPECT_NAT" = Nat(Attrs<'a, CtattrExpectNat> as Nest), since "3.4";
        /// The function that runs when the expected flow comes, such as `nat-follow-master`.
        11 "CTA_EXPECT_FN" = Fn(NulStr<'a> as Str), since "3.4";
    }
}

bitflags! {
    /// `NF_CT_EXPECT_*`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ExpectFlags: u32 {
        /// It serves more than one flow.
        const PERMANENT = 1 << 0;
        /// It does not match yet.
        const INACTIVE = 1 << 1;
        /// A helper in user space made it.
        const USERSPACE = 1 << 2;
    }
}

flags_value!(ExpectFlags(u32));
