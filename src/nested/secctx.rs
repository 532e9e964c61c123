//! The security context of a flow, `enum ctattr_secctx`.

use crate::wire::{NulStr, attr_set};

attr_set! {
    /// An attribute of the security context of a flow.
    ///
    /// The kernel sends it if a security module has a name for the flow's security mark.
    CtattrSecctx, "ctattr_secctx" => SecCtxAttr {
        /// The context, such as `system_u:object_r:http_client_packet_t:s0`.
        1 "CTA_SECCTX_NAME" = Name(NulStr<'a> as Str), since "2.6.37";
    }
}
