//! A reader of IPFIX messages, as RFC 7011 defines them.
//!
//! Of the crate it uses the names and numbers of elements alone.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use ctnetlink_flow::ipfix::Element;
use std::collections::HashMap;
use std::net::IpAddr;

/// An IPFIX message, as a collector decodes it.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub length: usize,
    pub export_time: u32,
    pub sequence: u32,
    pub domain: u32,
    /// The numbers of the templates in it.
    pub templates: Vec<u16>,
    pub records: Vec<Record>,
    /// The number of sets whose template is not known.
    pub undecoded: u32,
}

/// A data record.
#[derive(Clone, Debug)]
pub struct Record {
    pub template: u16,
    /// The number, the enterprise and the bytes of each field.
    pub fields: Vec<(u16, Option<u32>, Vec<u8>)>,
}

impl Record {
    /// Returns the value of an integer field.
    pub fn number(&self, element: Element) -> Option<u64> {
        let bytes = self.bytes(element)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Returns the value of an address field.
    pub fn addr(&self, element: Element) -> Option<IpAddr> {
        let bytes = self.bytes(element)?;
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
    }

    /// Returns the time of a field in the format of NTP, as a reader that truncates has it.
    pub fn time(&self, element: Element) -> Option<u64> {
        let time = self.number(element)?;
        let seconds = (time >> 32) - 2_208_988_800;
        Some(seconds * 1_000_000_000 + (((time & 0xffff_ffff) * 1_000_000_000) >> 32))
    }

    fn bytes(&self, element: Element) -> Option<&[u8]> {
        let is_it = |field: &&(u16, Option<u32>, Vec<u8>)| {
            (field.0, field.1) == (element.number, element.enterprise)
        };
        self.fields.iter().find(is_it).map(|field| &field.2[..])
    }
}

/// Returns the name of an element.
fn name(number: u16, enterprise: Option<u32>) -> String {
    let reverse = Element::ALL.iter().map(|element| element.reverse());
    let mut all = Element::ALL.iter().copied().chain(reverse);
    let found = all.find(|element| (element.number, element.enterprise) == (number, enterprise));
    found
        .map_or_else(|| panic!("element {number} of {enterprise:?}"), |element| element.to_string())
}

type Specifier = (u16, Option<u32>, usize);

/// A reader, which knows the templates of a session.
#[derive(Debug, Default)]
pub struct Reader {
    /// The fields of each template of each domain: number, enterprise and length.
    templates: HashMap<(u32, u16), Vec<Specifier>>,
}

impl Reader {
    /// Decodes a message, and panics if RFC 7011 does not allow it.
    pub fn decode(&mut self, message: &[u8]) -> Decoded {
        self.decode_and_note(message, &mut |_, _| {})
    }

    /// Decodes a message, and calls `note` with the length and the meaning of each piece.
    pub fn decode_and_note(
        &mut self,
        message: &[u8],
        note: &mut dyn FnMut(usize, &str),
    ) -> Decoded {
        let (u16_at, u32_at) = (
            |at: usize| u16::from_be_bytes(message[at..at + 2].try_into().unwrap()),
            |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap()),
        );
        assert_eq!(u16_at(0), 10, "the version");
        assert_eq!(usize::from(u16_at(2)), message.len(), "the length");
        let mut decoded = Decoded {
            length: message.len(),
            export_time: u32_at(4),
            sequence: u32_at(8),
            domain: u32_at(12),
            templates: Vec::new(),
            records: Vec::new(),
            undecoded: 0,
        };
        for (length, what) in
            [(2, "version"), (2, "length"), (4, "export time"), (4, "sequence"), (4, "domain")]
        {
            note(length, what);
        }
        let mut at = 16;
        while at < message.len() {
            let (id, end) = (u16_at(at), at + usize::from(u16_at(at + 2)));
            at += 4;
            note(2, &format!("set {id}"));
            note(2, "length of the set");
            assert!(at < end && end <= message.len(), "an empty or overlong set");
            while at < end {
                if let 2 | 3 = id {
                    let (template, count) = (u16_at(at), u16_at(at + 2));
                    note(2, &format!("template {template}"));
                    note(2, &format!("{count} fields"));
                    if id == 3 {
                        note(2, &format!("{} scope fields", u16_at(at + 4)));
                    }
                    at += if id == 3 { 6 } else { 4 };
                    let mut fields = Vec::new();
                    for _ in 0..count {
                        let (number, length) = (u16_at(at), u16_at(at + 2));
                        at += 4;
                        let enterprise = (number & 0x8000 != 0).then(|| u32_at(at));
                        at += if enterprise.is_some() { 4 } else { 0 };
                        let name = name(number & 0x7fff, enterprise);
                        note(if enterprise.is_some() { 8 } else { 4 }, &format!("  {name}"));
                        fields.push((number & 0x7fff, enterprise, usize::from(length)));
                    }
                    self.templates.insert((decoded.domain, template), fields);
                    decoded.templates.push(template);
                } else if let Some(template) = self.templates.get(&(decoded.domain, id)) {
                    let mut record = Record { template: id, fields: Vec::new() };
                    for &(number, enterprise, length) in template {
                        note(length, &name(number, enterprise));
                        record.fields.push((number, enterprise, message[at..at + length].into()));
                        at += length;
                    }
                    decoded.records.push(record);
                } else {
                    decoded.undecoded += 1;
                    at = end;
                }
            }
            assert_eq!(at, end, "the sets do not end where they say");
        }
        decoded
    }
}
