//! Information elements.

/// The enterprise number of reverse information elements, from RFC 5103.
const REVERSE: u32 = 29_305;
/// The enterprise number of the netfilter project.
const NETFILTER: u32 = 21_373;

/// An information element, with the length in which it is exported.
///
/// # Examples
/// ```
/// use ctnetlink_flow::ipfix::Element;
///
/// let bytes = Element::OCTET_DELTA_COUNT.reverse();
/// assert_eq!((bytes.number, bytes.enterprise, bytes.length), (1, Some(29_305), 8));
/// assert_eq!(bytes.to_string(), "reverse octetDeltaCount");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Element {
    /// The name in IANA's registry or, of an enterprise, the name that the enterprise uses.
    pub name: &'static str,
    /// The number, without the enterprise bit.
    pub number: u16,
    /// The private enterprise number; `None` is IANA's registry.
    pub enterprise: Option<u32>,
    /// The number of bytes.
    pub length: u16,
}

impl Element {
    const fn iana(number: u16, name: &'static str, length: u16) -> Self {
        Self { name, number, enterprise: None, length }
    }

    /// Returns the element for the reverse direction of a biflow, as RFC 5103 defines it.
    #[must_use]
    pub const fn reverse(self) -> Self {
        Self { enterprise: Some(REVERSE), ..self }
    }

    /// Appends the field specifier of a template.
    pub(super) fn write_specifier(self, out: &mut Vec<u8>) {
        let enterprise_bit = if self.enterprise.is_some() { 0x8000 } else { 0 };
        out.extend_from_slice(&(self.number | enterprise_bit).to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
        if let Some(enterprise) = self.enterprise {
            out.extend_from_slice(&enterprise.to_be_bytes());
        }
    }
}

/// Writes the name, after `reverse` for the reverse direction.
impl core::fmt::Display for Element {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.enterprise == Some(REVERSE) {
            f.write_str("reverse ")?;
        }
        f.write_str(self.name)
    }
}

macro_rules! elements {
    ($($ident:ident = $number:literal $name:literal $length:literal, $doc:literal;)+) => {
        impl Element {
            $(
                #[doc = concat!("`", $name, "` (", $number, "): ", $doc)]
                pub const $ident: Self = Self::iana($number, $name, $length);
            )+

            /// Every element that this crate exports, without the reverse ones.
            pub const ALL: &'static [Self] = &[$(Self::$ident,)+ Self::MARK];
        }
    };
}

elements! {
    OCTET_DELTA_COUNT = 1 "octetDeltaCount" 8, "the number of bytes, IP headers included.";
    PACKET_DELTA_COUNT = 2 "packetDeltaCount" 8, "the number of packets.";
    PROTOCOL_IDENTIFIER = 4 "protocolIdentifier" 1, "the IP protocol number.";
    SOURCE_TRANSPORT_PORT = 7 "sourceTransportPort" 2, "the source port.";
    SOURCE_IPV4_ADDRESS = 8 "sourceIPv4Address" 4, "the source address.";
    DESTINATION_TRANSPORT_PORT = 11 "destinationTransportPort" 2, "the destination port.";
    DESTINATION_IPV4_ADDRESS = 12 "destinationIPv4Address" 4, "the destination address.";
    SOURCE_IPV6_ADDRESS = 27 "sourceIPv6Address" 16, "the source address.";
    DESTINATION_IPV6_ADDRESS = 28 "destinationIPv6Address" 16, "the destination address.";
    ICMP_TYPE_CODE_IPV4 = 32 "icmpTypeCodeIPv4" 2, "256 times the ICMP type, plus the code.";
    EXPORTED_OCTET_TOTAL_COUNT = 40 "exportedOctetTotalCount" 8,
        "the number of bytes that were sent before, message headers included.";
    EXPORTED_MESSAGE_TOTAL_COUNT = 41 "exportedMessageTotalCount" 8,
        "the number of messages that were sent before.";
    EXPORTED_FLOW_RECORD_TOTAL_COUNT = 42 "exportedFlowRecordTotalCount" 8,
        "the number of flow records that were sent before.";
    FLOW_END_REASON = 136 "flowEndReason" 1, "why the flow ended.";
    ICMP_TYPE_CODE_IPV6 = 139 "icmpTypeCodeIPv6" 2, "256 times the ICMPv6 type, plus the code.";
    EXPORTING_PROCESS_ID = 144 "exportingProcessId" 4, "the number of the exporting process.";
    FLOW_ID = 148 "flowId" 8, "the number of the entry, which the kernel may reuse.";
    OBSERVATION_DOMAIN_ID = 149 "observationDomainId" 4, "the domain that statistics are about.";
    FLOW_START_MILLISECONDS = 152 "flowStartMilliseconds" 8,
        "the start, in milliseconds since the Unix epoch, rounded down.";
    FLOW_END_MILLISECONDS = 153 "flowEndMilliseconds" 8,
        "the end, in milliseconds since the Unix epoch, rounded down.";
    FLOW_START_NANOSECONDS = 156 "flowStartNanoseconds" 8, "the start, in the format of NTP.";
    FLOW_END_NANOSECONDS = 157 "flowEndNanoseconds" 8, "the end, in the format of NTP.";
    OBSERVED_FLOW_TOTAL_COUNT = 163 "observedFlowTotalCount" 8, "the number of flows that ended.";
    NOT_SENT_FLOW_TOTAL_COUNT = 166 "notSentFlowTotalCount" 8,
        "the number of flow records that were lost before they could be sent.";
    NOT_SENT_PACKET_TOTAL_COUNT = 167 "notSentPacketTotalCount" 8,
        "the number of packets of lost records; 0, because it is not known.";
    NOT_SENT_OCTET_TOTAL_COUNT = 168 "notSentOctetTotalCount" 8,
        "the number of bytes of lost records; 0, because it is not known.";
    ICMP_TYPE_IPV4 = 176 "icmpTypeIPv4" 1, "the ICMP type.";
    ICMP_CODE_IPV4 = 177 "icmpCodeIPv4" 1, "the ICMP code.";
    ICMP_TYPE_IPV6 = 178 "icmpTypeIPv6" 1, "the ICMPv6 type.";
    ICMP_CODE_IPV6 = 179 "icmpCodeIPv6" 1, "the ICMPv6 code.";
    POST_NAT_SOURCE_IPV4_ADDRESS = 225 "postNATSourceIPv4Address" 4, "the source after NAT.";
    POST_NAT_DESTINATION_IPV4_ADDRESS = 226 "postNATDestinationIPv4Address" 4,
        "the destination after NAT.";
    POST_NAPT_SOURCE_TRANSPORT_PORT = 227 "postNAPTSourceTransportPort" 2,
        "the source port after NAT.";
    POST_NAPT_DESTINATION_TRANSPORT_PORT = 228 "postNAPTDestinationTransportPort" 2,
        "the destination port after NAT.";
    NAT_EVENT = 230 "natEvent" 1, "4 if the translation begins, and 5 if it ends.";
    INGRESS_VRFID = 234 "ingressVRFID" 4, "the zone, which separates addresses like a VRF.";
    BIFLOW_DIRECTION = 239 "biflowDirection" 1, "1: the source began the flow.";
    POST_NAT_SOURCE_IPV6_ADDRESS = 281 "postNATSourceIPv6Address" 16, "the source after NAT.";
    POST_NAT_DESTINATION_IPV6_ADDRESS = 282 "postNATDestinationIPv6Address" 16,
        "the destination after NAT.";
    OBSERVATION_TIME_MILLISECONDS = 323 "observationTimeMilliseconds" 8,
        "the time of the event, in milliseconds since the Unix epoch, rounded down.";
}

impl Element {
    /// The connection mark, element 4 of the netfilter project.
    ///
    /// Some collectors ignore the enterprise number and take it for the IP protocol.
    pub const MARK: Self = Self { name: "mark", number: 4, enterprise: Some(NETFILTER), length: 4 };
}
