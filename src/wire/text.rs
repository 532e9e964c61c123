//! Payloads as text.

use super::attr::RawAttr;
use super::host_bits::HostBits;
use super::nul_str::NulStr;
use crate::spec::{AttrSpec, Form};
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

impl<'a> RawAttr<'a> {
    /// Returns the payload as text, by the wire form and the names of values that `spec` has.
    ///
    /// Integers are in decimal. Without a `spec`, and if the payload does not have the wire form, the
    /// text is the bytes in hexadecimal. Nested and pad attributes have no text.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::attrs::CtattrType;
    /// use ctnetlink::wire::{AttrSet, Endian, RawAttrs};
    ///
    /// let bytes = [8, 0, 3, 0, 0, 0, 1, 0x8e];
    /// let attr = RawAttrs::new(&bytes, 0, Endian::Little).next().unwrap()?;
    /// let spec = CtattrType::SPEC.get(attr.number());
    /// assert_eq!(spec.unwrap().name, "CTA_STATUS");
    /// assert_eq!(attr.text(spec).to_string(), "SEEN_REPLY|ASSURED|CONFIRMED|SRC_NAT_DONE|DST_NAT_DONE");
    /// assert_eq!(attr.text(None).to_string(), "0000018e");
    /// # Ok::<(), ctnetlink::error::Error>(())
    /// ```
    #[must_use]
    pub const fn text(self, spec: Option<&'static AttrSpec>) -> PayloadText<'a> {
        PayloadText { attr: self, spec }
    }

    /// The number in the payload, if `form` is an integer of that length.
    fn integer(&self, form: Form) -> Option<u64> {
        let (payload, endian) = (self.payload, self.endian);
        match form {
            Form::U8 | Form::Be16 | Form::Be32 | Form::Be64
                if form.payload_len() == Some(payload.len()) =>
            {
                Some(payload.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            Form::Host32 => payload.try_into().ok().map(|bytes| endian.u32(bytes).into()),
            Form::Host64 => payload.try_into().ok().map(|bytes| endian.u64(bytes)),
            _ => None,
        }
    }

    /// Writes a payload of this form, or returns `None` if it does not have the form.
    fn write_form(&self, spec: &AttrSpec, f: &mut fmt::Formatter<'_>) -> Option<fmt::Result> {
        let payload = self.payload;
        Some(match spec.form {
            Form::Nest(_) => Ok(()),
            Form::Pad => payload.is_empty().then_some(Ok(()))?,
            Form::Ipv4 => write!(f, "{}", Ipv4Addr::from(<[u8; 4]>::try_from(payload).ok()?)),
            Form::Ipv6 => write!(f, "{}", Ipv6Addr::from(<[u8; 16]>::try_from(payload).ok()?)),
            Form::HostWords => write!(f, "{}", HostBits::new(payload, self.endian)?),
            Form::Str => write!(f, "{:?}", NulStr::from_payload(payload)),
            Form::TcpFlags => match (payload, spec.values?) {
                (&[flags, mask], values) => {
                    let [flags, mask] = [flags, mask].map(|bits| values.text(bits.into()));
                    write!(f, "{flags} mask {mask}")
                }
                _ => return None,
            },
            form => match (self.integer(form)?, spec.values) {
                (number, Some(values)) => write!(f, "{}", values.text(number)),
                (number, None) => write!(f, "{number}"),
            },
        })
    }
}

/// The payload of an attribute as text; see [`RawAttr::text`].
///
/// # Examples
/// See [`RawAttr::text`].
#[derive(Clone, Copy, Debug)]
pub struct PayloadText<'a> {
    attr: RawAttr<'a>,
    spec: Option<&'static AttrSpec>,
}

impl fmt::Display for PayloadText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formed = self.spec.and_then(|spec| self.attr.write_form(spec, f));
        formed.unwrap_or_else(|| {
            self.attr.payload.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        })
    }
}
