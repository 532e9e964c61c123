//! Options for the values of an entry, under the names of conntrack(8).

use crate::options::bits::{Masked, mark, status};
use crate::options::labels::label_bits;
use crate::options::number::number;
use crate::options::state::State;
use crate::stop::Stop;
use ctnetlink::Conntrack;
use ctnetlink::attrs::Status;
use ctnetlink::flat::{Labels, ProtoInfo};
use ctnetlink::format::text::LabelMap;
use ctnetlink::nested::IpProto;

#[derive(clap::Args)]
#[command(next_help_heading = "Values")]
pub(crate) struct Values {
    /// Seconds until the entry expires
    #[arg(short, long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u32>,
    /// Mark; with VALUE/MASK, the bits of MASK are cleared and those of VALUE inverted
    #[arg(short, long, value_name = "VALUE[/MASK]", value_parser = mark)]
    mark: Option<Masked<u32>>,
    /// Status bits to set, such as ASSURED,SEEN_REPLY, or a number
    #[arg(short = 'u', long, value_parser = status)]
    status: Option<Status>,
    /// State of TCP or SCTP, such as ESTABLISHED
    #[arg(long)]
    state: Option<State>,
    /// SCTP verification tag of the original direction
    #[arg(long, value_name = "TAG", value_parser = number::<u32>, requires = "state")]
    orig_vtag: Option<u32>,
    /// SCTP verification tag of the reply direction
    #[arg(long, value_name = "TAG", value_parser = number::<u32>, requires = "state")]
    reply_vtag: Option<u32>,
    /// Labels to set, by number or by the names in --labelmap
    ///
    /// The kernel ignores labels unless a rule uses labels.
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    label_add: Vec<String>,
}

impl Values {
    /// Returns the labels of `--label-add`, one bit each.
    pub(crate) fn labels(&self, names: &LabelMap) -> Result<u128, Stop> {
        label_bits(&self.label_add, names)
    }

    /// Returns `true` if no value was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.timeout.is_none()
            && self.mark.is_none()
            && self.status.is_none()
            && self.state.is_none()
            && self.label_add.is_empty()
    }

    /// Adds the values except for the labels to a request about the entry `old`.
    ///
    /// # Errors
    ///
    /// Returns an error if the protocol of the entry does not have the state.
    pub(crate) fn set(&self, old: &Conntrack, request: &mut Conntrack) -> Result<(), String> {
        request.timeout = self.timeout;
        request.mark = self.mark.map(|(value, _)| value);
        // Old kernels do not know the mask.
        let mask = self.mark.map(|(_, mask)| mask).filter(|&mask| mask != u32::MAX);
        request.rare_mut().mark_mask = mask;
        request.status = self.status.map(|bits| {
            // The kernel rejects a status without a bit that the entry has.
            old.status.unwrap_or_default() | bits | Status::CONFIRMED
        });
        if let Some(state) = self.state {
            request.protoinfo = Some(self.protoinfo(state, old)?);
        }
        Ok(())
    }

    fn protoinfo(&self, state: State, old: &Conntrack) -> Result<ProtoInfo, String> {
        let proto = old.orig.proto.unwrap_or(IpProto(0));
        let mut protoinfo = state
            .protoinfo(proto)
            .ok_or_else(|| format!("protocol {proto} does not have the state of --state"))?;
        if let ProtoInfo::Sctp(sctp) = &mut protoinfo {
            // The kernel needs all three.
            let [orig, reply] = match &old.protoinfo {
                Some(ProtoInfo::Sctp(old)) => [old.vtag_original, old.vtag_reply],
                _ => [None, None],
            };
            sctp.vtag_original = self.orig_vtag.or(orig).or(Some(0));
            sctp.vtag_reply = self.reply_vtag.or(reply).or(Some(0));
        }
        Ok(protoinfo)
    }
}

/// Adds a change of labels to a request: those in `clear` are removed, then those in `set` are added.
pub(crate) fn change_labels(set: u128, clear: u128, request: &mut Conntrack) {
    if set | clear != 0 {
        request.labels = Some(Labels::from_bits(set));
        request.rare_mut().labels_mask = Some(Labels::from_bits(set | clear));
    }
}
