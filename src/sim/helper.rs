//! Connection tracking helpers, such as `ftp`.

use crate::Family;
use crate::flat::Name;
use crate::nested::IpProto;
use alloc::vec::Vec;

/// A loaded connection tracking helper (`struct nf_conntrack_helper`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// The name.
    pub name: Name,
    /// The layer 3 protocol of the flows it helps.
    pub l3num: Family,
    /// The transport protocol of the flows it helps.
    pub protonum: IpProto,
}

impl Helper {
    /// Returns the helpers of the kernel source, as if all their modules were loaded.
    #[must_use]
    pub fn in_tree() -> Vec<Self> {
        let both = [Family::IPV4, Family::IPV6].as_slice();
        let v4 = [Family::IPV4].as_slice();
        let kinds = [
            ("ftp", IpProto::TCP, both),
            ("tftp", IpProto::UDP, both),
            ("sip", IpProto::TCP, both),
            ("sip", IpProto::UDP, both),
            ("Q.931", IpProto::TCP, both),
            ("RAS", IpProto::UDP, both),
            ("amanda", IpProto::UDP, both),
            ("sane", IpProto::TCP, both),
            ("irc", IpProto::TCP, v4),
            ("pptp", IpProto::TCP, v4),
            ("snmp", IpProto::UDP, v4),
            ("netbios-ns", IpProto::UDP, v4),
        ];
        let of = |(name, protonum, families): (&str, _, &'static [Family])| {
            let name = Name::new(name.as_bytes());
            families.iter().map(move |&l3num| Self { name: name.clone(), l3num, protonum })
        };
        kinds.into_iter().flat_map(of).collect()
    }
}
