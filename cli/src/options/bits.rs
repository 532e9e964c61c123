//! Marks and status bits on the command line.

use crate::options::number::number;
use ctnetlink::attrs::Status;

/// A value under a mask.
pub(crate) type Masked<T> = (T, T);

/// Parses a mark, with a full mask if there is none.
pub(crate) fn mark(text: &str) -> Result<Masked<u32>, String> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    match (number(value), number(mask)) {
        (Ok(value), Ok(mask)) => Ok((value, mask)),
        _ => Err("expected VALUE or VALUE/MASK".into()),
    }
}

/// Parses status bits, separated by commas.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    text.split(',').map(status_bits).collect()
}

/// Parses status bits, separated by commas, which must be set, and `UNREPLIED`: not `SEEN_REPLY`.
pub(crate) fn masked_status(text: &str) -> Result<Masked<Status>, String> {
    let (mut set, mut unset) = (Status::empty(), Status::empty());
    for word in text.split(',') {
        match word.eq_ignore_ascii_case("UNREPLIED") {
            true => unset |= Status::SEEN_REPLY,
            false => set |= status_bits(word)?,
        }
    }
    if set.intersects(unset) {
        return Err("no entry is UNREPLIED and has SEEN_REPLY".into());
    }
    Ok((set, set | unset))
}

fn status_bits(word: &str) -> Result<Status, String> {
    Status::from_name(&word.to_ascii_uppercase())
        .or_else(|| number(word).ok().map(Status::from_bits_retain))
        .ok_or_else(|| format!("unknown status bit `{word}`"))
}
