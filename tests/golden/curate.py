#!/usr/bin/env python3
"""Choose the golden data of this folder from a folder of recordings.

    curate.py RECORDINGS [--oracle PROGRAM] [--out FOLDER]
    curate.py --richer RECORDINGS [--oracle PROGRAM] [--out FOLDER]

RECORDINGS holds one folder a kernel (linux-6.12, linux-7.2-s390x, ...), each
with messages.jsonl and, where there is one, nlmon.pcapng, nlmon.pcap and
labels_and_filters.jsonl, and a folder conntrack-text. See README.md for what
they are. FOLDER (default: the folder of this program) receives, for each
kernel, the chosen messages and the trimmed captures.

With --richer, RECORDINGS holds a folder a kernel, and in it a folder a run
(apparmor, selinux, namespace), each with the messages.jsonl that capture/ made.
FOLDER receives richer.jsonl for each kernel: the messages that show something
which the kernel's other files in FOLDER do not.

PROGRAM is oracle/lnfct_text, built. It is given messages in little-endian
order and without top-level pad attributes (libnetfilter_conntrack exits on
those), and its text is written beside the bytes that the kernel sent. Without
PROGRAM the `text` and `text_all` keys are left out.

The choice is deterministic: each message is reduced to a set of features
(kind, message type, flags, family, attribute paths, attribute lengths,
protocols, states, status words, errnos, event masks, ...) and messages are
taken greedily until every feature is covered. The captures are cut in whole
packets, and the packets that stay are byte for byte those of the recording.

Python 3, standard library only.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys

BIG_ENDIAN = {"s390x": 8, "mips": 4}  # with the bytes of a word
WIDE = ("labels", "exp_timeouts", "timeouts", "after_wrap")  # scenes of wide.jsonl that stay
LIMIT = 190  # messages a kernel, for the features of the last tier
RICHER_BYTES = 32_000  # of a richer.jsonl without its text; the last tiers stop there
CREATING = ("zones", "status", "switches")  # scenes of which a creation is wanted

NLM_F_REQUEST = 1
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF

CT, EXP = 1, 2
CTA_STATUS, CTA_TIMESTAMP, CTA_LABELS, CTA_TIMESTAMP_EVENT = 3, 20, 22, 27
CT_NESTS = {
    1: {1: {}, 2: {}},
    2: {1: {}, 2: {}},
    4: {1: {}, 2: {}, 3: {}},
    5: {},
    6: {3: {}},
    9: {},
    10: {},
    13: {3: {}},
    14: {1: {}, 2: {}},
    15: {},
    16: {},
    19: {},
    20: {},
    24: {},
    25: {},
}
EXP_NESTS = {
    1: {1: {}, 2: {}},
    2: {1: {}, 2: {}},
    3: {1: {}, 2: {}},
    10: {2: {1: {}, 2: {}}},
}


class Header:
    def __init__(self, message, big):
        e = ">" if big else "<"
        fields = struct.unpack_from(e + "IHHII", message)
        self.length, self.type, self.flags, self.seq, self.portid = fields
        self.subsys, self.msg = self.type >> 8, self.type & 0xFF
        self.family = message[16] if len(message) > 16 else 0


def attributes(data, big):
    """(type, flags, payload) of each attribute; stops at a malformed one."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from(">HH" if big else "<HH", data, at)
        if length < 4 or at + length > len(data):
            return
        yield kind & NLA_TYPE_MASK, kind & ~NLA_TYPE_MASK, data[at + 4 : at + length]
        at += (length + 3) & ~3


def walk(data, big, nests, path=()):
    """(path, payload) of every attribute, nests included."""
    for kind, _, payload in attributes(data, big):
        here = path + (kind,)
        yield here, payload
        if kind in nests:
            yield from walk(payload, big, nests[kind], here)


def nests_of(header):
    if header.subsys == EXP:
        return EXP_NESTS
    return CT_NESTS if header.msg not in (3, 4, 5) else {}


# ---------------------------------------------------------------- translation


def translate(data, word, path=()):
    """Attributes in big-endian order to little-endian order.

    Every nest of a message from the kernel carries NLA_F_NESTED. Labels are
    words of host order."""
    out = b""
    for kind, flags, payload in attributes(data, True):
        here = path + (kind,)
        if flags & NLA_F_NESTED:
            payload = translate(payload, word, here)
        elif here == (CTA_LABELS,):
            payload = b"".join(
                payload[i : i + word][::-1] for i in range(0, len(payload), word)
            )
        head = struct.pack("<HH", len(payload) + 4, kind | flags)
        out += head + payload + bytes(-len(payload) % 4)
    return out


def for_oracle(message, word):
    """The message as libnetfilter_conntrack on a little-endian machine can
    take it: swapped if need be, and without an empty CTA_STATUS."""
    h = Header(message, bool(word))
    body = message[20:]
    if word:
        body = translate(body, word)
    if h.subsys == CT:
        out = b""
        for kind, flags, payload in attributes(body, False):
            if kind == CTA_STATUS and not payload:
                continue
            out += struct.pack("<HH", len(payload) + 4, kind | flags)
            out += payload + bytes(-len(payload) % 4)
        body = out
    head = struct.pack("<IHHII", 20 + len(body), h.type, h.flags, h.seq, h.portid)
    return head + message[16:20] + body


# ------------------------------------------------------------------- features


def features(line, message, big):
    """(weight, feature) pairs; the lowest weight is covered first."""
    h = Header(message, big)
    kind, op = line["kind"], line.get("op", "create")
    who = (kind, op) if kind == "request" else (kind,)
    out = [(0, ("message", who, h.type, h.flags, h.family))]
    if "errno" in line:
        out.append((0, ("errno", op, line["errno"])))
        if op == "mutated":
            return out
    for key in ("ext", "plain", "ipct_events", "port", "dgram_off8"):
        if key in line:
            out.append((1, (key, json.dumps(line[key]))))
    sent = "request" if kind == "request" else (h.type, h.flags & 0x600)
    nests = nests_of(h)
    paths, number, tuple_paths = [], {}, {(1, 2), (2, 2)}
    for path, payload in walk(message[20:], big, nests):
        paths.append(path)
        out.append((1, ("path", sent, h.subsys, path)))
        out.append((1, ("length", h.subsys, path, len(payload))))
        if len(path) == 3 and path[:2] in tuple_paths and path[2] == 1 and payload:
            number[path[0]] = payload[0]
        if h.subsys == CT and len(path) == 3 and path[0] == 4 and path[2] == 1:
            out.append((1, ("state", sent, path[1], payload[:1])))
        if path == (CTA_STATUS,) and h.subsys == CT and payload:
            out.append((1, ("status", kind == "request", payload)))
            out.append((2, ("status", sent, payload)))
        if path == (CTA_LABELS,) and kind != "request":
            out.append((2, ("labels", sent)))
        if h.subsys == EXP and path in ((8,), (9,), (6,), (11,)):
            out.append((1, ("value", sent, path, payload)))
        if h.subsys == CT and path == (5, 1):
            out.append((1, ("value", sent, path, payload)))
    for side, n in sorted(number.items()):
        out.append((1, ("l4proto", sent, h.family, n)))
    shape = tuple(sorted(set(paths)))
    if kind != "request":
        out.append((1, ("pads", h.type, paths.count((CTA_STATUS,)))))
        top = tuple(p for p in paths if len(p) == 1)
        out.append((2, ("order", h.type, h.flags, top)))
        out.append((3, ("shape", h.type, h.flags, h.family, shape)))
    return out


def richer_features(line, message, big):
    """What the recordings of capture/ are made for, beside the above."""
    h = Header(message, big)
    kind = line["kind"]
    if kind == "error":
        # The error, the header of the request, its payload unless capped, then attributes.
        code, length = struct.unpack_from("<iI", message, 16)
        capped = bool(h.flags & 0x100)
        words = {}
        if h.flags & 0x200:
            tlvs = message[36:] if capped else message[20 + ((length + 3) & ~3) :]
            words = {t: v for t, _, v in attributes(tlvs, big)}
        return [
            (1, ("words", code, words.get(1))),
            (0, ("error", capped, tuple(sorted(words)))),
        ]
    out = features(line, message, big)
    if kind == "request":
        # What a request says is our own choice.
        out = [(w, f) for w, f in out if f[0] not in ("value", "status", "state", "l4proto")]
    out.append((0, ("scene", line["scene"], kind)))
    if kind == "request" and "op" not in line and line["scene"] in CREATING:
        out.append((0, ("create", line["scene"], line["errno"])))
    if "ext" in line:
        out.append((2, ("born", tuple(line["ext"]), h.type, h.flags)))
    if "alloc" in line:
        out.append((2, ("alloc", line["alloc"])))
    for path, payload in walk(message[20:], big, nests_of(h)):
        if h.subsys == CT and h.msg in (0, 2) and path in ((19, 1), (24, 1)):
            out.append((1, ("value", kind, path, payload)))
        if h.subsys == CT and path[:1] == (25,) and len(path) == 2:
            out.append((1, ("filter", h.family, path, payload)))
        if kind != "request" and path == (CTA_STATUS,):
            for bit in range(32):
                if payload and int.from_bytes(payload, "big") >> bit & 1:
                    out.append((1, ("status bit", kind, h.type, bit)))
    return out


def features_of(lines, weights):
    wanted = (richer_features({"scene": ""} | l, bytes.fromhex(l["hex"]), False) for l in lines)
    return {f for fs in wanted for w, f in fs if w in weights}


def choose_richer(lines, covered):
    """Indices of the lines that show what is not covered."""
    wanted = [richer_features(l, bytes.fromhex(l["hex"]), False) for l in lines]
    size = lambda i: len(lines[i]["hex"]) + 300
    chosen, total = set(), 0
    for tier in (0, 1, 2, 3):
        sets = [{f for w, f in fs if w <= tier} - covered for fs in wanted]
        while True:
            gains = [(len(s) / size(i), -i) for i, s in enumerate(sets) if s]
            if not gains or (tier > 1 and total > RICHER_BYTES):
                break
            best = -max(gains)[1]
            chosen.add(best)
            total += size(best)
            covered |= {f for _, f in wanted[best]}
            sets = [s - covered for s in sets]
    # With a request to create goes what it created.
    for i in list(chosen):
        line, answer = lines[i], lines[min(i + 1, len(lines) - 1)]
        if line["kind"] == "request" and "op" not in line and answer["kind"] == "event":
            chosen.add(i + 1)
    # An entry's context is in the size of messages that do not show it: with them goes one that does.
    shows = {}
    for i, line in enumerate(lines):
        message = bytes.fromhex(line["hex"])
        h = Header(message, False)
        if line["kind"] == "request" or h.subsys != CT or h.msg not in (0, 2):
            continue
        values = {p: v for p, v in walk(message[20:], False, CT_NESTS)}
        key = (line["run"], values.get((12,)), values.get((1, 1, 1)), values.get((1, 2, 2)))
        if (19, 1) in values:
            shows.setdefault(key, i)
        elif i in chosen and key in shows:
            chosen.add(shows[key])
    every = {f for fs in wanted for _, f in fs}
    return sorted(chosen), len(every & covered), len(every)


def richer(args, kernel, labelmap, shown):
    source, target = (os.path.join(f, kernel) for f in (args.recordings, args.out))
    lines = []
    for run in sorted(os.listdir(source)):
        part = read_lines(os.path.join(source, run, "messages.jsonl"))
        lines += [{"run": run} | line for line in part]
    there = []
    for name in ("messages.jsonl", "labels_and_filters.jsonl"):
        path = os.path.join(target, name)
        there += read_lines(path) if os.path.exists(path) else []
    # What makes a kernel's folder complete must be in it; what is finer, in one of them.
    covered = shown | features_of(there, range(4))
    chosen, covered, total = choose_richer(lines, covered)
    report = f"{kernel}: {len(chosen)} of {len(lines)} messages, {covered} of {total} features"
    lines = [{k: v for k, v in lines[i].items() if k != "run"} for i in chosen]
    # The text does not depend on the kernel: that of the newest one is enough.
    if not shown:
        add_text(lines, 0, args.oracle, labelmap)
    shown |= features_of(lines, (1, 2, 3))
    os.makedirs(target, exist_ok=True)
    write_lines(os.path.join(target, "richer.jsonl"), lines)
    print(report)


def choose(lines, big):
    wanted = [features(l, bytes.fromhex(l["hex"]), big) for l in lines]
    chosen, covered = set(), set()
    for tier in (0, 1, 2, 3):
        sets = [{f for w, f in fs if w <= tier} for fs in wanted]
        while True:
            best, gain = None, 0
            for i, s in enumerate(sets):
                if i in chosen:
                    continue
                new = len(s - covered)
                if new > gain:
                    best, gain = i, new
            if best is None or (tier == 3 and len(chosen) >= LIMIT):
                break
            chosen.add(best)
            covered |= {f for _, f in wanted[best]}
    missing = {f for fs in wanted for w, f in fs if w < 3} - covered
    assert not missing, missing
    every = {f for fs in wanted for _, f in fs}
    return sorted(chosen), len(every & covered), len(every)


# ----------------------------------------------------------------------- text


def start_of(message, big):
    h = Header(message, big)
    if h.subsys != CT:
        return None
    for path, payload in walk(message[20:], big, CT_NESTS):
        if path in ((CTA_TIMESTAMP, 1), (CTA_TIMESTAMP_EVENT,)) and len(payload) == 8:
            return struct.unpack(">Q", payload)[0] // 10**9
    return None


def add_text(lines, word, oracle, labelmap):
    """Give each line its `now`, `text` and `text_all`."""
    if not oracle:
        return
    big = bool(word)
    messages = [bytes.fromhex(l["hex"]) for l in lines]
    starts = [start_of(m, big) for m in messages]
    base = max((s for s in starts if s is not None), default=1795338000)
    fed = []
    for i, line in enumerate(lines):
        h = Header(messages[i], big)
        if line["kind"] == "request" or h.subsys not in (CT, EXP):
            continue
        if h.type not in (0x100, 0x102, 0x200, 0x202):
            continue
        start = base if starts[i] is None else starts[i]
        line["now"] = start + 1 + i * 37 % 5003
        hexed = for_oracle(messages[i], word).hex()
        fed.append((line, json.dumps({"hex": hexed, "now": line["now"]})))
    run = subprocess.run(
        [oracle, "--labelmap", labelmap],
        input="".join(f + "\n" for _, f in fed),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = run.stdout.splitlines()
    assert len(answers) == len(fed), (len(answers), len(fed), run.stderr)
    for (line, _), answer in zip(fed, answers):
        answer = json.loads(answer)
        assert "error" not in answer, (line, answer)
        line["text"], line["text_all"] = answer["text"], answer["text_all"]


# ------------------------------------------------------------------- captures


def packets_of_pcapng(data):
    """(block, packet or None) of each block of a one-section file."""
    e = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(e + "II", data, at)
        block = data[at : at + length]
        packet = None
        if kind == 6:
            caplen = struct.unpack_from(e + "I", block, 20)[0]
            packet = block[28 : 28 + caplen]
        yield block, packet
        at += length


def packets_of_pcap(data):
    yield data[:24], None
    e = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at < len(data):
        caplen = struct.unpack_from(e + "I", data, at + 8)[0]
        yield data[at : at + 16 + caplen], data[at + 16 : at + 16 + caplen]
        at += 16 + caplen


def messages_of(packet, big):
    data, at = packet[16:], 0
    while at + 16 <= len(data):
        length = struct.unpack_from(">I" if big else "<I", data, at)[0]
        if length < 16 or at + length > len(data):
            return
        yield data[at : at + length]
        at += (length + 3) & ~3


def flow_of(message, big):
    """The ORIG tuple, as bytes: the same in a request and in its events."""
    for kind, _, payload in attributes(message[20:], big):
        if kind == 1:
            parts = [p for k, _, p in attributes(payload, big) if k in (1, 2)]
            return b"".join(parts)
    return None


def shows_label(line, big):
    """An event or reply about a flow to UDP port 6000 + n, on which a rule set label n."""
    message = bytes.fromhex(line["hex"])
    found = dict(walk(message[20:], big, nests_of(Header(message, big))))
    port = int.from_bytes(found.get((1, 2, 3), b""), "big")
    return line["kind"] != "request" and 6000 <= port < 6128 and (CTA_LABELS,) in found


def trim(blocks, big, flows_at_start, every, small):
    """Cut a capture to whole packets.

    A transaction is a request packet with all that follows up to the next
    request. Transactions of other subsystems stay; those of ctnetlink stay if
    they concern a chosen flow, if they show a new (operation, errno), or if
    they come after the creation of random entries and are not one more large
    dump of a kind already there. DESTROY events stay for the chosen flows."""
    groups = []
    for block, packet in blocks:
        messages = list(messages_of(packet, big)) if packet else []
        request = bool(messages) and Header(messages[0], big).flags & NLM_F_REQUEST
        if packet is None:
            groups.append(("keep", [(block, messages)]))
        elif request or not groups or groups[-1][0] == "keep":
            groups.append(("group", [(block, messages)]))
        else:
            groups[-1][1].append((block, messages))
    chosen, created, seen_error, seen_dump = set(), 0, set(), set()
    phase_two = False
    out = []
    for what, packets in groups:
        if what == "keep" or not packets[0][1]:
            out.extend(b for b, _ in packets)
            continue
        first = packets[0][1][0]
        h = Header(first, big)
        if h.subsys not in (CT, EXP):
            # a small cut has each only once
            key = tuple(Header(m, big).type for m in packets[0][1])
            if small and key in seen_dump:
                continue
            seen_dump.add(key)
            out.extend(b for b, _ in packets)
            continue
        if h.subsys == EXP:
            phase_two = True
        flow = flow_of(first, big)
        error = None
        for _, messages in packets:
            for m in messages:
                if Header(m, big).type == 2:
                    error = struct.unpack_from(">i" if big else "<i", m, 16)[0]
        dump = h.flags & 0x300 == 0x300 and h.subsys == CT and h.msg in (1, 3)
        total = sum(len(b) for b, _ in packets)
        if dump:
            # one dump of the whole table, and one with a filter
            key = "filtered" if h.length > 20 else "table"
            if total > 20000 and (small or key in seen_dump):
                continue
            if total > 20000:
                seen_dump.add(key)
            out.extend(b for b, _ in packets)
            continue
        if h.subsys == CT and h.msg == 0 and not phase_two:
            new_entry = bool(h.flags & 0x400)
            if new_entry and flow is not None:
                created += 1
                if created <= flows_at_start or created % every == 0:
                    chosen.add(flow)
            key = (h.flags, error)
            if flow not in chosen and key in seen_error:
                continue
            seen_error.add(key)
            chosen.add(flow)
        elif not phase_two and flow is not None and flow not in chosen:
            continue
        for block, messages in packets:
            destroy = [
                m for m in messages if Header(m, big).type == 0x102
                and not Header(m, big).flags & NLM_F_REQUEST
            ]
            gone = destroy and all(flow_of(m, big) not in chosen for m in destroy)
            if gone and phase_two and len(packets) > 40:
                continue
            for m in messages:
                if phase_two and Header(m, big).type == 0x100 and not small:
                    chosen.add(flow_of(m, big))
            out.append(block)
    return b"".join(out)


# ----------------------------------------------------------------------- main


def read_lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def write_lines(path, lines):
    with open(path, "w") as f:
        for line in lines:
            f.write(json.dumps(line, separators=(",", ":")) + "\n")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("recordings")
    args.add_argument("--oracle", help="the built oracle/lnfct_text")
    args.add_argument("--out", default=here)
    args.add_argument("--richer", action="store_true")
    args = args.parse_args()
    labelmap = os.path.join(here, "connlabel.conf")
    kernels = sorted(k for k in os.listdir(args.recordings) if k.startswith("linux-"))
    if args.richer:
        shown = set()
        # The newest kernel first, and other machines than x86-64 last.
        for kernel in sorted(kernels, key=lambda k: (k.count("-"), [-int(n) for n in k.split("-")[1].split(".")])):
            richer(args, kernel, labelmap, shown)
        return
    for kernel in kernels:
        source = os.path.join(args.recordings, kernel)
        target = os.path.join(args.out, kernel)
        os.makedirs(target, exist_ok=True)
        word = BIG_ENDIAN.get(kernel.split("-")[-1], 0)
        big = word != 0

        lines = read_lines(os.path.join(source, "messages.jsonl"))
        chosen, covered, total = choose(lines, big)
        labelled = [line for line in lines if shows_label(line, big)]
        lines = [lines[i] for i in chosen]
        add_text(lines, word, args.oracle, labelmap)
        write_lines(os.path.join(target, "messages.jsonl"), lines)
        report = f"{kernel}: {len(lines)} messages, {covered} of {total} features"

        # Labels that the kernel itself set: in a file of their own, or among the messages.
        for name in ("labels_and_filters.jsonl", "extra.jsonl"):
            more = os.path.join(source, name)
            if os.path.exists(more):
                labelled = read_lines(more)
                break
        if labelled:
            add_text(labelled, word, args.oracle, labelmap)
            write_lines(os.path.join(target, "labels_and_filters.jsonl"), labelled)

        more = os.path.join(source, "wide.jsonl")
        if os.path.exists(more):
            lines = [line for line in read_lines(more) if line["scene"] in WIDE]
            write_lines(os.path.join(target, "wide.jsonl"), lines)

        capture = os.path.join(source, "nlmon.pcapng")
        if os.path.exists(capture):
            with open(capture, "rb") as f:
                cut = trim(packets_of_pcapng(f.read()), big, 24, 6, False)
            with open(os.path.join(target, "nlmon.pcapng"), "wb") as f:
                f.write(cut)
            report += f", nlmon.pcapng {len(cut)} bytes"
        capture = os.path.join(source, "nlmon.pcap")
        if kernel == "linux-7.2" and os.path.exists(capture):
            with open(capture, "rb") as f:
                cut = trim(packets_of_pcap(f.read()), big, 8, 40, True)
            with open(os.path.join(target, "nlmon.pcap"), "wb") as f:
                f.write(cut)
            report += f", nlmon.pcap {len(cut)} bytes"
        print(report)

    pairs = os.path.join(args.recordings, "conntrack-text", "pairs-lnfct-1.1.1.jsonl")
    if os.path.exists(pairs):
        target = os.path.join(args.out, "conntrack-text")
        os.makedirs(target, exist_ok=True)
        shutil.copy(pairs, target)


if __name__ == "__main__":
    sys.exit(main())
