//! Times at which something is due.

use std::time::Duration;

/// Returns a duration in nanoseconds, at most the 584 years that fit.
pub(super) fn ns(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// A time after which something is due.
///
/// A clock that is set back before the start makes it due at once, because nobody knows how long it
/// would take otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    start: u64,
    interval: u64,
}

impl Timer {
    pub(super) const fn new(start: u64, interval: u64) -> Self {
        Self { start, interval }
    }

    pub(super) const fn is_due(self, now: u64) -> bool {
        now < self.start || now - self.start >= self.interval
    }

    pub(super) const fn end(self) -> u64 {
        self.start.saturating_add(self.interval)
    }
}
