//! What the kernel refuses, and how it says so.

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
fn errors_of_create() {
    alone(|net| {
        let good = by_port(IpProto::TCP, 1000);
        create(net, &good, |_| ());
        let mut refused = |errno, ct: Conntrack| {
            let answer = net.ask(request::create(&ct).unwrap());
            assert_eq!(answer.errno(), errno, "{ct:?}");
            let error = answer.error();
            assert_eq!(error.request.nlmsg_type, MsgType::CT_NEW.0);
            let asked = NlmFlags::REQUEST | NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK;
            assert_eq!(error.request.nlmsg_flags, asked);
            // The request comes back whole.
            assert_eq!(error.payload.len() + 16, error.request.nlmsg_len as usize);
            assert!(!error.is_ack());
        };
        let other = by_port(IpProto::TCP, 1001);
        refused(EEXIST, good.clone());
        refused(EEXIST, Conntrack { reply: good.reply, ..other.clone() });
        refused(EINVAL, Conntrack { timeout: None, ..other.clone() });
        refused(EINVAL, Conntrack { reply: Tuple::default(), ..other.clone() });
        refused(EINVAL, Conntrack { family: Family::IPV6, ..other.clone() });
        let udp = ports(crate::flows::V4, IpProto::UDP, [1, 2]);
        refused(EINVAL, Conntrack { reply: udp, ..other.clone() });
        refused(EBUSY, Conntrack { status: Some(Status::ASSURED), ..other.clone() });
        refused(ENOENT, Conntrack { master: other.orig, ..other.clone() });
        let mut unknown = other.clone();
        unknown.help.name = Some("no-such-helper".into());
        refused(EOPNOTSUPP, unknown);
        let synproxy = SynProxy { isn: Some(1), ..SynProxy::default() };
        refused(EINVAL, Conntrack { synproxy, ..other.clone() });
        let half = Sctp { vtag_reply: Some(1), ..Sctp::default() };
        let sctp = flow(ports(crate::flows::V4, IpProto::SCTP, [1, 2]));
        refused(EINVAL, Conntrack { protoinfo: Some(ProtoInfo::Sctp(half)), ..sctp });
    });
}

/// Sends a request to create an entry that has one more attribute, and gives that one's offset.
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
fn details_of_a_bad_attribute() {
    alone(|net| {
        if !net.has((4, 12), "extended acknowledgements") {
            return;
        }
        let ct = by_port(IpProto::TCP, 1000);
        // CTA_MARK with two bytes.
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

        // CTA_TIMESTAMP_EVENT is not for requests.
        if net.has((6, 14), "CTA_TIMESTAMP_EVENT") {
            let raw = RawAttr { nla_type: 27, payload: &[0; 8], padding: &[], ..raw };
            let (answer, offset) = with_raw(net, &ct, &raw);
            assert_eq!((answer.errno(), answer.error().offset()), (EINVAL, Some(offset)));
            assert!(answer.error().message().is_some());
        }

        // Without the request's payload, if so asked.
        net.cap_ack();
        let (answer, offset) = with_raw(net, &ct, &raw);
        let end = answer.end.as_ref().unwrap().as_message();
        assert!(end.header().nlmsg_flags.contains(NlmFlags::CAPPED | NlmFlags::ACK_TLVS));
        assert!(answer.error().payload.is_empty());
        assert_eq!((answer.errno(), answer.error().offset()), (ERANGE, Some(offset)));
        assert_eq!(answer.error().request.nlmsg_len, offset + 8);

        // An acknowledgement has no payload either.
        let answer = net.ask(request::create(&ct).unwrap());
        assert!(answer.error().is_ack() && answer.error().payload.is_empty());
    });
}

/// Inside nests the kernel gives the number alone.
#[test]
fn no_details_of_a_bad_state() {
    alone(|net| {
        let state = Tcp { state: Some(TcpState(10)), ..Tcp::default() };
        let protoinfo = Some(ProtoInfo::Tcp(state));
        let ct = Conntrack { protoinfo, ..by_port(IpProto::TCP, 1000) };
        let answer = net.ask(request::create(&ct).unwrap());
        // EINVAL until 6.19 and stable releases of 2026.
        assert!([EINVAL, ERANGE].contains(&answer.errno()), "{}", answer.errno());
        assert_eq!(answer.error().ext_ack.iter().count(), 0);
    });
}

#[test]
fn errors_of_selectors() {
    alone(|net| {
        if net.has((5, 15), "dumps by status") {
            let status = Some((Status::ASSURED, Status::empty()));
            let only = Selector { status, ..Selector::default() };
            assert_eq!(net.ask(request::dump(&only)).errno(), EINVAL);
        }
        if net.has((5, 8), "dumps by tuple") {
            let orig = Tuple { src_port: Some(1), ..Tuple::default() };
            // A tuple needs a family, and ports their protocol.
            let only = Selector { orig, ..Selector::default() };
            assert_eq!(net.ask(request::dump(&only)).errno(), EOPNOTSUPP);
            let only = Selector { family: Family::IPV4, ..only };
            assert_eq!(net.ask(request::dump(&only)).errno(), EINVAL);
        }
    });
}
