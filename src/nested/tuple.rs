//! A tuple, `enum ctattr_tuple`.

use super::{CtattrIp, CtattrL4proto};
use crate::wire::{Attrs, attr_set};

attr_set! {
    /// An attribute of a tuple: one direction of a flow.
    CtattrTuple, "ctattr_tuple" => TupleAttr {
        /// The source and destination addresses.
        1 "CTA_TUPLE_IP" = Ip(Attrs<'a, CtattrIp> as Nest), since "2.6.14";
        /// The protocol number and the ports, the GRE keys, or the ICMP type, code and identifier.
        2 "CTA_TUPLE_PROTO" = Proto(Attrs<'a, CtattrL4proto> as Nest), since "2.6.14";
        /// The zone of this direction, if the two directions have different zones.
        ///
        /// The kernel sends it if it is not 0, and never in `CTA_TUPLE_MASTER`.
        3 "CTA_TUPLE_ZONE" = Zone(u16 as Be16), since "4.3";
    }
}
