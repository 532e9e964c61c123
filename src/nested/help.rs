//! The helper of a flow, `enum ctattr_help`.

use crate::wire::{NulStr, attr_set};

attr_set! {
    /// An attribute of the helper of a flow.
    ///
    /// A helper parses the flow's protocol (FTP, SIP and others) to expect further flows.
    CtattrHelp, "ctattr_help" => HelpAttr {
        /// The helper's name, of at most 15 characters.
        ///
        /// An empty name in a request removes the helper.
        1 "CTA_HELP_NAME" = Name(NulStr<'a> as Str), since "2.6.14";
        /// Opaque data of a helper in user space (`nfnetlink_cthelper`).
        2 "CTA_HELP_INFO" = Info(&'a [u8] as Bytes), since "3.6";
    }
}
