//! The expectations of a namespace: creation, change, end.

use super::errno::Errno;
use super::expect::{NfConntrackExpect, ctnetlink_exp_fill_info, ctnetlink_expect_event};
use super::fill_info::Skb;
use super::net::{Cause, Net};
use super::nf_conn::NfConn;
use crate::wire::WriteBuf;
use alloc::vec::Vec;

impl Net {
    /// Adds an expectation (`nf_ct_expect_related_report`).
    ///
    /// The socket `portid` causes it, or a helper if it is 0. An event reports it if the master has
    /// events.
    pub fn nf_ct_expect_related_report(&mut self, exp: NfConntrackExpect, portid: u32) {
        self.insert_expect(exp, portid.into());
    }

    pub(crate) fn insert_expect(&mut self, exp: NfConntrackExpect, cause: Cause) {
        let master = self.entry(exp.master_id);
        if master.is_some_and(|master| master.ecache.is_some()) {
            self.expect_event(false, &exp, cause);
        }
        self.expectations.push(exp);
    }

    /// Ends an expectation (`nf_ct_unlink_expect_report`).
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such expectation.
    pub fn nf_ct_unlink_expect_report(&mut self, id: u32, portid: u32) -> Result<(), Errno> {
        self.unlink_expect(id, portid.into())
    }

    pub(crate) fn unlink_expect(&mut self, id: u32, cause: Cause) -> Result<(), Errno> {
        let place = self.expectations.iter().position(|exp| exp.id == id).ok_or(Errno::Enoent)?;
        let exp = self.expectations.remove(place);
        let master = self.entry(exp.master_id);
        if master.is_some_and(|master| master.ecache.is_some()) {
            self.expect_event(true, &exp, cause);
        }
        Ok(())
    }

    /// Sets the timeout of an expectation in seconds from now (`ctnetlink_change_expect`).
    ///
    /// The kernel multiplies by `HZ` in 32 bits, so that large timeouts wrap.
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such expectation.
    pub fn ctnetlink_change_expect(&mut self, id: u32, timeout: u32) -> Result<(), Errno> {
        let jiffies = u64::from(timeout.wrapping_mul(self.kernel.arch.hz));
        let exp = self.expectations.iter_mut().find(|exp| exp.id == id).ok_or(Errno::Enoent)?;
        exp.timeout = self.clock.jiffies.saturating_add(jiffies);
        Ok(())
    }

    /// Returns the reply to a request for one expectation (`ctnetlink_get_expect`).
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such expectation or, since Linux 7.2, if it
    /// has expired.
    pub fn ctnetlink_get_expect(&self, id: u32, to: (u32, u32)) -> Result<Vec<u8>, Errno> {
        let (kernel, now) = (&self.kernel, self.clock.jiffies);
        let exp = self.expectations.iter().find(|exp| exp.id == id).ok_or(Errno::Enoent)?;
        if kernel.release.expect_timeout_is_32_bits() && exp.is_expired(kernel, now) {
            return Err(Errno::Enoent);
        }
        let mut message = WriteBuf::new();
        // Nothing fails without a limit.
        ctnetlink_exp_fill_info(kernel, exp, now, to, Skb::UNLIMITED, &mut message)
            .map_err(|_| Errno::Einval)?;
        Ok(message.into_bytes())
    }

    /// Ends the expired expectations.
    ///
    /// A timer of each expectation does this up to Linux 7.1.
    pub fn reap_expired_expectations(&mut self) {
        let (kernel, now) = (self.kernel, self.clock.jiffies);
        let is_expired = |exp: &&NfConntrackExpect| exp.is_expired(&kernel, now);
        let expired: Vec<_> =
            self.expectations.iter().filter(is_expired).map(|exp| exp.id).collect();
        for id in expired {
            // The id was found above.
            let _ = self.unlink_expect(id, Cause::TIMER);
        }
    }

    /// Ends the expectations of an entry, the newest first (`nf_ct_remove_expectations`).
    ///
    /// The events have no port id, because no socket is the cause.
    pub(crate) fn nf_ct_remove_expectations(&mut self, ct: &NfConn) {
        if self.expectations.is_empty() {
            return;
        }
        let expectations = core::mem::take(&mut self.expectations);
        let (ended, kept): (Vec<_>, _) =
            expectations.into_iter().partition(|exp| exp.master_id == ct.id);
        self.expectations = kept;
        for exp in ended.iter().rev().filter(|_| ct.ecache.is_some()) {
            self.expect_event(true, exp, Cause::TIMER);
        }
    }

    /// Builds and sends an event.
    fn expect_event(&mut self, destroyed: bool, exp: &NfConntrackExpect, cause: Cause) {
        let event =
            ctnetlink_expect_event(&self.kernel, destroyed, exp, self.clock.jiffies, cause.portid);
        if let Ok(event) = event {
            self.send(&event, cause);
        }
    }
}
