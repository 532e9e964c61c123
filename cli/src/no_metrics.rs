//! What `log` uses instead of metrics if the program was built without them.

use ctnetlink_flow::Flow;
use ctnetlink_flow::export::Counts;

/// A type without values.
pub(crate) enum Metrics {}

impl Metrics {
    pub(crate) fn event(&mut self, _: &Flow<'_>) {
        match *self {}
    }

    pub(crate) fn wants_sample(&self, _: usize) -> bool {
        match *self {}
    }

    pub(crate) fn sample(&mut self, _: usize, _: &Flow<'_>, _: &Counts) {
        match *self {}
    }

    pub(crate) fn update(&mut self, _: usize, _: &Counts, _: u64) {
        match *self {}
    }

    pub(crate) fn update_losses(&self, _: u64, _: u64) {
        match *self {}
    }
}
