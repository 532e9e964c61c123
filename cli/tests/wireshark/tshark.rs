//! Runs tshark with the plugin.

use crate::namespace::skipped;
use crate::run;
use std::fs::{self, File, Permissions};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The user `nobody`.
const NOBODY: u32 = 65_534;

/// tshark, and a folder with the plugin.
pub(crate) struct Tshark {
    folder: PathBuf,
}

impl Tshark {
    /// Writes the plugin, or reports that tshark is not installed.
    pub(crate) fn new(test: &str) -> Option<Self> {
        if Command::new("tshark").arg("--version").output().is_err() {
            skipped(test, "no tshark");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let tshark = Self { folder };
        run::success(&["wireshark-plugin", "-o", tshark.plugin().to_str().unwrap()]);
        Some(tshark)
    }

    fn plugin(&self) -> PathBuf {
        self.folder.join("ctnetlink.lua")
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tshark");
        command.env("TZ", "UTC").env("HOME", &self.folder).current_dir(&self.folder);
        // As root, newer versions load no plugin, and do not report that.
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Returns what tshark prints of a capture.
    pub(crate) fn run(&self, args: &[&str], capture: &[u8]) -> String {
        // The user may not be able to read the capture where it is.
        let path = self.folder.join("capture");
        let mut file =
            File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
        file.write_all(capture).unwrap();
        file.rewind().unwrap();
        let script = format!("lua_script:{}", self.plugin().display());
        let mut command = self.command();
        command.args(["-X", &script, "-r", "-"]).args(args).stdin(file);
        stdout(&command.output().unwrap())
    }

    /// Returns the list of all fields.
    pub(crate) fn fields(&self) -> String {
        let script = format!("lua_script:{}", self.plugin().display());
        // Some versions take this option only before all others.
        stdout(&self.command().args(["-G", "fields", "-X", &script]).output().unwrap())
    }
}

/// Returns the standard output of a run without errors.
fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.to_lowercase().contains("lua"), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let lua_error = stdout.lines().find(|line| line.contains("\"Lua Error"));
    assert_eq!(lua_error, None);
    stdout
}

impl Drop for Tshark {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
