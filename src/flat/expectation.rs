//! Expectations.

use super::name::Name;
use super::record::record;
use super::tuple::Tuple;
use crate::Family;
use crate::attrs::{CtattrExpect, ExpectAttr, ExpectFlags};
use crate::nested::{CtattrExpectNat, ExpectNatAttr};

record! {
    /// A flow that a helper expects, such as the data connection of FTP.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Family, Message};
    ///
    /// // An event about a new expectation that is reduced to its timeout and the helper's name.
    /// let bytes = [
    ///     0x24, 0, 0, 0, 0x00, 0x02, 0, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0200
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     8, 0, 4, 0, 0, 0, 1, 0x2c, // CTA_EXPECT_TIMEOUT
    ///     8, 0, 6, 0, b'f', b't', b'p', 0, // CTA_EXPECT_HELP_NAME
    /// ];
    /// let expectation = Message::parse_with(&bytes, Endian::Little)?.expectation()?;
    /// assert_eq!(expectation.family, Family::IPV4);
    /// assert_eq!(expectation.timeout, Some(300));
    /// assert_eq!(expectation.help_name.unwrap(), "ftp");
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct Expectation(CtattrExpect => ExpectAttr) {
        nfgenmsg {
            /// The layer 3 protocol, from `nfgenmsg`.
            family: Family
        }
        /// The original tuple of the expected flow.
        tuple: Tuple = nest Tuple;
        /// The bits of that tuple that must match.
        mask: Tuple = nest Mask;
        /// The original tuple of the flow whose helper expects this one.
        master: Tuple = nest Master;
        /// The NAT that the expected flow will get.
        nat: ExpectNat = nest Nat;
        /// The seconds until the expectation expires.
        timeout: Option<u32> = Timeout;
        /// An opaque number.
        id: Option<u32> = Id;
        /// The flags that the helper set.
        flags: Option<ExpectFlags> = Flags;
        /// The class of the expectation, as the helper numbers it.
        class: Option<u32> = Class;
        /// The name of the helper.
        help_name: Option<Name> = HelpName;
        /// The name of the function that runs when the expected flow starts.
        function: Option<Name> = Fn;
        /// The zone, in requests.
        zone: Option<u16> = Zone;
    }
}

record! {
    /// The NAT that an expected flow will get.
    pub struct ExpectNat(CtattrExpectNat => ExpectNatAttr) {
        /// The direction of the master flow: 0 original, 1 reply.
        dir: Option<u32> = Dir;
        /// The address and port before translation.
        tuple: Tuple = nest Tuple;
    }
}
