#!/usr/bin/env python3
"""Writes the seeds of each fuzz target from the golden messages: python3 fuzz/seed.py"""

import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent
GOLDEN = ROOT.parent / "tests" / "golden"


def seed(target: str, data: bytes) -> None:
    folder = ROOT / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def attributes(data: bytes, order: str, at: int):
    """Yields the offset and the payload of each nested attribute."""
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 2], order)
        kind = int.from_bytes(data[at + 2 : at + 4], order)
        if length < 4:
            return
        if kind & 0x8000:
            yield kind & 0x3FFF, data[at + 4 : at + length]
            yield from attributes(data[: at + length], order, at + 4)
        at += (length + 3) & ~3


def dumps(data: bytes):
    """Yields the bytes as xxd, hexdump, `xxd -p`, C and strace print them."""
    lines = [(at, data[at : at + 16]) for at in range(0, len(data), 16)]
    yield "".join(f"{at:08x}: {line.hex(' ', 2)}  ....\n" for at, line in lines)
    yield "".join(f"{at:08x}  {line.hex(' ')}  |....|\n" for at, line in lines) + f"*\n{len(data):08x}\n"
    yield "".join(f"{data[at : at + 30].hex()}\n" for at in range(0, len(data), 30))
    yield "{\n" + "".join("".join(f"0x{byte:02x}, " for byte in line) + "\n" for _, line in lines) + "};\n"
    yield "".join(f" | {at:05x}  {line.hex(' ')}  .... |\n" for at, line in lines)


for file in sorted(GOLDEN.glob("linux-*/*.jsonl")):
    order = "big" if file.parent.name.endswith(("mips", "s390x")) else "little"
    top = 0x80 if order == "big" else 0
    for n, line in enumerate(file.read_text().splitlines()):
        data = bytes.fromhex(json.loads(line)["hex"])
        seed("message", bytes([top]) + data)
        if n % 8 == 0:
            # The top-level set, and every nested attribute with the set that its number selects.
            seed("attributes", bytes([top]) + data[20:])
            for kind, payload in attributes(data, order, 20):
                seed("attributes", bytes([top | (kind % 24)]) + payload)
        if n % 16 == 0:
            seed("capture", line.encode())
            seed("capture", data)
            for text in dumps(data):
                seed("capture", text.encode())
for file in sorted(GOLDEN.glob("*/nlmon.*")):
    # The first blocks are enough as a seed.
    seed("capture", file.read_bytes()[:6000])
for n in range(256):
    seed("simulated", bytes([n, n % 4, n // 3]) + n.to_bytes(8, "little"))
for line in (ROOT.parent / "tests" / "vectors" / "vectors.jsonl").read_text().splitlines():
    message = json.loads(line)["message"]
    for key in ("conntrack", "expectation"):
        if key in message:
            seed("flat", json.dumps(message[key]).encode())
