//! `ctnetlink create`.

use crate::options::expectation::ExpectationOptions;
use crate::options::labels::LabelMapOption;
use crate::options::nat::{NatOptions, NatTarget};
use crate::options::tuple::{TupleOptions, filled, require_complete};
use crate::options::values::{Values, change_labels};
use crate::status::{self, Status};
use crate::stop::Stop;
use clap::Subcommand;
use ctnetlink::flat::{NatRange, PortRange, ProtoInfo, Rare, Tuple};
use ctnetlink::nested::{TcpFlags, TcpFlagsMask};
use ctnetlink::request;
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, MessageBuf};

/// Create an entry or an expectation, like `conntrack -I`
///
/// An entry needs --timeout, --proto, both addresses of one direction, and the ports of that
/// direction or the ICMP type and code. The other direction is the reverse of that one where its
/// own options do not say otherwise; the kernel applies --src-nat and --dst-nat to it. Needs
/// CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Create {
    #[command(subcommand)]
    table: Option<Table>,
    /// Succeed without a change if the entry exists, like `conntrack -A`
    #[arg(short = 'A', long)]
    add: bool,
    #[command(flatten)]
    labelmap: LabelMapOption,
    #[command(flatten)]
    tuples: TupleOptions,
    #[command(flatten)]
    nat: NatOptions,
    #[command(flatten)]
    values: Values,
}

#[derive(Subcommand)]
enum Table {
    #[command(after_help = status::help())]
    Expect(ExpectationOptions),
}

pub(crate) fn run(args: &Create) -> Result<Status, Stop> {
    let (request, what) = match &args.table {
        Some(Table::Expect(expectation)) => (expectation.request()?, "expectation"),
        None => (args.request()?, "entry"),
    };
    match Socket::open()?.request(request) {
        Ok(_) => eprintln!("1 {what} created"),
        Err(error) if error.is_already_exists() && args.add => eprintln!("0 entries created"),
        Err(error) if error.is_already_exists() => {
            return Err(Stop::Unusable(format!("the {what} exists")));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Status::Done)
}

impl Create {
    fn request(&self) -> Result<MessageBuf, Stop> {
        let (orig, reply) = (self.tuples.orig.tuple(), self.tuples.reply());
        let orig_complete = filled(&orig, &reply.reversed());
        require_complete(&orig_complete)?;
        if self.values.timeout.is_none() {
            return Err(Stop::Unusable("expected --timeout".to_owned()));
        }
        let mut entry = Conntrack {
            family: self.tuples.family()?,
            reply: Tuple {
                zone: self.tuples.reply_zone,
                ..filled(&reply, &orig_complete.reversed())
            },
            orig: Tuple { zone: self.tuples.orig_zone, ..orig_complete },
            zone: self.tuples.orig.zone,
            rare: Rare {
                nat_src: nat("--src-nat", self.nat.src_nat)?,
                nat_dst: nat("--dst-nat", self.nat.dst_nat)?,
                ..Rare::default()
            }
            .into(),
            ..Conntrack::default()
        };
        let old = Conntrack { orig: entry.orig, ..Conntrack::default() };
        self.values.set(&old, &mut entry).map_err(Stop::Unusable)?;
        if let Some(ProtoInfo::Tcp(tcp)) = &mut entry.protoinfo {
            // The kernel has not seen the handshake: it does not know the window.
            let flags = TcpFlags::BE_LIBERAL | TcpFlags::SACK_PERM;
            let flags = Some(TcpFlagsMask { flags, mask: flags });
            (tcp.flags_original, tcp.flags_reply) = (flags, flags);
        }
        change_labels(self.values.labels(&self.labelmap.read()?)?, 0, &mut entry);
        Ok(request::create(&entry)?)
    }
}

fn nat(option: &str, target: Option<Option<NatTarget>>) -> Result<NatRange, Stop> {
    match target {
        None => Ok(NatRange::default()),
        Some(None) => Err(Stop::Unusable(format!("expected an address for {option}"))),
        Some(Some(NatTarget { address, port })) => Ok(NatRange {
            min_ip: Some(address),
            max_ip: None,
            ports: PortRange { min: port, max: None },
        }),
    }
}
