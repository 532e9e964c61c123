//! Requests about expectations.

use super::{bare, builder, fitting};
use crate::attrs::{CtattrExpect, ExpectAttr};
use crate::error::Error;
use crate::flat::{Expectation, Record as _, Tuple};
use crate::wire::{NlmFlags, Writer};
use crate::{Family, MessageBuf, MsgType};

/// Builds a request for all expectations (`conntrack -L expect`).
///
/// # Examples
/// ```
/// use ctnetlink::{Family, MsgType, request};
///
/// let request = request::dump_expectations(Family::IPV6);
/// assert_eq!(request.as_message().msg_type(), MsgType::EXP_GET);
/// ```
#[must_use]
pub fn dump_expectations(family: Family) -> MessageBuf {
    bare(MsgType::EXP_GET, family, NlmFlags::DUMP)
}

/// Builds a request for the expectations of the entry with that original tuple.
///
/// Since Linux 3.12.
///
/// # Examples
/// ```
/// use ctnetlink::{Family, Tuple, request};
///
/// let control = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:21".parse()?);
/// let request = request::dump_expectations_of(&control, Family::IPV4);
/// assert_eq!(request.as_message().expectation()?.master, control);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn dump_expectations_of(master: &Tuple, family: Family) -> MessageBuf {
    let builder = builder(MsgType::EXP_GET, family, NlmFlags::DUMP);
    let body = |out: &mut Writer<'_, _>| out.nest(ExpectAttr::Master, |out| master.write(out));
    fitting(builder.build::<CtattrExpect>(body))
}

/// Builds a request for one expectation (`conntrack -G expect`).
///
/// The kernel looks it up by its tuple or, without one, by its master.
///
/// # Examples
/// ```
/// use ctnetlink::{Expectation, Family, Tuple, request};
///
/// let data = Tuple::tcp("198.51.100.7:20".parse()?, "192.0.2.1:40001".parse()?);
/// let expectation = Expectation { family: Family::IPV4, tuple: data, ..Expectation::default() };
/// let request = request::get_expectation(&expectation)?;
/// assert_eq!(request.as_message().expectation()?.tuple, data);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](crate::error::ErrorKind::TooLong) if a name is too long for an attribute.
pub fn get_expectation(expectation: &Expectation) -> Result<MessageBuf, Error> {
    one(MsgType::EXP_GET, NlmFlags::empty(), expectation)
}

/// Builds a request that creates an expectation (`conntrack -I expect`).
///
/// Needs tuple, mask and master. The kernel rejects the request if the entry of the master does not
/// exist, or with `EEXIST` if the expectation exists.
///
/// # Examples
/// ```
/// use ctnetlink::{Expectation, Family, Tuple, request};
///
/// let control = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:21".parse()?);
/// let data = Tuple::tcp("198.51.100.7:20".parse()?, "192.0.2.1:40001".parse()?);
/// // The source port may have any value.
/// let exact = Tuple::tcp("255.255.255.255:0".parse()?, "255.255.255.255:65535".parse()?);
/// let request = request::create_expectation(&Expectation {
///     family: Family::IPV4,
///     tuple: data,
///     mask: exact,
///     master: control,
///     timeout: Some(60),
///     ..Expectation::default()
/// })?;
/// assert_eq!(request.as_message().expectation()?.mask, exact);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](crate::error::ErrorKind::TooLong) if a name is too long for an attribute.
pub fn create_expectation(expectation: &Expectation) -> Result<MessageBuf, Error> {
    one(MsgType::EXP_NEW, NlmFlags::CREATE | NlmFlags::EXCL | NlmFlags::ACK, expectation)
}

/// Builds a request that deletes expectations (`conntrack -D expect`).
///
/// The kernel deletes the one with the tuple or, without a tuple, all of the helper.
///
/// # Examples
/// ```
/// use ctnetlink::{Expectation, Family, request};
///
/// let of_ftp = Expectation {
///     family: Family::IPV4,
///     help_name: Some("ftp".into()),
///     ..Expectation::default()
/// };
/// let request = request::delete_expectation(&of_ftp)?;
/// assert_eq!(request.as_message().expectation()?.help_name, of_ftp.help_name);
/// # Ok::<(), ctnetlink::Error>(())
/// ```
///
/// # Errors
/// Returns [`TooLong`](crate::error::ErrorKind::TooLong) if a name is too long for an attribute.
pub fn delete_expectation(expectation: &Expectation) -> Result<MessageBuf, Error> {
    one(MsgType::EXP_DELETE, NlmFlags::ACK, expectation)
}

/// Builds a request that removes all expectations (`conntrack -F expect`).
///
/// # Examples
/// ```
/// use ctnetlink::wire::NlmFlags;
/// use ctnetlink::{MsgType, request};
///
/// let request = request::flush_expectations();
/// assert_eq!(request.as_message().msg_type(), MsgType::EXP_DELETE);
/// assert!(request.as_message().header().nlmsg_flags.contains(NlmFlags::ACK));
/// ```
#[must_use]
pub fn flush_expectations() -> MessageBuf {
    bare(MsgType::EXP_DELETE, Family::UNSPEC, NlmFlags::ACK)
}

fn one(msg_type: MsgType, flags: NlmFlags, expectation: &Expectation) -> Result<MessageBuf, Error> {
    let builder = builder(msg_type, expectation.family, flags);
    builder.build::<CtattrExpect>(|out| expectation.write(out))
}
