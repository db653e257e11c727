"""The packer of artifacts, second part: which files of the container the globs select.

No link is followed, except on the way to the directory of relative globs (way.py). The packer runs as the script's user, but another user
of the container may swap a directory for a link meanwhile. So each name is opened in the directory above it.
"""

import json
import os
import re
import stat
import sys

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# File systems of the kernel: only a glob that names one of them enters it.
KERNEL = ("/proc", "/sys", "/dev")
MOST_UNREAD = 50
# How many files and directories are listed, unless the limits allow half as many: each takes memory.
MOST_LISTED = 100000
# How many of those that the limits leave out are named, and the most bytes of such a name. Escaped, they fit in one fact (pass.py).
NAMED, LONGEST_NAMED = 3, 200
# How many levels below a base are entered. Each takes a descriptor and two frames of Python's stack, which has 1000.
DEEPEST = 256


def say(*words):
    sys.stdout.buffer.write(("f" + " ".join(map(str, words)) + "\n").encode("ascii", "replace"))


def quoted(name):
    return json.dumps(name.decode("utf-8", "replace"))


class Unread:
    """Counts what can't be read, and tells the first of it by name."""

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
        """Whether the glob names this path, or one above it."""
        if self.base and path != self.base and not path.startswith(self.base.rstrip(b"/") + b"/"):
            return False
        below = path[len(self.base) :].lstrip(b"/")
        return self.regex.fullmatch(below.decode("utf-8", "surrogateescape")) is not None


class Selection:
    """Finds what the globs select. `found` has for each name in the archive its path in the container, and what is there."""

    def __init__(self, unread, exclusions, most=MOST_LISTED):
        self.unread = unread
        self.most = most
        self.here = os.getcwdb()
        # Each exclusion as it is written, and by its absolute path.
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
        """Looks at this path, `depth` names below the base, and at all below it."""
        if self.most < 0 or self.excludes(path):
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
            pass  # It is gone, or was never there.
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
            if len(self.found) == self.most:
                self.unread.tell(b"", "more than %d files and directories: the others are not listed" % self.most)
                self.most = -1
                return True
            self.found.setdefault(path.lstrip(b"/"), (path, about))
            return True
        self.unread.tell(path, "it is no file, directory or link")
        return False

    def within(self, count, size):
        """The members within the limits: the smallest files, and directories as far as these leave room for them. Directories come first. Says how many
        are left out, and the names of some. A directory with something in it is made without an entry of its own."""
        ordered = sorted(self.found.items(), key=lambda item: (weight(item[1][1]), item[0]))
        directories = [member for member in ordered if weight(member[1][1]) < 0]
        kept, over, left = [], [], size
        for member in ordered[len(directories) :]:
            left -= weight(member[1][1])
            (kept if len(kept) < count and left >= 0 else over).append(member)
        lost = sum(weight(about) for _, (_, about) in over)
        room = count - len(kept)
        filled = above_all(name for name, _ in directories[:room] + kept)
        over += [member for member in directories[room:] if member[0] not in filled]
        if over:
            say("over", len(over), lost, *(quoted(shortened(name)) for name, _ in over[:NAMED]))
        return directories[:room] + kept


def above_all(names):
    """All directories that these names lie in."""
    found = set()
    for name in names:
        while b"/" in name:
            name = name.rpartition(b"/")[0]
            if name in found:
                break
            found.add(name)
    return found


def shortened(name):
    return name if len(name) <= LONGEST_NAMED else name[:LONGEST_NAMED] + b"..."


def weight(about):
    """How many bytes of the limit a member takes. A directory has -1, so that it comes before all that may be in it."""
    return -1 if stat.S_ISDIR(about.st_mode) else about.st_size if stat.S_ISREG(about.st_mode) else 0
