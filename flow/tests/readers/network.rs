//! Captures of an exporter's packets, as the programs that read them expect.

/// The address and the port of the exporter and of the collector.
const ENDS: [(u32, u16); 2] = [(0xc000_0201, 50_001), (0xc000_0202, 4_739)];

/// Returns a pcap file of UDP packets, each with a message.
pub(crate) fn udp(messages: &[Vec<u8>]) -> Vec<u8> {
    let packets = messages.iter().map(|message| {
        let length = 8 + message.len() as u16;
        let mut packet = [ENDS[0].1, ENDS[1].1, length, 0].map(u16::to_be_bytes).concat();
        packet.extend_from_slice(message);
        ip(17, &packet)
    });
    pcap(packets)
}

/// Returns a pcap file of a TCP connection, with the messages in its stream.
///
/// Each message begins in one packet and ends in the next.
pub(crate) fn tcp(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut sequence = 0x1000_u32;
    let mut packets = Vec::new();
    for message in messages {
        let (head, tail) = message.split_at(message.len() / 2);
        for part in [head, tail] {
            let mut packet = [ENDS[0].1, ENDS[1].1].map(u16::to_be_bytes).concat();
            packet.extend_from_slice(&sequence.to_be_bytes());
            packet.extend_from_slice(&0x2000_u32.to_be_bytes());
            // 20 bytes of header; PSH and ACK.
            packet.extend_from_slice(&[0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
            packet.extend_from_slice(part);
            packets.push(ip(6, &packet));
            sequence = sequence.wrapping_add(part.len() as u32);
        }
    }
    pcap(packets.into_iter())
}

fn ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    packet.extend(ENDS.iter().flat_map(|(addr, _)| addr.to_be_bytes()));
    packet.extend_from_slice(payload);
    packet
}

/// Returns a pcap file of IP packets.
fn pcap(packets: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    const LINKTYPE_RAW: u32 = 101;
    let mut file = Vec::new();
    let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, LINKTYPE_RAW];
    file.extend(header.iter().flat_map(|word: &u32| word.to_le_bytes()));
    for packet in packets {
        let length = packet.len() as u32;
        file.extend(
            [1_795_552_011, 0, length, length].iter().flat_map(|word: &u32| word.to_le_bytes()),
        );
        file.extend_from_slice(&packet);
    }
    file
}
