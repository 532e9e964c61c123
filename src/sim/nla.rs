//! Attributes of requests as the kernel parses them, which is more liberal than `wire`.

use super::errno::Errno;
use crate::wire::{Endian, NLA_F_NESTED, NLA_HDRLEN, NLA_TYPE_MASK, nla_align};

/// The number of slots for attributes: more than the highest attribute number.
const SLOTS: usize = 28;

/// An attribute of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nlattr<'a> {
    pub(crate) payload: &'a [u8],
    nla_type: u16,
    endian: Endian,
}

/// Attributes by their numbers (`struct nlattr *tb[]`); of equal ones, the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tb<'a>([Option<Nlattr<'a>>; SLOTS]);

/// What a policy demands of an attribute (`struct nla_policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Any payload.
    Any,
    /// An integer of at least this number of bytes.
    Int(usize),
    /// An integer in one byte that is at most this number.
    MaxU8(u8),
    /// An integer in four bytes, big-endian, that is at most this number.
    MaxBe32(u32),
    /// An integer in four bytes, big-endian, without bits outside of this mask.
    MaskBe32(u32),
    /// At least this number of bytes.
    MinLen(usize),
    /// At most this number of bytes.
    Binary(usize),
    /// A string with a NUL, of at most this length before it.
    NulString(usize),
    /// A list of attributes: empty, or at least a header.
    Nest,
    /// The attribute must not be there.
    Reject,
}

/// The demands of an attribute set on its attributes.
pub(crate) struct Policy {
    /// The highest number; attributes above it are ignored.
    pub(crate) maxtype: u16,
    /// The demands on the attributes that have any.
    pub(crate) checks: &'static [(u16, Check)],
}

/// How a list of attributes is parsed (`enum netlink_validation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    /// `NL_VALIDATE_LIBERAL`: unknown attributes, long payloads and bytes at the end are ignored.
    Liberal,
    /// `NL_VALIDATE_STRICT`: all these are errors.
    Strict,
}

/// What the kernel says about a request besides the errno (`struct netlink_ext_ack`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExtAck {
    pub(crate) text: Option<&'static str>,
    /// The offset of an attribute in the message, and the check that it failed.
    pub(crate) attr: Option<(usize, Check)>,
}

impl<'a> Nlattr<'a> {
    fn number(&self) -> u16 {
        self.nla_type & NLA_TYPE_MASK
    }

    /// Returns the first `N` bytes, which a policy guarantees, and zeros for those that are missing.
    fn first<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.iter_mut().zip(self.payload).for_each(|(to, from)| *to = *from);
        bytes
    }

    pub(crate) fn u8(&self) -> u8 {
        u8::from_be_bytes(self.first())
    }

    pub(crate) fn be16(&self) -> u16 {
        u16::from_be_bytes(self.first())
    }

    pub(crate) fn be32(&self) -> u32 {
        u32::from_be_bytes(self.first())
    }

    pub(crate) fn be64(&self) -> u64 {
        u64::from_be_bytes(self.first())
    }

    /// Returns an integer in host order.
    pub(crate) fn host32(&self) -> u32 {
        self.endian.u32(self.first())
    }

    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        self.first()
    }

    /// Returns a string up to its NUL.
    pub(crate) fn string(&self) -> &'a [u8] {
        self.payload.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// Parses the attributes inside (`nla_parse_nested_deprecated`).
    ///
    /// Errors inside a nest have no extended ack.
    pub(crate) fn nested(&self, policy: &Policy) -> Result<Tb<'a>, Errno> {
        let validation = Validation::Liberal;
        nla_parse(self.payload, 0, self.endian, policy, validation, &mut ExtAck::default())
    }

    /// Parses the attributes inside strictly (`nla_parse_nested`).
    pub(crate) fn nested_strictly(&self, policy: &Policy) -> Result<Tb<'a>, Errno> {
        if self.nla_type & NLA_F_NESTED == 0 {
            return Err(Errno::Einval);
        }
        let validation = Validation::Strict;
        nla_parse(self.payload, 0, self.endian, policy, validation, &mut ExtAck::default())
    }
}

impl<'a> Tb<'a> {
    /// No attributes.
    pub(crate) const EMPTY: Self = Self([None; SLOTS]);

    pub(crate) fn get(&self, number: u16) -> Option<Nlattr<'a>> {
        self.0.get(usize::from(number)).copied().flatten()
    }

    pub(crate) fn has(&self, number: u16) -> bool {
        self.get(number).is_some()
    }

    /// Returns an attribute without which the request is invalid.
    pub(crate) fn need(&self, number: u16) -> Result<Nlattr<'a>, Errno> {
        self.get(number).ok_or(Errno::Einval)
    }
}

const FAILED: &str = "Attribute failed policy validation";
const RESERVED: &str = "reserved bit set";
const LEFTOVER: &str = "bytes leftover after parsing attributes";

/// Parses a list of attributes that starts `offset` bytes into its message (`__nla_parse`).
pub(crate) fn nla_parse<'a>(
    bytes: &'a [u8],
    offset: usize,
    endian: Endian,
    policy: &Policy,
    validation: Validation,
    ext_ack: &mut ExtAck,
) -> Result<Tb<'a>, Errno> {
    let is_strict = validation == Validation::Strict;
    let mut tb = Tb::EMPTY;
    let mut rest = bytes;
    while let Some((&[a, b, c, d], _)) = rest.split_first_chunk::<NLA_HDRLEN>() {
        let nla_len = usize::from(endian.u16([a, b]));
        let Some(payload) = rest.get(NLA_HDRLEN..nla_len) else { break };
        let attr = Nlattr { payload, nla_type: endian.u16([c, d]), endian };
        let number = attr.number();
        if number == 0 || number > policy.maxtype {
            if is_strict {
                return Err(Errno::Einval);
            }
        } else {
            let check = policy.checks.iter().find(|(of, _)| *of == number);
            let check = check.map_or(Check::Any, |(_, check)| *check);
            if let Err((errno, text)) = validate(&attr, check, is_strict) {
                let at = offset + (bytes.len() - rest.len());
                *ext_ack = ExtAck { text: Some(text), attr: Some((at, check)) };
                return Err(errno);
            }
            if let Some(slot) = tb.0.get_mut(usize::from(number)) {
                *slot = Some(attr);
            }
        }
        rest = rest.get(nla_align(nla_len)..).unwrap_or_default();
    }
    if !rest.is_empty() {
        ext_ack.text = Some(LEFTOVER);
        if is_strict {
            return Err(Errno::Einval);
        }
    }
    Ok(tb)
}

/// Checks an attribute (`validate_nla`).
fn validate(attr: &Nlattr<'_>, check: Check, is_strict: bool) -> Result<(), (Errno, &'static str)> {
    let len = attr.payload.len();
    let failed = |is_failed, errno| if is_failed { Err((errno, FAILED)) } else { Ok(()) };
    let int = |bytes| {
        if is_strict && (len != bytes || attr.nla_type & NLA_F_NESTED != 0) {
            return Err((Errno::Einval, FAILED));
        }
        failed(len < bytes, Errno::Erange)
    };
    let reserved = |bits: u32| if bits == 0 { Ok(()) } else { Err((Errno::Einval, RESERVED)) };
    match check {
        Check::Any => Ok(()),
        Check::Int(bytes) => int(bytes),
        Check::MaxU8(max) => int(1).and_then(|()| failed(attr.u8() > max, Errno::Erange)),
        Check::MaxBe32(max) => int(4).and_then(|()| failed(attr.be32() > max, Errno::Erange)),
        Check::MaskBe32(mask) => int(4).and_then(|()| reserved(attr.be32() & !mask)),
        Check::MinLen(bytes) => failed(len < bytes, Errno::Erange),
        Check::Binary(bytes) => failed(len > bytes, Errno::Erange),
        Check::NulString(most) => {
            let within = attr.payload.get(..most.saturating_add(1)).unwrap_or(attr.payload);
            failed(!within.contains(&0), Errno::Einval)?;
            let without_nul = attr.payload.strip_suffix(&[0]).unwrap_or(attr.payload);
            failed(without_nul.len() > most, Errno::Erange)
        }
        Check::Nest => failed((1..NLA_HDRLEN).contains(&len), Errno::Erange),
        Check::Reject => failed(true, Errno::Einval),
    }
}
