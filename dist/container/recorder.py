"""Joins what the workers print into one file, the spool: in order, whole lines, told apart, and without a secret.

    recorder.py DIRECTORY WORKERS LIMIT PIECE < patterns, one a line

Each line is a record, as output/marks.ts defines it. What is in the pipes when TERM comes is still recorded.
"""
import collections
import fcntl
import os
import select
import signal
import sys
import termios
import time

MARK = b"\033]7733;"
OPEN = MARK + b"+\007"
LITERAL = MARK + b"=\007"
# The one character that the exec agent damages on its way.
DAMAGED = b"\357\277\275"
REPLACEMENT = MARK + b"?\007"
# How long the beginning of a line waits for the rest of it, and how much of it at the most.
PATIENCE = 0.1
LONGEST = 65536
# How often it is looked whether there is room in the spool again.
ROOM = 0.05


class Patterns:
    """What is to be hidden. However many they are, a text that holds none of them is passed at one speed: every span of
    2n - 1 bytes holds one of the blocks of n bytes that a text is made of, so that one look at each block tells which
    patterns may be there at all.
    """

    # Fewer than this are found faster one by one.
    MANY = 16

    def __init__(self, patterns):
        self.all = sorted(set(patterns))
        # Those that only go on from another one are looked for where that one is.
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
        """Those that `data` may hold, and few others."""
        found = set(self.few)
        for size, code, blocks, heads in self.blocks:
            view = memoryview(data)[: len(data) // size * size].cast(code)
            for block in blocks.intersection(view):
                found.update(heads[block])
        return [pattern for head in found if head in data for pattern in self.families[head]]


def covered(data, patterns):
    """The spans of `data` that any of the patterns covers, joined where they touch or overlap."""
    spans = []
    for pattern in patterns.within(data):
        at = data.find(pattern)
        while at >= 0:
            spans.append((at, at + len(pattern)))
            at = data.find(pattern, at + 1)
    joined = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


def clean(data, patterns):
    """`data` without secrets, and without anything that could be taken for a mark."""
    out, last = [], 0
    for start, end in covered(data, patterns):
        out += (data[last:start], b"***")
        last = end
    out.append(data[last:])
    return b"".join(out).replace(MARK, LITERAL).replace(DAMAGED, REPLACEMENT)


def showable(data, patterns):
    """How much of an unfinished line can be shown: not the end that may turn out to begin a pattern."""
    cut = len(data)
    for pattern in patterns.all:
        at = data.find(pattern[:1], max(0, len(data) - len(pattern) + 1))
        while 0 <= at < cut:
            if pattern.startswith(data[at:]):
                cut = at
            at = data.find(pattern[:1], at + 1)
    for start, end in reversed(covered(data, patterns)):
        if start < cut < end:
            cut = start
    return cut


class Stream:
    """One standard output or standard error of one worker."""

    def __init__(self, kind, worker, workers):
        self.rest = b""
        self.inside = False
        own = kind + (b"%d" % worker if workers > 1 else b"")
        self.tag = MARK + own + b"\007"
        # A whole line of standard output needs no tag: that is what an untagged one is.
        self.lead = b"" if kind == b"o" else self.tag
        self.prefix = b"[%d] " % worker if workers > 1 else b""

    def whole(self, data):
        """Lines, each with its end, as records."""
        lead = self.lead + self.prefix
        # The rest of an open line is tagged even on standard output, where several workers share that.
        first = lead if not self.inside else self.tag if self.prefix else self.lead
        self.inside = False
        return first + data[:-1].replace(b"\n", b"\n" + lead) + b"\n"

    def begun(self, data):
        """The beginning of a line, or more of it, as a record."""
        first = (self.tag if self.prefix else self.lead) + (b"" if self.inside else self.prefix)
        self.inside = True
        return first + data + OPEN + b"\n"

    def take(self, data, patterns):
        """Records for what was read, as far as it is whole lines."""
        data = self.rest + data
        cut = data.rfind(b"\n") + 1
        self.rest = data[cut:]
        out = self.whole(clean(data[:cut], patterns)) if cut else b""
        return out + (self.show(patterns) if len(self.rest) > LONGEST else b"")

    def show(self, patterns):
        """A record for the beginning of a line whose rest does not come."""
        cut = showable(self.rest, patterns)
        data, self.rest = self.rest[:cut], self.rest[cut:]
        return self.begun(clean(data, patterns)) if data else b""

    def finish(self, patterns):
        data, self.rest = self.rest, b""
        return self.begun(clean(data, patterns)) if data else b""


class Spool:
    """The files that are written: a new one for each piece. One that its reader has confirmed is removed by others. When
    the disk is full the workers are still read, so that none of them waits for us."""

    def __init__(self, directory, limit, piece):
        self.directory = directory
        self.limit = limit
        self.piece = piece
        self.starts = collections.deque([0])
        self.fd = -1
        self.open(0)
        self.end = os.fstat(self.fd).st_size
        self.whole = True
        self.held = os.path.join(directory, "held")
        self.told = os.path.join(directory, "told")

    def path(self, start):
        return os.path.join(self.directory, "out.%d" % start)

    def open(self, start):
        fd = os.open(self.path(start), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = fd

    def write(self, data):
        try:
            while data and self.whole:
                size = os.write(self.fd, data)
                data = data[size:]
                self.end += size
            if self.whole and self.end - self.starts[-1] >= self.piece:
                self.open(self.end)
                self.starts.append(self.end)
        except OSError:
            self.whole = False

    def is_full(self):
        """Whether as much waits for its reader as may. A file says so, until half of it has gone."""
        if self.end - self.starts[0] < self.limit:
            return False
        while len(self.starts) > 1 and not os.path.exists(self.path(self.starts[0])):
            self.starts.popleft()
        kept = self.end - self.starts[0]
        if kept >= self.limit and not os.path.exists(self.held):
            # Whole or not at all.
            with open(self.held + ".new", "w") as file:
                file.write("%d\n" % self.limit)
            os.rename(self.held + ".new", self.held)
        # For the last words of workers that were told to stop.
        return kept >= self.limit + (self.piece if os.path.exists(self.told) else 0)


class News:
    """The pipe by which a watcher that waits is told that there is more to show."""

    def __init__(self, path):
        try:
            os.mkfifo(path, 0o600)
        except FileExistsError:
            pass  # The watcher was here first.
        # Both ways, so that it can be written to while nobody watches.
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def tell(self):
        # Once is enough, and nobody may be there to hear more.
        if fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)) == bytes(4):
            os.write(self.fd, b"\n")


def is_held(fd):
    """Whether somebody has the other end of a pipe. Where nobody ever had, as of a worker that was cancelled before it
    began, select would wait for good."""
    try:
        return os.read(fd, 65536) != b""
    except BlockingIOError:
        return True


def drain(streams, spool):
    """Goes on reading for daemons that were left behind: without a reader their next line would kill them."""
    if os.fork() != 0:
        return
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2, spool.fd):
        os.dup2(null, fd)
    while streams:
        for fd in select.select(streams, [], [])[0]:
            if not os.read(fd, 65536):
                streams.remove(fd)
    os._exit(0)


def main(directory, workers, limit, piece, patterns):
    stop, wake = os.pipe()
    for fd in (stop, wake):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGTERM, lambda *_: None)

    spool = Spool(directory, limit, piece)
    news = News(os.path.join(directory, "news"))
    streams = {}
    for worker in range(workers):
        for kind in ("o", "e"):
            path = os.path.join(directory, "%d.%s" % (worker, kind))
            os.mkfifo(path, 0o600)
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            streams[fd] = Stream(kind.encode(), worker, workers)
    os.close(os.open(os.path.join(directory, "recording"), os.O_CREAT | os.O_WRONLY, 0o600))

    until = None
    while streams:
        started = any(stream.rest for stream in streams.values())
        wait = 0 if until else PATIENCE if started else None
        # What the workers have printed stays in their pipes meanwhile, and they with it.
        full = not until and spool.is_full()
        ready = select.select([stop] + ([] if full else list(streams)), [], [], ROOM if full else wait)[0]
        if stop in ready:
            # What is in the pipes now is read; a daemon that never pauses does not keep us.
            until = time.monotonic() + 1
            os.read(stop, 64)
            continue
        if full:
            continue
        if until and (not ready or time.monotonic() > until):
            break
        for fd in ready:
            data = os.read(fd, 262144)
            spool.write(streams[fd].take(data, patterns) if data else streams.pop(fd).finish(patterns))
        if not ready:
            for stream in streams.values():
                spool.write(stream.show(patterns))
        news.tell()
    for stream in streams.values():
        spool.write(stream.finish(patterns))
    os.close(news.fd)
    held = [fd for fd in streams if is_held(fd)]
    if held:
        drain(held, spool)
    return spool.whole


lines = sys.stdin.buffer.read().split(b"\n")
whole = main(sys.argv[1], *map(int, sys.argv[2:]), Patterns(line for line in lines if line))
# At once: a TERM while Python winds up would be taken for a fault.
os._exit(0 if whole else 1)
