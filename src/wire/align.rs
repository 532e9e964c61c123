//! Lengths of messages and attributes, under the names of the kernel's `include/net/netlink.h`.
//!
//! ```text
//!  nlmsghdr │ payload                       │ pad        nlattr │ payload     │ pad
//!  ◄─ 16 ──►                                             ◄─ 4 ─►
//!  ◄──── nlmsg_msg_size(payload) ──────────►             ◄ nla_attr_size ────►
//!  ◄──── nlmsg_total_size(payload) ───────────────►      ◄ nla_total_size ──────────►
//! ```

/// The number of bytes of an attribute header, `struct nlattr`.
pub const NLA_HDRLEN: usize = 4;
/// The number of bytes of a message header, `struct nlmsghdr`.
pub const NLMSG_HDRLEN: usize = 16;
/// The flag in `nla_type` that says that the payload is a list of attributes.
pub const NLA_F_NESTED: u16 = 1 << 15;
/// The flag in `nla_type` that says that the payload is big-endian.
///
/// Ctnetlink never sets it, although most of its payloads are big-endian.
pub const NLA_F_NET_BYTEORDER: u16 = 1 << 14;
/// The bits of `nla_type` that hold the number of the attribute.
pub const NLA_TYPE_MASK: u16 = !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
/// The length of the longest attribute, header included: `nla_len` has 16 bits.
pub const NLA_LEN_MAX: usize = u16::MAX as usize;

/// Rounds the length of an attribute up to a multiple of 4, saturating.
#[must_use]
pub const fn nla_align(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// Rounds the length of a message up to a multiple of 4, saturating.
#[must_use]
pub const fn nlmsg_align(len: usize) -> usize {
    nla_align(len)
}

/// Returns `nla_len` of an attribute with a payload of this length: without padding.
#[must_use]
pub const fn nla_attr_size(payload: usize) -> usize {
    NLA_HDRLEN + payload
}

/// Returns the number of bytes of an attribute with a payload of this length, with padding.
#[must_use]
pub const fn nla_total_size(payload: usize) -> usize {
    nla_align(nla_attr_size(payload))
}

/// Returns the number of bytes that the kernel counts for an attribute with a 64-bit value.
///
/// On machines without efficient unaligned access (`pads`), the value may need a pad attribute before
/// it, and since Linux 4.7 the kernel always counts that one.
#[must_use]
pub const fn nla_total_size_64bit(payload: usize, pads: bool) -> usize {
    nla_total_size(payload) + if pads { nla_total_size(0) } else { 0 }
}

/// Returns `nlmsg_len` of a message with a payload of this length: without padding.
#[must_use]
pub const fn nlmsg_msg_size(payload: usize) -> usize {
    NLMSG_HDRLEN + payload
}

/// Returns the number of bytes of a message with a payload of this length, with padding.
#[must_use]
pub const fn nlmsg_total_size(payload: usize) -> usize {
    nlmsg_align(nlmsg_msg_size(payload))
}
