//! Constants that describe the protocol: messages, attributes, wire forms and names of values.
//!
//! | constant | what it describes |
//! |---|---|
//! | [`MsgSpec`] | a message type in one direction, and its attribute set |
//! | [`SetSpec`] | an attribute set: one kernel `enum` |
//! | [`AttrSpec`] | an attribute: number, name, wire form, meaning, names of its values |
//! | [`Values`] | the names of the numbers that an attribute may hold, or of its flags |
//!
//! The constants come from the declarations that the codec is made of, so the two cannot differ.
//! Use them where code handles attributes by number: to format any attribute, to generate a
//! dissector, a specification or a documentation table.
//!
//! [`MsgType::SPECS`](crate::MsgType::SPECS) is the root; all sets can be reached from it.
//!
//! # Examples
//! ```
//! use ctnetlink::MsgType;
//! use ctnetlink::spec::{Direction, Form, Meaning};
//!
//! // Every attribute set of every message, each once.
//! let mut sets = Vec::new();
//! for message in MsgType::SPECS {
//!     if let Some(set) = message.set {
//!         set.collect_into(&mut sets);
//!     }
//! }
//! for set in &sets {
//!     println!("enum {}", set.name);
//!     for attr in set.attrs {
//!         println!("  {:>2} {} {:?} {:?}", attr.number, attr.name, attr.form, attr.meaning);
//!         for value in attr.values.map_or(&[][..], |values| values.named) {
//!             println!("       {} {}", value.number, value.name);
//!         }
//!     }
//! }
//!
//! let times = sets.iter().find(|set| set.name == "ctattr_tstamp").unwrap();
//! let start = times.get(1).unwrap();
//! assert_eq!(start.name, "CTA_TIMESTAMP_START");
//! assert_eq!((start.form, start.meaning), (Form::Be64, Meaning::UnixNanos));
//!
//! // A DESTROY event carries the attributes of an entry.
//! let destroy = MsgType::CT_DELETE.spec(Direction::FromKernel).unwrap();
//! let state = destroy.set.unwrap().find("CTA_PROTOINFO_TCP_STATE").unwrap();
//! assert_eq!(state.values.unwrap().text(3).to_string(), "ESTABLISHED");
//! ```

mod attr;
mod message;
mod values;

pub use attr::{AttrSpec, Form, Meaning, SetSpec};
pub use message::{Direction, MsgSpec};
pub use values::{NamedValue, ValueKind, ValueText, Values};
