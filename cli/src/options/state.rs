//! The state of a transport protocol.

use ctnetlink::flat::{ProtoInfo, Sctp, Tcp};
use ctnetlink::nested::{DccpState, IpProto, SctpState, TcpState};
use std::str::FromStr;

/// The states that have one name; protocols share some names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    tcp: Option<TcpState>,
    sctp: Option<SctpState>,
    dccp: Option<DccpState>,
}

impl State {
    /// Returns the state of that protocol, if it has one of that name.
    ///
    /// Returns `None` for DCCP, because the kernel needs the role, too.
    pub(crate) fn protoinfo(&self, proto: IpProto) -> Option<ProtoInfo> {
        match proto {
            IpProto::TCP => {
                let state = Some(self.tcp?);
                Some(ProtoInfo::Tcp(Tcp { state, ..Tcp::default() }))
            }
            IpProto::SCTP => {
                let state = Some(self.sctp?);
                Some(ProtoInfo::Sctp(Sctp { state, ..Sctp::default() }))
            }
            _ => None,
        }
    }

    /// Returns `true` if the protocol is in one of the states.
    pub(crate) fn matches(&self, found: &ProtoInfo) -> bool {
        fn is_same<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
            wanted.is_some() && wanted == found
        }
        match found {
            ProtoInfo::Tcp(tcp) => is_same(self.tcp, tcp.state),
            ProtoInfo::Sctp(sctp) => is_same(self.sctp, sctp.state),
            ProtoInfo::Dccp(dccp) => is_same(self.dccp, dccp.state),
            _ => false,
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.to_ascii_uppercase();
        let state = Self {
            tcp: match &name[..] {
                // The name in the kernel's header.
                "LISTEN" => Some(TcpState::SYN_SENT2),
                name => name.parse().ok(),
            },
            sctp: name.parse().ok(),
            dccp: name.parse().ok(),
        };
        if state == (Self { tcp: None, sctp: None, dccp: None }) {
            return Err("expected a state of TCP, SCTP or DCCP, such as ESTABLISHED".into());
        }
        Ok(state)
    }
}
