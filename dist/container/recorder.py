"""The recorder: joins what the workers print into the spool, in order, each line whole, with its source and no secret.

    recorder.py DIRECTORY WORKERS LIMIT SEGMENT [ECHO] < patterns, one a line, and a line with a dot
    recorder.py r|s WORKER WORKERS < patterns and dot 5< file, for file-commands.sh

ECHO is the path of a pipe that gets a copy. The recorder's parts are records.py, echo.py and this file. The job
writes them one after the other into one file of the job directory, since `python3 -I` imports nothing from there. After
TERM it still records what is in the pipes.
"""

import collections
import fcntl
import os
import select
import sys
import termios
import time

try:
    import _signal as signal  # `signal` loads `enum`, which takes longer than all the rest.
except ImportError:
    import signal

# Seconds without any output after which the beginnings of lines are recorded whose ends have not come.
PATIENCE = 0.1
# Seconds between two looks at a full spool.
HELD = 0.05


class Spool:
    """Writes the segments of the spool, a file each (spool.sh). The attacher removes segments that its reader has confirmed. On
    a full disk nothing more is written, and the workers are still read, so that none of them waits. Workers of items begin
    nothing more then (items.sh)."""

    def __init__(self, directory, limit, segment):
        self.directory = directory
        self.limit = limit
        self.segment = segment
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
            if self.whole and self.end - self.starts[-1] >= self.segment:
                self.open(self.end)
                self.starts.append(self.end)
        except OSError:
            self.whole = False
            remove(os.path.join(self.directory, "kept"))

    def is_full(self):
        """Whether the spool is full: as much waits for the reader as is allowed. The file `held` exists until half of it
        is confirmed."""
        if self.end - self.starts[0] < self.limit:
            return False
        while len(self.starts) > 1 and not os.path.exists(self.path(self.starts[0])):
            self.starts.popleft()
        kept = self.end - self.starts[0]
        if kept >= self.limit and not os.path.exists(self.held):
            self.write_held()
        # Workers that were told to stop may print one more segment.
        return kept >= self.limit + (self.segment if os.path.exists(self.told) else 0)

    def write_held(self):
        """Makes the file, with its whole line or not at all. On a full disk the next look tries again."""
        try:
            with open(self.held + ".new", "w") as file:
                file.write("%d\n" % self.limit)
            os.rename(self.held + ".new", self.held)
        except OSError:
            pass


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass  # A job without items has none of these files, and a worker does not wait for long.


class News:
    """The pipe that wakes the attacher when there is more output."""

    def __init__(self, path):
        try:
            os.mkfifo(path, 0o600)
        except FileExistsError:
            pass  # The attacher has made it.
        # Both ways: without an attacher no other process has the pipe open, and a write would fail.
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def tell(self):
        # One line is enough. Without an attacher more of them would fill the pipe.
        if fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)) == bytes(4):
            os.write(self.fd, b"\n")


def is_held(fd):
    """Whether a process has the other end of a pipe. If none ever had, as with a worker that was cancelled before it began,
    select would wait for ever."""
    try:
        return os.read(fd, 65536) != b""
    except BlockingIOError:
        return True


def drain(streams, spool):
    """Leaves a process behind that reads what daemons print: without a reader their next line would kill them (SIGPIPE)."""
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


def catch_term():
    """Returns a descriptor that can be read once TERM has come."""
    stop, wake = os.pipe()
    for fd in (stop, wake):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGTERM, lambda *_: None)
    return stop


def open_pipes(directory, workers):
    """Makes the pipes of the workers. Returns their streams by descriptor."""
    streams = {}
    for worker in range(workers):
        for kind in ("o", "e"):
            path = os.path.join(directory, "%d.%s" % (worker, kind))
            os.mkfifo(path, 0o600)
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            streams[fd] = Stream(kind.encode(), worker, workers)
    answers = os.path.join(directory, "facts")
    if os.path.exists(answers):
        for worker in range(workers):
            path = os.path.join(directory, "%d.f" % worker)
            os.mkfifo(path, 0o600)
            streams[os.open(path, os.O_RDONLY | os.O_NONBLOCK)] = Facts(worker)
        # Both ways, so that it has no end between two writers. The last one: what answers an order, or says that a worker was killed, comes
        # behind what the workers had told before.
        streams[os.open(answers, os.O_RDWR | os.O_NONBLOCK)] = Facts()
    return streams


def release(directory, worker):
    """Lets the worker go on, whose last item is recorded."""
    remove(os.path.join(directory, "%d.told" % worker))


def read_facts(streams, ready):
    """What can be read of facts, by descriptor."""
    return {fd: os.read(fd, 65536) for fd in streams if fd in ready and isinstance(streams[fd], Facts)}


def waiting_in(streams, told):
    """Descriptors that can be read now, without those of which facts were read."""
    return select.select([fd for fd in streams if fd not in told], [], [], 0)[0]


def read_when_full(streams, spool):
    """What is read although the spool is full: answers, because the process that takes confirmations tells them; and the facts of workers that
    are being killed, of which few are left."""
    facts = [fd for fd, stream in streams.items() if isinstance(stream, Facts)]
    is_killing = os.path.exists(os.path.join(spool.directory, "killing"))
    return [fd for fd in facts if is_killing or streams[fd].answers]


def record(streams, patterns, stop, spool, echo, news):
    """Records the streams until all have ended, or until TERM and a second at most. Those that have not ended stay in `streams`."""

    def keep(data):
        spool.write(data)
        echo.take(data)

    until = None
    while streams:
        has_begun = any(stream.rest for stream in streams.values() if not isinstance(stream, Facts))
        wait = PATIENCE if has_begun else None
        if until:
            wait = 0
        # While the spool is full the pipes are not read. They fill up, and then the workers wait.
        full = not until and spool.is_full()
        reads = [stop] + (read_when_full(streams, spool) if full else list(streams))
        ready, free, _ = select.select(reads, [echo.fd] if echo.waiting else [], [], HELD if full else wait)
        if free:
            echo.flush()
        if stop in ready:
            # What is in the pipes now is read, for a second at most: a daemon may print without a pause.
            until = time.monotonic() + 1
            os.read(stop, 64)
            continue
        if full and not ready:
            continue
        if until and (not ready or time.monotonic() > until):
            break
        # What was told before an answer is in the pipes once the answer can be read, and so is what was printed before a fact.
        told = read_facts(streams, ready)
        if told and not full:
            told = {**read_facts(streams, waiting_in(streams, told)), **told}
            ready = waiting_in(streams, told)
        for fd in [fd for fd in ready if not isinstance(streams[fd], Facts)]:
            data = os.read(fd, 262144)
            keep(streams[fd].take(data, patterns) if data else streams.pop(fd).finish(patterns))
        for fd, data in told.items():
            facts = streams[fd]
            has_ended = facts.ends(data)
            # An item's output ends with a whole line.
            for stream in [each for each in streams.values() if has_ended and each.worker == facts.worker]:
                keep(stream.end_line(patterns))
            spool.write(facts.take(data, patterns))  # The container's log has what the script prints alone.
            if has_ended:
                release(spool.directory, facts.worker)
            if facts.ended or not data:
                del streams[fd]
        if not ready and not free:
            for stream in streams.values():
                keep(stream.show(patterns))
        news.tell()
    for stream in streams.values():
        keep(stream.finish(patterns))


def main(directory, workers, limit, segment, echo, patterns):
    stop = catch_term()
    spool = Spool(directory, limit, segment)
    news = News(os.path.join(directory, "news"))
    streams = open_pipes(directory, workers)
    os.close(os.open(os.path.join(directory, "recording"), os.O_CREAT | os.O_WRONLY, 0o600))
    record(streams, patterns, stop, spool, echo, news)
    if not echo.close():
        note(directory, "The last of the output is not in the container's log, which has not taken it in time")
    os.close(news.fd)
    held = [fd for fd, stream in streams.items() if not isinstance(stream, Facts) and is_held(fd)]
    if held:
        drain(held, spool)
    return spool.whole


def print_file(kind, worker, workers, patterns):
    """Prints the records of a file that a worker has written."""
    stream = Stream(kind.encode(), worker, workers)
    with os.fdopen(5, "rb") as file:
        sys.stdout.buffer.write(stream.take(file.read(), patterns) + stream.finish(patterns))
    sys.stdout.buffer.flush()
    return True


lines = sys.stdin.buffer.read().split(b"\n")
if lines[-2:] != [b".", b""]:
    os._exit(0)
del lines[-2:]
patterns = Patterns(line for line in lines if line)
if len(sys.argv) == 4:
    whole = print_file(sys.argv[1], *map(int, sys.argv[2:]), patterns)
else:
    echo = open_echo("".join(sys.argv[5:]), sys.argv[1])
    whole = main(sys.argv[1], *map(int, sys.argv[2:5]), echo, patterns)
# Skip Python's shutdown: a TERM in it would change the exit status.
os._exit(0 if whole else 1)
