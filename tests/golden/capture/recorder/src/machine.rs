//! Changes the machine: nftables rules, sysctls, other programs and namespaces.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// Runs a program to its end.
///
/// # Errors
///
/// Returns the first line of its standard error if it fails.
pub(crate) fn run(command: &str) -> Result<(), String> {
    let mut words = command.split_ascii_whitespace();
    let program = words.next().ok_or("no program")?;
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command}: {}", stderr.lines().next().unwrap_or("failed")))
}

/// Loads nftables rules.
pub(crate) fn nft(rules: &str) -> Result<(), String> {
    let child =
        Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("nft: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(rules.as_bytes()).map_err(|error| format!("nft: {error}"))?;
    }
    let output = child.wait_with_output().map_err(|error| format!("nft: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("nft: {}", stderr.lines().next().unwrap_or("failed")))
}

/// Sets a sysctl by its path under /proc/sys.
pub(crate) fn sysctl(path: &str, value: &str) -> Result<(), String> {
    std::fs::write(format!("/proc/sys/{path}"), value).map_err(|error| format!("{path}: {error}"))
}

/// Another network namespace, which is removed on drop.
pub(crate) struct Peer {
    sleeper: Child,
}

impl Peer {
    pub(crate) fn new() -> Result<Self, String> {
        let sleeper = Command::new("unshare").args(["-n", "sleep", "600"]).spawn();
        let peer = Self { sleeper: sleeper.map_err(|error| format!("unshare: {error}"))? };
        // Until unshare(1) has created the namespace, the process is in ours.
        let ours = std::fs::read_link("/proc/self/ns/net").map_err(|error| error.to_string())?;
        for _ in 0..200 {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let path = format!("/proc/{}/ns/net", peer.pid());
            if std::fs::read_link(path).is_ok_and(|theirs| theirs != ours) {
                return Ok(peer);
            }
        }
        Err("unshare -n: no namespace".into())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.sleeper.id()
    }

    /// Runs a program in the namespace to its end.
    pub(crate) fn run(&self, command: &str) -> Result<(), String> {
        run(&format!("nsenter -t {} -n {command}", self.pid()))
    }

    /// Starts this program in the namespace.
    pub(crate) fn start(&self, args: &str) -> Result<Child, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid().to_string(), "-n"]).arg(program);
        command.args(args.split_ascii_whitespace()).stdin(Stdio::null());
        command.spawn().map_err(|error| format!("nsenter: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.sleeper.kill();
        let _ = self.sleeper.wait();
    }
}
