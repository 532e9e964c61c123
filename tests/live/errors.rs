//! Tests of the errors with which the kernel rejects requests.

use crate::flows::{by_port, create, flow, ports};
use crate::namespace::alone;
use crate::net::{EEXIST, EINVAL, ENOENT, EOPNOTSUPP, ERANGE, Net};
use ctnetlink::attrs::{CtAttr, CtattrType, Status};
use ctnetlink::flat::{ProtoInfo, Record, Sctp, SynProxy, Tcp, Tuple};
use ctnetlink::nested::{IpProto, TcpState};
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::control::{ExtAck, PolicyAttr};
use ctnetlink::wire::{Endian, NlmFlags, RawAttr, Writer};
use ctnetlink::{Conntrack, Family, MessageBuilder, MsgType};

const EBUSY: i32 = 16;

#[test]
fn the_kernel_rejects_invalid_entries() {
    alone(|net| {
        let good = by_port(IpProto::TCP, 1000);
        create(net, &good, |_| ());
        let mut rejected = |errno, ct: Conntrack| {
            let answer = net.ask(request::create(&ct).unwrap());
            assert_eq!(answer.errno(), errno, "{ct:?}");
            let error = answer.error();
            assert_eq!(error.request.nlmsg_type, MsgType::CT_NEW.0);
            let asked = NlmFlags::REQUEST | NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK;
            assert_eq!(error.request.nlmsg_flags, asked);
            // The error contains the complete request.
            assert_eq!(error.payload.len() + 16, error.request.nlmsg_len as usize);
            assert!(!error.is_ack());
        };
        let other = by_port(IpProto::TCP, 1001);
        rejected(EEXIST, good.clone());
        rejected(EEXIST, Conntrack { reply: good.reply, ..other.clone() });
        rejected(EINVAL, Conntrack { timeout: None, ..other.clone() });
        rejected(EINVAL, Conntrack { reply: Tuple::default(), ..other.clone() });
        rejected(EINVAL, Conntrack { family: Family::IPV6, ..other.clone() });
        let udp = ports(crate::flows::V4, IpProto::UDP, [1, 2]);
        rejected(EINVAL, Conntrack { reply: udp, ..other.clone() });
        rejected(EBUSY, Conntrack { status: Some(Status::ASSURED), ..other.clone() });
        rejected(ENOENT, Conntrack { master: other.orig, ..other.clone() });
        let mut unknown = other.clone();
        unknown.help.name = Some("no-such-helper".into());
        rejected(EOPNOTSUPP, unknown);
        let synproxy = SynProxy { isn: Some(1), ..SynProxy::default() };
        rejected(EINVAL, Conntrack { synproxy, ..other.clone() });
        let half = Sctp { vtag_reply: Some(1), ..Sctp::default() };
        let sctp = flow(ports(crate::flows::V4, IpProto::SCTP, [1, 2]));
        rejected(EINVAL, Conntrack { protoinfo: Some(ProtoInfo::Sctp(half)), ..sctp });
    });
}

/// Sends a request to create an entry with an additional attribute, and returns its offset.
fn with_raw(net: &mut Net, ct: &Conntrack, raw: &RawAttr<'_>) -> (crate::net::Answer, u32) {
    let builder = MessageBuilder {
        flags: NlmFlags::REQUEST | NlmFlags::CREATE | NlmFlags::ACK,
        ..MessageBuilder::new(MsgType::CT_NEW, ct.family)
    };
    let mut offset = 0;
    let request = builder.build(|out: &mut Writer<'_, CtattrType>| {
        ct.write(out);
        offset = out.offset();
        out.put(CtAttr::Unknown(*raw));
    });
    (net.send(&request.unwrap()), offset.try_into().unwrap())
}

#[test]
fn errors_locate_a_malformed_attribute() {
    alone(|net| {
        if !net.has((4, 12), "extended acknowledgements") {
            return;
        }
        let ct = by_port(IpProto::TCP, 1000);
        // CTA_MARK with two bytes is malformed.
        let raw = RawAttr {
            offset: 0,
            nla_type: 8,
            endian: Endian::NATIVE,
            payload: &[1, 2],
            padding: &[0, 0],
        };
        let (answer, offset) = with_raw(net, &ct, &raw);
        assert_eq!(answer.errno(), ERANGE);
        let error = answer.error();
        assert_eq!(error.message().unwrap().to_string(), "Attribute failed policy validation");
        assert_eq!(error.offset(), Some(offset));
        assert_eq!(error.payload.get(offset as usize - 16..), Some(&[6, 0, 8, 0, 1, 2, 0, 0][..]));

        if net.has((5, 10), "policies of attributes") {
            let policy = error.ext_ack.find(|attr| match attr {
                ExtAck::Policy(policy) => Some(policy),
                _ => None,
            });
            let policy: Vec<_> = policy.unwrap().iter().map(Result::unwrap).collect();
            // NL_ATTR_TYPE_U32.
            assert!(policy.contains(&PolicyAttr::Type(4)), "{policy:?}");
            assert!(policy.contains(&PolicyAttr::MinValueU(0)), "{policy:?}");
            assert!(policy.contains(&PolicyAttr::MaxValueU(0xffff_ffff)), "{policy:?}");
        }

        // Requests must not contain CTA_TIMESTAMP_EVENT.
        if net.has((6, 14), "CTA_TIMESTAMP_EVENT") {
            let raw = RawAttr { nla_type: 27, payload: &[0; 8], padding: &[], ..raw };
            let (answer, offset) = with_raw(net, &ct, &raw);
            assert_eq!((answer.errno(), answer.error().offset()), (EINVAL, Some(offset)));
            assert!(answer.error().message().is_some());
        }

        // With NETLINK_CAP_ACK the error does not contain the request's payload.
        net.cap_ack();
        let (answer, offset) = with_raw(net, &ct, &raw);
        let end = answer.end.as_ref().unwrap().as_message();
        assert!(end.header().nlmsg_flags.contains(NlmFlags::CAPPED | NlmFlags::ACK_TLVS));
        assert!(answer.error().payload.is_empty());
        assert_eq!((answer.errno(), answer.error().offset()), (ERANGE, Some(offset)));
        assert_eq!(answer.error().request.nlmsg_len, offset + 8);

        // The acknowledgement does not contain it either.
        let answer = net.ask(request::create(&ct).unwrap());
        assert!(answer.error().is_ack() && answer.error().payload.is_empty());
    });
}

#[test]
fn an_error_inside_a_nest_has_only_an_errno() {
    alone(|net| {
        let state = Tcp { state: Some(TcpState(10)), ..Tcp::default() };
        let protoinfo = Some(ProtoInfo::Tcp(state));
        let ct = Conntrack { protoinfo, ..by_port(IpProto::TCP, 1000) };
        let answer = net.ask(request::create(&ct).unwrap());
        // The kernel returns EINVAL until Linux 6.19 and until the stable releases of 2026.
        assert!([EINVAL, ERANGE].contains(&answer.errno()), "{}", answer.errno());
        assert_eq!(answer.error().ext_ack.iter().count(), 0);
    });
}

#[test]
fn the_kernel_rejects_invalid_selectors() {
    alone(|net| {
        if net.has((5, 15), "dumps by status") {
            let status = Some((Status::ASSURED, Status::empty()));
            let only = Selector { status, ..Selector::default() };
            assert_eq!(net.ask(request::dump(&only)).errno(), EINVAL);
        }
        if net.has((5, 8), "dumps by tuple") {
            let orig = Tuple { src_port: Some(1), ..Tuple::default() };
            // A tuple needs a family, and ports need their protocol.
            let only = Selector { orig, ..Selector::default() };
            assert_eq!(net.ask(request::dump(&only)).errno(), EOPNOTSUPP);
            let only = Selector { family: Family::IPV4, ..only };
            assert_eq!(net.ask(request::dump(&only)).errno(), EINVAL);
        }
    });
}
