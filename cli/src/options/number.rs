//! Numbers and addresses on the command line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Parses a decimal number, or a hexadecimal one after `0x`.
pub(crate) fn number<T: TryFrom<u32>>(text: &str) -> Result<T, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    let number = number.ok().and_then(|number| number.try_into().ok());
    number.ok_or_else(|| format!("expected a number from 0 to {}", largest::<T>()))
}

fn largest<T>() -> u64 {
    (1 << (8 * size_of::<T>())) - 1
}

/// The addresses that equal `address` in the bits of `mask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    pub(crate) address: IpAddr,
    /// An address of the same family.
    pub(crate) mask: IpAddr,
}

impl Net {
    /// Creates a network from an address and a mask; `None` if their families differ.
    pub(crate) fn with_mask(address: IpAddr, mask: IpAddr) -> Option<Self> {
        (address.is_ipv4() == mask.is_ipv4()).then_some(Self { address, mask })
    }

    /// Returns the address if the network has only one.
    pub(crate) fn single(&self) -> Option<IpAddr> {
        let is_full = match self.mask {
            IpAddr::V4(mask) => mask.to_bits() == u32::MAX,
            IpAddr::V6(mask) => mask.to_bits() == u128::MAX,
        };
        is_full.then_some(self.address)
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, self.mask, address) {
            (IpAddr::V4(net), IpAddr::V4(mask), IpAddr::V4(address)) => {
                (net.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            (IpAddr::V6(net), IpAddr::V6(mask), IpAddr::V6(address)) => {
                (net.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().map_err(|_| format!("`{address}` is not an IP address"))?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().ok().filter(|&length| length <= bits),
            None => Some(bits),
        };
        let length = length.ok_or_else(|| format!("expected a length from 0 to {bits}"))?;
        let mask = match address {
            IpAddr::V4(_) => {
                Ipv4Addr::from_bits(u32::MAX.checked_shl(bits - length).unwrap_or(0)).into()
            }
            IpAddr::V6(_) => {
                Ipv6Addr::from_bits(u128::MAX.checked_shl(bits - length).unwrap_or(0)).into()
            }
        };
        Ok(Self { address, mask })
    }
}
