//! The lines of a recorded conversation.

use serde_json::Value;

/// A line of a conversation.
#[derive(Debug)]
pub(crate) struct Line {
    /// The number of the line in its file, from 1.
    pub(crate) number: usize,
    /// The time in nanoseconds since the recording began.
    pub(crate) t_ns: u64,
    pub(crate) sock: u64,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum What {
    /// The recording begins on this kernel.
    Kernel { realtime: u64, hz: Option<u32>, cpus: usize, max: Option<u32> },
    /// A sysctl has or gets a value.
    Sysctl { name: String, value: u64 },
    /// Rules are loaded.
    Nft { uses_labels: bool },
    /// A socket is opened; its port id is 0 if it is not bound yet.
    Open {
        portid: u32,
        groups: Vec<u32>,
        options: Vec<String>,
        receive_buffer: Option<usize>,
        /// The socket is that of a program, whose system calls do not show the groups of senders.
        is_client: bool,
    },
    /// A socket joins (`true`) or leaves a group.
    Member(u32, bool),
    /// A socket option changes.
    Option(String, bool),
    /// A socket is closed.
    Close,
    /// A datagram to the kernel.
    ToKernel { bytes: Vec<u8>, privileged: bool },
    /// A datagram from the kernel, cut to the buffer, or an error.
    FromKernel { bytes: Vec<u8>, buffer: usize, len: Option<usize>, errno: i32, group_mask: u32 },
    /// Nothing that concerns the kernel.
    Other,
}

impl Line {
    /// Reads a line, or returns what is wrong with it.
    pub(crate) fn read(number: usize, text: &str) -> Result<Self, String> {
        let line: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let int = |key: &str| line.get(key).and_then(Value::as_u64);
        let need = |key: &str| int(key).ok_or_else(|| format!("{key}: expected a number"));
        let need_u32 = |key: &str| {
            u32::try_from(need(key)?).map_err(|_| format!("{key}: expected a number of 32 bits"))
        };
        let size = |key: &str| int(key).and_then(|n| usize::try_from(n).ok());
        let u32_of = |key: &str| int(key).and_then(|n| u32::try_from(n).ok());
        let text_of = |key: &str| {
            let text = line.get(key).and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| format!("{key}: expected a string"))
        };
        let bytes = || hex(&text_of("hex")?).ok_or("hex: expected pairs of digits".to_owned());
        let what = match text_of("dir")?.as_str() {
            "kernel" => What::Kernel {
                realtime: need("realtime_at_t0")?,
                hz: u32_of("hz"),
                cpus: size("cpus").unwrap_or(1),
                max: u32_of("max"),
            },
            "sysctl" => What::Sysctl { name: text_of("name")?, value: need("value")? },
            "nft" => {
                let failed = line.get("failed").and_then(Value::as_bool).unwrap_or(false);
                What::Nft { uses_labels: !failed && text_of("rules")?.contains("ct label") }
            }
            "open" => {
                let list = |key: &str| line.get(key).and_then(Value::as_array);
                let group = |group: &Value| u32::try_from(group.as_u64()?).ok();
                let option = |option: &Value| Some(option.as_str()?.to_owned());
                What::Open {
                    portid: need_u32("portid")?,
                    groups: list("groups").into_iter().flatten().filter_map(group).collect(),
                    options: list("opts").into_iter().flatten().filter_map(option).collect(),
                    receive_buffer: size("rcvbuf"),
                    is_client: line.get("client").is_some(),
                }
            }
            "join" => What::Member(need_u32("group")?, true),
            "leave" => What::Member(need_u32("group")?, false),
            "setsockopt" => What::Option(text_of("opt")?, need("value")? != 0),
            "close" => What::Close,
            "to_kernel" => {
                What::ToKernel { bytes: bytes()?, privileged: int("euid").unwrap_or(0) == 0 }
            }
            "from_kernel" => What::FromKernel {
                bytes: bytes()?,
                buffer: size("buf").ok_or("buf: expected a number")?,
                len: size("len"),
                errno: u32_of("errno").and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
                group_mask: u32_of("group_mask").unwrap_or(0),
            },
            "slept" => What::Other,
            dir => return Err(format!("dir: unknown value {dir}")),
        };
        let t_ns = int("t_ns").unwrap_or(0);
        Ok(Self { number, t_ns, sock: int("sock").unwrap_or(0), what })
    }
}

/// Decodes pairs of hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |pair: &[u8]| match *pair {
        [hi, lo] => Some(digit(hi)? << 4 | digit(lo)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
