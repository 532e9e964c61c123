//! The traits of netlink-packet-core, which are equal in its versions.

/// Copies as many bytes as fit.
///
/// The lengths differ only if a caller wrote a wrong length into a header.
pub(super) fn fill(buffer: &mut [u8], bytes: &[u8]) {
    for (to, from) in buffer.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// Implements the traits of one version of netlink-packet-core, which must be in scope.
macro_rules! implement {
    () => {
        impl NetlinkSerializable for CtNetlinkMessage {
            fn message_type(&self) -> u16 {
                self.msg_type().0
            }

            fn buffer_len(&self) -> usize {
                self.body().len()
            }

            fn serialize(&self, buffer: &mut [u8]) {
                super::traits::fill(buffer, self.body());
            }
        }

        /// Accepts any payload and ignores `header.length`.
        impl NetlinkDeserializable for CtNetlinkMessage {
            type Error = Infallible;

            fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
                Ok(Self { buf: MessageBuf::from_parts(from_header(header), payload) })
            }
        }

        // `NetlinkPayload: From<CtNetlinkMessage>` is missing on purpose: it would enable
        // netlink-packet-core's own `NetlinkMessage: From<CtNetlinkMessage>`, whose header is empty
        // and which panics when it is serialized.
        /// Returns a complete header with the type, flags, numbers and length of the message.
        impl From<CtNetlinkMessage> for NetlinkMessage<CtNetlinkMessage> {
            fn from(message: CtNetlinkMessage) -> Self {
                let from = *message.as_message().header();
                let mut header = NetlinkHeader::default();
                header.length = from.nlmsg_len;
                header.message_type = from.nlmsg_type;
                header.flags = from.nlmsg_flags.bits();
                header.sequence_number = from.nlmsg_seq;
                header.port_number = from.nlmsg_pid;
                Self::new(header, NetlinkPayload::InnerMessage(message))
            }
        }

        /// Fails with [`AdapterError::ByteOrder`] only.
        impl TryFrom<MessageBuf> for NetlinkMessage<CtNetlinkMessage> {
            type Error = AdapterError;

            fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
                CtNetlinkMessage::try_from(buf).map(Self::from)
            }
        }

        /// Converts any payload.
        ///
        /// The header is that of the `NetlinkMessage`, with the actual length.
        impl From<&NetlinkMessage<CtNetlinkMessage>> for MessageBuf {
            fn from(message: &NetlinkMessage<CtNetlinkMessage>) -> Self {
                fn emit(part: &impl Emitable) -> Vec<u8> {
                    let mut bytes = vec![0; part.buffer_len()];
                    part.emit(&mut bytes);
                    bytes
                }
                let body = match &message.payload {
                    NetlinkPayload::InnerMessage(inner) => Cow::Borrowed(inner.body()),
                    NetlinkPayload::Overrun(bytes) => Cow::Borrowed(&bytes[..]),
                    NetlinkPayload::Error(error) => Cow::Owned(emit(error)),
                    NetlinkPayload::Done(done) => Cow::Owned(emit(done)),
                    _ => Cow::Borrowed(&[][..]),
                };
                let nlmsg_type = message.payload.message_type();
                let header = NlMsgHdr { nlmsg_type, ..from_header(&message.header) };
                Self::from_parts(header, &body)
            }
        }

        fn from_header(header: &NetlinkHeader) -> NlMsgHdr {
            NlMsgHdr {
                nlmsg_len: header.length,
                nlmsg_type: header.message_type,
                nlmsg_flags: NlmFlags::from_bits_retain(header.flags),
                nlmsg_seq: header.sequence_number,
                nlmsg_pid: header.port_number,
            }
        }

        impl<S: AttrSet> Nla for NlaAttr<'_, S> {
            fn value_len(&self) -> usize {
                self.payload().len()
            }

            /// Returns the type field with its flags.
            fn kind(&self) -> u16 {
                self.nla_type()
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                super::traits::fill(buffer, self.payload());
            }
        }

        /// Fails if the header is incomplete or has both flags.
        ///
        /// [`NlaAttr::decode`] checks the payload.
        impl<'a, T, S> Parseable<NlaBuffer<&'a T>> for NlaAttr<'a, S>
        where
            T: AsRef<[u8]> + ?Sized,
            S: AttrSet,
        {
            fn parse(buf: &NlaBuffer<&'a T>) -> Result<Self, DecodeError> {
                Self::first(buf.into_inner().as_ref())
                    .map_err(|error| DecodeError::from(error.to_string()))
            }
        }
    };
}
pub(super) use implement;
