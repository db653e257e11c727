"""The uploader: puts the spool into S3 piece by piece, and reads what the runner writes there.

    uploader.py DIRECTORY

Its parts are objects.py, s3.py and this file, which container-source.ts joins. It carries out the order in the file `order`.
Lines on its standard output say what upload.sh is to do: `here BYTE`, `items ORDER`, `cancel`, `detach`, `attach`, `taken`,
`lost`, `n NOTE`, and `over` when the order is done.
"""

import select
import sys
import time

# Seconds between two pieces while fewer than MUCH bytes wait.
PACE = 0.4
MUCH = 1 << 20
# Seconds between two looks at the spool: in the first LATELY seconds after a piece, and later.
LOOKS = 0.1, 0.25
LATELY = 10
# After this many seconds without an upload `alive` is written. After as many without a look `control` is read.
QUIET = 30
# Seconds between two looks at `control`: while the job is held, while S3 refuses uploads, in the first SOON seconds after the end,
# and later. The runner deletes `control` a moment after it has taken the end (TAKEN_READ_MS in orders.ts).
HELD, REFUSED, ENDED, LATER = 0.5, 5, 0.1, 1
SOON = 10
# After this many uploaded bytes `control` is read.
UNSEEN = 16 << 20
# Seconds before a failed upload is tried again: the first time, and at most; and at most while workers may wait for items (items.sh).
PAUSES = 0.5, 10
HUNGRY = 2
# Seconds of failures after which the longest pause is taken.
VAIN = 60
# Seconds after the loss of the job in which its output may still come, and seconds in which the runner may take the end.
LAST_WORDS, KEPT = 2, 600

LOST = "! lost the job was killed, and its exit status with it"


class Job:
    """The job, by its process and its files."""

    def __init__(self):
        self.lost = None
        self.asked = 0

    def is_gone(self):
        return not os.path.exists("pid")

    def lives(self):
        """Whether its process is alive. The file has its number and its start time (process.sh)."""
        try:
            with open("pid") as file:
                number, _, start = file.read().strip().partition(":")
            with open("/proc/%s/stat" % number) as file:
                fields = file.read().rpartition(") ")[2].split()
        except (OSError, ValueError):
            return False
        return fields[0] != "Z" and fields[19] == start

    def end(self, now):
        """How the job has ended: the body of the last piece. None before the end."""
        if os.path.exists("status"):
            with open("status") as file:
                return file.read().rstrip("\n")
        if self.lost is None and now - self.asked >= 1:
            self.asked = now
            # It may have written its status, and ended, since the first look.
            if not self.lives() and not os.path.exists("status") and not self.is_gone():
                self.lost = now
                say("lost")
        return LOST if self.lost is not None and now - self.lost >= LAST_WORDS else None


def read_number(path):
    """The number in a file; QUIET when there is none."""
    try:
        with open(path) as file:
            return int(file.read())
    except OSError:
        return QUIET


def say(line):
    os.write(1, line.encode() + b"\n")


class Uploader:
    def __init__(self):
        self.order = Order()
        self.pieces = Pieces(self.order)
        self.spool = Spool()
        self.s3 = S3()
        self.job = Job()
        now = time.monotonic()
        # When a piece was made, `control` read, and an object uploaded. With these values the first object goes at once, and `control` is
        # read a second later.
        self.made, self.seen = now - QUIET, now + 1 - QUIET
        self.put = now if self.pieces.number else now - QUIET
        self.ended_at = now
        self.unseen = 0
        # Since when S3 refuses uploads, the pause before the next try, and when that ends.
        self.failing, self.pause, self.again = None, 0, 0
        self.told = set()
        # Seconds between two looks while items may be ordered (items.sh).
        self.pace = read_number("wanting")
        self.over = False

    def run(self):
        supervisor = select.poll()
        supervisor.register(1, 0)
        # Without a reader of standard output this process has to end, too.
        while not self.over and not supervisor.poll(self.step() * 1000):
            if self.job.is_gone() or os.path.exists("ordered"):
                return
        if self.over:
            say("over")

    def step(self):
        """Does what is due. Returns how many seconds to wait."""
        now = time.monotonic()
        # How the job has ended comes first: the spool's length, read later, includes all that was printed before.
        end = self.job.end(now)
        waiting = self.find_waiting()
        if now - self.seen >= self.patience(now):
            self.look(now)
        if now >= self.again and self.upload(now, end, waiting):
            return 0
        since = self.ended_at if self.pieces.ended else self.job.lost
        if since is not None and now - since > KEPT:
            self.over = True
        if waiting and now >= self.again:
            return max(0, min(LOOKS[0], self.made + PACE - now))
        return LOOKS[0] if now - self.made <= LATELY else LOOKS[1]

    def find_waiting(self):
        """How many bytes of the spool are not in a piece yet."""
        end = self.spool.end()
        # The spool lacks only bytes that a session has confirmed. A piece that is fixed already stays as it is.
        self.pieces.begin = max(self.pieces.begin, min(self.spool.starts or [0]))
        return end - self.pieces.begin

    def upload(self, now, end, waiting):
        """Uploads what is due: a piece, or else `alive`. True when more may be due at once."""
        if self.pieces.ended:
            return False
        if not os.path.exists(self.pieces.path()):
            if waiting > 0:
                if end is None and waiting < MUCH and now - self.made < PACE:
                    return False
                length = min(waiting, self.order.largest)
                try:
                    self.pieces.fix("out", length, self.spool.read(self.pieces.begin, length))
                except (OSError, ValueError):
                    # A session has confirmed the bytes meanwhile, or the disk is full.
                    self.again = now + PAUSES[0]
                    return False
                self.made = now
            elif end is not None:
                text = end.encode("utf-8", "replace")
                self.pieces.fix("end", len(text), [text])
            elif now - self.put >= QUIET:
                return self.upload_alive(now)
            else:
                return False
        path = self.pieces.path()

        def chunks():
            with open(path, "rb", buffering=0) as file:
                yield from iter(lambda: file.read(CHUNK), b"")

        if not self.post(now, str(self.pieces.number), os.stat(path).st_size, chunks):
            return False
        self.unseen += self.pieces.acknowledge()
        self.ended_at = now
        return not self.pieces.ended

    def upload_alive(self, now):
        number = int(time.time())
        digest = self.order.digest("alive", number, self.pieces.begin, 0)
        header = self.order.header("alive", number, self.pieces.begin, 0, digest)
        self.post(now, "alive", len(header), lambda: [header])
        return False

    def post(self, now, name, size, chunks):
        try:
            self.s3.post(self.order, name, size, chunks)
        except Trouble as trouble:
            self.failing = now if self.failing is None else self.failing
            is_hopeless = trouble.status == 403 or now - self.failing > VAIN or time.time() > self.order.until
            longest = HUNGRY if os.path.exists("wanting") else PAUSES[1]
            self.pause = PAUSES[1] if is_hopeless else min(longest, max(PAUSES[0], 2 * self.pause))
            self.again = time.monotonic() + self.pause
            self.tell("S3 has not taken output (python3): %s" % trouble)
            return False
        self.failing, self.pause = None, 0
        self.put = time.monotonic()
        return True

    def tell(self, note):
        if note not in self.told:
            self.told.add(note)
            say("n " + note)

    def patience(self, now):
        """After how many seconds `control` is read again."""
        if self.pieces.ended:
            return ENDED if now - self.ended_at < SOON else LATER
        if os.path.exists("held") or self.unseen >= UNSEEN:
            return HELD
        if os.path.exists("wanting"):
            return self.pace
        return QUIET if self.failing is None else REFUSED

    def look(self, now):
        """Reads `control`."""
        self.seen = now
        self.unseen = 0
        try:
            status, data = self.s3.get(self.order.control)
        except Trouble:
            return
        if status >= 500:
            return
        if status == 404 and self.pieces.control and self.pieces.ended:
            # The runner has deleted it, because it has taken the end.
            say("taken")
            self.over = True
        found = self.order.read("control", data) if status == 200 else None
        if found and found[0] > self.pieces.control and is_in_time(found[0]):
            self.obey(*found)

    def obey(self, number, confirmed, body):
        self.pieces.control = number
        self.pieces.keep()
        say("here %d" % confirmed)
        words = parsed(body.decode("ascii", "replace").splitlines())
        if self.order.renew(words):
            self.again = self.pause = 0
        for word, value in words:
            if word == "cancel" and not os.path.exists("status"):
                say("cancel")
            elif word == "items":
                say("items " + value)
            elif word == "detach":
                say("detach")
            elif word == "attach" or (word == "taken" and self.pieces.ended):
                say(word)
                self.over = True


os.chdir(sys.argv[1])
try:
    Uploader().run()
except (KeyError, IndexError):
    say("n Output can't go by S3: what the runner has typed is incomplete.")
    say("over")
except (FileNotFoundError, BrokenPipeError):
    # The job directory is gone, or the reader of standard output.
    if os.path.exists("pid"):
        raise
