# --- The link of a forward, and the streams on it, without I/O: lines and the time in, lines and events out. The runner's half is
# `src/session/forward`.
#
# The two halves of the link number their frames, keep them until the other half has them, and drop those that come again. So a new
# session goes on at the byte. `forward_packets.py` stands in front of this.
import collections, zlib

OPEN, OPENED, REFUSED, DATA, END, RESET, CREDIT, BYE, SIZE, EXITED = range(1, 11)

# The bytes of a stream, in each direction, that its reader has not taken yet.
WINDOW = 262144
STREAMS = 256
# A piece of data is as long as this, or as the second where it can't be packed: a piece keeps others waiting.
PIECE, PLAIN_PIECE = 32768, 8192
# A shorter piece is not worth packing. After one that can't be packed some are not tried.
WORTH_PACKING, UNTRIED = 128, 8
# The agent's pace bounds what leaves the container, so that is packed well.
LEVEL = 6
# Bytes of unacknowledged lines after which no data is taken, and the most lines of any kind.
KEPT, MOST_KEPT = 524288, 10000
# An acknowledgement waits for so many seconds or bytes.
ACK_AFTER, ACK_BYTES = 0.1, 65536
BEAT = 1


class Violation(Exception):
    """What the other half never sends. The forward ends."""


class Link:
    def __init__(self, seal):
        self.seal = seal
        # The number of the session, which the runner counts.
        self.session = 0
        self.urgent = []
        self.kept = collections.deque()
        self.kept_bytes = 0
        # The numbers of the oldest kept frame, of the next to be written, and of the next to come.
        self.oldest = self.written = self.expected = 0
        self.unacked, self.ack_at, self.heard = 0, None, None

    def greet(self, line, now):
        """The line by which a session begins. False for any other: the one in use goes on."""
        try:
            kind, of, body = self.seal.open(line)
        except Damage:
            return False
        if kind != HELLO or of <= self.session or len(body) != 6:
            return False
        if not self.oldest <= value(body) <= self.oldest + len(self.kept):
            raise Violation("the runner has frames that were never sent")
        self.session = of
        self.acknowledged(value(body))
        self.written = self.oldest
        self.urgent = [self.seal.close(HELLO, of, number(self.expected))]
        self.unacked, self.ack_at, self.heard = 0, now + BEAT, now
        return True

    def put(self, body):
        line = self.seal.close(FRAME, self.oldest + len(self.kept), body)
        self.kept.append(line)
        self.kept_bytes += len(line)
        if len(self.kept) > MOST_KEPT:
            raise Violation("the runner acknowledges nothing")

    def has_room(self):
        return self.session > 0 and self.kept_bytes < KEPT and self.written == self.oldest + len(self.kept)

    def has_lines(self):
        return bool(self.urgent) or self.session > 0 and self.written < self.oldest + len(self.kept)

    def receive(self, line, now):
        """The body of the next frame; None for a line that is none, or that came before."""
        kind, of, body = self.seal.open(line)
        self.heard = now
        if kind == ACK:
            self.acknowledged(of)
        elif kind == FRAME:
            if of > self.expected:
                raise Damage("a frame is missing")
            self.unacked += len(line)
            if self.unacked >= ACK_BYTES:
                self.ack_at = now
            else:
                self.ack_at = min(self.ack_at, now + ACK_AFTER)
            if of == self.expected:
                self.expected += 1
                return body
        elif kind != HELLO:
            raise Violation("a packet of no kind")
        return None

    def acknowledged(self, below):
        if below > self.oldest + len(self.kept):
            raise Violation("the runner acknowledges what was never sent")
        while self.oldest < below:
            self.kept_bytes -= len(self.kept.popleft())
            self.oldest += 1
        self.written = max(self.written, self.oldest)

    def tick(self, now):
        if self.session and now >= self.ack_at:
            self.urgent.append(self.seal.close(ACK, self.expected))
            self.unacked, self.ack_at = 0, now + BEAT

    def take(self):
        """The next line to write; None when there is none."""
        if self.urgent:
            return self.urgent.pop(0)
        if not self.has_lines():
            return None
        self.written += 1
        return self.kept[self.written - 1 - self.oldest]


class Stream:
    def __init__(self):
        # Bytes sent, and those of them that the other half's reader has taken.
        self.sent = self.taken = 0
        # Bytes that came, that our reader has taken, and that the other half knows to be taken.
        self.came = self.consumed = self.told = 0
        self.ended = self.end_came = self.all_told = False
        self.untried = 0
        # The last bytes of each direction: what packs and unpacks its next piece.
        self.last_sent = self.last_came = b""

    def is_over(self):
        return self.ended and self.taken == self.sent and self.end_came and self.consumed == self.came


class Streams:
    """The streams of one forward. An event is a tuple: "open", "data", "size", "end", "reset" or "bye", the stream, and what comes with it."""

    def __init__(self, link, targets):
        self.link, self.targets = link, targets
        self.open, self.last, self.events = {}, 0, []

    def receive(self, line, now):
        body = self.link.receive(line, now)
        if body is not None:
            self.obey(body)

    def obey(self, body):
        if len(body) < 5:
            raise Violation("a frame is too short")
        kind, of, rest = body[0], value(body[1:5]), body[5:]
        if kind == OPEN:
            return self.begin(of, rest)
        if kind == BYE:
            return self.events.append(("bye", 0))
        if not 0 < of <= self.last:
            raise Violation("a frame is of a stream that was never opened")
        stream = self.open.get(of)
        if stream is None:
            return None  # It has ended here, and the runner did not know it yet.
        if kind == DATA:
            self.take_data(of, stream, rest)
        elif kind == END and len(rest) == 6 and value(rest) == stream.came and not stream.end_came:
            stream.end_came = True
            self.events.append(("end", of))
            self.settle(of, stream)
        elif kind == RESET:
            del self.open[of]
            self.events.append(("reset", of))
        elif kind == CREDIT and len(rest) == 6 and stream.taken <= value(rest) <= stream.sent:
            stream.taken = value(rest)
            self.settle(of, stream)
        elif kind == SIZE and len(rest) == 4:
            self.events.append(("size", of, value(rest[:2]), value(rest[2:])))
        else:
            raise Violation("a frame of kind %d does not fit its stream" % kind)
        return None

    def begin(self, of, rest):
        if of <= self.last or len(rest) != 2 or value(rest) >= len(self.targets):
            raise Violation("a stream is opened out of order, or to an address that is not listed")
        if len(self.open) >= STREAMS:
            raise Violation("more than %d streams are open" % STREAMS)
        self.last = of
        self.open[of] = Stream()
        self.events.append(("open", of, value(rest)))

    def take_data(self, of, stream, rest):
        some = rest[7:]
        if len(rest) < 8 or value(rest[:6]) != stream.came or rest[6] > 1 or stream.end_came:
            raise Violation("data does not go on where its stream stands")
        if rest[6]:
            packer = zlib.decompressobj(-15, zdict=stream.last_came)
            try:
                some = packer.decompress(some, PIECE)
            except zlib.error:
                raise Violation("packed data can't be unpacked")
            if not packer.eof or packer.unused_data:
                raise Violation("packed data is too long")
        if not 0 < len(some) <= PIECE or stream.came + len(some) > stream.consumed + WINDOW:
            raise Violation("data is more than its stream's credit")
        stream.came += len(some)
        stream.last_came = (stream.last_came + some)[-PIECE:]
        self.events.append(("data", of, some))

    def put(self, kind, of, rest=b""):
        self.link.put(bytes([kind]) + number(of, 4) + rest)

    def opened(self, of):
        if of in self.open:
            self.put(OPENED, of)

    def refused(self, of, reason, text):
        if self.open.pop(of, None):
            self.put(REFUSED, of, bytes([reason]) + text.encode("utf-8", "replace")[:300])

    def may_send(self, of):
        """How many bytes of this stream `send` takes now."""
        stream = self.open.get(of)
        if stream is None or stream.ended or not self.link.has_room():
            return 0
        longest = PLAIN_PIECE if stream.untried else PIECE
        return min(longest, stream.taken + WINDOW - stream.sent)

    def send(self, of, some):
        stream = self.open[of]
        packed = None
        if stream.untried > 1:
            stream.untried -= 1
        elif len(some) >= WORTH_PACKING:
            packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=stream.last_sent)
            packed = packer.compress(some) + packer.flush()
            if len(packed) > 0.8 * len(some):
                packed, stream.untried = None, UNTRIED
            else:
                stream.untried = 0
        flag = b"\0" if packed is None else b"\1"
        self.put(DATA, of, number(stream.sent) + flag + (some if packed is None else packed))
        stream.sent += len(some)
        stream.last_sent = (stream.last_sent + some)[-PIECE:]

    def exited(self, of, code):
        if of in self.open:
            self.put(EXITED, of, bytes([code]))

    def end(self, of):
        stream = self.open.get(of)
        if stream and not stream.ended:
            stream.ended = True
            self.put(END, of, number(stream.sent))
            self.settle(of, stream)

    def reset(self, of):
        if self.open.pop(of, None):
            self.put(RESET, of)

    def consumed(self, of, count):
        stream = self.open.get(of)
        if stream:
            stream.consumed += count
            self.settle(of, stream)

    def settle(self, of, stream):
        is_all = stream.end_came and stream.consumed == stream.came
        if stream.consumed - stream.told >= WINDOW // 4 or is_all > stream.all_told:
            self.put(CREDIT, of, number(stream.consumed))
            stream.told, stream.all_told = stream.consumed, is_all
        if stream.is_over():
            del self.open[of]
