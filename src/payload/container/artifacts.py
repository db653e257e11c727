"""Packs artifacts into a tar archive by gzip, the smallest first, and prints it without ever holding it:

    artifacts.py DIRECTORY COUNT BYTES [+|- BASE DEPTH REGEX]...

Each glob (src/artifacts/globs.ts) selects (+) or leaves out (-) what its REGEX matches below BASE, a path without wildcards. DEPTH is how
many names below BASE a match has, or empty. Paths are relative to DIRECTORY, and DIRECTORY to the directory that is open on descriptor 7. The
program itself starts in /, where a relative name in a variable of the image leads to no file of another user.

A line `a` has bytes of the archive in base64. A line `f` says: `none N`, glob N matched nothing; `list BYTES NAME` for each file and link,
in their order, before the archive; `unread NAME WHY`; `over COUNT BYTES`, what was left out since no more than COUNT or BYTES may come;
`end BYTES SHA256` of the archive. A NAME is a string of JSON in ASCII.

No link is followed, save on the way to DIRECTORY (way.py). It runs as the script's user, but another user of the container may swap a
directory for a link meanwhile: so each name is opened in the directory above it.
"""

import base64
import hashlib
import json
import os
import re
import stat
import sys
import tarfile
import time
import zlib

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# The descriptor by which the working directory of the job comes.
START = 7
# Bytes of a line, before base64.
LINE = 48 << 10
# Seconds after which what is packed is printed.
PATIENCE = 0.3
# File systems of the kernel: they are only entered by a glob that names them.
KERNEL = ("/proc", "/sys", "/dev")
MOST_UNREAD = 50
# Directories below a base that are entered one in the other. Each takes a descriptor and two frames of Python's stack, which has 1000.
DEEPEST = 256


def say(*words):
    sys.stdout.buffer.write(("f" + " ".join(map(str, words)) + "\n").encode("ascii", "replace"))


def quoted(name):
    return json.dumps(name.decode("utf-8", "replace"))


class Unread:
    """What can't be read, the first of it by name."""

    count = 0

    def tell(self, name, error):
        self.count += 1
        if self.count <= MOST_UNREAD:
            say("unread", quoted(name), os.strerror(error.errno) if isinstance(error, OSError) else error)


def open_below(fd, names, flags):
    """Opens the last of these names, each in the one above it. Leaves `fd` open."""
    at = fd
    for i, name in enumerate(names):
        last = i == len(names) - 1
        try:
            below = os.open(name, flags if last else WAY, dir_fd=at)
        finally:
            if at != fd:
                os.close(at)
        at = below
    return at if names else os.dup(fd)


class Glob:
    def __init__(self, base, depth, regex):
        self.base = os.fsencode(base)
        self.depth = int(depth) if depth else None
        self.regex = re.compile(regex, re.DOTALL)
        self.found = 0

    def matches(self, path):
        """Whether this path, or one above it, is what the glob names."""
        if self.base and path != self.base and not path.startswith(self.base.rstrip(b"/") + b"/"):
            return False
        below = path[len(self.base) :].lstrip(b"/")
        return self.regex.fullmatch(below.decode("utf-8", "surrogateescape")) is not None


class Selection:
    """Finds what the globs select: names of the archive, and what stands there."""

    def __init__(self, unread, exclusions):
        self.unread = unread
        self.here = os.getcwdb()
        # Each as it is written, and by its absolute path.
        self.exclusions = [(Glob(*each), Glob(self.absolute(os.fsencode(each[0])), *each[1:])) for each in exclusions]
        self.found = {}
        self.start = os.open(".", OPEN)
        self.root = os.open("/", OPEN)
        kernel = {os.stat(path).st_dev for path in KERNEL if os.path.isdir(path)}
        self.kernel = kernel - {os.fstat(self.root).st_dev}

    def names_of(self, path):
        return [name for name in path.split(b"/") if name]

    def absolute(self, path):
        return os.path.join(self.here, path) if path else self.here

    def excludes(self, path):
        absolute = self.absolute(path)
        return any(each.matches(path) or full.matches(absolute) for each, full in self.exclusions)

    def above(self, path):
        return self.root if path.startswith(b"/") else self.start

    def add(self, glob):
        names = self.names_of(glob.base)
        try:
            fd = open_below(self.above(glob.base), names[:-1], WAY)
        except OSError:
            return
        try:
            if names:
                self.look(fd, names[-1], glob.base, glob, 0)
            else:
                self.list(os.dup(fd), glob.base, glob, 0)
        finally:
            os.close(fd)

    def look(self, above, name, path, glob, depth):
        """What stands at this path, `depth` names below the base."""
        if self.excludes(path):
            return
        try:
            about = os.stat(name, dir_fd=above, follow_symlinks=False)
            is_match = glob.matches(path)
            if is_match and self.take(path, about):
                glob.found += 1
            if not stat.S_ISDIR(about.st_mode) or (depth > 0 and about.st_dev in self.kernel):
                return
            if not (is_match or glob.depth is None or depth < glob.depth):
                return
            if depth >= DEEPEST:
                self.unread.tell(path, "what is in it is more than %d directories deep" % DEEPEST)
            else:
                self.list(os.open(name, OPEN, dir_fd=above), path, glob, depth)
        except FileNotFoundError:
            pass  # It is gone, or never was.
        except OSError as error:
            self.unread.tell(path, error)

    def list(self, fd, path, glob, depth):
        try:
            for name in os.listdir(fd):
                name = os.fsencode(name)
                self.look(fd, name, path.rstrip(b"/") + b"/" + name if path else name, glob, depth + 1)
        finally:
            os.close(fd)

    def take(self, path, about):
        mode = about.st_mode
        try:
            path.decode("utf-8")
        except UnicodeDecodeError:
            self.unread.tell(path, "its name is not UTF-8")
            return False
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            self.found.setdefault(path.lstrip(b"/"), (path, about))
            return True
        self.unread.tell(path, "it is no file, directory or link")
        return False

    def within(self, count, size):
        """The members, directories first and then the smallest, as far as they are within the limits. Says what is not."""
        ordered = sorted(self.found.items(), key=lambda item: (weight(item[1][1]), item[0]))
        kept, left, lost = [], size, 0
        for member in ordered:
            left -= max(0, weight(member[1][1]))
            if len(kept) < count and left >= 0:
                kept.append(member)
            else:
                lost += max(0, weight(member[1][1]))
        if len(kept) < len(ordered):
            say("over", len(ordered) - len(kept), lost)
        return kept


def weight(about):
    """What it takes of the limit, in bytes; a directory comes before all that may be in it."""
    return -1 if stat.S_ISDIR(about.st_mode) else about.st_size if stat.S_ISREG(about.st_mode) else 0


class Archive:
    def __init__(self, selection, unread):
        self.selection, self.unread = selection, unread
        # Half of the time of level 6, and nearly its size.
        self.gzip = zlib.compressobj(4, zlib.DEFLATED, 31)
        self.sha = hashlib.sha256()
        self.length = 0
        self.waiting = bytearray()
        self.printed = time.monotonic()

    def put(self, data):
        self.keep(self.gzip.compress(data))
        if time.monotonic() - self.printed > PATIENCE:
            self.flush(zlib.Z_SYNC_FLUSH)

    def keep(self, packed):
        self.waiting += packed
        while len(self.waiting) >= LINE:
            self.line(self.waiting[:LINE])
            del self.waiting[:LINE]

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
            data = file.read(min(left, 1 << 18))
            if not data:
                self.unread.tell(name, "it was cut while it was read, and ends with NUL bytes")
                data = bytes(min(left, 1 << 18))
            left -= len(data)
            self.put(data)
        self.put(bytes(-member.size % 512))

    def end(self):
        self.put(bytes(1024))
        self.flush(zlib.Z_FINISH)
        if self.unread.count > MOST_UNREAD:
            say("unread", json.dumps(""), "%d more" % (self.unread.count - MOST_UNREAD))
        say("end", self.length, self.sha.hexdigest())
        sys.stdout.buffer.flush()


def main(directory, count, size, *rest):
    unread = Unread()
    try:
        start = enter(START, os.fsencode(directory))
        os.fchdir(start)
        os.close(start)
    except (OSError, Refused) as problem:
        unread.tell(os.fsencode(directory), problem)
        return Archive(None, unread).end()
    words = [rest[i : i + 4] for i in range(0, len(rest), 4)]
    selection = Selection(unread, [word[1:] for word in words if word[0] == "-"])
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
    archive = Archive(selection, unread)
    for name, (path, about) in members:
        archive.add(name, path, about)
    archive.end()


try:
    main(*sys.argv[1:])
except MemoryError:
    say("unread", json.dumps(""), "there is too little memory to list all files")
    sys.stdout.buffer.flush()
