//! Filters of dumps and flushes: `ctnetlink_alloc_filter`, `ctnetlink_filter_match`.

use super::errno::Errno;
use super::nf_conn::{NfConn, NfConntrackTuple, NfConntrackZone, ZoneDir};
use super::nla::Tb;
use super::parse::{ICMP_FLAGS, ICMPV6_FLAGS, parse_tuple_filter, parse_zone};
use super::policy;
use crate::Family;
use crate::attrs::{CtattrType, Status};
use crate::kernel::Kernel;
use crate::nested::{CtattrFilter, FilterFlags, IpProto};
use core::net::IpAddr;

/// What selects the entries of a dump or of a flush (`struct ctnetlink_filter`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    /// The layer 3 protocol; [`Family::UNSPEC`] selects all.
    pub(crate) family: Family,
    /// The mark and its mask.
    pub(crate) mark: Option<(u32, u32)>,
    /// The status and its mask.
    pub(crate) status: Option<(Status, Status)>,
    /// The zone; its direction does not matter.
    pub(crate) zone: Option<u16>,
    /// The fields of the two tuples that must match.
    pub(crate) tuples: [Option<(NfConntrackTuple, FilterFlags)>; 2],
}

impl Filter {
    /// Reads the filter of a request, or `None` if it has none.
    pub(crate) fn of(kernel: &Kernel, tb: &Tb<'_>, family: Family) -> Result<Option<Self>, Errno> {
        let release = kernel.release;
        let asked = tb.get(CtattrType::Filter);
        let has_zone = tb.has(CtattrType::Zone) && release.filters_zone();
        let is_needed = family != Family::UNSPEC
            || tb.has(CtattrType::Mark)
            || tb.has(CtattrType::Status) && release.filters_status()
            || has_zone
            || asked.is_some();
        if !is_needed {
            return Ok(None);
        }
        let mut filter = Self { family, ..Self::default() };
        let [mark, mark_mask] = [CtattrType::Mark, CtattrType::MarkMask].map(|n| tb.get(n));
        let [status, status_mask] = [CtattrType::Status, CtattrType::StatusMask].map(|n| tb.get(n));
        if !kernel.config.mark && (mark.is_some() || mark_mask.is_some()) {
            return Err(Errno::Eopnotsupp);
        }
        filter.mark = match (mark, mark_mask) {
            (Some(mark), mask) => Some((mark.be32(), mask.map_or(u32::MAX, |mask| mask.be32()))),
            (None, Some(_)) => return Err(Errno::Einval),
            (None, None) => None,
        };
        if release.filters_status() {
            let status = status.map(|status| status.be32());
            filter.status = match (status, status_mask.map(|mask| mask.be32())) {
                (None, None) => None,
                (None, Some(_)) | (_, Some(0)) | (Some(0), None) => return Err(Errno::Einval),
                (Some(status), mask) => {
                    Some([status, mask.unwrap_or(status)].map(Status::from_bits_retain).into())
                }
            };
        }
        let mut zone = parse_zone(kernel, tb.get(CtattrType::Zone))?;
        if let Some(asked) = asked {
            let flags = asked.nested_strictly(&policy::FILTER)?;
            let flags = [CtattrFilter::OrigFlags, CtattrFilter::ReplyFlags]
                .map(|number| flags.get(number).map_or(0, |flags| flags.host32()));
            if flags.iter().any(|&flags| FilterFlags::from_bits(flags).is_none()) {
                let is_masked = release.protoinfo_has_ranges();
                return Err(if is_masked { Errno::Einval } else { Errno::Eopnotsupp });
            }
            let [orig, reply] = flags.map(FilterFlags::from_bits_retain);
            filter.tuples = [
                filter.tuple(
                    kernel,
                    tb,
                    (CtattrType::TupleOrig, ZoneDir::Orig),
                    orig,
                    &mut zone,
                )?,
                filter.tuple(
                    kernel,
                    tb,
                    (CtattrType::TupleReply, ZoneDir::Reply),
                    reply,
                    &mut zone,
                )?,
            ];
        }
        filter.zone = has_zone.then_some(zone.id);
        Ok(Some(filter))
    }

    fn tuple(
        &self,
        kernel: &Kernel,
        tb: &Tb<'_>,
        (number, dir): (u16, ZoneDir),
        flags: FilterFlags,
        zone: &mut NfConntrackZone,
    ) -> Result<Option<(NfConntrackTuple, FilterFlags)>, Errno> {
        if flags.is_empty() {
            return Ok(None);
        }
        let attr = tb.need(number)?;
        let tuple = parse_tuple_filter(kernel, attr, self.family, Some((zone, dir)), flags)?;
        Ok(Some((tuple, flags)))
    }

    /// Returns `true` if the filter selects an entry.
    pub(crate) fn matches(&self, kernel: &Kernel, ct: &NfConn) -> bool {
        (self.family == Family::UNSPEC || self.family == ct.l3num())
            && self.zone.is_none_or(|zone| ct.zone.id == zone)
            && self.tuples.iter().zip(&ct.tuple).all(|(wanted, tuple)| {
                wanted.is_none_or(|(wanted, flags)| matches_tuple(kernel, &wanted, flags, tuple))
            })
            && self.mark.is_none_or(|(value, mask)| ct.mark & mask == value)
            && self.status.is_none_or(|(value, mask)| ct.status & mask == value)
    }
}

/// Compares the fields of a tuple that `flags` names (`ctnetlink_filter_match_tuple`).
fn matches_tuple(
    kernel: &Kernel,
    wanted: &NfConntrackTuple,
    flags: FilterFlags,
    tuple: &NfConntrackTuple,
) -> bool {
    let is_inverted = kernel.release.filter_inverts_ipv6();
    let addr = |flag, wanted: IpAddr, found: IpAddr| {
        !flags.contains(flag) || (wanted == found) != (is_inverted && found.is_ipv6())
    };
    let equal = |flag, wanted: u16, found: u16| !flags.contains(flag) || wanted == found;
    let same_addrs = addr(FilterFlags::IP_SRC, wanted.src, tuple.src)
        && addr(FilterFlags::IP_DST, wanted.dst, tuple.dst);
    let same_proto = !flags.contains(FilterFlags::PROTO_NUM) || wanted.protonum == tuple.protonum;
    same_addrs
        && same_proto
        && match tuple.protonum {
            IpProto::TCP | IpProto::UDP => {
                equal(FilterFlags::PROTO_SRC_PORT, wanted.src_id, tuple.src_id)
                    && equal(FilterFlags::PROTO_DST_PORT, wanted.dst_id, tuple.dst_id)
            }
            IpProto::ICMP | IpProto::ICMPV6 => {
                let is_v4 = tuple.protonum == IpProto::ICMP;
                let [of_type, of_code, of_id] = if is_v4 { ICMP_FLAGS } else { ICMPV6_FLAGS };
                let [wanted_type, wanted_code] = wanted.dst_id.to_be_bytes().map(u16::from);
                let [icmp_type, code] = tuple.dst_id.to_be_bytes().map(u16::from);
                equal(of_type, wanted_type, icmp_type)
                    && equal(of_code, wanted_code, code)
                    && equal(of_id, wanted.src_id, tuple.src_id)
            }
            _ => true,
        }
}
