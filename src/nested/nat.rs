//! NAT ranges in requests, `enum ctattr_nat` and `enum ctattr_protonat`.

use crate::wire::{Attrs, attr_set};
use core::net::{Ipv4Addr, Ipv6Addr};

attr_set! {
    /// An attribute of the range of addresses and ports to translate to.
    ///
    /// Requests that create an entry contain it. The kernel never sends it: in its messages, NAT
    /// appears in the status and in the reply tuple.
    CtattrNat, "ctattr_nat" => NatAttr {
        /// The lowest IPv4 address.
        1 "CTA_NAT_V4_MINIP" | "CTA_NAT_MINIP" = V4MinIp(Ipv4Addr as Ipv4), since "2.6.14";
        /// The highest IPv4 address; if absent, the lowest is the only one.
        2 "CTA_NAT_V4_MAXIP" | "CTA_NAT_MAXIP" = V4MaxIp(Ipv4Addr as Ipv4), since "2.6.14";
        /// The range of ports.
        3 "CTA_NAT_PROTO" = Proto(Attrs<'a, CtattrProtonat> as Nest), since "2.6.14";
        /// The lowest IPv6 address.
        4 "CTA_NAT_V6_MINIP" = V6MinIp(Ipv6Addr as Ipv6), since "3.7";
        /// The highest IPv6 address; if absent, the lowest is the only one.
        5 "CTA_NAT_V6_MAXIP" = V6MaxIp(Ipv6Addr as Ipv6), since "3.7";
    }
}

attr_set! {
    /// An attribute of the range of ports to translate to.
    CtattrProtonat, "ctattr_protonat" => ProtoNatAttr {
        /// The lowest port.
        1 "CTA_PROTONAT_PORT_MIN" = PortMin(u16 as Be16 in Port), since "2.6.14";
        /// The highest port; if absent, the lowest is the only one.
        2 "CTA_PROTONAT_PORT_MAX" = PortMax(u16 as Be16 in Port), since "2.6.14";
    }
}
