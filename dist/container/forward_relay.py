# --- The relay of a forward. It opens the connections that the runner asks for.
#
# It has a session of its own, so it keeps its connections when the exec session is lost; the next one brings another attacher, which hands
# it its terminal. `forward_connections.py` stands in front of this.
import base64, os, select, socket, struct, time

# Seconds for a new session to greet.
GREET = 15
MOST_NEW = 4


def is_ours(some):
    """Whether a process of our user is at the other end of this socket: others of the task may share its network."""
    credentials = some.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[1] == os.geteuid()


def terminal_of(attacher):
    """The terminal that this attacher hands over; None when it is no attacher of ours."""
    attacher.settimeout(1)
    fds = []
    try:
        if is_ours(attacher):
            _, rest, _, _ = attacher.recvmsg(1, 64)
            for level, kind, some in rest:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds = list(struct.unpack("%di" % (len(some) // 4), some[: len(some) // 4 * 4]))
    except OSError:
        pass
    for fd in fds[1:]:
        os.close(fd)
    if not fds:
        return None
    os.set_blocking(fds[0], False)
    os.set_inheritable(fds[0], False)
    return fds[0]


class Terminal:
    """The terminal of a session, with the socket of its attacher, which ends when the relay closes it."""

    def __init__(self, attacher, fd, now):
        self.attacher, self.fd, self.lines, self.out, self.since = attacher, fd, Lines(), b"", now

    def close(self):
        self.attacher.close()
        os.close(self.fd)


class Relay:
    def __init__(self, listener, only, asked):
        self.listener, self.only, self.limits = listener, only, asked
        self.link = Link(Seal(base64.b64decode(asked["key"]), b"c", b"r"))
        self.streams = Streams(self.link, asked["targets"])
        self.connections = Connections(self.streams, asked["targets"], asked["connect"])
        self.terminal, self.new = None, []
        self.begun = time.monotonic()
        self.until, self.is_over = self.begun + asked["seconds"], False
        # Whether the runner has ended the forward.
        self.is_told = False

    def run(self):
        try:
            while not self.is_over:
                self.turn_once()
        except Exception as problem:  # Any end is told: a relay that only vanishes would be started again and again.
            self.link.put(bytes([BYE]) + number(0, 4) + ("%s" % (problem or type(problem))).encode())
        self.connections.reset()
        # The last words, if the terminal takes them soon.
        until = time.monotonic() + 2
        while self.terminal and time.monotonic() < until and self.write():
            select.select([], [self.terminal.fd], [], 0.1)
        if self.terminal and self.is_told:
            self.terminal.attacher.send(b".")

    def turn_once(self):
        waits = {self.listener.fileno(): (select.POLLIN, self.accept)}
        waits[self.connections.woken] = (select.POLLIN, self.connections.take_names)
        if self.only:
            waits[self.only.fileno()] = (select.POLLIN, lambda: self.only.accept()[0].close())
        for each in self.new + ([self.terminal] if self.terminal else []):
            writes = each is self.terminal and (each.out or self.link.has_lines())
            waits[each.fd] = (select.POLLIN | (select.POLLOUT if writes else 0), lambda each=each: self.read(each))
            waits[each.attacher.fileno()] = (select.POLLIN, lambda each=each: self.drop(each))
        waits.update(self.connections.waits())
        poll = select.poll()
        for fd, (events, _) in waits.items():
            poll.register(fd, events)
        ready = [waits[fd][1] for fd, _ in poll.poll(self.milliseconds())]
        for act in filter(callable, ready):
            act()
        self.obey()
        self.connections.serve(ready)
        self.look_at_time(time.monotonic())
        self.write()

    def obey(self):
        events, self.streams.events = self.streams.events, []
        for event in events:
            if event[0] == "bye":
                self.is_over = self.is_told = True
            else:
                self.connections.obey(*event)

    def milliseconds(self):
        now = time.monotonic()
        times = [now + 1, self.until, self.link.ack_at or self.until] + self.connections.times()
        return max(0, int(1000 * (min(times) - now)) + 1)

    def look_at_time(self, now):
        self.link.tick(now)
        self.connections.tick(now)
        for each in self.new:
            if now > each.since + GREET:
                self.drop(each)
        heard = self.link.heard or self.begun
        if self.terminal and now > heard + self.limits["sessionSilence"]:
            self.drop(self.terminal)
        if now > heard + self.limits["silence"] or now > self.until:
            self.is_over = True

    # Sessions

    def accept(self):
        attacher, _ = self.listener.accept()
        fd = terminal_of(attacher)
        if fd is None or len(self.new) >= MOST_NEW:
            attacher.close()
            if fd is not None:
                os.close(fd)
            return
        self.new.append(Terminal(attacher, fd, time.monotonic()))

    def drop(self, each):
        if each is self.terminal:
            self.terminal = None
        elif each in self.new:
            self.new.remove(each)
        else:
            return
        each.close()

    def read(self, each):
        if each is not self.terminal and each not in self.new:
            return
        now = time.monotonic()
        try:
            some = os.read(each.fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            some = b""
        try:
            lines = each.lines.cut(some)
            if each in self.new:
                while lines and each in self.new:
                    if self.link.greet(lines.pop(0), now):
                        self.new.remove(each)
                        if self.terminal:
                            self.terminal.close()
                        self.terminal = each
            for line in lines:
                self.streams.receive(line, now)
        except Damage:
            some = b""
        if not some:
            self.drop(each)

    def write(self):
        """Writes what the terminal takes. False when nothing is left."""
        while self.terminal:
            self.terminal.out = self.terminal.out or self.link.take() or b""
            if not self.terminal.out:
                return False
            try:
                count = os.write(self.terminal.fd, self.terminal.out)
            except BlockingIOError:
                return True
            except OSError:
                self.drop(self.terminal)
                return False
            self.terminal.out = self.terminal.out[count:]
        return False
