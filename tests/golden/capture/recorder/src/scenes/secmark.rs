//! Security contexts, if a security module assigns them.

use super::{Done, dump, flush};
use crate::machine::{nft, run};
use crate::recorder::Recorder;
use crate::traffic::udp;

/// The contexts that exist without a policy, and the AppArmor profile of `qemu.sh`.
///
/// AppArmor has its unconfined label, and SELinux its initial contexts. The name of the profile is
/// such that a missing NUL changes the allocation size.
const CONTEXTS: [&str; 5] = ["unconfined", "recorded", "kernel", "unlabeled", "netmsg"];

pub(crate) fn secmark(r: &mut Recorder) -> Done {
    let mut reasons = Vec::new();
    for context in CONTEXTS {
        let rules = format!(
            "table inet contexts {{
  secmark context {{
    \"{context}\"
  }}
  chain output {{
    type filter hook output priority 0; policy accept;
    udp dport 5051 meta secmark set \"context\"
    udp dport 5051 ct secmark set meta secmark
    udp dport 5052 ct state established meta secmark set \"context\"
    udp dport 5052 ct state established ct secmark set meta secmark
  }}
}}"
        );
        if let Err(reason) = nft(&rules) {
            reasons.push(format!("{context}: {reason}"));
            continue;
        }
        for host in ["127.0.0.1", "[::1]"] {
            for port in [5051, 5052, 5053] {
                let [from, to] = [format!("{host}:{}", port + 1000), format!("{host}:{port}")];
                udp(&from, &to, b"secret", 3)?;
            }
        }
        r.settle()?;
        dump(r)?;
        run("nft delete table inet contexts")?;
        flush(r)?;
    }
    if reasons.len() < CONTEXTS.len() {
        reasons.iter().for_each(|reason| eprintln!("the context does not exist: {reason}"));
        return Ok(());
    }
    Err(reasons.join("; "))
}
