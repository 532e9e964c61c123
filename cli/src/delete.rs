//! `ctnetlink delete` and `ctnetlink flush`.

use crate::changes::change_each;
use crate::matcher::Matcher;
use crate::options::filter::Filter;
use crate::options::output::OutputOptions;
use crate::options::table::Table;
use crate::options::tuple::FamilyOption;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::error::Error;
use ctnetlink::request::{self, Selector};
use ctnetlink::{Expectation, Message, MessageBuf};

/// Delete the entries that match the filters and print them, like `conntrack -D`
///
/// The table `expect` can be filtered by --family, --proto, --src, --dst, --sport, --dport and
/// --zone, which apply to the tuple of the expected flow. Needs at least one filter;
/// `ctnetlink flush` deletes everything. Needs CAP_NET_ADMIN in the network namespace.
///
/// Counters are those of the moment before. The last line on standard error is `N entries deleted`
/// or `N expectations deleted`.
#[derive(clap::Args)]
pub(crate) struct Delete {
    /// Table to delete from
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    filter: Filter,
}

/// Delete all entries and print them, like `conntrack -F`
///
/// The last line on standard error is `N entries deleted` or `N expectations deleted`. Needs
/// CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Flush {
    /// Table to empty
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    family: FamilyOption,
}

pub(crate) fn run(args: &Delete) -> Result<Status, Stop> {
    let matcher = args.filter.matcher(&args.output.labelmap.read()?)?;
    if matcher == Matcher::default() {
        let problem = "expected a filter; `ctnetlink flush` deletes everything";
        return Err(Stop::Unusable(problem.to_owned()));
    }
    delete(args.table, &args.output, &matcher)
}

pub(crate) fn flush(args: &Flush) -> Result<Status, Stop> {
    let selector = Selector { family: args.family.family(), ..Selector::default() };
    delete(args.table, &args.output, &Matcher { selector, ..Matcher::default() })
}

fn delete(table: Table, output: &OutputOptions, matcher: &Matcher) -> Result<Status, Stop> {
    match table {
        Table::Conntrack => {
            let dump = request::dump(&matcher.for_kernel());
            delete_each(
                dump,
                output,
                "entries deleted",
                |message| matcher.matches(message),
                |message| request::delete(&message.conntrack()?),
            )
        }
        Table::Expect => {
            if !matcher.fits_expectations() {
                let problem = "--family, --proto, --src, --dst, --sport, --dport and --zone \
                               filter expectations; other options do not";
                return Err(Stop::Unusable(problem.to_owned()));
            }
            let dump = request::dump_expectations(matcher.selector.family);
            let matches = |message: &Message<'_>| {
                message.expectation().is_ok_and(|found| matcher.matches_expectation(&found))
            };
            delete_each(dump, output, "expectations deleted", matches, |message| {
                let Expectation { family, tuple, id, .. } = message.expectation()?;
                let zone = matcher.selector.zone;
                let key = Expectation { family, tuple, id, zone, ..Expectation::default() };
                request::delete_expectation(&key)
            })
        }
    }
}

fn delete_each(
    dump: MessageBuf,
    output: &OutputOptions,
    done: &str,
    matches: impl Fn(&Message<'_>) -> bool,
    request: impl Fn(&Message<'_>) -> Result<MessageBuf, Error>,
) -> Result<Status, Stop> {
    change_each(dump, output, done, matches, |socket, message, print| {
        socket.request(request(message)?)?;
        print(message);
        Ok(())
    })
}
