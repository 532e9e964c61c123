//! The delivery of events to the listeners of a namespace.

use super::event::{Event, build_event, kind_of_event};
use super::net::{Cause, Listener, Net};
use super::netlink_socket::{Datagram, group_bit};
use super::nf_conn::{IpctEvents, NfConn};
use crate::msg_size::ctnetlink_nlmsg_size;
use crate::wire::nlmsg_total_size;

impl Net {
    /// Sends an event to the listeners, and returns `true` if the kernel takes it as delivered.
    ///
    /// With `NLM_F_ECHO` the requester gets exactly one copy, whether it listens or not.
    pub(crate) fn send(&mut self, event: &Event, cause: Cause) -> bool {
        let mut is_delivered = true;
        let joined = |listener: &&mut Listener| listener.groups.contains(&event.group);
        for listener in self.listeners.iter_mut().filter(joined) {
            if listener.full {
                listener.overruns += 1;
                is_delivered &= !listener.broadcast_error;
            } else {
                listener.received.push(event.bytes.clone());
            }
        }
        let kernel = self.kernel;
        let group_mask = group_bit(event.group.into()).unwrap_or_default();
        for socket in self.sockets.values_mut() {
            let is_echo = cause.echo && socket.portid() == cause.portid;
            let hears = socket.has_joined(event.group) && (socket.bound || cause.echo);
            if !is_echo && !hears {
                continue;
            }
            let datagram = Datagram { bytes: event.bytes.clone(), group_mask };
            if !socket.deliver(&kernel, datagram, event.alloc) {
                is_delivered &= !socket.broadcast_error;
            }
        }
        is_delivered
    }

    /// Notes a change that a later event reports (`nf_conntrack_event_cache`).
    ///
    /// Since Linux 6.14 the first change sets the time of the event.
    pub(crate) fn event_cache(&self, ct: &mut NfConn, events: IpctEvents) {
        if let Some(ecache) = &mut ct.ecache {
            if ecache.timestamp != 0 && ecache.cache.is_empty() {
                ecache.timestamp = self.clock.real_ns;
            }
            ecache.cache |= events;
        }
    }

    /// Reports the noted changes and those of dropped events (`nf_ct_deliver_cached_events`).
    pub(crate) fn deliver_cached_events(&mut self, ct: &mut NfConn) {
        let Some(ecache) = &mut ct.ecache else {
            return;
        };
        let events = core::mem::take(&mut ecache.cache);
        let missed = ecache.missed;
        self.announce(ct, events, missed, Cause::TIMER);
    }

    /// Reports changes at once, without caching them (`nf_conntrack_eventmask_report`).
    ///
    /// The kernel does so for requests and for the end of an entry.
    /// Each attempt sets the time of the event. Returns `true` if the event was delivered.
    pub(crate) fn eventmask_report(
        &mut self,
        ct: &mut NfConn,
        events: IpctEvents,
        cause: Cause,
    ) -> bool {
        let Some(ecache) = &mut ct.ecache else {
            return true;
        };
        if ecache.timestamp != 0 {
            ecache.timestamp = self.clock.real_ns;
        }
        // A DESTROY that is sent again names the socket that caused it, and reports nothing else.
        let is_again = ecache.portid != 0;
        let portid = if is_again { ecache.portid } else { cause.portid };
        let missed = if is_again { IpctEvents::empty() } else { ecache.missed };
        let is_delivered = self.announce(ct, events, missed, Cause { portid, ..cause });
        if !is_delivered && events.contains(IpctEvents::DESTROY) {
            if let Some(ecache) = &mut ct.ecache {
                ecache.portid = portid;
            }
        }
        is_delivered
    }

    /// Sends an event and notes as missed what was dropped (`__nf_conntrack_eventmask_report`).
    fn announce(
        &mut self,
        ct: &mut NfConn,
        events: IpctEvents,
        missed: IpctEvents,
        cause: Cause,
    ) -> bool {
        let is_delivered = self.conntrack_event(ct, events | missed, cause);
        if let Some(ecache) = &mut ct.ecache {
            if is_delivered {
                ecache.missed -= missed;
            } else {
                ecache.missed |= events;
            }
        }
        is_delivered
    }

    /// Builds and sends an event (`ctnetlink_conntrack_event`).
    fn conntrack_event(&mut self, ct: &NfConn, events: IpctEvents, cause: Cause) -> bool {
        let group = kind_of_event(events).map(|(.., group)| group);
        if !group.is_some_and(|group| cause.echo || self.has_listeners(group)) {
            return true;
        }
        let kernel = self.kernel;
        let alloc = nlmsg_total_size(ctnetlink_nlmsg_size(&kernel, &ct.shape(&kernel)));
        let jiffies = self.clock.jiffies;
        match build_event(&kernel, events, ct, jiffies, cause.portid, alloc) {
            Ok(Some((group, bytes))) => self.send(&Event { group, bytes, alloc }, cause),
            Ok(None) => true,
            // The message does not fit: every listener of the group gets ENOBUFS.
            Err(_) => {
                let joined = |listener: &&mut Listener| {
                    group.is_some_and(|group| listener.groups.contains(&group))
                };
                let mut is_delivered = true;
                for listener in self.listeners.iter_mut().filter(joined) {
                    listener.overruns += 1;
                    is_delivered &= !listener.broadcast_error;
                }
                for socket in self.sockets.values_mut() {
                    if group.is_some_and(|group| socket.has_joined(group)) {
                        socket.overrun();
                        is_delivered &= !socket.broadcast_error;
                    }
                }
                is_delivered
            }
        }
    }
}
