//! Requests about expectations, in the kernel's order.

use super::errno::Errno;
use super::expect::{ExpectNat, NfConntrackExpect};
use super::helper::{EXPECT_FUNCTIONS, Helper};
use super::lookup::NfnlInfo;
use super::net::{Cause, Net};
use super::nf_conn::{NfConn, NfConntrackTuple, NfConntrackZone};
use super::nla::Nlattr;
use super::parse::{parse_tuple, parse_zone};
use super::policy;
use crate::attrs::{CtattrExpect, ExpectFlags};
use crate::flat::Name;
use crate::nested::CtattrExpectNat;
use crate::wire::NlmFlags;
use alloc::vec::Vec;
use core::net::IpAddr;

impl Net {
    /// Handles IPCTNL_MSG_EXP_NEW (`ctnetlink_new_expect`).
    pub(crate) fn new_expect(&mut self, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        let tb = &info.tb;
        let [tuple, mask, master] =
            [CtattrExpect::Tuple, CtattrExpect::Mask, CtattrExpect::Master].map(|n| tb.need(n));
        let (tuple, mask, master) = (tuple?, mask?, master?);
        let zone = parse_zone(&self.kernel, tb.get(CtattrExpect::Zone))?;
        let tuple = parse_tuple(&self.kernel, tuple, info.family, None)?;
        match self.find_expect(zone, &tuple) {
            Some(_) if info.flags.contains(NlmFlags::EXCL) => Err(Errno::Eexist),
            Some(id) => match tb.get(CtattrExpect::Timeout) {
                Some(timeout) => self.ctnetlink_change_expect(id, timeout.be32()),
                None => Ok(()),
            },
            None if !info.flags.contains(NlmFlags::CREATE) => Err(Errno::Enoent),
            None => {
                let mask = parse_tuple(&self.kernel, mask, info.family, None)?;
                let master = parse_tuple(&self.kernel, master, info.family, None)?;
                let master = self.nf_conntrack_find_get(zone, &master).ok_or(Errno::Enoent)?;
                let exp = self.alloc_expect(info, master, tuple, &mask)?;
                self.expect_related(exp, info.cause())
            }
        }
    }

    /// Handles IPCTNL_MSG_EXP_GET without `NLM_F_DUMP` (`ctnetlink_get_expect`).
    pub(crate) fn get_expect(&mut self, info: &NfnlInfo<'_>) -> Result<Vec<u8>, Errno> {
        let zone = parse_zone(&self.kernel, info.tb.get(CtattrExpect::Zone))?;
        let of_master = || info.tb.need(CtattrExpect::Master);
        let attr = info.tb.need(CtattrExpect::Tuple).or_else(|_| of_master())?;
        let id = self.named_expect(info, zone, attr)?;
        self.ctnetlink_get_expect(id, (info.portid, info.seq))
    }

    /// Handles IPCTNL_MSG_EXP_DELETE (`ctnetlink_del_expect`).
    pub(crate) fn del_expect(&mut self, info: &NfnlInfo<'_>) -> Result<(), Errno> {
        if let Some(attr) = info.tb.get(CtattrExpect::Tuple) {
            let zone = parse_zone(&self.kernel, info.tb.get(CtattrExpect::Zone))?;
            let id = self.named_expect(info, zone, attr)?;
            return self.unlink_expect(id, info.cause());
        }
        let name = info.tb.get(CtattrExpect::HelpName).map(|name| name.string());
        let has_name = |exp: &&NfConntrackExpect| {
            let helper = exp.helper.as_ref().map(Name::as_bytes);
            name.is_none() || helper == name
        };
        let ids: Vec<_> = self.expectations.iter().filter(has_name).map(|exp| exp.id).collect();
        for id in ids {
            self.unlink_expect(id, info.cause())?;
        }
        Ok(())
    }

    /// Returns the id of the entry whose expectations a dump is to contain (`ctnetlink_dump_exp_ct`).
    ///
    /// Returns `None` if the entry has no helper extension, for which the kernel sends nothing.
    pub(crate) fn master_of_dump(
        &mut self,
        info: &NfnlInfo<'_>,
        master: Nlattr<'_>,
    ) -> Result<Option<u32>, Errno> {
        let tuple = parse_tuple(&self.kernel, master, info.family, None)?;
        let zone = parse_zone(&self.kernel, info.tb.get(CtattrExpect::Zone))?;
        let id = self.nf_conntrack_find_get(zone, &tuple).ok_or(Errno::Enoent)?;
        Ok(self.entry(id).filter(|ct| ct.help.is_some()).map(|ct| ct.id))
    }

    fn named_expect(
        &self,
        info: &NfnlInfo<'_>,
        zone: NfConntrackZone,
        attr: Nlattr<'_>,
    ) -> Result<u32, Errno> {
        let tuple = parse_tuple(&self.kernel, attr, info.family, None)?;
        let id = self.find_expect(zone, &tuple).ok_or(Errno::Enoent)?;
        match info.tb.get(CtattrExpect::Id) {
            Some(asked) if asked.be32() != id => Err(Errno::Enoent),
            _ => Ok(id),
        }
    }

    /// Returns the expectation that a tuple satisfies (`__nf_ct_expect_find`).
    fn find_expect(&self, zone: NfConntrackZone, tuple: &NfConntrackTuple) -> Option<u32> {
        let found = self.expectations.iter().rev().find(|exp| {
            is_expected(exp, tuple, exp.mask_src, exp.mask_src_id)
                && self.entry(exp.master_id).is_some_and(|master| master.zone.id == zone.id)
        });
        found.map(|exp| exp.id)
    }

    /// Creates an expectation, outside the list (`ctnetlink_alloc_expect`).
    fn alloc_expect(
        &mut self,
        info: &NfnlInfo<'_>,
        master: u32,
        tuple: NfConntrackTuple,
        mask: &NfConntrackTuple,
    ) -> Result<NfConntrackExpect, Errno> {
        let tb = &info.tb;
        let master = self.entry(master).ok_or(Errno::Enoent)?;
        let of_master = master.help.as_ref().and_then(|help| help.helper.as_ref());
        let mut helper = self.helper_of(master, of_master);
        if !self.kernel.release.expect_has_helper_of_master() {
            let named = tb.get(CtattrExpect::HelpName).map(|name| Name::new(name.string()));
            helper = match &named {
                Some(_) => Some(self.helper_of(master, named.as_ref()).ok_or(Errno::Eopnotsupp)?),
                None => None,
            };
            master.help.as_ref().ok_or(Errno::Eopnotsupp)?;
        } else if helper.is_none() {
            return Err(Errno::Eopnotsupp);
        }
        let class = tb.get(CtattrExpect::Class).map_or(0, |class| class.be32());
        let class = helper.map_or(0, |_| class);
        if helper.is_some_and(|helper| helper.policy(class).is_none()) {
            return Err(Errno::Einval);
        }
        let flags = tb.get(CtattrExpect::Flags).map_or(0, |flags| flags.be32());
        let flags = ExpectFlags::from_bits_retain(flags) - ExpectFlags::USERSPACE;
        let expectfn = match tb.get(CtattrExpect::Fn) {
            Some(name) if EXPECT_FUNCTIONS.iter().any(|of| of.as_bytes() == name.string()) => {
                Some(Name::new(name.string()))
            }
            Some(_) => return Err(Errno::Einval),
            None => None,
        };
        let [orig, _] = master.tuple;
        let mut exp = NfConntrackExpect {
            tuple,
            mask_src: mask.src,
            mask_src_id: mask.src_id,
            master: orig,
            master_id: master.id,
            nat: ExpectNat::default(),
            timeout: 0,
            id: 0,
            flags,
            class,
            helper: of_master.cloned(),
            expectfn,
        };
        if let Some(attr) = tb.get(CtattrExpect::Nat).filter(|_| self.kernel.config.nat) {
            let tb = attr.nested(policy::expect_nat(&self.kernel))?;
            let (dir, tuple) = (tb.need(CtattrExpectNat::Dir)?, tb.need(CtattrExpectNat::Tuple)?);
            let tuple = parse_tuple(&self.kernel, tuple, orig.l3num(), None)?;
            let (saved_addr, saved_proto) = (Some(tuple.src), tuple.src_id);
            exp.nat = ExpectNat { dir: dir.be32(), saved_addr, saved_proto };
        }
        Ok(exp)
    }

    fn helper_of(&self, ct: &NfConn, name: Option<&Name>) -> Option<&Helper> {
        let is_it = |helper: &&Helper| {
            Some(&helper.name) == name
                && helper.l3num == ct.l3num()
                && helper.protonum == ct.protonum()
        };
        self.helpers.iter().find(is_it)
    }

    /// Adds an expectation unless another one is in its way (`nf_ct_expect_related_report`).
    fn expect_related(&mut self, mut exp: NfConntrackExpect, cause: Cause) -> Result<(), Errno> {
        let master = self.entry(exp.master_id).ok_or(Errno::Enoent)?;
        let zone = master.zone.id;
        let policy = self.helper_of(master, exp.helper.as_ref()).and_then(|h| h.policy(exp.class));
        let (most, seconds) = policy.unwrap_or((usize::MAX, 0));
        let of_zone = |other: &&NfConntrackExpect| {
            self.entry(other.master_id).is_some_and(|master| master.zone.id == zone)
        };
        let mut replaced = None;
        for other in self.expectations.iter().rev().filter(of_zone) {
            let is_same = other.tuple == exp.tuple
                && (other.mask_src, other.mask_src_id) == (exp.mask_src, exp.mask_src_id);
            if is_same {
                if other.class != exp.class || other.master_id != exp.master_id {
                    return Err(Errno::Ealready);
                }
                replaced = Some(other.id);
                break;
            }
            let mask_src = and(other.mask_src, exp.mask_src);
            if is_expected(other, &exp.tuple, mask_src, other.mask_src_id & exp.mask_src_id) {
                return Err(Errno::Ebusy);
            }
        }
        if let Some(id) = replaced {
            self.unlink_expect(id, Cause::TIMER)?;
        }
        let of_class = |other: &&NfConntrackExpect| {
            other.master_id == exp.master_id && other.class == exp.class
        };
        if self.expectations.iter().filter(of_class).count() >= most {
            let oldest = self.expectations.iter().find(of_class).map(|oldest| oldest.id);
            self.unlink_expect(oldest.ok_or(Errno::Emfile)?, Cause::TIMER)?;
        }
        let hz = u64::from(self.kernel.arch.hz);
        exp.timeout = self.clock.jiffies.saturating_add(u64::from(seconds) * hz);
        self.last_id = self.last_id.wrapping_add(Self::ID_STEP);
        exp.id = self.last_id;
        self.count(|stat| &mut stat.expect.create);
        self.insert_expect(exp, cause);
        Ok(())
    }
}

/// Returns `true` if a tuple is the one that is expected, as far as a mask goes.
fn is_expected(
    exp: &NfConntrackExpect,
    tuple: &NfConntrackTuple,
    mask_src: IpAddr,
    mask_src_id: u16,
) -> bool {
    let expected = &exp.tuple;
    expected.l3num() == tuple.l3num()
        && expected.protonum == tuple.protonum
        && expected.dst == tuple.dst
        && expected.dst_id == tuple.dst_id
        && and(expected.src, mask_src) == and(tuple.src, mask_src)
        && expected.src_id & mask_src_id == tuple.src_id & mask_src_id
}

/// Returns the bits that an address and a mask have in common.
fn and(addr: IpAddr, mask: IpAddr) -> IpAddr {
    match (addr, mask) {
        (IpAddr::V4(addr), IpAddr::V4(mask)) => (addr & mask).into(),
        (IpAddr::V6(addr), IpAddr::V6(mask)) => (addr & mask).into(),
        _ => addr,
    }
}
