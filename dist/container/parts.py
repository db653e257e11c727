"""The archive of artifacts as objects in S3: parts of it, without base64, sealed as the pieces of the spool are, in the folder of the order
that the uploader carries out. For each part in its turn a record `part` of the spool tells the runner that it is there, or `no-part` that its
bytes came in records. The runner counts them, so a record needs no number.

When the archive has 1 MiB or more, its first part waits up to five seconds until the runner reads the output by S3. What S3 does not take
becomes records.
"""

import collections
import threading
import time

# Bytes of a part, and of a part after a cancel. A form takes 9 MiB (carriers/pieces/store.ts).
LARGEST_PART, SMALL_PART = 8 << 20, 1 << 19
# Parts that are uploaded at the same time.
AT_ONCE = 3
# An archive of fewer bytes does not wait for S3. A longer one waits so many seconds.
LITTLE, WAIT = 1 << 20, 5
# Seconds after which a part is uploaded although it is short, and the same after a cancel.
AGE, HURRIED_AGE = 2, 0.3
# Seconds of failures after which S3 is given up, and the seconds that parts still have once packing is over.
GIVEN_UP, LAST = 30, 0.4


class Part:
    """Bytes of the archive on their way to S3."""

    def __init__(self, number, data, job):
        self.number, self.data, self.job = number, data, job
        self.is_there = self.is_refused = False
        self.header = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def send(self, s3, enough):
        self.s3, self.enough = s3, enough
        try:
            self.thread.start()
        except RuntimeError:
            self.is_refused = True  # The container allows no more threads.

    def run(self):
        until, pause = time.monotonic() + GIVEN_UP, 0.5
        while True:
            try:
                # The uploader renews the order.
                order = Order()
                if order.job != self.job:
                    return
                self.seal(order)
                self.s3.post(order, "part.%d" % self.number, len(self.header) + len(self.data), self.chunks)
                self.is_there = True
                return
            except Trouble as trouble:
                if trouble.status == 403:
                    break
            except (OSError, KeyError, ValueError):
                return  # The order is over.
            if time.monotonic() >= until or os.path.exists(self.enough):
                break
            time.sleep(pause)
            pause *= 2
        self.is_refused = True

    def seal(self, order):
        if not self.header:
            digest = order.digest("part", self.number, 0, len(self.data))
            digest.update(self.data)
            self.header = order.header("part", self.number, 0, len(self.data), digest)

    def chunks(self):
        yield self.header
        view = memoryview(self.data)
        for begin in range(0, len(view), CHUNK * 16):
            yield view[begin : begin + CHUNK * 16]


class Parts:
    def __init__(self, enough, directory):
        os.chdir(directory)
        self.enough = enough
        self.waiting, self.since = bytearray(), time.monotonic()
        self.number = 0
        # Parts under way, in their order; connections that no part uses.
        self.sent, self.free = collections.deque(), [S3() for _ in range(AT_ONCE)]
        self.is_refused = self.has_waited = False

    def job(self):
        """The job that the order names, when the runner reads the output by S3; else None."""
        try:
            with open("carried") as file:
                job, _, _, control, ended = file.read().split()
            # The runner has written `control`, or has left its session: then the attacher stays, or is gone.
            is_read = int(control) > 0 or os.path.exists("stays") or not os.path.exists("attacher")
            return job if is_read and not int(ended) and Order().job == job and not self.is_refused else None
        except (OSError, KeyError, ValueError):
            return None

    def take(self, line):
        if not self.waiting:
            self.since = time.monotonic()
        try:
            self.waiting += binascii.a2b_base64(line[1:])
        except binascii.Error:
            return
        is_hurried = os.path.exists("hurry")
        size, age = (SMALL_PART, HURRIED_AGE) if is_hurried else (LARGEST_PART, AGE)
        if not self.has_waited and len(self.waiting) >= LITTLE:
            self.wait()
        while len(self.waiting) >= size:
            self.cut(size)
        if (self.has_waited or is_hurried) and time.monotonic() - self.since >= age:
            self.cut(size)

    def wait(self):
        """Gives the runner the time to type an order. It types one once a job lasts, or prints much."""
        self.has_waited = True
        until = time.monotonic() + WAIT
        while not self.job() and time.monotonic() < until and not os.path.exists("hurry"):
            time.sleep(0.05)

    def cut(self, size):
        """Sends this many of the waiting bytes as a part, or else as records."""
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        self.since = time.monotonic()
        if not data:
            return
        job = self.job()
        part = Part(self.number, data, job)
        self.number += bool(job)
        if len(self.sent) == AT_ONCE:
            self.tell()
        self.sent.append(part)
        if job:
            part.send(self.free.pop(), self.enough)
        else:
            self.tell_all()

    def tell(self, until=None):
        """Says that the oldest part is in S3. When it is not, its bytes become records. With `until` the part had to be there by
        that time; when it is not, the rest of the archive is given up."""
        part = self.sent.popleft()
        if part.job:
            if part.thread.ident:
                part.thread.join(until and max(0, until - time.monotonic()))
            self.free.append(part.s3)
            self.is_refused = self.is_refused or part.is_refused
        if part.is_there:
            record(b"fpart")
        elif until:
            # Nothing of the archive can be unpacked behind a part that is not there.
            self.sent.clear()
        else:
            for begin in range(0, len(part.data), RECORD):
                record(b"a" + base64.b64encode(part.data[begin : begin + RECORD]))
            if part.job:
                record(b"fno-part")
        sys.stdout.buffer.flush()

    def tell_all(self):
        while self.sent:
            self.tell(time.monotonic() + LAST if os.path.exists(self.enough) else None)

    def end(self):
        if self.waiting:
            if len(self.waiting) >= LITTLE and not self.has_waited:
                self.wait()
            self.cut(LARGEST_PART)
        self.tell_all()
