//! What changed when: every difference between kernel releases that the simulation knows, one
//! method a change.
//!
//! Each method says where its fact comes from. "Between A and B" means that the sources of A lack
//! the change and those of B have it; the method then takes the release that it names.

/// A release of the Linux kernel, ordered by its numbers.
///
/// ```
/// use ctnetlink::kernel::Release;
///
/// let release: Release = "6.12.111+deb12-amd64".parse()?;
/// assert_eq!(release, Release { major: 6, minor: 12, patch: 111 });
/// assert!(release > "2.6.39".parse()?);
/// // Without a patch level a series is meant, with all its stable updates.
/// assert!("6.12".parse::<Release>()? > release);
/// # Ok::<(), ctnetlink::kernel::ParseReleaseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The first number.
    pub major: u16,
    /// The second.
    pub minor: u16,
    /// The third: the stable update. [`u16::MAX`] stands for the last one of its series.
    pub patch: u16,
}

impl Release {
    /// The first release with `CTA_TIMESTAMP`.
    pub const V2_6_39: Self = Self::new(2, 6, 39);
    /// The last one that was compared with recordings.
    pub const V7_2: Self = Self::series(7, 2);

    /// A release by its three numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// A series with all its stable updates, such as `6.12.y`.
    #[must_use]
    pub const fn series(major: u16, minor: u16) -> Self {
        Self::new(major, minor, u16::MAX)
    }

    /// Whether this release is `major.minor` or later.
    const fn since(self, major: u16, minor: u16) -> bool {
        self.major > major || self.major == major && self.minor >= minor
    }

    /// Whether this is `major.minor.patch` or a later update of the same series.
    const fn update(self, major: u16, minor: u16, patch: u16) -> bool {
        self.major == major && self.minor == minor && self.patch >= patch
    }
}

/// The order of a dump's attributes and which of them belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpOrder {
    /// Up to 5.2: TIMEOUT after STATUS, then counters, times, PROTOINFO, HELP, MARK … ID, USE.
    TimeoutThird,
    /// 5.3, 5.4, and 4.19 from 4.19.99: TIMEOUT and PROTOINFO at the end, and not for offloaded
    /// flows.
    TimeoutLast,
    /// Since 5.5: what every entry has first, its extensions after that.
    ExtensionsLast,
}

/// What `CTA_PROTOINFO` counts in the size of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtoinfoSize {
    /// Computed from the policy, nest header included: TCP 44, SCTP 28, DCCP 32.
    Policy,
    /// Constants that `sizeof(sizeof(…))` makes too large: TCP 40, SCTP 24, DCCP 32.
    SizeofSizeof,
    /// Constants that forget one attribute and the header: TCP 32, SCTP 24, DCCP 32.
    Constant,
}

/// Attributes and values.
impl Release {
    /// `CTA_TIMESTAMP` and the extension behind it: a992ca2a0498, 2.6.39. (Not in 2.6.38, as some
    /// headers say.)
    #[must_use]
    pub fn has_timestamp(self) -> bool {
        self >= Self::V2_6_39
    }

    /// `CTA_LABELS`: 3.9.
    #[must_use]
    pub const fn has_labels(self) -> bool {
        self.since(3, 9)
    }

    /// Labels always take 16 bytes; before, as many words as the highest label in use needed.
    /// Between 4.8 and 4.9; taken as 4.9.
    #[must_use]
    pub const fn labels_are_128_bits(self) -> bool {
        self.since(4, 9)
    }

    /// `CTA_SYNPROXY`: 4.18.
    #[must_use]
    pub const fn has_synproxy(self) -> bool {
        self.since(4, 18)
    }

    /// An entry created over ctnetlink always gets the SYN proxy extension. Between 4.11 and 4.12.
    #[must_use]
    pub const fn create_adds_synproxy(self) -> bool {
        self.since(4, 12)
    }

    /// `CTA_TUPLE_ZONE`: zones of one direction. deedb59039f1, 4.3.
    #[must_use]
    pub const fn zones_have_direction(self) -> bool {
        self.since(4, 3)
    }

    /// 64-bit values are aligned with pads on machines that need it: 4.7.
    #[must_use]
    pub const fn aligns_64bit(self) -> bool {
        self.since(4, 7)
    }

    /// `CTA_TIMESTAMP_EVENT`, last in every event: 601731fc7c61, 6.14.
    #[must_use]
    pub const fn timestamp_event_in_events(self) -> bool {
        self.since(6, 14)
    }

    /// DCCP is tracked as a protocol of its own: until fd72f265bb00, 6.16.
    #[must_use]
    pub const fn tracks_dccp(self) -> bool {
        !self.since(6, 16)
    }

    /// UDP-Lite is tracked as a protocol of its own: until 7.0 (between 7.0 and 7.1.3).
    #[must_use]
    pub const fn tracks_udplite(self) -> bool {
        !self.since(7, 1)
    }

    /// An expectation's class, translation and function are sent: 3.4 (the header's history; not
    /// compared with sources).
    #[must_use]
    pub const fn has_expect_class(self) -> bool {
        self.since(3, 4)
    }

    /// `CTA_STATS_GLOBAL_MAX_ENTRIES`: 4.18.
    #[must_use]
    pub const fn has_max_entries(self) -> bool {
        self.since(4, 18)
    }

    /// Statistics of a CPU have SEARCHED, NEW, DELETE and `DELETE_LIST`: until 4.9 at the latest.
    #[must_use]
    pub const fn stats_count_searched(self) -> bool {
        !self.since(4, 9)
    }

    /// Statistics of a CPU have IGNORE (until 5.9) and not yet `CLASH_RESOLVE` (since 5.10).
    #[must_use]
    pub const fn stats_count_ignore(self) -> bool {
        !self.since(5, 10)
    }

    /// Statistics of a CPU have `CHAIN_TOOLONG`: 5.15.
    #[must_use]
    pub const fn stats_count_chain_toolong(self) -> bool {
        self.since(5, 15)
    }
}

/// `ctnetlink_fill_info`.
impl Release {
    /// The order of a dump's attributes: changed by "ctnetlink: honor IPS_OFFLOAD flag" (5.3,
    /// 4.19.99) and 49ca022bccc5 (5.5).
    #[must_use]
    pub const fn order_of_dump(self) -> DumpOrder {
        if self.since(5, 5) {
            DumpOrder::ExtensionsLast
        } else if self.since(5, 3) || self.update(4, 19, 99) {
            DumpOrder::TimeoutLast
        } else {
            DumpOrder::TimeoutThird
        }
    }

    /// A mark of 0 is left out of dumps and events: 1feeae071507 (6.1-rc, 6.0.11), undone by
    /// 9f7dd42f0db1 (6.3-rc, 6.1.20). That 6.2 kept it to its end is inferred.
    #[must_use]
    pub const fn omits_zero_mark(self) -> bool {
        self.update(6, 0, 11) || self.since(6, 1) && !self.update(6, 1, 20) && !self.since(6, 3)
    }

    /// The seconds left of an entry that is overdue are computed without a sign and come out huge:
    /// until 3.1 (corrected between 3.1.3 and 3.2.40).
    #[must_use]
    pub const fn overdue_timeout_wraps(self) -> bool {
        !self.since(3, 2)
    }

    /// Seconds left are kept in 32 bits and a timeout is cut to `INT_MAX` jiffies: 4.15.
    #[must_use]
    pub const fn caps_timeout(self) -> bool {
        self.since(4, 15)
    }

    /// GET_CTRZERO reads and zeroes each counter at once. Before, the dump zeroed them afterwards
    /// and a single GET_CTRZERO zeroed nothing: 3.3.
    #[must_use]
    pub const fn ctrzero_is_atomic(self) -> bool {
        self.since(3, 3)
    }

    /// Messages of a filtered dump carry `NLM_F_DUMP_FILTERED`: 5.8.
    #[must_use]
    pub const fn dump_says_filtered(self) -> bool {
        self.since(5, 8)
    }

    /// The DONE of a filtered dump carries it too: 7a099b347fef (7.3, 6.1.189, 6.12.111).
    #[must_use]
    pub const fn done_says_filtered(self) -> bool {
        self.since(7, 3) || self.update(6, 1, 189) || self.update(6, 12, 111)
    }

    /// Between two datagrams of a dump the kernel holds a reference to the entry that begins the next
    /// one, which its `CTA_USE` counts: until 6.16, 6.12.42, 6.1.148 ("fix refcount leak on table
    /// dump").
    #[must_use]
    pub const fn dump_holds_next_entry(self) -> bool {
        !self.since(6, 17) && !self.update(6, 12, 43) && !self.update(6, 1, 149)
    }

    /// A dump passes over entries whose time is up and removes them: 4.9 (f330a7fdbe16, with which
    /// the timer of each entry went).
    #[must_use]
    pub const fn dump_reaps_expired(self) -> bool {
        self.since(4, 9)
    }
}

/// `ctnetlink_conntrack_event`.
impl Release {
    /// DESTROY has TIMEOUT, if a second is left, and the state of the protocol: 86d21fc74745, 5.11.
    #[must_use]
    pub const fn destroy_has_protoinfo(self) -> bool {
        self.since(5, 11)
    }

    /// An entry created over ctnetlink is announced as an update, and one with a master as NEW
    /// without its master, because bit numbers were taken for bits: until 4.11 (between 4.9.76 and
    /// 4.12).
    #[must_use]
    pub const fn create_raises_bit_numbers(self) -> bool {
        !self.since(4, 12)
    }

    /// A request to create or change leaves out all status bits that it may not set; before, those of
    /// NAT alone. Between 4.9.76 and 4.12.
    #[must_use]
    pub const fn masks_unchangeable_status(self) -> bool {
        self.since(4, 12)
    }

    /// States and window scales that are too large are refused with ERANGE; before, states of TCP
    /// alone, with EINVAL: 8f15b5071b45 (7.0, 6.1.168, 6.12.80, and 6.18.24 has it).
    #[must_use]
    pub const fn protoinfo_has_ranges(self) -> bool {
        self.since(7, 0)
            || self.update(6, 18, 24)
            || self.update(6, 12, 80)
            || self.update(6, 1, 168)
    }

    /// A dump or flush can select by zone: eff3c558bb7e, 6.8.
    #[must_use]
    pub const fn filters_zone(self) -> bool {
        self.since(6, 8)
    }

    /// An entry created over ctnetlink with a helper has the status HELPER: recorded on 5.10 and
    /// later; taken to be as old as the bit, 3.6.
    #[must_use]
    pub const fn create_sets_helper_bit(self) -> bool {
        self.since(3, 6)
    }

    /// A request with an empty name takes an entry's helper away. Recorded: 5.10 to 6.18 do, 7.2 refuses
    /// with EOPNOTSUPP, as if a helper of that name were not known; taken as 7.2.
    #[must_use]
    pub const fn helper_can_be_removed(self) -> bool {
        !self.since(7, 2)
    }

    /// A request that changes the timeout of an entry with the status `FIXED_TIMEOUT` is refused with
    /// EPERM. Recorded: 5.10 does not refuse it, 6.1 does; taken as 6.0.
    #[must_use]
    pub const fn fixed_timeout_is_refused(self) -> bool {
        self.since(6, 0)
    }

    /// The timeout of an expectation is compared in 32 bits on every machine, so that 2^31 jiffies or
    /// more have passed at once. Recorded: 7.2.13 and 7.3-rc7 do, 6.18.44 does not; taken as 7.2.
    #[must_use]
    pub const fn expect_timeout_is_32_bits(self) -> bool {
        self.since(7, 2)
    }

    /// The status has DYING when DESTROY is built: 4.9 (f330a7fdbe16).
    #[must_use]
    pub const fn destroy_has_dying(self) -> bool {
        self.since(4, 9)
    }

    /// `nf_conntrack_events` is 2 by default: only entries born while someone listens have events.
    /// 5.19.
    #[must_use]
    pub const fn events_are_automatic(self) -> bool {
        self.since(5, 19)
    }
}

/// `ctnetlink_nlmsg_size`.
impl Release {
    /// The zone is counted. Between 3.15.5 and 3.19.8; taken as 3.19.
    #[must_use]
    pub const fn nlmsg_size_counts_zone(self) -> bool {
        self.since(3, 19)
    }

    /// The addresses of both families are counted for each entry, because the policy of both is
    /// summed: 4.19.
    #[must_use]
    pub const fn nlmsg_size_counts_both_families(self) -> bool {
        self.since(4, 19)
    }

    /// How PROTOINFO is counted: 4.17 (between 4.15 and 4.18: constants instead of the policy) and
    /// 4.19 (the constants corrected).
    #[must_use]
    pub const fn nlmsg_size_of_protoinfo(self) -> ProtoinfoSize {
        if self.since(4, 19) {
            ProtoinfoSize::Constant
        } else if self.since(4, 17) {
            ProtoinfoSize::SizeofSizeof
        } else {
            ProtoinfoSize::Policy
        }
    }
}

/// The life of timestamps.
impl Release {
    /// START is the packet's own stamp, if it has one; else, and since 916f6efae623 (5.1) always,
    /// the time of confirmation.
    #[must_use]
    pub const fn start_from_packet(self) -> bool {
        !self.since(5, 1)
    }

    /// Deleting a single entry announces it before STOP is set: until 02982c27ba1e, 3.12.
    #[must_use]
    pub const fn delete_announces_before_stop(self) -> bool {
        !self.since(3, 12)
    }

    /// STOP of an entry that timed out is when it did, not when that was noticed: 4608fdfc07e1,
    /// 5.14. The fix is in stable updates of 4.19 and 5.10 too, of which the number is not known;
    /// here their last update has it.
    #[must_use]
    pub const fn stop_is_back_dated(self) -> bool {
        self.since(5, 14) || self.update(4, 19, u16::MAX) || self.update(5, 10, u16::MAX)
    }

    /// `nf_conntrack_timestamp` is a number of any value, not 0 or 1 alone: until 5.14 at the
    /// latest (between 5.0 and 5.15).
    #[must_use]
    pub const fn timestamp_sysctl_is_int(self) -> bool {
        !self.since(5, 15)
    }
}

/// `/proc/net/nf_conntrack`.
impl Release {
    /// The name of ICMPv6 is known: 5.12, 5.10.32. Before, "unknown"; that names came from the
    /// protocols themselves, and were right, before about 4.19 is not compared with sources.
    #[must_use]
    pub const fn proc_names_icmpv6(self) -> bool {
        self.since(5, 12) || self.update(5, 10, 32) || !self.since(4, 19)
    }

    /// `[OFFLOAD]`, and no seconds left for offloaded flows: 4.16.
    #[must_use]
    pub const fn has_offload(self) -> bool {
        self.since(4, 16)
    }

    /// `[HW_OFFLOAD]`: 5.8.
    #[must_use]
    pub const fn has_hw_offload(self) -> bool {
        self.since(5, 8)
    }
}
