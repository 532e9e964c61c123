//! Records the ctnetlink messages of the running kernel.
//!
//! Run it in a network namespace of its own or in a virtual machine, as `namespace.sh` and `qemu.sh` do:
//! it loads nftables rules, changes sysctls, and flushes the table.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod recorder;
#[cfg(target_os = "linux")]
mod scenes;
#[cfg(target_os = "linux")]
mod trace;
#[cfg(target_os = "linux")]
mod traffic;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("SKIPPED recorder: not Linux");
    std::process::ExitCode::SUCCESS
}
