//! Names that are known to the compiler, made ready to be copied.

/// Bytes of the longest name, quotes and comma included.
pub(crate) const WIDTH: usize = 32;

/// A name as it stands in JSON: `"NAME",`. To copy as many bytes for every name costs a fraction of
/// copying as many as it has.
pub(crate) struct Word {
    pub(crate) quoted: [u8; WIDTH],
    /// How many of them count.
    pub(crate) length: usize,
}

impl Word {
    pub(crate) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(name.len() + 3 <= WIDTH, "there is a longer name now");
        let mut quoted = [0; WIDTH];
        quoted[0] = b'"';
        let mut at = 0;
        while at < name.len() {
            assert!(
                name[at].is_ascii_alphanumeric() || name[at] == b'_',
                "it might need an escape"
            );
            quoted[at + 1] = name[at];
            at += 1;
        }
        quoted[at + 1] = b'"';
        quoted[at + 2] = b',';
        Self { quoted, length: at + 3 }
    }

    /// Without the quotes and the comma.
    #[inline(always)]
    pub(crate) const fn name_length(&self) -> usize {
        self.length - 3
    }
}

/// The names of flags by the numbers of their bits.
pub(crate) struct FlagWords {
    pub(crate) words: [Word; 32],
    /// The bits that have a name.
    pub(crate) known: u32,
}

impl FlagWords {
    pub(crate) const EMPTY: Self = Self { words: [const { Word::new("") }; 32], known: 0 };

    /// The same with one more.
    pub(crate) const fn with(mut self, flag: u32, name: &str) -> Self {
        assert!(flag.is_power_of_two(), "lists are written bit by bit");
        self.words[flag.trailing_zeros() as usize] = Word::new(name);
        self.known |= flag;
        self
    }
}
