//! A request and its replies, independent of how they are sent and received.

use super::buffer::Buffer;
use super::error::{Rejection, SocketError, error_of};
use super::link::{self, Received};
use super::transport::Transport;
use crate::wire::{NlMsgHdr, NlmFlags};
use crate::{Body, Message, MessageBuf, MsgType};
use core::ops::ControlFlow;

/// The result of an exchange that the kernel carried out.
///
/// # Examples
/// ```no_run
/// use ctnetlink::request::{self, Selector};
/// use ctnetlink::socket::Socket;
/// use std::ops::ControlFlow;
///
/// let mut socket = Socket::open()?;
/// let dump = request::dump(&Selector::default());
/// let outcome = socket.exchange(dump, |_| ControlFlow::Continue(()))?;
/// println!("{} entries", outcome.messages);
/// if outcome.interrupted {
///     println!("the table changed during the dump");
/// }
/// # Ok::<(), ctnetlink::socket::SocketError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Number of messages in the reply, without acknowledgements and ends of dumps.
    pub messages: u64,
    /// Whether the kernel reports that the table changed during the dump (`NLM_F_DUMP_INTR`).
    ///
    /// Entries may then be missing from the dump or be in it twice.
    pub interrupted: bool,
    /// Whether the kernel reports that it filtered the dump (`NLM_F_DUMP_FILTERED`).
    ///
    /// Linux 5.8 to 7.2 do not report it if no entry matched.
    pub filtered: bool,
    /// The extended-ack message of a request that was carried out.
    ///
    /// The kernel uses it for warnings, such as bytes of the request that it ignored.
    pub warning: Option<String>,
}

/// A step of a dump that is repeated if it was interrupted.
///
/// # Examples
/// See [`Socket::dump_consistent`](super::Socket::dump_consistent).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A new attempt starts.
    ///
    /// Discard everything received in an earlier one.
    Restart,
    /// A message of the current attempt.
    Message(Message<'a>),
}

/// The message that ends a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// An acknowledgement.
    Ack,
    /// `NLMSG_DONE`.
    Done,
    /// The first message of the reply.
    ///
    /// That to a single GET has `NLM_F_MULTI`, but no `NLMSG_DONE` follows.
    Reply,
}

/// The role of a received message in an exchange.
enum Next<'a> {
    Reply(Message<'a>),
    LastReply(Message<'a>),
    End,
    /// The message belongs to something else, such as a request that was given up.
    Aside,
}

/// A request that was numbered, and what its reply has shown so far.
#[derive(Debug)]
pub(super) struct Exchange {
    request: MessageBuf,
    end: End,
    pub(super) outcome: Outcome,
}

impl Exchange {
    fn new(request: MessageBuf, seq: u32) -> Self {
        let message = request.as_message();
        let header = NlMsgHdr { nlmsg_seq: seq, ..*message.header() };
        let is_get = !matches!(
            message.msg_type(),
            MsgType::CT_NEW | MsgType::CT_DELETE | MsgType::EXP_NEW | MsgType::EXP_DELETE
        );
        // The kernel replies to CT_GET_STATS with a single message even if asked for a dump.
        let is_dump = header.nlmsg_flags.intersects(NlmFlags::DUMP)
            && message.msg_type() != MsgType::CT_GET_STATS;
        let (end, flags) = match (is_get, is_dump) {
            (true, true) => (End::Done, header.nlmsg_flags),
            (true, false) if !header.nlmsg_flags.contains(NlmFlags::ACK) => {
                (End::Reply, header.nlmsg_flags)
            }
            _ => (End::Ack, header.nlmsg_flags | NlmFlags::ACK),
        };
        let request = request.with_header(NlMsgHdr { nlmsg_flags: flags, ..header });
        Self { request, end, outcome: Outcome::default() }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.request.as_bytes()
    }

    pub(super) fn is_dump(&self) -> bool {
        self.end == End::Done
    }

    fn seq(&self) -> u32 {
        self.request.as_message().header().nlmsg_seq
    }

    fn take<'a>(&mut self, message: Message<'a>, portid: u32) -> Result<Next<'a>, SocketError> {
        let header = message.header();
        if (header.nlmsg_seq, header.nlmsg_pid) != (self.seq(), portid) {
            return Ok(Next::Aside);
        }
        self.outcome.interrupted |= header.nlmsg_flags.contains(NlmFlags::DUMP_INTR);
        self.outcome.filtered |= header.nlmsg_flags.contains(NlmFlags::DUMP_FILTERED);
        match message.msg_type() {
            MsgType::ERROR => match error_of(&message)? {
                Some(error) if error.is_ack() => {
                    let warning = error.message().map(|text| text.to_string_lossy().into_owned());
                    self.outcome.warning = warning;
                    Ok(Next::End)
                }
                Some(error) => {
                    let rejection = Rejection::new(&error, &self.request.as_message());
                    Err(SocketError::Rejected(rejection))
                }
                None => Ok(Next::Aside),
            },
            MsgType::DONE => match message.body()? {
                Body::Done(done) if done.status.unwrap_or(0) < 0 => {
                    Err(SocketError::Rejected(Rejection::dump(done.status.unwrap_or(0))))
                }
                _ => Ok(Next::End),
            },
            MsgType::OVERRUN => Err(SocketError::Overrun),
            MsgType::NOOP => Ok(Next::Aside),
            _ => {
                self.outcome.messages += 1;
                Ok(match self.end {
                    End::Reply => Next::LastReply(message),
                    _ => Next::Reply(message),
                })
            }
        }
    }
}

/// The state of a socket for requests from one exchange to the next.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) portid: u32,
    seq: u32,
    /// The number of a dump whose end has not been received.
    ///
    /// The kernel rejects another dump with `EBUSY` until then.
    dump: Option<u32>,
}

impl Session {
    pub(super) const fn new(portid: u32) -> Self {
        Self { portid, seq: 0, dump: None }
    }

    /// Numbers a request.
    pub(super) fn start(&mut self, request: MessageBuf) -> Exchange {
        self.seq = self.seq.wrapping_add(1);
        Exchange::new(request, self.seq)
    }

    /// Notes that the request has been sent.
    pub(super) fn sent(&mut self, exchange: &Exchange) {
        if exchange.is_dump() {
            self.dump = Some(exchange.seq());
        }
    }

    /// Reads the messages in `buffer`.
    ///
    /// Returns `Break` at the end of the exchange.
    ///
    /// If `take` ends the exchange early, the rest stays in the buffer for [`Self::skip_dump`].
    pub(super) fn read(
        &mut self,
        exchange: &mut Exchange,
        buffer: &mut Buffer,
        take: &mut dyn FnMut(Message<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SocketError> {
        while let Some(place) = buffer.take() {
            let message = buffer.message(place?)?;
            self.note(&message);
            let flow = match exchange.take(message, self.portid)? {
                Next::Reply(message) => take(message),
                Next::LastReply(message) => {
                    let _ = take(message);
                    ControlFlow::Break(())
                }
                Next::End => ControlFlow::Break(()),
                Next::Aside => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Forgets the dump if the message ends it.
    fn note(&mut self, message: &Message<'_>) {
        let header = message.header();
        let is_end = matches!(message.msg_type(), MsgType::DONE | MsgType::ERROR);
        if is_end && header.nlmsg_pid == self.portid && Some(header.nlmsg_seq) == self.dump {
            self.dump = None;
        }
    }

    /// Skips a datagram of a dump that was given up.
    ///
    /// Returns `false` if there is no such dump.
    ///
    /// It does not wait: the kernel queues the first part of a dump while it takes the request, and
    /// every other part while the one before is received. Therefore no part of a dump follows an empty queue.
    pub(super) fn skip_dump(
        &mut self,
        socket: &impl Transport,
        buffer: &mut Buffer,
    ) -> Result<bool, SocketError> {
        self.skip_messages(buffer);
        if self.dump.is_none() {
            return Ok(false);
        }
        match link::receive(socket, buffer, false) {
            Ok(Received::Nothing) => self.dump = None,
            Ok(Received::Datagram | Received::Signal)
            | Err(SocketError::Overrun | SocketError::Truncated { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Skips the messages in `buffer`.
    ///
    /// Bytes that are not a message end it.
    fn skip_messages(&mut self, buffer: &mut Buffer) {
        while let Some(place) = buffer.take() {
            if let Ok(message) = place.and_then(|place| buffer.message(place)) {
                self.note(&message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{self, Selector};

    use crate::{Family, MessageBuilder};

    const PORTID: u32 = 0x1234_5678;

    /// A message from the kernel.
    fn message(msg_type: MsgType, flags: u16, seq: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((16 + body.len() as u32).to_ne_bytes());
        bytes.extend(msg_type.0.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(seq.to_ne_bytes());
        bytes.extend(PORTID.to_ne_bytes());
        bytes.extend(body);
        bytes
    }

    fn parse(bytes: &[u8]) -> Message<'_> {
        Message::parse(bytes).unwrap()
    }

    fn dump() -> Exchange {
        Exchange::new(request::dump(&Selector::default()), 7)
    }

    #[test]
    fn a_request_is_numbered_and_a_change_is_acknowledged() {
        let mut session = Session::new(PORTID);
        let without_ack = MessageBuilder {
            flags: NlmFlags::REQUEST,
            seq: 99,
            ..MessageBuilder::new(MsgType::CT_DELETE, Family::IPV4)
        };
        let request = without_ack.build::<crate::attrs::CtattrType>(|_| ()).unwrap();
        for seq in 1..3 {
            let exchange = session.start(request.clone());
            let header = *parse(exchange.as_bytes()).header();
            assert_eq!(header.nlmsg_seq, seq);
            assert_eq!(header.nlmsg_flags, NlmFlags::REQUEST | NlmFlags::ACK);
        }
    }

    #[test]
    fn an_interrupted_dump_is_reported() {
        let mut exchange = dump();
        let entry = message(MsgType::CT_NEW, 0x2, 7, &[2, 0, 0, 0]);
        let other = message(MsgType::CT_NEW, 0x2, 6, &[2, 0, 0, 0]);
        let done = message(MsgType::DONE, 0x12, 7, &[0; 4]);
        assert!(matches!(exchange.take(parse(&entry), PORTID), Ok(Next::Reply(_))));
        assert!(matches!(exchange.take(parse(&other), PORTID), Ok(Next::Aside)));
        assert!(matches!(exchange.take(parse(&entry), PORTID + 1), Ok(Next::Aside)));
        assert!(!exchange.outcome.interrupted);
        assert!(matches!(exchange.take(parse(&done), PORTID), Ok(Next::End)));
        assert!(exchange.outcome.interrupted);
        assert_eq!(exchange.outcome.messages, 1);
    }

    #[test]
    fn a_failed_dump_is_an_error() {
        let done = message(MsgType::DONE, 0x2, 7, &(-12_i32).to_ne_bytes());
        let result = dump().take(parse(&done), PORTID);
        assert_eq!(result.err().and_then(|error| error.errno()), Some(12));
    }

    #[test]
    fn the_end_depends_on_the_request() {
        let reply = message(MsgType::CT_GET_STATS, 0x2, 7, &[0; 4]);
        let request = request::stats();
        let step = Exchange::new(request.clone(), 7).take(parse(&reply), PORTID).unwrap();
        assert!(matches!(step, Next::LastReply(_)));
        let mut asks = MessageBuilder::try_from(&request.as_message()).unwrap();
        asks.flags |= NlmFlags::ACK;
        let request = asks.build::<crate::attrs::CtattrType>(|_| ()).unwrap();
        let step = Exchange::new(request.clone(), 7).take(parse(&reply), PORTID).unwrap();
        assert!(matches!(step, Next::Reply(_)));
        let ack = message(MsgType::ERROR, 0x100, 7, &[0; 20]);
        let step = Exchange::new(request, 7).take(parse(&ack), PORTID).unwrap();
        assert!(matches!(step, Next::End));
    }

    #[test]
    fn a_rejection_names_the_attribute() {
        let ct = crate::Conntrack {
            family: Family::IPV4,
            timeout: Some(0x0102_0304),
            mark: Some(0x0506_0708),
            ..Default::default()
        };
        let request = request::create(&ct).unwrap();
        // -ERANGE, the request's header, NLMSGERR_ATTR_MSG "no", NLMSGERR_ATTR_OFFS 28.
        let mut body = (-34_i32).to_ne_bytes().to_vec();
        body.extend([0; 16]);
        for (number, payload) in [(1_u16, &b"no\0"[..]), (2, &28_u32.to_ne_bytes())] {
            body.extend((4 + payload.len() as u16).to_ne_bytes());
            body.extend(number.to_ne_bytes());
            body.extend(payload);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let error = message(MsgType::ERROR, 0x300, 7, &body);
        match Exchange::new(request, 7).take(parse(&error), PORTID) {
            Err(SocketError::Rejected(rejection)) => {
                assert_eq!((rejection.errno, rejection.offset), (34, Some(28)));
                assert_eq!(rejection.attr.map(|attr| attr.name), Some("CTA_MARK"));
                let text = rejection.to_string();
                assert!(text.ends_with(": no (CTA_MARK at byte 28)"), "{text}");
            }
            _ => panic!("not rejected"),
        }
    }

    /// Receives a datagram as the socket would.
    fn fill(buffer: &mut Buffer, messages: &[Vec<u8>]) {
        let datagram = messages.concat();
        buffer.room()[..datagram.len()].copy_from_slice(&datagram);
        buffer.filled(datagram.len());
    }

    /// A session whose dump 1 has been sent and given up after one of the messages.
    fn given_up(messages: &[Vec<u8>]) -> (Session, Buffer) {
        let mut session = Session::new(PORTID);
        let mut exchange = session.start(request::dump(&Selector::default()));
        session.sent(&exchange);
        let mut buffer = Buffer::default();
        fill(&mut buffer, messages);
        let mut taken = 0;
        let flow = session.read(&mut exchange, &mut buffer, &mut |_| {
            taken += 1;
            ControlFlow::Break(())
        });
        assert_eq!((flow.unwrap(), taken), (ControlFlow::Break(()), 1));
        (session, buffer)
    }

    #[test]
    fn a_dump_that_was_given_up_is_remembered_until_its_end() {
        let entry = message(MsgType::CT_NEW, 0x2, 1, &[2, 0, 0, 0]);
        let (mut session, mut buffer) = given_up(&[entry.clone(), entry.clone()]);
        session.skip_messages(&mut buffer);
        assert_eq!(session.dump, Some(1));
        // The end of another dump, or of another socket's dump with the same number, is not its end.
        let other = message(MsgType::DONE, 0x2, 2, &[0; 4]);
        let mut foreign = message(MsgType::DONE, 0x2, 1, &[0; 4]);
        foreign[12] ^= 1;
        fill(&mut buffer, &[entry.clone(), other, foreign]);
        session.skip_messages(&mut buffer);
        assert_eq!(session.dump, Some(1));
        fill(&mut buffer, &[entry, message(MsgType::DONE, 0x2, 1, &[0; 4])]);
        session.skip_messages(&mut buffer);
        assert_eq!(session.dump, None);
    }

    #[test]
    fn the_end_of_a_dump_is_found_in_the_datagram_at_which_it_was_given_up() {
        let entry = message(MsgType::CT_NEW, 0x2, 1, &[2, 0, 0, 0]);
        let done = message(MsgType::DONE, 0x2, 1, &[0; 4]);
        let (mut session, mut buffer) = given_up(&[entry, done]);
        assert_eq!(session.dump, Some(1));
        session.skip_messages(&mut buffer);
        assert_eq!(session.dump, None);
    }

    #[test]
    fn a_rejected_dump_has_ended() {
        let mut session = Session::new(PORTID);
        let mut exchange = session.start(request::dump(&Selector::default()));
        session.sent(&exchange);
        let mut body = (-16_i32).to_ne_bytes().to_vec();
        body.extend([0; 16]);
        let mut buffer = Buffer::default();
        fill(&mut buffer, &[message(MsgType::ERROR, 0x100, 1, &body)]);
        let result = session.read(&mut exchange, &mut buffer, &mut |_| panic!("no reply"));
        assert_eq!(result.unwrap_err().errno(), Some(16));
        assert_eq!(session.dump, None);
    }

    #[test]
    fn a_malformed_datagram_leaves_the_dump_unfinished() {
        let mut session = Session::new(PORTID);
        let mut exchange = session.start(request::dump(&Selector::default()));
        session.sent(&exchange);
        let mut buffer = Buffer::default();
        fill(&mut buffer, &[vec![9; 8]]);
        let result = session.read(&mut exchange, &mut buffer, &mut |_| panic!("no reply"));
        assert!(matches!(result, Err(SocketError::Malformed(_))), "{result:?}");
        assert_eq!(session.dump, Some(1));
    }
}
