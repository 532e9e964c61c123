//! Tests of compressed captures.
//!
//! `fixtures` contains 12 packets as gzip 1.12, xz 5.4.1 and zstd 1.5.4 write them. Larger captures are
//! compressed with these programs, if they are installed.

use crate::run::{golden, run, run_on, stderr, stdout};
use std::path::PathBuf;
use std::process::Command;

const SUFFIXES: [&str; 3] = ["gz", "xz", "zst"];

fn fixture(suffix: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/command/fixtures");
    path.join(format!("few.pcapng{suffix}")).to_str().unwrap().into()
}

/// The messages of a capture, and the output for them.
fn decode(file: &str, input: &[u8]) -> String {
    let output = run_on(&["decode", "--format", "annotate", file], input);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = stdout(&output).lines().filter(|line| !line.starts_with("# "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn compressed_captures_are_recognized_by_content() {
    let plain = decode(&fixture(""), b"");
    assert!(plain.contains("CTA_TUPLE_ORIG") && plain.lines().count() > 20, "{plain}");
    for suffix in SUFFIXES {
        let file = fixture(&format!(".{suffix}"));
        assert_eq!(decode(&file, b""), plain, "{suffix}");
        assert_eq!(decode("-", &std::fs::read(&file).unwrap()), plain, "{suffix}");
        let output = run(&["check", "--jobs", "3", &file]);
        assert_eq!(stdout(&output), "messages=12 exact=12 errors=0\n");
    }
}

#[test]
fn a_zstandard_file_may_begin_with_a_frame_that_is_skipped() {
    let file = std::fs::read(fixture(".zst")).unwrap();
    for first in [0x50, 0x5a, 0x5f] {
        let skipped =
            [&[first, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 0x87, 0x98, 0x3b][..], &file].concat();
        assert_eq!(decode("-", &skipped), decode(&fixture(""), b""));
    }
}

#[test]
fn what_comes_before_a_cut_is_decoded() {
    let file = std::fs::read(golden("linux-7.2/nlmon.pcapng")).unwrap();
    let messages = |output: &[u8]| -> u64 {
        let text = std::str::from_utf8(output).unwrap();
        text.strip_prefix("messages=").unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let all = messages(&run_on(&["check", "-"], &file).stdout);
    for program in ["gzip", "xz", "zstd"] {
        let path = std::env::temp_dir().join(format!("ctnetlink-{program}-{}", std::process::id()));
        // Several blocks of zstd, several members or streams.
        std::fs::write(&path, &file).unwrap();
        let compressed = Command::new(program).arg("-c").arg(&path).output();
        std::fs::remove_file(&path).unwrap();
        let Ok(compressed) = compressed.map(|output| output.stdout) else {
            println!("SKIPPED what_comes_before_a_cut_is_decoded: no {program}");
            continue;
        };
        let twice = run_on(&["check", "-"], &compressed.repeat(2));
        assert_eq!(messages(&twice.stdout), 2 * all, "{program}");
        let output =
            run_on(&["check", "-"], &compressed[..compressed.len() - compressed.len() / 5]);
        assert_eq!(output.status.code(), Some(1));
        let errors = stderr(&output);
        assert!(errors.contains(&format!("the {program} data is truncated")), "{errors}");
        let before = messages(&output.stdout);
        assert!(before > all / 3 && before < all, "{program}: {before} of {all}");
    }
}

#[test]
fn junk_after_compressed_data_is_an_error_after_all_messages() {
    for suffix in SUFFIXES {
        let mut bytes = std::fs::read(fixture(&format!(".{suffix}"))).unwrap();
        bytes.extend(b"\x87\x98\x3b\xa7\xbc\x6b\x47\x9d\xb1\xc2\xd3\xe4\xf5\x0a\x1b");
        let output = run_on(&["check", "-"], &bytes);
        assert_eq!(stdout(&output), "messages=12 exact=12 errors=1\n", "{suffix}");
        assert_eq!(output.status.code(), Some(1), "{suffix}");
    }
}

#[test]
fn other_compressed_formats_are_refused_with_the_program_to_use() {
    let bzip2 = b"BZh91AY&SY\x4e\xec\xe8\x36\x00\x00\x02\x51\x80\x00\x10\x40\x00\x06";
    let lz4 = b"\x04\x22\x4d\x18\x64\x40\xa7\x0f\x00\x00\x80hello\x20lz\x0a\x00\x00\x00\x00";
    for (bytes, program) in [(&bzip2[..], "bzip2"), (&lz4[..], "lz4")] {
        let output = run_on(&["decode", "-"], bytes);
        assert_eq!(output.status.code(), Some(2));
        let expected = format!(
            "ctnetlink: error: -: compressed with {program}, which this build does not read; pipe it \
             through `{program} -dc`"
        );
        assert_eq!(stderr(&output).lines().next(), Some(&*expected));
    }
}

#[test]
fn malformed_compressed_data_is_reported() {
    for suffix in SUFFIXES {
        let mut bytes = std::fs::read(fixture(&format!(".{suffix}"))).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        let output = run_on(&["decode", "-"], &bytes);
        assert_ne!(output.status.code(), Some(0), "{suffix}");
        assert!(stderr(&output).contains("ctnetlink: error: -: "), "{}", stderr(&output));
    }
}
