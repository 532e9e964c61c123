//! Datagrams to the kernel: `nfnetlink_rcv`, and the calls of ctnetlink.

mod ack;
mod batch;
mod request;
mod running;

use self::request::{FIXED, Handled, NLMSG_MIN_TYPE, Request};
use super::errno::Errno;
use super::filter::Filter;
use super::lookup::NfnlInfo;
use super::net::Net;
use super::netlink_socket::{Datagram, Dumped};
use super::nla::{ExtAck, Policy, Tb, Validation, nla_parse};
use super::policy;
use crate::attrs::CtattrExpect;
use crate::wire::NlmFlags;
use crate::{Family, MsgType};
use alloc::vec::Vec;

impl Net {
    /// Handles a datagram that a socket sends to the kernel (`nfnetlink_rcv`).
    ///
    /// The replies and events are in the queues of the sockets: [`recvmsg`](Self::recvmsg) returns them.
    /// A datagram from a port id without socket is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use ctnetlink::kernel::Kernel;
    /// use ctnetlink::request;
    /// use ctnetlink::sim::{Clock, ModuleParams, Net};
    /// use ctnetlink::{Body, Conntrack, Message, Tuple};
    ///
    /// let clock = Clock { real_ns: 1_700_000_000_000_000_000, jiffies: 1 << 32 };
    /// let kernel = Kernel::new("6.12".parse()?);
    /// let mut net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None)?;
    /// net.open(4242)?;
    ///
    /// let orig = Tuple::udp("192.0.2.1:4000".parse()?, "192.0.2.2:53".parse()?);
    /// let flow = Conntrack { timeout: Some(30), ..Conntrack::new(orig) };
    /// let datagram = request::create(&flow)?.into_bytes();
    /// for expected in [0, -17] {
    ///     net.receive(4242, &datagram);
    ///     let reply = net.recvmsg(4242, 32768)?.ok_or("no reply")?;
    ///     let Body::Error(error) = Message::parse_with(&reply.bytes, kernel.arch.endian())?.body()?
    ///     else {
    ///         return Err("expected an acknowledgement".into());
    ///     };
    ///     assert_eq!(error.error, expected, "EEXIST the second time");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive(&mut self, portid: u32, datagram: &[u8]) {
        let Some(socket) = self.sockets.get_mut(&portid) else { return };
        socket.bound = true;
        let is_privileged = socket.privileged;
        let endian = self.kernel.arch.endian();
        let Some(first) = Request::first(datagram, endian) else { return };
        self.reap_expired_expectations();
        if !is_privileged {
            self.ack(portid, &first, Some(Errno::Eperm), &ExtAck::default());
            return;
        }
        if first.header.nlmsg_type == batch::BEGIN && self.kernel.release.has_batches() {
            self.receive_batch(portid, &first, datagram);
            return;
        }
        let mut rest = datagram;
        while let Some(request) = Request::first(rest, endian) {
            let mut ext_ack = ExtAck::default();
            let result = self.handle(portid, &request, &mut ext_ack);
            let wants_ack = request.header.nlmsg_flags.contains(NlmFlags::ACK);
            match result {
                Ok(Handled::Done) if wants_ack => self.ack(portid, &request, None, &ext_ack),
                Ok(_) => {}
                Err(errno) => self.ack(portid, &request, Some(errno), &ext_ack),
            }
            rest = request.rest(rest);
        }
    }

    /// Handles one message (`nfnetlink_rcv_msg`).
    fn handle(
        &mut self,
        portid: u32,
        request: &Request<'_>,
        ext_ack: &mut ExtAck,
    ) -> Result<Handled, Errno> {
        let header = &request.header;
        let is_request = header.nlmsg_flags.contains(NlmFlags::REQUEST);
        if !is_request || header.nlmsg_type < NLMSG_MIN_TYPE {
            return Ok(Handled::Done);
        }
        let Some((&[.., family, version, _, _], attrs)) =
            request.bytes.split_first_chunk::<FIXED>()
        else {
            return Ok(Handled::Done);
        };
        let msg_type = MsgType(header.nlmsg_type);
        let policy = self.policy_of(msg_type)?;
        let tb = match policy {
            Some(policy) => {
                let endian = self.kernel.arch.endian();
                nla_parse(attrs, FIXED, endian, policy, Validation::Liberal, ext_ack)?
            }
            None => Tb::EMPTY,
        };
        let (flags, seq) = (header.nlmsg_flags, header.nlmsg_seq);
        let info = NfnlInfo { tb, family: Family(family), version, flags, seq, portid };
        self.call(msg_type, &info)
    }

    /// Returns the policy of a type of message; those with `None` parse no attributes.
    fn policy_of(&self, msg_type: MsgType) -> Result<Option<&'static Policy>, Errno> {
        let release = self.kernel.release;
        match msg_type {
            MsgType::CT_NEW | MsgType::CT_GET | MsgType::CT_DELETE | MsgType::CT_GET_CTRZERO => {
                Ok(Some(policy::conntrack(&self.kernel)))
            }
            MsgType::CT_GET_STATS_CPU | MsgType::CT_GET_STATS | MsgType::EXP_GET_STATS_CPU
                if release.has_stats() =>
            {
                Ok(None)
            }
            MsgType::CT_GET_DYING | MsgType::CT_GET_UNCONFIRMED if release.has_dying() => Ok(None),
            MsgType::EXP_NEW | MsgType::EXP_GET | MsgType::EXP_DELETE => {
                Ok(Some(policy::expect(&self.kernel)))
            }
            // A packet for the log, which user space never sends.
            MsgType(0x0400) => Err(Errno::Enotsupp),
            _ => Err(Errno::Einval),
        }
    }

    fn call(&mut self, msg_type: MsgType, info: &NfnlInfo<'_>) -> Result<Handled, Errno> {
        let is_dump = info.flags.intersects(NlmFlags::DUMP);
        let kernel = self.kernel;
        let to = (info.portid, info.seq);
        match msg_type {
            MsgType::CT_NEW => self.new_conntrack(info)?,
            MsgType::CT_DELETE => self.del_conntrack(info)?,
            MsgType::CT_GET | MsgType::CT_GET_CTRZERO => {
                let ctrzero = msg_type == MsgType::CT_GET_CTRZERO;
                if is_dump {
                    return self.start_dump(info, |_| {
                        let filter = Filter::of(&kernel, &info.tb, info.family)?;
                        Ok(Dumped::Table { filter, ctrzero })
                    });
                }
                let reply = self.get_conntrack(info, ctrzero)?;
                self.reply(info.portid, reply);
            }
            MsgType::CT_GET_STATS_CPU if is_dump => {
                return self.start_dump(info, |_| Ok(Dumped::StatsCpu));
            }
            MsgType::EXP_GET_STATS_CPU if is_dump => {
                return self.start_dump(info, |_| Ok(Dumped::ExpectStatsCpu));
            }
            MsgType::CT_GET_STATS => {
                let reply = self.get_stats(to.0, to.1);
                self.reply(info.portid, reply);
            }
            MsgType::CT_GET_DYING if is_dump => {
                return self.start_dump(info, |_| Ok(Dumped::Dying(info.family)));
            }
            MsgType::CT_GET_UNCONFIRMED if is_dump => {
                return self.start_dump(info, |_| Ok(Dumped::Nothing));
            }
            MsgType::CT_GET_DYING | MsgType::CT_GET_UNCONFIRMED => return Err(Errno::Eopnotsupp),
            MsgType::EXP_NEW => self.new_expect(info)?,
            MsgType::EXP_DELETE => self.del_expect(info)?,
            MsgType::EXP_GET if is_dump => {
                let mut master = None;
                if let Some(attr) = info.tb.get(CtattrExpect::Master) {
                    master = self.master_of_dump(info, attr)?;
                    if master.is_none() {
                        return Ok(Handled::Done);
                    }
                }
                let family = info.family;
                return self.start_dump(info, |_| Ok(Dumped::Expectations { family, master }));
            }
            MsgType::EXP_GET => {
                let reply = self.get_expect(info)?;
                self.reply(info.portid, reply);
            }
            _ => {}
        }
        Ok(Handled::Done)
    }

    /// Queues a reply, for which the kernel allocates a buffer of its usual size.
    fn reply(&mut self, portid: u32, bytes: Vec<u8>) {
        let kernel = self.kernel;
        if let Some(socket) = self.sockets.get_mut(&portid) {
            let datagram = Datagram { bytes, group_mask: 0 };
            socket.deliver(&kernel, datagram, kernel.arch.nlmsg_goodsize());
        }
    }
}
