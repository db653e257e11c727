"""The recorder, first part: which bytes of an output are secret. recorder.py says how its parts are joined."""

import sys


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
