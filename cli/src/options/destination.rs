//! Destinations of flow records on the command line.

use crate::options::time::seconds;
use ctnetlink_flow::export::PORT;
use ctnetlink_flow::ipfix::{Config, Mode};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The help on the value of `--to`.
pub(crate) const HELP: &str = "\
Destinations (DEST); options come after `?` and are separated by `&`:
  csv:FILE, json:FILE          CSV or JSON lines; `-` is standard output
  ipfix:FILE                   IPFIX file (RFC 5655)
  ipfix+udp://HOST[:PORT]      IPFIX collector (RFC 7011) over UDP, port 4739 by default
  ipfix+tcp://HOST[:PORT]      IPFIX collector over TCP
Options of IPFIX: `uniflow` (two records per flow, for collectors that ignore reverse elements),
`nat-events` (NEW and DESTROY events of IPv4 flows with NAT, RFC 8158), `mark`, `domain=N`, and over UDP
`mtu=N` (bytes in the longest packet), over TCP `retry=SECONDS` (the least time between two attempts
to connect, 60 by default). Option of files: `rotate=SECONDS`.";

/// The least MTU: IPv6 and UDP headers before the shortest limit of a message.
const LEAST_MTU: u32 = Config::SHORTEST as u32 + 48;

/// A destination, as `--to` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dest {
    /// The description without options.
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) ipfix: Config,
    pub(crate) mtu: Option<u32>,
    pub(crate) rotate: Option<Duration>,
    pub(crate) retry: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Csv(PathBuf),
    Json(PathBuf),
    IpfixFile(PathBuf),
    IpfixUdp(Host),
    IpfixTcp(Host),
}

/// A host that may have a name, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl FromStr for Dest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, options) = match text.rsplit_once('?') {
            Some((name, options)) => (name, Some(options)),
            None => (text, None),
        };
        let mut dest = Self {
            name: name.to_owned(),
            target: name.parse()?,
            ipfix: Config::default(),
            mtu: None,
            rotate: None,
            retry: None,
        };
        for option in options.into_iter().flat_map(|options| options.split('&')) {
            dest.set(option)?;
        }
        Ok(dest)
    }
}

impl Dest {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (key, value) = match option.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (option, None),
        };
        let number = |least: u32, most: u32| {
            let number = value.and_then(|value| value.parse().ok());
            number
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| format!("expected `{key}=N` with N from {least} to {most}"))
        };
        let is_file =
            matches!(self.target, Target::Csv(_) | Target::Json(_) | Target::IpfixFile(_));
        let is_ipfix = !matches!(self.target, Target::Csv(_) | Target::Json(_));
        match (key, value) {
            ("uniflow", None) if is_ipfix => self.ipfix.mode = Mode::Uniflow,
            ("nat-events", None) if is_ipfix => self.ipfix.mode = Mode::NatEvents,
            ("mark", None) if is_ipfix => self.ipfix.mark = true,
            // Domain 0 is that of the statistics.
            ("domain", _) if is_ipfix => self.ipfix.domain = number(1, u32::MAX)?,
            ("mtu", _) if matches!(self.target, Target::IpfixUdp(_)) => {
                self.mtu = Some(number(LEAST_MTU, 65_535)?);
            }
            ("rotate", _) if is_file => self.rotate = Some(interval(key, value)?),
            ("retry", _) if matches!(self.target, Target::IpfixTcp(_)) => {
                self.retry = Some(interval(key, value)?);
            }
            _ => return Err(format!("`{}` has no option `{option}`", self.name)),
        }
        Ok(())
    }
}

/// Parses a number of seconds, at least one.
fn interval(key: &str, value: Option<&str>) -> Result<Duration, String> {
    let interval = value.and_then(|value| seconds(value).ok());
    interval
        .filter(|&interval| interval >= Duration::from_secs(1))
        .ok_or_else(|| format!("expected `{key}=SECONDS` with one second or more"))
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let file = |prefix| text.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(host) = text.strip_prefix("ipfix+udp://") {
            return host.parse().map(Self::IpfixUdp);
        }
        if let Some(host) = text.strip_prefix("ipfix+tcp://") {
            return host.parse().map(Self::IpfixTcp);
        }
        None.or_else(|| file("csv:").map(|path| Self::Csv(path.into())))
            .or_else(|| file("json:").map(|path| Self::Json(path.into())))
            .or_else(|| file("ipfix:").map(|path| Self::IpfixFile(path.into())))
            .ok_or_else(|| {
                "expected csv:FILE, json:FILE, ipfix:FILE, ipfix+udp://HOST[:PORT] or \
                 ipfix+tcp://HOST[:PORT]"
                    .into()
            })
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || "expected HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT".to_owned();
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, rest) = rest.split_once(']').ok_or_else(error)?;
                let port = match rest {
                    "" => None,
                    rest => Some(rest.strip_prefix(':').ok_or_else(error)?),
                };
                (name, port)
            }
            // An IPv6 address without brackets has more than one colon.
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => return Err(error()),
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or_else(error)?,
            None => PORT,
        };
        match name {
            "" => Err(error()),
            name => Ok(Self { name: name.to_owned(), port }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_parsed() {
        let dest = |text: &str| text.parse::<Dest>().unwrap();
        let host = |name: &str, port| Host { name: name.into(), port };
        assert_eq!(dest("csv:-").target, Target::Csv("-".into()));
        assert_eq!(dest("json:/a/b").target, Target::Json("/a/b".into()));
        assert_eq!(dest("ipfix:a?rotate=3600").target, Target::IpfixFile("a".into()));
        assert_eq!(dest("ipfix:a?rotate=3600").rotate, Some(Duration::from_secs(3600)));
        for (text, name, port) in [
            ("collector.example", "collector.example", 4739),
            ("192.0.2.7:2055", "192.0.2.7", 2055),
            ("[2001:db8::7]", "2001:db8::7", 4739),
            ("[2001:db8::7]:9995", "2001:db8::7", 9995),
        ] {
            assert_eq!(
                dest(&format!("ipfix+tcp://{text}")).target,
                Target::IpfixTcp(host(name, port))
            );
        }
        let udp = dest("ipfix+udp://192.0.2.7?uniflow&domain=4711&mtu=1280&mark");
        assert_eq!(udp.name, "ipfix+udp://192.0.2.7");
        assert_eq!((udp.ipfix.mode, udp.ipfix.domain), (Mode::Uniflow, 4711));
        assert_eq!((udp.ipfix.mark, udp.mtu), (true, Some(1280)));
    }

    #[test]
    fn errors_say_what_was_expected() {
        for (text, expected) in [
            ("flows.csv", "expected csv:FILE"),
            ("csv:", "expected csv:FILE"),
            ("ipfix+udp://", "expected HOST"),
            ("ipfix+udp://2001:db8::7", "expected HOST"),
            ("ipfix+udp://a:0", "expected HOST"),
            ("ipfix+udp://a:65536", "expected HOST"),
            ("csv:a?uniflow", "`csv:a` has no option `uniflow`"),
            ("ipfix+tcp://a?mtu=1280", "`ipfix+tcp://a` has no option `mtu=1280`"),
            ("ipfix+udp://a?rotate=60", "`ipfix+udp://a` has no option `rotate=60`"),
            ("ipfix+udp://a?mtu=400", "expected `mtu=N` with N from 448 to 65535"),
            ("ipfix+udp://a?domain=0", "expected `domain=N` with N from 1 to 4294967295"),
            ("ipfix:a?rotate", "expected `rotate=SECONDS` with one second or more"),
            ("ipfix:a?rotate=0.5", "expected `rotate=SECONDS` with one second or more"),
        ] {
            let error = text.parse::<Dest>().unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
