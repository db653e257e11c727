"""The uploader, first part: the objects that container and runner exchange by S3 (carriers/pieces/format.ts), and the order that
says where they are.

An object is a line `fx1 KIND NUMBER BEGIN LENGTH MAC` and a body of LENGTH bytes.
"""

import hashlib
import os
import re
import time

HEADER = re.compile(rb"fx1 ([a-z]+) (0|[1-9]\d{0,14}) (0|[1-9]\d{0,14}) (0|[1-9]\d{0,14}) ([0-9a-f]{64})")
CHUNK = 16384
# The number of a `control` is the time of its writer in seconds (controlNumber in orders.ts). One that is further ahead than this is not
# obeyed: a holder of the job's handle can write it, and the runner's numbers would not be newer.
AHEAD = 86400


def parsed(lines):
    """The words of an order with their values. A word with a `+` has more of the value before it."""
    found = []
    for line in lines:
        word, _, value = line.partition(" ")
        if not word.endswith("+"):
            found.append((word, value))
        elif found:
            more = value.partition(" ")[2] if word == "field+" else value
            found[-1] = (found[-1][0], found[-1][1] + more)
    return found


def replace(path, data):
    """Writes a file that appears with all of its content, or not at all."""
    with open(path + ".new", "w") as file:
        file.write(data)
    os.rename(path + ".new", path)


# What `control` may renew: the signatures of the form and of the address of `control`. All else stays as it was typed, because a
# holder of the job's handle can write `control`, too.
SIGNATURE = re.compile("(?:(field) (?i:policy|x-amz-(?:credential|date|security-token|signature))|(query)|(post-until)) (.*)")
SIGNED, DIGITS = re.compile("[A-Za-z0-9%&=+/._~-]+"), re.compile("[0-9]{1,12}")


def kind_of(word):
    """The kind of a word that `control` may renew; else None."""
    match = SIGNATURE.fullmatch("%s %s" % word)
    return match and (match[1] or match[2] or match[3])


def is_signature(word):
    match = SIGNATURE.fullmatch("%s %s" % word)
    return match and (DIGITS if match[3] else SIGNED).fullmatch(match[4])


def is_in_time(number):
    """Whether the runner may have given a `control` this number by now."""
    return number <= time.time() + AHEAD


class Order:
    """What the runner has typed, in the file `order`. `control` renews the signatures in it."""

    def __init__(self):
        with open("order") as file:
            self.words = parsed(file.read().splitlines())
        one = dict(self.words)
        self.job, self.folder, self.begin = one["job"], one["folder"], int(one["begin"])
        # Bytes of the spool in one piece, at most.
        self.largest = int(one["largest"])
        self.keys = [key.encode() for key in one["key"].split()]
        self.read_addresses()

    def read_addresses(self):
        one = dict(self.words)
        self.url, self.until = one["url"], int(one["post-until"])
        self.control = one["control"] + ("?" + one["query"] if one.get("query") else "")
        self.fields = [value.partition(" ")[::2] for word, value in self.words if word == "field"]

    def renew(self, words):
        """Takes new signatures. The new ones of a kind replace all of that kind. True when there were any."""
        words = [word for word in words if is_signature(word)]
        kinds = {kind_of(word) for word in words}
        if not kinds:
            return False
        self.words = [word for word in self.words if kind_of(word) not in kinds] + words
        self.read_addresses()
        replace("order", "".join("%s %s\n" % word for word in self.words))
        return True

    def digest(self, kind, number, begin, length):
        """The inner digest of an object's MAC, still without the body."""
        text = "fx1 %s %s %d %d %d\n" % (self.job, kind, number, begin, length)
        return hashlib.sha256(self.keys[0] + text.encode())

    def header(self, kind, number, begin, length, digest):
        mac = hashlib.sha256(self.keys[1] + digest.hexdigest().encode()).hexdigest()
        return ("fx1 %s %d %d %d %s\n" % (kind, number, begin, length, mac)).encode()

    def read(self, kind, data):
        """Number, begin and body of an object of this kind. None when the runner has not written it."""
        line, _, body = data.partition(b"\n")
        match = HEADER.fullmatch(line)
        if not match or match[1].decode() != kind or int(match[4]) != len(body):
            return None
        number, begin = int(match[2]), int(match[3])
        digest = self.digest(kind, number, begin, len(body))
        digest.update(body)
        return (number, begin, body) if self.header(kind, number, begin, len(body), digest) == line + b"\n" else None


class Spool:
    """Reads the segments of the spool, a file each (spool.sh)."""

    def __init__(self):
        self.starts = [0]

    def end(self):
        """The length of the spool so far."""
        self.starts = sorted(int(name[4:]) for name in os.listdir(".") if name.startswith("out."))
        return self.starts[-1] + os.stat("out.%d" % self.starts[-1]).st_size if self.starts else 0

    def read(self, begin, length):
        """Chunks of those bytes. Fails with FileNotFoundError when a session has confirmed some of them meanwhile."""
        while length > 0:
            start = max(start for start in self.starts if start <= begin)
            with open("out.%d" % start, "rb", buffering=0) as file:
                file.seek(begin - start)
                chunk = file.read(min(CHUNK, length))
                while chunk:
                    yield chunk
                    begin, length = begin + len(chunk), length - len(chunk)
                    chunk = file.read(min(CHUNK, length)) if length else b""


class Pieces:
    """The pieces in their order. A piece is fixed as a file before S3 gets it for the first time. The file `carried` says how
    far this order was carried out, so that another uploader goes on exactly there."""

    def __init__(self, order):
        self.order = order
        self.number, self.begin, self.control, self.ended = 0, order.begin, 0, 0
        try:
            with open("carried") as file:
                job, *numbers = file.read().split()
        except FileNotFoundError:
            return
        if job == order.job:
            self.number, self.begin, self.control, self.ended = map(int, numbers)

    def keep(self):
        replace("carried", "%s %d %d %d %d\n" % (self.order.job, self.number, self.begin, self.control, self.ended))

    def path(self):
        return "piece.%d" % self.number

    def fix(self, kind, length, chunks):
        """Makes the next piece."""
        digest = self.order.digest(kind, self.number, self.begin, length)
        with open("piece.made", "wb") as file:
            # This takes the place of the header, whose MAC is known last.
            file.write(self.order.header(kind, self.number, self.begin, length, digest))
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.seek(0)
            file.write(self.order.header(kind, self.number, self.begin, length, digest))
        os.rename("piece.made", self.path())

    def acknowledge(self):
        """Goes on to the next piece, once S3 has this one. Returns the bytes of the spool in it."""
        with open(self.path(), "rb") as file:
            match = HEADER.match(file.readline())
        path, end = self.path(), match[1] == b"end"
        length = 0 if end else int(match[4])
        self.number, self.begin, self.ended = self.number + 1, int(match[3]) + length, int(end)
        self.keep()
        os.unlink(path)
        return length
