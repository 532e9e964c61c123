//! Statistics of the export, as options records.

use super::element::Element;
use super::record::Fields;
use super::time::unix_ms;

/// The counts that a collector needs to know what it did not receive.
///
/// They count from the start of the program. [`Encoder::push_statistics`](super::Encoder::push_statistics)
/// sends them in observation domain 0, because some collectors do not count such records as part of
/// the sequence of flow records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The number of messages that were sent.
    pub messages: u64,
    /// The number of bytes in these messages, headers included.
    pub bytes: u64,
    /// The number of flow records in these messages.
    pub records: u64,
    /// The number of flows that ended, sent or not.
    pub observed: u64,
    /// The number of flows whose records were lost.
    ///
    /// The kernel dropped the event, or the exporter could not send the record.
    pub not_sent: u64,
    /// The time before which nothing was lost, in nanoseconds since the Unix epoch.
    pub first_loss: u64,
    /// The time of the newest loss, in nanoseconds since the Unix epoch.
    pub last_loss: u64,
    /// The number of the exporting process, such as its process id.
    pub process: u32,
}

/// The template of what was sent.
pub(super) const SENT: u16 = 512;
/// The template of what was not sent.
pub(super) const NOT_SENT: u16 = 513;

/// Puts the metering process statistics of a domain.
pub(super) fn sent(statistics: &Statistics, domain: u32, out: &mut impl Fields) {
    out.put(Element::OBSERVATION_DOMAIN_ID, domain.to_be_bytes());
    out.put(Element::EXPORTED_MESSAGE_TOTAL_COUNT, statistics.messages.to_be_bytes());
    out.put(Element::EXPORTED_FLOW_RECORD_TOTAL_COUNT, statistics.records.to_be_bytes());
    out.put(Element::EXPORTED_OCTET_TOTAL_COUNT, statistics.bytes.to_be_bytes());
    out.put(Element::OBSERVED_FLOW_TOTAL_COUNT, statistics.observed.to_be_bytes());
}

/// Puts the exporting process reliability statistics.
pub(super) fn not_sent(statistics: &Statistics, out: &mut impl Fields) {
    out.put(Element::EXPORTING_PROCESS_ID, statistics.process.to_be_bytes());
    out.put(Element::NOT_SENT_FLOW_TOTAL_COUNT, statistics.not_sent.to_be_bytes());
    out.put(Element::NOT_SENT_PACKET_TOTAL_COUNT, 0_u64.to_be_bytes());
    out.put(Element::NOT_SENT_OCTET_TOTAL_COUNT, 0_u64.to_be_bytes());
    out.put(Element::FLOW_START_MILLISECONDS, unix_ms(statistics.first_loss).to_be_bytes());
    out.put(Element::FLOW_END_MILLISECONDS, unix_ms(statistics.last_loss).to_be_bytes());
}
