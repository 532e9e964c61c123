//! Lengths, as `include/net/netlink.h` names and computes them.
//!
//! ```text
//!  nlmsghdr │ payload                       │ pad        nlattr │ payload     │ pad
//!  ◄─ 16 ──►                                             ◄─ 4 ─►
//!  ◄──── nlmsg_msg_size(payload) ──────────►             ◄ nla_attr_size ────►
//!  ◄──── nlmsg_total_size(payload) ───────────────►      ◄ nla_total_size ──────────►
//! ```

/// Bytes of an attribute header, `struct nlattr`.
pub const NLA_HDRLEN: usize = 4;
/// Bytes of a message header, `struct nlmsghdr`.
pub const NLMSG_HDRLEN: usize = 16;
/// In `nla_type`: the payload is a run of attributes.
pub const NLA_F_NESTED: u16 = 1 << 15;
/// In `nla_type`: the payload is big-endian. Ctnetlink never sets it, although most of its
/// payloads are.
pub const NLA_F_NET_BYTEORDER: u16 = 1 << 14;
/// The bits of `nla_type` that hold the number.
pub const NLA_TYPE_MASK: u16 = !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
/// The longest attribute, header included: `nla_len` has 16 bits.
pub const NLA_LEN_MAX: usize = u16::MAX as usize;

/// Rounds up to a multiple of 4, saturating.
#[must_use]
pub const fn nla_align(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// Rounds up to a multiple of 4, saturating.
#[must_use]
pub const fn nlmsg_align(len: usize) -> usize {
    nla_align(len)
}

/// `nla_len` of an attribute with this payload: without the padding behind it.
#[must_use]
pub const fn nla_attr_size(payload: usize) -> usize {
    NLA_HDRLEN + payload
}

/// Bytes that an attribute with this payload takes: with the padding behind it.
#[must_use]
pub const fn nla_total_size(payload: usize) -> usize {
    nla_align(nla_attr_size(payload))
}

/// The same for a 64-bit value that may need an empty attribute before it: the kernel always counts
/// that one where the machine has no efficient unaligned access (`pads`). Since Linux 4.7.
#[must_use]
pub const fn nla_total_size_64bit(payload: usize, pads: bool) -> usize {
    nla_total_size(payload) + if pads { nla_total_size(0) } else { 0 }
}

/// `nlmsg_len` of a message with this payload.
#[must_use]
pub const fn nlmsg_msg_size(payload: usize) -> usize {
    NLMSG_HDRLEN + payload
}

/// Bytes that a message with this payload takes in a datagram.
#[must_use]
pub const fn nlmsg_total_size(payload: usize) -> usize {
    nlmsg_align(nlmsg_msg_size(payload))
}
