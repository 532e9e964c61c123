//! The metrics of `log`, for monitoring systems.

use crate::stop::Stop;
use ctnetlink::Kind;
use ctnetlink_flow::Flow;
use ctnetlink_flow::export::Counts;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::thread;
use tiny_http::{Header, Request, Response, Server};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;

/// Values that another thread sends to whoever asks.
pub(crate) struct Metrics {
    events: Counter,
    losses: Counter,
    dropped: Counter,
    outputs: Vec<OutputMetrics>,
    durations: Family<Labels, Histogram>,
    /// The histogram of each protocol, for which no label has to be made.
    by_protocol: BTreeMap<Option<u8>, Histogram>,
}

/// The values of a destination.
struct OutputMetrics {
    records: Counter,
    bytes: Counter,
    messages: Counter,
    not_sent: Counter,
    waiting: Gauge,
    lag_from_stop: Histogram,
    lag_from_event: Histogram,
    /// The flow whose lag is being measured.
    sample: Option<Sample>,
}

/// A flow that waits to be sent.
struct Sample {
    /// The number of records after which it has been sent.
    position: u64,
    stop: Option<u64>,
    event: Option<u64>,
}

impl Metrics {
    /// Starts the server, and creates the values of these destinations.
    pub(crate) fn start(address: SocketAddr, outputs: &[&str]) -> Result<Self, Stop> {
        let server = Server::http(address)
            .map_err(|error| Stop::Unusable(format!("--metrics {address}: {error}")))?;
        let mut registry = Registry::with_prefix("ctnetlink");
        let metrics = Self::register(&mut registry, outputs);
        thread::spawn(move || {
            for request in server.incoming_requests() {
                answer(request, &registry);
            }
        });
        Ok(metrics)
    }

    fn register(registry: &mut Registry, outputs: &[&str]) -> Self {
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let events = counter(registry, "events", "Events that were read");
        let losses = counter(registry, "losses", "Times that the receive buffer was full");
        let dropped = counter(registry, "dropped_events", "Events that the kernel dropped");
        let durations = Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        registry.register_with_unit(
            "flow_duration",
            "Time from start to stop of the flows that ended",
            Unit::Seconds,
            durations.clone(),
        );
        let counters = |registry: &mut Registry, name: &str, help: &str| {
            let family = Family::<Labels, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let records = counters(registry, "records", "Records that were sent");
        let bytes = counters(registry, "bytes", "Bytes that were sent");
        let messages = counters(registry, "messages", "Messages that were sent");
        let not_sent = counters(registry, "records_not_sent", "Records that could not be sent");
        let waiting = Family::<Labels, Gauge>::default();
        registry.register("records_waiting", "Records that wait to be sent", waiting.clone());
        let lag = Family::new_with_constructor(lag_histogram as fn() -> Histogram);
        registry.register_with_unit(
            "lag",
            "Time until a record was sent, of a sample of flows, since the stop of the flow or since \
             the event of the kernel",
            Unit::Seconds,
            lag.clone(),
        );
        let outputs = outputs.iter().map(|name| {
            let labels = vec![("destination", (*name).to_owned())];
            let since = |what: &str| [labels.clone(), vec![("since", what.to_owned())]].concat();
            OutputMetrics {
                records: records.get_or_create_owned(&labels),
                bytes: bytes.get_or_create_owned(&labels),
                messages: messages.get_or_create_owned(&labels),
                not_sent: not_sent.get_or_create_owned(&labels),
                waiting: waiting.get_or_create_owned(&labels),
                lag_from_stop: lag.get_or_create_owned(&since("stop")),
                lag_from_event: lag.get_or_create_owned(&since("event")),
                sample: None,
            }
        });
        let outputs = outputs.collect();
        Self { events, losses, dropped, outputs, durations, by_protocol: BTreeMap::new() }
    }

    /// Counts an event.
    pub(crate) fn event(&mut self, flow: &Flow<'_>) {
        self.events.inc();
        let duration = flow.entry.timestamp.duration();
        let (Kind::Destroy, Some(duration)) = (flow.message.kind(), duration) else { return };
        let proto = flow.entry.orig.proto;
        let histogram = self.by_protocol.entry(proto.map(|proto| proto.0)).or_insert_with(|| {
            let name = proto.map_or_else(String::new, |proto| proto.to_string());
            self.durations.get_or_create_owned(&vec![("protocol", name)])
        });
        histogram.observe(duration.as_secs_f64());
    }

    /// Returns `true` if a sample of a destination's flows may begin.
    pub(crate) fn wants_sample(&self, output: usize) -> bool {
        self.outputs.get(output).is_some_and(|output| output.sample.is_none())
    }

    /// Begins to measure the lag of a flow that was given to a destination.
    pub(crate) fn sample(&mut self, output: usize, flow: &Flow<'_>, counts: &Counts) {
        if let (Some(output), true) = (self.outputs.get_mut(output), counts.waiting > 0) {
            output.sample = Some(Sample {
                position: counts.records + counts.not_sent + counts.waiting,
                stop: flow.entry.timestamp.stop,
                event: flow.entry.timestamp_event,
            });
        }
    }

    /// Publishes what a destination has sent.
    pub(crate) fn update(&mut self, output: usize, counts: &Counts, now: u64) {
        let Some(output) = self.outputs.get_mut(output) else { return };
        set(&output.records, counts.records);
        set(&output.bytes, counts.bytes);
        set(&output.messages, counts.messages);
        set(&output.not_sent, counts.not_sent);
        output.waiting.set(counts.waiting.try_into().unwrap_or(i64::MAX));
        let is_sent = |sample: &mut Sample| counts.records + counts.not_sent >= sample.position;
        if let Some(sample) = output.sample.take_if(is_sent) {
            let lag = |since: u64| now.saturating_sub(since) as f64 / 1e9;
            if let Some(stop) = sample.stop {
                output.lag_from_stop.observe(lag(stop));
            }
            if let Some(event) = sample.event {
                output.lag_from_event.observe(lag(event));
            }
        }
    }

    /// Publishes what the kernel has dropped.
    pub(crate) fn update_losses(&self, losses: u64, dropped: u64) {
        set(&self.losses, losses);
        set(&self.dropped, dropped);
    }
}

/// Sets a counter that something else counts.
fn set(counter: &Counter, value: u64) {
    counter.inner().store(value, Ordering::Relaxed);
}

/// From a millisecond to three days.
fn duration_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 15))
}

/// From 0.1 ms to seven minutes.
fn lag_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 12))
}

fn answer(request: Request, registry: &Registry) {
    let mut text = String::new();
    // An error is that of a client that has gone.
    let _ = match request.url() {
        "/metrics" if encode(&mut text, registry).is_ok() => {
            let header = Header::from_bytes("Content-Type", CONTENT_TYPE);
            let response = Response::from_string(text);
            request.respond(match header {
                Ok(header) => response.with_header(header),
                Err(()) => response,
            })
        }
        "/metrics" => request.respond(Response::empty(500)),
        _ => request.respond(Response::empty(404)),
    };
}
