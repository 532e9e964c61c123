use super::build::{message, read};
use ctnetlink::capture::PcapngWriter;
use ctnetlink::wire::Endian;

#[test]
fn what_is_written_is_read() {
    let datagrams = [
        message(Endian::NATIVE, 1, &[1; 5]),
        message(Endian::NATIVE, 2, &[]),
        vec![],
        vec![3; 70_000],
    ];
    let mut writer = PcapngWriter::new(Vec::new()).expect("memory");
    for (index, datagram) in datagrams.iter().enumerate() {
        let time = 0x1234_5678_9abc_def0 + index as u64;
        writer.write_packet(time, 4, 12, datagram).expect("memory");
        writer.write_packet(time, 0x0102, 16, datagram).expect("memory");
    }
    writer.flush().expect("memory");
    let whole = read(&writer.into_inner()).expect("pcapng");
    assert_eq!(whole.data(), datagrams);
    let packets = whole.packets();
    assert_eq!(packets[3].time, Some(0x1234_5678_9abc_def3));
    assert_eq!(
        (packets[3].number, packets[3].packet_type, packets[3].interface),
        (7, Some(4), Some(0))
    );
    assert_eq!(whole.skipped.other_families, 4);
}

#[test]
fn the_longest_datagram_can_be_read_again() {
    let mut writer = PcapngWriter::new(Vec::new()).expect("memory");
    let longest = vec![0xa5; (16 << 20) - 64];
    writer.write_packet(1, 4, 12, &longest).expect("memory");
    let error = writer.write_packet(1, 4, 12, &[longest.clone(), vec![0]].concat());
    assert_eq!(error.expect_err("too long").kind(), std::io::ErrorKind::InvalidInput);
    let file = writer.into_inner();
    let mut reader = ctnetlink::capture::Reader::new(&file[..]).expect("pcapng");
    assert_eq!(reader.next_packet().expect("packet").expect("good").data, longest);
    assert!(reader.next_packet().is_none());
}
