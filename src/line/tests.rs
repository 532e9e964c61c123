//! Tests of lines.

use super::*;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// Returns the written text, which must be equal in a string and in bytes.
pub(crate) fn line(write: impl Fn(Line<'_>) -> Line<'_>) -> String {
    let (mut text, mut bytes) = (String::from("before "), Vec::from(*b"before "));
    let sinks = [&mut text as &mut dyn Sink, &mut bytes];
    let is_there = sinks.map(|sink| write(Line::new(&mut Buffer::new(sink))).finish());
    assert_eq!(is_there, [text.len() > 7; 2]);
    assert_eq!(text.as_bytes(), bytes);
    text.split_off(7)
}

/// Returns numbers without a pattern.
fn random() -> impl Iterator<Item = u64> {
    core::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |state| {
        Some(state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f))
    })
    .map(|state| state ^ state >> 32)
}

#[test]
fn addresses_equal_those_of_display() {
    // Many groups are zero; the others have one to four digits.
    let kinds = [0, 0, 0, 0x1, 0x23, 0x456, 0x789a, 0xffff];
    for n in random().take(200_000) {
        let groups = [0, 1, 2, 3, 4, 5, 6, 7].map(|at| kinds[(n >> (3 * at)) as usize & 7]);
        let address = Ipv6Addr::from(groups);
        assert_eq!(line(|line| line.ipv6(address)), address.to_string());
        let address = Ipv4Addr::from((n >> 32) as u32);
        assert_eq!(line(|line| line.ipv4(address)), address.to_string());
    }
    let texts = ["::", "::1", "1::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "255.255.255.255"];
    for text in texts {
        let address = text.parse().unwrap();
        assert_eq!(line(|line| line.ip(address)), text);
    }
}

#[test]
fn numbers_equal_those_of_display() {
    for n in 0..=u16::MAX {
        assert_eq!(line(|line| line.number(n)), n.to_string());
        assert_eq!(line(|line| line.hex_and(n, b':')), format!("{n:x}:"));
    }
    for (n, bits) in random().take(100_000).zip((0..64).cycle()) {
        let n = n >> bits;
        assert_eq!(line(|line| line.number(n)), n.to_string());
        assert_eq!(line(|line| line.number_and(n, b' ')), format!("{n} "));
    }
    let powers = (0..20).map(|digits| 10_u64.pow(digits));
    for n in powers.flat_map(|power| [power - 1, power]).chain([u64::MAX]) {
        assert_eq!(line(|line| line.number_and(n, b',')), format!("{n},"));
    }
}

#[test]
fn long_lines_are_complete() {
    let numbers = || random().take(2000);
    let text = |n| ["", "a", "häher", "helper", &"é".repeat(16)][(n % 5) as usize].to_string();
    let expected: String = numbers().map(|n| format!("{}{n}=", text(n))).collect();
    let all =
        line(|line| numbers().fold(line, |line, n| line.text(&text(n)).number(n).constant("=")));
    assert_eq!(all, expected);
    for length in ROOM - 70..ROOM + 70 {
        let long = "é".repeat(length / 2);
        let all = line(|line| line.constant("a").text(&long).text("b").text(&long));
        assert_eq!(all, format!("a{long}b{long}"));
    }
}

#[test]
fn names_are_padded_to_a_width() {
    let [udp, long] = ["udp", "generic_x"].map(Word::new);
    assert_eq!(line(|line| line.padded(&udp).constant("|")), "udp     |");
    assert_eq!(line(|line| line.padded(&long).constant("|")), "generic_x|");
    assert_eq!(line(|line| line.word(&udp).name(&udp)), "\"udp\",udp");
}

#[test]
fn one_comma_or_space_is_removed() {
    let trimmed = line(|line| line.text("é ").trimmed().text("b  ").trimmed());
    assert_eq!(trimmed, "éb ");
    let [none, two] = [0, 2].map(|count| {
        line(|line| line.items("]", |line| (0..count).fold(line, |l, _| l.text("1,"))))
    });
    assert_eq!((&*none, &*two), ("]", "1,1]"));
    // Try every position at which the buffer can be emptied.
    for length in 0..2 * ROOM {
        let before = "x".repeat(length);
        let list = line(|line| line.items("]", |line| line.text(&before).constant(",")));
        assert_eq!(list, format!("{before}]"));
        assert_eq!(line(|line| line.text(&before).constant(" ").trimmed()), before);
    }
}
