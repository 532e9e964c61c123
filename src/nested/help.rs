//! `enum ctattr_help`.

use crate::wire::{NulStr, attr_set};

attr_set! {
    /// The helper that follows a flow's protocol (FTP, SIP …) to expect further flows.
    CtattrHelp, "ctattr_help" => HelpAttr {
        /// The helper's name, at most 15 characters; empty in a request removes the helper.
        1 "CTA_HELP_NAME" = Name(NulStr<'a> as Str), since "2.6.14";
        /// Data of a helper in user space (`nfnetlink_cthelper`), opaque.
        2 "CTA_HELP_INFO" = Info(&'a [u8] as Bytes), since "3.6";
    }
}
