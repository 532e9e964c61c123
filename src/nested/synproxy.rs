//! The state of the SYN proxy, `enum ctattr_synproxy`.

use crate::wire::attr_set;

attr_set! {
    /// An attribute of the handshake that the SYN proxy has completed.
    ///
    /// An entry that was created over netlink always has it, with zeros. Requests need all three
    /// attributes.
    CtattrSynproxy, "ctattr_synproxy" => SynProxyAttr {
        /// The initial sequence number.
        1 "CTA_SYNPROXY_ISN" = Isn(u32 as Be32), since "4.18";
        /// The initial TCP timestamp.
        2 "CTA_SYNPROXY_ITS" = Its(u32 as Be32), since "4.18";
        /// The offset that is added to TCP timestamps.
        3 "CTA_SYNPROXY_TSOFF" = Tsoff(u32 as Be32), since "4.18";
    }
}
