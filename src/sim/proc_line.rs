//! Lines of `/proc/net/nf_conntrack`: `ct_seq_show` of `nf_conntrack_standalone.c`.

use super::fill_info::seconds_left;
use super::nf_conn::{L4State, NfConn, NfConnCounter, NfConntrackTuple, ZoneDir};
use crate::attrs::Status;
use crate::kernel::{Kernel, L4Proto};
use crate::nested::IpProto;
use alloc::string::String;
use core::fmt::{self, Write};
use core::net::IpAddr;

/// The way to compute `delta-time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeltaTime {
    /// The way of every release: whole seconds since the start, at least 0, and nothing without
    /// timestamps.
    #[default]
    Released,
    /// The way of the patch that added timestamps (a992ca2a0498), before 2.6.39: without a sign.
    ///
    /// Without timestamps the number is 18446744073709551615, and nearly as large after the clock was
    /// set back. No release has it.
    AsPosted,
}

/// The state of a process that reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtSeq {
    /// `time_now`: nanoseconds since the Unix epoch.
    ///
    /// The lines that one read(2) returns share it, and a long file needs many calls.
    pub time_now: u64,
    /// The kernel's time at the line, in jiffies.
    pub jiffies: u64,
    /// The way to compute `delta-time`.
    pub delta_time: DeltaTime,
}

/// Returns the line of one entry, with its newline.
///
/// `use` includes the reference of the reader, so that it is one more than in a dump.
#[must_use]
pub fn ct_seq_show(kernel: &Kernel, ct: &NfConn, seq: &CtSeq) -> String {
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = show(kernel, ct, seq, &mut line);
    line
}

fn show(kernel: &Kernel, ct: &NfConn, seq: &CtSeq, out: &mut String) -> fmt::Result {
    let release = kernel.release;
    let [orig, reply] = &ct.tuple;
    let has_offload = release.has_offload() && ct.status.contains(Status::OFFLOAD);
    let (family, protonum) = (ct.l3num(), ct.protonum());
    let l4name = l4proto_name(kernel, protonum);
    write!(out, "{:<8} {} {:<8} {} ", family, family.0, l4name, protonum.0)?;
    if !has_offload {
        let left = seconds_left(&kernel_with_sign(kernel), ct.timeout, seq.jiffies);
        write!(out, "{left} ")?;
    }
    print_conntrack(kernel, ct, has_offload, out)?;

    print_tuple(kernel, orig, out)?;
    show_zone(kernel, ct, ZoneDir::Orig, out)?;
    let [counted_orig, counted_reply] = ct.acct.map_or([None; 2], |acct| acct.map(Some));
    seq_print_acct(counted_orig, out)?;
    if !ct.status.contains(Status::SEEN_REPLY) {
        out.write_str("[UNREPLIED] ")?;
    }
    print_tuple(kernel, reply, out)?;
    show_zone(kernel, ct, ZoneDir::Reply, out)?;
    seq_print_acct(counted_reply, out)?;

    if release.has_hw_offload() && ct.status.contains(Status::HW_OFFLOAD) {
        out.write_str("[HW_OFFLOAD] ")?;
    } else if has_offload {
        out.write_str("[OFFLOAD] ")?;
    } else if ct.status.contains(Status::ASSURED) {
        out.write_str("[ASSURED] ")?;
    }
    if kernel.config.mark {
        write!(out, "mark={} ", ct.mark)?;
    }
    if let Some(context) = ct.secctx.as_ref().filter(|_| kernel.config.secmark) {
        write!(out, "secctx={} ", context.name)?;
    }
    show_zone(kernel, ct, ZoneDir::Both, out)?;
    ct_show_delta_time(kernel, ct, seq, out)?;
    writeln!(out, "use={}", ct.use_count.wrapping_add(1))
}

/// Returns the kernel without the mistake of dumps up to Linux 3.1, because the file is signed.
fn kernel_with_sign(kernel: &Kernel) -> Kernel {
    Kernel { release: kernel.release.max(crate::kernel::Release::new(3, 2, 0)), ..*kernel }
}

fn l4proto_name(kernel: &Kernel, protonum: IpProto) -> &'static str {
    match (kernel.l4proto(protonum), protonum.name()) {
        (L4Proto::Icmpv6, _) if !kernel.release.proc_names_icmpv6() => "unknown",
        (L4Proto::Generic, _) | (_, None) => "unknown",
        (_, Some(name)) => name,
    }
}

/// Writes the state of a protocol by name.
fn print_conntrack(
    kernel: &Kernel,
    ct: &NfConn,
    has_offload: bool,
    out: &mut String,
) -> fmt::Result {
    if kernel.l4proto(ct.protonum()) != L4Proto::Ports {
        return Ok(());
    }
    match ct.proto {
        L4State::Tcp { .. } if has_offload => Ok(()),
        L4State::Tcp { state, .. } => write!(out, "{state} "),
        L4State::Sctp { state, .. } => write!(out, "{state} "),
        L4State::Dccp { state, .. } => write!(out, "{state} "),
        L4State::Gre { timeout, stream_timeout } => {
            write!(out, "timeout={timeout}, stream_timeout={stream_timeout} ")
        }
        L4State::None => Ok(()),
    }
}

fn print_tuple(kernel: &Kernel, tuple: &NfConntrackTuple, out: &mut String) -> fmt::Result {
    for (name, addr) in [("src", tuple.src), ("dst", tuple.dst)] {
        match addr {
            IpAddr::V4(addr) => write!(out, "{name}={addr} ")?,
            // The kernel's %pI6 prints all digits of all groups.
            IpAddr::V6(addr) => {
                let [a, b, c, d, e, f, g, h] = addr.segments();
                write!(out, "{name}={a:04x}:{b:04x}:{c:04x}:{d:04x}")?;
                write!(out, ":{e:04x}:{f:04x}:{g:04x}:{h:04x} ")?;
            }
        }
    }
    let NfConntrackTuple { protonum, src_id, dst_id, .. } = *tuple;
    match kernel.l4proto(protonum) {
        L4Proto::Ports if protonum == IpProto::GRE => {
            write!(out, "srckey={src_id:#x} dstkey={dst_id:#x} ")
        }
        L4Proto::Ports => write!(out, "sport={src_id} dport={dst_id} "),
        L4Proto::Icmp | L4Proto::Icmpv6 => {
            let [ty, code] = dst_id.to_be_bytes();
            write!(out, "type={ty} code={code} id={src_id} ")
        }
        L4Proto::Generic => Ok(()),
    }
}

fn seq_print_acct(counter: Option<NfConnCounter>, out: &mut String) -> fmt::Result {
    match counter {
        Some(NfConnCounter { packets, bytes }) => write!(out, "packets={packets} bytes={bytes} "),
        None => Ok(()),
    }
}

/// Writes the zone of a direction, also if it is 0 and of both directions.
fn show_zone(kernel: &Kernel, ct: &NfConn, place: ZoneDir, out: &mut String) -> fmt::Result {
    let has_direction = kernel.release.zones_have_direction();
    let dir = if has_direction { ct.zone.dir } else { ZoneDir::Both };
    if !kernel.config.zones || dir != place {
        return Ok(());
    }
    let name = match place {
        ZoneDir::Both => "zone",
        ZoneDir::Orig => "zone-orig",
        ZoneDir::Reply => "zone-reply",
    };
    write!(out, "{name}={} ", ct.zone.id)
}

/// Writes the seconds from the start to the time of the read(2), since Linux 2.6.39.
fn ct_show_delta_time(kernel: &Kernel, ct: &NfConn, seq: &CtSeq, out: &mut String) -> fmt::Result {
    const NSEC_PER_SEC: u64 = 1_000_000_000;
    if !kernel.has_timestamp() {
        return Ok(());
    }
    let start = ct.nf_conn_tstamp_find().map(|tstamp| tstamp.start);
    let delta_time = match (seq.delta_time, start) {
        (DeltaTime::Released, None) => return Ok(()),
        (DeltaTime::Released, Some(start)) => seq.time_now.saturating_sub(start) / NSEC_PER_SEC,
        (DeltaTime::AsPosted, None) => u64::MAX,
        (DeltaTime::AsPosted, Some(start)) => seq.time_now.wrapping_sub(start) / NSEC_PER_SEC,
    };
    write!(out, "delta-time={delta_time} ")
}
