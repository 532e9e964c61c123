//! The transport protocol of a tuple, `enum ctattr_l4proto`.

use crate::wire::attr_set;
use crate::wire::values::open_enum;

open_enum! {
    /// The number of a transport protocol, as in the IP header (IANA "Protocol Numbers").
    ///
    /// The protocols that connection tracking knows have a name, which is the one of
    /// `/proc/net/nf_conntrack`. All others are generic: their tuples contain only the number.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::nested::IpProto;
    ///
    /// assert_eq!(IpProto::SCTP.to_string(), "sctp");
    /// assert_eq!(IpProto::from(50).to_string(), "50");
    /// ```
    IpProto(u8), "ipproto", "IPPROTO_" {
        /// The Internet Control Message Protocol for IPv4.
        ICMP = 1 "icmp";
        /// The Transmission Control Protocol.
        TCP = 6 "tcp";
        /// The User Datagram Protocol.
        UDP = 17 "udp";
        /// The Datagram Congestion Control Protocol, generic since Linux 6.16.
        DCCP = 33 "dccp";
        /// Generic Routing Encapsulation, whose ports are the keys.
        GRE = 47 "gre";
        /// The Internet Control Message Protocol for IPv6.
        ICMPV6 = 58 "icmpv6";
        /// The Stream Control Transmission Protocol.
        SCTP = 132 "sctp";
        /// Lightweight UDP, generic since Linux 7.1.
        UDPLITE = 136 "udplite";
    }
}

attr_set! {
    /// An attribute of the transport protocol of a tuple.
    CtattrL4proto, "ctattr_l4proto" => L4ProtoAttr {
        /// The transport protocol.
        1 "CTA_PROTO_NUM" = Num(IpProto as U8), since "2.6.14";
        /// The source port; for GRE, the source key.
        2 "CTA_PROTO_SRC_PORT" = SrcPort(u16 as Be16 in Port), since "2.6.14";
        /// The destination port; for GRE, the destination key.
        3 "CTA_PROTO_DST_PORT" = DstPort(u16 as Be16 in Port), since "2.6.14";
        /// The ICMP identifier.
        4 "CTA_PROTO_ICMP_ID" = IcmpId(u16 as Be16), since "2.6.14";
        /// The ICMP type.
        5 "CTA_PROTO_ICMP_TYPE" = IcmpType(u8 as U8), since "2.6.14";
        /// The ICMP code.
        6 "CTA_PROTO_ICMP_CODE" = IcmpCode(u8 as U8), since "2.6.14";
        /// The ICMPv6 identifier.
        7 "CTA_PROTO_ICMPV6_ID" = Icmpv6Id(u16 as Be16), since "2.6.16";
        /// The ICMPv6 type.
        8 "CTA_PROTO_ICMPV6_TYPE" = Icmpv6Type(u8 as U8), since "2.6.16";
        /// The ICMPv6 code.
        9 "CTA_PROTO_ICMPV6_CODE" = Icmpv6Code(u8 as U8), since "2.6.16";
    }
}
