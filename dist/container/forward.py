# --- The relay of a forward. It opens the connections that the runner asks for, to the listed addresses and to nothing else.
#
# The session that starts it becomes its attacher: it hands its terminal to the relay and waits. The relay has a session of its own, so
# it keeps its connections when the exec session is lost; the next one brings another attacher. `forward_link.py` and `forward_pty.py` stand in
# front of this.
# The line that the runner types after the program is JSON: `id` names the forward, all else is for the relay. `shared`: other relays may
# run beside it.
import errno, json, os, select, signal, socket, struct, sys, threading, time

# The reasons of a refusal: the order of REFUSALS in `src/session/forward/streams.ts`.
FAILED, UNKNOWN, NOBODY, NO_ROUTE, TIMED_OUT, FORBIDDEN = range(6)
REASONS = {
    errno.ECONNREFUSED: NOBODY,
    errno.EHOSTUNREACH: NO_ROUTE,
    errno.ENETUNREACH: NO_ROUTE,
    errno.ENETDOWN: NO_ROUTE,
    errno.ETIMEDOUT: TIMED_OUT,
}
# Seconds for a new session to greet.
GREET = 15
# Seconds for the relay to take an attacher.
CONNECT = 10
MOST_NEW, MOST_NAMES = 4, 256
# How often, in seconds, and how many times a name is looked at whose listener is full.
LOOK, LOOKS = 0.05, 10
# The name that the one relay of a container holds: containers of a task may share their network, and abstract names with it.
ONLY = "\0fargate-exec-forward-" + os.readlink("/proc/self/ns/pid")


def is_forbidden(address):
    """Link-local addresses, among them those that give out the task's credentials, in each form in which a socket takes them."""
    try:
        some = socket.inet_pton(socket.AF_INET, address)
    except OSError:
        some = socket.inet_pton(socket.AF_INET6, address.split("%")[0])
        # IPv4-mapped, IPv4-compatible, NAT64 (RFC 6052), 6to4 (RFC 3056)
        if some[:12] in (bytes(10) + b"\xff\xff", bytes(12), b"\0\x64\xff\x9b" + bytes(8)):
            some = some[12:]
        elif some[:2] == b"\x20\x02":
            some = some[2:6]
    if len(some) == 4:
        return some[:2] == b"\xa9\xfe"
    # fd00:ec2::/32 has the addresses of the instance's metadata and of credentials.
    return some[0] == 0xFE and some[1] & 0xC0 == 0x80 or some[:4] == b"\xfd\x00\x0e\xc2"


class Connection:
    """One connection: first its name is looked up, then its addresses are tried in turn."""

    def __init__(self, of):
        self.of, self.socket, self.addresses = of, None, []
        self.is_connected = self.has_end = False
        self.until, self.why = None, (FAILED, "no address")
        self.queue = collections.deque()
        # The far end is a program on a terminal of its own, which `socket` is (forward_pty.py).
        self.is_program = False

    def close(self, abruptly=False):
        if self.socket:
            if abruptly:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
            self.socket = None


class Terminal:
    """The terminal of a session, with the socket of its attacher, which ends when the relay closes it."""

    def __init__(self, attacher, fd, now):
        self.attacher, self.fd, self.lines, self.out, self.since = attacher, fd, Lines(), b"", now

    def close(self):
        self.attacher.close()
        os.close(self.fd)


class Relay:
    def __init__(self, listener, only, asked):
        self.listener, self.only, self.targets, self.limits = listener, only, asked["targets"], asked
        self.link = Link(Seal(base64.b64decode(asked["key"]), b"c", b"r"))
        self.streams = Streams(self.link, self.targets)
        self.connections, self.turn, self.names = {}, 0, 0
        self.terminal, self.new = None, []
        self.looked_up, (self.woken, self.wakes) = collections.deque(), os.pipe()
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
        # Their clients may not have sent all, so an end would be wrong.
        for each in list(self.connections.values()):
            self.forget(each, abruptly=True)
        # The last words, if the terminal takes them soon.
        until = time.monotonic() + 2
        while self.terminal and time.monotonic() < until and self.write():
            select.select([], [self.terminal.fd], [], 0.1)
        if self.terminal and self.is_told:
            self.terminal.attacher.send(b".")
        for each in self.connections.values():
            each.close()

    def turn_once(self):
        waits = {self.listener.fileno(): (select.POLLIN, self.accept), self.woken: (select.POLLIN, self.take_names)}
        if self.only:
            waits[self.only.fileno()] = (select.POLLIN, lambda: self.only.accept()[0].close())
        for each in self.new + ([self.terminal] if self.terminal else []):
            writes = each is self.terminal and (each.out or self.link.has_lines())
            waits[each.fd] = (select.POLLIN | (select.POLLOUT if writes else 0), lambda each=each: self.read(each))
            waits[each.attacher.fileno()] = (select.POLLIN, lambda each=each: self.drop(each))
        for each in self.connections.values():
            events = self.events_of(each)
            if each.socket and events:
                waits[each.socket.fileno()] = (events, each.socket)
        poll = select.poll()
        for fd, (events, _) in waits.items():
            poll.register(fd, events)
        ready = dict(poll.poll(self.milliseconds()))
        for fd in ready:
            if callable(waits[fd][1]):
                waits[fd][1]()
        self.obey()
        # A socket that was made meanwhile may have the number of one that was ready.
        sockets = [waits[fd][1] for fd in ready]
        for each in self.in_turn():
            if each.socket and each.socket in sockets:
                self.serve(each)
        self.look_at_time(time.monotonic())
        self.write()

    def events_of(self, each):
        if not each.is_connected or each.queue:
            writes = select.POLLOUT
        else:
            writes = 0
        reads = each.is_connected and not each.has_end and self.streams.may_send(each.of) > 0
        return writes | (select.POLLIN if reads else 0)

    def in_turn(self):
        """The connections, from the one on that is behind the last that sent."""
        all_of = sorted(self.connections)
        return [self.connections[of] for of in sorted(all_of, key=lambda of: (of <= self.turn, of))]

    def milliseconds(self):
        now = time.monotonic()
        times = [now + 1, self.until, self.link.ack_at or self.until]
        times += [each.until for each in self.connections.values() if each.until]
        return max(0, int(1000 * (min(times) - now)) + 1)

    def look_at_time(self, now):
        self.link.tick(now)
        for each in list(self.connections.values()):
            if each.until and now >= each.until and each.is_program:
                self.finish(each)
            elif each.until and now >= each.until:
                self.try_next(each, (TIMED_OUT, "no answer within %s s" % self.limits["connect"]))
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

    # Connections

    def obey(self):
        events, self.streams.events = self.streams.events, []
        for event in events:
            kind, of = event[:2]
            if kind == "bye":
                self.is_over = self.is_told = True
            elif kind == "open":
                each = self.connections[of] = Connection(of)
                if isinstance(self.targets[event[2]], dict):
                    self.begin_program(each, self.targets[event[2]])
                    continue
                # A name server may take long, and the runner may have given these up.
                if self.names >= MOST_NAMES:
                    self.refuse(each, (FAILED, "too many names are being looked up"))
                    continue
                self.names += 1
                threading.Thread(target=self.look_up, args=(of, *self.targets[event[2]]), daemon=True).start()
            elif of in self.connections:
                each = self.connections[of]
                if kind == "reset":
                    self.forget(each, abruptly=True)
                elif kind == "size":
                    if each.is_program:
                        each.socket.resize(*event[2:])
                else:
                    each.queue.append(event[2] if kind == "data" else None)
                    if each.is_connected:
                        self.feed(each)

    def begin_program(self, each, asked):
        try:
            each.socket = Pty(asked)
        except OSError as problem:
            self.refuse(each, (FAILED, str(problem)))
            return
        each.is_program = each.is_connected = True
        self.streams.opened(each.of)

    def forget(self, each, abruptly=False):
        self.connections.pop(each.of, None)
        each.close(abruptly)

    def look_up(self, of, host, port):
        """In a thread of its own. Without a host the address is the task itself."""
        found = [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
        try:
            if host is not None:
                found = [(a[0], a[4]) for a in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
            self.looked_up.append((of, found, None))
        except (OSError, UnicodeError) as error:
            self.looked_up.append((of, [], str(error)))
        os.write(self.wakes, b".")

    def take_names(self):
        os.read(self.woken, 4096)
        while self.looked_up:
            of, found, error = self.looked_up.popleft()
            self.names -= 1
            each = self.connections.get(of)
            if not each:
                continue
            if error is not None:
                self.refuse(each, (UNKNOWN, error))
                continue
            each.addresses = [a for a in found if not is_forbidden(a[1][0])]
            if found and not each.addresses:
                self.refuse(each, (FORBIDDEN, "%s is a link-local address" % found[0][1][0]))
            else:
                self.try_next(each, each.why)

    def refuse(self, each, why):
        self.streams.refused(each.of, *why)
        self.forget(each)

    def try_next(self, each, why):
        """Tries the next address. `why` is how the last one failed."""
        each.close()
        each.until, each.why = None, why
        while each.addresses:
            family, address = each.addresses.pop(0)
            try:
                each.socket = socket.socket(family, socket.SOCK_STREAM)
                each.socket.setblocking(False)
                each.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                error = each.socket.connect_ex(address)
            except OSError as problem:
                error = problem.errno
            if error in (0, errno.EINPROGRESS):
                each.until = time.monotonic() + self.limits["connect"]
                return
            each.why = reason_of(error, each.why)
            each.close()
        self.refuse(each, each.why)

    def serve(self, each):
        if not each.is_connected:
            error = each.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                return self.try_next(each, reason_of(error, each.why))
            each.is_connected, each.until = True, None
            self.streams.opened(each.of)
        if self.feed(each):
            self.fetch(each)
        return None

    def feed(self, each):
        """Gives the connection what it takes. False when it has ended."""
        try:
            while each.queue:
                some = each.queue[0]
                if some is None:
                    each.queue.popleft()
                    each.socket.shutdown(socket.SHUT_WR)
                    continue
                count = each.socket.send(some)
                self.streams.consumed(each.of, count)
                if count < len(some):
                    each.queue[0] = some[count:]
                else:
                    each.queue.popleft()
        except BlockingIOError:
            pass
        except OSError:
            return self.fail(each)
        return self.settle(each)

    def fetch(self, each):
        count = self.streams.may_send(each.of)
        if count <= 0 or each.has_end:
            return
        try:
            some = each.socket.recv(count)
        except BlockingIOError:
            return
        except OSError:
            self.fail(each)
            return
        self.turn = each.of
        if some:
            self.streams.send(each.of, some)
        else:
            each.has_end = True
            self.finish(each)

    def finish(self, each):
        """The far end sends no more. That of a program says how the program has ended."""
        if each.is_program:
            code = each.socket.exit_code()
            each.until = time.monotonic() + 0.05 if code is None else None
            if code is None:
                return
            self.streams.exited(each.of, code)
        self.streams.end(each.of)
        self.settle(each)

    def fail(self, each):
        self.streams.reset(each.of)
        self.forget(each, abruptly=True)
        return False

    def settle(self, each):
        """Forgets a connection whose stream is over and that has all."""
        if each.of in self.streams.open or each.queue:
            return True
        self.forget(each)
        return False


def reason_of(error, last):
    reason = REASONS.get(error, FAILED)
    # The task has no IPv6 address: what the other addresses said is worth more.
    if last[0] != FAILED and (reason == FAILED or error in (errno.ENETUNREACH, errno.EADDRNOTAVAIL)):
        return last
    return (reason, os.strerror(error))


def is_ours(some):
    """Whether a process of our user is at the other end of this socket: others of the task may share its network."""
    credentials = some.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[1] == os.geteuid()


def is_held_by_us(name):
    """Not for a name without a listener, or whose listener stays full: a relay of ours takes each connection soon."""
    for _ in range(LOOKS):
        with socket.socket(socket.AF_UNIX) as other:
            other.setblocking(False)
            try:
                other.connect(name)
                return is_ours(other)
            except BlockingIOError:
                time.sleep(LOOK)
            except OSError:
                return False
    return False


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


def say(word):
    """A mark that is no packet: there will be no link in this session."""
    os.write(1, ("\33]7733;%s\7\n" % word).encode())


def start_relay(address, asked):
    """Starts the relay as a process with a session of its own. It listens before this returns."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(address)
    except OSError:
        return  # A session that was lost has started it, or the name is another's, which its attacher sees.
    listener.listen(4)
    # Held by the one relay of forwards of the container. The name of another user's process keeps nobody out, whatever it does with it.
    only = None
    try:
        if not asked.get("shared"):
            only = socket.socket(socket.AF_UNIX)
            only.bind(ONLY)
            only.listen(16)
    except OSError:
        only.close()
        only = None
        if is_held_by_us(ONLY):
            say("busy")
            sys.exit()
    if os.fork():
        listener.close()
        if only:
            only.close()
        return
    os.setsid()
    for name in ("SIGHUP", "SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    none = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(none, fd)
    os.chdir("/")
    try:
        Relay(listener, only, asked).run()
    finally:
        os._exit(0)


def main(asked):
    address = "\0fargate-exec-forward-" + asked["id"]
    if asked.get("key"):
        start_relay(address, asked)
    attacher = socket.socket(socket.AF_UNIX)
    attacher.settimeout(CONNECT)
    try:
        attacher.connect(address)
        if not is_ours(attacher):
            raise OSError("another user's")
    except OSError:
        say("gone")
        return
    attacher.settimeout(None)
    os.set_blocking(0, False)
    attacher.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 0))])
    os.close(0)
    os.close(1)
    os.close(2)
    # Without a last word the client of this session is lost, or another session has taken its place.
    if not attacher.recv(1):
        end()


main(ASKED)
