//! The macro that declares an attribute set.

/// Declares an attribute set.
///
/// Each row declares an attribute: its documentation, number, kernel name (and the header's other names
/// for the number), Rust type, wire form, meaning if it has one, and first kernel release.
///
/// The macro emits the enum of decoded attributes, its codec ([`AttrSet`](crate::wire::AttrSet)) and
/// the constant [`SetSpec`](crate::spec::SetSpec). No other place in the crate repeats a number or a
/// kernel name.
///
/// The row in a block `empty` declares an attribute that shares its number with another row and is
/// always empty; see [`CtAttr::TimestampEventPad`](crate::attrs::CtAttr::TimestampEventPad).
macro_rules! attr_set {
    (@meaning) => { $crate::spec::Meaning::Plain };
    (@meaning $meaning:ident) => { $crate::spec::Meaning::$meaning };
    (
        $(#[doc = $set_doc:literal])+
        $Set:ident, $kernel_enum:literal => $Attr:ident {
            $(
                $(#[doc = $doc:literal])+
                $number:literal $name:literal $(| $alias:literal)* = $Variant:ident($value:ty as $Form:ident $(in $meaning:ident)?), since $since:literal;
            )+
        }
        $(empty {
            $(#[doc = $empty_doc:literal])+
            $empty_number:literal $empty_name:literal = $Empty:ident, since $empty_since:literal;
        })?
    ) => {
        #[doc = concat!("Attribute set `enum ", $kernel_enum, "`; see [`", stringify!($Attr), "`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Set {}

        $(#[doc = $set_doc])+
        #[doc = concat!("\n\nThe kernel's name of the set is `enum ", $kernel_enum, "`.")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $Attr<'a> {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\n`", $name, "`", $(" = `", $alias, "`",)* " (", $number, "), wire form [`", stringify!($Form), "`](crate::spec::Form::", stringify!($Form), "), since Linux ", $since, ".")]
                #[doc(alias = $name)]
                $(#[doc(alias = $alias)])*
                $Variant($value),
            )+
            $(
                $(#[doc = $empty_doc])+
                #[doc = concat!("\n\n`", $empty_name, "` (", $empty_number, "), empty, since Linux ", $empty_since, ".")]
                #[doc(alias = $empty_name)]
                $Empty,
            )?
            /// An attribute unknown to this crate, undecoded.
            Unknown($crate::wire::RawAttr<'a>),
        }

        /// The numbers of the attributes, named as the variants.
        #[allow(non_upper_case_globals, dead_code, reason = "a row need not be used by its number")]
        impl $Set {
            $( pub(crate) const $Variant: u16 = $number; )+
        }

        impl<'a> $Attr<'a> {
            const ROWS: &'static [$crate::spec::AttrSpec] = &[$(
                $crate::spec::AttrSpec {
                    number: $number,
                    name: $name,
                    aliases: &[$($alias),*],
                    doc: concat!($($doc, "\n"),+),
                    since: $since,
                    form: <$crate::wire::payload::$Form as $crate::wire::payload::Payload<'a, $value>>::FORM,
                    meaning: $crate::wire::attr_set!(@meaning $($meaning)?),
                    values: <$crate::wire::payload::$Form as $crate::wire::payload::Payload<'a, $value>>::VALUES,
                },
            )+];

            const EMPTY: &'static [$crate::spec::AttrSpec] = &[$(
                $crate::spec::AttrSpec {
                    number: $empty_number,
                    name: $empty_name,
                    aliases: &[],
                    doc: concat!($($empty_doc, "\n"),+),
                    since: $empty_since,
                    form: $crate::spec::Form::Pad,
                    meaning: $crate::spec::Meaning::Plain,
                    values: None,
                },
            )?];
        }

        impl $crate::wire::AttrSet for $Set {
            type Attr<'a> = $Attr<'a>;

            const SPEC: &'static $crate::spec::SetSpec =
                &$crate::spec::SetSpec::new($kernel_enum, $Attr::ROWS, $Attr::EMPTY.first());

            #[inline]
            fn decode<'a>(raw: $crate::wire::RawAttr<'a>) -> Result<$Attr<'a>, $crate::error::Error> {
                use $crate::wire::payload::{self, Payload};
                let decoded = match raw.number() {
                    $( $empty_number if raw.payload.is_empty() => Ok($Attr::$Empty), )?
                    $( $number => <payload::$Form as Payload<'a, $value>>::decode(&raw).map($Attr::$Variant), )+
                    _ => Ok($Attr::Unknown(raw)),
                };
                decoded.map_err(|kind| $crate::error::Error {
                    offset: raw.offset,
                    set: Some(Self::SPEC),
                    attr: Self::SPEC.get(raw.number()),
                    kind,
                })
            }

            // Inlined, because most callers know the variant, and the other arms then vanish.
            #[inline(always)]
            fn encode<'a>(attr: &$Attr<'a>, out: &mut $crate::wire::Writer<'_, Self>) {
                match attr {
                    $( $Attr::$Variant(value) => out.put_value::<$crate::wire::payload::$Form, $value>($number, value), )+
                    $( $Attr::$Empty => out.put_value::<$crate::wire::payload::Pad, ()>($empty_number, &()), )?
                    $Attr::Unknown(raw) => out.put_raw(raw),
                }
            }

            fn rebuild<'a>(
                attr: &$Attr<'a>,
                framing: $crate::wire::Framing<'_>,
                out: &mut $crate::wire::Writer<'_, Self>,
            ) {
                match attr {
                    $( $Attr::$Variant(value) => out.rebuild_value::<$crate::wire::payload::$Form, $value>($number, value, framing), )+
                    $( $Attr::$Empty => out.rebuild_value::<$crate::wire::payload::Pad, ()>($empty_number, &(), framing), )?
                    $Attr::Unknown(raw) => out.put_raw(raw),
                }
            }

            fn payload_len<'a>(attr: &$Attr<'a>) -> usize {
                match attr {
                    $( $Attr::$Variant(value) => <$crate::wire::payload::$Form as $crate::wire::payload::Payload<'a, $value>>::len(value), )+
                    $( $Attr::$Empty => { let _: u16 = $empty_number; 0 } )?
                    $Attr::Unknown(raw) => raw.payload.len(),
                }
            }

            fn visit_nest<'a>(attr: &$Attr<'a>, visitor: &mut impl $crate::wire::Visitor<'a>) {
                use $crate::wire::payload::{self, Payload};
                match attr {
                    $( $Attr::$Variant(value) => <payload::$Form as Payload<'a, $value>>::visit_nest(value, visitor), )+
                    _ => {}
                }
            }
        }
    };
}

pub(crate) use attr_set;
