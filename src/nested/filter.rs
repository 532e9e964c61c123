//! The filter of dump and flush requests, `enum ctattr_filter`.

use crate::wire::attr_set;
use crate::wire::values::flags_value;
use bitflags::bitflags;

attr_set! {
    /// An attribute of the filter in a dump or flush request.
    ///
    /// It says which fields of the tuples in the request must match.
    CtattrFilter, "ctattr_filter" => FilterAttr {
        /// The fields of `CTA_TUPLE_ORIG` that must match.
        1 "CTA_FILTER_ORIG_FLAGS" = OrigFlags(FilterFlags as Host32), since "5.8";
        /// The fields of `CTA_TUPLE_REPLY` that must match.
        2 "CTA_FILTER_REPLY_FLAGS" = ReplyFlags(FilterFlags as Host32), since "5.8";
    }
}

bitflags! {
    /// The fields of a tuple that must match, in a filter.
    ///
    /// On the wire they are in the byte order of the machine. The kernel rejects other bits.
    ///
    /// # Examples
    /// See [`Filter`](crate::flat::Filter).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FilterFlags: u32 {
        /// The source address.
        ///
        /// For IPv6, Linux 5.8 to Linux 7.2 return the entries that do *not* match.
        const IP_SRC = 1 << 0;
        /// The destination address.
        ///
        /// For IPv6, Linux 5.8 to Linux 7.2 return the entries that do *not* match.
        const IP_DST = 1 << 1;
        /// The zone of the tuple, which the kernel accepts and ignores.
        const TUPLE_ZONE = 1 << 2;
        /// The protocol number, which each of the following flags requires.
        const PROTO_NUM = 1 << 3;
        /// The source port; compared for TCP and UDP only.
        const PROTO_SRC_PORT = 1 << 4;
        /// The destination port; compared for TCP and UDP only.
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

flags_value!(FilterFlags(u32), "ctattr_filter_flags", "");
