//! A request and its answers, whatever carries them.

use super::error::{Refused, SocketError, error_of};
use crate::wire::NlmFlags;
use crate::{Body, Message, MessageBuf, MsgType};

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// How many messages the kernel answered with, acknowledgements and ends of dumps not counted.
    pub messages: u64,
    /// The kernel says that the table changed in a way that made the dump inconsistent
    /// (`NLM_F_DUMP_INTR`): entries may be missing from it or be in it twice.
    pub interrupted: bool,
    /// The kernel says that it filtered the dump as asked (`NLM_F_DUMP_FILTERED`, since Linux 5.8).
    /// If nothing matched, kernels up to 7.2 do not say so.
    pub filtered: bool,
    /// A sentence that the kernel added although it carried out the request, such as that some
    /// bytes of it were ignored.
    pub warning: Option<String>,
}

/// What a dump that may begin anew gives.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// An attempt begins. What an earlier one has given is void.
    Begin,
    /// A message of this attempt.
    Message(Message<'a>),
}

/// What ends the answers.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// An acknowledgement.
    Ack,
    /// `NLMSG_DONE`.
    Done,
    /// The first answer. (A single GET's reply carries `NLM_F_MULTI`, and no `NLMSG_DONE` follows.)
    Reply,
}

/// What a message means to the exchange.
pub(super) enum Next<'a> {
    Answer(Message<'a>),
    LastAnswer(Message<'a>),
    End,
    /// It belongs to something else, such as a request that was given up.
    Aside,
}

/// The state of one request.
pub(super) struct Exchange<'r> {
    request: &'r MessageBuf,
    portid: u32,
    end: End,
    pub(super) outcome: Outcome,
}

impl<'r> Exchange<'r> {
    pub(super) fn new(request: &'r MessageBuf, portid: u32) -> Self {
        let message = request.as_message();
        let flags = message.header().nlmsg_flags;
        let is_get = !matches!(
            message.msg_type(),
            MsgType::CT_NEW | MsgType::CT_DELETE | MsgType::EXP_NEW | MsgType::EXP_DELETE
        );
        let end = match (is_get, flags.intersects(NlmFlags::DUMP)) {
            // The kernel answers this one with a single message even if asked for a dump.
            (true, true) if message.msg_type() != MsgType::CT_GET_STATS => End::Done,
            (true, _) if !flags.contains(NlmFlags::ACK) => End::Reply,
            _ => End::Ack,
        };
        Self { request, portid, end, outcome: Outcome::default() }
    }

    pub(super) fn take<'a>(&mut self, message: Message<'a>) -> Result<Next<'a>, SocketError> {
        let request = self.request.as_message();
        let header = message.header();
        let is_ours =
            header.nlmsg_seq == request.header().nlmsg_seq && header.nlmsg_pid == self.portid;
        if !is_ours {
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
                Some(error) => Err(SocketError::Refused(Refused::new(&error, &request))),
                None => Ok(Next::Aside),
            },
            MsgType::DONE => match message.body()? {
                Body::Done(done) if done.status.unwrap_or(0) < 0 => {
                    Err(SocketError::Refused(Refused::dump(done.status.unwrap_or(0))))
                }
                _ => Ok(Next::End),
            },
            MsgType::OVERRUN => Err(SocketError::Lost),
            MsgType::NOOP => Ok(Next::Aside),
            _ => {
                self.outcome.messages += 1;
                Ok(match self.end {
                    End::Reply => Next::LastAnswer(message),
                    _ => Next::Answer(message),
                })
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

    /// A message of the kernel: type, flags and number, and a body.
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

    #[test]
    fn an_interrupted_dump_says_so() {
        let request = request::dump(&Selector::default(), 7).unwrap();
        let mut exchange = Exchange::new(&request, PORTID);
        let entry = message(MsgType::CT_NEW, 0x2, 7, &[2, 0, 0, 0]);
        let other = message(MsgType::CT_NEW, 0x2, 6, &[2, 0, 0, 0]);
        let done = message(MsgType::DONE, 0x12, 7, &[0; 4]);
        assert!(matches!(exchange.take(parse(&entry)), Ok(Next::Answer(_))));
        assert!(matches!(exchange.take(parse(&other)), Ok(Next::Aside)));
        assert!(!exchange.outcome.interrupted);
        assert!(matches!(exchange.take(parse(&done)), Ok(Next::End)));
        assert!(exchange.outcome.interrupted);
        assert_eq!(exchange.outcome.messages, 1);
    }

    #[test]
    fn a_failed_dump_is_an_error() {
        let request = request::dump(&Selector::default(), 7).unwrap();
        let done = message(MsgType::DONE, 0x2, 7, &(-12_i32).to_ne_bytes());
        let result = Exchange::new(&request, PORTID).take(parse(&done));
        assert_eq!(result.err().and_then(|error| error.errno()), Some(12));
    }

    #[test]
    fn the_end_depends_on_the_request() {
        let reply = message(MsgType::CT_GET_STATS, 0x2, 7, &[0; 4]);
        let request = request::stats(7).unwrap();
        let step = Exchange::new(&request, PORTID).take(parse(&reply)).unwrap();
        assert!(matches!(step, Next::LastAnswer(_)));
        let mut asks = MessageBuilder::try_from(&request.as_message()).unwrap();
        asks.flags |= NlmFlags::ACK;
        let request = asks.build::<crate::attrs::CtattrType>(|_| ()).unwrap();
        let step = Exchange::new(&request, PORTID).take(parse(&reply)).unwrap();
        assert!(matches!(step, Next::Answer(_)));
        let ack = message(MsgType::ERROR, 0x100, 7, &[0; 20]);
        let step = Exchange::new(&request, PORTID).take(parse(&ack)).unwrap();
        assert!(matches!(step, Next::End));
    }

    #[test]
    fn a_refusal_names_the_attribute() {
        let ct = crate::Conntrack {
            family: Family::IPV4,
            timeout: Some(0x0102_0304),
            mark: Some(0x0506_0708),
            ..Default::default()
        };
        let request = request::create(&ct, 7).unwrap();
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
        match Exchange::new(&request, PORTID).take(parse(&error)) {
            Err(SocketError::Refused(refused)) => {
                assert_eq!((refused.errno, refused.offset), (34, Some(28)));
                assert_eq!(refused.attr.map(|attr| attr.name), Some("CTA_MARK"));
                let sentence = refused.to_string();
                assert!(sentence.ends_with(": no (CTA_MARK at byte 28)"), "{sentence}");
            }
            _ => panic!("not refused"),
        }
    }
}
