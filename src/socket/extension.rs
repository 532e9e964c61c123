//! Data that the kernel records about flows only if a sysctl is set.

use core::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Data that the kernel records about flows only if a sysctl of the network namespace is set.
///
/// # Examples
/// ```no_run
/// use ctnetlink::socket::Extension;
///
/// match Extension::Timestamp.is_enabled() {
///     Ok(true) => {}
///     Ok(false) => eprintln!("{}", Extension::Timestamp.hint()),
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// Start and stop times (`CTA_TIMESTAMP`, and `CTA_TIMESTAMP_EVENT` in events).
    ///
    /// The sysctl is `net.netfilter.nf_conntrack_timestamp`, since Linux 2.6.39.
    Timestamp,
    /// Packet and byte counters (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`).
    ///
    /// The sysctl is `net.netfilter.nf_conntrack_acct`.
    Acct,
    /// Events of every entry.
    ///
    /// The sysctl is `net.netfilter.nf_conntrack_events`. The default since Linux 5.19 is 2: an entry
    /// has events only if a socket was subscribed when the entry was created.
    Events,
}

impl Extension {
    /// Returns the name of the sysctl.
    #[must_use]
    pub const fn sysctl(self) -> &'static str {
        match self {
            Self::Timestamp => "net.netfilter.nf_conntrack_timestamp",
            Self::Acct => "net.netfilter.nf_conntrack_acct",
            Self::Events => "net.netfilter.nf_conntrack_events",
        }
    }

    /// Returns `true` if new entries get the data, in the network namespace of this process.
    ///
    /// # Errors
    /// Returns an error if the kernel has no such sysctl or if it cannot be read.
    pub fn is_enabled(self) -> Result<bool, ExtensionError> {
        self.is_enabled_in(Path::new(PROC_SYS))
    }

    /// Enables the extension for entries created later, and returns whether it was enabled before.
    ///
    /// Entries that are in the table stay without the data. Writing the sysctl needs
    /// `CAP_NET_ADMIN` in the network namespace.
    ///
    /// # Errors
    /// Returns an error if the kernel has no such sysctl, or if it cannot be read or written.
    pub fn enable(self) -> Result<bool, ExtensionError> {
        self.enable_in(Path::new(PROC_SYS))
    }

    /// Returns a message that explains how to enable the extension.
    #[must_use]
    pub fn hint(self) -> String {
        let (sysctl, what) = (self.sysctl(), self.what());
        let entries = match self {
            Self::Timestamp | Self::Acct => "is 0, so entries",
            Self::Events => "is not 1, so entries that were created while no program listened",
        };
        format!(
            "{sysctl} {entries} have no {what}; `sysctl -w {sysctl}=1` enables them for new entries"
        )
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Timestamp => "start and stop times",
            Self::Acct => "packet and byte counters",
            Self::Events => "events",
        }
    }

    const fn config(self) -> &'static str {
        match self {
            Self::Timestamp => "CONFIG_NF_CONNTRACK_TIMESTAMP",
            // Not optional since 2.6.27.
            Self::Acct => "CONFIG_NF_CT_ACCT",
            Self::Events => "CONFIG_NF_CONNTRACK_EVENTS",
        }
    }

    fn path(self, proc_sys: &Path) -> PathBuf {
        proc_sys.join(self.sysctl().replace('.', "/"))
    }

    fn is_enabled_in(self, proc_sys: &Path) -> Result<bool, ExtensionError> {
        fs::read_to_string(self.path(proc_sys))
            .map(|value| match self {
                Self::Timestamp | Self::Acct => value.trim() != "0",
                Self::Events => value.trim() == "1",
            })
            .map_err(|error| self.error(proc_sys, error))
    }

    fn enable_in(self, proc_sys: &Path) -> Result<bool, ExtensionError> {
        let was_enabled = self.is_enabled_in(proc_sys)?;
        if !was_enabled {
            fs::write(self.path(proc_sys), "1").map_err(|error| self.error(proc_sys, error))?;
        }
        Ok(was_enabled)
    }

    fn error(self, proc_sys: &Path, error: io::Error) -> ExtensionError {
        let has_conntrack = || proc_sys.join("net/netfilter/nf_conntrack_count").exists();
        match error.kind() {
            io::ErrorKind::NotFound if has_conntrack() => ExtensionError::NotCompiled(self),
            io::ErrorKind::NotFound => ExtensionError::NoConntrack(self),
            io::ErrorKind::PermissionDenied => ExtensionError::NotPermitted(self, error),
            _ if error.raw_os_error() == Some(rustix::io::Errno::ROFS.raw_os_error()) => {
                ExtensionError::NotPermitted(self, error)
            }
            _ => ExtensionError::Io(self, error),
        }
    }
}

const PROC_SYS: &str = "/proc/sys";

/// An error from reading or enabling an [`Extension`].
///
/// Its text includes the cause, so that [`source`](core::error::Error::source) is `None`; the cause
/// is in the variant.
///
/// # Examples
/// See [`Extension`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The kernel tracks connections but was built without the extension.
    NotCompiled(Extension),
    /// The kernel module `nf_conntrack` is not loaded, or the kernel was built without it.
    NoConntrack(Extension),
    /// The process may not read or write the sysctl.
    NotPermitted(Extension, io::Error),
    /// Reading or writing the sysctl failed for another reason.
    Io(Extension, io::Error),
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompiled(extension) => write!(
                f,
                "this kernel lacks {}: it was built without {} and cannot record {}",
                extension.sysctl(),
                extension.config(),
                extension.what(),
            ),
            Self::NoConntrack(extension) => write!(
                f,
                "this kernel lacks {}: the module nf_conntrack is not loaded or was not built",
                extension.sysctl(),
            ),
            Self::NotPermitted(extension, error) => write!(
                f,
                "{}: {error}; writing it needs CAP_NET_ADMIN in the network namespace (run it as root, \
                 for example with sudo) and a writable /proc/sys",
                extension.sysctl(),
            ),
            Self::Io(extension, error) => write!(f, "{}: {error}", extension.sysctl()),
        }
    }
}

impl core::error::Error for ExtensionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_distinguished() {
        let root = std::env::temp_dir().join(format!("ctnetlink-sysctl-{}", std::process::id()));
        let netfilter = root.join("net/netfilter");
        fs::create_dir_all(&netfilter).unwrap();
        let timestamp = Extension::Timestamp;
        assert!(matches!(timestamp.is_enabled_in(&root), Err(ExtensionError::NoConntrack(_))));
        fs::write(netfilter.join("nf_conntrack_count"), "0\n").unwrap();
        let error = timestamp.enable_in(&root).unwrap_err();
        assert!(error.to_string().contains("CONFIG_NF_CONNTRACK_TIMESTAMP"), "{error}");
        fs::write(netfilter.join("nf_conntrack_timestamp"), "0\n").unwrap();
        assert!(!timestamp.is_enabled_in(&root).unwrap());
        assert!(!timestamp.enable_in(&root).unwrap());
        assert!(timestamp.is_enabled_in(&root).unwrap());
        fs::write(netfilter.join("nf_conntrack_events"), "2\n").unwrap();
        assert!(!Extension::Events.enable_in(&root).unwrap());
        assert!(Extension::Events.is_enabled_in(&root).unwrap());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_cause_appears_once_in_the_chain() {
        let denied = || io::Error::from_raw_os_error(rustix::io::Errno::PERM.raw_os_error());
        let errors = [
            ExtensionError::NotPermitted(Extension::Timestamp, denied()),
            ExtensionError::Io(Extension::Acct, denied()),
        ];
        for error in errors {
            let error: &dyn core::error::Error = &error;
            let texts = core::iter::successors(Some(error), |error| error.source());
            let times = texts.map(|text| text.to_string().matches("not permitted").count());
            assert_eq!(times.sum::<usize>(), 1, "{error:?}");
        }
    }
}
