//! An expectation.

use super::name::Name;
use super::record::record;
use super::tuple::Tuple;
use crate::Family;
use crate::attrs::{CtattrExpect, ExpectAttr, ExpectFlags};
use crate::nested::{CtattrExpectNat, ExpectNatAttr};

record! {
    /// A flow that a helper has seen announced, such as FTP's data connection.
    pub struct Expectation(CtattrExpect => ExpectAttr) {
        nfgenmsg {
            /// The layer 3 protocol, from `nfgenmsg`.
            family: Family
        }
        /// The original tuple of the expected flow.
        tuple: Tuple = nest Tuple;
        /// Which bits of that tuple must match.
        mask: Tuple = nest Mask;
        /// The original tuple of the flow whose helper expects.
        master: Tuple = nest Master;
        /// The translation that the expected flow will get.
        nat: ExpectNat = nest Nat;
        /// Seconds until the expectation lapses.
        timeout: Option<u32> = Timeout;
        /// An opaque number.
        id: Option<u32> = Id;
        /// What the helper made of it.
        flags: Option<ExpectFlags> = Flags;
        /// The helper's class of expectations.
        class: Option<u32> = Class;
        /// The helper's name.
        help_name: Option<Name> = HelpName;
        /// The function that runs when the expected flow comes.
        function: Option<Name> = Fn;
        /// The zone, in requests.
        zone: Option<u16> = Zone;
    }
}

record! {
    /// The translation that an expected flow will get.
    pub struct ExpectNat(CtattrExpectNat => ExpectNatAttr) {
        /// The direction, seen from the master: 0 original, 1 reply.
        dir: Option<u32> = Dir;
        /// The address and port before translation.
        tuple: Tuple = nest Tuple;
    }
}
