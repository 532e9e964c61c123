use super::build::read;
use ctnetlink::capture::{CaptureErrorKind, Format, Place, Reader};
use ctnetlink::wire::Endian::{Big, Little};

const BYTES: [u8; 6] = [0x10, 0x2a, 0xBC, 0x00, 0xff, 0x0d];

#[test]
fn the_forms_of_hex() {
    for line in [
        "102abc00ff0d",
        "102ABC00FF0D",
        "10 2a bc 00 ff 0d",
        "10:2A:bc:00:ff:0d",
        "0x102abc00ff0d",
        "0X10 0x2a 0xbc 0x00 0xff 0x0d",
        "\t 102a bc00\tff0d \r",
    ] {
        for text in [line.to_owned(), format!("{line}\n"), format!("\n# 'x'\n\n{line}\n\n#")] {
            let whole = read(text.as_bytes()).expect("hex");
            assert_eq!((whole.format, whole.data()), (Format::Hex, vec![&BYTES[..]]), "{text:?}");
        }
    }
}

#[test]
fn each_line_is_a_datagram_with_its_own_byte_order() {
    let text = "10000000 0000 0000 00000000 00000000\r\n# next\r\n00000010 0000 0000 00000000 00000000\r\nff\r\n";
    let whole = read(text.as_bytes()).expect("hex");
    let found: Vec<_> = whole.packets().iter().map(|p| (p.number, p.offset, p.endian)).collect();
    assert_eq!(found, [(1, 0, Little), (3, 46, Big), (4, 84, Little)]);
    assert!(whole.packets().iter().all(|p| p.time.is_none() && p.packet_type.is_none()));
}

#[test]
fn a_bad_line_does_not_stop_the_reading() {
    let text = "01\n0g\n1\n12 3 45\n00x1\n0x0x01\n10x2\n0x\n02";
    let whole = read(text.as_bytes()).expect("hex");
    assert_eq!(
        whole.errors(),
        [
            "line 2 at byte 3: expected a hexadecimal digit at position 2, found 'g'",
            "line 3 at byte 6: expected a hexadecimal digit at position 2, found the end",
            "line 4 at byte 8: expected a hexadecimal digit at position 5, found ' '",
            "line 5 at byte 16: expected a hexadecimal digit at position 3, found 'x'",
            "line 6 at byte 21: expected a hexadecimal digit at position 4, found 'x'",
            "line 7 at byte 28: expected a hexadecimal digit at position 3, found 'x'",
        ]
    );
    let found: Vec<_> = whole.packets().iter().map(|p| (p.number, p.data.clone())).collect();
    assert_eq!(found, [(1, vec![1]), (8, vec![]), (9, vec![2])]);
}

#[test]
fn json_lines_need_only_a_key() {
    let text = concat!(
        "{\"kind\": \"event\", \"hex\": \"10 2a bc 00 ff 0d\", \"deep\": [1, {\"hex\": 2}], \"n\": 1e9}\r\n",
        "\n# a comment\n",
        "  {\"hex\":\"\\u0031\\u0030:2abc00ff0d\"}",
    );
    let whole = read(text.as_bytes()).expect("JSON lines");
    assert_eq!((whole.format, whole.data()), (Format::JsonLines, vec![&BYTES[..]; 2]));
    assert_eq!(whole.packets()[1].number, 4);
    assert_eq!(read(b"# x\n\n {\"hex\":\"\"}").expect("JSON").data(), [&[0_u8; 0][..]]);
}

#[test]
fn a_number_in_the_key_time_is_the_capture_time() {
    let text = "{\"hex\":\"01\",\"time\":1795338483044910123}\n{\"hex\":\"02\",\"time\":\"noon\"}\n{\"hex\":\"03\"}\n";
    let whole = read(text.as_bytes()).expect("JSON lines");
    let times: Vec<_> = whole.packets().iter().map(|packet| packet.time).collect();
    assert_eq!(times, [Some(1_795_338_483_044_910_123), None, None]);
}

#[test]
fn objects_without_bytes_are_one_error() {
    let text = "# flows\n{\"packet\":1,\"body\":\"0102\"}\n{\"packet\":2}\n".repeat(50);
    let error = Reader::new(text.as_bytes()).expect_err("no key `hex`");
    assert!(matches!(error.kind, CaptureErrorKind::NoHex));
    assert_eq!(
        error.to_string(),
        "byte 0: expected JSON objects with the bytes of a message in the key `hex`, as \
         `ctnetlink decode --format json -o hex` writes them"
    );
}

/// As jq prints them without `-c`.
#[test]
fn objects_over_several_lines_are_one_error() {
    let text = "{\n  \"packet\": 1,\n  \"hex\": \"0102\"\n}\n".repeat(50);
    let error = Reader::new(text.as_bytes()).expect_err("several lines");
    assert!(matches!(error.kind, CaptureErrorKind::OpenObject));
}

#[test]
fn a_bad_object_does_not_stop_the_reading() {
    let text = concat!(
        "{\"hex\": 1}\n{\"hex\": \"0102\"}\n{\"hxe\": \"01\"}\n[\"01\"]\n{\"hex\": \"01\", \n{\"hex\":\"01",
        "\"} x\n{\"hex\":\"1\"}\n{\"hex\":\"\u{e9}\"}\n{\"hex\":\"01\"}\n{\"hex\":\"01\",\"hex\":\"02\"}\n",
    );
    let whole = read(text.as_bytes()).expect("JSON lines");
    let errors = whole.errors();
    assert_eq!(whole.packets().iter().map(|p| p.number).collect::<Vec<_>>(), [2, 9]);
    assert_eq!(
        errors[0],
        "line 1 at byte 0: invalid type: integer `1`, expected a string at column 9"
    );
    assert_eq!(errors[1], "line 3 at byte 27: missing field `hex` at column 13");
    assert!(errors[2].ends_with("expected a JSON object at column 1"));
    assert!(errors[3].starts_with("line 5") && errors[4].starts_with("line 6"), "{errors:?}");
    assert!(errors[5].ends_with("at position 2, found the end"));
    assert!(errors[6].ends_with(r"expected a hexadecimal digit at position 1, found '\xc3'"));
    assert!(errors[7].contains("duplicate field"));
    let not_utf8 = read(b"{\"hex\":\"\xff\"}").expect("JSON lines");
    assert!(matches!(
        not_utf8.items[0].as_ref().expect_err("not UTF-8").kind,
        CaptureErrorKind::Json { .. }
    ));
    let deep = format!("{{\"hex\":\"01\"}}\n{{\"x\":{}", "[".repeat(100_000));
    assert_eq!(read(deep.as_bytes()).expect("JSON lines").errors().len(), 1);
}

#[test]
fn a_line_may_be_a_mebibyte_long() {
    let mut text = "01".repeat((1 << 19) - 1);
    text.push_str(" \n");
    assert_eq!(text.len(), 1 << 20);
    text.push_str("02\n");
    assert_eq!(read(text.as_bytes()).expect("hex").data().len(), 2);
    text.insert(0, ' ');
    text.push_str(&"3".repeat(3 << 20));
    let whole = read(text.as_bytes()).expect("hex");
    assert_eq!(whole.packets()[0].data, [2]);
    let errors: Vec<_> = whole.items.iter().filter_map(|item| item.as_ref().err()).collect();
    assert_eq!((errors[0].place, errors[1].place), (Place::Line(1), Place::Line(3)));
    assert!(matches!(
        errors[0].kind,
        CaptureErrorKind::TooLong { limit: 0x10_0000, found: 0x10_0001 }
    ));
    assert!(matches!(
        errors[1].kind,
        CaptureErrorKind::TooLong { limit: 0x10_0000, found: 0x30_0000 }
    ));
}

#[test]
fn what_lies_before_the_first_line_that_counts() {
    for text in ["\n", " \r\n\n", "# x", "#\n#\n", "\u{feff}\n"] {
        let whole = read(text.as_bytes()).expect("hex");
        assert_eq!((whole.format, whole.items.len()), (Format::Hex, 0));
    }
    let whole = read("\u{feff}10 2a\n01".as_bytes()).expect("hex");
    assert_eq!(whole.data(), [&[0x10, 0x2a][..], &[1]]);
    assert_eq!(whole.packets()[0].offset, 3);
    // More of them than the reader looks through.
    let text = "# comment\n".repeat(10_000) + "01\n";
    assert_eq!(read(text.as_bytes()).expect("hex").data(), [&[1][..]]);
}
