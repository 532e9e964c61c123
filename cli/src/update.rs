//! `ctnetlink update`.

use crate::changes::{Failure, change_each};
use crate::options::filter::FlowFilter;
use crate::options::labels::label_bits;
use crate::options::output::OutputOptions;
use crate::options::values::{Values, change_labels};
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::request;
use ctnetlink::{Conntrack, Message};
use std::ops::ControlFlow;

/// Change the entries that match the filters and print them, like `conntrack -U`
///
/// --mark, --timeout, --status and --state are the new values, not filters. The last line on
/// standard error is `N entries updated`. Needs CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    filter: FlowFilter,
    #[command(flatten)]
    values: Values,
    /// Labels to remove, by number or by the names in --labelmap; without a value, all labels
    #[arg(long, value_name = "LABEL", value_delimiter = ',', num_args = 0.., help_heading = "Values")]
    label_del: Option<Vec<String>>,
}

pub(crate) fn run(args: &Update) -> Result<Status, Stop> {
    let names = args.output.labelmap.read()?;
    let set = args.values.labels(&names)?;
    let clear = match &args.label_del {
        None => 0,
        Some(labels) if labels.is_empty() => u128::MAX,
        Some(labels) => label_bits(labels, &names)?,
    };
    if args.values.is_empty() && args.label_del.is_none() {
        let problem = "expected a new value, such as --mark or --timeout";
        return Err(Stop::Unusable(problem.to_owned()));
    }
    let matcher = args.filter.matcher(&names)?;
    let dump = request::dump(&matcher.for_kernel());
    let matches = |message: &Message<'_>| matcher.matches(message);
    change_each(dump, &args.output, "entries updated", matches, |socket, message, print| {
        let entry = message.conntrack()?;
        let key = Conntrack {
            family: entry.family,
            orig: entry.orig,
            zone: entry.zone,
            ..Conntrack::default()
        };
        let mut change = key.clone();
        args.values.set(&entry, &mut change).map_err(Failure::Refused)?;
        change_labels(set, clear, &mut change);
        socket.request(request::update(&change)?)?;
        socket.exchange(request::get(&key), |message| {
            print(&message);
            ControlFlow::Continue(())
        })?;
        Ok(())
    })
}
