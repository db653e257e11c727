"""The recorder, second part: the records of the spool, as carriers/stream/marks.ts defines them."""

MARK = b"\033]7733;"
OPEN = MARK + b"+\007"
LITERAL = MARK + b"=\007"
# U+FFFD is the one character that the exec agent damages on its way.
DAMAGED = b"\357\277\275"
REPLACEMENT = MARK + b"?\007"
# At most this many bytes of an unfinished line wait for its end.
LONGEST = 65536


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
