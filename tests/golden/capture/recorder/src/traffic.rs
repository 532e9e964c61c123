//! Small servers and clients that send packets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Runs an echo server for some seconds.
pub(crate) fn serve(protocol: &str, address: &str, seconds: &str) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(text)?;
    let end = Instant::now() + Duration::from_secs(seconds.parse().map_err(text)?);
    if protocol == "udp" {
        let socket = UdpSocket::bind(address).map_err(text)?;
        socket.set_read_timeout(Some(SECOND / 4)).map_err(text)?;
        let mut packet = [0; 4096];
        while Instant::now() < end {
            if let Ok((len, from)) = socket.recv_from(&mut packet) {
                let _ = packet.get(..len).map(|packet| socket.send_to(packet, from));
            }
        }
        return Ok(());
    }
    let listener = TcpListener::bind(address).map_err(text)?;
    listener.set_nonblocking(true).map_err(text)?;
    while Instant::now() < end {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).map_err(text)?;
                std::thread::spawn(move || echo(&stream));
            }
            Err(_) => std::thread::sleep(SECOND / 50),
        }
    }
    Ok(())
}

fn echo(stream: &TcpStream) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    for line in BufReader::new(stream).lines() {
        writeln!(writer, "{}", line.ok()?).ok()?;
    }
    Some(())
}

/// Sends lines and waits for the echo of each.
pub(crate) fn talk(protocol: &str, address: &str, lines: &str) -> Result<(), String> {
    talk_to(protocol, address, lines).map_err(|error| format!("talk {protocol} {address}: {error}"))
}

fn talk_to(protocol: &str, address: &str, lines: &str) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(text)?;
    let lines: u32 = lines.parse().map_err(text)?;
    if protocol == "udp" {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).map_err(text)?;
        socket.connect(address).map_err(text)?;
        socket.set_read_timeout(Some(SECOND)).map_err(text)?;
        for _ in 0..lines {
            socket.send(b"line\n").map_err(text)?;
            let _ = socket.recv(&mut [0; 16]);
            std::thread::sleep(SECOND / 20);
        }
        return Ok(());
    }
    let stream = connect(address)?;
    let mut reader = BufReader::new(stream.try_clone().map_err(text)?);
    for _ in 0..lines {
        writeln!(&stream, "line").map_err(text)?;
        reader.read_line(&mut String::new()).map_err(text)?;
        std::thread::sleep(SECOND / 20);
    }
    Ok(())
}

/// Connects as soon as a server listens.
pub(crate) fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let end = Instant::now() + 10 * SECOND;
    loop {
        match TcpStream::connect_timeout(&address, 5 * SECOND) {
            Ok(stream) => {
                stream.set_read_timeout(Some(5 * SECOND)).map_err(text)?;
                return Ok(stream);
            }
            Err(error) if Instant::now() > end => return Err(format!("{address}: {error}")),
            Err(_) => std::thread::sleep(SECOND / 10),
        }
    }
}

/// Sends UDP requests and replies `rounds` times between two ports of this machine.
pub(crate) fn udp(from: &str, to: &str, payload: &[u8], rounds: usize) -> Result<(), String> {
    let client = UdpSocket::bind(from).map_err(|error| format!("{from}: {error}"))?;
    let server = UdpSocket::bind(to).map_err(|error| format!("{to}: {error}"))?;
    for socket in [&client, &server] {
        socket.set_read_timeout(Some(SECOND)).map_err(text)?;
    }
    let mut packet = vec![0; 65536];
    for _ in 0..rounds {
        client.send_to(payload, to).map_err(text)?;
        if let Ok((len, sender)) = server.recv_from(&mut packet) {
            server.send_to(packet.get(..len).unwrap_or_default(), sender).map_err(text)?;
            let _ = client.recv_from(&mut packet);
        }
    }
    Ok(())
}

/// Sends one UDP packet.
pub(crate) fn send(from: &str, to: &str, payload: &[u8]) -> Result<UdpSocket, String> {
    let client = UdpSocket::bind(from).map_err(|error| format!("{from}: {error}"))?;
    // An earlier "port unreachable" may make this call fail, which is ignored.
    let _ = client.send_to(payload, to);
    Ok(client)
}
