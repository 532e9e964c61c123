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
        /// The original tuple of the expected flow, [`ExpectAttr::Tuple`].
        ///
        /// Every message of the kernel about an expectation contains it.
        tuple: Tuple = nest Tuple;
        /// The bits of that tuple that must match, [`ExpectAttr::Mask`], in every message.
        mask: Tuple = nest Mask;
        /// The original tuple of the flow whose helper expects this one, [`ExpectAttr::Master`].
        ///
        /// Every message of the kernel about an expectation contains it.
        master: Tuple = nest Master;
        /// The NAT that the expected flow will get, [`ExpectAttr::Nat`], if it gets any.
        nat: ExpectNat = nest Nat;
        /// The seconds until the expectation expires, [`ExpectAttr::Timeout`], in every message.
        timeout: Option<u32> = Timeout;
        /// An opaque number, [`ExpectAttr::Id`], in every message.
        id: Option<u32> = Id;
        /// The flags that the helper set, [`ExpectAttr::Flags`], since Linux 2.6.37.
        flags: Option<ExpectFlags> = Flags;
        /// The class, [`ExpectAttr::Class`], as the helper numbers it, since Linux 3.4.
        class: Option<u32> = Class;
        /// The name of the helper, [`ExpectAttr::HelpName`], if the master has one.
        help_name: Option<Name> = HelpName;
        /// The name of the function that runs when the expected flow starts, [`ExpectAttr::Fn`].
        function: Option<Name> = Fn;
        /// The zone, [`ExpectAttr::Zone`], in requests.
        zone: Option<u16> = Zone;
    }
}

record! {
    /// The NAT that an expected flow will get.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{ExpectNat, Record as _};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// // CTA_EXPECT_NAT_DIR: the reply direction.
    /// let nat = ExpectNat::try_decode(Attrs::new(&[8, 0, 1, 0, 0, 0, 0, 1], Endian::Little))?;
    /// assert_eq!(nat.dir, Some(1));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct ExpectNat(CtattrExpectNat => ExpectNatAttr) {
        /// The direction of the master flow, [`ExpectNatAttr::Dir`]: 0 is original, 1 is reply.
        dir: Option<u32> = Dir;
        /// The address and port before translation, [`ExpectNatAttr::Tuple`].
        tuple: Tuple = nest Tuple;
    }
}
