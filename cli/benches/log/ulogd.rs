//! The same with ulogd2: no table, DESTROY events alone, IPFIX over UDP.

use crate::collector::Udp;
use crate::process::Watched;
use crate::{LARGE, load};
use ctnetlink::socket::Socket;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const PORT: u16 = 4740;

pub(crate) fn measure(socket: &mut Socket, flows: u32) -> Result<(), Box<dyn Error>> {
    let Some(plugins) = plugins() else {
        println!("SKIPPED ulogd2: not installed");
        return Ok(());
    };
    let path = std::env::temp_dir().join(format!("ctnetlink-ulogd-{}.conf", std::process::id()));
    let log = path.with_extension("log");
    let plugin = |name| format!("plugin=\"{plugins}/ulogd_{name}.so\"");
    // 4 is the group of DESTROY events.
    let configuration = format!(
        "[global]\nlogfile=\"{}\"\nloglevel=5\n{}\n{}\nstack=ct1:NFCT,ipfix1:IPFIX\n\
         [ct1]\nevent_mask=0x00000004\nhash_enable=0\n\
         netlink_socket_buffer_size={LARGE}\nnetlink_socket_buffer_maxsize={LARGE}\n\
         [ipfix1]\noid=1\nhost=\"127.0.0.1\"\nport=\"{PORT}\"\nproto=\"udp\"\nmtu=1472\n",
        log.display(),
        plugin("inpflow_NFCT"),
        plugin("output_IPFIX"),
    );
    fs::write(&path, configuration)?;
    let collector = Udp::start(PORT)?;
    let child = Command::new("ulogd").arg("-c").arg(&path).stderr(Stdio::null()).spawn()?;
    let mut watched = Watched::new(child)?;
    load(socket, flows)?;
    watched.wait_until_idle()?;
    watched.terminate()?.wait()?;
    let collected = collector();
    watched.print(
        "`ulogd` (NFCT without its table, IPFIX over UDP)",
        flows.into(),
        &collected,
        None,
    );
    if collected.records == 0 {
        println!("{}", fs::read_to_string(&log).unwrap_or_default());
    }
    fs::remove_file(path)?;
    let _ = fs::remove_file(log);
    Ok(())
}

/// Returns the directory of the plugins.
fn plugins() -> Option<String> {
    let directories = ["/usr/lib/x86_64-linux-gnu/ulogd", "/usr/lib64/ulogd", "/usr/lib/ulogd"];
    let has_plugin = |path: &&str| Path::new(path).join("ulogd_output_IPFIX.so").exists();
    directories.into_iter().find(has_plugin).map(Into::into)
}
