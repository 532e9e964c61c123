//! Batches: `nfnetlink_rcv_skb_batch`, which ctnetlink does not take.

use super::super::errno::Errno;
use super::super::net::Net;
use super::super::nla::{Check, ExtAck, Policy, Validation, nla_parse};
use super::request::{FIXED, NLMSG_MIN_TYPE, Request};
use crate::wire::NlmFlags;

/// `NFNL_MSG_BATCH_BEGIN`.
pub(super) const BEGIN: u16 = 16;
/// `NFNL_MSG_BATCH_END`.
const END: u16 = 17;
/// `NFNL_SUBSYS_NFTABLES`, the only subsystem of the simulation that takes batches.
const NFTABLES: u16 = 10;
/// `NFNL_SUBSYS_COUNT`.
const COUNT: u16 = 13;

/// `nfnl_batch_policy`: `NFNL_BATCH_GENID`.
static BATCH: Policy = Policy { maxtype: 1, checks: &[(1, Check::Int(4))] };

impl Net {
    /// Handles a datagram that begins with `NFNL_MSG_BATCH_BEGIN`.
    pub(super) fn receive_batch(&mut self, portid: u32, first: &Request<'_>, datagram: &[u8]) {
        let endian = self.kernel.arch.endian();
        let Some((&[.., hi, lo], attrs)) = first.bytes.split_first_chunk::<FIXED>() else { return };
        // Old versions of nft send the number in host order.
        let res_id = match endian.u16([hi, lo]) {
            NFTABLES => NFTABLES,
            _ => u16::from_be_bytes([hi, lo]),
        };
        let none = &mut ExtAck::default();
        let parsed = nla_parse(attrs, FIXED, endian, &BATCH, Validation::Liberal, none);
        let errno = match (parsed, res_id) {
            (Err(errno), _) => Some(errno),
            (_, COUNT..) => Some(Errno::Einval),
            (_, NFTABLES) => None,
            _ => Some(Errno::Eopnotsupp),
        };
        if errno.is_some() {
            self.ack(portid, first, errno, &ExtAck::default());
            return;
        }
        let mut rest = datagram;
        let (mut is_begin, mut has_failed) = (true, false);
        while let Some(request) = Request::first(rest, endian) {
            let (kind, flags) = (request.header.nlmsg_type, request.header.nlmsg_flags);
            let is_end = kind == END;
            let errno = match kind {
                _ if request.bytes.len() < FIXED => return,
                BEGIN if is_begin => None,
                BEGIN => return,
                END => None,
                _ if !flags.contains(NlmFlags::REQUEST) => Some(Errno::Einval),
                0..NLMSG_MIN_TYPE => Some(Errno::Einval),
                _ if kind >> 8 != NFTABLES => Some(Errno::Einval),
                // The simulation has no nftables.
                _ => Some(Errno::Eopnotsupp),
            };
            has_failed |= errno.is_some();
            // The end of a batch that failed has no acknowledgement.
            let is_acked = flags.contains(NlmFlags::ACK) && !(is_end && has_failed);
            if errno.is_some() || is_acked {
                self.ack(portid, &request, errno, &ExtAck::default());
            }
            if is_end {
                return;
            }
            is_begin = false;
            rest = request.rest(rest);
        }
    }
}
