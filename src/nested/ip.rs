//! The addresses of a tuple, `enum ctattr_ip`.

use crate::wire::attr_set;
use core::net::{Ipv4Addr, Ipv6Addr};

attr_set! {
    /// An attribute of the addresses of a tuple.
    CtattrIp, "ctattr_ip" => IpAttr {
        /// The IPv4 source address.
        1 "CTA_IP_V4_SRC" = V4Src(Ipv4Addr as Ipv4), since "2.6.14";
        /// The IPv4 destination address.
        2 "CTA_IP_V4_DST" = V4Dst(Ipv4Addr as Ipv4), since "2.6.14";
        /// The IPv6 source address.
        3 "CTA_IP_V6_SRC" = V6Src(Ipv6Addr as Ipv6), since "2.6.14";
        /// The IPv6 destination address.
        4 "CTA_IP_V6_DST" = V6Dst(Ipv6Addr as Ipv6), since "2.6.14";
    }
}
