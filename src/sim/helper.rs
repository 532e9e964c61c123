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

/// The functions that a request can name as `CTA_EXPECT_FN`.
pub(crate) const EXPECT_FUNCTIONS: [&str; 4] =
    ["nat-follow-master", "Q.931", "callforwarding", "sip"];

impl Helper {
    /// Returns the number of expectations that a master can have in a class, and their timeout in seconds.
    ///
    /// Returns `None` for a class that the helper does not have (`struct nf_conntrack_expect_policy`).
    #[must_use]
    pub fn policy(&self, class: u32) -> Option<(usize, u32)> {
        let classes: &[(usize, u32)] = match self.name.as_bytes() {
            b"sip" => &[(1, 180), (4, 180), (4, 180), (2, 180)],
            b"irc" => &[(8, 300)],
            b"amanda" => &[(4, 180)],
            b"pptp" => &[(2, 300)],
            b"snmp" => &[(1, 30)],
            b"netbios-ns" => &[(1, 3)],
            b"Q.931" => &[(18, 240)],
            b"RAS" => &[(32, 240)],
            _ => &[(1, 300)],
        };
        classes.get(usize::try_from(class).ok()?).copied()
    }

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
