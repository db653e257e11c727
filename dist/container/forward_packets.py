# --- The packets of a forward: what a line of the terminal carries. The runner's half is `src/session/forward/packets.ts`.
#
# A packet is a kind, a number, a sealed body and a tag. The terminal carries it in septets, behind its length: the agent passes ASCII
# whole.
import hashlib, hmac

HELLO, FRAME, ACK = range(3)
LONGEST_PACKET = 65536


class Damage(Exception):
    """A line that is no packet, or a gap. The next session goes on."""


# A block of 2**12 septets, in the steps in which it is spread: by how many bits, and the bits that move, the upper half of each group.
STEPS = [(1 << k, sum(((1 << (7 << k)) - 1) << ((7 << k) + at) for at in range(0, 8 << 12, 16 << k))) for k in range(11, -1, -1)]


def number(value, size=6):
    return value.to_bytes(size, "big")


def value(some):
    return int.from_bytes(some, "big")


def to_septets(some):
    """Seven bits in a byte, from the highest on: numbers of a block at a time, since a loop over bytes is slow."""
    blocks = []
    for at in range(0, len(some), 3584):
        block = some[at : at + 3584]
        count = (8 * len(block) + 6) // 7
        x = value(block) << (7 * count - 8 * len(block))
        for by, moved in STEPS:
            if by < count:
                high = x & moved
                x ^= high ^ (high << by)
        blocks.append(number(x, count))
    return b"".join(blocks)


def from_septets(some):
    blocks = []
    for at in range(0, len(some), 4096):
        block = some[at : at + 4096]
        count = 7 * len(block) // 8
        x = value(block)
        for by, moved in reversed(STEPS):
            if by < len(block):
                high = x & (moved << by)
                x ^= high ^ (high >> by)
        blocks.append(number(x >> (7 * len(block) - 8 * count), count))
    return b"".join(blocks)


class Seal:
    """SHAKE256 as a stream cipher, then HMAC-SHA256. Each packet has its own nonce: direction, kind and number."""

    def __init__(self, key, ours, theirs):
        self.key, self.ours, self.theirs = key, ours, theirs

    def mix(self, nonce, some):
        stream = hashlib.shake_256(self.key[:32] + nonce).digest(len(some))
        return number(value(some) ^ value(stream), len(some))

    def tag(self, some):
        return hmac.new(self.key[32:], some, hashlib.sha256).digest()[:16]

    def close(self, kind, of, body=b""):
        head = bytes([kind]) + number(of)
        packet = head + self.mix(self.ours + head, body)
        line = to_septets(packet + self.tag(self.ours + packet))
        return bytes([len(line) >> 14, len(line) >> 7 & 127, len(line) & 127]) + line

    def open(self, line):
        if not line.isascii():
            raise Damage("a line is not in septets")
        packet = from_septets(line)
        packet, tag = packet[:-16], packet[-16:]
        if len(packet) < 7 or not hmac.compare_digest(tag, self.tag(self.theirs + packet)):
            raise Damage("a line is no packet of the runner")
        return packet[0], value(packet[1:7]), self.mix(self.theirs + packet[:7], packet[7:])


class Lines:
    """Cuts bytes into the packets that they carry."""

    def __init__(self):
        self.rest = b""

    def cut(self, some):
        self.rest += some
        lines, at = [], 0
        while len(self.rest) >= at + 3:
            a, b, c = self.rest[at : at + 3]
            length = a << 14 | b << 7 | c
            if not 0 < length <= LONGEST_PACKET:
                raise Damage("a line has no length of a packet")
            if len(self.rest) < at + 3 + length:
                break
            lines.append(self.rest[at + 3 : at + 3 + length])
            at += 3 + length
        self.rest = self.rest[at:]
        return lines
