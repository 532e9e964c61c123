//! Message types.

use super::SetSpec;

/// A message type in one direction.
///
/// [`MsgType::SPECS`](crate::MsgType::SPECS) has all of them.
///
/// # Examples
/// ```
/// use ctnetlink::MsgType;
/// use ctnetlink::spec::Direction;
///
/// let mut new = MsgType::SPECS.iter().filter(|spec| spec.name == "IPCTNL_MSG_CT_NEW");
/// let request = new.find(|spec| spec.direction == Direction::ToKernel).unwrap();
/// assert_eq!((request.number, request.set.unwrap().name), (0x0100, "ctattr_type"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MsgSpec {
    /// `nlmsg_type`.
    pub number: u16,
    /// The kernel's name, such as `IPCTNL_MSG_CT_NEW`.
    pub name: &'static str,
    /// Who sends it.
    pub direction: Direction,
    /// The attribute set that it carries, or `None` if it has no attributes.
    pub set: Option<&'static SetSpec>,
}

impl MsgSpec {
    pub(crate) const fn new(
        number: u16,
        name: &'static str,
        direction: Direction,
        set: Option<&'static SetSpec>,
    ) -> Self {
        Self { number, name, direction, set }
    }
}

/// Who sends a message.
///
/// # Examples
/// See [`MsgSpec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// User space sends it to the kernel: a request.
    ToKernel,
    /// The kernel sends it to user space: a reply, an event, an acknowledgement or an error.
    FromKernel,
}
