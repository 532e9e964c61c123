//! What the kernel records of flows only if asked to.

use core::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Something that the kernel records of flows only if a sysctl says so, network namespace by
/// network namespace.
///
/// ```no_run
/// use ctnetlink::socket::Extension;
///
/// match Extension::Timestamp.is_on() {
///     Ok(true) => {}
///     Ok(false) => eprintln!("{}", Extension::Timestamp.off()),
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// When flows begin and end (`CTA_TIMESTAMP`, and in events `CTA_TIMESTAMP_EVENT`):
    /// `net.netfilter.nf_conntrack_timestamp`, since Linux 2.6.39.
    Timestamp,
    /// Packets and bytes (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`):
    /// `net.netfilter.nf_conntrack_acct`.
    Acct,
}

impl Extension {
    /// The name of the sysctl.
    #[must_use]
    pub const fn sysctl(self) -> &'static str {
        match self {
            Self::Timestamp => "net.netfilter.nf_conntrack_timestamp",
            Self::Acct => "net.netfilter.nf_conntrack_acct",
        }
    }

    /// Whether entries that are created now get it, in the network namespace of this thread's
    /// process.
    ///
    /// # Errors
    /// [`ExtensionError`] says why the kernel has no such setting, or why it cannot be read.
    pub fn is_on(self) -> Result<bool, ExtensionError> {
        self.is_on_in(Path::new(PROC_SYS))
    }

    /// Turns it on. Entries that are in the table already stay without; returns whether it was on
    /// before.
    ///
    /// # Errors
    /// As [`is_on`](Self::is_on); writing needs `CAP_NET_ADMIN` in the network namespace.
    pub fn enable(self) -> Result<bool, ExtensionError> {
        self.enable_in(Path::new(PROC_SYS))
    }

    /// A sentence for people whose kernel has it off.
    #[must_use]
    pub fn off(self) -> String {
        let (sysctl, what) = (self.sysctl(), self.what());
        format!(
            "{sysctl} is 0: entries are created without {what}; `sysctl -w {sysctl}=1` changes that for later ones"
        )
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Timestamp => "start and stop times",
            Self::Acct => "packet and byte counters",
        }
    }

    const fn config(self) -> &'static str {
        match self {
            Self::Timestamp => "CONFIG_NF_CONNTRACK_TIMESTAMP",
            // Not optional since 2.6.27.
            Self::Acct => "CONFIG_NF_CT_ACCT",
        }
    }

    fn path(self, proc_sys: &Path) -> PathBuf {
        proc_sys.join(self.sysctl().replace('.', "/"))
    }

    fn is_on_in(self, proc_sys: &Path) -> Result<bool, ExtensionError> {
        fs::read_to_string(self.path(proc_sys))
            .map(|value| value.trim() != "0")
            .map_err(|error| self.error(proc_sys, error))
    }

    fn enable_in(self, proc_sys: &Path) -> Result<bool, ExtensionError> {
        let was_on = self.is_on_in(proc_sys)?;
        if !was_on {
            fs::write(self.path(proc_sys), "1").map_err(|error| self.error(proc_sys, error))?;
        }
        Ok(was_on)
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

/// Why an [`Extension`] cannot be asked about or turned on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The kernel has connection tracking, but was built without this.
    NotCompiled(Extension),
    /// There is no connection tracking: the module `nf_conntrack` is not loaded, or the kernel was
    /// built without it.
    NoConntrack(Extension),
    /// It may not be read or changed from here.
    NotPermitted(Extension, io::Error),
    /// Something else.
    Io(Extension, io::Error),
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompiled(extension) => write!(
                f,
                "this kernel has no {}: it was built without {} and cannot record {}",
                extension.sysctl(),
                extension.config(),
                extension.what(),
            ),
            Self::NoConntrack(extension) => write!(
                f,
                "this kernel has no {}: the module nf_conntrack is not loaded, or not built",
                extension.sysctl(),
            ),
            Self::NotPermitted(extension, error) => write!(
                f,
                "{}: {error}; changing it needs CAP_NET_ADMIN and a writable /proc/sys",
                extension.sysctl(),
            ),
            Self::Io(extension, error) => write!(f, "{}: {error}", extension.sysctl()),
        }
    }
}

impl core::error::Error for ExtensionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NotPermitted(_, error) | Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_apart() {
        let root = std::env::temp_dir().join(format!("ctnetlink-sysctl-{}", std::process::id()));
        let netfilter = root.join("net/netfilter");
        fs::create_dir_all(&netfilter).unwrap();
        let timestamp = Extension::Timestamp;
        assert!(matches!(timestamp.is_on_in(&root), Err(ExtensionError::NoConntrack(_))));
        fs::write(netfilter.join("nf_conntrack_count"), "0\n").unwrap();
        let error = timestamp.enable_in(&root).unwrap_err();
        assert!(error.to_string().contains("CONFIG_NF_CONNTRACK_TIMESTAMP"), "{error}");
        fs::write(netfilter.join("nf_conntrack_timestamp"), "0\n").unwrap();
        assert!(!timestamp.is_on_in(&root).unwrap());
        assert!(!timestamp.enable_in(&root).unwrap());
        assert!(timestamp.is_on_in(&root).unwrap());
        fs::remove_dir_all(root).unwrap();
    }
}
