//! Reduces a sequence of steps that leads to a difference.

use crate::compare::Difference;
use crate::generate::Step;
use crate::namespace::say;
use crate::probe::Machine;
use crate::run::Run;
use std::time::{Duration, Instant};

/// The maximum duration of the reduction.
const PATIENCE: Duration = Duration::from_secs(60);

/// Removes steps and attributes as long as the kernels differ.
///
/// The function removes many steps at a time, then single steps, and then attributes of the remaining
/// steps. If the difference does not occur again, the steps are returned unchanged.
pub(crate) fn shrink(
    machine: &mut Machine,
    mut steps: Vec<Step>,
    mut difference: Difference,
) -> (Vec<Step>, Difference) {
    let start_of_all = Instant::now();
    if Run::all(machine, &steps).is_ok() {
        say("differential: the difference does not occur again with the same steps");
        return (steps, difference);
    }
    let mut size = steps.len().div_ceil(2);
    while start_of_all.elapsed() < PATIENCE {
        let mut start = 0;
        let before = steps.len();
        while start < steps.len() && start_of_all.elapsed() < PATIENCE {
            let mut fewer = steps.clone();
            fewer.drain(start..(start + size).min(steps.len()));
            match Run::all(machine, &fewer) {
                Err(still) => (steps, difference) = (fewer, still),
                Ok(_) => start += size,
            }
        }
        if size == 1 && steps.len() == before {
            break;
        }
        size = size.div_ceil(2).max(1);
    }
    for n in 0..steps.len() {
        for part in 0..PARTS {
            let mut simpler = steps.clone();
            simplify(&mut simpler[n], part);
            if let Err(still) = Run::all(machine, &simpler) {
                (steps, difference) = (simpler, still);
            }
        }
    }
    (steps, difference)
}

const PARTS: usize = 13;

/// Removes one part of a request.
fn simplify(step: &mut Step, part: usize) {
    let (Step::New(_, ct) | Step::Expired(ct)) = step else { return };
    match part {
        0 => ct.status = None,
        1 => ct.protoinfo = None,
        2 => ct.help = Default::default(),
        3 => ct.rare_mut().nat_src = Default::default(),
        4 => ct.rare_mut().nat_dst = Default::default(),
        5 => (ct.mark, ct.rare_mut().mark_mask) = (None, None),
        6 => ct.rare_mut().mark_mask = None,
        7 => ct.seq_adj_orig = Default::default(),
        8 => ct.seq_adj_reply = Default::default(),
        9 => (ct.labels, ct.rare_mut().labels_mask) = (None, None),
        10 => ct.rare_mut().labels_mask = None,
        11 => ct.synproxy = Default::default(),
        _ => ct.master = Default::default(),
    }
}
