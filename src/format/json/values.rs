//! Values of messages in JSON.

use crate::attrs::{ExpectFlags, Status};
use crate::error::Error;
use crate::flat::{Endpoint, Labels, Name, ProtoInfo};
use crate::line::{FlagWords, Line, Value, Word, field, present};
use crate::nested::{
    DccpRole, DccpState, FilterFlags, IpProto, SctpState, TcpFlags, TcpFlagsMask, TcpState,
};
use crate::wire::control::{NlMsgDone, NlMsgErr};
use crate::wire::{Endian, FlagSense, NlmFlags};
use crate::{Family, Kind, MsgType};
use alloc::boxed::Box;
use bitflags::Flags as _;
use core::fmt::Write as _;
use core::net::IpAddr;

/// Appends the items of a list after its opening.
#[inline(always)]
pub(super) fn list<'l, V: Value>(line: Line<'l>, items: impl IntoIterator<Item = V>) -> Line<'l> {
    let item = |line: Line<'l>, item: V| item.write(line.constant(V::OPENING));
    line.items("],", |line| items.into_iter().fold(line, item))
}

macro_rules! numbers {
    ($($int:ty)+) => {
        $(
            impl Value for $int {
                #[inline(always)]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    line.number_and(*self, b',')
                }
            }
        )+
    };
}

/// Implements values that are numbers with names.
macro_rules! named {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                #[inline]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    match self.word() {
                        Some(word) => line.word(word),
                        None => line.number_and(self.0, b','),
                    }
                }
            }
        )+
    };
}

/// Implements values that are flags: a list of names, with unknown flags as a number at the end.
macro_rules! flags {
    ($($Name:ty)+) => {
        $(
            impl Value for $Name {
                const OPENING: &'static str = "[";

                #[inline]
                fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
                    const WORDS: FlagWords = {
                        let (mut words, mut n) = (FlagWords::EMPTY, 0);
                        while n < <$Name>::FLAGS.len() {
                            let flag = &<$Name>::FLAGS[n];
                            words = words.with(flag.value().bits() as u32, flag.name());
                            n += 1;
                        }
                        words
                    };
                    line.items("],", |line| {
                        let line = flags(line, &WORDS, self.bits().into());
                        match self.difference(Self::all()).bits() {
                            0 => line,
                            unknown => unknown.write(line),
                        }
                    })
                }
            }
        )+
    };
}

/// Returns the names of the flags in `nlmsg_flags`, by their meaning.
pub(super) fn header_flags(sense: FlagSense) -> &'static FlagWords {
    const fn words(sense: FlagSense) -> FlagWords {
        let (mut words, mut n) = (FlagWords::EMPTY, 0);
        let (common, special) = (NlmFlags::COMMON, NlmFlags::special(sense));
        while n < common.len() + special.len() {
            let (flag, name) = if n < common.len() { common[n] } else { special[n - common.len()] };
            words = words.with(flag.bits() as u32, name);
            n += 1;
        }
        words
    }
    match sense {
        FlagSense::Get => &const { words(FlagSense::Get) },
        FlagSense::New => &const { words(FlagSense::New) },
        FlagSense::Ack => &const { words(FlagSense::Ack) },
        FlagSense::Plain => &const { words(FlagSense::Plain) },
    }
}

/// Appends the items of a list: the names of the flags that have one.
#[inline]
pub(super) fn flags<'l>(mut line: Line<'l>, names: &FlagWords, bits: u32) -> Line<'l> {
    let mut left = bits & names.known;
    while let Some(word) = names.words.get(left.trailing_zeros() as usize) {
        line = line.word(word);
        left &= left - 1;
    }
    line
}

numbers! { u8 u16 u32 u64 }
named! { MsgType IpProto TcpState SctpState DccpState DccpRole }
flags! { Status FilterFlags ExpectFlags TcpFlags }

impl Value for str {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        let line = if self.bytes().all(is_plain) { line.text(self) } else { escaped(line, self) };
        line.constant("\",")
    }
}

#[cold]
fn escaped<'l>(mut line: Line<'l>, text: &str) -> Line<'l> {
    for c in text.chars() {
        line = match c {
            '"' => line.constant("\\\""),
            '\\' => line.constant("\\\\"),
            '\n' => line.constant("\\n"),
            '\r' => line.constant("\\r"),
            '\t' => line.constant("\\t"),
            '\u{8}' => line.constant("\\b"),
            '\u{c}' => line.constant("\\f"),
            '\0'..' ' => line.constant("\\u00").hex_byte(c as u8),
            _ => line.text(c.encode_utf8(&mut [0; 4])),
        };
    }
    line
}

impl<V: Value + ?Sized> Value for &V {
    const OPENING: &'static str = V::OPENING;

    #[inline(always)]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        (**self).write(line)
    }
}

impl Value for Kind {
    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.word(match self {
            Self::Request => &const { Word::new("request") },
            Self::Reply => &const { Word::new("reply") },
            // Events about expectations have the same words; the key `expectation` distinguishes them.
            Self::New | Self::ExpectNew => &const { Word::new("new") },
            Self::Update | Self::ExpectUpdate => &const { Word::new("update") },
            Self::Destroy | Self::ExpectDestroy => &const { Word::new("destroy") },
            Self::Control => &const { Word::new("control") },
            Self::Foreign => &const { Word::new("foreign") },
        })
    }
}

impl Value for Endian {
    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.word(match self {
            Self::Little => &const { Word::new("little") },
            Self::Big => &const { Word::new("big") },
            Self::Big32 => &const { Word::new("big32") },
        })
    }
}

impl Value for Family {
    #[inline]
    fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    #[inline]
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        match self.word() {
            Some(word) => line.word(word),
            None => line.number_and(self.0, b','),
        }
    }
}

impl Value for IpAddr {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.ip(*self).constant("\",")
    }
}

impl Value for Endpoint {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"addr\":", &self.addr);
            field(line, "\"port\":", &self.port)
        })
    }
}

/// A name is a string, or a list of bytes if it is not UTF-8.
impl Value for Name {
    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        match self.to_str() {
            Ok(text) => text.write(line.constant(str::OPENING)),
            Err(_) => list(line.constant("["), self.as_bytes().iter().copied()),
        }
    }
}

impl Value for Box<[u8]> {
    const OPENING: &'static str = "[";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        list(line, self.iter().copied())
    }
}

impl Value for Labels {
    const OPENING: &'static str = "[";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let bits = self.bits();
        line.items("],", |mut line| {
            // A register holds half of the bits.
            for (first, half) in [(0, bits as u64), (64, (bits >> 64) as u64)] {
                let mut left = half;
                while left != 0 {
                    line = line.number_and(first + left.trailing_zeros(), b',');
                    left &= left - 1;
                }
            }
            line
        })
    }
}

impl Value for ProtoInfo {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| match self {
            Self::Tcp(tcp) => present(line, "\"tcp\":", tcp),
            Self::Dccp(dccp) => present(line, "\"dccp\":", dccp),
            Self::Sctp(sctp) => present(line, "\"sctp\":", sctp),
        })
    }
}

impl Value for TcpFlagsMask {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"flags\":", &self.flags);
            field(line, "\"mask\":", &self.mask)
        })
    }
}

impl Value for NlMsgErr<'_> {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"errno\":", &self.error.unsigned_abs());
            let line = field(line, "\"request_seq\":", &self.request.nlmsg_seq);
            let line = field(line, "\"request_type\":", &MsgType(self.request.nlmsg_type));
            let message = self.message().map(|text| text.to_string_lossy());
            let line = field(line, "\"message\":", &message.as_deref());
            field(line, "\"offset\":", &self.offset())
        })
    }
}

impl Value for NlMsgDone<'_> {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let errno = self.status.unwrap_or_default().unsigned_abs();
        line.items("},", |line| field(line, "\"errno\":", &errno))
    }
}

impl Value for Error {
    const OPENING: &'static str = "{";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        line.items("},", |line| {
            let line = field(line, "\"offset\":", &(self.offset as u64));
            let line = field(line, "\"attribute\":", &self.attr.map(|attr| attr.name));
            let mut line = line.constant("\"problem\":\"");
            // The crate's own messages need no escape, and writing to a line does not fail.
            let _ = write!(line, "{}", self.kind);
            line.constant("\",")
        })
    }
}

/// Bytes, which become a string of hexadecimal digits.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl Value for Hex<'_> {
    const OPENING: &'static str = "\"";

    fn write<'l>(&self, line: Line<'l>) -> Line<'l> {
        let digits = |line: Line<'l>, byte: &u8| line.hex_byte(*byte);
        self.0.iter().fold(line, digits).constant("\",")
    }
}
