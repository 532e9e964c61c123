//! A classic BPF program that drops events in the kernel, before they fill the receive buffer.
//!
//! It checks the layer 3 protocol, the addresses and the transport protocol, and drops an event only
//! if one of them differs; [`Matcher`] decides about all others.

use crate::matcher::Matcher;
use crate::options::number::Net;
use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::attrs::CtattrType;
use ctnetlink::nested::{CtattrIp, CtattrL4proto, CtattrTuple};
use ctnetlink::socket::Events;
use ctnetlink::wire::AttrSet;
use socket2::{SockFilter, SockRef};
use std::net::IpAddr;

/// Offsets in a message: `nfgen_family`, and the first attribute.
const NFGEN_FAMILY: u32 = 16;
const ATTRS: u32 = 20;
/// `struct nlattr`.
const HEADER: u32 = 4;

/// Instruction codes of classic BPF, made of those in `linux/bpf_common.h`.
const LOAD_NUMBER: u16 = 0x00;
const LOAD_NUMBER_X: u16 = 0x01;
const COPY_TO_X: u16 = 0x07;
const LOAD_WORD: u16 = 0x20;
const LOAD_BYTE: u16 = 0x30;
const LOAD_WORD_FROM_X: u16 = 0x40;
const LOAD_BYTE_FROM_X: u16 = 0x50;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// `SKF_AD_OFF + SKF_AD_NLATTR`: the offset of the attribute of type X, searched from offset A on.
///
/// It is 0 if there is none, as it is for [`FIND_NESTED`].
const FIND_ATTR: u32 = 0xffff_f00c;
/// `SKF_AD_OFF + SKF_AD_NLATTR_NEST`: the same, searched inside the nested attribute at offset A.
const FIND_NESTED: u32 = 0xffff_f010;

/// Attaches a program for what `matcher` requires, if any of it can be checked in the kernel.
pub(crate) fn attach(events: &Events, matcher: &Matcher) -> Result<(), Stop> {
    let Some(program) = Program::new(matcher).assemble() else { return Ok(()) };
    let result = SockRef::from(events).attach_filter(&program);
    result.map_err(|error| Stop::Unusable(format!("attaching a socket filter: {error}")))
}

#[derive(Default)]
struct Program(Vec<Instruction>);

enum Instruction {
    Plain(u16, u32),
    /// Accepts the event if A is the number.
    AcceptIf(u32),
    /// Drops the event unless A is the number.
    Require(u32),
}

impl Program {
    fn new(matcher: &Matcher) -> Self {
        let mut program = Self::default();
        let only = &matcher.selector;
        if only.family != Family::UNSPEC {
            program.push(LOAD_BYTE, NFGEN_FAMILY);
            program.0.push(Instruction::Require(u8::from(only.family).into()));
        }
        if let Some(proto) = only.orig.proto {
            let path = [
                number::<CtattrType>("CTA_TUPLE_ORIG"),
                number::<CtattrTuple>("CTA_TUPLE_PROTO"),
                number::<CtattrL4proto>("CTA_PROTO_NUM"),
            ];
            program.find(path);
            program.push(LOAD_BYTE_FROM_X, HEADER);
            program.0.push(Instruction::Require(u8::from(proto).into()));
        }
        for (tuple, nets) in
            [("CTA_TUPLE_ORIG", matcher.orig_nets), ("CTA_TUPLE_REPLY", matcher.reply_nets)]
        {
            for (direction, net) in ["SRC", "DST"].into_iter().zip(nets) {
                if let Some(net) = net {
                    program.require_net(tuple, direction, &net);
                }
            }
        }
        program
    }

    fn push(&mut self, code: u16, operand: u32) {
        self.0.push(Instruction::Plain(code, operand));
    }

    /// Sets X to the offset of an attribute.
    ///
    /// Accepts the event if it has no such attribute.
    fn find(&mut self, [top, nested, innermost]: [u32; 3]) {
        self.push(LOAD_NUMBER, ATTRS);
        for (attr, find) in [(top, FIND_ATTR), (nested, FIND_NESTED), (innermost, FIND_NESTED)] {
            self.push(LOAD_NUMBER_X, attr);
            self.push(LOAD_WORD, find);
            self.0.push(Instruction::AcceptIf(0));
        }
        self.push(COPY_TO_X, 0);
    }

    fn require_net(&mut self, tuple: &str, direction: &str, net: &Net) {
        let version = if net.address.is_ipv4() { "V4" } else { "V6" };
        self.find([
            number::<CtattrType>(tuple),
            number::<CtattrTuple>("CTA_TUPLE_IP"),
            number::<CtattrIp>(&format!("CTA_IP_{version}_{direction}")),
        ]);
        let words = words(net.address).into_iter().zip(words(net.mask));
        for (offset, (address, mask)) in (HEADER..).step_by(4).zip(words) {
            if mask != 0 {
                self.push(LOAD_WORD_FROM_X, offset);
                self.push(AND, mask);
                self.0.push(Instruction::Require(address & mask));
            }
        }
    }

    /// Returns the instructions, or `None` if nothing is to be checked.
    fn assemble(&self) -> Option<Vec<SockFilter>> {
        if self.0.is_empty() {
            return None;
        }
        // The program ends with two returns: one accepts the whole message, one drops it.
        let accept = self.0.len();
        let distance = |from: usize, to: usize| u8::try_from(to - from - 1).ok();
        let mut program = Vec::with_capacity(accept + 2);
        for (at, instruction) in self.0.iter().enumerate() {
            program.push(match *instruction {
                Instruction::Plain(code, operand) => SockFilter::new(code, 0, 0, operand),
                Instruction::AcceptIf(number) => {
                    SockFilter::new(JUMP_IF_EQUAL, distance(at, accept)?, 0, number)
                }
                Instruction::Require(number) => {
                    SockFilter::new(JUMP_IF_EQUAL, 0, distance(at, accept + 1)?, number)
                }
            });
        }
        program.push(SockFilter::new(RETURN, 0, 0, u32::MAX));
        program.push(SockFilter::new(RETURN, 0, 0, 0));
        Some(program)
    }
}

/// Returns the number of an attribute by the kernel's name.
fn number<S: AttrSet>(name: &str) -> u32 {
    let attr = S::SPEC.attrs.iter().find(|attr| attr.name == name);
    attr.map_or(0, |attr| attr.number.into())
}

/// Returns an address in words of 32 bits.
fn words(address: IpAddr) -> Vec<u32> {
    match address {
        IpAddr::V4(address) => vec![address.to_bits()],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [96, 64, 32, 0].map(|shift| (bits >> shift) as u32).to_vec()
        }
    }
}
