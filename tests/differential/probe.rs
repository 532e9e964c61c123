//! Determines the release, the configuration and the features of the running kernel.

use crate::generate::Abilities;
use crate::namespace::{nft, skip};
use crate::socket::{Answer, Netlink};
use ctnetlink::flat::{Help, Layout, NatRange, Rare, Tuple};
use ctnetlink::kernel::{Arch, Config, Kernel};
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::sim::Helper;
use ctnetlink::wire::NlmFlags;
use ctnetlink::{Conntrack, Family, Message, MessageBuf, MessageBuilder, MsgType};
use std::fmt;

/// The groups of NEW, UPDATE and DESTROY events of entries, and NEW and DESTROY events of expectations.
const GROUPS: [u32; 5] = [1, 2, 3, 4, 6];

/// The namespace of the test, and the features of its kernel.
pub(crate) struct Machine {
    pub(crate) asks: Netlink,
    pub(crate) hears: Netlink,
    pub(crate) can: Abilities,
    release: String,
    seq: u32,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linux {}, {}", self.release, self.can.kernel.arch.name)
    }
}

impl Machine {
    pub(crate) fn open() -> Result<Self, String> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_err(|error| format!("/proc/sys/kernel/osrelease: {error}"))?;
        let release = release.trim().to_owned();
        let arch = match std::env::consts::ARCH {
            "aarch64" => Arch::ARM64,
            name => name.parse().map_err(|_| format!("architecture {name} is not simulated"))?,
        };
        let number = release.parse().map_err(|error| format!("Linux {release}: {error}"))?;
        let no_socket = |error| format!("no NETLINK_NETFILTER socket: {error}");
        let asks = Netlink::open(&[]).map_err(no_socket)?;
        let hears = Netlink::open(&GROUPS).map_err(no_socket)?;
        let kernel = Kernel { arch, ..Kernel::new(number) };
        let can = Abilities { kernel, helpers: Helper::in_tree(), labels_used: false };
        let mut machine = Self { asks, hears, can, release, seq: 0 };
        let probe = machine.acked(request::stats());
        if probe.errno != 0 {
            return Err(format!("ctnetlink returns errno {}", probe.errno));
        }
        machine.probe()?;
        Ok(machine)
    }

    pub(crate) fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    pub(crate) fn acked(&mut self, request: MessageBuf) -> Answer {
        let mut bytes = request.with_seq(self.next_seq()).into_bytes();
        let flags = u16::from_ne_bytes([bytes[6], bytes[7]]) | NlmFlags::ACK.bits();
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        let endian = ctnetlink::wire::Endian::NATIVE;
        let request = Message::parse_with(&bytes, endian).unwrap().to_buf();
        self.asks.ask(&request)
    }

    /// Creates an entry, reads it back and deletes it.
    ///
    /// # Errors
    ///
    /// Returns the errno if the kernel rejects the entry.
    fn try_one(&mut self, ct: &Conntrack) -> Result<Conntrack, i32> {
        let created = self.acked(request::create(ct).unwrap()).errno;
        if created != 0 {
            return Err(created);
        }
        let answer = self.acked(request::get(ct));
        let reply = Message::parse(&answer.datagrams[0]);
        let got = Conntrack::try_from(reply.unwrap()).unwrap();
        self.acked(request::delete(ct).unwrap());
        Ok(got)
    }

    fn probe(&mut self) -> Result<(), String> {
        let distribution = Config::DISTRIBUTION;
        let plain = probe_flow(IpProto::TCP);
        let has = |answer: Result<Conntrack, i32>| answer.is_ok();
        sysctl("acct", 1).map_err(|error| format!("counters: {error}"))?;
        let timestamp = sysctl("timestamp", 1).is_ok();
        let longest = Conntrack { timeout: Some(u32::MAX), mark: Some(1), ..plain.clone() };
        let bare = self
            .try_one(&longest)
            .map_err(|errno| format!("the kernel rejects an entry: errno {errno}"))?;
        let left = bare.timeout.unwrap_or(1).max(1);
        let in_range = [100_u32, 250, 300, 1000, 1024, 1200];
        // The longest timeout is INT_MAX jiffies.
        let hz = in_range.into_iter().find(|hz| (0x7fff_ffff / hz).abs_diff(left) <= 1);
        let mut ports =
            |proto| self.try_one(&probe_flow(proto)).is_ok_and(|got| got.orig.src_port.is_some());
        let config = Config {
            timestamp,
            proto_sctp: ports(IpProto::SCTP),
            proto_dccp: ports(IpProto::DCCP),
            proto_udplite: ports(IpProto::UDPLITE),
            proto_gre: ports(IpProto::GRE),
            mark: bare.mark.is_some(),
            zones: has(self.try_one(&Conntrack { zone: Some(1), ..plain.clone() })),
            nat: {
                let nat_src = NatRange { min_ip: plain.orig.src, ..NatRange::default() };
                has(self.try_one(&Conntrack {
                    rare: Rare { nat_src, ..Rare::default() }.into(),
                    ..plain.clone()
                }))
            },
            synproxy: bare.synproxy.isn.is_some(),
            ..distribution
        };
        self.can.kernel.config = config;
        self.can.kernel.arch.hz =
            hz.ok_or_else(|| format!("unknown HZ: the longest timeout is {left} seconds"))?;
        let mut known = Vec::new();
        for helper in Helper::in_tree() {
            let help = Help { name: Some(helper.name.clone()), info: None };
            let mut ct = Conntrack { help, ..probe_flow(helper.protonum) };
            if helper.l3num == Family::IPV6 {
                ct.family = Family::IPV6;
                for tuple in [&mut ct.orig, &mut ct.reply] {
                    tuple.src = "2001:db8::1".parse().ok();
                    tuple.dst = "2001:db8::1".parse().ok();
                }
            }
            if has(self.try_one(&ct)) {
                known.push(helper);
            }
        }
        if known.is_empty() {
            skip("helpers: no helper is loaded");
        }
        self.can.helpers = known;
        if !timestamp {
            skip("times: the sysctl nf_conntrack_timestamp does not exist");
        }
        let answer = self.acked(request::flush(&Selector::default()));
        assert_eq!(answer.errno, 0);
        Ok(())
    }

    /// Enables labels of entries from now on, if a rule that uses labels can be created.
    pub(crate) fn use_labels(&mut self) {
        let rules = "table inet t {\nchain c {\ntype filter hook output priority 0;\nct label set 5\n}\n}\n";
        match nft(rules) {
            Ok(()) => self.can.labels_used = true,
            Err(reason) => skip(&format!("labels: {reason}")),
        }
        self.can.kernel.config.labels = self.can.labels_used;
    }

    /// Returns a request with all attributes of `ct`.
    pub(crate) fn request(&mut self, kind: MsgType, flags: NlmFlags, ct: &Conntrack) -> MessageBuf {
        let seq = self.next_seq();
        let flags = NlmFlags::REQUEST | NlmFlags::ACK | flags;
        let builder = MessageBuilder { flags, seq, ..MessageBuilder::new(kind, ct.family) };
        ct.to_message(&builder, Layout::Request).unwrap()
    }
}

fn probe_flow(proto: IpProto) -> Conntrack {
    let addr = "192.0.2.1".parse().ok();
    let tuple = Tuple {
        src: addr,
        dst: addr,
        proto: Some(proto),
        src_port: Some(9),
        dst_port: Some(9),
        ..Tuple::default()
    };
    Conntrack {
        family: Family::IPV4,
        orig: Tuple { dst: "192.0.2.2".parse().ok(), ..tuple },
        reply: Tuple { src: "192.0.2.2".parse().ok(), ..tuple },
        timeout: Some(100),
        ..Conntrack::default()
    }
}

/// Sets a sysctl `net.netfilter.nf_conntrack_*`.
pub(crate) fn sysctl(name: &str, value: u8) -> Result<(), String> {
    let path = format!("/proc/sys/net/netfilter/nf_conntrack_{name}");
    std::fs::write(&path, value.to_string()).map_err(|error| format!("{path}: {error}"))
}
