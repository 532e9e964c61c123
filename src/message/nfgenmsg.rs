//! `nfgenmsg`, the header of netfilter messages.

use super::NFGENMSG_LEN;
use crate::wire::Endian;
use crate::wire::values::open_enum;

open_enum! {
    /// The layer 3 protocol of an entry: the protocol family in `nfgenmsg`.
    Family(u8), "nfgen_family", "" {
        /// Any protocol, in requests.
        UNSPEC = 0 "unspec";
        /// IPv4 (`AF_INET`).
        IPV4 = 2 "ipv4";
        /// IPv6 (`AF_INET6`).
        IPV6 = 10 "ipv6";
    }
}

/// The header of netfilter messages, between `nlmsghdr` and the attributes (`struct nfgenmsg`).
///
/// # Examples
/// ```
/// use ctnetlink::{Endian, Family, Message};
///
/// // An acknowledged flush request for IPv6.
/// let bytes = [20, 0, 0, 0, 0x02, 0x01, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 0];
/// let header = Message::parse_with(&bytes, Endian::Little)?.nfgenmsg().unwrap();
/// assert_eq!((header.nfgen_family, header.version), (Family::IPV6, 1));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NfGenMsg {
    /// The layer 3 protocol.
    pub nfgen_family: Family,
    /// The version, `NFNETLINK_V0` (0).
    ///
    /// A flush request is limited to the family only if the version is not 0.
    pub version: u8,
    /// The CPU, in statistics of a CPU; otherwise 0.
    ///
    /// It is big-endian on the wire.
    pub res_id: u16,
}

impl Default for Family {
    fn default() -> Self {
        Self::UNSPEC
    }
}

impl NfGenMsg {
    #[inline]
    pub(super) fn read([family, version, res_id @ ..]: [u8; NFGENMSG_LEN]) -> Self {
        Self { nfgen_family: Family(family), version, res_id: Endian::Big.u16(res_id) }
    }

    #[inline]
    pub(super) fn to_bytes(self) -> [u8; NFGENMSG_LEN] {
        let [hi, lo] = Endian::Big.u16_bytes(self.res_id);
        [self.nfgen_family.0, self.version, hi, lo]
    }
}
