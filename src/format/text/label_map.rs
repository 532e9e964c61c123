//! The names of labels.

use crate::flat::Labels;
use crate::line::Line;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// The names of labels.
///
/// # Examples
/// ```
/// use ctnetlink::format::text::LabelMap;
///
/// let map = LabelMap::parse("# a comment\n3 suspicious\n64\tvpn\n");
/// assert_eq!(map.number("vpn"), Some(64));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelMap {
    /// Labels are printed as numbers.
    #[default]
    Numbers,
    /// Labels are printed by name; as in conntrack(8), labels without a name are not printed.
    Names(BTreeMap<u8, String>),
}

impl LabelMap {
    /// Parses a file such as `/etc/xtables/connlabel.conf`.
    ///
    /// A line consists of a number from 0 to 127, white space and a name. Other lines, such as comments
    /// after `#`, are ignored. If a number has several names, the first one is used.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut names = BTreeMap::new();
        for line in text.lines() {
            let Some((number, name)) = line.trim().split_once(char::is_whitespace) else {
                continue;
            };
            if let Some(number) = number.parse().ok().filter(|&number| number < 128) {
                names.entry(number).or_insert_with(|| name.trim().into());
            }
        }
        Self::Names(names)
    }

    /// Returns the number of the label with that name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u8> {
        match self {
            Self::Numbers => None,
            Self::Names(names) => {
                names.iter().find(|(_, found)| *found == name).map(|(&number, _)| number)
            }
        }
    }

    pub(super) fn write<'l>(&self, labels: Labels, line: Line<'l>) -> Line<'l> {
        let mut line = line.constant("labels");
        let mut separator = "=";
        for label in labels.iter() {
            let name = match self {
                Self::Numbers => None,
                Self::Names(names) => match names.get(&label) {
                    Some(name) => Some(name),
                    None => continue,
                },
            };
            line = line.constant(separator);
            line = match name {
                Some(name) => line.text(name),
                None => line.number(label),
            };
            separator = ",";
        }
        line.constant(" ")
    }
}
