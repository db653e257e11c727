# --- The connections of a relay, to the listed addresses and to nothing else; the far end of some is a program (`forward_pty.py`, which stands
# in front of this, as `forward_link.py` does).
import collections, errno, os, select, socket, struct, threading, time

# The reasons of a refusal: the order of REFUSALS in `src/session/forward/streams.ts`.
FAILED, UNKNOWN, NOBODY, NO_ROUTE, TIMED_OUT, FORBIDDEN = range(6)
REASONS = {
    errno.ECONNREFUSED: NOBODY,
    errno.EHOSTUNREACH: NO_ROUTE,
    errno.ENETUNREACH: NO_ROUTE,
    errno.ENETDOWN: NO_ROUTE,
    errno.ETIMEDOUT: TIMED_OUT,
}
MOST_NAMES = 256


def is_forbidden(address):
    """Link-local addresses, and those of EC2's own services. Some of them give out the task's credentials. In each form in which a socket takes
    them."""
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


class Connections:
    """What the streams lead to, by their numbers. `seconds`: for a connection to one address."""

    def __init__(self, streams, targets, seconds):
        self.streams, self.targets, self.seconds = streams, targets, seconds
        self.all, self.turn, self.names = {}, 0, 0
        self.looked_up, (self.woken, self.wakes) = collections.deque(), os.pipe()

    def waits(self):
        """What to wait for, by the numbers of the sockets: the events, and the connection."""
        waits = {}
        for each in self.all.values():
            writes = not each.is_connected or each.queue
            reads = each.is_connected and not each.has_end and self.streams.may_send(each.of) > 0
            events = (select.POLLOUT if writes else 0) | (select.POLLIN if reads else 0)
            if each.socket and events:
                waits[each.socket.fileno()] = (events, each.socket)
        return waits

    def times(self):
        return [each.until for each in self.all.values() if each.until]

    def tick(self, now):
        for each in list(self.all.values()):
            if each.until and now >= each.until and each.is_program:
                self.finish(each)
            elif each.until and now >= each.until:
                self.try_next(each, (TIMED_OUT, "no answer within %s s" % self.seconds))

    def obey(self, kind, of, *rest):
        """What the runner says of a stream."""
        if kind == "open":
            self.begin(of, self.targets[rest[0]])
        elif of in self.all:
            each = self.all[of]
            if kind == "reset":
                self.forget(each, abruptly=True)
            elif kind == "size":
                if each.is_program:
                    each.socket.resize(*rest)
            else:
                each.queue.append(rest[0] if kind == "data" else None)
                if each.is_connected:
                    self.feed(each)

    def begin(self, of, target):
        each = self.all[of] = Connection(of)
        if isinstance(target, dict):
            self.begin_program(each, target)
        # A name server may take long, and the runner may have given these up.
        elif self.names >= MOST_NAMES:
            self.refuse(each, (FAILED, "too many names are being looked up"))
        else:
            try:
                threading.Thread(target=self.look_up, args=(of, *target), daemon=True).start()
                self.names += 1
            except RuntimeError as problem:  # The container allows no more threads.
                self.refuse(each, (FAILED, str(problem)))

    def begin_program(self, each, asked):
        try:
            each.socket = Pty(asked)
        except OSError as problem:
            self.refuse(each, (FAILED, str(problem)))
            return
        each.is_program = each.is_connected = True
        self.streams.opened(each.of)

    def forget(self, each, abruptly=False):
        self.all.pop(each.of, None)
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
            each = self.all.get(of)
            if not each:
                continue
            if error is not None:
                self.refuse(each, (UNKNOWN, error))
                continue
            each.addresses = [a for a in found if not is_forbidden(a[1][0])]
            if found and not each.addresses:
                self.refuse(each, (FORBIDDEN, "%s is link-local, or of a service of EC2's own" % found[0][1][0]))
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
                each.until = time.monotonic() + self.seconds
                return
            each.why = reason_of(error, each.why)
            each.close()
        self.refuse(each, each.why)

    def serve(self, sockets):
        """Serves those that were ready, from the one on that is behind the last that sent."""
        for of in sorted(self.all, key=lambda of: (of <= self.turn, of)):
            each = self.all.get(of)
            # A socket that was made meanwhile may have the number of one that was ready.
            if each and each.socket and each.socket in sockets:
                self.serve_one(each)

    def serve_one(self, each):
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

    def reset(self):
        """Their clients may not have sent all, so an end would be wrong."""
        for each in list(self.all.values()):
            self.forget(each, abruptly=True)


def reason_of(error, last):
    reason = REASONS.get(error, FAILED)
    # The task has no IPv6 address: what the other addresses said is worth more.
    if last[0] != FAILED and (reason == FAILED or error in (errno.ENETUNREACH, errno.EADDRNOTAVAIL)):
        return last
    return (reason, os.strerror(error))
