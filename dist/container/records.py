"""The recorder, first part: which bytes of an output are secret, and the records of the spool, as carriers/stream/marks.ts defines them.
recorder.py says how its parts are joined."""

import sys

MARK = b"\033]7733;"
OPEN = MARK + b"+\007"
LITERAL = MARK + b"=\007"
# U+FFFD is the one character that the exec agent damages on its way.
DAMAGED = b"\357\277\275"
REPLACEMENT = MARK + b"?\007"
# At most this many bytes of an unfinished line wait for its end.
LONGEST = 65536


class Patterns:
    """The texts to hide, as redaction.ts lists them.

    A search for each of hundreds of patterns would be slow. Every span of 2n - 1 bytes holds one of the blocks of n bytes
    that a text is made of. So one look at each block of the text tells which of the long patterns it may hold at all.
    """

    # Fewer patterns than this are found faster one by one.
    MANY = 16

    def __init__(self, patterns):
        self.all = sorted(set(patterns))
        # A pattern that begins with another one is only looked for when that one was found.
        self.families = {}
        head = None
        for pattern in self.all:
            if head is None or not pattern.startswith(head):
                head = pattern
            self.families.setdefault(head, []).append(pattern)
        self.few = list(self.families)
        self.blocks = []
        for size, code in ((8, "Q"), (4, "I")):
            many = [head for head in self.few if len(head) >= 2 * size - 1]
            if len(many) < self.MANY:
                continue
            self.few = [head for head in self.few if len(head) < 2 * size - 1]
            heads = {}
            for head in many:
                for at in range(size):
                    heads.setdefault(int.from_bytes(head[at : at + size], sys.byteorder), []).append(head)
            self.blocks.append((size, code, frozenset(heads), heads))

    def within(self, data):
        """The patterns that `data` may hold, and few others."""
        found = set(self.few)
        for size, code, blocks, heads in self.blocks:
            view = memoryview(data)[: len(data) // size * size].cast(code)
            for block in blocks.intersection(view):
                found.update(heads[block])
        return [pattern for head in found if head in data for pattern in self.families[head]]


def spans_of(data, patterns):
    """The spans of `data` that patterns cover, by their starts."""
    spans = []
    for pattern in patterns.within(data):
        at = data.find(pattern)
        while at >= 0:
            spans.append((at, at + len(pattern)))
            at = data.find(pattern, at + 1)
    return sorted(spans)


def joined(spans):
    """The spans, as one where they touch or overlap."""
    one = []
    for start, end in spans:
        if one and start <= one[-1][1]:
            one[-1][1] = max(one[-1][1], end)
        else:
            one.append([start, end])
    return one


def redacted(data, patterns):
    """`data` with three asterisks instead of each secret."""
    out, last = [], 0
    for start, end in joined(spans_of(data, patterns)):
        out += (data[last:start], b"***")
        last = end
    out.append(data[last:])
    return b"".join(out)


def where_a_pattern_may_begin(data, patterns):
    """The first byte of an unfinished line from which on all is the begin of a pattern, which the next bytes may complete:
    3 in `abcSEC` with the pattern `SECRET`. Its length when there is none."""
    cut = len(data)
    for pattern in patterns.all:
        at = data.find(pattern[:1], max(0, len(data) - len(pattern) + 1))
        while 0 <= at < cut:
            if pattern.startswith(data[at:]):
                cut = at
            at = data.find(pattern[:1], at + 1)
    return cut


def showable(data, patterns):
    """How many bytes of an unfinished line can be shown, and from which byte on the rest has to be kept.

    Both are where a pattern may begin, unless that is inside of secrets that touch: with the pattern `ABCAB`, `AB` at the end of
    `xABCABCAB` may begin a third one. They will be shown as one, so none of them is shown yet, and the last one is enough to keep: 1 and 4."""
    cut = where_a_pattern_may_begin(data, patterns)
    spans = spans_of(data, patterns)
    for first, last in joined(spans):
        if first < cut < last:
            return first, max((end, start) for start, end in spans if start <= cut)[1]
    return cut, cut


def clean(data, patterns):
    """`data` without secrets, and without bytes that a reader could take for a mark."""
    return redacted(data, patterns).replace(MARK, LITERAL).replace(DAMAGED, REPLACEMENT)


NOTHING = Patterns([])


class Stream:
    """Standard output (kind `o`) or standard error (`e`) of one worker, or a file of it (`r`, `s`)."""

    # Whether nothing more comes, although the pipe is held.
    ended = False

    def __init__(self, kind, worker, workers):
        self.rest = b""
        self.inside = False
        self.worker = worker
        own = kind + (b"%d" % worker if workers > 1 else b"")
        self.tag = MARK + own + b"\007"
        # A whole line of standard output has no tag.
        self.lead = b"" if kind == b"o" else self.tag
        self.prefix = b"[%d] " % worker if workers > 1 and kind in b"oe" else b""

    def take(self, data, patterns):
        """Records for the lines that end in what was read. The rest waits."""
        data = self.rest + data
        cut = data.rfind(b"\n") + 1
        self.rest = data[cut:]
        out = self.whole(clean(data[:cut], patterns)) if cut else b""
        return out + (self.show(patterns) if len(self.rest) > LONGEST else b"")

    def show(self, patterns):
        """A record for the beginning of a line whose end does not come."""
        cut, kept = showable(self.rest, patterns)
        data, self.rest = self.rest[:cut], self.rest[kept:]
        return self.begun(clean(data, patterns)) if data else b""

    def finish(self, patterns):
        """A record for all that is left when the stream has ended."""
        data, self.rest = self.rest, b""
        return self.begun(clean(data, patterns)) if data else b""

    def end_line(self, patterns):
        """A record that ends a line which has begun. Nothing when none has."""
        return self.take(b"\n", patterns) if self.rest or self.inside else b""

    def whole(self, data):
        """Lines, each with its end, as records."""
        lead = self.lead + self.prefix
        # With several workers the rest of an open line has a tag even on standard output.
        first = lead if not self.inside else self.tag if self.prefix else self.lead
        self.inside = False
        return first + data[:-1].replace(b"\n", b"\n" + lead) + b"\n"

    def begun(self, data):
        """The beginning of a line, or more of it, as a record."""
        first = (self.tag if self.prefix else self.lead) + (b"" if self.inside else self.prefix)
        self.inside = True
        return first + data + OPEN + b"\n"


class Facts(Stream):
    """The facts about items (items.sh): those of a worker, or the answers to orders, of which a dot is the last. No output of a script becomes
    one, and no secret is in them."""

    def __init__(self, worker=None):
        super().__init__(b"i", 0, 1)
        self.worker = worker

    @property
    def answers(self):
        return self.worker is None

    def ends(self, data):
        """Whether the worker has ended an item, and waits."""
        return not self.answers and any(line.startswith(b"end ") for line in (self.rest + data).split(b"\n")[:-1])

    def take(self, data, patterns):
        data = self.rest + data
        self.rest = b""
        self.ended = self.answers and (b"\n" + data).endswith(b"\n.\n")
        return super().take(data[:-2] if self.ended else data, NOTHING)

    def show(self, patterns):
        """A fact is recorded whole, or not at all."""
        return b""

    def finish(self, patterns):
        return b""

    def end_line(self, patterns):
        return b""
