//! The scenes: the requests and packets that are recorded.

mod dying;
mod entries;
mod expectations;
mod helpers;
mod offload;
mod packets;
mod requests;
mod secmark;

use crate::recorder::{Recorder, built};
use ctnetlink::attrs::{CtattrType, Status};
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::wire::{Endian, RawAttr, Writer};
use ctnetlink::{Conntrack, Family};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

type Done = Result<(), String>;
type Scene = fn(&mut Recorder) -> Done;

/// All scenes in their order, beginning with the one that sets up the machine for the others.
pub(crate) const ALL: [(&str, Scene); 19] = [
    ("setup", packets::setup),
    ("zones", entries::zones),
    ("zones_of_packets", packets::zones),
    ("status", entries::status),
    ("labels", entries::labels),
    ("switches", entries::switches),
    ("expiry", entries::expiry),
    ("marks_of_packets", packets::marks),
    ("fragments_and_errors", packets::fragments_and_errors),
    ("secmark", secmark::secmark),
    ("user_space_helper", helpers::user_space_helper),
    ("expectations", expectations::over_netlink),
    ("ftp_and_tftp", expectations::of_packets),
    ("filters", requests::filters),
    ("refusals", requests::refusals),
    ("dying", dying::dying),
    ("unconfirmed", dying::unconfirmed),
    ("offload", offload::offload),
    ("full_table", packets::full_table),
];

const UDP: IpProto = IpProto::UDP;
const TCP: IpProto = IpProto::TCP;

/// Returns the address of one side of flow `n`.
fn address(family: Family, side: u8, n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    match family {
        Family::IPV6 => Ipv6Addr::new(0x2001, 0xdb8, side.into(), 0, 0, 0, 0x1111, n).into(),
        _ => Ipv4Addr::new(10, side, high, low).into(),
    }
}

/// Returns an entry with only the required attributes.
fn flow(family: Family, proto: IpProto, n: u16) -> Conntrack {
    let is_icmp = matches!(proto, IpProto::ICMP | IpProto::ICMPV6);
    let (request, answer) = if proto == IpProto::ICMP { (8, 0) } else { (128, 129) };
    let tuple = |src, dst, src_port, dst_port, icmp_type| Tuple {
        src: Some(address(family, src, n)),
        dst: Some(address(family, dst, n)),
        proto: Some(proto),
        src_port: (!is_icmp).then_some(src_port),
        dst_port: (!is_icmp).then_some(dst_port),
        icmp_id: is_icmp.then_some(n ^ 0x5a5a),
        icmp_type: is_icmp.then_some(icmp_type),
        icmp_code: is_icmp.then_some(0),
        ..Tuple::default()
    };
    Conntrack {
        family,
        orig: tuple(1, 2, 0x3100 + n, 0x4200 + n, request),
        reply: tuple(2, 1, 0x4200 + n, 0x3100 + n, answer),
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(1000 + u32::from(n)),
        ..Conntrack::default()
    }
}

/// Creates an entry, and returns `true` if the kernel accepts it.
fn create(r: &mut Recorder, ct: &Conntrack) -> Result<bool, String> {
    r.ask("reply", None, built(request::create(ct))?).map(|errno| errno == 0)
}

fn update(r: &mut Recorder, ct: &Conntrack) -> Done {
    r.ask("reply", Some("update"), built(request::update(ct))?).map(drop)
}

fn get(r: &mut Recorder, ct: &Conntrack) -> Done {
    r.ask("get", Some("get"), request::get(ct)).map(drop)
}

fn delete(r: &mut Recorder, ct: &Conntrack) -> Done {
    r.ask("reply", Some("delete"), built(request::delete(ct))?).map(drop)
}

fn dump(r: &mut Recorder) -> Done {
    r.ask("dump", Some("dump"), request::dump(&Selector::default())).map(drop)
}

fn flush(r: &mut Recorder) -> Done {
    r.settle()?;
    r.ask("reply", Some("flush"), request::flush(&Selector::default()))?;
    r.settle()
}

/// Appends an attribute of any length, including invalid lengths.
fn put_bytes(out: &mut Writer<'_, CtattrType>, number: u16, payload: &[u8]) {
    let padding = [0; 3];
    let len = payload.len().next_multiple_of(4) - payload.len();
    out.put_raw(&RawAttr {
        offset: 0,
        nla_type: number,
        endian: Endian::NATIVE,
        payload,
        padding: padding.get(..len).unwrap_or_default(),
    });
}
