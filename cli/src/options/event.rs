//! The option that chooses events.

use clap::ValueEnum;
use ctnetlink::Group;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Event {
    /// A new entry
    New,
    /// A changed entry
    #[value(alias = "updates")]
    Update,
    /// A removed entry
    Destroy,
    /// A new expectation
    ExpectNew,
    /// A removed expectation
    ExpectDestroy,
}

impl From<Event> for Group {
    fn from(event: Event) -> Self {
        match event {
            Event::New => Self::New,
            Event::Update => Self::Update,
            Event::Destroy => Self::Destroy,
            Event::ExpectNew => Self::ExpectNew,
            Event::ExpectDestroy => Self::ExpectDestroy,
        }
    }
}
