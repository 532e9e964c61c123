//! The macro that declares [`Conntrack`](super::Conntrack).

/// Declares the fields of an entry with their attributes.
///
/// The fields of `Rare` are in a box, so that an entry without them is smaller. The counters in 32
/// bits are among them although their attributes are in the same nest as those in 64 bits. `json`
/// is the order of JSON, with the fields of `Rare` in parentheses and the counters in brackets.
macro_rules! conntrack {
    (
        $(#[$meta:meta])*
        pub struct Conntrack {
            $( $(#[$field_meta:meta])+ $field:ident: $Type:ty = $($how:ident)+; )+
            counters {
                $( $(#[$counters_meta:meta])+ $counters:ident = $Counted:ident; )+
            }
        }
        $(#[$rare_meta:meta])*
        pub struct Rare {
            $( $(#[$only_meta:meta])+ $only:ident: $OnlyType:ty = $($only_how:ident)+; )+
            counters {
                $( $(#[$old_meta:meta])+ $old:ident; )+
            }
        }
        json { $($item:tt)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct Conntrack {
            /// The layer 3 protocol, from `nfgenmsg`.
            pub family: Family,
            $( $(#[$field_meta])+ pub $field: $Type, )+
            $( $(#[$counters_meta])+ pub $counters: Counters, )+
            /// What no kernel since Linux 2.6.37 sends; `None` in entries from such a kernel.
            pub rare: Option<Box<Rare>>,
        }

        fields! {
            $(#[$rare_meta])*
            pub struct Rare {
                $( $(#[$only_meta])+ $only: $OnlyType; )+
                $( $(#[$old_meta])+ $old: Counters32; )+
            }
        }

        impl Absent for Conntrack {
            const ABSENT: Self = Self {
                family: Family::ABSENT,
                $( $field: <$Type as Absent>::ABSENT, )+
                $( $counters: Counters::ABSENT, )+
                rare: None,
            };

            #[inline(always)]
            fn is_absent(&self) -> bool {
                self.family.is_absent()
                    $(& Absent::is_absent(&self.$field))+
                    $(& self.$counters.is_absent())+
                    & self.rare.is_none()
            }
        }

        /// Every field is absent.
        impl Default for Conntrack {
            fn default() -> Self {
                Self::ABSENT
            }
        }

        #[allow(non_camel_case_types, reason = "the names of the fields")]
        #[derive(Clone, Copy)]
        pub(super) enum Field {
            $($field,)+
            $($counters,)+
            $($only,)+
        }

        impl Conntrack {
            #[inline]
            pub(super) fn set_attr(&mut self, attr: CtAttr<'_>, report: &mut dyn FnMut(Error)) {
                match attr {
                    $( arm!(CtAttr, value, $($how)+) => set_field!(self.$field, value, report, $($how)+), )+
                    $( CtAttr::$Counted(attrs) => {
                        let both = BothCounters::decode_with(attrs, report);
                        let (counters, counters32) = both.split();
                        self.$counters = counters;
                        if self.rare.is_some() | !counters32.is_absent() {
                            self.set_rare(|rare| rare.$old = counters32);
                        }
                    } )+
                    $( arm!(CtAttr, value, $($only_how)+) => self.set_rare(|rare| {
                        set_field!(rare.$only, value, report, $($only_how)+);
                    }), )+
                    _ => {}
                }
            }

            /// Not inlined: most entries are written in place.
            #[inline(never)]
            pub(super) fn write_field(&self, field: Field, out: &mut Writer<'_, CtattrType>) {
                match field {
                    $( Field::$field => write_field!(self.$field, out, CtAttr, $($how)+), )+
                    $( Field::$counters => {
                        let both = BothCounters::new(self.$counters, self.rare().$old);
                        if !both.is_empty() {
                            out.nest(CtAttr::$Counted, |out| both.write(out));
                        }
                    } )+
                    $( Field::$only => if let Some(rare) = &self.rare {
                        write_field!(rare.$only, out, CtAttr, $($only_how)+);
                    }, )+
                }
            }
        }

        #[cfg(feature = "format")]
        impl crate::line::Value for Conntrack {
            const OPENING: &'static str = "{";

            #[inline]
            fn is_absent(&self) -> bool {
                Absent::is_absent(self)
            }

            #[inline]
            fn write<'l>(&self, line: crate::line::Line<'l>) -> crate::line::Line<'l> {
                line.items("},", |line| {
                    let line = crate::line::field(line, "\"family\":", &self.family);
                    if let Some(rare) = &self.rare {
                        return self.write_with_rare(rare, line);
                    }
                    $( let line = json_item!(self, line, $item); )+
                    line
                })
            }
        }

        #[cfg(feature = "format")]
        impl Conntrack {
            #[cold]
            #[inline(never)]
            fn write_with_rare<'l>(
                &self,
                rare: &Rare,
                line: crate::line::Line<'l>,
            ) -> crate::line::Line<'l> {
                $( let line = json_item_with_rare!(self, rare, line, $item); )+
                line
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for Conntrack {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use crate::flat::record::is_default;
                use serde::ser::SerializeStruct as _;
                let length = usize::from(!is_default(&self.family))
                    $( + usize::from(!is_default(item!(self, $item))) )+;
                let mut out = serializer.serialize_struct("Conntrack", length)?;
                if !is_default(&self.family) {
                    out.serialize_field("family", &self.family)?;
                }
                $(
                    if !is_default(item!(self, $item)) {
                        out.serialize_field(item_name!($item), item!(self, $item))?;
                    }
                )+
                out.end()
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for Conntrack {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// All keys of the object.
                #[derive(Default, serde::Deserialize)]
                #[serde(default, rename = "Conntrack")]
                struct Keys {
                    family: Family,
                    $( $field: $Type, )+
                    $( $counters: BothCounters, )+
                    $( $only: $OnlyType, )+
                }
                let keys = Keys::deserialize(deserializer)?;
                let rare = Rare {
                    $( $only: keys.$only, )+
                    $( $old: keys.$counters.split().1, )+
                };
                Ok(Self {
                    family: keys.family,
                    $( $field: keys.$field, )+
                    $( $counters: keys.$counters.split().0, )+
                    rare: (!rare.is_absent()).then(|| Box::new(rare)),
                })
            }
        }
    };
}

#[cfg(feature = "serde")]
macro_rules! item {
    ($self:ident, ($only:ident)) => {
        &$self.rare().$only
    };
    ($self:ident, [$counters:ident $old:ident]) => {
        &BothCounters::new($self.$counters, $self.rare().$old)
    };
    ($self:ident, $field:ident) => {
        &$self.$field
    };
}

#[cfg(feature = "serde")]
macro_rules! item_name {
    (($only:ident)) => {
        stringify!($only)
    };
    ([$counters:ident $old:ident]) => {
        stringify!($counters)
    };
    ($field:ident) => {
        stringify!($field)
    };
}

/// Writes a key of an entry without rare parts.
#[cfg(feature = "format")]
macro_rules! json_item {
    ($self:ident, $line:ident, ($only:ident)) => {
        $line
    };
    ($self:ident, $line:ident, [$counters:ident $old:ident]) => {
        json_item!($self, $line, $counters)
    };
    ($self:ident, $line:ident, $field:ident) => {
        crate::line::field($line, concat!("\"", stringify!($field), "\":"), &$self.$field)
    };
}

/// Writes a key of an entry with rare parts.
#[cfg(feature = "format")]
macro_rules! json_item_with_rare {
    ($self:ident, $rare:ident, $line:ident, ($only:ident)) => {
        json_item!($rare, $line, $only)
    };
    ($self:ident, $rare:ident, $line:ident, [$counters:ident $old:ident]) => {{
        let both = BothCounters::new($self.$counters, $rare.$old);
        crate::line::field($line, concat!("\"", stringify!($counters), "\":"), &both)
    }};
    ($self:ident, $rare:ident, $line:ident, $field:ident) => {
        json_item!($self, $line, $field)
    };
}

pub(super) use conntrack;
#[cfg(feature = "serde")]
pub(super) use {item, item_name};
#[cfg(feature = "format")]
pub(super) use {json_item, json_item_with_rare};
