//! The attributes of expectations, `enum ctattr_expect`.

use crate::nested::{CtattrExpectNat, CtattrTuple};
use crate::wire::values::flags_value;
use crate::wire::{Attrs, NulStr, attr_set};
use bitflags::bitflags;

attr_set! {
    /// An attribute of an expectation.
    ///
    /// An expectation is a flow that a helper expects, because it saw another flow announce it.
    CtattrExpect, "ctattr_expect" => ExpectAttr {
        /// The original tuple of the master: the flow whose helper expects this one.
        1 "CTA_EXPECT_MASTER" = Master(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The original tuple of the expected flow.
        2 "CTA_EXPECT_TUPLE" = Tuple(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The bits of the tuple that must match.
        3 "CTA_EXPECT_MASK" = Mask(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The number of seconds until the expectation expires.
        ///
        /// The kernel ignores it in a request that creates an expectation.
        4 "CTA_EXPECT_TIMEOUT" = Timeout(u32 as Be32 in Seconds), since "2.6.14";
        /// An opaque number that identifies the expectation.
        5 "CTA_EXPECT_ID" = Id(u32 as Be32), since "2.6.14";
        /// The name of the helper.
        6 "CTA_EXPECT_HELP_NAME" = HelpName(NulStr<'a> as Str), since "2.6.14";
        /// The zone, in requests; the kernel never sends it.
        7 "CTA_EXPECT_ZONE" = Zone(u16 as Be16), since "2.6.34";
        /// The flags of the expectation.
        8 "CTA_EXPECT_FLAGS" = Flags(ExpectFlags as Be32), since "2.6.37";
        /// The class of the expectation, which the helper numbers from 0.
        9 "CTA_EXPECT_CLASS" = Class(u32 as Be32), since "3.4";
        /// The translation that the expected flow will get, if it gets one.
        10 "CTA_EXPECT_NAT" = Nat(Attrs<'a, CtattrExpectNat> as Nest), since "3.4";
        /// The function that runs when the expected flow arrives, such as `nat-follow-master`.
        11 "CTA_EXPECT_FN" = Fn(NulStr<'a> as Str), since "3.4";
    }
}

bitflags! {
    /// The flags of an expectation, `NF_CT_EXPECT_*`.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::attrs::ExpectFlags;
    ///
    /// let flags = ExpectFlags::PERMANENT | ExpectFlags::USERSPACE;
    /// assert_eq!((flags.bits(), flags.to_string()), (5, "PERMANENT|USERSPACE".to_string()));
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ExpectFlags: u32 {
        /// The expectation serves more than one flow.
        const PERMANENT = 1 << 0;
        /// The expectation does not match yet.
        const INACTIVE = 1 << 1;
        /// A helper in user space created the expectation.
        const USERSPACE = 1 << 2;
    }
}

flags_value!(ExpectFlags(u32), "nf_ct_expect_flags", "NF_CT_EXPECT_");
