//! Bytes as other programs print them: a datagram over several lines.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::build::{cooked, read};
use crate::common;
use ctnetlink::capture::{CaptureErrorKind, Format, Reader};

/// A DESTROY event of Linux 7.2 and a NEW event of another length.
fn datagrams() -> [Vec<u8>; 2] {
    let golden = common::native();
    let of = |lengths: std::ops::Range<usize>| {
        let found =
            golden.iter().find(|g| lengths.contains(&g.bytes.len()) && g.bytes.len() % 16 != 0);
        found.expect("a golden message").bytes.clone()
    };
    [of(210..230), of(90..120)]
}

/// Runs a program on `bytes`, and returns `None` if there is no such program.
fn output(program: &str, arguments: &str, bytes: &[u8]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments.split_ascii_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("SKIPPED dumps of {program}: it is not installed");
        return None;
    };
    child.stdin.take().expect("pipe").write_all(bytes).expect("write");
    let output = child.wait_with_output().expect("output");
    assert!(output.status.success(), "{program} {arguments}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[track_caller]
fn assert_read(text: &str, expected: &[&[u8]]) {
    let whole = read(text.as_bytes()).unwrap_or_else(|| panic!("no known form:\n{text}"));
    assert_eq!(whole.errors(), [""; 0], "{text}");
    assert_eq!((whole.format, whole.data()), (Format::Hex, expected.to_vec()), "{text}");
}

#[test]
fn dumps_of_programs_have_the_bytes_of_their_input() {
    let [first, second] = datagrams();
    let long = [&first[..], &second].concat();
    for (program, arguments) in [
        ("xxd", ""),
        ("xxd", "-u -g1"),
        ("xxd", "-c 8"),
        ("xxd", "-d"),
        ("xxd", "-p"),
        ("xxd", "-p -c 16"),
        ("xxd", "-p -c 64"),
        ("xxd", "-i"),
        ("hexdump", "-C"),
        ("hexdump", "-v -C"),
        ("od", "-tx1"),
        ("od", "-Ax -tx1"),
        ("od", "-Ad -v -tx1 -w32"),
        ("od", "-An -tx1"),
        ("od", "-An -tx1 -w8"),
        ("od", "-tx1z"),
        ("od", "-Ax -v -tx1z"),
    ] {
        for bytes in [&first, &second, &long] {
            let Some(text) = output(program, arguments, bytes) else { continue };
            assert_read(&text, &[bytes]);
            assert_read(&text.replace('\n', "\r\n"), &[bytes]);
        }
        // `xxd -i` of several inputs has no end between them.
        let (Some(a), Some(b)) =
            (output(program, arguments, &first), output(program, arguments, &second))
        else {
            continue;
        };
        assert_read(&format!("# two\n\n{a}\n{b}"), &[&first, &second]);
    }
}

/// hexdump and od print an asterisk in place of lines that equal the one before.
#[test]
fn equal_lines_are_repeated() {
    let mut bytes = datagrams()[0].clone();
    bytes.extend([0x5a; 100]);
    bytes.extend([1, 2, 3]);
    for (program, arguments) in [("hexdump", "-C"), ("od", "-tx1"), ("od", "-Ax -tx1")] {
        let Some(text) = output(program, arguments, &bytes) else { continue };
        assert!(text.contains("\n*\n"), "{text}");
        assert_read(&text, &[&bytes]);
    }
}

/// As `tshark -x` and Wireshark's "Copy as hex dump" print a packet of an nlmon device.
#[test]
fn dumps_of_wireshark_lose_the_cooked_header() {
    let dumped = |packet: &[u8], gap: &str, characters: bool| {
        let mut text = String::new();
        for (number, line) in packet.chunks(16).enumerate() {
            let bytes: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            text += &format!("{:04x}{gap}{:<47}", number * 16, bytes.join(" "));
            let printable =
                |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
            if characters {
                text += &format!("   {}", line.iter().map(printable).collect::<String>());
            }
            text.push('\n');
        }
        text
    };
    let datagrams = datagrams();
    for (gap, characters) in [("  ", true), ("   ", true), ("  ", false)] {
        let packets = datagrams.each_ref().map(|data| dumped(&cooked(12, data), gap, characters));
        assert_read(&packets.join("\n"), &datagrams.each_ref().map(|data| &data[..]));
    }
    // As tshark 4.0 printed the first packet of a recording of two.
    let text = concat!(
        "0000  00 02 03 38 00 00 00 00 00 00 00 00 00 00 00 0c   ...8............\n",
        "0010  14 00 00 00 03 00 02 00 87 98 3b a7 bc 6b 47 9d   ..........;..kG.\n",
        "0020  b1 c2 d3 e4                                       ....\n",
    );
    let bytes = [0x14, 0, 0, 0, 3, 0, 2, 0, 0x87, 0x98, 0x3b, 0xa7, 0xbc, 0x6b, 0x47, 0x9d];
    assert_read(text, &[&[&bytes[..], &[0xb1, 0xc2, 0xd3, 0xe4]].concat()]);
}

/// As `strace -e write=FD` prints the bytes of a call.
#[test]
fn dumps_of_strace_have_all_bytes() {
    let text = concat!(
        " | 00000  1c 00 00 00 03 00 02 00  87 98 3b a7 bc 6b 20 20  ..........;..k   |\n",
        " | 00010  64 65 20 7c b1 c2 61 62  63 64 65 66              de |..abcdef     |\n",
        " | 00000  14 00 00 00 02 00 00 01  07 00 00 00 9d b1 c2 d3  ................ |\n",
        " | 00010  e4 f5 0a 1b                                       ....             |\n",
    );
    let first = [
        0x1c, 0, 0, 0, 3, 0, 2, 0, 0x87, 0x98, 0x3b, 0xa7, 0xbc, 0x6b, 0x20, 0x20, 0x64, 0x65,
        0x20, 0x7c, 0xb1, 0xc2, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
    ];
    let second =
        [0x14, 0, 0, 0, 2, 0, 0, 1, 7, 0, 0, 0, 0x9d, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5, 0x0a, 0x1b];
    assert_read(text, &[&first, &second]);
}

#[test]
fn strings_and_arrays_of_c_have_the_bytes_between_other_text() {
    let bytes = [0x14, 0, 0, 0, 3, 0, 2, 0xab];
    for text in [
        r"\x14\x00\x00\x00\x03\x00\x02\xab",
        r#""\x14\x00\x00\x00\x03\x00\x02\xab""#,
        "\"\\x14\\x00\\x00\\x00\" \\\n\"\\x03\\x00\\x02\\xab\"\n",
        "0x14, 0x00, 0x00, 0x00,\n0x03, 0x00, 0x02, 0xAB\n",
        "{ 0x14,0x00,0x00,0x00, 0x03,0x00,0x02,0xab };",
        "/* Frame (8 bytes) */\nstatic const unsigned char pkt1[8] = {\n\
         0x14, 0x00, 0x00, 0x00, /* .0x99... */\n0x03, 0x00, 0x02, 0xab  /* .... */\n};\n",
        "unsigned char one_bin[] = {\n  0x14, 0x00, 0x00, 0x00,\n  0x03, 0x00, 0x02, 0xab\n};\n\
         unsigned int one_bin_len = 8;\n",
    ] {
        assert_read(text, &[&bytes]);
        assert_read(&format!("{text}\n{text}"), &[&bytes, &bytes]);
    }
}

#[test]
fn words_and_calls_are_one_error() {
    let [bytes, _] = datagrams();
    let refused = |text: &str| Reader::new(text.as_bytes()).expect_err("no bytes").kind;
    for (program, arguments) in
        [("hexdump", ""), ("od", ""), ("od", "-x"), ("od", "-Ax -tx4"), ("hexdump", "-x")]
    {
        let Some(text) = output(program, arguments, &bytes) else { continue };
        assert!(matches!(refused(&text), CaptureErrorKind::Words), "{text}");
    }
    for text in [
        "execve(\"/usr/sbin/conntrack\", [\"conntrack\", \"-L\"], 0x7ffc /* 20 vars */) = 0\n",
        "sendto(3, [{nlmsg_len=20, nlmsg_type=0x101}, \"\\x02\\x00\\x00\\x00\"], 20, 0, NULL, 0) = 20\n",
    ] {
        assert!(matches!(refused(text), CaptureErrorKind::Calls), "{text}");
    }
}

/// `xxd -e` prints words of little-endian machines; only the characters after them differ from `xxd -g4`.
#[test]
fn words_of_xxd_are_one_error_per_dump() {
    for bytes in datagrams() {
        for arguments in ["-e", "-e -g2", "-e -g8", "-e -c 8"] {
            let Some(text) = output("xxd", arguments, &bytes) else { continue };
            let whole = read(format!("{text}\n{text}").as_bytes()).expect("dump");
            assert!(whole.packets().is_empty(), "{text}");
            let errors: Vec<_> =
                whole.errors().into_iter().filter(|e| e.contains("words")).collect();
            assert_eq!((errors.len(), whole.errors().len()), (2, 2), "{text}");
        }
        for arguments in ["-g4", "-g2", "-g8", "-e -g1"] {
            let Some(text) = output("xxd", arguments, &bytes) else { continue };
            assert_read(&text, &[&bytes]);
        }
    }
}

#[test]
fn an_error_loses_only_its_dump() {
    let text = concat!(
        "00000000: 1400 0000 0300 0200  ........\n",
        "00000010: 8798 3ba7 bc6b 479d  ..;..kG.\n",
        "00000018: b1c2 d3e4            ....\n",
        "00000000: 1400 0000 03zz 0200  ........\n",
        "00000000: 0a1b 2c3d            ....\n",
        "00000004: 4e\n",
    );
    let whole = read(text.as_bytes()).expect("dump");
    assert_eq!(
        whole.errors(),
        [
            "line 2 at byte 40: expected offset 8 in the dump, found 00000010",
            "line 4 at byte 116: expected a hexadecimal digit at position 13, found 'z'",
        ]
    );
    let found: Vec<_> = whole.packets().iter().map(|p| (p.number, p.offset, &p.data[..])).collect();
    assert_eq!(found, [(5, 156, &[0x0a, 0x1b, 0x2c, 0x3d, 0x4e][..])]);
    // The lines after an error do not begin another datagram.
    for text in [
        "0x14, 0x00,\n0x3, 0x00,\n0x87, 0x98, 0x3b\n\n0x0a, 0x1b\n",
        "\\x14\\x0g\n\\x0a\\x1b\n",
        &format!("dc000000{}\n5z\n0a1b\n", "5a".repeat(26)),
        &format!("dc000000{0}\n{1}5z\n{1}5a\n5a\n0a1b\n", "5a".repeat(26), "5a".repeat(29)),
    ] {
        let whole = read(text.as_bytes()).expect("dump");
        let found: Vec<_> = whole.packets().iter().map(|packet| &packet.data[..]).collect();
        assert_eq!((found, whole.errors().len()), (vec![&[0x0a, 0x1b][..]], 1), "{text}");
    }
    // A line whose first length is possible is a datagram, even if it is as long as one of `xxd -p`.
    let line = format!("{:02x}000000{}\n", 30, "5a".repeat(26));
    let whole = read(line.repeat(3).as_bytes()).expect("lines");
    assert_eq!(whole.packets().len(), 3);
}
