//! The coverage of vectors: what they must contain, and what they contain.

use super::entry::{event_bits, longest_expect_timeout, longest_timeout, status_bits};
use super::{Field, Vector, VectorKind};
use crate::Family;
use crate::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType, ExpectFlags,
};
use crate::kernel::{Kernel, L4Proto, Release};
use crate::nested::{IpProto, TcpFlags};
use crate::spec::{AttrSpec, Form, SetSpec};
use crate::wire::{AttrSet as _, HostBits};
use crate::{Message, MsgType};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The features of a kernel's messages that vectors contain.
///
/// The attribute sets and the release decide which features exist, and not the generator. An attribute
/// that the generator forgets is therefore missing, and one that the release cannot send is
/// unexpected.
///
/// # Examples
/// See the [module](super).
#[derive(Clone, Debug)]
pub struct Coverage {
    kernel: Kernel,
    wanted: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Coverage {
    /// Creates the features of a kernel, of which none has been seen.
    ///
    /// They are kinds of messages, events of both families, bits of events, protocols, attributes by
    /// path, boundaries of integers, states, status bits, labels and lengths of strings.
    #[must_use]
    pub fn new(kernel: &Kernel) -> Self {
        let mut coverage = Self { kernel: *kernel, wanted: BTreeSet::new(), seen: BTreeSet::new() };
        coverage.want_messages();
        coverage.want_values();
        let sets: [(&SetSpec, bool); 5] = [
            (CtattrType::SPEC, true),
            (CtattrExpect::SPEC, true),
            (CtattrStatsCpu::SPEC, VectorKind::StatsCpu.is_sent(kernel)),
            (CtattrStatsGlobal::SPEC, VectorKind::Stats.is_sent(kernel)),
            (CtattrExpectStats::SPEC, VectorKind::ExpStatsCpu.is_sent(kernel)),
        ];
        for (set, _) in sets.iter().filter(|(_, is_sent)| *is_sent) {
            coverage.want_set(set, "");
        }
        if kernel.pads() && kernel.has_timestamp() && kernel.release.timestamp_event_in_events() {
            coverage.want("attribute CTA_TIMESTAMP_PAD".into());
        }
        coverage
    }

    /// Returns the features that vectors must contain.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(String::as_str)
    }

    /// Returns the features that no vector contained.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.wanted.difference(&self.seen).map(String::as_str)
    }

    /// Returns the attributes that a vector contained and the kernel does not send.
    pub fn unexpected(&self) -> impl Iterator<Item = &str> {
        let attributes = self.seen.iter().filter(|thing| thing.starts_with("attribute "));
        attributes.filter(|thing| !self.wanted.contains(*thing)).map(String::as_str)
    }

    /// Adds the features of a vector.
    pub fn add(&mut self, vector: &Vector) {
        let kernel = self.kernel;
        let Ok(message) = Message::parse_with(&vector.bytes, kernel.arch.endian()) else {
            return;
        };
        self.see(format!("message {}", vector.kind.name()));
        let family = message.nfgenmsg().map_or(Family::UNSPEC, |nfgen| nfgen.nfgen_family);
        if matches!(vector.kind, VectorKind::Event | VectorKind::EventExp) {
            self.see(format!("event {} {family}", event_name(&message)));
        }
        if let Some(events) = vector.events {
            events.iter_names().for_each(|(bit, _)| self.see(format!("bit {bit}")));
        }
        if kernel.pads() && vector.offset % 8 == 4 {
            self.see(format!("offset 4 {}", vector.kind.name()));
        }
        for field in &vector.fields(&kernel) {
            field.walk(&mut |field| self.add_field(field, family));
        }
    }

    fn add_field(&mut self, field: &Field, family: Family) {
        self.see(format!("attribute {}", field.path));
        let Some(spec) = field.spec else { return };
        let payload = &field.payload;
        let number = payload.iter().try_fold(0_u64, |number, byte| {
            number.checked_mul(256).map(|number| number | u64::from(*byte))
        });
        match (spec.name, spec.form) {
            ("CTA_STATUS", _) => self.see_bits("status bit", number),
            ("CTA_EXPECT_FLAGS", _) => self.see_bits("expectation flag", number),
            (_, Form::TcpFlags) => {
                self.see_bits("TCP flag", payload.first().map(|&byte| byte.into()));
            }
            ("CTA_LABELS", _) => {
                if let Some(bits) = HostBits::new(payload, self.kernel.arch.endian()) {
                    bits.iter().for_each(|label| self.see(format!("label {label}")));
                }
            }
            ("CTA_HELP_NAME" | "CTA_HELP_INFO" | "CTA_SECCTX_NAME", _) => {
                self.see(format!("length {} {}", spec.name, payload.len()));
            }
            (name, Form::U8 | Form::Be16 | Form::Be32 | Form::Be64) => {
                if let Some(number) = number {
                    if name == "CTA_PROTO_NUM" && field.path.starts_with("CTA_TUPLE_ORIG") {
                        self.see(format!("protocol {number} {family}"));
                    }
                    if self.is_boundary(name, number) {
                        self.see(format!("value {name} {number}"));
                    }
                }
            }
            _ => {}
        }
    }

    fn is_boundary(&self, name: &str, number: u64) -> bool {
        self.wanted.contains(&format!("value {name} {number}"))
    }

    fn see_bits(&mut self, what: &str, number: Option<u64>) {
        let number = number.unwrap_or_default();
        for bit in (0..64).filter(|bit| number >> bit & 1 != 0) {
            self.see(format!("{what} {bit}"));
        }
    }

    fn see(&mut self, thing: String) {
        self.seen.insert(thing);
    }

    fn want(&mut self, thing: String) {
        self.wanted.insert(thing);
    }

    fn want_messages(&mut self) {
        let kernel = self.kernel;
        for kind in VectorKind::ORDER.iter().filter(|kind| kind.is_sent(&kernel)) {
            self.want(format!("message {}", kind.name()));
            if kernel.pads() && kind.is_dump() && *kind == VectorKind::Dump {
                self.want(format!("offset 4 {}", kind.name()));
            }
        }
        if kernel.config.events {
            for family in ["ipv4", "ipv6"] {
                for event in ["NEW", "UPDATE", "DESTROY", "EXP_NEW", "EXP_DESTROY"] {
                    self.want(format!("event {event} {family}"));
                }
            }
            for (bit, _) in event_bits(&kernel).flat_map(|bit| bit.iter_names()) {
                self.want(format!("bit {bit}"));
            }
        }
        for proto in [0, 6, 17, 33, 47, 50, 132, 136, 255] {
            self.want(format!("protocol {proto} ipv4"));
            self.want(format!("protocol {proto} ipv6"));
        }
        self.want("protocol 1 ipv4".into());
        self.want("protocol 58 ipv6".into());
    }

    fn want_values(&mut self) {
        let kernel = self.kernel;
        for bit in status_bits(kernel.release) {
            self.want(format!("status bit {}", bit.bits().trailing_zeros()));
        }
        for bit in ExpectFlags::all().iter() {
            self.want(format!("expectation flag {}", bit.bits().trailing_zeros()));
        }
        for bit in TcpFlags::all().iter() {
            self.want(format!("TCP flag {}", bit.bits().trailing_zeros()));
        }
        if kernel.has_labels() {
            (0..128).for_each(|label| self.want(format!("label {label}")));
        }
        // The lengths include the NUL.
        let mut lengths = alloc::vec![("CTA_HELP_NAME", 4), ("CTA_HELP_NAME", 16)];
        if kernel.release >= Release::new(3, 6, 0) {
            lengths.extend([("CTA_HELP_INFO", 0), ("CTA_HELP_INFO", 32)]);
        }
        if kernel.config.secmark {
            lengths.extend([("CTA_SECCTX_NAME", 1), ("CTA_SECCTX_NAME", 256)]);
        }
        for (name, length) in lengths {
            self.want(format!("length {name} {length}"));
        }
    }

    fn want_set(&mut self, set: &SetSpec, outer: &str) {
        for spec in set.attrs {
            if !self.is_sent(spec, outer) {
                continue;
            }
            let path = match outer {
                "" => String::from(spec.name),
                _ => format!("{outer}/{}", spec.name),
            };
            self.want(format!("attribute {path}"));
            if let Form::Nest(inner) = spec.form {
                self.want_set(inner, &path);
            }
            for value in boundaries(spec, &self.kernel) {
                self.want(format!("value {} {value}", spec.name));
            }
        }
    }

    /// Returns `true` if the kernel sends an attribute in that nest.
    fn is_sent(&self, spec: &AttrSpec, outer: &str) -> bool {
        let Kernel { release, config, .. } = &self.kernel;
        let kernel = &self.kernel;
        let is_known = spec.since.parse::<Release>().is_ok_and(|since| *release >= since.first());
        let in_flow = matches!(outer.split('/').next(), Some("CTA_TUPLE_ORIG" | "CTA_TUPLE_REPLY"));
        let tracks = |proto| kernel.l4proto(proto) == L4Proto::Ports;
        is_known
            && match spec.name {
                // These occur only in requests, or in kernels before the simulated ones.
                "CTA_NAT_SRC"
                | "CTA_NAT_DST"
                | "CTA_SECMARK"
                | "CTA_MARK_MASK"
                | "CTA_LABELS_MASK"
                | "CTA_FILTER"
                | "CTA_STATUS_MASK"
                | "CTA_EXPECT_ZONE"
                | "CTA_COUNTERS32_PACKETS"
                | "CTA_COUNTERS32_BYTES" => false,
                "CTA_MARK" => config.mark,
                "CTA_ZONE" => config.zones,
                "CTA_TUPLE_ZONE" => config.zones && release.zones_have_direction() && in_flow,
                "CTA_SECCTX" => config.secmark,
                "CTA_TIMESTAMP" => kernel.has_timestamp(),
                "CTA_TIMESTAMP_EVENT" => config.events && kernel.has_timestamp(),
                "CTA_LABELS" => kernel.has_labels(),
                "CTA_SYNPROXY" => config.synproxy,
                "CTA_PROTOINFO_SCTP" => tracks(IpProto::SCTP),
                "CTA_PROTOINFO_DCCP" => tracks(IpProto::DCCP),
                "CTA_EXPECT_NAT" => config.nat,
                "CTA_STATS_SEARCHED"
                | "CTA_STATS_NEW"
                | "CTA_STATS_DELETE"
                | "CTA_STATS_DELETE_LIST" => release.stats_count_searched(),
                "CTA_STATS_IGNORE" => release.stats_count_ignore(),
                name if name.ends_with("_PAD") => kernel.pads(),
                // Expected flows and their masters have ports.
                name if name.starts_with("CTA_PROTO_ICMP") => in_flow,
                _ => true,
            }
    }
}

impl Release {
    /// Parses `2.6.39` as that release and `4.7` as the first of its series.
    const fn first(self) -> Self {
        match self.patch {
            u16::MAX => Self { patch: 0, ..self },
            _ => self,
        }
    }
}

/// Returns the kind of an event's message.
fn event_name(message: &Message<'_>) -> &'static str {
    let is_new = message.kind() == crate::Kind::New;
    match message.msg_type() {
        MsgType::CT_DELETE => "DESTROY",
        MsgType::EXP_DELETE => "EXP_DESTROY",
        MsgType::EXP_NEW => "EXP_NEW",
        _ if is_new => "NEW",
        _ => "UPDATE",
    }
}

/// Returns the values of an integer that vectors must contain.
///
/// They are 0, 1 and the greatest, unless the kernel sends other values.
fn boundaries(spec: &AttrSpec, kernel: &Kernel) -> Vec<u64> {
    let max: u64 = match spec.form {
        Form::U8 => u8::MAX.into(),
        Form::Be16 => u16::MAX.into(),
        Form::Be32 => u32::MAX.into(),
        Form::Be64 => u64::MAX,
        _ => return Vec::new(),
    };
    match spec.name {
        "CTA_STATUS" | "CTA_EXPECT_FLAGS" => Vec::new(),
        "CTA_PROTOINFO_TCP_STATE" => (0..=9).collect(),
        "CTA_PROTOINFO_SCTP_STATE" | "CTA_PROTOINFO_DCCP_STATE" => (0..=7).collect(),
        "CTA_PROTOINFO_DCCP_ROLE" | "CTA_EXPECT_NAT_DIR" => alloc::vec![0, 1],
        "CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ" => alloc::vec![0, 1, (1 << 48) - 1],
        "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL" | "CTA_PROTOINFO_TCP_WSCALE_REPLY" => {
            alloc::vec![0, 1, 14]
        }
        "CTA_TIMEOUT" => alloc::vec![0, 1, longest_timeout(kernel)],
        "CTA_EXPECT_TIMEOUT" => alloc::vec![0, 1, longest_expect_timeout(kernel)],
        "CTA_PROTO_ICMP_TYPE" => alloc::vec![0, 8, 13, 14, 15, 16, 17, 18],
        "CTA_PROTO_ICMPV6_TYPE" => alloc::vec![128, 129, 139, 140],
        // These are never sent as 0.
        "CTA_ZONE"
        | "CTA_TUPLE_ZONE"
        | "CTA_USE"
        | "CTA_TIMESTAMP_STOP"
        | "CTA_TIMESTAMP_EVENT" => alloc::vec![1, max],
        _ => alloc::vec![0, 1, max],
    }
}
