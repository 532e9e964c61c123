//! `enum ctattr_filter`.

use crate::wire::attr_set;
use crate::wire::values::flags_value;
use bitflags::bitflags;

attr_set! {
    /// Which fields of the tuples in a dump or flush request must match.
    CtattrFilter, "ctattr_filter" => FilterAttr {
        /// The fields of `CTA_TUPLE_ORIG`.
        1 "CTA_FILTER_ORIG_FLAGS" = OrigFlags(FilterFlags as Host32), since "5.8";
        /// The fields of `CTA_TUPLE_REPLY`.
        2 "CTA_FILTER_REPLY_FLAGS" = ReplyFlags(FilterFlags as Host32), since "5.8";
    }
}

bitflags! {
    /// A field of a tuple, `CTA_FILTER_F_*`, in the byte order of the machine. The kernel refuses
    /// other bits.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FilterFlags: u32 {
        /// The source address. For IPv6, Linux 5.8 to 7.2 return what does *not* match.
        const IP_SRC = 1 << 0;
        /// The destination address, with the same fault.
        const IP_DST = 1 << 1;
        /// The tuple's zone. Accepted, but nothing is filtered by it.
        const TUPLE_ZONE = 1 << 2;
        /// The protocol number; needed with any of the following.
        const PROTO_NUM = 1 << 3;
        /// The source port; compared for TCP and UDP alone.
        const PROTO_SRC_PORT = 1 << 4;
        /// The destination port; compared for TCP and UDP alone.
        const PROTO_DST_PORT = 1 << 5;
        /// The ICMP type.
        const PROTO_ICMP_TYPE = 1 << 6;
        /// The ICMP code.
        const PROTO_ICMP_CODE = 1 << 7;
        /// The ICMP identifier.
        const PROTO_ICMP_ID = 1 << 8;
        /// The ICMPv6 type.
        const PROTO_ICMPV6_TYPE = 1 << 9;
        /// The ICMPv6 code.
        const PROTO_ICMPV6_CODE = 1 << 10;
        /// The ICMPv6 identifier.
        const PROTO_ICMPV6_ID = 1 << 11;
    }
}

flags_value!(FilterFlags(u32));
