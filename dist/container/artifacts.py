"""Packs artifacts into a tar archive, the smallest first, and prints it in gzip while it grows:

    artifacts.py LEVEL LINE DIRECTORY COUNT BYTES [+|- BASE DEPTH REGEX]...

The program's parts are way.py, selection.py and this file. LEVEL is that of gzip. A line has up to LINE bytes of the archive, before base64. COUNT and BYTES limit what is packed. Each glob
(src/inputs/container-glob.ts) selects (+) or leaves out (-) what its REGEX matches below BASE, a path without wildcards. DEPTH is how many names
below BASE a match has; empty: any number. Paths are relative to DIRECTORY, and DIRECTORY to the directory that is open on descriptor 7. The
program itself starts in /, where a relative name in a variable of the image leads to no file of another user.

A line `a` has bytes of the archive in base64. A line `f` is a fact: `none N`, glob N matched nothing; `list SIZE NAME` for each file and link,
in their order, before the archive; `unread NAME WHY`; `over N SIZE NAME ...`, the limits have left out N members with SIZE bytes in all, such as these;
`end SIZE SHA256` of the archive. A NAME is a string of JSON in ASCII.
"""

import base64
import hashlib
import tarfile
import time
import zlib

# The descriptor on which the job's working directory is open.
START = 7
# What is packed is printed after this many seconds, although it fills no line.
PATIENCE = 0.3
# Bytes of a file that are read at once, and how many of them are packed on trial, to see whether gzip makes them smaller.
CHUNK = 1 << 18
SAMPLE = 1 << 13


class Archive:
    def __init__(self, selection, unread, level, most):
        self.selection, self.unread, self.most = selection, unread, most
        self.level = self.current = level
        self.gzip = zlib.compressobj(level, zlib.DEFLATED, 31)
        self.sha = hashlib.sha256()
        self.length = 0
        self.waiting = bytearray()
        self.printed = time.monotonic()

    def put(self, data):
        self.keep(self.gzip.compress(data))
        if time.monotonic() - self.printed > PATIENCE:
            self.flush(zlib.Z_SYNC_FLUSH)

    def use(self, level):
        """Packs by this level from now on, in a new member of gzip: a reader takes one member after the other (RFC 1952, 2.2)."""
        if level != self.current:
            self.keep(self.gzip.flush(zlib.Z_FINISH))
            self.gzip = zlib.compressobj(level, zlib.DEFLATED, 31)
            self.current = level

    def keep(self, packed):
        self.waiting += packed
        whole = len(self.waiting) // self.most * self.most
        for begin in range(0, whole, self.most):
            self.line(self.waiting[begin : begin + self.most])
        del self.waiting[:whole]

    def flush(self, how):
        self.keep(self.gzip.flush(how))
        if self.waiting:
            self.line(self.waiting)
            self.waiting = bytearray()
        sys.stdout.buffer.flush()
        self.printed = time.monotonic()

    def line(self, data):
        self.sha.update(data)
        self.length += len(data)
        sys.stdout.buffer.write(b"a" + base64.b64encode(data) + b"\n")

    def add(self, name, path, about):
        member = tarfile.TarInfo(name.decode("utf-8"))
        # A header of tar has whole seconds.
        member.mode, member.mtime = about.st_mode & 0o777, int(about.st_mtime // 1)
        selection = self.selection
        names = selection.names_of(path)
        try:
            if stat.S_ISDIR(about.st_mode):
                member.type = tarfile.DIRTYPE
                self.head(member)
            elif stat.S_ISLNK(about.st_mode):
                fd = open_below(selection.above(path), names[:-1], WAY)
                try:
                    target = os.readlink(names[-1], dir_fd=fd)
                finally:
                    os.close(fd)
                member.type, member.linkname = tarfile.SYMTYPE, target.decode("utf-8")
                self.head(member)
            else:
                with open(open_below(selection.above(path), names, READ), "rb", 0) as file:
                    self.add_file(file, name, member, about)
        except UnicodeDecodeError:
            self.unread.tell(name, "its target is not UTF-8")
        except OSError as error:
            self.unread.tell(name, error)

    def head(self, member):
        self.put(member.tobuf(tarfile.PAX_FORMAT, "utf-8"))

    def add_file(self, file, name, member, about):
        now = os.fstat(file.fileno())
        if not stat.S_ISREG(now.st_mode) or (now.st_dev, now.st_ino) != (about.st_dev, about.st_ino):
            self.unread.tell(name, "it was replaced meanwhile")
            return
        member.size = left = now.st_size
        self.head(member)
        while left > 0:
            data = file.read(min(left, CHUNK))
            if not data:
                self.unread.tell(name, "it was cut while it was read, and ends with NUL bytes")
                data = bytes(min(left, CHUNK))
            left -= len(data)
            if len(data) >= SAMPLE:
                sample = data[-SAMPLE:]
                self.use(0 if len(zlib.compress(sample, 1)) > SAMPLE * 0.97 else self.level)
            self.put(data)
        self.put(bytes(-member.size % 512))

    def end(self):
        self.put(bytes(1024))
        self.flush(zlib.Z_FINISH)
        if self.unread.count > MOST_UNREAD:
            say("unread", json.dumps(""), "%d more" % (self.unread.count - MOST_UNREAD))
        say("end", self.length, self.sha.hexdigest())
        sys.stdout.buffer.flush()


def main(level, most, directory, count, size, *rest):
    unread = Unread()
    try:
        start = enter(START, os.fsencode(directory))
        os.fchdir(start)
        os.close(start)
    except (OSError, Refused) as problem:
        unread.tell(os.fsencode(directory), problem)
        return Archive(None, unread, int(level), int(most)).end()
    words = [rest[i : i + 4] for i in range(0, len(rest), 4)]
    exclusions = [word[1:] for word in words if word[0] == "-"]
    selection = Selection(unread, exclusions, max(MOST_LISTED, 2 * int(count)))
    for number, word in enumerate(words):
        if word[0] == "+":
            glob = Glob(*word[1:])
            selection.add(glob)
            if not glob.found:
                say("none", number)
    members = selection.within(int(count), int(size))
    for name, (_, about) in members:
        if weight(about) >= 0:
            say("list", weight(about), quoted(name))
    archive = Archive(selection, unread, int(level), int(most))
    for name, (path, about) in members:
        archive.add(name, path, about)
    archive.end()


try:
    main(*sys.argv[1:])
except MemoryError:
    say("unread", json.dumps(""), "there is too little memory to list all files")
    sys.stdout.buffer.flush()
