//! Names in the form in which text and JSON copy them.

/// The maximum number of bytes of a name, with quotes and comma.
pub(crate) const WIDTH: usize = 32;

/// A name as in JSON: `"NAME",`.
///
/// All names have the same number of bytes, because a copy of a fixed length is much faster than one
/// of the length of the name.
pub(crate) struct Word {
    pub(crate) quoted: [u8; WIDTH],
    /// The number of bytes that are part of the name, its quotes and its comma.
    pub(crate) length: usize,
}

impl Word {
    pub(crate) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(name.len() + 3 <= WIDTH, "a name is longer than `WIDTH` allows");
        let mut quoted = [0; WIDTH];
        quoted[0] = b'"';
        let mut at = 0;
        while at < name.len() {
            assert!(
                name[at].is_ascii_alphanumeric() || name[at] == b'_',
                "the name may need an escape"
            );
            quoted[at + 1] = name[at];
            at += 1;
        }
        quoted[at + 1] = b'"';
        quoted[at + 2] = b',';
        Self { quoted, length: at + 3 }
    }

    /// Returns the length of the name, without quotes and comma.
    #[inline(always)]
    pub(crate) const fn name_length(&self) -> usize {
        self.length - 3
    }
}

/// The names of flags, by the numbers of their bits.
pub(crate) struct FlagWords {
    pub(crate) words: [Word; 32],
    /// The bits that have a name.
    pub(crate) known: u32,
}

impl FlagWords {
    pub(crate) const EMPTY: Self = Self { words: [const { Word::new("") }; 32], known: 0 };

    /// Returns the names with one more.
    pub(crate) const fn with(mut self, flag: u32, name: &str) -> Self {
        assert!(flag.is_power_of_two(), "a flag has one bit");
        self.words[flag.trailing_zeros() as usize] = Word::new(name);
        self.known |= flag;
        self
    }
}
