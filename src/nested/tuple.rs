//! `enum ctattr_tuple`.

use super::{CtattrIp, CtattrL4proto};
use crate::wire::{Attrs, attr_set};

attr_set! {
    /// One direction of a flow: addresses, transport identifiers, zone.
    CtattrTuple, "ctattr_tuple" => TupleAttr {
        /// Source and destination address.
        1 "CTA_TUPLE_IP" = Ip(Attrs<'a, CtattrIp> as Nest), since "2.6.14";
        /// Protocol number and ports, ICMP type, code and id, or GRE keys.
        2 "CTA_TUPLE_PROTO" = Proto(Attrs<'a, CtattrL4proto> as Nest), since "2.6.14";
        /// The zone of this direction alone, where the two directions differ in zone. Sent if not
        /// 0; never in `CTA_TUPLE_MASTER`.
        3 "CTA_TUPLE_ZONE" = Zone(u16 as Be16), since "4.3";
    }
}
