"""The traffic of flows.sh: a server for TCP and UDP, and a client with flows of several kinds."""

import socket
import sys
import threading
import time

IPV4, IPV6 = (socket.AF_INET, "192.0.2.2"), (socket.AF_INET6, "2001:db8::2")
IPV4_BEHIND_NAT = (socket.AF_INET, "198.51.100.7")
ANSWER = b"x" * 20_000


def answer(connection):
    connection.recv(65536)
    connection.sendall(ANSWER)
    while connection.recv(65536):
        pass
    connection.close()


def serve_tcp(family, address):
    listener = socket.socket(family)
    listener.bind((address, 443))
    listener.listen()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def serve_udp(family, address):
    listener = socket.socket(family, socket.SOCK_DGRAM)
    listener.bind((address, 53))
    while True:
        question, sender = listener.recvfrom(2000)
        listener.sendto(question + question, sender)


def tcp(host, seconds, port=443):
    family, address = host
    connection = socket.socket(family)
    try:
        connection.connect((address, port))
    except ConnectionRefusedError:
        return
    connection.sendall(b"q" * 300)
    time.sleep(seconds)
    left = len(ANSWER)
    while left > 0:
        left -= len(connection.recv(65536))
    connection.close()


def udp(host):
    family, address = host
    question = socket.socket(family, socket.SOCK_DGRAM)
    question.sendto(b"who", (address, 53))
    question.recv(2000)


def serve():
    for host in (IPV4, IPV6):
        for service in (serve_tcp, serve_udp):
            threading.Thread(target=service, args=host, daemon=True).start()
    threading.Event().wait()


def connect():
    long_flow = threading.Thread(target=tcp, args=(IPV4, 10.7))
    long_flow.start()
    udp(IPV4)
    udp(IPV6)
    tcp(IPV4, 0.2)
    tcp(IPV6, 1.3)
    tcp(IPV4_BEHIND_NAT, 0.4)
    udp(IPV4_BEHIND_NAT)
    tcp(IPV4, 0, port=22)  # Nobody listens.
    long_flow.join()


{"serve": serve, "connect": connect}[sys.argv[1]]()
